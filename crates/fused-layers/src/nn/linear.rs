//! Burn's dense layer on the kernels.

use burn::config::Config;
use burn::nn::{self, Initializer, LinearLayout};
use burn::tensor::{Device, Tensor};

use super::wrap::{wrap, wrap_config};
use crate::spatial;

/// Configuration of a [`Linear`], as Burn's.
#[derive(Config, Debug)]
pub struct LinearConfig {
    /// Number of input features.
    pub d_input: usize,
    /// Number of output features.
    pub d_output: usize,
    /// Whether a bias is added.
    #[config(default = true)]
    pub bias: bool,
    /// Initialization of the parameters.
    #[config(
        default = "Initializer::KaimingUniform { gain: 1.0 / 3.0_f64.sqrt(), fan_out_only: false }"
    )]
    pub initializer: Initializer,
    /// Layout of the weight in memory.
    #[config(default = "LinearLayout::Row")]
    pub layout: LinearLayout,
}

impl LinearConfig {
    /// Creates the layer.
    pub fn init(&self, device: &Device) -> Linear {
        Linear(nn::LinearConfig::from(self.clone()).init(device))
    }
}

/// Burn's [`Linear`](nn::Linear), on the kernels.
#[derive(Clone, Debug)]
pub struct Linear(pub nn::Linear);

impl Linear {
    /// As Burn's; see [`spatial::linear`].
    ///
    /// # Shapes
    /// - input: `[…, d_input]`
    /// - output: `[…, d_output]`
    #[track_caller]
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        spatial::linear(&self.0, input)
    }
}

wrap!(Linear, nn::Linear);
wrap_config!(
    LinearConfig,
    nn::LinearConfig,
    [d_input, d_output, bias, initializer, layout]
);
