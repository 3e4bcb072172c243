//! Passes with a pool: every lane has a plane of its own.
//!
//! Squares of the planes are transposed into a block whose vectors are places and whose lanes are planes. There a window
//! is compared vector by vector, whatever its size and step.

use std::ops::Range;

use super::ChannelAffine;
use super::coefficients::{Branch, CENTRE, affine};
use super::cut::Region;
use super::max_pool::MaxPool;
use super::rows::gradient_of;
use crate::parallel::Shared;
use crate::scalar::Scalar;
use crate::simd::{Kernel, MAX_LANES, Simd, Vector};

/// Places of a plane that are worked on at a time where windows lie apart, so that they stay in the first-level cache.
const BAND: usize = 256;

/// Rows of outputs, and the rows of the input that belong to them.
struct Band {
    outputs: Range<usize>,
    inputs: Range<usize>,
}

/// What all passes over a region know.
pub struct Lanes<'a, T, const N: usize> {
    pub map: &'a ChannelAffine,
    pub pool: MaxPool,
    pub region: Region,
    /// Coefficients of the region's channels.
    pub table: &'a [[T; N]],
}

/// Planes of one block.
struct Planes<T, const N: usize> {
    /// Their numbers; the last again in lanes that have none.
    numbers: [usize; MAX_LANES],
    /// Their places among the region's channels.
    places: [usize; MAX_LANES],
    count: usize,
    /// Their coefficients, lane by lane.
    coefficients: [[T; MAX_LANES]; N],
}

impl<T: Scalar, const N: usize> Lanes<'_, T, N> {
    fn rows_of_band(map: &ChannelAffine, pool: &MaxPool) -> usize {
        let rows = map.output_sizes()[0];
        match pool.rows_are_apart() {
            true => (BAND / (map.sizes[1] * pool.stride[0])).clamp(1, rows),
            false => rows,
        }
    }

    /// Numbers of a block of inputs and of one of outputs.
    pub fn scratch(map: &ChannelAffine, pool: &MaxPool) -> [usize; 2] {
        let rows = Self::rows_of_band(map, pool);
        let [outputs, width] = map.output_sizes();
        let last = map.sizes[0] - (outputs - 1) / rows * rows * pool.stride[0];
        let inputs = match pool.rows_are_apart() {
            true => (rows * pool.stride[0]).max(last).min(map.sizes[0]),
            false => map.sizes[0],
        };
        [inputs * map.sizes[1] * MAX_LANES, rows * width * MAX_LANES]
    }

    /// The band that starts with row `first` of the outputs.
    #[inline(always)]
    fn band(&self, first: usize) -> Band {
        let rows = self.map.output_sizes()[0];
        let end = rows.min(first + Self::rows_of_band(self.map, &self.pool));
        let start = if first == 0 {
            0
        } else {
            first * self.pool.stride[0]
        };
        let stop = if end == rows {
            self.map.sizes[0]
        } else {
            end * self.pool.stride[0]
        };
        Band {
            outputs: first..end,
            inputs: start..stop,
        }
    }

    fn planes(&self) -> usize {
        self.region.images.len() * self.region.channels.len()
    }

    /// The block of planes from the `first` of the region on, image by image.
    #[inline(always)]
    fn block(&self, first: usize, lanes: usize) -> Planes<T, N> {
        let channels = self.region.channels.len();
        let count = lanes.min(self.planes() - first);
        let mut block = Planes {
            numbers: [0; MAX_LANES],
            places: [0; MAX_LANES],
            count,
            coefficients: [[T::of(0.0); MAX_LANES]; N],
        };
        for lane in 0..lanes {
            let plane = first + lane.min(count - 1);
            let (image, place) = (plane / channels, plane % channels);
            let image = self.region.images.start + image;
            let channel = self.region.channels.start + place;
            block.numbers[lane] = image * self.map.channels + channel;
            block.places[lane] = place;
            for k in 0..N {
                block.coefficients[k][lane] = self.table[place][k];
            }
        }
        block
    }

    /// Places of the input that an output sees, as rows and columns.
    #[inline(always)]
    fn taps(&self, row: usize, column: usize) -> [Range<usize>; 2] {
        let [height, width] = self.map.sizes;
        [
            self.pool.taps(0, height, row),
            self.pool.taps(1, width, column),
        ]
    }
}

impl<T: Scalar, const N: usize> Planes<T, N> {
    #[inline(always)]
    fn vectors<S: Simd<T>>(&self, simd: S) -> [S::V; N] {
        let mut v = [simd.splat(T::of(0.0)); N];
        for k in 0..N {
            // SAFETY: there are as many numbers as lanes of any vector.
            v[k] = unsafe { simd.load(self.coefficients[k].as_ptr()) };
        }
        v
    }

    /// Transposes places `start … start + len` of planes of `plane` places into a block.
    ///
    /// # Safety
    /// The planes must have them, and the block room for [`MAX_LANES`] times as many, rounded up to whole vectors.
    #[inline(always)]
    unsafe fn gather<S: Simd<T>>(
        &self,
        simd: S,
        from: Shared<T>,
        plane: usize,
        (start, len): (usize, usize),
        block: *mut T,
    ) {
        let mut sources = [from.at(0).cast_const(); MAX_LANES];
        let mut targets = [block; MAX_LANES];
        let mut place = 0;
        while place < len {
            for lane in 0..S::LANES {
                sources[lane] = from.at(self.numbers[lane] * plane + start + place);
                targets[lane] = block.wrapping_add((place + lane) * S::LANES);
            }
            let count = S::LANES.min(len - place);
            // SAFETY: `count` places are in every plane, and as many vectors in the block.
            unsafe { simd.transpose(&sources, count, &targets, count, S::LANES) };
            place += count;
        }
    }

    /// The way back, for the planes that there are.
    ///
    /// # Safety
    /// As for [`Self::gather`], and no other task may write there.
    #[inline(always)]
    unsafe fn scatter<S: Simd<T>>(
        &self,
        simd: S,
        block: *const T,
        to: Shared<T>,
        plane: usize,
        (start, len): (usize, usize),
    ) {
        let mut sources = [block; MAX_LANES];
        let mut targets = [to.at(0); MAX_LANES];
        let mut place = 0;
        while place < len {
            let count = S::LANES.min(len - place);
            for lane in 0..S::LANES {
                sources[lane] = block.wrapping_add((place + lane.min(count - 1)) * S::LANES);
                targets[lane] = to.at(self.numbers[lane] * plane + start + place);
            }
            // SAFETY: the block has the vectors, and every plane `count` places.
            unsafe { simd.transpose(&sources, S::LANES, &targets, self.count, count) };
            place += count;
        }
    }
}

/// What won a window. As activations do not fall, it won before the activation as well.
struct Winner<V> {
    /// Before the activation.
    raw: V,
    /// Before the affine map, about the centre.
    centred: V,
    /// Number of the tap in the window.
    tap: V,
}

/// The winner of a window of `rows` and `columns` of a block whose first row is `first`. With `TWO` the window has two
/// of each.
///
/// # Safety
/// The block must have the places.
#[inline(always)]
unsafe fn winner<T: Scalar, S: Simd<T>, const N: usize, const TWO: bool>(
    simd: S,
    block: *const T,
    width: usize,
    first: usize,
    [rows, columns]: &[Range<usize>; 2],
    coefficients: &[S::V; N],
) -> Winner<S::V> {
    let [height, across] = match TWO {
        true => [2, 2],
        false => [rows.len(), columns.len()],
    };
    let zero = simd.splat(T::of(0.0));
    let mut best = Winner {
        raw: zero,
        centred: zero,
        tap: zero,
    };
    for row in 0..height {
        let line = ((rows.start + row - first) * width + columns.start) * S::LANES;
        for column in 0..across {
            // SAFETY: by the caller's promise.
            let x = unsafe { simd.load(block.add(line + column * S::LANES)) };
            let centred = x - coefficients[CENTRE];
            let raw = affine(centred, coefficients);
            if row == 0 && column == 0 {
                best.raw = raw;
                best.centred = centred;
            } else {
                let tap = simd.splat(T::of((row * across + column) as f64));
                let held = best.raw;
                best.raw = raw.select_above(held, raw, held);
                best.centred = raw.select_above(held, centred, best.centred);
                best.tap = raw.select_above(held, tap, best.tap);
            }
        }
    }
    best
}

/// The output.
pub struct Forward<'a, T> {
    pub lanes: Lanes<'a, T, 3>,
    pub x: Shared<T>,
    pub y: Shared<T>,
    /// Room for the blocks of input and output.
    pub blocks: [&'a mut [T]; 2],
}

impl<T: Scalar> Kernel<T> for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        if self.lanes.pool.is_two_by_two() {
            self.sweep::<S, true>(simd);
        } else {
            self.sweep::<S, false>(simd);
        }
    }
}

impl<T: Scalar> Forward<'_, T> {
    #[inline(always)]
    fn sweep<S: Simd<T>, const TWO: bool>(self, simd: S) {
        let Forward {
            lanes,
            x,
            y,
            blocks: [inputs, outputs],
        } = self;
        let [height, width] = lanes.map.output_sizes();
        let (plane, across) = (lanes.map.plane(), lanes.map.sizes[1]);
        let branch = Branch::new(simd, lanes.map.activation);
        let mut first = 0;
        while first < lanes.planes() {
            let planes = lanes.block(first, S::LANES);
            let coefficients = planes.vectors(simd);
            let mut row = 0;
            while row < height {
                let band = lanes.band(row);
                let read = (band.inputs.start * across, band.inputs.len() * across);
                let written = (row * width, band.outputs.len() * width);
                assert!(inputs.len() >= read.1 * S::LANES && outputs.len() >= written.1 * S::LANES);
                // SAFETY: the blocks have room for the band, as asserted, whose rows are those of the planes.
                unsafe { planes.gather(simd, x, plane, read, inputs.as_mut_ptr()) };
                let mut to = outputs.as_mut_ptr();
                for row in band.outputs.clone() {
                    for column in 0..width {
                        let taps = lanes.taps(row, column);
                        // SAFETY: the band has all rows that its outputs see.
                        unsafe {
                            let best = winner::<T, S, 3, TWO>(
                                simd,
                                inputs.as_ptr(),
                                across,
                                band.inputs.start,
                                &taps,
                                &coefficients,
                            );
                            simd.store(to, branch.value(best.raw));
                        }
                        to = to.wrapping_add(S::LANES);
                    }
                }
                // SAFETY: as above; no other task has these planes.
                unsafe { planes.scatter(simd, outputs.as_ptr(), y, height * width, written) };
                row = band.outputs.end;
            }
            first += planes.count;
        }
    }
}

/// Adds `Σ g` and `Σ g·(x − centre)` of a region to those of its channels.
pub struct Sums<'a, T> {
    pub lanes: Lanes<'a, T, 3>,
    pub x: Shared<T>,
    pub gy: Shared<T>,
    /// Room for the blocks of input and output.
    pub blocks: [&'a mut [T]; 2],
    pub sums: &'a mut [[f64; 2]],
}

impl<T: Scalar> Kernel<T> for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        if self.lanes.pool.is_two_by_two() {
            self.sweep::<S, true>(simd);
        } else {
            self.sweep::<S, false>(simd);
        }
    }
}

impl<T: Scalar> Sums<'_, T> {
    #[inline(always)]
    fn sweep<S: Simd<T>, const TWO: bool>(self, simd: S) {
        let Sums {
            lanes,
            x,
            gy,
            blocks: [inputs, outputs],
            sums,
        } = self;
        let [height, width] = lanes.map.output_sizes();
        let (plane, across) = (lanes.map.plane(), lanes.map.sizes[1]);
        let branch = Branch::new(simd, lanes.map.activation);
        let mut first = 0;
        while first < lanes.planes() {
            let planes = lanes.block(first, S::LANES);
            let coefficients = planes.vectors(simd);
            let mut totals = [[0.0; MAX_LANES]; 2];
            let mut row = 0;
            while row < height {
                let band = lanes.band(row);
                let read = (band.inputs.start * across, band.inputs.len() * across);
                let graded = (row * width, band.outputs.len() * width);
                assert!(inputs.len() >= read.1 * S::LANES && outputs.len() >= graded.1 * S::LANES);
                // SAFETY: the blocks have room for the band, as asserted, whose rows are those of the planes.
                unsafe {
                    planes.gather(simd, x, plane, read, inputs.as_mut_ptr());
                    planes.gather(simd, gy, height * width, graded, outputs.as_mut_ptr());
                }
                let mut from = outputs.as_ptr();
                let mut lane_sums = [simd.splat(T::of(0.0)); 2];
                for row in band.outputs.clone() {
                    for column in 0..width {
                        let taps = lanes.taps(row, column);
                        // SAFETY: the band has all rows that its outputs see.
                        unsafe {
                            let best = winner::<T, S, 3, TWO>(
                                simd,
                                inputs.as_ptr(),
                                across,
                                band.inputs.start,
                                &taps,
                                &coefficients,
                            );
                            let g = branch.gradient(best.raw, simd.load(from));
                            lane_sums[0] = lane_sums[0] + g;
                            lane_sums[1] = g.mul_add(best.centred, lane_sums[1]);
                        }
                        from = from.wrapping_add(S::LANES);
                    }
                }
                let mut stored = [T::of(0.0); MAX_LANES];
                for k in 0..2 {
                    // SAFETY: there is room for the widest vector.
                    unsafe { simd.store(stored.as_mut_ptr(), lane_sums[k]) };
                    for lane in 0..S::LANES {
                        totals[k][lane] += stored[lane].widen();
                    }
                }
                row = band.outputs.end;
            }
            for lane in 0..planes.count {
                for k in 0..2 {
                    sums[planes.places[lane]][k] += totals[k][lane];
                }
            }
            first += planes.count;
        }
    }
}

/// The gradient of the input.
pub struct InputGradient<'a, T> {
    pub lanes: Lanes<'a, T, 5>,
    pub x: Shared<T>,
    pub gy: Shared<T>,
    pub gx: Shared<T>,
    /// Whether it depends on the input beyond the activation.
    pub centred: bool,
    /// Room for the blocks of input, output and the input's gradient.
    pub blocks: [&'a mut [T]; 3],
}

impl<T: Scalar> Kernel<T> for InputGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        match (self.lanes.pool.is_two_by_two(), self.centred) {
            (true, true) => self.sweep::<S, true, true>(simd),
            (true, false) => self.sweep::<S, true, false>(simd),
            (false, true) => self.sweep::<S, false, true>(simd),
            (false, false) => self.sweep::<S, false, false>(simd),
        }
    }
}

impl<T: Scalar> InputGradient<'_, T> {
    #[inline(always)]
    fn sweep<S: Simd<T>, const TWO: bool, const CENTRED: bool>(self, simd: S) {
        let InputGradient {
            lanes,
            x,
            gy,
            gx,
            blocks: [inputs, outputs, spread],
            ..
        } = self;
        let [height, width] = lanes.map.output_sizes();
        let (plane, across) = (lanes.map.plane(), lanes.map.sizes[1]);
        let branch = Branch::new(simd, lanes.map.activation);
        let zero = simd.splat(T::of(0.0));
        let whole = TWO && lanes.map.sizes.iter().all(|size| size.is_multiple_of(2));
        let mut first = 0;
        while first < lanes.planes() {
            let planes = lanes.block(first, S::LANES);
            let coefficients = planes.vectors(simd);
            let mut row = 0;
            while row < height {
                let band = lanes.band(row);
                let read = (band.inputs.start * across, band.inputs.len() * across);
                let graded = (row * width, band.outputs.len() * width);
                let len = read.1 * S::LANES;
                assert!(inputs.len() >= len && outputs.len() >= graded.1 * S::LANES);
                // SAFETY: the blocks have room for the band, as asserted, whose rows are those of the planes.
                unsafe {
                    planes.gather(simd, x, plane, read, inputs.as_mut_ptr());
                    planes.gather(simd, gy, height * width, graded, outputs.as_mut_ptr());
                }
                let spread = &mut spread[..len];
                if !whole {
                    spread.fill(T::of(0.0));
                }
                let mut from = outputs.as_ptr();
                for row in band.outputs.clone() {
                    for column in 0..width {
                        let taps = lanes.taps(row, column);
                        // SAFETY: the band has all rows that its outputs see.
                        unsafe {
                            let best = winner::<T, S, 5, TWO>(
                                simd,
                                inputs.as_ptr(),
                                across,
                                band.inputs.start,
                                &taps,
                                &coefficients,
                            );
                            let g = branch.gradient(best.raw, simd.load(from));
                            let [rows, columns] = &taps;
                            let [tall, wide] = match TWO {
                                true => [2, 2],
                                false => [rows.len(), columns.len()],
                            };
                            for r in 0..tall {
                                let line = (rows.start + r - band.inputs.start) * across;
                                for c in 0..wide {
                                    let tap = simd.splat(T::of((r * wide + c) as f64));
                                    let part = best.tap.select_equal(tap, g, zero);
                                    let to = spread
                                        .as_mut_ptr()
                                        .add((line + columns.start + c) * S::LANES);
                                    if TWO {
                                        simd.store(to, part);
                                    } else {
                                        simd.store(to, simd.load(to) + part);
                                    }
                                }
                            }
                        }
                        from = from.wrapping_add(S::LANES);
                    }
                }
                let mut at = 0;
                while at < len {
                    // SAFETY: both blocks have `len` numbers, a multiple of the lanes.
                    unsafe {
                        let d = simd.load(inputs.as_ptr().add(at)) - coefficients[CENTRE];
                        let to = spread.as_mut_ptr().add(at);
                        let g = gradient_of::<T, S, CENTRED>(d, simd.load(to), &coefficients);
                        simd.store(to, g);
                    }
                    at += S::LANES;
                }
                // SAFETY: as above; no other task has these planes.
                unsafe { planes.scatter(simd, spread.as_ptr(), gx, plane, read) };
                row = band.outputs.end;
            }
            first += planes.count;
        }
    }
}
