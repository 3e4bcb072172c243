//! Between lines of memory and lanes of vectors.

use crate::simd::Scalar;
use crate::simd::{Kernel, MAX_LANES, Simd};

/// Lines → lanes: number `j` of line `i` goes to lane `i` of the vector at `to + j·row`.
pub struct Gather<'a, T> {
    lines: &'a [*const T; MAX_LANES],
    count: usize,
    to: *mut T,
    row: usize,
}

impl<'a, T> Gather<'a, T> {
    /// Of `count` numbers from each of the lines, of which there are at least [`Simd::LANES`].
    ///
    /// # Safety
    /// Until this has run, each of the lines must be readable for `count` numbers, and each of the rows at
    /// `to + j·row`, `j < count`, writable for a vector and used by nobody else.
    pub unsafe fn new(
        lines: &'a [*const T; MAX_LANES],
        count: usize,
        to: *mut T,
        row: usize,
    ) -> Self {
        Gather {
            lines,
            count,
            to,
            row,
        }
    }
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
            // SAFETY: by the promise to `new`.
            unsafe { simd.transpose(&from, read, &to, read, S::LANES) };
            for from in &mut from {
                *from = from.wrapping_add(S::LANES);
            }
        }
    }
}

/// Lanes → lines: the inverse of [`Gather`], for the first `lanes` lines.
pub struct Scatter<'a, T> {
    from: *const T,
    row: usize,
    count: usize,
    lines: &'a [*mut T; MAX_LANES],
    lanes: usize,
}

impl<'a, T> Scatter<'a, T> {
    /// Of `count` rows to the first `lanes` of the lines.
    ///
    /// # Safety
    /// Until this has run, each of the rows at `from + j·row`, `j < count`, must be readable for a vector, and each of
    /// the first `lanes` lines writable for `count` numbers and used by nobody else.
    pub unsafe fn new(
        from: *const T,
        row: usize,
        count: usize,
        lines: &'a [*mut T; MAX_LANES],
        lanes: usize,
    ) -> Self {
        Scatter {
            from,
            row,
            count,
            lines,
            lanes,
        }
    }
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
            // SAFETY: by the promise to `new`.
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
