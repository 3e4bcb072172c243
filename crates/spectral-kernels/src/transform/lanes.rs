//! Between lines of memory and lanes of vectors.

use crate::scalar::Scalar;
use crate::simd::{Kernel, MAX_LANES, Simd};
use crate::view::View;

/// Lines → lanes: number `j` of line `i` goes to lane `i` of the vector at `to + j·row`.
pub struct Gather<'a, T> {
    /// Starts of [`Simd::LANES`] lines.
    pub lines: &'a [*const T; MAX_LANES],
    pub count: usize,
    pub to: *mut T,
    pub row: usize,
}

impl<T: Scalar> Kernel<T> for Gather<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let mut from = *self.lines;
        let mut to = [std::ptr::null_mut(); MAX_LANES];
        for first in (0..self.count).step_by(S::LANES) {
            let read = S::LANES.min(self.count - first);
            for (j, to) in to.iter_mut().enumerate() {
                *to = self.to.wrapping_add((first + j) * self.row);
            }
            // SAFETY: each line holds `count` numbers, each of the rows 0 … count−1 a vector.
            unsafe { simd.transpose(&from, read, &to, read, S::LANES) };
            for from in &mut from {
                *from = from.wrapping_add(S::LANES);
            }
        }
    }
}

/// Lanes → lines: the inverse of [`Gather`], for the first `lanes` lines.
pub struct Scatter<'a, T> {
    pub from: *const T,
    pub row: usize,
    pub count: usize,
    /// Starts of at least `lanes` lines.
    pub lines: &'a [*mut T; MAX_LANES],
    pub lanes: usize,
}

impl<T: Scalar> Kernel<T> for Scatter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let mut to = *self.lines;
        let mut from = [std::ptr::null(); MAX_LANES];
        for first in (0..self.count).step_by(S::LANES) {
            let write = S::LANES.min(self.count - first);
            for (j, from) in from.iter_mut().enumerate() {
                // Beyond the last row its copy is read and not written.
                *from = self
                    .from
                    .wrapping_add((first + j).min(self.count - 1) * self.row);
            }
            // SAFETY: each of the rows 0 … count−1 holds a vector, each of the first `lanes` lines `count` numbers.
            unsafe { simd.transpose(&from, S::LANES, &to, self.lanes, write) };
            for to in &mut to {
                *to = to.wrapping_add(S::LANES);
            }
        }
    }
}

/// Copies `count` numbers times `factor`.
///
/// # Safety
/// They must be readable at `from`, writable at `to`, and apart.
#[inline(always)]
pub unsafe fn copy_scaled<T: Scalar, S: Simd<T>>(
    simd: S,
    from: *const T,
    to: *mut T,
    count: usize,
    factor: T,
) {
    let factor = simd.splat(factor);
    let whole = count - count % S::LANES;
    for at in (0..whole).step_by(S::LANES) {
        // SAFETY: at + LANES ≤ count.
        unsafe { simd.store(to.add(at), simd.load(from.add(at)) * factor) };
    }
    if whole < count {
        // SAFETY: the rest of `count` numbers.
        unsafe {
            let v = simd.load_part(from.add(whole), count - whole) * factor;
            simd.store_part(to.add(whole), v, count - whole);
        }
    }
}

/// Copies `count` numbers.
///
/// # Safety
/// They must be readable at `from`, writable at `to`, and apart.
#[inline(always)]
pub unsafe fn copy<T: Scalar, S: Simd<T>>(simd: S, from: *const T, to: *mut T, count: usize) {
    let whole = count - count % S::LANES;
    for at in (0..whole).step_by(S::LANES) {
        // SAFETY: at + LANES ≤ count.
        unsafe { simd.store(to.add(at), simd.load(from.add(at))) };
    }
    if whole < count {
        // SAFETY: the rest of `count` numbers.
        unsafe {
            simd.store_part(
                to.add(whole),
                simd.load_part(from.add(whole), count - whole),
                count - whole,
            )
        };
    }
}

/// Scales elements in place: element 0 and, if `even`, the last one by `ends`, the others by `interior`.
pub struct ScaleBins<T> {
    pub view: View<T>,
    pub count: usize,
    pub ends: T,
    pub interior: T,
}

impl<T: Scalar> Kernel<T> for ScaleBins<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        for k in 0..self.count {
            let factor = simd.splat(if k == 0 { self.ends } else { self.interior });
            // SAFETY: the view holds `count` elements.
            unsafe {
                self.view
                    .store(simd, k, self.view.load(simd, k).scale(factor))
            };
        }
    }
}
