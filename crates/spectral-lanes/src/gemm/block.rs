//! The register-blocked inner loop of a matrix product.

use crate::simd::Scalar;
use crate::simd::{Simd, Vector};

/// Rows per register block.
const ROWS: usize = 4;

/// `c[r, lane] (+)= Σ_k a[r, k]·panel[k, lane]`, with a strided left factor `a` and a packed right factor `panel`.
pub struct Block<T> {
    /// The first element of the left factor; term `k` of row `r` is at offset `r·row + k·term`.
    pub a: *const T,
    /// Stride between rows of the left factor.
    pub row: usize,
    /// Stride between terms of the left factor.
    pub term: usize,
    /// Number of rows.
    pub rows: usize,
    /// Number of terms per sum.
    pub terms: usize,
    /// The packed right factor, `[term][width]`.
    pub panel: *const T,
    /// Elements per term of the panel, a whole number of vectors.
    pub width: usize,
    /// The first element of the result; row `r` starts at offset `r·step`.
    pub c: *mut T,
    /// Stride between rows of the result.
    pub step: usize,
    /// Number of elements written per row.
    pub columns: usize,
    /// Whether to add to the existing contents of `c` instead of overwriting them.
    pub add: bool,
}

impl<T: Scalar> Block<T> {
    /// Computes the product.
    ///
    /// # Safety
    /// `a` must be readable for all rows and terms. `panel` must be readable for `terms·width` elements, where `width`
    /// is a whole number of vectors and at least `columns`. The first `columns` elements of every row of `c` must be
    /// writable and not accessed by any other thread.
    #[inline(always)]
    pub unsafe fn run<S: Simd<T>>(&self, simd: S) {
        let vectors = self.columns.div_ceil(S::LANES);
        let mut v = 0;
        // With 32 registers a block is 4 rows by 4 vectors, with 16 it is 4 rows by 2.
        // SAFETY: guaranteed by the caller.
        unsafe {
            if S::LANES * size_of::<T>() == 64 {
                while v + 4 <= vectors {
                    self.all_rows::<S, 4>(simd, v);
                    v += 4;
                }
            }
            while v + 2 <= vectors {
                self.all_rows::<S, 2>(simd, v);
                v += 2;
            }
            if v < vectors {
                self.all_rows::<S, 1>(simd, v);
            }
        }
    }

    /// # Safety
    /// Same as [`Self::run`].
    #[inline(always)]
    unsafe fn all_rows<S: Simd<T>, const V: usize>(&self, simd: S, v: usize) {
        let mut r = 0;
        // SAFETY: guaranteed by the caller.
        unsafe {
            while r + ROWS <= self.rows {
                self.sums::<S, ROWS, V>(simd, r, v);
                r += ROWS;
            }
            while r < self.rows {
                self.sums::<S, 1, V>(simd, r, v);
                r += 1;
            }
        }
    }

    /// # Safety
    /// Same as [`Self::run`], for `R` rows and `V` vectors.
    #[inline(always)]
    unsafe fn sums<S: Simd<T>, const R: usize, const V: usize>(&self, simd: S, r: usize, v: usize) {
        let mut sums = [[simd.splat(T::of(0.0)); V]; R];
        let mut a = self.a.wrapping_add(r * self.row);
        let mut panel = self.panel.wrapping_add(v * S::LANES);
        // SAFETY: guaranteed by the caller; only the part of the last vector within `columns` is written.
        unsafe {
            for _ in 0..self.terms {
                let mut x = [simd.splat(T::of(0.0)); V];
                for (i, x) in x.iter_mut().enumerate() {
                    *x = simd.load(panel.add(i * S::LANES));
                }
                for (m, sums) in sums.iter_mut().enumerate() {
                    let factor = simd.splat(*a.add(m * self.row));
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum = factor.mul_add(x, *sum);
                    }
                }
                a = a.wrapping_add(self.term);
                panel = panel.wrapping_add(self.width);
            }
            for (m, sums) in sums.iter().enumerate() {
                for (i, sum) in sums.iter().enumerate() {
                    let at = (v + i) * S::LANES;
                    let lanes = S::LANES.min(self.columns - at);
                    let to = self.c.add((r + m) * self.step + at);
                    if lanes == S::LANES {
                        let sum = if self.add { *sum + simd.load(to) } else { *sum };
                        simd.store(to, sum);
                    } else {
                        let there = simd.load_part(to, if self.add { lanes } else { 0 });
                        simd.store_part(to, *sum + there, lanes);
                    }
                }
            }
        }
    }
}
