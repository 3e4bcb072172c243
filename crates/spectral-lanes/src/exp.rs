//! A branch-free exponential function that the compiler can vectorize.

/// Number types with a vectorizable exponential function.
pub trait Exp {
    /// `e^self`, to within about one unit in the last place. Handles underflow, overflow and NaN like `f32::exp` and
    /// `f64::exp`.
    fn exp_in_lanes(self) -> Self;
}

/// Computes `e^x = 2^n·e^r` with `x = n·ln 2 + r` and `|r| ≤ ln 2/2`, and `e^r` by its Taylor series. Adding 1.5·2^m,
/// where `m` is the number of bits after the leading one, leaves `n` in the lowest bits. `2^n` is multiplied in as two
/// factors, so that neither overflows before the product does.
macro_rules! exp {
    ($t:ty, $int:ty, $bits:literal, $bias:literal, $range:expr, $ln2:expr, $series:expr) => {
        impl Exp for $t {
            #[inline(always)]
            fn exp_in_lanes(self) -> $t {
                const SHIFT: $t = 1.5 * (1u64 << $bits) as $t;
                const LN2: [$t; 2] = $ln2;
                const SERIES: &[$t] = &$series;
                let [least, most]: [$t; 2] = $range;
                let x = if self > most { most } else { self };
                let x = if x < least { least } else { x };
                let shifted = x * (std::f64::consts::LOG2_E as $t) + SHIFT;
                let n = shifted - SHIFT;
                let r = x - n * LN2[0] - n * LN2[1];
                let mut sum = SERIES[0];
                for term in 1..SERIES.len() {
                    sum = sum * r + SERIES[term];
                }
                let n = (shifted.to_bits() as $int).wrapping_sub(SHIFT.to_bits() as $int);
                let half = n >> 1;
                let power = |n: $int| <$t>::from_bits((n.wrapping_add($bias) << $bits) as _);
                sum * power(half) * power(n - half)
            }
        }
    };
}

// Outside these limits the result is zero or infinity.
exp!(
    f32,
    i32,
    23,
    127,
    [-104.0, 89.0],
    [355.0 / 512.0, -2.121_944_4e-4],
    [
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0
    ]
);
exp!(
    f64,
    i64,
    52,
    1023,
    [-746.0, 710.0],
    [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10],
    [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0
    ]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_accurate_over_the_whole_range() {
        let mut worst = [0.0f64; 2];
        for step in -1_040_000..=890_000 {
            let x = f64::from(step) / 10_000.0;
            let single = x as f32;
            let (got, want) = (f64::from(single.exp_in_lanes()), f64::from(single).exp());
            // Below the smallest normal number, precision is lost.
            if want > f64::from(f32::MIN_POSITIVE) && want < f64::from(f32::MAX) {
                worst[0] = worst[0].max((got / want - 1.0).abs());
            } else if want < f64::from(f32::MIN_POSITIVE) {
                assert!((got - want).abs() < 3e-45, "{single}: {got} for {want}");
            }
            let x = x * 7.0;
            let (got, want) = (x.exp_in_lanes(), x.exp());
            if want > f64::MIN_POSITIVE && want.is_finite() {
                worst[1] = worst[1].max((got / want - 1.0).abs());
            }
        }
        assert!(worst[0] < 1.5e-7 && worst[1] < 4e-16, "{worst:?}");
    }

    #[test]
    fn limits_and_nan_match_the_standard_library() {
        for (x, want) in [
            (f64::INFINITY, f64::INFINITY),
            (1e5, f64::INFINITY),
            (f64::NEG_INFINITY, 0.0),
            (-1e5, 0.0),
            (0.0, 1.0),
        ] {
            assert_eq!(x.exp_in_lanes(), want);
            assert_eq!(f64::from((x as f32).exp_in_lanes()), want);
        }
        assert_eq!(88.8f32.exp_in_lanes(), f32::INFINITY);
        assert!(88.7f32.exp_in_lanes().is_finite());
        assert!(f64::NAN.exp_in_lanes().is_nan() && f32::NAN.exp_in_lanes().is_nan());
    }
}
