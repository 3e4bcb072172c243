//! Connections around a branch.

use burn::module::{Module, Param};
use burn::nn::Identity;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::SpectralError;
use crate::ops::{self, Activation, ChannelSpec};

use super::{Pointwise, PointwiseConfig};

/// What passes around a branch and is added to its output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipKind {
    /// Nothing.
    None,
    /// The input; it needs as many output channels as input channels.
    Identity,
    /// The input through a [`Pointwise`] layer without bias.
    #[default]
    Linear,
    /// The input, each channel times a weight that starts at 1; it needs as many output channels as input channels.
    SoftGating,
}

impl SkipKind {
    /// Creates the connection from `channels[0]` to `channels[1]` channels.
    ///
    /// # Errors
    /// If a number of channels is zero, or the two differ and the connection keeps channels apart.
    pub fn try_init<const D: usize>(
        self,
        channels: [usize; 2],
        device: &Device,
    ) -> Result<Option<SkipConnection<D>>, SpectralError> {
        SpectralError::check_positive("the number of channels", &channels)?;
        let same = |name: &'static str| match channels[0] == channels[1] {
            true => Ok(()),
            false => Err(SpectralError::SkipChannels {
                skip: name,
                got: channels,
            }),
        };
        Ok(match self {
            Self::None => None,
            Self::Identity => {
                same("identity")?;
                Some(SkipConnection::Identity(Identity::new()))
            }
            Self::Linear => {
                let linear = PointwiseConfig::new(channels).with_bias(false);
                Some(SkipConnection::Linear(linear.try_init(device)?))
            }
            Self::SoftGating => {
                same("soft-gating")?;
                Some(SkipConnection::SoftGating(SoftGating {
                    weight: Param::from_tensor(Tensor::ones([channels[0]], device)),
                }))
            }
        })
    }
}

/// A connection around a branch, created by [`SkipKind::try_init`].
#[derive(Module, Debug)]
pub enum SkipConnection<const D: usize> {
    /// The input itself.
    Identity(Identity),
    /// The input through a pointwise layer.
    Linear(Pointwise<D>),
    /// The input with a weight per channel.
    SoftGating(SoftGating<D>),
}

impl<const D: usize> SkipConnection<D> {
    /// What is added to the branch.
    ///
    /// # Shapes
    /// - input: `[batch, in, spatial…]`
    /// - output: `[batch, out, spatial…]`
    ///
    /// # Panics
    /// If the input has other channels than the connection.
    #[track_caller]
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Identity(_) => x,
            Self::Linear(linear) => linear.forward(x),
            Self::SoftGating(gating) => gating.forward(x),
        }
    }
}

/// One weight per channel: `y[b,c,n] = weight[c]·x[b,c,n]`.
#[derive(Module, Debug)]
pub struct SoftGating<const D: usize> {
    /// The weights, `[channels]`.
    pub weight: Param<Tensor<1>>,
}

impl<const D: usize> SoftGating<D> {
    /// Applies the weights.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, spatial…]`
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let weight = self.weight.val();
        let zeros = weight.zeros_like();
        let spec = ChannelSpec {
            activation: Activation::Identity,
            pool: None,
        };
        ops::channel_affine(x, [zeros.clone(), weight, zeros], spec)
    }
}
