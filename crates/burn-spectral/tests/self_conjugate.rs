//! What a half-spectrum holds beyond a real signal: `irfft` takes no notice of it, whatever its size.

mod common;

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::ops::Axes;
use burn_spectral::{ComplexTensor, Norm};
use common::{PATHS, Path, assert_close, noise, tensor, values};

/// Even and odd, powers of two, several factors, a prime with a matrix and one without.
const LENGTHS: [usize; 10] = [1, 2, 3, 8, 12, 96, 101, 262, 521, 1042];

/// The sum over the half-spectrum, in f64 and bin by bin.
fn naive(re: &[f64], im: &[f64], n: usize) -> Vec<f64> {
    let sample = |j: usize| {
        let bin = |k: usize| {
            let angle = core::f64::consts::TAU * (j * k % n) as f64 / n as f64;
            match k == 0 || 2 * k == n {
                true => re[k] * angle.cos(),
                false => 2.0 * (re[k] * angle.cos() - im[k] * angle.sin()),
            }
        };
        (0..n / 2 + 1).map(bin).sum::<f64>() / n as f64
    };
    (0..n).map(sample).collect()
}

fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 1e-12,
        DType::F32 => 3e-6,
        DType::F16 => 2e-3,
        _ => 1e-2,
    }
}

#[test]
fn the_imaginary_part_of_a_self_conjugate_bin_has_no_effect_were_it_not_a_number() {
    let device = Device::flex();
    for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
        for (path, n) in PATHS.into_iter().flat_map(|p| LENGTHS.map(|n| (p, n))) {
            for poison in [1e30, f64::INFINITY, f64::NAN] {
                let bins = n / 2 + 1;
                let (re, mut im) = (noise(bins, 1), noise(bins, 2));
                im[0] = poison;
                if n.is_multiple_of(2) {
                    im[n / 2] = poison;
                }
                let want = naive(&re, &im, n);
                let part = |of: &[f64]| tensor::<2>(of, [1, bins], dtype, &device);
                let spectrum = ComplexTensor::new(part(&re), part(&im));
                for axes in [Axes::One(1), Axes::Last(1)] {
                    let got = values(path.irfft(spectrum.clone(), n, axes, Norm::Backward));
                    let what = format!("{n} samples, {poison}, {dtype:?}, {path:?}");
                    assert_close(&what, &got, &want, tolerance(dtype));
                }
            }
        }
    }
}

#[test]
fn the_gradient_of_a_self_conjugate_imaginary_part_is_exactly_zero() {
    let device = Device::flex().autodiff();
    for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
        for (path, n) in PATHS.into_iter().flat_map(|p| LENGTHS.map(|n| (p, n))) {
            let bins = n / 2 + 1;
            let leaf = |seed| tensor::<2>(&noise(bins, seed), [1, bins], dtype, &device);
            let (re, im) = (leaf(1).require_grad(), leaf(2).require_grad());
            let y = path.irfft(
                ComplexTensor::new(re.clone(), im.clone()),
                n,
                Axes::One(1),
                Norm::Backward,
            );
            let weight = tensor::<2>(&noise(n, 3), [1, n], dtype, &device);
            let gradients = (y * weight).sum().backward();
            let gradient = values(common::gradient(&im, &gradients));
            let what = format!("{n} samples, {dtype:?}, {path:?}");
            assert_eq!(gradient[0], 0.0, "{what}");
            if n.is_multiple_of(2) {
                assert_eq!(gradient[n / 2], 0.0, "{what}");
            }
        }
    }
}

/// Of one channel of `[height, width]` samples, the bins that are their own conjugates over both axes.
fn self_conjugate([height, width]: [usize; 2]) -> Vec<usize> {
    let bins = width / 2 + 1;
    let is_own = |index: usize, size: usize| index == 0 || 2 * index == size;
    (0..height * bins)
        .filter(|bin| is_own(bin / bins, height) && is_own(bin % bins, width))
        .collect()
}

#[test]
fn over_two_axes_the_self_conjugate_bins_have_no_imaginary_part_either() {
    let device = Device::flex();
    for (path, size) in PATHS.into_iter().flat_map(|path| {
        let sizes = [
            [4, 6],
            [6, 8],
            [1, 8],
            [2, 1],
            [5, 7],
            [96, 10],
            [9, 4],
            [101, 4],
        ];
        sizes.map(|size| (path, size))
    }) {
        let [height, width] = size;
        let bins = width / 2 + 1;
        let (re, im) = (noise(height * bins, 1), noise(height * bins, 2));
        let image = |im: &[f64], dtype| {
            let part = |of: &[f64]| tensor::<4>(of, [1, 1, height, bins], dtype, &device);
            let spectrum = ComplexTensor::new(part(&re), part(im));
            values(path.irfft(spectrum, width, Axes::Last(2), Norm::Ortho))
        };
        let mut clean = im.clone();
        let mut poisoned = im.clone();
        for bin in self_conjugate(size) {
            clean[bin] = 0.0;
            poisoned[bin] = 1e30;
        }
        let want = image(&clean, DType::F64);
        for dtype in [DType::F32, DType::F64] {
            let what = format!("{size:?}, {dtype:?}, {path:?}");
            let error = tolerance(dtype);
            assert_close(&what, &image(&poisoned, dtype), &want, error);
            // Where only the Hermitian part counts, it does.
            assert_close(&what, &image(&im, dtype), &hermitian(&re, &im, size), error);
        }
    }
}

/// The image of the Hermitian part of a half-spectrum, as a naive sum in f64, orthonormal.
fn hermitian(re: &[f64], im: &[f64], [height, width]: [usize; 2]) -> Vec<f64> {
    let bins = width / 2 + 1;
    // The full spectrum whose real image is wanted: half of it from each of a pair of bins.
    let at = |row: usize, column: usize| -> (f64, f64) {
        let own = |row: usize, column: usize| (re[row * bins + column], im[row * bins + column]);
        let mirror = |row: usize, column: usize| {
            let (re, im) = own((height - row) % height, (width - column) % width);
            (re, -im)
        };
        let is_own = column == 0 || 2 * column == width;
        match (is_own, column < bins) {
            (true, _) => {
                let (a, b) = (own(row, column), mirror(row, column));
                ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0)
            }
            (false, true) => own(row, column),
            (false, false) => mirror(row, column),
        }
    };
    let scale = 1.0 / ((height * width) as f64).sqrt();
    let mut image = Vec::new();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let mut sum = 0.0;
        for (row, column) in (0..height).flat_map(|r| (0..width).map(move |c| (r, c))) {
            let turns = (row * y % height) as f64 / height as f64
                + (column * x % width) as f64 / width as f64;
            let angle = core::f64::consts::TAU * turns;
            let (re, im) = at(row, column);
            sum += re * angle.cos() - im * angle.sin();
        }
        image.push(sum * scale);
    }
    image
}

#[test]
fn over_two_axes_the_gradients_of_what_does_not_count_are_zero() {
    let device = Device::flex().autodiff();
    for (path, size) in PATHS
        .into_iter()
        .flat_map(|path| [[4, 6], [6, 8], [12, 2], [5, 7]].map(|size| (path, size)))
    {
        let [height, width] = size;
        let dims = [1, 1, height, width / 2 + 1];
        let count = dims.iter().product();
        let leaf = |seed| tensor::<4>(&noise(count, seed), dims, DType::F64, &device);
        let (re, im) = (leaf(1).require_grad(), leaf(2).require_grad());
        let spectrum = ComplexTensor::new(re, im.clone());
        let y: Tensor<4> = path.irfft(spectrum, width, Axes::Last(2), Norm::Backward);
        let weight = tensor::<4>(&noise(height * width, 3), y.dims(), DType::F64, &device);
        let gradients = (y * weight).sum().backward();
        let gradient = values(common::gradient(&im, &gradients));
        for bin in self_conjugate(size) {
            assert_eq!(gradient[bin], 0.0, "bin {bin} of {size:?}, {path:?}");
        }
    }
}

#[test]
fn a_single_large_imaginary_part_at_the_nyquist_bin_leaves_the_signal_as_it_is() {
    // Eight samples of which the other bins make −1.207 at sample 0 in f32.
    let device = Device::flex();
    for path in PATHS {
        let re = tensor::<1>(&[1.0, -3.0, 0.5, -2.0, 0.344], [5], DType::F32, &device);
        let im = tensor::<1>(&[0.0, 0.0, 0.0, 0.0, 1e30], [5], DType::F32, &device);
        let spectrum = ComplexTensor::new(re, im);
        let got = values(Path::irfft(path, spectrum, 8, Axes::One(0), Norm::Backward));
        // (1 + 2·(−3 + 0.5 − 2) + 0.344)/8
        assert!((got[0] + 0.957).abs() < 1e-6, "{path:?}: {}", got[0]);
    }
}
