//! The normalizations of a block.

use burn::module::Module;
use burn::nn::{
    BatchNorm, BatchNormConfig, GroupNorm, GroupNormConfig, InstanceNorm, InstanceNormConfig,
};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::spatial;

/// A normalization of a block's branches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperatorNormKind {
    /// Each channel of each sample by its own mean and variance, without parameters.
    Instance,
    /// All channels of a sample together, with a scale and a shift per channel: group normalization of one group.
    Group,
    /// Each channel over the batch, with running statistics, a scale and a shift.
    Batch,
}

impl OperatorNormKind {
    /// Creates the layer.
    pub fn init(self, channels: usize, device: &Device) -> OperatorNorm {
        match self {
            Self::Instance => {
                let config = InstanceNormConfig::new(channels).with_affine(false);
                OperatorNorm::Instance(config.init(device))
            }
            Self::Group => OperatorNorm::Group(GroupNormConfig::new(1, channels).init(device)),
            Self::Batch => OperatorNorm::Batch(BatchNormConfig::new(channels).init(device)),
        }
    }
}

/// One of Burn's normalizations, created by [`OperatorNormKind::init`].
#[derive(Module, Debug)]
pub enum OperatorNorm {
    /// Instance normalization.
    Instance(InstanceNorm),
    /// Group normalization.
    Group(GroupNorm),
    /// Batch normalization.
    Batch(BatchNorm),
}

impl OperatorNorm {
    /// Normalizes.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, spatial…]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Instance(norm) => norm.forward(x),
            Self::Group(norm) => norm.forward(x),
            Self::Batch(norm) => spatial::batch_norm(norm, x),
        }
    }
}
