//! Transforms along one axis, compared with the naive `f64` DFT of `spectral_kernels::oracle`, which has tests of its
//! own.

mod common;

use common::{Number, Owned, assert_close, flat, noise, relative_error, widen};
use proptest::prelude::*;
use spectral_kernels::{
    Axis, BinWeight, Direction, fft_axis, half_bins, irfft_axis, oracle, rfft_axis,
};

const LONG: [usize; 13] = [
    97, 100, 127, 128, 150, 199, 211, 243, 256, 257, 398, 1000, 1024,
];
const WEIGHTS: [BinWeight; 3] = [BinWeight::One, BinWeight::Double, BinWeight::Halve];

fn lengths() -> impl Iterator<Item = usize> {
    (1..=64).chain(LONG)
}

fn complex_axis<T: Number>(axis: Axis, seed: u64) {
    let x = Owned::<T>::noise(axis.elements(), seed);
    let (re, im) = x.wide();
    for (direction, inverse) in [(Direction::Forward, false), (Direction::Inverse, true)] {
        let mut y = Owned::unwritten(axis.elements());
        fft_axis(axis, direction, T::of(1.0), x.get(), y.set());
        let expected = oracle::dft_axis(axis.outer, axis.len, axis.inner, inverse, &re, &im);
        assert_close::<T>(
            &format!("{axis:?} {direction:?}"),
            &y.flat(),
            &flat(expected),
        );
    }
}

/// Moves the axis to the end: `[outer, len, inner]` to `[outer, inner, len]`.
fn last(axis: Axis, len: usize, x: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(x.len());
    for o in 0..axis.outer {
        for i in 0..axis.inner {
            out.extend((0..len).map(|j| x[(o * len + j) * axis.inner + i]));
        }
    }
    out
}

fn real_axis<T: Number>(axis: Axis, seed: u64) {
    let bins = half_bins(axis.len);
    let x = noise::<T>(axis.elements(), seed);
    let spectrum = Owned::<T>::noise(axis.half_elements(), seed + 1);
    for weight in WEIGHTS {
        let mut y = Owned::unwritten(axis.half_elements());
        rfft_axis(axis, T::of(0.75), weight, &x, y.set());
        let (re, im) = oracle::real_dft_nd(
            axis.outer * axis.inner,
            &[axis.len],
            &last(axis, axis.len, &widen(&x)),
        );
        let weighted = |plane: Vec<f64>| -> Vec<f64> {
            plane
                .iter()
                .enumerate()
                .map(|(at, v)| 0.75 * weight.at(at % bins, axis.len) * v)
                .collect()
        };
        let expected = [weighted(re), weighted(im)].concat();
        let got = [
            last(axis, bins, &widen(&y.re)),
            last(axis, bins, &widen(&y.im)),
        ]
        .concat();
        assert_close::<T>(&format!("rfft {axis:?} {weight:?}"), &got, &expected);

        let mut back = vec![T::of(f64::NAN); axis.elements()];
        irfft_axis(axis, T::of(0.75), weight, spectrum.get(), &mut back);
        let (re, im) = spectrum.wide();
        let (re, im) = (
            weighted(last(axis, bins, &re)),
            weighted(last(axis, bins, &im)),
        );
        let expected = oracle::inverse_real_dft_nd(axis.outer * axis.inner, &[axis.len], &re, &im);
        assert_close::<T>(
            &format!("irfft {axis:?} {weight:?}"),
            &last(axis, axis.len, &widen(&back)),
            &expected,
        );
    }
}

#[test]
fn complex_transforms_of_every_length_match_the_naive_one() {
    for n in lengths() {
        let axis = Axis {
            outer: 3,
            len: n,
            inner: 1,
        };
        complex_axis::<f32>(axis, n as u64);
        complex_axis::<f64>(axis, n as u64);
    }
}

#[test]
fn real_transforms_of_every_length_match_the_naive_one() {
    for n in lengths() {
        let axis = Axis {
            outer: 3,
            len: n,
            inner: 1,
        };
        real_axis::<f32>(axis, n as u64);
        real_axis::<f64>(axis, n as u64);
    }
}

#[test]
fn axes_with_other_axes_behind_them_match_the_naive_transform() {
    for (outer, inner) in [(1, 1), (19, 1), (5, 3), (2, 16), (1, 37), (40, 2), (1, 300)] {
        for n in [1, 2, 7, 12, 15, 28, 131, 211] {
            let axis = Axis {
                outer,
                len: n,
                inner,
            };
            complex_axis::<f32>(axis, 7);
            complex_axis::<f64>(axis, 8);
            real_axis::<f32>(axis, 9);
            real_axis::<f64>(axis, 10);
        }
    }
}

#[test]
fn lengths_beyond_a_block_match_the_naive_transform() {
    for n in [2047, 4096, 4099, 8192, 8195] {
        let axis = Axis {
            outer: 2,
            len: n,
            inner: 1,
        };
        complex_axis::<f64>(axis, 11);
        real_axis::<f64>(axis, 12);
        complex_axis::<f32>(axis, 11);
        real_axis::<f32>(axis, 12);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_axis_of_any_array_matches_the_naive_transform(
        outer in 1_usize..20, len in 1_usize..90, inner in 1_usize..40, seed in any::<u64>()
    ) {
        let axis = Axis { outer, len, inner };
        complex_axis::<f32>(axis, seed >> 8);
        real_axis::<f64>(axis, seed >> 8);
    }

    #[test]
    fn the_transform_is_linear(n in 1_usize..200, a in -2.0_f64..2.0, seed in any::<u64>()) {
        let axis = Axis { outer: 1, len: n, inner: 1 };
        let (x, y) = (noise::<f64>(n, seed >> 8), noise::<f64>(n, (seed >> 8) + 9));
        let sum: Vec<f64> = x.iter().zip(&y).map(|(x, y)| a * x + y).collect();
        let transform = |x: &[f64]| {
            let mut out = Owned::unwritten(half_bins(n));
            rfft_axis(axis, 1.0, BinWeight::One, x, out.set());
            out.flat()
        };
        let (tx, ty, ts) = (transform(&x), transform(&y), transform(&sum));
        let expected: Vec<f64> = tx.iter().zip(&ty).map(|(x, y)| a * x + y).collect();
        prop_assert!(relative_error(&ts, &expected) < 1e-13);
    }
}
