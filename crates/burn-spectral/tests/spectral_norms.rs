//! Batch normalization of spectra: against Burn's own of the image, and what each form leaves.

mod common;

use burn::module::{Module, Param, RunningState};
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::frequency::{
    ComplexBatchNorm, ComplexBatchNormConfig, ComplexNormForm, ImageNorm, SpectrumGrid,
};
use common::{assert_close, complex_values, noise_complex, noise_tensor, relative_error, values};

const SIZES: [[usize; 2]; 4] = [[7, 7], [6, 8], [13, 5], [1, 2]];

fn grids() -> Vec<SpectrumGrid> {
    let both = |size| [SpectrumGrid::half(size), SpectrumGrid::full(size)];
    SIZES.into_iter().flat_map(both).collect()
}

fn forms(grid: SpectrumGrid) -> [ComplexNormForm; 5] {
    [
        ComplexNormForm::PerPart,
        ComplexNormForm::Magnitude(grid),
        ComplexNormForm::CenteredMagnitude(grid),
        ComplexNormForm::Whitening,
        ComplexNormForm::Image(grid),
    ]
}

/// A fresh `BatchNorm` in double precision.
fn batch_norm(device: &Device) -> BatchNorm {
    let mut norm = BatchNormConfig::new(3).with_momentum(0.3).init(device);
    let ramp = |seed| Param::from_tensor(noise_tensor::<1>([3], seed, DType::F64, device) + 1.5);
    (norm.gamma, norm.beta) = (ramp(1), ramp(2));
    norm.running_mean = RunningState::new(norm.running_mean.value().cast(DType::F64));
    norm.running_var = RunningState::new(norm.running_var.value().cast(DType::F64));
    norm
}

#[test]
fn the_image_form_is_burns_batch_norm_of_the_image() {
    let device = Device::flex().autodiff();
    for grid in grids() {
        let dims = |batch| [batch, 3, grid.size[0], grid.size[1]];
        let burn = batch_norm(&device);
        let ours = ImageNorm::from_norm(batch_norm(&device), grid);
        let through = |norm: &ImageNorm, x: Tensor<4>| grid.image(norm.forward(grid.spectrum(x)));
        for step in 0..3 {
            let x = noise_tensor(dims(4), step, DType::F64, &device) + 5.0;
            let cotangent = noise_tensor(dims(4), step + 9, DType::F64, &device);
            let [got, want] = [true, false].map(|is_ours| {
                let x = x.clone().require_grad();
                let y = match is_ours {
                    true => through(&ours, x.clone()),
                    false => burn.forward(x.clone()),
                };
                let gradients = (y.clone() * cotangent.clone()).sum().backward();
                let norm = if is_ours { &ours.norm } else { &burn };
                [
                    values(y),
                    values(x.grad(&gradients).unwrap()),
                    values(norm.gamma.val().grad(&gradients).unwrap()),
                    values(norm.beta.val().grad(&gradients).unwrap()),
                    values(norm.running_mean.value_sync()),
                    values(norm.running_var.value_sync()),
                ]
            });
            let what = ["output", "input", "gamma", "beta", "mean", "variance"];
            for (what, (got, want)) in what.into_iter().zip(got.iter().zip(&want)) {
                assert_close(&format!("{what} {grid:?} step {step}"), got, want, 1e-11);
            }
        }
        let (burn, ours) = (burn.valid(), ours.valid());
        let x = noise_tensor(dims(2), 5, DType::F64, &Device::flex());
        let [got, want] = [through(&ours, x.clone()), burn.forward(x)].map(values);
        assert_close(&format!("evaluation {grid:?}"), &got, &want, 1e-12);
    }
}

#[test]
fn after_a_batch_that_counts_alone_evaluation_is_training() {
    let (device, plain) = (Device::flex().autodiff(), Device::flex());
    for grid in grids() {
        let [height, bins] = grid.bins();
        for form in forms(grid) {
            let layer = ComplexBatchNormConfig::new(2, form)
                .with_momentum(1.0)
                .init(&device);
            let dims = [3, 2, height, bins];
            let want = layer.forward(noise_complex(dims, 1, DType::F32, &device));
            let got = layer
                .valid()
                .forward(noise_complex(dims, 1, DType::F32, &plain));
            let what = format!("{form:?}");
            assert_close(&what, &complex_values(got), &complex_values(want), 1e-5);
        }
    }
}

#[test]
fn a_frozen_layer_takes_and_keeps_its_running_statistics() {
    let (device, plain) = (Device::flex().autodiff(), Device::flex());
    let grid = SpectrumGrid::half([6, 8]);
    for form in forms(grid) {
        let config = ComplexBatchNormConfig::new(2, form);
        let frozen = config.init(&device).freeze();
        let dims = [3, 2, 6, 5];
        let x = |device: &Device| noise_complex(dims, 1, DType::F32, device).mul_scalar(3.0);
        frozen.forward(x(&device));
        let got = frozen.forward(x(&device));
        let fresh = config.init(&plain).forward(x(&plain));
        let what = format!("{form:?}");
        assert_close(&what, &complex_values(got), &complex_values(fresh), 1e-7);
    }
}

#[test]
fn a_whitened_spectrum_has_unit_variance_and_no_covariance_of_its_parts() {
    let device = Device::flex().autodiff();
    let config = ComplexBatchNormConfig::new(2, ComplexNormForm::Whitening);
    let layer = config.init(&device);
    let z = noise_complex::<4>([8, 2, 6, 5], 1, DType::F32, &device);
    // Parts that are nearly the same number, and of very different sizes.
    let mixed = ComplexTensor::new(
        z.re.clone() * 30.0 + 7.0,
        z.re.clone() * 3.0 + z.im.clone() * 0.1 - 2.0,
    );
    let y = layer.forward(mixed);
    for channel in 0..2 {
        let mean = |values: Tensor<4>| {
            let channel = values.narrow(1, channel, 1);
            channel.mean().into_scalar::<f32>()
        };
        assert!(mean(y.re.clone()).abs() < 1e-5 && mean(y.im.clone()).abs() < 1e-4);
        let [rr, ri, ii] = [(&y.re, &y.re), (&y.re, &y.im), (&y.im, &y.im)]
            .map(|(a, b)| mean(a.clone() * b.clone()));
        assert!(
            (rr - 0.5).abs() < 0.01 && (ii - 0.5).abs() < 0.01,
            "{rr} {ii}"
        );
        assert!(ri.abs() < 0.01, "{ri}");
    }
}

#[test]
fn parts_that_are_one_number_give_no_nan() {
    let device = Device::flex().autodiff();
    let config = ComplexBatchNormConfig::new(1, ComplexNormForm::Whitening);
    let layer = config.init(&device);
    for factor in [1.0, 1e3, -1e5] {
        let part = noise_tensor::<4>([4, 1, 6, 5], 1, DType::F32, &device) * 1e4;
        let x = ComplexTensor::new(part.clone(), part * factor).map(Tensor::require_grad);
        let y = layer.forward(x.clone());
        let gradients = (y.re.clone() + y.im.clone()).sum().backward();
        let gradient = x.map(|part| part.grad(&gradients).unwrap());
        for value in [complex_values(y), complex_values(gradient)].concat() {
            assert!(value.is_finite(), "{factor}: {value}");
        }
    }
}

#[test]
fn the_magnitude_and_the_image_form_keep_a_spectrum_hermitian_and_the_published_one_does_not() {
    let device = Device::flex().autodiff();
    for size in [[7, 7], [6, 8]] {
        let grid = SpectrumGrid::half(size);
        let x = noise_tensor([3, 2, size[0], size[1]], 1, DType::F32, &device);
        for form in forms(grid) {
            let layer = ComplexBatchNormConfig::new(2, form).init(&device);
            let y = layer.forward(grid.spectrum(x.clone()));
            let kept = grid.spectrum(grid.image(y.clone()));
            let lost = relative_error(&complex_values(kept), &complex_values(y));
            match layer {
                ComplexBatchNorm::Magnitude(_) | ComplexBatchNorm::Image(_) => {
                    assert!(lost < 1e-6, "{form:?}: {lost}");
                }
                _ => assert!(lost > 1e-3, "{form:?}: {lost}"),
            }
        }
    }
}

#[test]
fn the_power_that_the_magnitude_form_divides_by_is_that_of_the_image() {
    let device = Device::flex().autodiff();
    for grid in grids() {
        let [height, width] = grid.size;
        let x = noise_tensor([4, 2, height, width], 1, DType::F32, &device) + 0.5;
        let samples = grid.samples() as f64;
        for (form, shift) in [
            (ComplexNormForm::Magnitude(grid), 0.0),
            (ComplexNormForm::CenteredMagnitude(grid), 1.0),
        ] {
            let config = ComplexBatchNormConfig::new(2, form).with_momentum(1.0);
            let ComplexBatchNorm::Magnitude(layer) = config.init(&device) else {
                panic!("{form:?} makes another layer");
            };
            layer.forward(grid.spectrum(x.clone()));
            let mean = x.clone().mean_dim(0).mean_dim(2).mean_dim(3) * shift;
            let moved = x.clone() - mean;
            let square = (moved.clone() * moved).mean_dim(0).mean_dim(2).mean_dim(3);
            let got = values(layer.running_power.value_sync() * (1.0 / samples));
            assert_close(&format!("{form:?}"), &got, &values(square), 1e-5);
        }
    }
}

#[test]
fn running_statistics_travel_in_records() {
    let (device, plain) = (Device::flex().autodiff(), Device::flex());
    let grid = SpectrumGrid::half([6, 8]);
    let x = |device: &Device| noise_complex::<4>([3, 2, 6, 5], 1, DType::F32, device);
    for form in forms(grid) {
        let config = ComplexBatchNormConfig::new(2, form);
        let trained = config.init(&device);
        trained.forward(x(&device).mul_scalar(4.0));
        let saved = trained.valid();
        let want = complex_values(saved.forward(x(&plain)));
        let other = config.init(&plain);
        assert_ne!(complex_values(other.forward(x(&plain))), want, "{form:?}");
        let bytes = saved.into_record().into_bytes().unwrap();
        let record = burn::store::ModuleRecord::from_bytes(bytes).unwrap();
        let got = other.load_record(record).forward(x(&plain));
        assert_eq!(complex_values(got), want, "{form:?}");
    }
}
