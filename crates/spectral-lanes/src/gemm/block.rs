//! Sums in registers: a few rows by a few vectors.

use crate::simd::Scalar;
use crate::simd::{Simd, Vector};

/// Rows summed together.
const ROWS: usize = 4;

/// `c[r, lane] (+)= Σ_k a[r,k]·panel[k, lane]`, with `a` anywhere in memory and the panel packed.
pub struct Block<T> {
    /// First of the factors; row `r` of term `k` lies at `r·row + k·term`.
    pub a: *const T,
    /// Distance from row to row of the left factor.
    pub row: usize,
    /// Distance from term to term of the left factor.
    pub term: usize,
    /// Rows.
    pub rows: usize,
    /// Terms of each sum.
    pub terms: usize,
    /// Whole vectors, `width` numbers a term.
    pub panel: *const T,
    /// Numbers of the panel per term.
    pub width: usize,
    /// Row `r` of the result starts at `r·step`.
    pub c: *mut T,
    /// Distance from row to row of the result.
    pub step: usize,
    /// Numbers of a row that are written.
    pub columns: usize,
    /// Whether the sums are added to what is there.
    pub add: bool,
}

impl<T: Scalar> Block<T> {
    /// # Safety
    /// `a` must be readable for all rows and terms, the panel for `terms·width` numbers with `width ≥ columns` in whole
    /// vectors, and `columns` numbers of every row of `c` be writable and used by nobody else.
    #[inline(always)]
    pub unsafe fn run<S: Simd<T>>(&self, simd: S) {
        let vectors = self.columns.div_ceil(S::LANES);
        let mut v = 0;
        // 32 registers hold 4 rows of 4 vectors, 16 hold 4 of 2.
        // SAFETY: by the caller's promise.
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
    /// As for [`Self::run`].
    #[inline(always)]
    unsafe fn all_rows<S: Simd<T>, const V: usize>(&self, simd: S, v: usize) {
        let mut r = 0;
        // SAFETY: by the caller's promise.
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
    /// As for [`Self::run`], of `R` rows and `V` vectors.
    #[inline(always)]
    unsafe fn sums<S: Simd<T>, const R: usize, const V: usize>(&self, simd: S, r: usize, v: usize) {
        let mut sums = [[simd.splat(T::of(0.0)); V]; R];
        let mut a = self.a.wrapping_add(r * self.row);
        let mut panel = self.panel.wrapping_add(v * S::LANES);
        // SAFETY: by the caller's promise; the last vector of a row is written in part.
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
