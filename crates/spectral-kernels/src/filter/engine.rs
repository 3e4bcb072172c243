//! What both layouts have in common: units of work and memory offsets.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Scalar, Simd};

use super::Placement;
use super::product::Strip;
use crate::real::BinScales;

/// A range of groups and batch entries: the contents of a tile, or the work of a task.
#[derive(Clone, Copy)]
pub struct Unit {
    pub group: usize,
    pub groups: usize,
    pub entry: usize,
    pub entries: usize,
}

impl Unit {
    /// Splits the unit into parts of at most `groups` groups and `entries` entries, all groups of one entry before the
    /// next.
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

/// Images in memory, one per group and entry, in the `terms` channels starting at `group·step + first`. The channels
/// are summed when read; when written, all of them get the same values.
#[derive(Clone, Copy)]
pub struct Signal<T> {
    pub base: Shared<T>,
    /// Channels per batch entry.
    pub channels: usize,
    pub step: usize,
    pub first: usize,
    pub terms: usize,
    pub frame: Placement,
}

/// Lengths of the buffers in [`Buffers`], in order.
pub type Lens = [usize; 7];

/// Working memory of a task in addition to its tiles.
pub struct Buffers<'a, T> {
    /// One block of lines, one line per lane.
    pub block: *mut T,
    /// Half-spectra of paired lines, first and second.
    pub pairs: [*mut T; 2],
    /// Zeros, the source of missing lines.
    pub zeros: *mut T,
    /// The destination of missing lines; never read.
    pub discard: *mut T,
    /// Images that are summed before they are transformed.
    pub sums: *mut T,
    pub scratch: &'a mut [T],
}

impl<'a, T: Scalar> Buffers<'a, T> {
    pub fn new(buffers: [&'a mut [T]; 7]) -> Self {
        let [block, a, b, zeros, discard, sums, scratch] = buffers;
        zeros.fill(T::of(0.0));
        Buffers {
            block: block.as_mut_ptr(),
            pairs: [a.as_mut_ptr(), b.as_mut_ptr()],
            zeros: zeros.as_mut_ptr(),
            discard: discard.as_mut_ptr(),
            sums: sums.as_mut_ptr(),
            scratch,
        }
    }
}

/// A contiguous part of a tile and the part of a response that it is multiplied by.
pub struct Place {
    /// Batch entry within the unit.
    pub entry: usize,
    /// Offset of its first real part in the tile.
    pub tile: usize,
    /// Distance from a real part to its imaginary part.
    pub to_imaginary: usize,
    pub tile_step: usize,
    /// Offset in a plane of the responses.
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
    /// Maximum numbers of groups and entries per tile.
    fn unit(&self) -> [usize; 2];

    /// Maximum number of groups per task.
    fn groups_of_task(&self) -> usize;

    fn tile_len(&self) -> usize;

    fn lens(&self) -> Lens;

    /// Transforms images to half-spectra in the tile.
    ///
    /// # Safety
    /// The signal must be readable for the unit's images, the tile valid for [`Self::tile_len`] elements, and the
    /// buffers for [`Self::lens`].
    unsafe fn analysis<S: Simd<T>>(
        &self,
        simd: S,
        unit: Unit,
        signal: &Signal<T>,
        scales: BinScales<T>,
        tile: *mut T,
        buffers: &mut Buffers<'_, T>,
    );

    /// Transforms half-spectra in the tile to images. The contents of the tile are overwritten.
    ///
    /// # Safety
    /// Same as for [`Self::analysis`]; in addition, no other thread may access the unit's images meanwhile.
    unsafe fn synthesis<S: Simd<T>>(
        &self,
        simd: S,
        unit: Unit,
        signal: &Signal<T>,
        scales: BinScales<T>,
        tile: *mut T,
        buffers: &mut Buffers<'_, T>,
    );

    /// Number of [`Place`]s per unit.
    fn places(&self, unit: Unit) -> usize;

    /// The place with index `index`, for output `o` of each group.
    fn place(&self, unit: Unit, index: usize, o: usize) -> Place;
}
