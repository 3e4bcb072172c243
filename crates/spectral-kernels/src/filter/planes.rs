//! Channels-first layout: rows are transformed into a tile, columns within it, and back.
//!
//! In a tile, row `j` of an image consists of two rows, real and imaginary, with the bins of the unit's images side by
//! side.

use std::sync::Arc;

use spectral_lanes::{Gather, InstructionSet, MAX_LANES, Scalar, Scatter, Simd, copy};

use super::SpectralFilter;
use super::engine::{Buffers, Engine, Lens, Place, Signal, Unit};
use super::rows::Rows;
use crate::cache;
use crate::plan::Plan;
use crate::real::BinScales;
use crate::shape::Direction;
use crate::transform::axis::padded;
use crate::view::View;

/// Target size of a tile: a share of the L2 cache.
const TILE_BYTES: usize = 192 << 10;
const MOST_IMAGES: usize = 16;

pub struct Planes<T: Scalar> {
    lanes: usize,
    height: usize,
    rows: Rows<T>,
    plan: Arc<Plan<T>>,
    multiplier: usize,
    /// Groups and batch entries per tile.
    unit: [usize; 2],
    /// Elements per row of a tile.
    width: usize,
    /// Samples of the summed images.
    sums: usize,
}

impl<T: Scalar> Planes<T> {
    pub fn new(filter: &SpectralFilter, set: InstructionSet) -> Self {
        let lanes = T::lanes(set);
        let [height, n] = filter.grid;
        let rows = Rows::new(n);
        let columns = rows.columns;
        let bytes = |images: usize| {
            2 * height * padded(images * columns, lanes, 2 * height) * size_of::<T>()
        };
        // Lanes that the lines of one image occupy.
        let lines = usize::div_ceil(filter.input.size[0].max(1), rows.members());
        let waste = |images: usize| {
            let fill = |count: usize| count.next_multiple_of(lanes) as f64 / count as f64;
            fill(images * lines) + fill(images * columns)
        };
        let mut images = 1;
        for candidate in 2..=MOST_IMAGES.min(filter.batch * filter.groups) {
            let whole = candidate <= filter.batch || candidate.is_multiple_of(filter.batch);
            if whole && bytes(candidate) <= TILE_BYTES && waste(candidate) < waste(images) - 0.01 {
                images = candidate;
            }
        }
        let sums = if filter.terms > 1 {
            images * filter.input.area()
        } else {
            0
        };
        Planes {
            lanes,
            height,
            plan: cache::plan::<Plan<T>>(height),
            multiplier: filter.multiplier,
            unit: [
                images.div_ceil(filter.batch.max(1)),
                images.min(filter.batch),
            ],
            width: padded(images * columns, lanes, 2 * height),
            rows,
            sums,
        }
    }
}

/// Start addresses of the first and second lines of a block of lanes.
struct Lines<T> {
    samples: [[*mut T; MAX_LANES]; 2],
    /// Real parts in the tile; the imaginary parts are one row further on.
    tile: [[*mut T; MAX_LANES]; 2],
}

impl<T: Scalar> Planes<T> {
    /// Start address of image `i` of a unit.
    #[inline(always)]
    fn image(&self, unit: Unit, signal: &Signal<T>, i: usize) -> *mut T {
        let (group, entry) = (unit.group + i / unit.entries, unit.entry + i % unit.entries);
        let channel = group * signal.step + signal.first;
        let plane = entry * signal.channels + channel;
        signal.base.at(plane * signal.frame.area())
    }

    /// The lines of lanes `first..first + lanes`, with `missing` (samples and tile) in place of lines that do not
    /// exist.
    #[inline(always)]
    fn lines(
        &self,
        signal: &Signal<T>,
        images: &[*mut T; MOST_IMAGES],
        tile: *mut T,
        [first, lanes]: [usize; 2],
        missing: [*mut T; 2],
    ) -> Lines<T> {
        let [height, width] = signal.frame.size;
        let members = self.rows.members();
        let per_image = height.div_ceil(members);
        let (mut image, mut at) = (first / per_image, first % per_image);
        let mut lines = Lines {
            samples: [[missing[0]; MAX_LANES]; 2],
            tile: [[missing[1]; MAX_LANES]; 2],
        };
        for i in 0..lanes {
            for member in 0..members {
                let row = members * at + member;
                if row < height {
                    let start = 2 * (signal.frame.start[0] + row) * self.width;
                    lines.samples[member][i] = images[image].wrapping_add(row * width);
                    lines.tile[member][i] = tile.wrapping_add(start + image * self.rows.columns);
                }
            }
            at += 1;
            if at == per_image {
                (image, at) = (image + 1, 0);
            }
        }
        lines
    }

    #[inline(always)]
    fn columns<S: Simd<T>>(
        &self,
        simd: S,
        tile: *mut T,
        images: usize,
        direction: Direction,
        scratch: &mut [T],
    ) {
        if self.height == 1 {
            return;
        }
        let whole = View::interleaved(tile, self.width);
        let view = match direction {
            Direction::Forward => whole,
            Direction::Inverse => whole.swapped(),
        };
        for lane in (0..images * self.rows.columns).step_by(S::LANES) {
            let view = view.lanes_from(lane);
            // SAFETY: the tile holds `height` pairs of rows, in whole vectors.
            unsafe { self.plan.run(simd, view, view, scratch) };
        }
    }

    /// Sums the terms of image `i` of a unit into `to`.
    ///
    /// # Safety
    /// The signal must be readable for the unit's images, and `to` writable for one image.
    #[inline(always)]
    unsafe fn sum<S: Simd<T>>(
        &self,
        simd: S,
        unit: Unit,
        signal: &Signal<T>,
        i: usize,
        to: *mut T,
    ) {
        let area = signal.frame.area();
        let first = self.image(unit, signal, i);
        let whole = area - area % S::LANES;
        // SAFETY: each term holds `area` elements, as does `to`.
        unsafe {
            for at in (0..whole).step_by(S::LANES) {
                let mut sum = simd.load(first.add(at));
                for term in 1..signal.terms {
                    sum = sum + simd.load(first.add(term * area + at));
                }
                simd.store(to.add(at), sum);
            }
            for at in whole..area {
                let mut sum = *first.add(at);
                for term in 1..signal.terms {
                    sum = sum + *first.add(term * area + at);
                }
                *to.add(at) = sum;
            }
        }
    }
}

impl<T: Scalar> Engine<T> for Planes<T> {
    fn unit(&self) -> [usize; 2] {
        self.unit
    }

    fn groups_of_task(&self) -> usize {
        self.unit[0]
    }

    fn tile_len(&self) -> usize {
        2 * self.height * self.width
    }

    fn lens(&self) -> Lens {
        let (lanes, columns) = (self.lanes, self.rows.columns);
        let pair = if self.rows.members() == 2 {
            2 * columns * lanes
        } else {
            0
        };
        let line = self.rows.n.max(self.width + columns);
        let scratch = self.rows.plan.scratch_len(lanes);
        let scratch = scratch.max(self.plan.scratch_len(lanes));
        let block = self.rows.block_len(lanes);
        [block, pair, pair, line, line, self.sums, scratch]
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
        let count = unit.groups * unit.entries;
        let (members, columns, width) = (self.rows.members(), self.rows.columns, self.width);
        let Signal { frame, terms, .. } = *signal;
        let mut images = [std::ptr::null_mut(); MOST_IMAGES];
        for i in 0..count {
            images[i] = if terms > 1 {
                let sum = buffers.sums.wrapping_add(i * frame.area());
                // SAFETY: the buffer of sums holds the images of a unit.
                unsafe { self.sum(simd, unit, signal, i, sum) };
                sum
            } else {
                self.image(unit, signal, i)
            };
        }
        let below = frame.start[0] + frame.size[0];
        for row in (0..frame.start[0]).chain(below..self.height) {
            for part in 0..2 {
                let start = tile.wrapping_add((2 * row + part) * width);
                // SAFETY: this is a row of the tile.
                unsafe { std::slice::from_raw_parts_mut(start, count * columns) }.fill(T::of(0.0));
            }
        }

        let step = members * S::LANES;
        let view = View::interleaved(buffers.block, S::LANES);
        let starts = match members {
            1 => [buffers.block; 2],
            _ => buffers.pairs,
        };
        let spectra = starts.map(|start| View::interleaved(start, S::LANES));
        let lines = count * frame.size[0].div_ceil(members);
        for first in (0..lines).step_by(S::LANES) {
            let lanes = S::LANES.min(lines - first);
            let missing = [buffers.zeros, buffers.discard];
            let places = self.lines(signal, &images, tile, [first, lanes], missing);
            let right = frame.start[1] + frame.size[1];
            for outside in [0..frame.start[1], right..self.rows.n] {
                let start = buffers.block.wrapping_add(outside.start * step);
                // SAFETY: these samples are within the block.
                unsafe { std::slice::from_raw_parts_mut(start, outside.len() * step) }
                    .fill(T::of(0.0));
            }
            for member in 0..members {
                let to = frame.start[1] * step + member * S::LANES;
                let ends = places.samples[member].map(<*mut T>::cast_const);
                // SAFETY: each line holds `count` elements, and the buffer as many rows of one vector.
                let gather = unsafe {
                    Gather::new(&ends, frame.size[1], buffers.block.wrapping_add(to), step)
                };
                simd.call(gather);
            }
            // SAFETY: the block holds `n` samples of one or two rows per lane, and the spectra their bins.
            unsafe {
                self.rows
                    .forward(simd, view, spectra, scales, buffers.block, buffers.scratch);
            }
            for member in 0..members {
                for part in 0..2 {
                    let ends = places.tile[member].map(|start| start.wrapping_add(part * width));
                    // SAFETY: the buffer holds `count` rows of one vector, and no other task accesses the lines.
                    let scatter = unsafe {
                        Scatter::new(
                            starts[member].wrapping_add(part * S::LANES),
                            2 * S::LANES,
                            columns,
                            &ends,
                            lanes,
                        )
                    };
                    simd.call(scatter);
                }
            }
        }
        self.columns(simd, tile, count, Direction::Forward, buffers.scratch);
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
        let count = unit.groups * unit.entries;
        let (members, columns, width) = (self.rows.members(), self.rows.columns, self.width);
        let frame = signal.frame;
        self.columns(simd, tile, count, Direction::Inverse, buffers.scratch);
        let mut images = [std::ptr::null_mut(); MOST_IMAGES];
        for i in 0..count {
            images[i] = self.image(unit, signal, i);
        }

        let step = members * S::LANES;
        let view = View::interleaved(buffers.block, S::LANES);
        let starts = match members {
            1 => [buffers.block; 2],
            _ => buffers.pairs,
        };
        let spectra = starts.map(|start| View::interleaved(start, S::LANES));
        let lines = count * frame.size[0].div_ceil(members);
        for first in (0..lines).step_by(S::LANES) {
            let lanes = S::LANES.min(lines - first);
            let missing = [buffers.discard, buffers.zeros];
            let places = self.lines(signal, &images, tile, [first, lanes], missing);
            for member in 0..members {
                for part in 0..2 {
                    let ends = places.tile[member]
                        .map(|start| start.wrapping_add(part * width).cast_const());
                    // SAFETY: each line holds `count` elements, and the buffer as many rows of one vector.
                    let gather = unsafe {
                        Gather::new(
                            &ends,
                            columns,
                            starts[member].wrapping_add(part * S::LANES),
                            2 * S::LANES,
                        )
                    };
                    simd.call(gather);
                }
            }
            // SAFETY: as in `analysis`.
            unsafe {
                self.rows
                    .inverse(simd, spectra, view, scales, buffers.block, buffers.scratch);
            }
            for member in 0..members {
                let from = frame.start[1] * step + member * S::LANES;
                // SAFETY: the buffer holds `count` rows of one vector, and no other task accesses the lines.
                let scatter = unsafe {
                    Scatter::new(
                        buffers.block.wrapping_add(from),
                        step,
                        frame.size[1],
                        &places.samples[member],
                        lanes,
                    )
                };
                simd.call(scatter);
            }
        }
        for image in &images[..count] {
            for term in 1..signal.terms {
                // SAFETY: the terms of an image are consecutive.
                unsafe {
                    let to = image.add(term * frame.area());
                    copy(simd, *image, to, frame.area());
                }
            }
        }
    }

    fn places(&self, unit: Unit) -> usize {
        unit.groups * unit.entries
    }

    fn place(&self, unit: Unit, index: usize, o: usize) -> Place {
        let columns = self.rows.columns;
        let filter = (unit.group + index / unit.entries) * self.multiplier + o;
        Place {
            entry: index % unit.entries,
            tile: index * columns,
            to_imaginary: self.width,
            tile_step: 2 * self.width,
            response: filter * self.height * columns,
            response_step: columns,
            rows: self.height,
            len: columns,
        }
    }
}
