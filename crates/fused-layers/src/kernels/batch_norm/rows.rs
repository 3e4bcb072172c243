//! Passes without pooling: vectors along the planes of an image, or along all of them if they are small.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Kernel, Scalar, Simd, Vector};

use super::FusedBatchNorm;
use super::along::{Along, Uniform, block, lay_out, part_of, store_of};
use super::coefficients::{Affine, Branch, CENTER, Gradient, OFFSET, SCALE, SLOPE, affine, splat};
use super::moments::total;
use super::partition::{Region, strip};

/// Planes with at least this many positions have their own vectors.
pub const WIDE: usize = 32;

/// Length of the buffer required by a pass with `N` coefficients.
pub fn scratch<const N: usize>(map: &FusedBatchNorm) -> usize {
    match map.plane() {
        plane if plane < WIDE => N * block(plane) * plane,
        _ => 0,
    }
}

/// What all passes over a region have in common.
pub struct Rows<'a, T, const N: usize> {
    pub map: &'a FusedBatchNorm,
    pub region: Region,
    /// Coefficients of the region's channels.
    pub table: &'a [[T; N]],
    /// A buffer of [`scratch`] elements.
    pub columns: &'a mut [T],
}

impl<T, const N: usize> Rows<'_, T, N> {
    /// Offset of the first position of a channel of an image.
    #[inline(always)]
    pub fn at(&self, image: usize, place: usize) -> usize {
        let channel = self.region.channels.start + place;
        (image * self.map.channels + channel) * self.map.plane()
    }
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
        let Forward { mut rows, x, y } = self;
        let columns = std::mem::take(&mut rows.columns);
        let plane = rows.map.plane();
        let branch = Branch::new(simd, rows.map.activation);
        let places = rows.table.len();
        if plane >= WIDE {
            for image in rows.region.images.clone() {
                for place in 0..places {
                    let along = Uniform(splat(simd, &rows.table[place]));
                    let at = rows.at(image, place);
                    // SAFETY: the plane is within both images, and no other task writes it.
                    unsafe { forward(simd, along, branch, x.at(at), y.at(at), plane) };
                }
            }
            return;
        }
        let mut first = 0;
        while first < places {
            let count = block(plane).min(places - first);
            let along = lay_out(&rows.table[first..first + count], plane, columns);
            for image in rows.region.images.clone() {
                let at = rows.at(image, first);
                // SAFETY: the planes of neighboring channels are contiguous.
                unsafe { forward(simd, along, branch, x.at(at), y.at(at), count * plane) };
            }
            first += count;
        }
    }
}

/// # Safety
/// The pointers must be readable and writable, respectively, for `len` elements.
#[inline(always)]
unsafe fn forward<T: Scalar, S: Simd<T>>(
    simd: S,
    along: impl Along<T, S, 3>,
    branch: Branch<S::V>,
    x: *const T,
    y: *mut T,
    len: usize,
) {
    let mut i = 0;
    // SAFETY: all positions are below `len`.
    unsafe {
        while i + S::LANES <= len {
            let coefficients: Affine<S::V> = along.at(simd, i, S::LANES);
            let z = affine(simd.load(x.add(i)) - coefficients[CENTER], &coefficients);
            simd.store(y.add(i), branch.value(z));
            i += S::LANES;
        }
        if i < len {
            let count = len - i;
            let coefficients = along.at(simd, i, count);
            let z = affine(
                simd.load_part(x.add(i), count) - coefficients[CENTER],
                &coefficients,
            );
            simd.store_part(y.add(i), branch.value(z), count);
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
    fn sweep<S: Simd<T>, const CENTERED: bool>(mut self, simd: S) {
        let columns = std::mem::take(&mut self.rows.columns);
        let rows = &self.rows;
        let plane = rows.map.plane();
        let branch = Branch::new(simd, rows.map.activation);
        let places = rows.table.len();
        if plane >= WIDE {
            for image in rows.region.images.clone() {
                for place in 0..places {
                    let along = Uniform(splat(simd, &rows.table[place]));
                    let at = [self.x, self.gy, self.gx].map(|of| of.at(rows.at(image, place)));
                    // SAFETY: the plane is within all three images, and no other task writes it.
                    unsafe { input_gradient::<T, S, CENTERED>(simd, along, branch, at, plane) };
                }
            }
            return;
        }
        let mut first = 0;
        while first < places {
            let count = block(plane).min(places - first);
            let along = lay_out(&rows.table[first..first + count], plane, columns);
            for image in rows.region.images.clone() {
                let at = [self.x, self.gy, self.gx].map(|of| of.at(rows.at(image, first)));
                let len = count * plane;
                // SAFETY: the planes of neighboring channels are contiguous.
                unsafe { input_gradient::<T, S, CENTERED>(simd, along, branch, at, len) };
            }
            first += count;
        }
    }
}

/// # Safety
/// All pointers must be readable for `len` elements, and the last one writable.
#[inline(always)]
unsafe fn input_gradient<T: Scalar, S: Simd<T>, const CENTERED: bool>(
    simd: S,
    along: impl Along<T, S, 5>,
    branch: Branch<S::V>,
    [x, gy, gx]: [*mut T; 3],
    len: usize,
) {
    let mut i = 0;
    while i < len {
        let count = S::LANES.min(len - i);
        // SAFETY: all positions are below `len`.
        unsafe {
            let coefficients = along.at(simd, i, count);
            let d = part_of(simd, x.add(i), count) - coefficients[CENTER];
            let z = affine(d, &coefficients);
            let g = branch.gradient(z, part_of(simd, gy.add(i), count));
            let g = gradient_of::<T, S, CENTERED>(d, g, &coefficients);
            store_of(simd, gx.add(i), g, count);
        }
        i += count;
    }
}

/// `scale·g + slope·d + offset`, or only the first term.
#[inline(always)]
pub fn gradient_of<T: Scalar, S: Simd<T>, const CENTERED: bool>(
    d: S::V,
    g: S::V,
    coefficients: &Gradient<S::V>,
) -> S::V {
    if CENTERED {
        let through = d.mul_add(coefficients[SLOPE], coefficients[OFFSET]);
        g.mul_add(coefficients[SCALE], through)
    } else {
        g * coefficients[SCALE]
    }
}

/// Adds `Σ g` and `Σ g·(x − center)` of a region to the sums of its channels.
pub struct Sums<'a, T> {
    pub rows: Rows<'a, T, 3>,
    pub x: Shared<T>,
    pub gy: Shared<T>,
    pub sums: &'a mut [[f64; 2]],
}

/// Length of the buffer that [`Sums`] requires.
pub fn sums_scratch(map: &FusedBatchNorm) -> usize {
    match map.plane() {
        plane if plane < WIDE => 5 * block(plane) * plane,
        _ => 0,
    }
}

impl<T: Scalar> Kernel<T> for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let columns = std::mem::take(&mut self.rows.columns);
        if self.rows.map.plane() >= WIDE {
            self.by_planes(simd);
        } else {
            self.by_columns(simd, columns);
        }
    }
}

impl<T: Scalar> Sums<'_, T> {
    #[inline(always)]
    fn by_planes<S: Simd<T>>(self, simd: S) {
        let rows = &self.rows;
        let plane = rows.map.plane();
        let branch = Branch::new(simd, rows.map.activation);
        let zero = simd.splat(T::of(0.0));
        for place in 0..rows.table.len() {
            let along = Uniform(splat(simd, &rows.table[place]));
            let mut sums = [0.0; 2];
            for image in rows.region.images.clone() {
                let first = rows.at(image, place);
                let mut start = 0;
                while start < plane {
                    let len = strip(2, S::LANES).min(plane - start);
                    let at = [self.x, self.gy].map(|of| of.at(first + start));
                    let mut lanes = [[zero; 2]; 2];
                    let mut i = 0;
                    // SAFETY: the part is within the plane.
                    unsafe {
                        while i + 2 * S::LANES <= len {
                            add(simd, along, branch, at, i, S::LANES, &mut lanes[0]);
                            let next = i + S::LANES;
                            add(simd, along, branch, at, next, S::LANES, &mut lanes[1]);
                            i += 2 * S::LANES;
                        }
                        while i < len {
                            let count = S::LANES.min(len - i);
                            add(simd, along, branch, at, i, count, &mut lanes[0]);
                            i += count;
                        }
                    }
                    for k in 0..2 {
                        sums[k] += total(simd, lanes[0][k] + lanes[1][k]);
                    }
                    start += len;
                }
            }
            for k in 0..2 {
                self.sums[place][k] += sums[k];
            }
        }
    }

    #[inline(always)]
    fn by_columns<S: Simd<T>>(self, simd: S, columns: &mut [T]) {
        let rows = &self.rows;
        let plane = rows.map.plane();
        let branch = Branch::new(simd, rows.map.activation);
        let places = rows.table.len();
        let mut first = 0;
        while first < places {
            let count = block(plane).min(places - first);
            let len = count * plane;
            let (coefficients, sums) = columns.split_at_mut(3 * len);
            let sums = &mut sums[..2 * len];
            let along = lay_out(&rows.table[first..first + count], plane, coefficients);
            sums.fill(T::of(0.0));
            for image in rows.region.images.clone() {
                let at = [self.x, self.gy].map(|of| of.at(rows.at(image, first)));
                let mut i = 0;
                while i < len {
                    let count = S::LANES.min(len - i);
                    // SAFETY: the planes of neighboring channels are contiguous, and there is a sum for each position.
                    unsafe {
                        let into = [0, 1].map(|k| sums.as_mut_ptr().add(k * len + i));
                        let mut lanes =
                            [part_of(simd, into[0], count), part_of(simd, into[1], count)];
                        add(simd, along, branch, at, i, count, &mut lanes);
                        store_of(simd, into[0], lanes[0], count);
                        store_of(simd, into[1], lanes[1], count);
                    }
                    i += count;
                }
            }
            for place in 0..count {
                for k in 0..2 {
                    let of = &sums[k * len + place * plane..][..plane];
                    let sum: f64 = of.iter().map(|sum| sum.widen()).sum();
                    self.sums[first + place][k] += sum;
                }
            }
            first += count;
        }
    }
}

/// Adds `g` and `g·d` of `count` positions from `i` on.
///
/// # Safety
/// Both pointers must be readable at these positions.
#[inline(always)]
unsafe fn add<T: Scalar, S: Simd<T>>(
    simd: S,
    along: impl Along<T, S, 3>,
    branch: Branch<S::V>,
    [x, gy]: [*mut T; 2],
    i: usize,
    count: usize,
    sums: &mut [S::V; 2],
) {
    // SAFETY: guaranteed by the caller. Missing lanes have a gradient of zero.
    unsafe {
        let coefficients = along.at(simd, i, count);
        let d = part_of(simd, x.add(i), count) - coefficients[CENTER];
        let g = branch.gradient(affine(d, &coefficients), part_of(simd, gy.add(i), count));
        sums[0] = sums[0] + g;
        sums[1] = g.mul_add(d, sums[1]);
    }
}
