//! Layers with Keras' initial weights: biases zero, weights uniform.

use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{Initializer, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::Device;

/// How weights are drawn. `fan_in` and `fan_out` count the inputs per output and the outputs per
/// input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KerasInit {
    /// Within `±√(6/(fan_in + fan_out))`, the default (Glorot and Bengio, 2010).
    Glorot,
    /// Within `±√(6/fan_in)` (He et al., 2015).
    He,
}

impl From<KerasInit> for Initializer {
    fn from(init: KerasInit) -> Self {
        match init {
            KerasInit::Glorot => Initializer::XavierUniform { gain: 1.0 },
            KerasInit::He => Initializer::KaimingUniform {
                gain: core::f64::consts::SQRT_2,
                fan_out_only: false,
            },
        }
    }
}

/// A convolution from `channels[0]` to `channels[1]` channels with `same` padding; `kernel` is the
/// odd kernel size.
pub(super) fn conv2d(
    channels: [usize; 2],
    kernel: usize,
    init: KerasInit,
    device: &Device,
) -> Conv2d {
    let margin = kernel / 2;
    let padding = PaddingConfig2d::Explicit(margin, margin, margin, margin);
    padded_conv2d(channels, kernel, padding, init, device)
}

/// A 3×3 convolution without padding, which loses the borders.
pub(super) fn valid_conv2d(channels: [usize; 2], init: KerasInit, device: &Device) -> Conv2d {
    padded_conv2d(channels, 3, PaddingConfig2d::Valid, init, device)
}

fn padded_conv2d(
    channels: [usize; 2],
    kernel: usize,
    padding: PaddingConfig2d,
    init: KerasInit,
    device: &Device,
) -> Conv2d {
    let mut layer = Conv2dConfig::new(channels, [kernel; 2])
        .with_padding(padding)
        .with_initializer(init.into())
        .init(device);
    layer.bias = Some(Initializer::Zeros.init([channels[1]], device));
    layer
}

/// A 3×3 transposed convolution that maps `n` samples to `2n + 1`.
pub(super) fn doubling_conv2d(channels: [usize; 2], device: &Device) -> ConvTranspose2d {
    let mut layer = ConvTranspose2dConfig::new(channels, [3, 3])
        .with_stride([2, 2])
        .with_initializer(Initializer::Zeros)
        .init(device);
    // Burn gives the initializer of a transposed convolution only one of the fans.
    let [inputs, outputs] = channels;
    layer.weight = Initializer::from(KerasInit::Glorot).init_with(
        [inputs, outputs, 3, 3],
        Some(9 * outputs),
        Some(9 * inputs),
        device,
    );
    layer
}

/// A dense layer from `features[0]` to `features[1]` features.
pub(super) fn linear(features: [usize; 2], init: KerasInit, device: &Device) -> Linear {
    let mut layer = LinearConfig::new(features[0], features[1])
        .with_initializer(init.into())
        .init(device);
    layer.bias = Some(Initializer::Zeros.init([features[1]], device));
    layer
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Tensor;

    /// The largest magnitude, and the largest there could be; of many draws it comes close.
    fn assert_bound<const D: usize>(weights: Tensor<D>, bound: f64) {
        let largest = f64::from(weights.abs().max().into_scalar::<f32>());
        assert!(
            largest <= bound * (1.0 + 1e-6) && largest > 0.98 * bound,
            "{largest} of {bound}"
        );
    }

    #[test]
    fn weights_fill_the_bounds_that_keras_documents() {
        let device = Device::flex();
        let (glorot, he) = (KerasInit::Glorot, KerasInit::He);
        let conv = |kernel, init| conv2d([8, 24], kernel, init, &device).weight.val();
        assert_bound(conv(3, glorot), (6.0 / (9.0 * 32.0f64)).sqrt());
        assert_bound(conv(3, he), (6.0 / (9.0 * 8.0f64)).sqrt());
        assert_bound(conv(5, he), (6.0 / (25.0 * 8.0f64)).sqrt());
        let dense = |init| linear([40, 60], init, &device).weight.val();
        assert_bound(dense(glorot), (6.0 / 100.0f64).sqrt());
        assert_bound(dense(he), (6.0 / 40.0f64).sqrt());
        let doubling = doubling_conv2d([32, 32], &device).weight.val();
        assert_bound(doubling, (6.0 / (9.0 * 64.0f64)).sqrt());
    }

    #[test]
    fn biases_start_at_zero() {
        let device = Device::flex();
        let biases = [
            conv2d([2, 3], 3, KerasInit::He, &device).bias,
            valid_conv2d([2, 3], KerasInit::He, &device).bias,
            doubling_conv2d([2, 3], &device).bias,
            linear([2, 3], KerasInit::Glorot, &device).bias,
        ];
        for bias in biases {
            assert_eq!(bias.unwrap().val().abs().max().into_scalar::<f32>(), 0.0);
        }
    }
}
