//! Burn's convolution layers on the kernels against the layers themselves.

mod tensors;

use burn::nn::conv::{Conv1dConfig, Conv2d, Conv2dConfig};
use burn::nn::{LeakyRelu, LeakyReluConfig, PaddingConfig1d, PaddingConfig2d};
use burn::tensor::{DType, Tensor, activation::relu};
use fused_layers::LayerError;
use fused_layers::spatial::{self, Activation};
use tensors::{assert_close, noise_tensor, seeded, values};

fn layers() -> Vec<(Conv2dConfig, [usize; 4])> {
    let config = Conv2dConfig::new;
    vec![
        (config([3, 5], [3, 3]), [2, 3, 7, 9]),
        (
            config([16, 20], [3, 3]).with_padding(PaddingConfig2d::Same),
            [5, 16, 4, 4],
        ),
        (
            config([4, 6], [2, 5])
                .with_padding(PaddingConfig2d::Same)
                .with_bias(false),
            [1, 4, 6, 11],
        ),
        (
            config([6, 9], [3, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 0, 2, 3))
                .with_stride([2, 3])
                .with_dilation([2, 1])
                .with_groups(3),
            [3, 6, 13, 8],
        ),
        (
            config([2, 4], [3, 3])
                .with_padding(PaddingConfig2d::Same)
                .with_stride([2, 2]),
            [2, 2, 7, 8],
        ),
    ]
}

/// Output and the gradients of input and weight.
fn results(
    layer: &Conv2d,
    x: &Tensor<4>,
    forward: impl Fn(Tensor<4>) -> Tensor<4>,
) -> [Vec<f64>; 3] {
    let x = x.clone().require_grad();
    let y = forward(x.clone());
    let seed = noise_tensor(y.dims(), 7, DType::F32, &y.device());
    let gradients = (y.clone() * seed).sum().backward();
    let weight = layer.weight.val();
    [
        values(y),
        values(x.grad(&gradients).unwrap()),
        values(weight.grad(&gradients).unwrap()),
    ]
}

#[test]
fn every_option_of_the_layer_counts() {
    let (device, _lock) = seeded(3);
    let device = device.autodiff();
    let leaky: LeakyRelu = LeakyReluConfig::new().with_negative_slope(0.1).init();
    for (config, dims) in layers() {
        let layer = config.init(&device);
        let x: Tensor<4> = noise_tensor(dims, 1, DType::F32, &device);
        let activations: [(Activation, &dyn Fn(Tensor<4>) -> Tensor<4>); 3] = [
            (Activation::Identity, &|y| y),
            (Activation::RELU, &relu),
            (Activation::LeakyRelu { slope: 0.1 }, &|y| leaky.forward(y)),
        ];
        for (activation, apply) in activations {
            let want = results(&layer, &x, |x| apply(layer.forward(x)));
            let got = results(&layer, &x, |x| spatial::conv2d_with(&layer, activation, x));
            for (got, want) in got.iter().zip(&want) {
                assert_close(&format!("{activation:?} {config}"), got, want, 3e-6);
            }
        }
        assert_close(
            &format!("{config}"),
            &values(spatial::conv2d(&layer, x.clone())),
            &values(layer.forward(x)),
            3e-6,
        );
    }
}

#[test]
fn signals_agree_with_the_layer() {
    let (device, _lock) = seeded(4);
    for padding in [
        PaddingConfig1d::Valid,
        PaddingConfig1d::Same,
        PaddingConfig1d::Explicit(3, 1),
    ] {
        let layer = Conv1dConfig::new(4, 6, 4)
            .with_padding(padding)
            .with_stride(2)
            .with_groups(2)
            .init(&device);
        let x: Tensor<3> = noise_tensor([3, 4, 17], 1, DType::F32, &device);
        let want = layer.forward(x.clone());
        assert_close(
            "identity",
            &values(spatial::conv1d(&layer, x.clone())),
            &values(want.clone()),
            3e-6,
        );
        let got = spatial::conv1d_with(&layer, Activation::RELU, x);
        assert_close("relu", &values(got), &values(relu(want)), 3e-6);
    }
}

#[test]
fn what_the_layer_cannot_take_is_refused() {
    let (device, _lock) = seeded(5);
    let layer = Conv2dConfig::new([3, 5], [3, 3]).init(&device);
    let refused = |x, activation| spatial::try_conv2d_with(&layer, activation, x).unwrap_err();
    let x = Tensor::zeros([2, 4, 7, 9], &device);
    assert!(matches!(
        refused(x, Activation::Identity),
        LayerError::Channels { expected: 3, .. }
    ));
    let x = Tensor::zeros([2, 3, 2, 9], &device);
    assert!(matches!(
        refused(x, Activation::Identity),
        LayerError::Extent { extent: 3, .. }
    ));
    let x = Tensor::zeros([2, 3, 7, 9], &device);
    assert_eq!(
        refused(x, Activation::LeakyRelu { slope: -0.5 }).to_string(),
        "the slope of an activation must be a finite number of at least 0, got -0.5"
    );
}
