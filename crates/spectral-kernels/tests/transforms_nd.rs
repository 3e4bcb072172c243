//! Transforms over several axes, compared with the naive `f64` DFT, and properties of all transforms.

mod common;

use common::{Number, Owned, assert_close, flat, noise, widen};
use proptest::prelude::*;
use spectral_kernels::{
    Axis, BinWeight, Direction, Norm, fft_axis, fftn, half_bins, irfftn, oracle, rfft_axis, rfftn,
};

const WEIGHTS: [BinWeight; 3] = [BinWeight::One, BinWeight::Double, BinWeight::Halve];

fn nd<T: Number>(batch: usize, sizes: &[usize], seed: u64) {
    let n = sizes[sizes.len() - 1];
    let points: usize = sizes.iter().product();
    let bins = half_bins(n);
    let halves = batch * points / n * bins;
    let what = format!("batch {batch}, {sizes:?}");

    let x = Owned::<T>::noise(batch * points, seed);
    let (re, im) = x.wide();
    for (direction, inverse) in [(Direction::Forward, false), (Direction::Inverse, true)] {
        let mut y = Owned::unwritten(batch * points);
        fftn(batch, sizes, direction, T::of(0.5), x.get(), y.set());
        let expected: Vec<f64> = flat(oracle::dft_nd(batch, sizes, inverse, &re, &im))
            .iter()
            .map(|v| 0.5 * v)
            .collect();
        assert_close::<T>(&format!("fftn {direction:?} {what}"), &y.flat(), &expected);
    }

    let spectrum = Owned::<T>::noise(halves, seed + 1);
    let (spectrum_re, spectrum_im) = spectrum.wide();
    for weight in WEIGHTS {
        let weighted = |plane: &[f64]| -> Vec<f64> {
            plane
                .iter()
                .enumerate()
                .map(|(at, v)| 0.5 * weight.at(at % bins, n) * v)
                .collect()
        };
        let mut y = Owned::unwritten(halves);
        rfftn(batch, sizes, T::of(0.5), weight, &x.re, y.set());
        let (expected_re, expected_im) = oracle::real_dft_nd(batch, sizes, &re);
        let expected = [weighted(&expected_re), weighted(&expected_im)].concat();
        assert_close::<T>(&format!("rfftn {weight:?} {what}"), &y.flat(), &expected);

        let mut back = vec![T::of(f64::NAN); batch * points];
        irfftn(batch, sizes, T::of(0.5), weight, spectrum.get(), &mut back);
        let expected = oracle::inverse_real_dft_nd(
            batch,
            sizes,
            &weighted(&spectrum_re),
            &weighted(&spectrum_im),
        );
        assert_close::<T>(
            &format!("irfftn {weight:?} {what}"),
            &widen(&back),
            &expected,
        );
    }
}

#[test]
fn two_and_three_axes_match_the_naive_transform_even_for_non_hermitian_spectra() {
    let shapes: [&[usize]; 21] = [
        &[1, 1],
        &[1, 2],
        &[2, 1],
        &[3, 1],
        &[4, 6],
        &[5, 6],
        &[6, 5],
        &[7, 7],
        &[13, 11],
        &[16, 16],
        &[28, 28],
        &[17, 32],
        &[32, 17],
        &[30, 1],
        &[6, 211],
        &[211, 4],
        &[2, 3, 4],
        &[3, 4, 5],
        &[5, 3, 1],
        &[4, 1, 6],
        &[7, 5, 3],
    ];
    for sizes in shapes {
        for batch in [1, 5] {
            nd::<f32>(batch, sizes, 21);
            nd::<f64>(batch, sizes, 22);
        }
    }
}

#[test]
fn many_images_and_few_large_ones_match_the_naive_transform() {
    nd::<f32>(67, &[7, 7], 1);
    nd::<f32>(40, &[14, 14], 2);
    nd::<f64>(33, &[5, 9], 3);
    nd::<f32>(1, &[96, 100], 4);
    nd::<f64>(1, &[100, 75], 5);
    nd::<f64>(1, &[20, 18, 30], 6);
}

#[test]
fn one_axis_through_the_n_d_functions_is_the_one_axis_function() {
    nd::<f64>(6, &[20], 31);
    nd::<f32>(6, &[9], 32);
}

fn round_trip<T: Number>(sizes: &[usize]) {
    let points: usize = sizes.iter().product();
    let n = sizes[sizes.len() - 1];
    let x = noise::<T>(4 * points, 5);
    for norm in [Norm::Backward, Norm::Ortho, Norm::Forward] {
        let mut y = Owned::unwritten(4 * points / n * half_bins(n));
        let mut back = vec![T::of(f64::NAN); x.len()];
        rfftn(
            4,
            sizes,
            T::of(norm.forward_scale(points)),
            BinWeight::One,
            &x,
            y.set(),
        );
        irfftn(
            4,
            sizes,
            T::of(norm.inverse_scale(points)),
            BinWeight::One,
            y.get(),
            &mut back,
        );
        assert_close::<T>(&format!("{norm:?} {sizes:?}"), &widen(&back), &widen(&x));
    }
}

#[test]
fn forward_then_inverse_gives_the_input_back_in_every_norm() {
    for sizes in [
        &[28, 28][..],
        &[32, 32],
        &[150, 150],
        &[75, 75],
        &[7, 11],
        &[256],
        &[8, 9, 10],
    ] {
        round_trip::<f32>(sizes);
        round_trip::<f64>(sizes);
    }
}

#[test]
fn the_unitary_transform_keeps_the_energy() {
    for sizes in [[28, 28], [15, 21], [9, 32]] {
        let points = sizes[0] * sizes[1];
        let x = noise::<f64>(points, 3);
        let mut y = Owned::<f64>::unwritten(points / sizes[1] * half_bins(sizes[1]));
        rfftn(
            1,
            &sizes,
            Norm::Ortho.forward_scale(points),
            BinWeight::One,
            &x,
            y.set(),
        );
        let bins = half_bins(sizes[1]);
        let energy: f64 = (0..y.re.len())
            .map(|at| {
                BinWeight::Double.at(at % bins, sizes[1]) * (y.re[at].powi(2) + y.im[at].powi(2))
            })
            .sum();
        let expected: f64 = x.iter().map(|v| v * v).sum();
        assert!((energy / expected - 1.0).abs() < 1e-13, "{sizes:?}");
    }
}

#[test]
fn an_empty_batch_does_nothing() {
    let mut none = Owned::<f32>::unwritten(0);
    rfftn(0, &[4, 4], 1.0, BinWeight::One, &[], none.set());
    fftn(
        0,
        &[4, 4],
        Direction::Forward,
        1.0,
        Owned::<f32>::noise(0, 1).get(),
        none.set(),
    );
    irfftn(
        0,
        &[4, 4],
        1.0,
        BinWeight::One,
        Owned::<f32>::noise(0, 1).get(),
        &mut [],
    );
    fft_axis(
        Axis {
            outer: 3,
            len: 4,
            inner: 0,
        },
        Direction::Forward,
        1.0,
        Owned::<f32>::noise(0, 1).get(),
        none.set(),
    );
}

#[test]
fn a_non_finite_signal_does_not_affect_others() {
    for n in [15, 16] {
        let mut x = noise::<f32>(40 * n, 1);
        x[3 * n] = f32::NAN;
        let mut y = Owned::unwritten(40 * half_bins(n));
        rfft_axis(
            Axis {
                outer: 40,
                len: n,
                inner: 1,
            },
            1.0,
            BinWeight::One,
            &x,
            y.set(),
        );
        for (row, bins) in y.re.chunks_exact(half_bins(n)).enumerate() {
            assert_eq!(
                bins.iter().any(|v| v.is_nan()),
                row == 3,
                "row {row}, length {n}"
            );
        }
        let mut x = noise::<f32>(40 * n * n, 1);
        x[3 * n * n] = f32::INFINITY;
        let mut y = Owned::unwritten(40 * n * half_bins(n));
        rfftn(40, &[n, n], 1.0, BinWeight::One, &x, y.set());
        for (image, bins) in y.re.chunks_exact(n * half_bins(n)).enumerate() {
            assert_eq!(
                bins.iter().any(|v| !v.is_finite()),
                image == 3,
                "image {image}, size {n}"
            );
        }
    }
}

#[test]
#[should_panic(expected = "rfftn output: expected 30 imaginary elements, got 29")]
fn a_wrong_length_is_reported() {
    let (mut re, mut im) = (vec![0.0_f32; 30], vec![0.0_f32; 29]);
    let output = spectral_kernels::PlanarMut {
        re: &mut re,
        im: &mut im,
    };
    rfftn(2, &[5, 4], 1.0, BinWeight::One, &[0.0; 40], output);
}

#[test]
#[should_panic(expected = "must have 1 to 3 axes, got 4")]
fn more_than_three_axes_are_rejected() {
    irfftn(
        1,
        &[1, 1, 1, 1],
        1.0,
        BinWeight::One,
        Owned::<f32>::noise(1, 1).get(),
        &mut [0.0],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_image_matches_the_naive_transform(
        batch in 1_usize..12, rows in 1_usize..24, columns in 1_usize..40, seed in any::<u64>()
    ) {
        nd::<f32>(batch, &[rows, columns], seed >> 8);
    }
}
