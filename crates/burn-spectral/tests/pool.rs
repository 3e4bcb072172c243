//! Spectral pooling, upsampling and anti-aliased activation.

mod common;

use std::f64::consts::TAU;

use burn::nn::activation::ActivationConfig;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::pool::{
    AntiAliasedActivationConfig, SpectralPool2d, SpectralUpsample2d, spectral_resize2d,
};
use common::golden::load;
use common::gradient::{assert_gradients, weigh};
use common::{DTYPES, assert_close, noise_tensor, tensor, values};

#[test]
fn resampling_and_its_gradient_are_those_of_scipy() {
    let device = Device::flex().autodiff();
    for case in &load("resize") {
        let size: [usize; 2] = case.numbers("size").try_into().unwrap();
        for dtype in DTYPES {
            let from = &case.shape("input")[2..];
            let x = case.leaf::<4>("input", dtype, &device);
            let y = match (size[0] <= from[0], size[1] <= from[1]) {
                (true, true) => SpectralPool2d::new(size).forward(x.clone()),
                (false, false) => SpectralUpsample2d::new(size).forward(x.clone()),
                _ => spectral_resize2d(x.clone(), size),
            };
            case.check("output", y.clone(), "");
            let gradients = (y * case.tensor("cotangent", dtype, &device))
                .sum()
                .backward();
            case.check("grad.input", x.grad(&gradients).unwrap(), "");
        }
    }
}

#[test]
fn anti_aliased_activations_and_their_gradient_are_those_of_scipy() {
    let device = Device::flex().autodiff();
    for case in &load("antialiased") {
        let layer = AntiAliasedActivationConfig::new(ActivationConfig::Tanh)
            .with_factor(case.number("factor"))
            .init(&device);
        for dtype in DTYPES {
            let x = case.leaf::<4>("input", dtype, &device);
            let y = layer.forward(x.clone());
            case.check("output", y.clone(), "");
            let gradients = (y * case.tensor("cotangent", dtype, &device))
                .sum()
                .backward();
            case.check("grad.input", x.grad(&gradients).unwrap(), "");
        }
    }
}

#[test]
fn gradients_are_the_finite_differences_at_small_sizes() {
    for (from, to) in [
        ([1, 2], [2, 5]),
        ([4, 6], [2, 3]),
        ([5, 4], [6, 2]),
        ([3, 3], [6, 1]),
    ] {
        assert_gradients(&format!("{from:?} to {to:?}"), &[from[0] * from[1]], |x| {
            weigh(
                spectral_resize2d(x[0].clone().reshape([1, 1, from[0], from[1]]), to),
                1,
            )
        });
    }
}

#[test]
fn pooling_undoes_upsampling_at_every_size() {
    let device = Device::flex();
    for height in 1..=8 {
        for (extra, width) in (0..=6).flat_map(|extra| [1, 2, 5, 6, 13].map(|width| (extra, width)))
        {
            for (dtype, limit) in [(DType::F32, 1e-6), (DType::F64, 1e-14)] {
                let x = noise_tensor::<4>([1, 2, height, width], 1, dtype, &device);
                let large = [height + extra, 2 * width + extra];
                let up = SpectralUpsample2d::new(large).forward(x.clone());
                let back = SpectralPool2d::new([height, width]).forward(up);
                let what = format!("{height}x{width} by {large:?}");
                assert_close(&what, &values(back), &values(x), limit);
            }
        }
    }
}

/// A sum of waves of at most `limit` cycles an axis, sampled at `size` points.
fn waves(limit: [i32; 2], size: [usize; 2]) -> Vec<f64> {
    let at = |row: usize, column: usize| {
        let (t, s) = (row as f64 / size[0] as f64, column as f64 / size[1] as f64);
        let mut sum = 0.3;
        for k in -limit[0]..=limit[0] {
            for l in 0..=limit[1] {
                let amplitude = 1.0 / f64::from(1 + k.abs() + 2 * l);
                let phase = f64::from(3 * k + 7 * l);
                sum += amplitude * (TAU * (f64::from(k) * t + f64::from(l) * s) + phase).cos();
            }
        }
        sum
    };
    (0..size[0])
        .flat_map(|row| (0..size[1]).map(move |column| at(row, column)))
        .collect()
}

#[test]
fn band_limited_images_are_resampled_exactly() {
    let device = Device::flex();
    // Below the Nyquist frequency of each size: 3 cycles need 7 samples.
    for (from, to) in [
        ([7, 7], [14, 28]),
        ([8, 7], [13, 11]),
        ([28, 28], [7, 8]),
        ([13, 10], [7, 31]),
        ([9, 16], [150, 7]),
    ] {
        let image = |size: [usize; 2]| {
            tensor::<4>(
                &waves([3, 3], size),
                [1, 1, size[0], size[1]],
                DType::F64,
                &device,
            )
        };
        let got = spectral_resize2d(image(from), to);
        assert_close(
            &format!("{from:?} to {to:?}"),
            &values(got),
            &values(image(to)),
            1e-13,
        );
    }
}

#[test]
fn an_alternating_image_is_interpolated_by_a_cosine() {
    let device = Device::flex();
    let x = tensor::<4>(&[1.0, -1.0, 1.0, -1.0], [1, 1, 1, 4], DType::F64, &device);
    let up = SpectralUpsample2d::new([1, 12]).forward(x);
    let want: Vec<f64> = (0..12)
        .map(|j| (TAU * 2.0 * f64::from(j) / 12.0).cos())
        .collect();
    assert_close("cosine", &values(up), &want, 1e-14);
}

#[test]
fn a_wave_at_the_new_nyquist_frequency_is_sampled_and_a_higher_one_removed() {
    let device = Device::flex();
    let wave = |cycles: usize, phase: f64, n: usize| -> Vec<f64> {
        (0..n)
            .map(|j| (TAU * ((cycles * j) % n) as f64 / n as f64 + phase).cos())
            .collect()
    };
    let pool = |values: &[f64]| {
        let x = tensor::<4>(values, [1, 1, 1, values.len()], DType::F64, &device);
        SpectralPool2d::new([1, 6]).forward(x)
    };
    for n in [11, 12, 13] {
        let got = pool(&wave(3, 0.4, n));
        assert_close(&format!("3 of {n}"), &values(got), &wave(3, 0.4, 6), 1e-13);
        assert_close(
            &format!("4 of {n}"),
            &values(pool(&wave(4, 0.4, n))),
            &[0.0; 6],
            1e-13,
        );
    }
}

#[test]
fn pooling_is_the_nearest_band_limited_image() {
    let device = Device::flex();
    let x = noise_tensor::<4>([1, 1, 12, 13], 3, DType::F64, &device);
    let (pool, up) = (
        SpectralPool2d::new([5, 7]),
        SpectralUpsample2d::new([12, 13]),
    );
    let residue = x.clone() - up.forward(pool.forward(x));
    for seed in 1..5 {
        let other = up.forward(noise_tensor::<4>([1, 1, 5, 7], seed, DType::F64, &device));
        let product = (residue.clone() * other).sum().into_scalar::<f64>();
        assert!(product.abs() < 1e-12, "{product}");
    }
}

#[test]
fn an_anti_aliased_activation_keeps_the_waves_that_the_grid_can_hold() {
    let device = Device::flex();
    // tanh of a wave of 5 cycles has waves of 5, 15, 25 … cycles. A grid of 16 holds up to 8, and
    // shows the one of 15 as one of 1.
    let wave = |scale: f64| -> Vec<f64> {
        (0..16)
            .map(|j| scale * (TAU * f64::from(5 * j % 16) / 16.0).cos())
            .collect()
    };
    let samples = 4096;
    let first_harmonic: f64 = (0..samples)
        .map(|j| (TAU * f64::from(j) / f64::from(samples)).cos())
        .map(|cosine| cosine.tanh() * cosine * 2.0 / f64::from(samples))
        .sum();
    let error = |factor: usize| {
        let config = AntiAliasedActivationConfig::new(ActivationConfig::Tanh).with_factor(factor);
        let x = tensor::<4>(&wave(1.0), [1, 1, 1, 16], DType::F64, &device);
        let y = values(config.init(&device).forward(x));
        common::relative_error(&y, &wave(first_harmonic))
    };
    let errors = [1, 2, 4, 8].map(error);
    assert!(errors[0] > 0.03, "{errors:?}");
    assert!(errors[1] < errors[0] / 4.0, "{errors:?}");
    assert!(errors[3] < 1e-12, "{errors:?}");
}

#[test]
fn an_anti_aliased_activation_is_differentiable() {
    let device = Device::flex().autodiff();
    let x = noise_tensor::<4>([1, 2, 7, 6], 1, DType::F32, &device).require_grad();
    let layer = AntiAliasedActivationConfig::new(ActivationConfig::Relu).init(&device);
    let gradients = layer.forward(x.clone()).sum().backward();
    let gradient = values(x.grad(&gradients).unwrap());
    assert!(gradient.iter().all(|g| g.is_finite()) && gradient.iter().any(|g| *g != 0.0));
}

#[test]
fn empty_batches_pass() {
    let device = Device::flex();
    let x = Tensor::<4>::zeros([0, 3, 4, 6], &device);
    assert_eq!(
        SpectralPool2d::new([2, 3]).forward(x.clone()).dims(),
        [0, 3, 2, 3]
    );
    assert_eq!(
        SpectralUpsample2d::new([7, 9]).forward(x).dims(),
        [0, 3, 7, 9]
    );
}
