//! Every kind of transform against the naive sum in f64, on both paths and in both precisions.

mod common;

use burn::tensor::{DType, Device};
use burn_spectral::ops::{Axes, Direction};
use burn_spectral::{ComplexTensor, Norm};
use common::{DTYPES, PATHS, Path, assert_close, complex_values, noise, tensor, tolerance, values};
use spectral_kernels::oracle;

const ROWS: usize = 2;

fn lengths() -> impl Iterator<Item = usize> {
    (1..=64).chain([97, 100, 127, 128, 150, 243, 256, 257, 1000, 1024])
}

/// Beyond the required lengths: long primes (chirp), products of primes, a length of many factors.
const LONG: [usize; 5] = [509, 521, 1009, 1147, 2310];

fn scaled((re, im): oracle::Spectrum, factor: f64) -> Vec<f64> {
    re.into_iter()
        .chain(im)
        .map(|value| value * factor)
        .collect()
}

/// The largest relative L2 error over the four kinds, each held below the tolerance.
fn error_at(n: usize, path: Path, dtype: DType) -> f64 {
    let device = Device::flex();
    let limit = tolerance(dtype, 5e-7, 1e-14);
    let what = |kind: &str| format!("{kind} of {n}, {path:?}, {dtype:?}");
    let (axes, norm, bins) = (Axes::One(1), Norm::Backward, n / 2 + 1);
    let complex = |re: &[f64], im: &[f64], length| {
        ComplexTensor::new(
            tensor(re, [ROWS, length], dtype, &device),
            tensor(im, [ROWS, length], dtype, &device),
        )
    };

    let (re, im) = (noise(ROWS * n, n as u64), noise(ROWS * n, n as u64 + 5000));
    let got = path.fft(complex(&re, &im, n), axes, Direction::Forward, norm);
    let want = scaled(oracle::dft_nd(ROWS, &[n], false, &re, &im), 1.0);
    let forward = assert_close(&what("fft"), &complex_values(got), &want, limit);

    let got = path.fft(complex(&re, &im, n), axes, Direction::Inverse, norm);
    let want = scaled(oracle::dft_nd(ROWS, &[n], true, &re, &im), 1.0 / n as f64);
    let inverse = assert_close(&what("ifft"), &complex_values(got), &want, limit);

    let got = path.rfft(tensor(&re, [ROWS, n], dtype, &device), axes, norm);
    let want = scaled(oracle::real_dft_nd(ROWS, &[n], &re), 1.0);
    let real = assert_close(&what("rfft"), &complex_values(got), &want, limit);

    let (re, im) = (&re[..ROWS * bins], &im[..ROWS * bins]);
    let got = path.irfft(complex(re, im, bins), n, axes, norm);
    let sum = oracle::inverse_real_dft_nd(ROWS, &[n], re, im);
    let want: Vec<f64> = sum.into_iter().map(|value| value / n as f64).collect();
    let signal = assert_close(&what("irfft"), &values(got), &want, limit);

    [forward, inverse, real, signal]
        .into_iter()
        .fold(0.0, f64::max)
}

#[test]
fn every_length_is_within_a_few_roundings_of_the_naive_sum() {
    for (path, dtype) in PATHS
        .into_iter()
        .flat_map(|path| DTYPES.map(|dtype| (path, dtype)))
    {
        let errors = lengths().map(|n| (error_at(n, path, dtype), n));
        let (error, n) = errors.fold((0.0, 0), |a, b| if b.0 > a.0 { b } else { a });
        println!("{path:?} {dtype:?}: largest error {error:.2e} at length {n}");
    }
}

#[test]
fn long_primes_and_awkward_products_are_as_accurate() {
    for (path, dtype) in PATHS
        .into_iter()
        .flat_map(|path| DTYPES.map(|dtype| (path, dtype)))
    {
        for n in LONG {
            let error = error_at(n, path, dtype);
            println!("{path:?} {dtype:?}: error {error:.2e} at length {n}");
        }
    }
}

/// Real, inverse real and complex transforms over the last axes of a whole array.
fn check_shape<const D: usize>(dims: [usize; D], axes: usize, path: Path, dtype: DType) {
    let device = Device::flex();
    let limit = tolerance(dtype, 5e-7, 1e-14);
    let (leading, sizes) = dims.split_at(D - axes);
    let (batch, points): (usize, usize) = (leading.iter().product(), sizes.iter().product());
    let what = format!("{axes} axes of {dims:?}, {path:?}, {dtype:?}");
    let over = Axes::Last(axes);

    let (re, im) = (noise(batch * points, 1), noise(batch * points, 2));
    let z = ComplexTensor::new(
        tensor(&re, dims, dtype, &device),
        tensor(&im, dims, dtype, &device),
    );
    for (direction, inverse) in [(Direction::Forward, false), (Direction::Inverse, true)] {
        let factor = if inverse { 1.0 / points as f64 } else { 1.0 };
        let want = scaled(oracle::dft_nd(batch, sizes, inverse, &re, &im), factor);
        let got = path.fft(z.clone(), over, direction, Norm::Backward);
        assert_close(&what, &complex_values(got), &want, limit);
    }

    let want = scaled(oracle::real_dft_nd(batch, sizes, &re), 1.0);
    let got = path.rfft(z.re.clone(), over, Norm::Backward);
    assert_close(&what, &complex_values(got), &want, limit);

    let mut half = dims;
    half[D - 1] = dims[D - 1] / 2 + 1;
    let count = half.iter().product();
    let (re, im) = (&re[..count], &im[..count]);
    let z = ComplexTensor::new(
        tensor(re, half, dtype, &device),
        tensor(im, half, dtype, &device),
    );
    let sum = oracle::inverse_real_dft_nd(batch, sizes, re, im);
    let want: Vec<f64> = sum.into_iter().map(|value| value / points as f64).collect();
    let got = path.irfft(z, dims[D - 1], over, Norm::Backward);
    assert_close(&what, &values(got), &want, limit);
}

#[test]
fn several_axes_agree_with_the_naive_sum_even_for_spectra_of_no_real_signal() {
    for (path, dtype) in PATHS
        .into_iter()
        .flat_map(|path| DTYPES.map(|dtype| (path, dtype)))
    {
        for (height, width) in [
            (1, 1),
            (1, 4),
            (4, 1),
            (4, 6),
            (5, 8),
            (7, 7),
            (13, 3),
            (28, 30),
        ] {
            check_shape([2, 3, height, width], 2, path, dtype);
        }
        for sizes in [[3, 4, 5], [2, 3, 6], [1, 5, 2], [6, 1, 7], [8, 9, 10]] {
            check_shape([3, sizes[0], sizes[1], sizes[2]], 3, path, dtype);
        }
        check_shape([5, 11], 1, path, dtype);
        check_shape([11], 1, path, dtype);
        check_shape([6, 7], 2, path, dtype);
        check_shape([3, 4, 5], 3, path, dtype);
    }
}

/// A transform over one axis of `[2, n, 3]`-like arrays, wherever the axis is.
#[test]
fn one_axis_may_lie_anywhere() {
    let device = Device::flex();
    for (path, dtype) in PATHS
        .into_iter()
        .flat_map(|path| DTYPES.map(|dtype| (path, dtype)))
    {
        let limit = tolerance(dtype, 5e-7, 1e-14);
        for (axis, n) in (0..3).flat_map(|axis| [1, 2, 9, 12, 13].map(|n| (axis, n))) {
            let mut dims = [4, 5, 3];
            dims[axis] = n;
            let outer: usize = dims[..axis].iter().product();
            let inner: usize = dims[axis + 1..].iter().product();
            let what = format!("axis {axis} of {dims:?}, {path:?}, {dtype:?}");
            let x = noise(outer * n * inner, n as u64);
            let zeros = vec![0.0; x.len()];
            let (re, im) = oracle::dft_axis(outer, n, inner, false, &x, &zeros);
            let full: Vec<f64> = re.into_iter().chain(im).collect();

            let signal = tensor(&x, dims, dtype, &device);
            let z = ComplexTensor::from_real(signal.clone());
            let got = path.fft(z, Axes::One(axis), Direction::Forward, Norm::Backward);
            assert_close(&what, &complex_values(got.clone()), &full, limit);

            let half = path.rfft(signal, Axes::One(axis), Norm::Backward);
            let want = complex_values(got.narrow(axis, 0, n / 2 + 1));
            assert_close(&what, &complex_values(half.clone()), &want, limit);

            let back = path.irfft(half, n, Axes::One(axis), Norm::Backward);
            assert_close(&what, &values(back), &x, limit);
        }
    }
}
