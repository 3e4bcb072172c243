//! What the two layouts have in common: units of work, and where things lie.

use super::Placement;
use super::product::Strip;
use crate::real::BinScales;
use spectral_lanes::Scalar;
use spectral_lanes::Simd;
use spectral_lanes::parallel::Shared;

/// Some groups of some entries of the batch: what a tile holds, or a task does.
#[derive(Clone, Copy)]
pub struct Unit {
    pub group: usize,
    pub groups: usize,
    pub entry: usize,
    pub entries: usize,
}

impl Unit {
    /// Parts of at most `groups` groups and `entries` entries, all groups of one entry before the next.
    pub fn parts(self, groups: usize, entries: usize) -> impl Iterator<Item = Unit> {
        (0..self.entries).step_by(entries).flat_map(move |entry| {
            (0..self.groups).step_by(groups).map(move |group| Unit {
                group: self.group + group,
                groups: groups.min(self.groups - group),
                entry: self.entry + entry,
                entries: entries.min(self.entries - entry),
            })
        })
    }
}

/// Images in memory, one a group and entry: `terms` channels from `group·step + first` on, added up when read and all
/// the same when written.
#[derive(Clone, Copy)]
pub struct Signal<T> {
    pub base: Shared<T>,
    /// Channels of an entry.
    pub channels: usize,
    pub step: usize,
    pub first: usize,
    pub terms: usize,
    pub frame: Placement,
}

/// Numbers of the buffers in [`Buffers`], in order.
pub type Lens = [usize; 7];

/// Working memory of a task beside its tiles.
pub struct Buffers<'a, T> {
    /// Lines of one block, one a lane.
    pub block: *mut T,
    /// Half-spectra of paired lines, first and second.
    pub pairs: [*mut T; 2],
    /// What a missing line is read from; zeros.
    pub zeros: *mut T,
    /// Where a missing line is written to.
    pub nowhere: *mut T,
    /// Images that are added up before they are transformed.
    pub sums: *mut T,
    pub scratch: &'a mut [T],
}

impl<'a, T: Scalar> Buffers<'a, T> {
    pub fn new(buffers: [&'a mut [T]; 7]) -> Self {
        let [block, a, b, zeros, nowhere, sums, scratch] = buffers;
        zeros.fill(T::of(0.0));
        Buffers {
            block: block.as_mut_ptr(),
            pairs: [a.as_mut_ptr(), b.as_mut_ptr()],
            zeros: zeros.as_mut_ptr(),
            nowhere: nowhere.as_mut_ptr(),
            sums: sums.as_mut_ptr(),
            scratch,
        }
    }
}

/// One stretch of a tile and of a response that meet in a product.
pub struct Place {
    /// Entry of the unit.
    pub entry: usize,
    /// Index in the tile of its first real part.
    pub tile: usize,
    /// From a real part to its imaginary part.
    pub to_imaginary: usize,
    pub tile_step: usize,
    /// Index in a plane of the responses.
    pub response: usize,
    pub response_step: usize,
    pub rows: usize,
    pub len: usize,
}

impl Place {
    pub fn in_tile<T>(&self, tile: *mut T) -> Strip<T> {
        let re = tile.wrapping_add(self.tile);
        Strip {
            re,
            im: re.wrapping_add(self.to_imaginary),
            step: self.tile_step,
        }
    }

    pub fn in_response<T>(&self, planes: [Shared<T>; 2]) -> Strip<T> {
        Strip {
            re: planes[0].at(self.response),
            im: planes[1].at(self.response),
            step: self.response_step,
        }
    }
}

/// Transforms between images in memory and spectra in a tile.
pub trait Engine<T: Scalar>: Sync {
    /// Groups and entries that a tile holds at most.
    fn unit(&self) -> [usize; 2];

    /// Groups that one task does at most.
    fn groups_of_task(&self) -> usize;

    fn tile_len(&self) -> usize;

    fn lens(&self) -> Lens;

    /// Images → half-spectra in the tile.
    ///
    /// # Safety
    /// The signal must hold the unit's images, the tile [`Self::tile_len`] numbers, the buffers [`Self::lens`].
    unsafe fn analysis<S: Simd<T>>(
        &self,
        simd: S,
        unit: Unit,
        signal: &Signal<T>,
        scales: BinScales<T>,
        tile: *mut T,
        buffers: &mut Buffers<'_, T>,
    );

    /// Half-spectra in the tile, which are lost → images.
    ///
    /// # Safety
    /// As for [`Self::analysis`]; no one else may touch the unit's images meanwhile.
    unsafe fn synthesis<S: Simd<T>>(
        &self,
        simd: S,
        unit: Unit,
        signal: &Signal<T>,
        scales: BinScales<T>,
        tile: *mut T,
        buffers: &mut Buffers<'_, T>,
    );

    /// Stretches of a tile, each with one of a response.
    fn places(&self, unit: Unit) -> usize;

    /// Stretch `index`, with output `o` of each group.
    fn place(&self, unit: Unit, index: usize, o: usize) -> Place;
}
