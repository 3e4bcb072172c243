//! Passes with pooling, with one plane per lane.
//!
//! Square blocks of the planes are transposed ([`transposed`](super::transposed)), so that windows are compared vector
//! by vector, for any window size and stride.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Kernel, MAX_LANES, Scalar, Simd, Vector};

use super::coefficients::{Branch, CENTER};
use super::rows::gradient_of;
use super::transposed::{Lanes, winner};

/// Computes the output.
pub struct Forward<'a, T> {
    pub lanes: Lanes<'a, T, 3>,
    pub x: Shared<T>,
    pub y: Shared<T>,
    /// Buffers for the blocks of input and output.
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
                // SAFETY: the blocks hold the band, as asserted, and its rows are rows of the planes.
                unsafe { planes.gather(simd, x, plane, read, inputs.as_mut_ptr()) };
                let mut to = outputs.as_mut_ptr();
                for row in band.outputs.clone() {
                    for column in 0..width {
                        let taps = lanes.taps(row, column);
                        // SAFETY: the band contains all rows that its outputs depend on.
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
                // SAFETY: as above; no other task accesses these planes.
                unsafe { planes.scatter(simd, outputs.as_ptr(), y, height * width, written) };
                row = band.outputs.end;
            }
            first += planes.count;
        }
    }
}

/// Adds `Σ g` and `Σ g·(x − center)` of a region to the sums of its channels.
pub struct Sums<'a, T> {
    pub lanes: Lanes<'a, T, 3>,
    pub x: Shared<T>,
    pub gy: Shared<T>,
    /// Buffers for the blocks of input and output.
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
                // SAFETY: the blocks hold the band, as asserted, and its rows are rows of the planes.
                unsafe {
                    planes.gather(simd, x, plane, read, inputs.as_mut_ptr());
                    planes.gather(simd, gy, height * width, graded, outputs.as_mut_ptr());
                }
                let mut from = outputs.as_ptr();
                let mut lane_sums = [simd.splat(T::of(0.0)); 2];
                for row in band.outputs.clone() {
                    for column in 0..width {
                        let taps = lanes.taps(row, column);
                        // SAFETY: the band contains all rows that its outputs depend on.
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
                            lane_sums[1] = g.mul_add(best.centered, lane_sums[1]);
                        }
                        from = from.wrapping_add(S::LANES);
                    }
                }
                let mut stored = [T::of(0.0); MAX_LANES];
                for k in 0..2 {
                    // SAFETY: the array holds the widest vector.
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

/// Computes the gradient with respect to the input.
pub struct InputGradient<'a, T> {
    pub lanes: Lanes<'a, T, 5>,
    pub x: Shared<T>,
    pub gy: Shared<T>,
    pub gx: Shared<T>,
    /// Whether it depends on the input other than through the activation.
    pub centered: bool,
    /// Buffers for the blocks of input, output and input gradient.
    pub blocks: [&'a mut [T]; 3],
}

impl<T: Scalar> Kernel<T> for InputGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        match (self.lanes.pool.is_two_by_two(), self.centered) {
            (true, true) => self.sweep::<S, true, true>(simd),
            (true, false) => self.sweep::<S, true, false>(simd),
            (false, true) => self.sweep::<S, false, true>(simd),
            (false, false) => self.sweep::<S, false, false>(simd),
        }
    }
}

impl<T: Scalar> InputGradient<'_, T> {
    #[inline(always)]
    fn sweep<S: Simd<T>, const TWO: bool, const CENTERED: bool>(self, simd: S) {
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
                // SAFETY: the blocks hold the band, as asserted, and its rows are rows of the planes.
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
                        // SAFETY: the band contains all rows that its outputs depend on.
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
                    // SAFETY: both blocks hold `len` elements, a multiple of the lanes.
                    unsafe {
                        let d = simd.load(inputs.as_ptr().add(at)) - coefficients[CENTER];
                        let to = spread.as_mut_ptr().add(at);
                        let g = gradient_of::<T, S, CENTERED>(d, simd.load(to), &coefficients);
                        simd.store(to, g);
                    }
                    at += S::LANES;
                }
                // SAFETY: as above; no other task accesses these planes.
                unsafe { planes.scatter(simd, spread.as_ptr(), gx, plane, read) };
                row = band.outputs.end;
            }
            first += planes.count;
        }
    }
}
