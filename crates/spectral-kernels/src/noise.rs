//! Multiplicative Gaussian noise that is never stored: the noise of every element is a function of a seed and its
//! index.

use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd};

/// Elements whose noise is generated together, two per draw.
const BLOCK: usize = 2 * PAIRS;
/// Draws generated together: enough for the compiler to vectorize, for any instruction set.
const PAIRS: usize = 64;
/// Elements per task, a multiple of [`BLOCK`].
const TASK: usize = 1 << 13;

/// Multiplicative Gaussian noise, `y[i] = x[i]·(1 + deviation·n_i)`, where `n_i` is standard normal and depends only on
/// `seed` and `i`.
///
/// The map is its own adjoint. The same seed generates the same noise again, so that nothing of the size of `x` needs
/// to be stored for a backward pass. The noise has single precision for both number types: two hashes of the index (C.
/// Wellons' *lowbias32*) give a pair of uniform numbers, which the Box–Muller transform (*A note on the generation of
/// random normal deviates*, 1958) turns into a pair of normal ones, of magnitude up to 6.8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalNoise {
    /// The seed.
    pub seed: u64,
    /// The standard deviation of the noise.
    pub deviation: f64,
}

impl NormalNoise {
    /// Computes `y[i] = x[i]·(1 + deviation·n_i)`.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn multiply<T: Scalar>(&self, x: &[T], y: &mut [T]) {
        assert_eq!(
            x.len(),
            y.len(),
            "noise: input and output lengths must be equal"
        );
        T::enter::<WorkEntry>(Work {
            noise: *self,
            x,
            y: Shared::new(y),
        });
    }
}

/// The product over all elements.
pub struct Work<'a, T> {
    noise: NormalNoise,
    x: &'a [T],
    y: Shared<T>,
}

spectral_lanes::entry!(WorkEntry, Work);

impl<T: Scalar> Work<'_, T> {
    /// Runs the computation, in parallel if it is large enough.
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

/// A range of elements, starting with `first`.
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
        // SAFETY: the output is as long as the input, and each task writes only its own part.
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

/// Two independent normal numbers for each of [`PAIRS`] indices.
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

/// Two hash keys from a seed and the upper half of an index (SplitMix64: Steele, Lea and Flood, 2014).
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
    // Rounded to 24 bits; values that round up become 2³².
    let u = bits as f32 + 0.5;
    // u = 2^n·m, with m between √½ and √2.
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
    // The upper two bits, rounded, give the quadrant; the rest is an angle between −π/4 and π/4.
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
    // On bits, so that the loop can be vectorized.
    let swap = (quarter & 1).wrapping_neg();
    let (a, b) = (cosine.to_bits(), sine.to_bits());
    let swapped = (a ^ b) & swap;
    let (a, b) = (a ^ swapped, b ^ swapped);
    // Signs by quadrant: cosine + − − +, sine + + − −.
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
    fn logarithm_and_circle_match_the_standard_library() {
        for bits in (0..u32::MAX - 9973)
            .step_by(9973)
            .chain([0, 1, 2, 3, u32::MAX])
        {
            let x = (f64::from(bits) + 0.5) / 4_294_967_296.0;
            let (got, want) = (f64::from(ln_of_fraction(bits)), x.ln());
            // The argument has 24 bits, which limits the accuracy of the logarithm near 1.
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
        // Five standard deviations of a count with that probability.
        let near = |what: &str, got: usize, probability: f64| {
            let expected = probability * count;
            let limit = 5.0 * (expected * (1.0 - probability)).sqrt();
            assert!(
                (got as f64 - expected).abs() < limit,
                "{what}: {got} for {expected}"
            );
        };
        // The cumulative normal distribution, from tables.
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

    /// Checks that the means of the products of two standard normal sequences, and of their squares, are as if
    /// independent.
    fn assert_independent(what: &str, a: &[f64], b: &[f64]) {
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
    fn draws_are_independent() {
        let first = draws(1, 1_000_000);
        for lag in [1, 2, 7, 15, 16, 17, 31, 32, 33, 64, 784, 4096, 8192] {
            assert_independent(&format!("lag {lag}"), &first, &first[lag..]);
        }
        for seed in [0, 2, 3, 1 << 32, (1 << 32) + 1, u64::MAX] {
            assert_independent(&format!("seed {seed}"), &first, &draws(seed, first.len()));
        }
    }

    #[test]
    fn noise_depends_only_on_seed_and_index() {
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
