//! Transposition between lines in memory and vector lanes.

use crate::simd::Scalar;
use crate::simd::{Kernel, MAX_LANES, Simd};

/// Gathers lines into lanes: element `j` of line `i` is written to lane `i` of the vector at `to + j·row`.
pub struct Gather<'a, T> {
    lines: &'a [*const T; MAX_LANES],
    count: usize,
    to: *mut T,
    row: usize,
}

impl<'a, T> Gather<'a, T> {
    /// Gathers `count` elements from each line. There must be at least [`Simd::LANES`] lines.
    ///
    /// # Safety
    /// Until the kernel has run, every line must be readable for `count` elements, and a whole vector at each
    /// `to + j·row`, `j < count`, must be writable and not accessed by any other thread.
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
            // SAFETY: guaranteed by the caller of `new`.
            unsafe { simd.transpose(&from, read, &to, read, S::LANES) };
            for from in &mut from {
                *from = from.wrapping_add(S::LANES);
            }
        }
    }
}

/// Scatters lanes into lines: the inverse of [`Gather`], for the first `lanes` lines.
pub struct Scatter<'a, T> {
    from: *const T,
    row: usize,
    count: usize,
    lines: &'a [*mut T; MAX_LANES],
    lanes: usize,
}

impl<'a, T> Scatter<'a, T> {
    /// Scatters `count` vectors to the first `lanes` lines.
    ///
    /// # Safety
    /// Until the kernel has run, a whole vector at each `from + j·row`, `j < count`, must be readable, and the first
    /// `lanes` lines must be writable for `count` elements and not accessed by any other thread.
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
                // Past the last row, a copy of it is read but not written.
                *from = self
                    .from
                    .wrapping_add((first + j).min(self.count - 1) * self.row);
            }
            // SAFETY: guaranteed by the caller of `new`.
            unsafe { simd.transpose(&from, S::LANES, &to, self.lanes, write) };
            for to in &mut to {
                *to = to.wrapping_add(S::LANES);
            }
        }
    }
}

/// Copies `count` elements, multiplied by `factor`.
///
/// # Safety
/// `from` must be readable and `to` writable for `count` elements, and the two must not overlap.
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
        // SAFETY: the remaining elements of `count`.
        unsafe {
            let v = simd.load_part(from.add(whole), count - whole) * factor;
            simd.store_part(to.add(whole), v, count - whole);
        }
    }
}

/// Copies `count` elements.
///
/// # Safety
/// `from` must be readable and `to` writable for `count` elements, and the two must not overlap.
#[inline(always)]
pub unsafe fn copy<T: Scalar, S: Simd<T>>(simd: S, from: *const T, to: *mut T, count: usize) {
    let whole = count - count % S::LANES;
    for at in (0..whole).step_by(S::LANES) {
        // SAFETY: at + LANES ≤ count.
        unsafe { simd.store(to.add(at), simd.load(from.add(at))) };
    }
    if whole < count {
        // SAFETY: the remaining elements of `count`.
        unsafe {
            simd.store_part(
                to.add(whole),
                simd.load_part(from.add(whole), count - whole),
                count - whole,
            )
        };
    }
}
