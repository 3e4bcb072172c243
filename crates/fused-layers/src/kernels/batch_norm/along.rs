//! Partial vectors, and coefficients along a row: uniform, or expanded to one per position for small planes.

use spectral_lanes::{Scalar, Simd};

/// Maximum number of positions with expanded coefficients, so that they stay in the L1 cache.
const COLUMNS: usize = 1024;

/// Loads `count` elements of a vector, all or the first few.
///
/// # Safety
/// `from` must be readable for `count` elements.
#[inline(always)]
pub unsafe fn part_of<T: Scalar, S: Simd<T>>(simd: S, from: *const T, count: usize) -> S::V {
    // SAFETY: guaranteed by the caller.
    unsafe {
        if count == S::LANES {
            simd.load(from)
        } else {
            simd.load_part(from, count)
        }
    }
}

/// Stores `count` elements of a vector.
///
/// # Safety
/// `to` must be writable for `count` elements.
#[inline(always)]
pub unsafe fn store_of<T: Scalar, S: Simd<T>>(simd: S, to: *mut T, v: S::V, count: usize) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        if count == S::LANES {
            simd.store(to, v);
        } else {
            simd.store_part(to, v, count);
        }
    }
}

/// Coefficients along a row.
pub trait Along<T: Scalar, S: Simd<T>, const N: usize>: Copy {
    /// The coefficients of `count` positions from `i` on.
    ///
    /// # Safety
    /// The positions must be within the row.
    unsafe fn at(self, simd: S, i: usize, count: usize) -> [S::V; N];
}

/// The same coefficients at every position.
#[derive(Clone, Copy)]
pub struct Uniform<V, const N: usize>(pub [V; N]);

impl<T: Scalar, S: Simd<T>, const N: usize> Along<T, S, N> for Uniform<S::V, N> {
    #[inline(always)]
    unsafe fn at(self, _simd: S, _i: usize, _count: usize) -> [S::V; N] {
        self.0
    }
}

/// Expanded coefficients, one array per coefficient.
#[derive(Clone, Copy)]
pub struct Columns<T, const N: usize> {
    start: *const T,
    pitch: usize,
}

impl<T: Scalar, S: Simd<T>, const N: usize> Along<T, S, N> for Columns<T, N> {
    #[inline(always)]
    unsafe fn at(self, simd: S, i: usize, count: usize) -> [S::V; N] {
        let mut v = [simd.splat(T::of(0.0)); N];
        for k in 0..N {
            // SAFETY: the caller guarantees that the positions are within the row, which all arrays are as long as.
            v[k] = unsafe { part_of(simd, self.start.add(k * self.pitch + i), count) };
        }
        v
    }
}

/// Expands coefficients by repeating each `plane` times, to `columns` elements per coefficient.
pub fn lay_out<T: Scalar, const N: usize>(
    table: &[[T; N]],
    plane: usize,
    into: &mut [T],
) -> Columns<T, N> {
    let pitch = table.len() * plane;
    assert!(into.len() >= N * pitch);
    for (place, coefficients) in table.iter().enumerate() {
        for k in 0..N {
            into[k * pitch + place * plane..][..plane].fill(coefficients[k]);
        }
    }
    Columns {
        start: into.as_ptr(),
        pitch,
    }
}

/// Number of small planes whose coefficients are expanded at a time.
pub fn block(plane: usize) -> usize {
    (COLUMNS / plane).max(1)
}
