//! Burn's batch normalization on the kernels.

use burn::config::Config;
use burn::nn;
use burn::tensor::{Device, Tensor};

use super::wrap::{wrap, wrap_config};
use crate::spatial;

/// Configuration of a [`BatchNorm`], as Burn's.
#[derive(Config, Debug)]
pub struct BatchNormConfig {
    /// Number of channels.
    pub num_features: usize,
    /// Added to the variance.
    #[config(default = 1e-5)]
    pub epsilon: f64,
    /// Share of a batch in the running statistics.
    #[config(default = 0.1)]
    pub momentum: f64,
}

impl BatchNormConfig {
    /// Creates the layer.
    ///
    /// # Panics
    /// Where Burn's panics: if the number of channels is zero, or another setting out of its range.
    pub fn init(&self, device: &Device) -> BatchNorm {
        BatchNorm(nn::BatchNormConfig::from(self.clone()).init(device))
    }
}

/// Burn's [`BatchNorm`](nn::BatchNorm), on the kernels.
#[derive(Clone, Debug)]
pub struct BatchNorm(pub nn::BatchNorm);

impl BatchNorm {
    /// As Burn's; see [`spatial::batch_norm`].
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, …]`
    #[track_caller]
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        spatial::batch_norm(&self.0, input)
    }
}

wrap!(BatchNorm, nn::BatchNorm);
wrap_config!(
    BatchNormConfig,
    nn::BatchNormConfig,
    [num_features, epsilon, momentum]
);
