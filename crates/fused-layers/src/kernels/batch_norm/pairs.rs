//! Passes with 2×2 pooling of stride 2 over wide planes: vectors along two rows, deinterleaved into even and odd
//! positions.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Kernel, Scalar, Simd, Vector};

use super::FusedBatchNorm;
use super::along::{part_of, store_of};
use super::coefficients::{Branch, CENTER, affine, splat};
use super::max_pool::MaxPool;
use super::moments::total;
use super::partition::strip;
use super::rows::{Rows, gradient_of};

/// Minimum row length for well-filled vectors.
const LONG: usize = 16;

/// Whether these passes support the map.
pub fn is_supported(map: &FusedBatchNorm) -> bool {
    map.sizes[1] >= LONG && map.pool.as_ref().is_some_and(MaxPool::is_two_by_two)
}

/// Neighboring windows, one per lane: their four positions, minus the center.
struct Windows<V> {
    centered: [V; 4],
}

/// The maximum of each window.
struct Winners<V> {
    /// Before the activation.
    raw: V,
    /// Minus the center.
    centered: V,
    /// Index of the position within the window.
    tap: V,
}

impl<V: Vector> Windows<V> {
    /// Loads `count` windows of two rows, starting at the given positions.
    ///
    /// # Safety
    /// The windows must be readable.
    #[inline(always)]
    unsafe fn load<T: Scalar, S: Simd<T, V = V>>(
        simd: S,
        rows: [*const T; 2],
        count: usize,
        center: V,
    ) -> Self {
        let mut centered = [center; 4];
        for k in 0..2 {
            // SAFETY: guaranteed by the caller.
            let [a, b] = unsafe {
                if count == S::LANES {
                    [simd.load(rows[k]), simd.load(rows[k].add(S::LANES))]
                } else {
                    let (first, second) = halves::<T, S>(count);
                    [
                        part_of(simd, rows[k], first),
                        part_of(simd, rows[k].wrapping_add(first), second),
                    ]
                }
            };
            centered[2 * k] = a.evens(b) - center;
            centered[2 * k + 1] = a.odds(b) - center;
        }
        Windows { centered }
    }

    #[inline(always)]
    fn winners<T: Scalar, S: Simd<T, V = V>, const N: usize>(
        &self,
        simd: S,
        coefficients: &[V; N],
    ) -> Winners<V> {
        let mut best = Winners {
            raw: affine(self.centered[0], coefficients),
            centered: self.centered[0],
            tap: simd.splat(T::of(0.0)),
        };
        for k in 1..4 {
            let raw = affine(self.centered[k], coefficients);
            let held = best.raw;
            let tap = simd.splat(T::of(k as f64));
            best.raw = raw.select_above(held, raw, held);
            best.centered = raw.select_above(held, self.centered[k], best.centered);
            best.tap = raw.select_above(held, tap, best.tap);
        }
        best
    }
}

/// How many of the `2·count` positions of a row of windows are in the first vector, and how many in the second.
#[inline(always)]
fn halves<T: Scalar, S: Simd<T>>(count: usize) -> (usize, usize) {
    let first = (2 * count).min(S::LANES);
    (first, 2 * count - first)
}

/// Offset of the output of a channel of an image.
#[inline(always)]
fn output_at<T, const N: usize>(rows: &Rows<'_, T, N>, image: usize, place: usize) -> usize {
    let [height, width] = rows.map.output_sizes();
    let channel = rows.region.channels.start + place;
    (image * rows.map.channels + channel) * height * width
}

/// Computes the output.
pub struct Forward<'a, T> {
    pub rows: Rows<'a, T, 3>,
    pub x: Shared<T>,
    pub y: Shared<T>,
}

impl<T: Scalar> Kernel<T> for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Forward { rows, x, y } = self;
        let [height, width] = rows.map.output_sizes();
        let across = rows.map.sizes[1];
        let branch = Branch::new(simd, rows.map.activation);
        for image in rows.region.images.clone() {
            for place in 0..rows.table.len() {
                let coefficients = splat(simd, &rows.table[place]);
                let from = x.at(rows.at(image, place));
                let to = y.at(output_at(&rows, image, place));
                for row in 0..height {
                    let mut column = 0;
                    while column < width {
                        let count = S::LANES.min(width - column);
                        let at = 2 * row * across + 2 * column;
                        let lines = [at, at + across].map(|at| from.wrapping_add(at).cast_const());
                        // SAFETY: the windows are within the plane, and no other task writes its output.
                        unsafe {
                            let windows = Windows::load(simd, lines, count, coefficients[CENTER]);
                            let best = windows.winners(simd, &coefficients);
                            let to = to.add(row * width + column);
                            store_of(simd, to, branch.value(best.raw), count);
                        }
                        column += count;
                    }
                }
            }
        }
    }
}

/// Adds `Σ g` and `Σ g·(x − center)` of a region to the sums of its channels.
pub struct Sums<'a, T> {
    pub rows: Rows<'a, T, 3>,
    pub x: Shared<T>,
    pub gy: Shared<T>,
    pub sums: &'a mut [[f64; 2]],
}

impl<T: Scalar> Kernel<T> for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Sums { rows, x, gy, sums } = self;
        let [height, width] = rows.map.output_sizes();
        let across = rows.map.sizes[1];
        let branch = Branch::new(simd, rows.map.activation);
        let zero = simd.splat(T::of(0.0));
        for place in 0..rows.table.len() {
            let coefficients = splat(simd, &rows.table[place]);
            for image in rows.region.images.clone() {
                let from = x.at(rows.at(image, place));
                let graded = gy.at(output_at(&rows, image, place));
                // Lanes sum a few rows before the sums are accumulated in `f64`.
                let rows_of_part = (strip(1, S::LANES) / width).max(1);
                let mut first = 0;
                while first < height {
                    let end = height.min(first + rows_of_part);
                    let mut lanes = [zero; 2];
                    for row in first..end {
                        let mut column = 0;
                        while column < width {
                            let count = S::LANES.min(width - column);
                            let at = 2 * row * across + 2 * column;
                            let lines =
                                [at, at + across].map(|at| from.wrapping_add(at).cast_const());
                            // SAFETY: the windows are within the plane, and their gradients within that of the output.
                            // Missing lanes have a gradient of zero.
                            unsafe {
                                let windows =
                                    Windows::load(simd, lines, count, coefficients[CENTER]);
                                let best = windows.winners(simd, &coefficients);
                                let g = part_of(simd, graded.add(row * width + column), count);
                                let g = branch.gradient(best.raw, g);
                                lanes[0] = lanes[0] + g;
                                lanes[1] = g.mul_add(best.centered, lanes[1]);
                            }
                            column += count;
                        }
                    }
                    for k in 0..2 {
                        sums[place][k] += total(simd, lanes[k]);
                    }
                    first = end;
                }
            }
        }
    }
}

/// Computes the gradient with respect to the input.
pub struct InputGradient<'a, T> {
    pub rows: Rows<'a, T, 5>,
    pub x: Shared<T>,
    pub gy: Shared<T>,
    pub gx: Shared<T>,
    /// Whether it depends on the input other than through the activation.
    pub centered: bool,
}

impl<T: Scalar> Kernel<T> for InputGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        if self.centered {
            self.sweep::<S, true>(simd);
        } else {
            self.sweep::<S, false>(simd);
        }
    }
}

impl<T: Scalar> InputGradient<'_, T> {
    #[inline(always)]
    fn sweep<S: Simd<T>, const CENTERED: bool>(self, simd: S) {
        let rows = &self.rows;
        let [height, width] = rows.map.output_sizes();
        let [tall, across] = rows.map.sizes;
        let branch = Branch::new(simd, rows.map.activation);
        for image in rows.region.images.clone() {
            for place in 0..rows.table.len() {
                let coefficients = splat(simd, &rows.table[place]);
                let start = rows.at(image, place);
                let [from, to] = [self.x.at(start), self.gx.at(start)];
                let graded = self.gy.at(output_at(rows, image, place));
                for row in 0..height {
                    let mut column = 0;
                    while column < width {
                        let count = S::LANES.min(width - column);
                        let at = 2 * row * across + 2 * column;
                        // SAFETY: the windows are within the plane, and no other task writes it.
                        unsafe {
                            let g = part_of(simd, graded.add(row * width + column), count);
                            spread::<T, S, CENTERED>(
                                simd,
                                [from.add(at), to.add(at)],
                                across,
                                count,
                                g,
                                &coefficients,
                                branch,
                            );
                        }
                        column += count;
                    }
                }
                // Positions that no window covers: the last column and row of odd sizes.
                // SAFETY: as above.
                unsafe {
                    if across > 2 * width {
                        for row in 0..2 * height {
                            let at = row * across + 2 * width;
                            let ends = [from.add(at), to.add(at)];
                            uncovered::<T, S, CENTERED>(simd, ends, 1, &coefficients);
                        }
                    }
                    let covered = 2 * height * across;
                    let ends = [from.add(covered), to.add(covered)];
                    let len = tall * across - covered;
                    uncovered::<T, S, CENTERED>(simd, ends, len, &coefficients);
                }
            }
        }
    }
}

/// Writes the gradients of `count` windows of two rows `across` apart.
///
/// # Safety
/// The windows must be readable at the first pointer and writable at the second.
#[inline(always)]
unsafe fn spread<T: Scalar, S: Simd<T>, const CENTERED: bool>(
    simd: S,
    [from, to]: [*mut T; 2],
    across: usize,
    count: usize,
    g: S::V,
    coefficients: &[S::V; 5],
    branch: Branch<S::V>,
) {
    let zero = simd.splat(T::of(0.0));
    // SAFETY: guaranteed by the caller.
    unsafe {
        let lines = [from.cast_const(), from.add(across).cast_const()];
        let windows = Windows::load(simd, lines, count, coefficients[CENTER]);
        let best = windows.winners(simd, coefficients);
        let g = branch.gradient(best.raw, g);
        let mut parts = [zero; 4];
        for k in 0..4 {
            let own = best.tap.select_equal(simd.splat(T::of(k as f64)), g, zero);
            parts[k] = gradient_of::<T, S, CENTERED>(windows.centered[k], own, coefficients);
        }
        let (first, second) = halves::<T, S>(count);
        for k in 0..2 {
            let (even, odd) = (parts[2 * k], parts[2 * k + 1]);
            let line = to.add(k * across);
            store_of(simd, line, even.interleave_first(odd), first);
            let rest = line.wrapping_add(first);
            store_of(simd, rest, even.interleave_second(odd), second);
        }
    }
}

/// Writes the gradients of `len` positions that are in no window.
///
/// # Safety
/// The positions must be readable at the first pointer and writable at the second.
#[inline(always)]
unsafe fn uncovered<T: Scalar, S: Simd<T>, const CENTERED: bool>(
    simd: S,
    [from, to]: [*mut T; 2],
    len: usize,
    coefficients: &[S::V; 5],
) {
    let zero = simd.splat(T::of(0.0));
    let mut i = 0;
    while i < len {
        let count = S::LANES.min(len - i);
        // SAFETY: guaranteed by the caller.
        unsafe {
            let d = part_of(simd, from.add(i), count) - coefficients[CENTER];
            let g = gradient_of::<T, S, CENTERED>(d, zero, coefficients);
            store_of(simd, to.add(i), g, count);
        }
        i += count;
    }
}
