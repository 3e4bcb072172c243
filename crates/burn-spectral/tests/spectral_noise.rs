//! Noise on spectra: how much, when, and what it leaves of a real image.

mod common;

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::frequency::SpectrumGrid;
use burn_spectral::published::{NoiseForm, NoiseTime, SpectralNoiseConfig};
use burn_spectral::{ComplexTensor, Norm, fft};
use common::{assert_close, complex_values, noise_tensor, seeded, values};

fn ones(device: &Device) -> ComplexTensor<4> {
    let ones = || Tensor::ones([16, 8, 14, 14], device);
    ComplexTensor::new(ones(), ones())
}

/// Mean, deviation and correlation of the factors of both parts.
fn moments(factors: ComplexTensor<4>) -> ([f64; 2], [f64; 2], f64) {
    let parts = [values(factors.re), values(factors.im)];
    let count = parts[0].len() as f64;
    let mean = parts
        .each_ref()
        .map(|part| part.iter().sum::<f64>() / count);
    let product = |a: usize, b: usize| {
        let terms = parts[a].iter().zip(&parts[b]);
        terms
            .map(|(x, y)| (x - mean[a]) * (y - mean[b]))
            .sum::<f64>()
            / count
    };
    let deviation = [product(0, 0).sqrt(), product(1, 1).sqrt()];
    (
        mean,
        deviation,
        product(0, 1) / (deviation[0] * deviation[1]),
    )
}

#[test]
fn factors_have_mean_one_and_the_deviation_asked_for() {
    let (device, _alone) = seeded(1);
    let device = device.autodiff();
    let grid = SpectrumGrid::full([14, 14]);
    // As published: a sixth and a half of the rates of the published networks.
    for (config, deviation) in [
        (SpectralNoiseConfig::activation(0.4), 0.4 / 6.0),
        (SpectralNoiseConfig::dropout(0.5), 0.25),
    ] {
        for (form, correlation) in [(NoiseForm::PerPart, 0.0), (NoiseForm::Hermitian(grid), 1.0)] {
            let layer = config.clone().with_form(form).init();
            let (mean, got, shared) = moments(layer.forward(ones(&device)));
            for part in 0..2 {
                // 25,088 factors a part, some of them twice.
                assert!(
                    (mean[part] - 1.0).abs() < 5.0 * deviation / 112.0,
                    "{form:?} {mean:?}"
                );
                assert!(
                    (got[part] / deviation - 1.0).abs() < 0.04,
                    "{form:?} {got:?}"
                );
            }
            assert!((shared - correlation).abs() < 0.04, "{form:?}: {shared}");
        }
    }
}

#[test]
fn it_acts_when_it_should() {
    let (plain, _alone) = seeded(2);
    let training = plain.clone().autodiff();
    let is_changed = |layer: &burn_spectral::published::SpectralNoise, device: &Device| {
        let out = complex_values(layer.forward(ones(device)));
        out.iter().any(|&value| value != 1.0)
    };
    let dropout = SpectralNoiseConfig::dropout(0.4);
    let layer = dropout.init();
    assert!(is_changed(&layer, &training) && !is_changed(&layer, &plain));
    let frozen = layer.freeze();
    assert!(!is_changed(&frozen, &training));
    let always = dropout.with_time(NoiseTime::Always).init();
    assert!(is_changed(&always, &training) && is_changed(&always, &plain));
    let published = SpectralNoiseConfig::activation(0.4).init();
    assert!(is_changed(&published, &plain));
    let none = SpectralNoiseConfig::activation(0.0).init();
    assert!(!is_changed(&none, &training));
}

#[test]
fn hermitian_noise_leaves_spectra_of_real_images_and_the_published_one_does_not() {
    let (device, _alone) = seeded(3);
    for size in [[7, 7], [6, 8], [5, 4], [13, 1], [1, 6], [2, 2], [4, 3]] {
        let x = noise_tensor([2, 3, size[0], size[1]], 1, DType::F64, &device);
        let noise = |form| {
            let config = SpectralNoiseConfig::activation(1.0).with_form(form);
            config.init()
        };
        let half = SpectrumGrid::half(size);
        let y = noise(NoiseForm::Hermitian(half)).forward(half.spectrum(x.clone()));
        let kept = half.spectrum(half.image(y.clone()));
        let what = format!("{size:?}");
        assert_close(&what, &complex_values(kept), &complex_values(y), 1e-13);

        let full = SpectrumGrid::full(size);
        let imaginary = |form| {
            let y = noise(form).forward(full.spectrum(x.clone()));
            let image = fft::ifft2(y, Norm::Backward);
            let [re, im] = [image.re, image.im].map(|part| {
                let squares = values(part).into_iter().map(|value| value * value);
                squares.sum::<f64>()
            });
            im / re
        };
        assert!(imaginary(NoiseForm::Hermitian(full)) < 1e-25, "{size:?}");
        if size != [2, 2] {
            assert!(imaginary(NoiseForm::PerPart) > 1e-5, "{size:?}");
        }
    }
}

#[test]
fn the_gradient_is_the_noise() {
    let (device, _alone) = seeded(4);
    let device = device.autodiff();
    let grid = SpectrumGrid::half([6, 8]);
    for form in [NoiseForm::PerPart, NoiseForm::Hermitian(grid)] {
        let ones = || Tensor::<4>::ones([1, 2, 6, 5], &device).require_grad();
        let x = ComplexTensor::new(ones(), ones());
        let layer = SpectralNoiseConfig::new(0.3).with_form(form).init();
        let y = layer.forward(x.clone());
        let gradients = (y.re.clone() + y.im.clone()).sum().backward();
        let gradient = x.map(|part| part.grad(&gradients).unwrap());
        // Of ones, the result is the factors.
        assert_eq!(complex_values(gradient), complex_values(y), "{form:?}");
    }
}

#[test]
fn a_seed_gives_the_same_noise_again_and_two_passes_differ() {
    let (device, _alone) = seeded(5);
    for dtype in common::DTYPES {
        let x = common::noise_complex::<4>([2, 3, 6, 5], 1, dtype, &device);
        let layer = SpectralNoiseConfig::activation(0.4).init();
        let draw = || complex_values(layer.forward(x.clone()));
        device.seed(6);
        let (first, second) = (draw(), draw());
        assert_ne!(first, second, "{dtype:?}");
        device.seed(6);
        assert_eq!(draw(), first, "{dtype:?}");
    }
}
