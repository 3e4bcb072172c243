//! Operations on the image of a spectrum against the same on images.

mod common;

use burn::module::Module;
use burn::nn::activation::ActivationConfig;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::frequency::{SpatialMaxPoolConfig, SpectrumGrid, ThroughImageConfig};
use burn_spectral::pool::AntiAliasedActivationConfig;
use common::{assert_close, complex_values, noise_tensor, seeded, values};

fn grids() -> Vec<SpectrumGrid> {
    let both = |size| [SpectrumGrid::half(size), SpectrumGrid::full(size)];
    [[7, 7], [6, 8], [13, 5]]
        .into_iter()
        .flat_map(both)
        .collect()
}

fn images(grid: SpectrumGrid, device: &Device) -> Tensor<4> {
    noise_tensor([2, 3, grid.size[0], grid.size[1]], 1, DType::F64, device)
}

#[test]
fn an_anti_aliased_activation_is_that_of_the_image() {
    let device = Device::flex();
    for grid in grids() {
        for factor in [2, 3] {
            let config = ThroughImageConfig::new(grid, ActivationConfig::Relu).with_factor(factor);
            let x = images(grid, &device);
            let got = config.init(&device).forward(grid.spectrum(x.clone()));
            let plain = AntiAliasedActivationConfig::new(ActivationConfig::Relu);
            let want = plain.with_factor(factor).init(&device).forward(x);
            let what = format!("{grid:?} by {factor}");
            assert_close(&what, &values(grid.image(got)), &values(want), 1e-12);
        }
    }
}

#[test]
fn one_layer_does_what_its_parts_do_one_after_the_other() {
    let device = Device::flex();
    for grid in grids() {
        for factor in [1, 2] {
            let config = ThroughImageConfig::new(grid, ActivationConfig::Tanh).with_factor(factor);
            let x = grid.spectrum(images(grid, &device));
            let pooled = config.clone().with_pool(Some([2, 3])).init(&device);
            let got = pooled.forward(x.clone());
            let pool = SpatialMaxPoolConfig::new(grid).with_window([2, 3]).init();
            assert_eq!(pooled.output_grid(), pool.output_grid());
            let want = pool.forward(config.init(&device).forward(x));
            let what = format!("{grid:?} by {factor}");
            assert_close(&what, &complex_values(got), &complex_values(want), 1e-12);
        }
    }
}

#[test]
fn dropout_zeroes_pixels_in_training_alone() {
    let (plain, _alone) = seeded(1);
    let device = plain.clone().autodiff();
    for grid in [SpectrumGrid::half([28, 28]), SpectrumGrid::full([28, 28])] {
        for factor in [1, 2] {
            let config = ThroughImageConfig::new(grid, ActivationConfig::Identity)
                .with_dropout(0.4)
                .with_factor(factor);
            let layer = config.init(&device);
            let x = noise_tensor::<4>([8, 3, 28, 28], 1, DType::F32, &device) + 3.0;
            let before = values(x.clone());
            let after = values(grid.image(layer.forward(grid.spectrum(x.clone()))));
            let mut dropped = 0;
            for (before, after) in before.iter().zip(&after) {
                match after.abs() < 1e-3 {
                    true => dropped += 1,
                    false => assert!((after - before / 0.6).abs() < 1e-3, "{before} to {after}"),
                }
            }
            // 18,816 pixels: a deviation of 67.
            let expected = 0.4 * before.len() as f64;
            assert!((f64::from(dropped) - expected).abs() < 340.0, "{dropped}");
            let kept = |after: Vec<f64>| assert_close("kept", &after, &before, 1e-6);
            kept(values(grid.image(layer.freeze().forward(grid.spectrum(x)))));
            let x = noise_tensor::<4>([8, 3, 28, 28], 1, DType::F32, &plain) + 3.0;
            kept(values(
                grid.image(config.init(&plain).forward(grid.spectrum(x))),
            ));
        }
    }
}
