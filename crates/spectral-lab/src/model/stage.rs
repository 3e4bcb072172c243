//! A stage of a network with pooling.

use burn::module::Module;
use burn::nn::BatchNorm;
use burn::nn::activation::Activation;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::tensor::Tensor;
use burn_spectral::SpectralError;
use burn_spectral::spatial;
use burn_spectral::summary::Summary;

use super::Filter;

/// A filter, batch normalization, an activation, and max-pooling where the images are halved.
#[derive(Module, Debug)]
pub struct Stage {
    /// The filter.
    pub filter: Filter,
    /// Batch normalization.
    pub norm: BatchNorm,
    /// The activation.
    pub activation: Activation,
    /// Halves the images.
    pub pool: Option<MaxPool2d>,
}

impl Stage {
    /// Applies the four in order.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, height, width]`, both sizes halved, rounded down, if it
    ///   pools
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let features = self.filter.forward(images);
        if let Some(activation) = rectifier(&self.activation) {
            return spatial::batch_norm_with(&self.norm, activation, self.pool.as_ref(), features);
        }
        let features = spatial::batch_norm(&self.norm, features);
        let features = self.activation.forward(features);
        match &self.pool {
            Some(pool) => spatial::max_pool2d(pool, features),
            None => features,
        }
    }

    /// Adds the layers of stage `number`.
    pub(super) fn summary(
        &self,
        summary: Summary,
        number: usize,
    ) -> Result<Summary, SpectralError> {
        let summary = summary
            .layer(format!("filter {number}"), &self.filter)?
            .layer(format!("norm {number}"), &self.norm)?
            .layer(format!("activation {number}"), &self.activation)?;
        match &self.pool {
            Some(pool) => summary.layer(format!("pool {number}"), pool),
            None => Ok(summary),
        }
    }
}

/// The filters of stages, each with the size of its input for images of `size`.
pub(super) fn filters_of(
    stages: &[Stage],
    mut size: [usize; 2],
) -> Vec<(String, &Filter, [usize; 2])> {
    let mut filters = Vec::new();
    for (stage, number) in stages.iter().zip(1..) {
        filters.push((format!("filter {number}"), &stage.filter, size));
        if stage.pool.is_some() {
            size = size.map(|side| side / 2);
        }
    }
    filters
}

/// The activation in fused form, where it has one.
fn rectifier(activation: &Activation) -> Option<spatial::Activation> {
    match activation {
        Activation::Relu(_) => Some(spatial::Activation::RELU),
        Activation::LeakyRelu(layer) => Some(spatial::Activation::LeakyRelu {
            slope: layer.negative_slope,
        }),
        _ => None,
    }
}

/// A 2×2 max-pooling that halves both sizes, rounded down.
pub(super) fn halving() -> MaxPool2d {
    MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init()
}
