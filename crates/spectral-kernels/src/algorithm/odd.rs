//! Passes for odd prime radices without a hard-coded butterfly: direct sums, halved by symmetry.
//!
//! With `a_k = x_k + x_{R−k}` and `b_k = x_k − x_{R−k}`, outputs `j` and `R − j` are
//! `x_0 + Σ_k a_k cos(2πjk/R) ∓ i Σ_k b_k sin(2πjk/R)`, `k = 1, …, (R−1)/2`.

use spectral_lanes::{Kernel, Scalar, Simd, Vector};

use super::root;
use crate::view::{Complex, View, broadcast};

/// Largest prime factor handled here; above it, other algorithms are cheaper than (R−1)² multiplications.
pub const MAX_PRIME: usize = 199;
const MAX_PAIRS: usize = MAX_PRIME / 2;
/// Output pairs computed together, so that inputs are loaded from memory a quarter as often.
const BLOCK: usize = 4;

/// Cosines and sines for one radix.
pub struct OddTable<T> {
    radix: usize,
    /// For each block of output pairs and each `k`: the block's cosines, then its sines.
    factors: Vec<[[T; BLOCK]; 2]>,
}

impl<T: Scalar> OddTable<T> {
    pub fn new(radix: usize) -> Self {
        let pairs = radix / 2;
        let mut factors = Vec::new();
        for first in (1..=pairs).step_by(BLOCK) {
            for k in 1..=pairs {
                let mut entry = [[T::default(); BLOCK]; 2];
                for j in 0..BLOCK {
                    let [c, minus_s] = root::<f64>((first + j) * k, radix);
                    entry[0][j] = T::of(c);
                    entry[1][j] = T::of(-minus_s);
                }
                factors.push(entry);
            }
        }
        OddTable { radix, factors }
    }

    /// Size of the table in bytes.
    pub fn bytes(&self) -> usize {
        self.factors.capacity() * size_of::<[[T; BLOCK]; 2]>()
    }
}

pub struct OddPass<'a, T> {
    pub src: View<T>,
    pub dst: View<T>,
    pub m: usize,
    pub s: usize,
    pub twiddles: &'a [[T; 2]],
    pub table: &'a OddTable<T>,
}

impl<T: Scalar> Kernel<T> for OddPass<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let radix = self.table.radix;
        let pairs = radix / 2;
        let zero = Complex {
            re: simd.splat(T::of(0.0)),
            im: simd.splat(T::of(0.0)),
        };
        let mut sums = [zero; MAX_PAIRS];
        let mut differences = [zero; MAX_PAIRS];
        for p in 0..self.m {
            for q in 0..self.s {
                let at = |k: usize| q + self.s * (p + self.m * k);
                let to = |j: usize| q + self.s * (radix * p + j);
                // SAFETY: the view is valid for elements 0..R of butterfly (p, q).
                let first = unsafe { self.src.load(simd, at(0)) };
                let mut total = first;
                for k in 1..=pairs {
                    // SAFETY: as above.
                    let (x, y) = unsafe {
                        (
                            self.src.load(simd, at(k)),
                            self.src.load(simd, at(radix - k)),
                        )
                    };
                    sums[k - 1] = x + y;
                    differences[k - 1] = x - y;
                    total = total + sums[k - 1];
                }
                // SAFETY: all inputs of the butterfly have been read; the view is valid for its outputs.
                unsafe { self.dst.store(simd, to(0), total) };
                for (block, factors) in self.table.factors.chunks_exact(pairs).enumerate() {
                    let mut even = [first; BLOCK];
                    let mut odd = [zero; BLOCK];
                    for ((a, b), [c, s]) in
                        sums[..pairs].iter().zip(&differences[..pairs]).zip(factors)
                    {
                        for j in 0..BLOCK {
                            let (c, s) = (simd.splat(c[j]), simd.splat(s[j]));
                            even[j].re = a.re.mul_add(c, even[j].re);
                            even[j].im = a.im.mul_add(c, even[j].im);
                            odd[j].re = b.re.mul_add(s, odd[j].re);
                            odd[j].im = b.im.mul_add(s, odd[j].im);
                        }
                    }
                    for j in 0..BLOCK.min(pairs - block * BLOCK) {
                        let k = 1 + block * BLOCK + j;
                        let (mut x, mut y) = (even[j].sub_i(odd[j]), even[j].add_i(odd[j]));
                        if p > 0 {
                            let twiddles = &self.twiddles[(p - 1) * (radix - 1)..p * (radix - 1)];
                            x = x * broadcast(simd, twiddles[k - 1]);
                            y = y * broadcast(simd, twiddles[radix - k - 1]);
                        }
                        // SAFETY: as above.
                        unsafe {
                            self.dst.store(simd, to(k), x);
                            self.dst.store(simd, to(radix - k), y);
                        }
                    }
                }
            }
        }
    }
}
