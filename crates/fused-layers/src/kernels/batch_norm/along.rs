//! Parts of vectors, and coefficients along a row: the same everywhere, or laid out for small planes.

use spectral_lanes::Scalar;
use spectral_lanes::Simd;

/// Places of the coefficients that are laid out for small planes, so that they stay in the first-level cache.
const COLUMNS: usize = 1024;

/// `count` numbers of a vector, all of them or the first.
///
/// # Safety
/// They must be readable.
#[inline(always)]
pub unsafe fn part_of<T: Scalar, S: Simd<T>>(simd: S, from: *const T, count: usize) -> S::V {
    // SAFETY: by the caller's promise.
    unsafe {
        if count == S::LANES {
            simd.load(from)
        } else {
            simd.load_part(from, count)
        }
    }
}

/// Writes `count` numbers of a vector.
///
/// # Safety
/// They must be writable.
#[inline(always)]
pub unsafe fn store_of<T: Scalar, S: Simd<T>>(simd: S, to: *mut T, v: S::V, count: usize) {
    // SAFETY: by the caller's promise.
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
    /// Those of `count` places from `i` on.
    ///
    /// # Safety
    /// The places must be in the row.
    unsafe fn at(self, simd: S, i: usize, count: usize) -> [S::V; N];
}

/// The same at every place.
#[derive(Clone, Copy)]
pub struct Uniform<V, const N: usize>(pub [V; N]);

impl<T: Scalar, S: Simd<T>, const N: usize> Along<T, S, N> for Uniform<S::V, N> {
    #[inline(always)]
    unsafe fn at(self, _simd: S, _i: usize, _count: usize) -> [S::V; N] {
        self.0
    }
}

/// Laid out, one array a coefficient.
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
            // SAFETY: the place is in the row by the caller's promise, and every array is as long.
            v[k] = unsafe { part_of(simd, self.start.add(k * self.pitch + i), count) };
        }
        v
    }
}

/// Lays out coefficients, each `plane` times; they are `columns` numbers each.
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

/// Small planes whose coefficients are laid out at a time.
pub fn block(plane: usize) -> usize {
    (COLUMNS / plane).max(1)
}
