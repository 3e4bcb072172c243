//! GELU, exact, and its derivative.
//!
//! With `t = |x|`, the tail of the normal distribution is `Q(t) = e^(−t²/2)·M(t)`. `M(t)·(t + k)` is smooth in
//! `s = (t − k)/(t + k)`, which maps all of `[0, ∞)` to `[−1, 1)`, and is computed as a polynomial in `s` (the form of
//! Shepherd and Laframboise, 1981). So there is one formula for all `x`, no cancellation in the tail, and one
//! exponential for value and derivative.

use std::ops::Range;

use spectral_lanes::parallel::{self, Shared};
use spectral_lanes::{InstructionSet, Kernel, MAX_LANES, Scalar, Simd, Vector, expect_len};

/// Elements per task.
const BLOCK: usize = 8 << 10;

/// `1/√(2π)`.
const DENSITY_AT_ZERO: f64 = 0.398_942_280_401_432_7;

/// Interpolation of `M(t)·(t + k)` at Chebyshev nodes in `s`, computed in 40 digits.
struct Tail {
    /// The `k` of the formula.
    k: f64,
    /// Beyond this `t`, `e^(−t²/2)` is below the smallest positive number.
    most: f64,
    /// Coefficients of the powers of `s`, the highest first.
    series: &'static [f64],
}

/// Relative error below 7e-9.
const SINGLE: Tail = Tail {
    k: 4.25,
    most: 14.5,
    series: &[
        -0.000_238_005_384_530_097_71,
        -0.000_371_605_032_780_516_86,
        0.002_183_702_717_039_419,
        -0.000_746_667_320_128_164_7,
        -0.019_365_610_356_722_71,
        0.085_271_252_747_340_29,
        -0.220_515_512_545_160_33,
        0.418_227_606_203_347_15,
        -0.625_129_783_714_232_9,
        0.759_554_207_277_590_2,
    ],
};

/// Relative error below 1e-17.
const DOUBLE: Tail = Tail {
    k: 5.5,
    most: 39.0,
    series: &[
        -2.606_774_740_968_199e-9,
        -5.739_104_186_181_403e-9,
        2.292_160_863_373_588e-8,
        5.045_535_636_850_466e-8,
        -1.774_331_453_557_289_8e-7,
        -2.679_659_862_617_942_5e-7,
        1.483_637_391_627_626_5e-6,
        4.464_370_634_092_104_6e-7,
        -1.211_874_250_226_164_8e-5,
        1.631_996_538_411_102_4e-5,
        7.141_478_894_513_676e-5,
        -0.000_324_522_653_133_188_4,
        0.000_269_604_015_614_540_7,
        0.002_442_982_675_730_465_3,
        -0.013_923_510_567_743_595,
        0.045_097_580_814_684_91,
        -0.109_703_089_958_559_87,
        0.217_872_432_857_973_95,
        -0.367_049_065_293_625_4,
        0.535_596_489_062_494_4,
        -0.685_183_420_574_338,
        0.773_769_634_276_406_8,
    ],
};

/// Computes GELU, `y = x·Φ(x)` (Hendrycks and Gimpel, 2016), where `Φ` is the distribution function of the standard
/// normal distribution. The limit at `−∞` is zero.
///
/// # Panics
/// If the slices differ in length.
pub fn gelu<T: Scalar>(x: &[T], y: &mut [T]) {
    expect("output", x.len(), y);
    run(Step::Value { x }, y);
}

/// Computes the gradient before GELU, `g = (Φ(x) + x·φ(x))·gy`, from the gradient `gy` after it.
///
/// # Panics
/// If the slices differ in length.
pub fn gelu_adjoint<T: Scalar>(x: &[T], gy: &[T], g: &mut [T]) {
    expect("output gradient", x.len(), gy);
    expect("input gradient", x.len(), g);
    run(Step::Adjoint { x, gy }, g);
}

/// Computes `y = gelu(a + b)` and, if asked for, the derivative there.
///
/// # Panics
/// If the slices differ in length.
pub fn add_gelu<T: Scalar>(a: &[T], b: &[T], y: &mut [T], derivative: Option<&mut [T]>) {
    expect("second summand", a.len(), b);
    expect("output", a.len(), y);
    if let Some(derivative) = &derivative {
        expect("derivative", a.len(), derivative);
    }
    let derivative = derivative.map(Shared::new);
    run(Step::OfSum { a, b, derivative }, y);
}

/// Computes `g = derivative·gy`.
///
/// # Panics
/// If the slices differ in length.
pub fn scale_gradient<T: Scalar>(derivative: &[T], gy: &[T], g: &mut [T]) {
    expect("output gradient", derivative.len(), gy);
    expect("input gradient", derivative.len(), g);
    run(Step::Product { derivative, gy }, g);
}

#[track_caller]
fn expect<T>(what: &str, expected: usize, slice: &[T]) {
    expect_len(&format!("GELU, {what}"), "real", expected, slice.len());
}

/// What is computed of which arrays.
#[derive(Clone, Copy)]
enum Step<'a, T> {
    Value {
        x: &'a [T],
    },
    Adjoint {
        x: &'a [T],
        gy: &'a [T],
    },
    OfSum {
        a: &'a [T],
        b: &'a [T],
        derivative: Option<Shared<T>>,
    },
    Product {
        derivative: &'a [T],
        gy: &'a [T],
    },
}

/// A step and its result; all arrays have the same length.
pub struct Work<'a, T> {
    step: Step<'a, T>,
    out: &'a mut [T],
}

spectral_lanes::entry!(GeluEntry, Work);

fn run<T: Scalar>(step: Step<'_, T>, out: &mut [T]) {
    T::enter::<GeluEntry>(Work { step, out });
}

impl<T: Scalar> Work<'_, T> {
    /// Runs the step, in parallel if there is enough work.
    pub fn run(self) {
        let (len, step, out) = (self.out.len(), self.step, Shared::new(self.out));
        let work = match step {
            Step::Product { .. } => len / 4,
            _ => len,
        };
        parallel::for_each(len.div_ceil(BLOCK), work, |block| {
            let start = block * BLOCK;
            let range = start..len.min(start + BLOCK);
            T::dispatch(InstructionSet::current(), Block { step, range, out });
        });
    }
}

/// The elements `range` of a step, which no other block has.
struct Block<'a, T> {
    step: Step<'a, T>,
    range: Range<usize>,
    out: Shared<T>,
}

impl<T: Scalar> Kernel<T> for Block<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let (out, range) = (self.out, self.range);
        match self.step {
            Step::Value { x } => each::<T, S>(range, |at| {
                let y = Gelu::of(simd, at.load(simd, x)).value();
                at.store(simd, out, y);
            }),
            Step::Adjoint { x, gy } => each::<T, S>(range, |at| {
                let derivative = Gelu::of(simd, at.load(simd, x)).derivative(simd);
                at.store(simd, out, derivative * at.load(simd, gy));
            }),
            Step::OfSum {
                a,
                b,
                derivative: None,
            } => each::<T, S>(range, |at| {
                let sum = at.load(simd, a) + at.load(simd, b);
                at.store(simd, out, Gelu::of(simd, sum).value());
            }),
            Step::OfSum {
                a,
                b,
                derivative: Some(derivative),
            } => each::<T, S>(range, |at| {
                let sum = at.load(simd, a) + at.load(simd, b);
                let gelu = Gelu::of(simd, sum);
                at.store(simd, out, gelu.value());
                at.store(simd, derivative, gelu.derivative(simd));
            }),
            Step::Product { derivative, gy } => each::<T, S>(range, |at| {
                let product = at.load(simd, derivative) * at.load(simd, gy);
                at.store(simd, out, product);
            }),
        }
    }
}

/// Up to a vector of consecutive elements.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    lanes: usize,
}

/// Calls `visit` with all places of a range.
#[inline(always)]
fn each<T: Scalar, S: Simd<T>>(range: Range<usize>, mut visit: impl FnMut(Place)) {
    for start in range.clone().step_by(S::LANES) {
        let lanes = S::LANES.min(range.end - start);
        visit(Place { start, lanes });
    }
}

impl Place {
    #[inline(always)]
    fn load<T: Scalar, S: Simd<T>>(self, simd: S, from: &[T]) -> S::V {
        let from = from[self.start..self.start + self.lanes].as_ptr();
        // SAFETY: the slice holds that many elements.
        unsafe {
            match self.lanes == S::LANES {
                true => simd.load(from),
                false => simd.load_part(from, self.lanes),
            }
        }
    }

    #[inline(always)]
    fn store<T: Scalar, S: Simd<T>>(self, simd: S, to: Shared<T>, v: S::V) {
        // SAFETY: all arrays of a step have the length that `Work::run` divides into ranges, of which no two tasks have
        // the same.
        unsafe {
            match self.lanes == S::LANES {
                true => simd.store(to.at(self.start), v),
                false => simd.store_part(to.at(self.start), v, self.lanes),
            }
        }
    }
}

/// What value and derivative consist of.
struct Gelu<V> {
    x: V,
    /// `|x|`, not beyond where the tail is zero.
    t: V,
    /// `Q(t)`.
    tail: V,
    /// `e^(−t²/2)`.
    bell: V,
}

impl<V: Vector> Gelu<V> {
    #[inline(always)]
    fn of<T: Scalar, S: Simd<T, V = V>>(simd: S, x: V) -> Self {
        let Tail { k, most, series } = match size_of::<T>() {
            4 => SINGLE,
            _ => DOUBLE,
        };
        let number = |value: f64| simd.splat(T::of(value));
        let magnitude = x.select_positive(x, number(0.0) - x);
        let t = magnitude.select_above(number(most), number(most), magnitude);

        let square = t * t;
        // With a fused product, what rounding took from the square.
        let rest = t.mul_sub(t, square);
        let mut lanes = [[T::of(0.0); MAX_LANES]; 2];
        // SAFETY: the arrays hold the widest vector.
        unsafe {
            simd.store(lanes[0].as_mut_ptr(), square * number(-0.5));
            simd.store(lanes[1].as_mut_ptr(), t + number(k));
        }
        for lane in 0..S::LANES {
            lanes[0][lane] = lanes[0][lane].exp_in_lanes();
            lanes[1][lane] = T::of(1.0) / lanes[1][lane];
        }
        // SAFETY: as above.
        let [bell, inverse] =
            unsafe { [simd.load(lanes[0].as_ptr()), simd.load(lanes[1].as_ptr())] };
        let bell = (rest * number(0.5)).neg_mul_add(bell, bell);

        let s = inverse.neg_mul_add(number(2.0 * k), number(1.0));
        let mut sum = number(series[0]);
        for term in 1..series.len() {
            sum = sum.mul_add(s, number(series[term]));
        }
        let tail = bell * (sum * inverse);
        Gelu { x, t, tail, bell }
    }

    /// `x·Φ(x) = max(x, 0) − t·Q(t)`, also for infinite `x`.
    #[inline(always)]
    fn value(&self) -> V {
        self.t.neg_mul_add(self.tail, self.x.relu())
    }

    /// `Φ(x) + x·φ(x)`: with `w = Q(t) − t·φ(t)`, it is `w` for negative `x` and `1 − w` for others.
    #[inline(always)]
    fn derivative<T: Scalar, S: Simd<T, V = V>>(&self, simd: S) -> V {
        let density = self.bell * simd.splat(T::of(DENSITY_AT_ZERO));
        let below = self.t.neg_mul_add(density, self.tail);
        let slope = self
            .x
            .select_positive(simd.splat(T::of(1.0)) - below, below);
        // NaN differs from itself.
        self.x.select_equal(self.x, slope, self.x)
    }
}

#[cfg(test)]
#[allow(clippy::excessive_precision)]
mod tests {
    use super::*;

    /// `Φ(x)`: near zero by a series of positive terms (Marsaglia, 2004), in the tails by a continued fraction.
    fn distribution(x: f64) -> f64 {
        let density = (-x * x / 2.0).exp() * DENSITY_AT_ZERO;
        let t = x.abs();
        if t < 2.5 {
            let (mut term, mut sum, mut odd) = (x, x, 1.0);
            while sum + term != sum {
                odd += 2.0;
                term *= x * x / odd;
                sum += term;
            }
            return 0.5 + density * sum;
        }
        let fraction = (1..200).rev().fold(t, |below, n| t + f64::from(n) / below);
        match x < 0.0 {
            true => density / fraction,
            false => 1.0 - density / fraction,
        }
    }

    /// Value and derivative.
    fn expected(x: f64) -> [f64; 2] {
        let below = distribution(x);
        let density = (-x * x / 2.0).exp() * DENSITY_AT_ZERO;
        [x * below, below + x * density]
    }

    /// Values and derivatives on an instruction set.
    fn computed<T: Scalar>(set: InstructionSet, x: &[T]) -> [Vec<T>; 2] {
        let zeros = vec![T::of(0.0); x.len()];
        let [mut y, mut derivative] = [zeros.clone(), zeros.clone()];
        let step = Step::OfSum {
            a: x,
            b: &zeros,
            derivative: Some(Shared::new(&mut derivative)),
        };
        let (range, out) = (0..x.len(), Shared::new(&mut y));
        T::dispatch(set, Block { step, range, out });
        [y, derivative]
    }

    /// The largest errors of value and derivative, absolute and relative to the value.
    fn worst<T: Scalar>(set: InstructionSet) -> [f64; 3] {
        let grid: Vec<T> = (-10_000..=10_000)
            .map(|i| T::of(f64::from(i) * 1.0007e-3))
            .collect();
        let [y, derivative] = computed(set, &grid);
        let mut worst = [0.0f64; 3];
        for i in 0..grid.len() {
            let [value, slope] = expected(grid[i].widen());
            let error = (y[i].widen() - value).abs();
            worst[0] = worst[0].max(error / value.abs().max(1.0));
            worst[1] = worst[1].max((derivative[i].widen() - slope).abs());
            if value != 0.0 {
                worst[2] = worst[2].max(error / value.abs());
            }
        }
        worst
    }

    #[test]
    fn values_and_derivatives_are_accurate() {
        for &set in InstructionSet::available() {
            let single = worst::<f32>(set);
            let double = worst::<f64>(set);
            assert!(
                single[0] < 1.5e-7 && single[1] < 2.5e-7,
                "{set:?}: {single:?}"
            );
            assert!(
                double[0] < 2e-15 && double[1] < 2e-15,
                "{set:?}: {double:?}"
            );
        }
    }

    /// Computed with mpmath in 40 digits.
    const GOLDEN: [[f64; 3]; 15] = [
        [
            -37.5,
            -1.727_007_378_593_233e-306,
            -6.476_271_143_055_813e-305,
        ],
        [
            -12.0,
            -2.131_778_534_493_215e-32,
            -2.557_895_661_674_896e-31,
        ],
        [-5.5, -1.044_425_935_623_824_6e-7, -5.733_472_398_739_925e-7],
        [-2.0, -0.045_500_263_896_358_41, -0.085_231_801_078_196_9],
        [-0.751_791_524_693_564, -0.169_971_207_479_903_66, 1.85e-16],
        [-0.5, -0.154_268_769_362_993_45, 0.132_504_875_343_837_16],
        [-1e-3, -0.000_499_601_057_786_089, 0.499_202_115_705_158_6],
        [0.0, 0.0, 0.5],
        [1e-3, 0.000_500_398_942_213_911_1, 0.500_797_884_294_841_4],
        [0.3, 0.185_373_426_656_685_78, 0.732_327_766_827_109_9],
        [1.0, 0.841_344_746_068_542_9, 1.083_315_470_587_686_3],
        [2.5, 2.484_475_836_685_56, 1.037_611_085_908_145_2],
        [4.0, 3.999_873_315_032_667_5, 1.000_503_649_661_226_4],
        [8.0, 7.999_999_999_999_995, 1.000_000_000_000_039_8],
        [40.0, 40.0, 1.0],
    ];

    #[test]
    fn values_match_golden_numbers() {
        let x = GOLDEN.map(|[x, ..]| x);
        for &set in InstructionSet::available() {
            let [y, derivative] = computed(set, &x);
            for (i, [x, value, slope]) in GOLDEN.into_iter().enumerate() {
                // Far out, the argument of the exponential is large, so its rounding weighs more.
                let limit = 1e-15 * (1.0 + x * x / 2.0);
                assert!((y[i] - value).abs() <= limit * value.abs(), "{set:?} {x}");
                let scale = slope.abs().max(if x.abs() < 1.0 { 1.0 } else { 0.0 });
                assert!(
                    (derivative[i] - slope).abs() <= limit * scale,
                    "{set:?} {x}"
                );
            }
        }
    }

    fn check_limits<T: Scalar>() {
        let infinity = f64::INFINITY;
        let x = [
            infinity,
            1e30,
            40.0,
            -40.0,
            -1e30,
            -infinity,
            f64::NAN,
            -0.0,
        ]
        .map(T::of);
        for &set in InstructionSet::available() {
            let [y, derivative] = computed(set, &x);
            for i in 0..6 {
                let positive = i < 3;
                let [value, slope] = if positive {
                    [x[i], T::of(1.0)]
                } else {
                    [T::of(0.0); 2]
                };
                assert!(
                    y[i] == value && derivative[i] == slope,
                    "{set:?} {:?}",
                    x[i]
                );
            }
            assert!(
                y[6].widen().is_nan() && derivative[6].widen().is_nan(),
                "{set:?}"
            );
            assert!(y[7] == T::of(0.0) && derivative[7] == T::of(0.5), "{set:?}");
        }
    }

    #[test]
    fn infinities_and_nan_are_as_they_should_be() {
        check_limits::<f32>();
        check_limits::<f64>();
    }

    fn check_steps<T: Scalar>() {
        let half = T::of(0.5);
        for len in [0, 1, 7, 33, BLOCK - 1, 3 * BLOCK + 5] {
            let x: Vec<T> = (0..len)
                .map(|i| T::of((i * 7919 % 2003) as f64 / 200.0 - 5.0))
                .collect();
            let gy: Vec<T> = (0..len).map(|i| T::of((i % 13) as f64 - 6.0)).collect();
            let [y, derivative] = computed(InstructionSet::current(), &x);
            let empty = vec![T::of(f64::NAN); len];

            let mut got = empty.clone();
            gelu(&x, &mut got);
            assert!(got == y, "{len}");

            let product: Vec<T> = derivative.iter().zip(&gy).map(|(d, g)| *d * *g).collect();
            let mut got = empty.clone();
            gelu_adjoint(&x, &gy, &mut got);
            assert!(got == product, "{len}");
            let mut got = empty.clone();
            scale_gradient(&derivative, &gy, &mut got);
            assert!(got == product, "{len}");

            // The halves of a number add up to it exactly.
            let halves: Vec<T> = x.iter().map(|x| *x * half).collect();
            let (mut got, mut slope) = (empty.clone(), empty.clone());
            add_gelu(&halves, &halves, &mut got, None);
            assert!(got == y, "{len}");
            let mut got = empty.clone();
            add_gelu(&halves, &halves, &mut got, Some(&mut slope));
            assert!(got == y && slope == derivative, "{len}");
        }
    }

    #[test]
    fn the_steps_agree_over_any_number_of_blocks() {
        check_steps::<f32>();
        check_steps::<f64>();
    }

    #[test]
    #[should_panic(expected = "GELU, output: expected 3 real elements, got 2")]
    fn lengths_must_agree() {
        gelu(&[1.0f32; 3], &mut [0.0; 2]);
    }
}
