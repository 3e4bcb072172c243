//! Mixed-radix Stockham transform: self-sorting, with each pass going from one buffer to another.
//!
//! With `n = R·m` points remaining and `s` the product of the radices already processed, a pass computes for `p < m`,
//! `q < s`
//!
//! ```text
//! y[q + s(Rp + j)] = exp(−2πi jp/n) · Σ_k x[q + s(p + mk)] exp(−2πi jk/R)
//! ```

use spectral_lanes::{Kernel, MAX_LANES, Scalar, Simd};

use super::butterfly::{LENGTHS, butterfly};
use super::odd::{MAX_PRIME, OddPass, OddTable};
use super::root;
use crate::view::{Complex, View, broadcast};

/// Measured cost of processing `R` elements in one pass, in units of about one complex vector operation.
fn cost(radix: usize) -> f64 {
    match radix {
        2 => 6.0,
        3 => 11.0,
        4 => 15.0,
        5 => 24.0,
        6 => 30.0,
        7 => 42.0,
        8 => 38.0,
        10 => 60.0,
        12 => 68.0,
        14 => 105.0,
        15 => 110.0,
        16 => 95.0,
        prime => {
            let pairs = (prime / 2) as f64;
            4.0 * pairs * pairs + 12.0 * pairs
        }
    }
}

struct Step<T> {
    radix: usize,
    /// Number of transforms remaining per signal; the range of `p`.
    m: usize,
    /// Product of the preceding radices.
    s: usize,
    /// `exp(−2πi jp/n)` for `p = 1, …, m−1`, then `j = 1, …, R−1`.
    twiddles: Vec<[T; 2]>,
    /// Table for radices without a butterfly.
    odd: Option<OddTable<T>>,
}

/// The passes for one length.
pub struct Stockham<T> {
    n: usize,
    steps: Vec<Step<T>>,
}

/// The cheapest factorization of `n` into radices, or `None` if a prime factor is too large.
fn factor(n: usize) -> Option<Vec<usize>> {
    fn best(n: usize, known: &mut Vec<(usize, Option<(f64, usize)>)>) -> Option<(f64, usize)> {
        if n == 1 {
            return Some((0.0, 1));
        }
        if let Some((_, found)) = known.iter().find(|(len, _)| *len == n) {
            return *found;
        }
        let mut found: Option<(f64, usize)> = None;
        let primes = (11..=MAX_PRIME.min(n))
            .filter(|p| (2..*p).take_while(|d| d * d <= *p).all(|d| p % d != 0));
        for radix in LENGTHS
            .into_iter()
            .chain(primes)
            .filter(|radix| n.is_multiple_of(*radix))
        {
            if let Some((rest, _)) = best(n / radix, known) {
                // Cost per element of the signal, so that the costs of successive passes add up.
                let total = rest + cost(radix) / radix as f64;
                if found.is_none_or(|(least, _)| total < least) {
                    found = Some((total, radix));
                }
            }
        }
        known.push((n, found));
        found
    }
    let mut known = Vec::new();
    let mut radices = Vec::new();
    let mut rest = n;
    while rest > 1 {
        let (_, radix) = best(rest, &mut known)?;
        radices.push(radix);
        rest /= radix;
    }
    // The last pass has no twiddle factors and the first has the most.
    radices.sort_unstable();
    Some(radices)
}

impl<T: Scalar> Stockham<T> {
    /// Plans a transform of length `n`, or returns `None` if a prime factor of `n` is too large.
    pub fn new(n: usize) -> Option<Self> {
        let mut steps = Vec::new();
        let (mut rest, mut s) = (n, 1);
        for radix in factor(n)? {
            let m = rest / radix;
            let twiddles = (1..m)
                .flat_map(|p| (1..radix).map(move |j| root(j * p, rest)))
                .collect();
            let odd = (!LENGTHS.contains(&radix)).then(|| OddTable::new(radix));
            steps.push(Step {
                radix,
                m,
                s,
                twiddles,
                odd,
            });
            rest = m;
            s *= radix;
        }
        Some(Stockham { n, steps })
    }

    /// Size of the tables in bytes.
    pub fn bytes(&self) -> usize {
        let step = |step: &Step<T>| {
            size_of::<Step<T>>()
                + step.twiddles.capacity() * size_of::<[T; 2]>()
                + step.odd.as_ref().map_or(0, OddTable::bytes)
        };
        self.steps.iter().map(step).sum()
    }

    /// Elements of scratch memory that [`Self::run`] requires.
    pub fn scratch_len(&self, lanes: usize) -> usize {
        2 * lanes * self.n * self.steps.len().saturating_sub(1).min(2)
    }

    /// Transforms one block of lanes from `src` to `dst`, which may be identical.
    ///
    /// # Safety
    /// Both views must be valid for `n` elements of [`Simd::LANES`] lanes, and be either identical or disjoint.
    #[inline(always)]
    pub unsafe fn run<S: Simd<T>>(&self, simd: S, src: View<T>, dst: View<T>, scratch: &mut [T]) {
        assert!(scratch.len() >= self.scratch_len(S::LANES));
        let half = 2 * S::LANES * self.n;
        let start = scratch.as_mut_ptr();
        let buffers = [
            View::interleaved(start, S::LANES),
            View::interleaved(start.wrapping_add(half), S::LANES),
        ];
        let last = self.steps.len().wrapping_sub(1);
        let mut from = src;
        for (i, step) in self.steps.iter().enumerate() {
            let to = if i == last { dst } else { buffers[i % 2] };
            // SAFETY: both views are valid for `n` elements. If a pass reads and writes the same view, it is the only
            // pass and consists of a single butterfly.
            unsafe { step.run(simd, from, to) };
            from = to;
        }
        if self.steps.is_empty() {
            // SAFETY: each view is valid for one element.
            unsafe { dst.store(simd, 0, src.load(simd, 0)) };
        }
    }
}

impl<T: Scalar> Step<T> {
    #[inline(always)]
    unsafe fn run<S: Simd<T>>(&self, simd: S, src: View<T>, dst: View<T>) {
        macro_rules! pass {
            ($($radix:literal)*) => {
                match self.radix {
                    $($radix => simd.call(Pass::<T, $radix> { src, dst, m: self.m, s: self.s, twiddles: &self.twiddles }),)*
                    _ => if let Some(table) = &self.odd {
                        simd.call(OddPass { src, dst, m: self.m, s: self.s, twiddles: &self.twiddles, table })
                    }
                }
            };
        }
        pass!(2 3 4 5 6 7 8 10 12 14 15 16);
    }
}

struct Pass<'a, T, const R: usize> {
    src: View<T>,
    dst: View<T>,
    m: usize,
    s: usize,
    twiddles: &'a [[T; 2]],
}

impl<T: Scalar, const R: usize> Kernel<T> for Pass<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Pass {
            src,
            dst,
            m,
            s,
            twiddles,
        } = self;
        debug_assert!(S::LANES <= MAX_LANES && twiddles.len() == (m - 1) * (R - 1));
        for q in 0..s {
            // SAFETY: q + smk < s·m·R = n.
            let x = unsafe { read::<T, S, R>(simd, src, q, s * m) };
            for j in 0..R {
                // SAFETY: q + sj < s·R ≤ n.
                unsafe { dst.store(simd, q + s * j, x[j]) };
            }
        }
        for (p, twiddles) in (1..m).zip(twiddles.chunks_exact(R - 1)) {
            for q in 0..s {
                // SAFETY: q + s(p + mk) < s·m·R = n.
                let x = unsafe { read::<T, S, R>(simd, src, q + s * p, s * m) };
                // SAFETY: q + s(Rp + j) < s·R·m = n.
                unsafe { dst.store(simd, q + s * R * p, x[0]) };
                for j in 1..R {
                    let turned = x[j] * broadcast(simd, twiddles[j - 1]);
                    // SAFETY: as above.
                    unsafe { dst.store(simd, q + s * (R * p + j), turned) };
                }
            }
        }
    }
}

/// Transforms elements `first`, `first + step`, ….
///
/// # Safety
/// The view must be valid for `R` of these elements.
#[inline(always)]
unsafe fn read<T: Scalar, S: Simd<T>, const R: usize>(
    simd: S,
    src: View<T>,
    first: usize,
    step: usize,
) -> [Complex<S::V>; R] {
    let zero = simd.splat(T::of(0.0));
    let mut x = [Complex { re: zero, im: zero }; R];
    for k in 0..R {
        // SAFETY: guaranteed by the caller.
        x[k] = unsafe { src.load(simd, first + step * k) };
    }
    butterfly::<T, S, R>(simd, &mut x);
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radices_multiply_to_the_length() {
        for n in 1..=2000 {
            if let Some(radices) = factor(n) {
                assert_eq!(radices.iter().product::<usize>(), n, "{radices:?}");
            }
        }
    }

    #[test]
    fn only_large_prime_factors_are_rejected() {
        assert!(
            factor(150).is_some() && factor(MAX_PRIME).is_some() && factor(1024 * 81).is_some()
        );
        assert!(factor(2 * 509).is_none());
    }
}
