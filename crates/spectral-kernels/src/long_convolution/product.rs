//! Products of the spectra of blocks.

use spectral_lanes::{Kernel, Scalar, Simd, Vector};

use super::blocks::Blocks;
use crate::view::{Complex, View};

/// Output blocks summed in registers.
const GROUP: usize = 4;

/// `a + x·y`.
#[inline(always)]
fn multiply_add<V: Vector>(a: Complex<V>, x: Complex<V>, y: Complex<V>) -> Complex<V> {
    Complex {
        re: x.im.neg_mul_add(y.im, x.re.mul_add(y.re, a.re)),
        im: x.im.mul_add(y.re, x.re.mul_add(y.im, a.im)),
    }
}

/// `a + x·conj(y)`.
#[inline(always)]
fn multiply_add_conjugate<V: Vector>(a: Complex<V>, x: Complex<V>, y: Complex<V>) -> Complex<V> {
    Complex {
        re: x.im.mul_add(y.im, x.re.mul_add(y.re, a.re)),
        im: x.re.neg_mul_add(y.im, x.im.mul_add(y.re, a.im)),
    }
}

/// `x_p ← Σ_j x_{p−j}·k_j`, bin by bin.
pub struct Convolve<T> {
    pub x: Blocks<T>,
    pub k: Blocks<T>,
    pub bins: usize,
}

impl<T: Scalar> Kernel<T> for Convolve<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        for f in 0..self.bins {
            let (x, k) = (self.x.bin(f, S::LANES), self.k.bin(f, S::LANES));
            // From the last block down, so that blocks are overwritten only after they were last read.
            let mut end = self.x.count;
            while end >= GROUP {
                self.group::<S, GROUP>(simd, x, k, end - GROUP);
                end -= GROUP;
            }
            while end > 0 {
                self.group::<S, 1>(simd, x, k, end - 1);
                end -= 1;
            }
        }
    }
}

impl<T: Scalar> Convolve<T> {
    /// Output blocks `first..first + G`.
    #[inline(always)]
    fn group<S: Simd<T>, const G: usize>(&self, simd: S, x: View<T>, k: View<T>, first: usize) {
        let zero = simd.splat(T::of(0.0));
        let mut sums = [Complex { re: zero, im: zero }; G];
        // SAFETY: reads blocks i = first + r − j with 0 ≤ i < count of x and j < count of k, and writes first + r.
        unsafe {
            for j in 0..self.k.count.min(first + 1) {
                let tap = k.load(simd, j);
                for r in 0..G {
                    sums[r] = multiply_add(sums[r], x.load(simd, first + r - j), tap);
                }
            }
            for j in first + 1..self.k.count.min(first + G) {
                let tap = k.load(simd, j);
                for r in 1..G {
                    if r >= j - first {
                        sums[r] = multiply_add(sums[r], x.load(simd, first + r - j), tap);
                    }
                }
            }
            for r in 0..G {
                x.store(simd, first + r, sums[r]);
            }
        }
    }
}

/// `out_o ← (out_o +) Σ_i a_{o+i}·conj(b_i)`, bin by bin. `out` may be the same as `a`.
pub struct Correlate<T> {
    pub a: Blocks<T>,
    pub b: Blocks<T>,
    pub out: Blocks<T>,
    /// Whether to add to the existing contents.
    pub add: bool,
    pub bins: usize,
}

impl<T: Scalar> Kernel<T> for Correlate<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        for f in 0..self.bins {
            let views = [self.a, self.b, self.out].map(|blocks| blocks.bin(f, S::LANES));
            let mut first = 0;
            while first + GROUP <= self.out.count {
                self.group::<S, GROUP>(simd, views, first);
                first += GROUP;
            }
            while first < self.out.count {
                self.group::<S, 1>(simd, views, first);
                first += 1;
            }
        }
    }
}

impl<T: Scalar> Correlate<T> {
    /// Output blocks `first..first + G`.
    #[inline(always)]
    fn group<S: Simd<T>, const G: usize>(&self, simd: S, [a, b, out]: [View<T>; 3], first: usize) {
        let zero = simd.splat(T::of(0.0));
        let mut sums = [Complex { re: zero, im: zero }; G];
        // The factors common to all outputs of the group, and those used by any of them.
        let all = self
            .b
            .count
            .min((self.a.count + 1).saturating_sub(first + G));
        let any = self.b.count.min(self.a.count.saturating_sub(first));
        // SAFETY: reads blocks first + r + i < count of a and i < count of b, and writes first + r < count of out. If
        // out is a, no later group reads that block.
        unsafe {
            if self.add {
                for r in 0..G {
                    sums[r] = out.load(simd, first + r);
                }
            }
            for i in 0..all {
                let factor = b.load(simd, i);
                for r in 0..G {
                    sums[r] = multiply_add_conjugate(sums[r], a.load(simd, first + r + i), factor);
                }
            }
            for i in all..any {
                let factor = b.load(simd, i);
                for r in 0..G {
                    if first + r + i < self.a.count {
                        sums[r] =
                            multiply_add_conjugate(sums[r], a.load(simd, first + r + i), factor);
                    }
                }
            }
            for r in 0..G {
                out.store(simd, first + r, sums[r]);
            }
        }
    }
}
