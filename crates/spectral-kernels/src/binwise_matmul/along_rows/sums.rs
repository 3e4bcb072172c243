//! Sums in registers: a few vectors of rows by a few columns, at one frequency.

use spectral_lanes::{Kernel, Scalar, Simd, Vector};

/// Vectors of rows per register block.
pub const VECTORS: usize = 2;

/// Columns per register block: 4 with 32 registers, 2 with 16.
pub const fn columns_together(vector_bytes: usize) -> usize {
    if vector_bytes == 64 { 4 } else { 2 }
}

/// `c[n, lane] (+)= Σ_p a[p, lane]·b[p, n]` for `V` vectors and `N` columns.
///
/// Invariant, upheld wherever this struct is constructed: `a` and `b` are valid for all terms, and nothing else
/// accesses these elements of `c` meanwhile.
pub struct Sums<T, const V: usize, const N: usize> {
    /// `[term][vector][re, im][lane]`.
    pub a: *const T,
    /// Real and imaginary parts of the first term of the first column.
    pub b: [*const T; 2],
    /// Strides of `b` between terms and between columns.
    pub b_steps: [usize; 2],
    pub terms: usize,
    /// Real parts of the first vector and column; the imaginary parts are `c_steps[1]` elements further on.
    pub c: *mut T,
    /// Strides of `c` between vectors, from real to imaginary parts, and between columns.
    pub c_steps: [usize; 3],
    /// Whether to add to the sums of earlier terms in `c`.
    pub add: bool,
    /// Whether to store the conjugate.
    pub conjugate: bool,
}

impl<T: Scalar, const V: usize, const N: usize> Kernel<T> for Sums<T, V, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let zero = simd.splat(T::of(0.0));
        let (mut re, mut im) = ([[zero; N]; V], [[zero; N]; V]);
        let at = |v: usize, part: usize, n: usize| {
            let [vector, plane, column] = self.c_steps;
            self.c.wrapping_add(v * vector + part * plane + n * column)
        };
        let (mut a, [mut br, mut bi]) = (self.a, self.b);
        let [term, column] = self.b_steps;
        // SAFETY: guaranteed by the struct's invariant.
        unsafe {
            if self.add {
                for v in 0..V {
                    for n in 0..N {
                        re[v][n] = simd.load(at(v, 0, n));
                        im[v][n] = simd.load(at(v, 1, n));
                    }
                }
            }
            for _ in 0..self.terms {
                let (mut ar, mut ai) = ([zero; V], [zero; V]);
                for v in 0..V {
                    ar[v] = simd.load(a.add(2 * v * S::LANES));
                    ai[v] = simd.load(a.add((2 * v + 1) * S::LANES));
                }
                for n in 0..N {
                    let x = simd.splat(*br.add(n * column));
                    let y = simd.splat(*bi.add(n * column));
                    for v in 0..V {
                        re[v][n] = ar[v].mul_add(x, re[v][n]);
                        im[v][n] = ar[v].mul_add(y, im[v][n]);
                    }
                    for v in 0..V {
                        re[v][n] = ai[v].neg_mul_add(y, re[v][n]);
                        im[v][n] = ai[v].mul_add(x, im[v][n]);
                    }
                }
                a = a.add(2 * V * S::LANES);
                (br, bi) = (br.wrapping_add(term), bi.wrapping_add(term));
            }
            for v in 0..V {
                for n in 0..N {
                    if self.conjugate {
                        im[v][n] = zero - im[v][n];
                    }
                    simd.store(at(v, 0, n), re[v][n]);
                    simd.store(at(v, 1, n), im[v][n]);
                }
            }
        }
    }
}
