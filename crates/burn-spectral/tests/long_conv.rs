//! Long convolutions against PyTorch and SciPy, finite differences, and the layer's own promises.

mod common;

use burn::tensor::{DType, Device, Distribution, Tensor};
use burn_spectral::SpectralInitializer;
use burn_spectral::conv::{LongConv1dConfig, long_conv};
use common::golden::load;
use common::gradient::{assert_gradients, weigh};
use common::{DTYPES, seeded};

#[test]
fn long_convolutions_and_their_gradients_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    let cases = load("long");
    for (case, dtype) in cases
        .iter()
        .flat_map(|case| DTYPES.map(|dtype| (case, dtype)))
    {
        let x = case.leaf::<3>("input", dtype, &device);
        let kernel = case.leaf::<2>("kernel", dtype, &device);
        let skip = case
            .has("skip")
            .then(|| case.leaf::<1>("skip", dtype, &device));
        let y = long_conv(x.clone(), kernel.clone(), skip.clone());
        case.check("output", y.clone(), "");
        let gradients = (y * case.tensor("cotangent", dtype, &device))
            .sum()
            .backward();
        case.check("grad.input", x.grad(&gradients).unwrap(), "");
        case.check("grad.kernel", kernel.grad(&gradients).unwrap(), "");
        if let Some(skip) = skip {
            case.check("grad.skip", skip.grad(&gradients).unwrap(), "");
        }
    }
}

#[test]
fn gradients_are_finite_differences() {
    for [length, taps] in [[1, 1], [9, 9], [13, 5], [6, 8]] {
        let sizes = [2 * 3 * length, 3 * taps, 3];
        assert_gradients(&format!("{length}, {taps}"), &sizes, |inputs| {
            let x = inputs[0].clone().reshape([2, 3, length]);
            let kernel = inputs[1].clone().reshape([3, taps]);
            weigh(long_conv(x, kernel, Some(inputs[2].clone())), 7)
        });
    }
}

#[test]
fn an_empty_batch_gives_an_empty_output_and_no_gradient() {
    let device = Device::flex().autodiff();
    let kernel = Tensor::<2>::ones([3, 20], &device).require_grad();
    let x = Tensor::<3>::zeros([0, 3, 20], &device);
    let y = long_conv(x, kernel.clone(), None);
    assert_eq!(y.dims(), [0, 3, 20]);
    let gradients = y.sum().backward();
    let gradient = kernel.grad(&gradients).unwrap();
    assert_eq!(gradient.abs().max().into_scalar::<f32>(), 0.0);
}

/// Where all taps see samples, a fresh depthwise `Conv1d` gives a third of the input's variance.
#[test]
fn fresh_layers_give_the_output_variance_of_a_fresh_convolution() {
    let (device, _alone) = seeded(4);
    for init in [
        SpectralInitializer::Conv,
        SpectralInitializer::Decay,
        SpectralInitializer::Normal((1.0_f64 / 300.0).sqrt()),
    ] {
        let layer = LongConv1dConfig::new(64, 100)
            .with_initializer(init)
            .init(&device);
        let x = Tensor::<3>::random(
            [8, 64, 400],
            Distribution::Normal(0.0, 1.0),
            (&device, DType::F32),
        );
        let y = layer.forward(x).narrow(2, 100, 300);
        let variance = (y.clone() * y).mean().into_scalar::<f64>();
        assert!((variance * 3.0 - 1.0).abs() < 0.1, "{init:?}: {variance}");
    }
}
