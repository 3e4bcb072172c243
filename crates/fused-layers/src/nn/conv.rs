//! Burn's convolution layers, those over one and two axes on the kernels.

pub use burn::nn::conv::*;

use burn::config::Config;
use burn::nn::{Initializer, PaddingConfig1d, PaddingConfig2d, conv};
use burn::tensor::{Device, Tensor};

use super::wrap::{wrap, wrap_config};
use crate::spatial;

/// Configuration of a [`Conv1d`], as Burn's.
#[derive(Config, Debug)]
pub struct Conv1dConfig {
    /// Number of input channels.
    pub channels_in: usize,
    /// Number of output channels.
    pub channels_out: usize,
    /// Size of the kernel.
    pub kernel_size: usize,
    /// Step between outputs.
    #[config(default = "1")]
    pub stride: usize,
    /// Step between taps.
    #[config(default = "1")]
    pub dilation: usize,
    /// Number of groups of channels that do not see each other.
    #[config(default = "1")]
    pub groups: usize,
    /// Zeros around the signal.
    #[config(default = "PaddingConfig1d::Valid")]
    pub padding: PaddingConfig1d,
    /// Whether a bias is added.
    #[config(default = true)]
    pub bias: bool,
    /// Initialization of the parameters.
    #[config(
        default = "Initializer::KaimingUniform { gain: 1.0 / 3.0_f64.sqrt(), fan_out_only: false }"
    )]
    pub initializer: Initializer,
}

impl Conv1dConfig {
    /// Creates the layer.
    pub fn init(&self, device: &Device) -> Conv1d {
        Conv1d(conv::Conv1dConfig::from(self.clone()).init(device))
    }
}

/// Burn's [`Conv1d`](conv::Conv1d), on the kernels.
#[derive(Clone, Debug)]
pub struct Conv1d(pub conv::Conv1d);

impl Conv1d {
    /// As Burn's; see [`spatial::conv1d`].
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, length_in]`
    /// - output: `[batch, channels_out, length_out]`
    #[track_caller]
    pub fn forward(&self, input: Tensor<3>) -> Tensor<3> {
        spatial::conv1d(&self.0, input)
    }
}

/// Configuration of a [`Conv2d`], as Burn's.
#[derive(Config, Debug)]
pub struct Conv2dConfig {
    /// Number of input and output channels.
    pub channels: [usize; 2],
    /// Size of the kernel.
    pub kernel_size: [usize; 2],
    /// Step between outputs.
    #[config(default = "[1, 1]")]
    pub stride: [usize; 2],
    /// Step between taps.
    #[config(default = "[1, 1]")]
    pub dilation: [usize; 2],
    /// Number of groups of channels that do not see each other.
    #[config(default = "1")]
    pub groups: usize,
    /// Zeros around the image.
    #[config(default = "PaddingConfig2d::Valid")]
    pub padding: PaddingConfig2d,
    /// Whether a bias is added.
    #[config(default = true)]
    pub bias: bool,
    /// Initialization of the parameters.
    #[config(
        default = "Initializer::KaimingUniform { gain: 1.0 / 3.0_f64.sqrt(), fan_out_only: false }"
    )]
    pub initializer: Initializer,
}

impl Conv2dConfig {
    /// Creates the layer.
    pub fn init(&self, device: &Device) -> Conv2d {
        Conv2d(conv::Conv2dConfig::from(self.clone()).init(device))
    }
}

/// Burn's [`Conv2d`](conv::Conv2d), on the kernels.
#[derive(Clone, Debug)]
pub struct Conv2d(pub conv::Conv2d);

impl Conv2d {
    /// As Burn's; see [`spatial::conv2d`].
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height_in, width_in]`
    /// - output: `[batch, channels_out, height_out, width_out]`
    #[track_caller]
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        spatial::conv2d(&self.0, input)
    }
}

wrap!(Conv1d, conv::Conv1d);
wrap!(Conv2d, conv::Conv2d);
wrap_config!(
    Conv1dConfig,
    conv::Conv1dConfig,
    [
        channels_in,
        channels_out,
        kernel_size,
        stride,
        dilation,
        groups,
        padding,
        bias,
        initializer
    ]
);
wrap_config!(
    Conv2dConfig,
    conv::Conv2dConfig,
    [
        channels,
        kernel_size,
        stride,
        dilation,
        groups,
        padding,
        bias,
        initializer
    ]
);
