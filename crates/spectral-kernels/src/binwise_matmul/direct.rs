//! Products directly from memory, without packing, for matrices with a single row or column.

use spectral_lanes::{Kernel, Scalar, Simd, Vector};

use super::operand::Product;

/// Vectors of frequencies summed together.
const ABREAST: usize = 4;

/// Outputs `first..first + count`, counted over all groups, rows and columns.
pub struct DirectTask<'a, T> {
    pub product: &'a Product<'a, T>,
    pub first: usize,
    pub count: usize,
}

impl<T: Scalar> Kernel<T> for DirectTask<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let p = self.product;
        for output in self.first..self.first + self.count {
            let (g, m, n) = (
                output / (p.rows * p.columns),
                output / p.columns % p.rows,
                output % p.columns,
            );
            let at = [
                p.a.group * g + p.a.line.at(m),
                p.b.group * g + p.b.line.at(n),
                p.c.group * g + p.c.row.at(m) + p.c.column.at(n),
            ];
            match (p.a.conjugated, p.b.conjugated) {
                (false, false) => one::<T, S, false, false>(simd, p, at),
                (true, false) => one::<T, S, true, false>(simd, p, at),
                (false, true) => one::<T, S, false, true>(simd, p, at),
                (true, true) => one::<T, S, true, true>(simd, p, at),
            }
        }
    }
}

#[inline(always)]
fn one<T: Scalar, S: Simd<T>, const CONJ_A: bool, const CONJ_B: bool>(
    simd: S,
    p: &Product<'_, T>,
    at: [usize; 3],
) {
    let mut k = 0;
    while k + ABREAST * S::LANES <= p.bins {
        sums::<T, S, ABREAST, CONJ_A, CONJ_B>(simd, p, at.map(|at| at + k), S::LANES);
        k += ABREAST * S::LANES;
    }
    while k < p.bins {
        sums::<T, S, 1, CONJ_A, CONJ_B>(simd, p, at.map(|at| at + k), S::LANES.min(p.bins - k));
        k += S::LANES;
    }
}

/// Loads elements `at..at + lanes` of a plane.
#[inline(always)]
fn read<T: Scalar, S: Simd<T>>(simd: S, plane: &[T], at: usize, lanes: usize) -> S::V {
    let part = &plane[at..at + lanes];
    // SAFETY: `part` holds `lanes` elements.
    unsafe {
        if lanes == S::LANES {
            simd.load(part.as_ptr())
        } else {
            simd.load_part(part.as_ptr(), lanes)
        }
    }
}

/// Sums over `V` vectors of frequencies; if `V` is 1, only over the first `lanes` lanes.
#[inline(always)]
fn sums<T: Scalar, S: Simd<T>, const V: usize, const CONJ_A: bool, const CONJ_B: bool>(
    simd: S,
    p: &Product<'_, T>,
    at: [usize; 3],
    lanes: usize,
) {
    let zero = simd.splat(T::of(0.0));
    let (mut re, mut im) = ([zero; V], [zero; V]);
    for term in 0..p.terms {
        let (a, b) = (at[0] + p.a.term.at(term), at[1] + p.b.term.at(term));
        for v in 0..V {
            let (a, b) = (a + v * S::LANES, b + v * S::LANES);
            let (ar, ai) = (
                read(simd, p.a.data.re, a, lanes),
                read(simd, p.a.data.im, a, lanes),
            );
            let (br, bi) = (
                read(simd, p.b.data.re, b, lanes),
                read(simd, p.b.data.im, b, lanes),
            );
            re[v] = ar.mul_add(br, re[v]);
            re[v] = if CONJ_A == CONJ_B {
                ai.neg_mul_add(bi, re[v])
            } else {
                ai.mul_add(bi, re[v])
            };
            im[v] = if CONJ_B {
                ar.neg_mul_add(bi, im[v])
            } else {
                ar.mul_add(bi, im[v])
            };
            im[v] = if CONJ_A {
                ai.neg_mul_add(br, im[v])
            } else {
                ai.mul_add(br, im[v])
            };
        }
    }
    for v in 0..V {
        let to = at[2] + v * S::LANES;
        // SAFETY: the output is valid for `lanes` elements from here, in a line that no other task writes.
        unsafe {
            if lanes == S::LANES {
                simd.store(p.c.re.at(to), re[v]);
                simd.store(p.c.im.at(to), im[v]);
            } else {
                simd.store_part(p.c.re.at(to), re[v], lanes);
                simd.store_part(p.c.im.at(to), im[v], lanes);
            }
        }
    }
}
