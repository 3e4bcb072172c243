//! Channels-last layout: vectors hold neighboring channels, so that nothing is transposed.
//!
//! In a tile, bin `k` of row `j` consists of two rows of channels, real and imaginary.

use std::sync::Arc;

use spectral_lanes::{InstructionSet, Scalar, Simd};

use super::SpectralFilter;
use super::engine::{Buffers, Engine, Lens, Place, Signal, Unit};
use super::rows::Rows;
use crate::cache;
use crate::plan::Plan;
use crate::real::BinScales;
use crate::shape::Direction;
use crate::view::View;

/// Target size of a tile: a share of the L1 cache.
const TILE_BYTES: usize = 16 << 10;
/// Maximum number of vectors of channels per tile.
const MOST_VECTORS: usize = 4;
/// Vectors of neighboring channels per task.
const TASK_VECTORS: usize = 8;

pub struct ChannelLanes<T: Scalar> {
    lanes: usize,
    height: usize,
    rows: Rows<T>,
    plan: Arc<Plan<T>>,
    channels: usize,
    /// Channels per tile, a whole number of vectors.
    width: usize,
    /// Bins per row of the tile; odd, so that a column is spread over the sets of the cache.
    stride: usize,
}

impl<T: Scalar> ChannelLanes<T> {
    pub fn new(filter: &SpectralFilter, set: InstructionSet) -> Self {
        let lanes = T::lanes(set);
        let [height, n] = filter.grid;
        let rows = Rows::new(n);
        let stride = rows.columns | 1;
        let fitting = TILE_BYTES / (2 * height * stride * lanes * size_of::<T>());
        let vectors = fitting.clamp(1, MOST_VECTORS);
        ChannelLanes {
            lanes,
            height,
            plan: cache::plan::<Plan<T>>(height),
            channels: filter.groups,
            width: lanes * vectors.min(filter.groups.div_ceil(lanes)),
            stride,
            rows,
        }
    }

    /// Row `j` of a tile, from lane `lane` on.
    #[inline(always)]
    fn row(&self, tile: *mut T, j: usize, lane: usize) -> View<T> {
        let start = tile.wrapping_add(2 * j * self.stride * self.width + lane);
        View::interleaved(start, self.width)
    }

    #[inline(always)]
    fn columns<S: Simd<T>>(
        &self,
        simd: S,
        unit: Unit,
        tile: *mut T,
        direction: Direction,
        scratch: &mut [T],
    ) {
        if self.height == 1 {
            return;
        }
        for k in 0..self.rows.columns {
            for lane in (0..unit.groups).step_by(S::LANES) {
                let start = tile.wrapping_add(2 * k * self.width + lane);
                let column = View {
                    stride: 2 * self.stride * self.width,
                    ..View::interleaved(start, self.width)
                };
                let view = match direction {
                    Direction::Forward => column,
                    Direction::Inverse => column.swapped(),
                };
                // SAFETY: the tile holds `height` rows of `stride` bins each, in whole vectors.
                unsafe { self.plan.run(simd, view, view, scratch) };
            }
        }
    }

    /// Address of sample 0 of row `row` of a batch entry, at the first channel of a unit.
    #[inline(always)]
    fn line(&self, unit: Unit, signal: &Signal<T>, row: usize) -> *mut T {
        let [height, width] = signal.frame.size;
        let line = (unit.entry * height + row) * width;
        signal.base.at(line * self.channels + unit.group)
    }

    /// The spectra of row `row` and, for odd lengths, of `row + 1`; `missing` for rows past `height`.
    #[inline(always)]
    fn spectra(
        &self,
        tile: *mut T,
        signal: &Signal<T>,
        row: usize,
        lane: usize,
        missing: View<T>,
    ) -> [View<T>; 2] {
        let first = signal.frame.start[0] + row;
        let second = match row + 1 < signal.frame.size[0] {
            true => self.row(tile, first + 1, lane),
            false => missing,
        };
        [self.row(tile, first, lane), second]
    }
}

impl<T: Scalar> Engine<T> for ChannelLanes<T> {
    fn unit(&self) -> [usize; 2] {
        [self.width, 1]
    }

    fn groups_of_task(&self) -> usize {
        (self.lanes * TASK_VECTORS).next_multiple_of(self.width)
    }

    fn tile_len(&self) -> usize {
        2 * self.height * self.stride * self.width
    }

    fn lens(&self) -> Lens {
        let lanes = self.lanes;
        let scratch = self.rows.plan.scratch_len(lanes);
        let scratch = scratch.max(self.plan.scratch_len(lanes));
        let block = self.rows.block_len(lanes);
        [block, block, 0, block, block, 0, scratch]
    }

    #[inline(always)]
    unsafe fn analysis<S: Simd<T>>(
        &self,
        simd: S,
        unit: Unit,
        signal: &Signal<T>,
        scales: BinScales<T>,
        tile: *mut T,
        buffers: &mut Buffers<'_, T>,
    ) {
        let Signal { frame, .. } = *signal;
        let below = frame.start[0] + frame.size[0];
        let row_len = 2 * self.stride * self.width;
        for row in (0..frame.start[0]).chain(below..self.height) {
            let start = tile.wrapping_add(row * row_len);
            // SAFETY: this is a row of the tile.
            unsafe { std::slice::from_raw_parts_mut(start, row_len) }.fill(T::of(0.0));
        }
        let members = self.rows.members();
        let discard = View::interleaved(buffers.discard, S::LANES);
        // Staging area for samples that cannot be read in place.
        let step = members * S::LANES;
        let gathered = buffers.pairs[0];
        for row in (0..frame.size[0]).step_by(members) {
            for lane in (0..unit.groups).step_by(S::LANES) {
                let lanes = S::LANES.min(unit.groups - lane);
                let spectra = self.spectra(tile, signal, row, lane, discard);
                let whole = row + members <= frame.size[0];
                let direct = lanes == S::LANES && frame.size[1] == self.rows.n && whole;
                let line = |member: usize| self.line(unit, signal, row + member).wrapping_add(lane);
                let samples = if direct {
                    self.rows.samples(line(0), line(1), self.channels)
                } else {
                    // SAFETY: the block holds `n` samples of one or two rows; `lanes` channels are read of each sample
                    // of an existing row of the image.
                    unsafe {
                        let len = self.rows.n * step;
                        std::slice::from_raw_parts_mut(gathered, len).fill(T::of(0.0));
                        for member in 0..members.min(frame.size[0] - row) {
                            let from = line(member);
                            for j in 0..frame.size[1] {
                                let at = (frame.start[1] + j) * step + member * S::LANES;
                                let x = simd.load_part(from.add(j * self.channels), lanes);
                                simd.store(gathered.add(at), x);
                            }
                        }
                    }
                    let second = gathered.wrapping_add(S::LANES);
                    self.rows.samples(gathered, second, step)
                };
                // SAFETY: the samples were loaded above, and the tile holds the spectra.
                unsafe {
                    let scratch = &mut *buffers.scratch;
                    self.rows
                        .forward(simd, samples, spectra, scales, buffers.block, scratch);
                }
            }
        }
        self.columns(simd, unit, tile, Direction::Forward, buffers.scratch);
    }

    #[inline(always)]
    unsafe fn synthesis<S: Simd<T>>(
        &self,
        simd: S,
        unit: Unit,
        signal: &Signal<T>,
        scales: BinScales<T>,
        tile: *mut T,
        buffers: &mut Buffers<'_, T>,
    ) {
        let frame = signal.frame;
        self.columns(simd, unit, tile, Direction::Inverse, buffers.scratch);
        let members = self.rows.members();
        let zeros = View::interleaved(buffers.zeros, S::LANES);
        let step = members * S::LANES;
        let gathered = buffers.pairs[0];
        for row in (0..frame.size[0]).step_by(members) {
            for lane in (0..unit.groups).step_by(S::LANES) {
                let lanes = S::LANES.min(unit.groups - lane);
                let spectra = self.spectra(tile, signal, row, lane, zeros);
                let whole = row + members <= frame.size[0];
                let direct = lanes == S::LANES && frame.size[1] == self.rows.n && whole;
                let line = |member: usize| self.line(unit, signal, row + member).wrapping_add(lane);
                let samples = if direct {
                    self.rows.samples(line(0), line(1), self.channels)
                } else {
                    let second = gathered.wrapping_add(S::LANES);
                    self.rows.samples(gathered, second, step)
                };
                // SAFETY: the tile holds the spectra, and there is room for the samples.
                unsafe {
                    let scratch = &mut *buffers.scratch;
                    self.rows
                        .inverse(simd, spectra, samples, scales, buffers.block, scratch);
                }
                if direct {
                    continue;
                }
                for member in 0..members.min(frame.size[0] - row) {
                    let to = line(member);
                    for j in 0..frame.size[1] {
                        let at = (frame.start[1] + j) * step + member * S::LANES;
                        // SAFETY: `lanes` channels of a sample of the image.
                        unsafe {
                            let y = simd.load(gathered.add(at));
                            simd.store_part(to.add(j * self.channels), y, lanes);
                        }
                    }
                }
            }
        }
    }

    fn places(&self, _unit: Unit) -> usize {
        self.height
    }

    fn place(&self, unit: Unit, index: usize, _o: usize) -> Place {
        Place {
            entry: 0,
            tile: 2 * index * self.stride * self.width,
            to_imaginary: self.width,
            tile_step: 2 * self.width,
            response: index * self.rows.columns * self.channels + unit.group,
            response_step: self.channels,
            rows: self.rows.columns,
            len: unit.groups,
        }
    }
}
