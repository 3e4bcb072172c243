//! Inputs as they come: views that are not contiguous, parts of two layouts, values that are not
//! numbers, other precisions.

mod common;

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::{ConjugateFactor, FftConvOptions, SpectralConv2dConfig, fft_conv};
use burn_spectral::ops::{Axes, Conjugate, Direction, MixSpec};
use burn_spectral::published::KkLayerConfig;
use burn_spectral::response::{FullSpectrumConfig, KernelConfig};
use burn_spectral::{ComplexTensor, Norm};
use common::{
    CONJUGATES, PATHS, assert_close, complex_values, noise_complex, noise_tensor, relative_error,
    tensor, values,
};

/// The same elements in a freshly laid out tensor.
fn compact<const D: usize>(view: Tensor<D>) -> Tensor<D> {
    let (dims, dtype, device) = (view.dims(), view.dtype(), view.device());
    tensor(&values(view), dims, dtype, &device)
}

/// Views of shape `[2, 4, 6, 5]` with unusual strides or offsets.
fn views(seed: u64, device: &Device) -> Vec<(&'static str, Tensor<4>)> {
    let of = |dims: [usize; 4]| noise_tensor(dims, seed, DType::F64, device);
    vec![
        ("swapped", of([2, 4, 5, 6]).swap_dims(2, 3)),
        ("channels last", of([2, 6, 5, 4]).permute([0, 3, 1, 2])),
        ("reversed order", of([5, 6, 4, 2]).permute([3, 2, 1, 0])),
        (
            "inner slice",
            of([3, 6, 8, 9]).slice([1..3, 1..5, 2..8, 3..8]),
        ),
        (
            "strided slice",
            of([2, 4, 12, 5]).slice(burn::tensor::s![.., .., 0..12;2, ..]),
        ),
        ("flipped", of([2, 4, 6, 5]).flip([2, 3])),
        ("expanded", of([1, 4, 6, 1]).expand([2, 4, 6, 5])),
    ]
}

#[test]
fn transforms_of_views_are_those_of_their_copies() {
    let device = Device::flex();
    for (path, axes) in PATHS.into_iter().flat_map(|path| {
        [Axes::One(1), Axes::Last(1), Axes::Last(2), Axes::Last(3)].map(|axes| (path, axes))
    }) {
        let others = views(2, &device).into_iter().rev();
        for ((name, re), (_, im)) in views(1, &device).into_iter().zip(others) {
            let what = format!("{name}, {axes:?}, {path:?}");
            let copy = compact(re.clone());
            let want = complex_values(path.rfft(copy.clone(), axes, Norm::Backward));
            let got = complex_values(path.rfft(re.clone(), axes, Norm::Backward));
            assert_close(&what, &got, &want, 1e-15);

            // Real and imaginary part in two layouts.
            let (z, copy) = (
                ComplexTensor::new(re, im.clone()),
                ComplexTensor::new(copy, compact(im)),
            );
            let of = |z| complex_values(path.fft(z, axes, Direction::Forward, Norm::Ortho));
            assert_close(&what, &of(z.clone()), &of(copy.clone()), 1e-15);
            let half = axes.half_axis(4);
            let n = 2 * z.dims()[half] - 1;
            let of = |z| values(path.irfft(z, n, axes, Norm::Backward));
            assert_close(&what, &of(z), &of(copy), 1e-15);
        }
    }
}

#[test]
fn layers_treat_views_as_their_copies() {
    let device = Device::flex();
    let (groups, bins) = (2, 3);
    for (path, conjugate) in PATHS.into_iter().flat_map(|p| CONJUGATES.map(|c| (p, c))) {
        let mix = MixSpec { groups, conjugate };
        let response = noise_complex([bins, 6, 2, 4], 7, DType::F64, &device);
        let response = response.map(|part| part.permute([3, 2, 1, 0]));
        let copy = response.clone().map(compact);
        for (name, x) in views(1, &device) {
            let want = values(path.spectral_conv(compact(x.clone()), copy.clone(), mix));
            let got = values(path.spectral_conv(x.clone(), response.clone(), mix));
            assert_close(&format!("{name}, {mix:?}, {path:?}"), &got, &want, 1e-14);
            let want = values(path.circular_reverse(compact(x.clone()), 2));
            assert_close(name, &values(path.circular_reverse(x, 2)), &want, 0.0);
        }
    }
    let weight = noise_tensor([3, 2, 2, 3], 3, DType::F64, &device).permute([3, 1, 2, 0]);
    let mut options = FftConvOptions::new(2);
    (options.groups, options.stride) = (1, vec![2, 1]);
    for (name, x) in views(1, &device) {
        let x = x.narrow(1, 1, 2);
        let want = fft_conv(compact(x.clone()), compact(weight.clone()), None, &options);
        let got = fft_conv(x, weight.clone(), None, &options);
        assert_close(name, &values(got), &values(want), 1e-14);
    }
}

#[test]
fn gradients_that_arrive_as_views_are_taken_as_they_are() {
    let device = Device::flex().autodiff();
    let mix = MixSpec {
        groups: 1,
        conjugate: Conjugate::None,
    };
    let of = |permute: bool| {
        let x = noise_tensor([2, 3, 4, 5], 1, DType::F64, &device).require_grad();
        let response = noise_complex([2, 3, 4, 3], 2, DType::F64, &device);
        let y = common::Path::Kernels.spectral_conv(x.clone(), response, mix);
        let weight = noise_tensor([5, 4, 2, 2], 3, DType::F64, &device);
        // The same sum, once with the output permuted and once with the weight.
        let loss = match permute {
            true => (y.permute([3, 2, 1, 0]) * weight).sum(),
            false => (y * weight.permute([3, 2, 1, 0])).sum(),
        };
        values(x.grad(&loss.backward()).unwrap())
    };
    assert_close("gradient of the input", &of(true), &of(false), 1e-14);
}

#[test]
fn values_that_are_no_numbers_pass_through_without_a_panic() {
    let device = Device::flex();
    for poison in [f64::NAN, f64::INFINITY] {
        let mut numbers = common::noise(2 * 2 * 6 * 5, 1);
        numbers[7] = poison;
        let x = || tensor(&numbers, [2, 2, 6, 5], DType::F32, &device);
        let free = SpectralConv2dConfig::new([2, 3], FullSpectrumConfig::new([6, 5])).init(&device);
        let kernel = SpectralConv2dConfig::new([2, 3], KernelConfig::new([3, 3]))
            .with_conjugate(ConjugateFactor::Response)
            .init(&device);
        let constant = KkLayerConfig::new([2, 3]).init(&device);
        for y in [
            free.forward(x()),
            kernel.forward(x()),
            constant.forward(x()),
        ] {
            let [first, second] = [0, 1].map(|image| values(y.clone().narrow(0, image, 1)));
            assert!(first.iter().any(|value| !value.is_finite()));
            assert!(
                second.iter().all(|value| value.is_finite()),
                "it reached another image"
            );
        }
    }
}

#[test]
fn half_precision_is_computed_in_single_precision() {
    let device = Device::flex();
    assert!(device.supports_dtype(DType::F16));
    let x = noise_tensor([2, 3, 7, 8], 1, DType::F16, &device);
    let exact = noise_tensor([2, 3, 7, 8], 1, DType::F64, &device);
    let got = burn_spectral::fft::rfft2(x, Norm::Ortho);
    assert_eq!(got.complex().re.dtype(), DType::F16);
    let want = complex_values(burn_spectral::fft::rfft2(exact, Norm::Ortho));
    let error = relative_error(&complex_values(got), &want);
    assert!(error < 5e-4, "relative error {error:.1e}");
}
