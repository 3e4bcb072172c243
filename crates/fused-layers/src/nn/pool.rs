//! Burn's pooling layers, max-pooling of images on the kernels.

pub use burn::nn::pool::*;

use burn::config::Config;
use burn::nn::{PaddingConfig2d, pool};
use burn::tensor::Tensor;

use super::wrap::{wrap, wrap_config};
use crate::spatial;

/// Configuration of a [`MaxPool2d`], as Burn's.
#[derive(Config, Debug)]
pub struct MaxPool2dConfig {
    /// Size of the window.
    pub kernel_size: [usize; 2],
    /// Step between windows.
    #[config(default = "kernel_size")]
    pub strides: [usize; 2],
    /// Padding around the image.
    #[config(default = "PaddingConfig2d::Valid")]
    pub padding: PaddingConfig2d,
    /// Step between the places of a window.
    #[config(default = "[1, 1]")]
    pub dilation: [usize; 2],
    /// Whether windows that end outside the padded image count.
    #[config(default = "false")]
    pub ceil_mode: bool,
}

impl MaxPool2dConfig {
    /// Creates the layer.
    pub fn init(&self) -> MaxPool2d {
        MaxPool2d(pool::MaxPool2dConfig::from(self.clone()).init())
    }
}

/// Burn's [`MaxPool2d`](pool::MaxPool2d), on the kernels.
#[derive(Clone, Debug)]
pub struct MaxPool2d(pub pool::MaxPool2d);

impl MaxPool2d {
    /// As Burn's; see [`spatial::max_pool2d`].
    ///
    /// # Shapes
    /// - input: `[batch, channels, height_in, width_in]`
    /// - output: `[batch, channels, height_out, width_out]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        spatial::max_pool2d(&self.0, input)
    }
}

wrap!(MaxPool2d, pool::MaxPool2d);
wrap_config!(
    MaxPool2dConfig,
    pool::MaxPool2dConfig,
    [kernel_size, strides, padding, dilation, ceil_mode]
);
