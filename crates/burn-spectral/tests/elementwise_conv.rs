//! The element-wise convolution against Burn's own on circularly padded images.

mod common;

use burn::module::{Module, Param};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, Device, Tensor, module};
use burn_spectral::SpectralInitializer;
use burn_spectral::conv::KernelOrigin;
use burn_spectral::frequency::Projection;
use burn_spectral::ops;
use burn_spectral::published::{
    ElementwiseConv2d, ElementwiseConv2dConfig, ElementwiseForm, ElementwiseWeight,
    ElementwiseWeights,
};
use common::{DTYPES, assert_close, noise_tensor, relative_error, seeded, tolerance, values};

/// Images with copies of themselves on all sides: `before` samples in front, `after` behind.
fn padded(x: Tensor<4>, before: [usize; 2], after: [usize; 2]) -> Tensor<4> {
    let mut x = x;
    for axis in [2, 3] {
        let size = x.dims()[axis];
        let [front, back] = [before[axis - 2], after[axis - 2]];
        let mut parts = vec![x.clone()];
        if front > 0 {
            parts.insert(0, x.clone().narrow(axis, size - front, front));
        }
        if back > 0 {
            parts.push(x.narrow(axis, 0, back));
        }
        x = Tensor::cat(parts, axis);
    }
    x
}

/// What `Conv2d` computes with the layer's taps on images padded circularly.
fn conv2d(taps: Tensor<4>, images: Tensor<4>, origin: KernelOrigin) -> Tensor<4> {
    let [_, _, height, width] = taps.dims();
    let before = match origin {
        KernelOrigin::First => [0, 0],
        KernelOrigin::Center => [height / 2, width / 2],
    };
    let after = [height - 1 - before[0], width - 1 - before[1]];
    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
    module::conv2d(padded(images, before, after), taps, None, options)
}

/// From image to image.
fn apply(layer: &ElementwiseConv2d, images: Tensor<4>) -> Tensor<4> {
    let grid = layer.grid();
    grid.image(layer.forward(grid.spectrum(images)))
}

#[test]
fn with_taps_both_forms_are_a_circular_convolution_or_its_reversal() {
    let device = Device::flex().autodiff();
    for (size, taps, channels, batch) in [
        ([28, 28], [5, 5], [1, 6], 2),
        ([14, 14], [5, 5], [6, 16], 1),
        ([7, 7], [3, 3], [2, 3], 3),
        ([13, 11], [4, 2], [1, 1], 1),
        ([6, 9], [1, 4], [3, 2], 2),
        ([3, 3], [3, 3], [2, 2], 1),
    ] {
        for origin in [KernelOrigin::First, KernelOrigin::Center] {
            for form in [ElementwiseForm::Repaired, ElementwiseForm::Published] {
                for dtype in DTYPES {
                    let config = ElementwiseConv2dConfig::new(channels, taps, size)
                        .with_form(form)
                        .with_origin(origin);
                    let mut layer = config.init(&device);
                    let ElementwiseWeight::Taps(weight) = &mut layer.weight else {
                        panic!("a layer of taps has other weights");
                    };
                    let taps = weight.taps.val().inner().cast(dtype);
                    weight.taps = Param::from_tensor(Tensor::from_inner(taps));
                    let taps = weight.taps.val();
                    let dims = [batch, channels[0], size[0], size[1]];
                    let x = noise_tensor(dims, 1, dtype, &device);
                    let cotangent =
                        noise_tensor([batch, channels[1], size[0], size[1]], 2, dtype, &device);
                    let run = |y: Tensor<4>, x: &Tensor<4>, taps: &Tensor<4>| {
                        let gradients = (y.clone() * cotangent.clone()).sum().backward();
                        [
                            y.inner(),
                            x.grad(&gradients).unwrap(),
                            taps.grad(&gradients).unwrap(),
                        ]
                    };
                    let input = x.clone().require_grad();
                    let got = run(apply(&layer, input.clone()), &input, &taps);
                    let input = x.require_grad();
                    let own = Tensor::from_inner(taps.inner()).require_grad();
                    let y = conv2d(own.clone(), input.clone(), origin);
                    let y = match form {
                        ElementwiseForm::Repaired => y,
                        ElementwiseForm::Published => ops::circular_reverse(y, 2),
                    };
                    let want = run(y, &input, &own);
                    let limit = tolerance(dtype, 1e-5, 1e-12);
                    for (what, (got, want)) in ["output", "input", "taps"]
                        .into_iter()
                        .zip(got.into_iter().zip(want))
                    {
                        let what = format!("{what} {config:?} {dtype:?}");
                        assert_close(&what, &values(got), &values(want), limit);
                    }
                }
            }
        }
    }
}

#[test]
fn free_weights_start_as_the_taps_they_are_drawn_from() {
    let (device, _alone) = seeded(5);
    let config = ElementwiseConv2dConfig::new([4, 6], [3, 3], [9, 8]);
    let x = noise_tensor([2, 4, 9, 8], 1, DType::F32, &device);
    let run = |weights| {
        device.seed(9);
        let layer = config.clone().with_weights(weights).init(&device);
        values(apply(&layer, x.clone()))
    };
    let want = run(ElementwiseWeights::Taps);
    for weights in [
        ElementwiseWeights::Free,
        ElementwiseWeights::Projected(Projection::Orthogonal),
        ElementwiseWeights::Projected(Projection::Oblique),
    ] {
        assert_close(&format!("{weights:?}"), &run(weights), &want, 1e-6);
    }
}

#[test]
fn fresh_weights_have_the_variance_of_a_fresh_convolution_or_the_published_one() {
    let (device, _alone) = seeded(6);
    for form in [ElementwiseForm::Repaired, ElementwiseForm::Published] {
        let config = ElementwiseConv2dConfig::new([16, 48], [5, 5], [14, 15]).with_form(form);
        let power = |weights, init| {
            let layer = config
                .clone()
                .with_weights(weights)
                .with_initializer(init)
                .init(&device);
            // Of the product with white noise, by Parseval: 16 times that of a bin.
            16.0 * values(layer.spectrum().norm_sqr().mean())[0]
        };
        for weights in [ElementwiseWeights::Free, ElementwiseWeights::Taps] {
            let fresh = power(weights, SpectralInitializer::Conv);
            assert!(
                (3.0 * fresh - 1.0).abs() < 0.05,
                "{form:?} {weights:?}: {fresh}"
            );
        }
        let he = power(ElementwiseWeights::Taps, SpectralInitializer::Published);
        assert!((he / 2.0 - 1.0).abs() < 0.05, "{form:?}: {he}");
        let published = power(ElementwiseWeights::Free, SpectralInitializer::Published);
        assert!(
            (published / (16.0 * 25.0) - 1.0).abs() < 0.05,
            "{form:?}: {published}"
        );
    }
}

#[test]
fn max_pooling_commutes_with_the_reversal_for_no_image_of_even_size() {
    // Why the published form is another network than its spatial twin: windows start elsewhere.
    let device = Device::flex();
    let x = noise_tensor::<4>([1, 1, 8, 8], 1, DType::F32, &device);
    let pool = burn::nn::pool::MaxPool2dConfig::new([2, 2]).init();
    let first = pool.forward(ops::circular_reverse(x.clone(), 2));
    let last = ops::circular_reverse(pool.forward(x), 2);
    assert!(relative_error(&values(first), &values(last)) > 0.1);
}

#[test]
fn a_layer_returns_from_its_record() {
    let (device, _alone) = seeded(7);
    let x = noise_tensor([2, 2, 6, 9], 1, DType::F32, &device);
    for weights in [ElementwiseWeights::Free, ElementwiseWeights::Taps] {
        let config = ElementwiseConv2dConfig::new([2, 3], [3, 3], [6, 9]).with_weights(weights);
        let (saved, other) = (config.init(&device), config.init(&device));
        let want = values(apply(&saved, x.clone()));
        assert_ne!(values(apply(&other, x.clone())), want, "{weights:?}");
        let bytes = saved.into_record().into_bytes().unwrap();
        let record = burn::store::ModuleRecord::from_bytes(bytes).unwrap();
        let got = apply(&other.load_record(record), x.clone());
        assert_eq!(values(got), want, "{weights:?}");
    }
}
