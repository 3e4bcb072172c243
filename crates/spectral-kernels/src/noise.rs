//! Multiplicative normal noise that is not kept: every number's noise follows from a seed and its place.

use spectral_lanes::Scalar;
use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{InstructionSet, Kernel, Simd};

/// Numbers whose noise is drawn together, two from each draw.
const BLOCK: usize = 2 * PAIRS;
/// Draws made together: so many vectors of any instruction set that the compiler makes a loop of them.
const PAIRS: usize = 64;
/// Numbers that a task works on, a multiple of [`BLOCK`].
const TASK: usize = 1 << 13;

/// `y[i] = x[i]·(1 + deviation·n_i)` with `n_i` from the standard normal distribution, a function of `seed` and `i` alone.
///
/// The map is its own adjoint, and gives the same noise again whenever it is asked with the same seed, so that nothing of
/// the size of `x` is held for a backward pass. The noise has single precision in either type: two hashes of the place
/// (C. Wellons' *lowbias32*) make a uniform pair, and this a normal pair (Box and Muller, *A note on the generation of
/// random normal deviates*, 1958), of magnitudes up to 6.8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalNoise {
    /// What the noise follows from.
    pub seed: u64,
    /// Its standard deviation.
    pub deviation: f64,
}

impl NormalNoise {
    /// Multiplies.
    ///
    /// # Panics
    /// When the slices differ in length.
    pub fn multiply<T: Scalar>(&self, x: &[T], y: &mut [T]) {
        assert_eq!(x.len(), y.len(), "noise: lengths of input and output");
        T::enter::<WorkEntry>(Work {
            noise: *self,
            x,
            y: Shared::new(y),
        });
    }
}

/// The product over all numbers.
pub struct Work<'a, T> {
    noise: NormalNoise,
    x: &'a [T],
    y: Shared<T>,
}

spectral_lanes::entry!(WorkEntry, Work);

impl<T: Scalar> Work<'_, T> {
    /// Computes it, in parallel where it pays.
    pub fn run(self) {
        let len = self.x.len();
        let set = InstructionSet::current();
        for_each(len.div_ceil(TASK), len / 2, |task| {
            T::dispatch(
                set,
                Task {
                    work: &self,
                    first: task * TASK,
                },
            );
        });
    }
}

/// A task's numbers from `first` on.
struct Task<'a, T> {
    work: &'a Work<'a, T>,
    first: usize,
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, _simd: S) {
        let NormalNoise { seed, deviation } = self.work.noise;
        let deviation = deviation as f32;
        let x = &self.work.x[self.first..];
        let x = &x[..x.len().min(TASK)];
        // SAFETY: the output is as long as the input, and each task writes its own part.
        let y = unsafe { std::slice::from_raw_parts_mut(self.work.y.at(self.first), x.len()) };
        let blocks = x.chunks(BLOCK).zip(y.chunks_mut(BLOCK));
        for (block, (x, y)) in blocks.enumerate() {
            let place = self.first / BLOCK + block;
            let noise = normal_pairs(seed, (place * PAIRS) as u64);
            let noise = noise.as_flattened();
            for ((y, x), noise) in y.iter_mut().zip(x).zip(noise) {
                *y = *x * T::of(f64::from(1.0 + deviation * *noise));
            }
        }
    }
}

/// Two independent normal numbers from each of [`PAIRS`] places.
#[inline(always)]
fn normal_pairs(seed: u64, place: u64) -> [[f32; PAIRS]; 2] {
    let keys = keys(seed, place >> 32);
    let (mut radii, mut angles) = ([0u32; PAIRS], [0u32; PAIRS]);
    for lane in 0..PAIRS {
        let radius = hash((place as u32).wrapping_add(lane as u32) ^ keys[0]);
        radii[lane] = radius;
        angles[lane] = hash(radius.wrapping_add(keys[1]));
    }
    let mut sizes = [0f32; PAIRS];
    for lane in 0..PAIRS {
        sizes[lane] = (-2.0 * ln_of_fraction(radii[lane])).sqrt();
    }
    let (mut cosines, mut sines) = ([0f32; PAIRS], [0f32; PAIRS]);
    for lane in 0..PAIRS {
        let [cosine, sine] = circle(angles[lane]);
        cosines[lane] = cosine * sizes[lane];
        sines[lane] = sine * sizes[lane];
    }
    [cosines, sines]
}

/// Two words from a seed and the upper half of a place (SplitMix64: Steele, Lea and Flood, 2014).
#[inline(always)]
fn keys(seed: u64, high: u64) -> [u32; 2] {
    let mut z = seed.wrapping_add((high + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    [z as u32, (z >> 32) as u32]
}

#[inline(always)]
fn hash(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// `ln((bits + 1/2)/2³²)`.
#[inline(always)]
fn ln_of_fraction(bits: u32) -> f32 {
    const SQRT_HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
    const OFFSET: u32 = SQRT_HALF.to_bits();
    // Rounded to 24 bits; 2³² itself stands for what rounds up to it.
    let u = bits as f32 + 0.5;
    // u = 2^n·m with m from √½ to √2.
    let shifted = u.to_bits().wrapping_sub(OFFSET);
    let n = (shifted as i32 >> 23) - 32;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(OFFSET));
    // ln m = 2·artanh s with s = (m − 1)/(m + 1), |s| < 0.172.
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let series = 1.0 + s2 * (1.0 / 3.0 + s2 * (1.0 / 5.0 + s2 * (1.0 / 7.0 + s2 * (1.0 / 9.0))));
    n as f32 * std::f32::consts::LN_2 + 2.0 * s * series
}

/// Cosine and sine of `2π·bits/2³²`.
#[inline(always)]
fn circle(bits: u32) -> [f32; 2] {
    // The upper two bits, rounded, say which quarter; the rest is an angle from −π/4 to π/4.
    let quarter = bits.wrapping_add(1 << 29) >> 30;
    let rest = bits.wrapping_sub(quarter << 30) as i32;
    let r = rest as f32 * (std::f32::consts::TAU / 4_294_967_296.0);
    let r2 = r * r;
    let sine = r
        * (1.0
            + r2 * (-1.0 / 6.0
                + r2 * (1.0 / 120.0 + r2 * (-1.0 / 5040.0 + r2 * (1.0 / 362_880.0)))));
    let cosine =
        1.0 + r2 * (-0.5 + r2 * (1.0 / 24.0 + r2 * (-1.0 / 720.0 + r2 * (1.0 / 40_320.0))));
    // In bits, so that a loop over it runs in vectors.
    let swap = (quarter & 1).wrapping_neg();
    let (a, b) = (cosine.to_bits(), sine.to_bits());
    let swapped = (a ^ b) & swap;
    let (a, b) = (a ^ swapped, b ^ swapped);
    // Signs by quarter: cosine + − − +, sine + + − −.
    let negative = |bit: u32| (bit & 1) << 31;
    let cosine = f32::from_bits(a ^ negative((quarter ^ (quarter >> 1)) & 1));
    let sine = f32::from_bits(b ^ negative(quarter >> 1));
    [cosine, sine]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(seed: u64, count: usize) -> Vec<f64> {
        let ones = vec![1.0f64; count];
        let mut y = ones.clone();
        let deviation = 1.0;
        NormalNoise { seed, deviation }.multiply(&ones, &mut y);
        y.iter().map(|y| y - 1.0).collect()
    }

    #[test]
    fn logarithm_and_circle_are_those_of_the_library() {
        for bits in (0..u32::MAX - 9973)
            .step_by(9973)
            .chain([0, 1, 2, 3, u32::MAX])
        {
            let x = (f64::from(bits) + 0.5) / 4_294_967_296.0;
            let (got, want) = (f64::from(ln_of_fraction(bits)), x.ln());
            // The argument has 24 bits: near 1 that is what is left of the logarithm.
            assert!(
                (got - want).abs() < 3e-7 * want.abs() + 6.1e-8,
                "ln {x}: {got} {want}"
            );
            assert!(got <= 0.0);
            let angle = std::f64::consts::TAU * f64::from(bits) / 4_294_967_296.0;
            let [cosine, sine] = circle(bits).map(f64::from);
            assert!((cosine - angle.cos()).abs() < 3e-7, "cos {angle}: {cosine}");
            assert!((sine - angle.sin()).abs() < 3e-7, "sin {angle}: {sine}");
        }
    }

    #[test]
    fn draws_follow_the_normal_distribution() {
        let count = 4_000_000;
        let draws = draws(1, count);
        let count = count as f64;
        // Five deviations of a count of that probability.
        let near = |what: &str, got: usize, probability: f64| {
            let expected = probability * count;
            let limit = 5.0 * (expected * (1.0 - probability)).sqrt();
            assert!(
                (got as f64 - expected).abs() < limit,
                "{what}: {got} for {expected}"
            );
        };
        // The normal distribution function, from tables.
        for (x, below) in [
            (0.0, 0.5),
            (0.25, 0.598_706_325_682_923_7),
            (0.5, 0.691_462_461_274_013),
            (1.0, 0.841_344_746_068_543),
            (1.5, 0.933_192_798_731_141_9),
            (2.0, 0.977_249_868_051_820_8),
            (3.0, 0.998_650_101_968_37),
            (3.5, 0.999_767_370_920_964_5),
            (4.5, 0.999_996_602_326_875_3),
        ] {
            near(
                &format!("below {x}"),
                draws.iter().filter(|&&d| d < x).count(),
                below,
            );
            near(
                &format!("above -{x}"),
                draws.iter().filter(|&&d| d > -x).count(),
                below,
            );
        }
        for (power, want, spread) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
        {
            let got = draws.iter().map(|d: &f64| d.powi(power)).sum::<f64>() / count;
            assert!(
                (got - want).abs() < 5.0 * (spread / count).sqrt(),
                "moment {power}: {got}"
            );
        }
    }

    /// Means of products of two standard normal numbers, and of their squares, of `count` pairs.
    fn unrelated(what: &str, a: &[f64], b: &[f64]) {
        let count = a.len().min(b.len()) as f64;
        let mean =
            |f: fn(f64, f64) -> f64| a.iter().zip(b).map(|(&a, &b)| f(a, b)).sum::<f64>() / count;
        let limit = |spread: f64| 5.0 * (spread / count).sqrt();
        assert!(mean(|a, b| a * b).abs() < limit(1.0), "{what}");
        assert!(
            mean(|a, b| (a * a - 1.0) * (b * b - 1.0)).abs() < limit(4.0),
            "{what}, squares"
        );
        assert!(
            mean(|a, b| a * (b * b - 1.0)).abs() < limit(2.0),
            "{what}, square"
        );
    }

    #[test]
    fn one_draw_says_nothing_about_another() {
        let first = draws(1, 1_000_000);
        for lag in [1, 2, 7, 15, 16, 17, 31, 32, 33, 64, 784, 4096, 8192] {
            unrelated(&format!("lag {lag}"), &first, &first[lag..]);
        }
        for seed in [0, 2, 3, 1 << 32, (1 << 32) + 1, u64::MAX] {
            unrelated(&format!("seed {seed}"), &first, &draws(seed, first.len()));
        }
    }

    #[test]
    fn noise_depends_on_seed_and_place_alone() {
        let x: Vec<f32> = (0..30_011).map(|i| (i as f32 * 0.37).sin()).collect();
        let noise = NormalNoise {
            seed: 5,
            deviation: 0.25,
        };
        let run = |threads, len| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let mut y = vec![0f32; len];
            pool.install(|| noise.multiply(&x[..len], &mut y));
            y
        };
        let whole = run(3, x.len());
        assert_eq!(whole, run(1, x.len()));
        assert_eq!(whole[..8195], run(1, 8195));
        let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        let mut y = vec![0.0; x.len()];
        noise.multiply(&wide, &mut y);
        let close = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() < 1e-6;
        assert!(whole.iter().zip(&y).all(close));
        noise.multiply::<f32>(&[], &mut []);
    }
}
