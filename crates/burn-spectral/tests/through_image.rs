//! Operations on the image of a spectrum against the same on images.

mod common;

use burn::module::Module;
use burn::nn::activation::ActivationConfig;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{BatchNormConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::frequency::{ImageNorm, SpectrumGrid, ThroughImageConfig};
use burn_spectral::ops;
use burn_spectral::pool::AntiAliasedActivationConfig;
use burn_spectral::published::{ElementwiseConv2dConfig, ElementwiseWeight, SpatialMaxPoolConfig};
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
fn with_margins_a_block_is_that_of_an_image_network_with_zero_padding() {
    let (plain, _alone) = seeded(3);
    let device = plain.autodiff();
    for ([height, width], taps, next) in [
        ([6, 8], 3, 1),
        ([7, 5], 5, 2),
        ([4, 4], 5, 0),
        ([2, 3], 3, 1),
    ] {
        let margin = taps / 2;
        let grid = SpectrumGrid::half([height + margin, width + margin]);
        let conv = ElementwiseConv2dConfig::new([2, 3], [taps; 2], grid.size).init(&device);
        let norm = BatchNormConfig::new(3).init(&device);
        let layer = ThroughImageConfig::new(grid, ActivationConfig::Relu)
            .with_pool(Some([2, 2]))
            .with_margin([margin; 2])
            .with_output_margin([next; 2])
            .init(&device);
        let x = noise_tensor::<4>([3, 2, height, width], 1, DType::F32, &device).require_grad();
        let padded = ops::zero_pad(x.clone(), &grid.size);
        let image_norm = ImageNorm::from_norm(norm.clone(), grid);
        let spectrum = conv.forward(grid.spectrum(padded));
        let got = layer.forward_normalized(&image_norm, spectrum);
        assert_eq!(
            layer.output_grid().size,
            [height / 2 + next, width / 2 + next]
        );
        let got = layer.output_grid().image(got);

        let ElementwiseWeight::Taps(weight) = &conv.weight else {
            panic!("taps are the default")
        };
        let mut plain = Conv2dConfig::new([2, 3], [taps; 2])
            .with_padding(PaddingConfig2d::Same)
            .with_bias(false)
            .init(&device);
        plain.weight = weight.taps.clone();
        let want = relu(norm.forward(plain.forward(x.clone())));
        let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
        let want = ops::zero_pad(pool.forward(want), &layer.output_grid().size);
        let what = format!("{height}x{width}, {taps} taps");
        assert_close(&what, &values(got.clone()), &values(want.clone()), 1e-5);

        let weights = noise_tensor::<4>(got.dims(), 2, DType::F32, &device);
        let [got, want] = [got, want].map(|out| (out * weights.clone()).sum().backward());
        for (what, of) in [("input", &x), ("taps", &weight.taps.val())] {
            let [got, want] = [&got, &want].map(|gradients| values(of.grad(gradients).unwrap()));
            assert_close(what, &got, &want, 1e-4);
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
