//! The block of a Fourier neural operator.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::conv::SpectralConvConfig;
use crate::error::OrPanic;
use crate::ops::{add_gelu, gelu};
use crate::pool::spectral_resize;
use crate::{SpectralError, SpectralInitializer};

use super::{
    BlockForm, ChannelMlp, ChannelMlpConfig, LocalConv, LocalConvConfig, LowRankModesConfig,
    OperatorNorm, SkipConnection, SpectralBranch,
};

/// Configuration of an [`FnoBlock`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FnoBlockConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Modes along each spatial axis, read as [`BlockForm::counting`] says.
    pub modes: Vec<usize>,
    /// The branches of the block.
    pub form: BlockForm,
    /// Whether the block ends in an activation, as all but the last of a network do; true by default.
    pub activation: bool,
}

impl_config!([] FnoBlockConfig);

impl FnoBlockConfig {
    /// A block of the default form from `channels[0]` to `channels[1]` channels.
    pub fn new(channels: [usize; 2], modes: impl AsRef<[usize]>) -> Self {
        Self {
            channels,
            modes: modes.as_ref().to_vec(),
            form: BlockForm::default(),
            activation: true,
        }
    }

    /// Sets the branches.
    pub fn with_form(mut self, form: BlockForm) -> Self {
        self.form = form;
        self
    }

    /// Sets whether the block ends in an activation.
    pub fn with_activation(mut self, activation: bool) -> Self {
        self.activation = activation;
        self
    }

    /// Creates the block.
    ///
    /// # Errors
    /// If channels or modes are zero or too large, there is not one number of modes per spatial axis, the expansion of
    /// the channel MLP leaves no channels, or a skip connection that keeps channels apart has to change their number.
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<FnoBlock<D>, SpectralError> {
        let (form, channels @ [_, outputs]) = (&self.form, self.channels);
        let spectral = self.spectral(device)?;
        let local = form.local.map(|local| {
            LocalConvConfig::new(channels, local.points)
                .with_boundary(local.boundary)
                .try_init(device)
        });
        let (mlp, mlp_skip) = match form.mlp {
            None => (None, None),
            Some(mlp) => {
                let hidden = hidden_channels(outputs, mlp.expansion)?;
                let channel_mlp = ChannelMlpConfig::new(vec![outputs, hidden, outputs]);
                let skip = mlp.skip.try_init(channels, device)?;
                (Some(channel_mlp.try_init(device)?), skip)
            }
        };
        let norm = || form.norm.map(|norm| norm.init(outputs, device));
        Ok(FnoBlock {
            spectral,
            skip: form.skip.try_init(channels, device)?,
            local: local.transpose()?,
            norm: norm(),
            mlp_norm: form.mlp.and_then(|_| norm()),
            mlp,
            mlp_skip,
            activation: self.activation,
        })
    }

    fn spectral<const D: usize>(
        &self,
        device: &Device,
    ) -> Result<SpectralBranch<D>, SpectralError> {
        let (form, channels @ [_, outputs]) = (&self.form, self.channels);
        let modes = form.counting.modes(&self.modes);
        let bias = initial_bias(form.initializer, channels)
            .map(|bias| Param::from_tensor(Tensor::random([outputs], bias, device)));
        Ok(match form.low_rank {
            None => {
                let modes = modes.with_initializer(form.initializer);
                let mut dense =
                    SpectralConvConfig::<D, _>::new(channels, modes).try_init(device)?;
                dense.bias = bias.or(dense.bias);
                SpectralBranch::Dense(dense)
            }
            Some(low_rank) => {
                let config = LowRankModesConfig {
                    corners: modes.corners,
                    ..LowRankModesConfig::new(channels, &self.modes, low_rank)
                };
                let config = config.with_initializer(form.initializer);
                let mut branch = config.try_init(device)?;
                branch.bias = bias.or(branch.bias);
                SpectralBranch::LowRank(branch)
            }
        })
    }

    /// Creates the block.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init<const D: usize>(&self, device: &Device) -> FnoBlock<D> {
        self.try_init(device).or_panic()
    }
}

/// The distribution of a fresh bias, where it does not start at zero.
fn initial_bias(initializer: SpectralInitializer, channels: [usize; 2]) -> Option<Distribution> {
    match initializer {
        SpectralInitializer::Published => {
            let bound = 1.0 / (channels[0] as f64).sqrt();
            Some(Distribution::Uniform(-bound, bound))
        }
        SpectralInitializer::Glorot => {
            let deviation = (2.0 / (channels[0] + channels[1]) as f64).sqrt();
            Some(Distribution::Normal(0.0, deviation))
        }
        _ => None,
    }
}

/// Hidden channels of a block's channel MLP.
fn hidden_channels(channels: usize, expansion: f64) -> Result<usize, SpectralError> {
    let hidden = (channels as f64 * expansion).round_ties_even();
    match expansion.is_finite() && hidden >= 1.0 {
        true => Ok(hidden as usize),
        false => Err(SpectralError::Expansion {
            channels,
            got: expansion.to_string(),
        }),
    }
}

/// A layer of the Fourier neural operator, with `K` the [spectral convolution](SpectralBranch) on the lowest modes:
///
/// ```text
/// u = norm( K(x) + bias ) + skip(x) + local(x)
/// y = σ(u)                                            without a channel MLP (Li et al., 2021)
/// y = σ( norm( mlp(σ(u)) + mlp_skip(x) ) )            with one, as in the neuraloperator library
/// ```
///
/// `σ` is GELU, and the identity in the last block of a network. Which branches there are is a [`BlockForm`].
///
/// The one bias is that of the spectral convolution; the skip has none, since a second would only add to it. A fresh
/// one is `U(−1/√in, 1/√in)` with the initializer `Published`, normal with variance `2/(in + out)` with `Glorot`, and
/// zero with any other.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::{BlockForm, FnoBlock, FnoBlockConfig};
///
/// let form = BlockForm::neuraloperator();
/// let block: FnoBlock<4> = FnoBlockConfig::new([24, 24], [8, 8])
///     .with_form(form)
///     .init(&Device::flex());
/// let x = Tensor::ones([2, 24, 16, 16], &Device::flex());
/// assert_eq!(block.forward(x.clone()).dims(), [2, 24, 16, 16]);
/// // The output on a grid of another size.
/// assert_eq!(block.forward_to(x, &[9, 12]).dims(), [2, 24, 9, 12]);
/// ```
#[derive(Module, Debug)]
pub struct FnoBlock<const D: usize> {
    /// The spectral convolution.
    pub spectral: SpectralBranch<D>,
    /// What passes around it.
    pub skip: Option<SkipConnection<D>>,
    /// The local branch.
    pub local: Option<LocalConv<D>>,
    /// Normalization of the spectral branch.
    pub norm: Option<OperatorNorm>,
    /// The channel MLP.
    pub mlp: Option<ChannelMlp<D>>,
    /// What passes around it, from the block's input.
    pub mlp_skip: Option<SkipConnection<D>>,
    /// Normalization of the output, with a channel MLP.
    pub mlp_norm: Option<OperatorNorm>,
    /// Whether the block ends in an activation; not part of the record.
    pub activation: bool,
}

impl<const D: usize> FnoBlock<D> {
    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        self.spectral.channels()
    }

    /// Checks that the block accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the block's, an axis is empty, or the grid has fewer frequencies than the modes.
    pub fn check(&self, dims: [usize; D]) -> Result<(), SpectralError> {
        self.spectral.check_to(dims, &dims[2..])
    }

    /// Checks that the block accepts inputs of shape `dims` for outputs on a grid of `sizes`.
    ///
    /// # Errors
    /// As [`check`](Self::check), for both grids.
    pub fn check_to(&self, dims: [usize; D], sizes: &[usize]) -> Result<(), SpectralError> {
        self.spectral.check_to(dims, sizes)
    }

    /// Applies the block.
    ///
    /// # Shapes
    /// - input: `[batch, in, spatial…]`
    /// - output: `[batch, out, spatial…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        self.check(x.dims()).or_panic();
        let sizes = x.dims();
        self.run(x, &sizes[2..])
    }

    /// Applies the block with its output on a grid of another size: the spectral convolution writes its modes there,
    /// and what passes around it is resampled by Fourier interpolation.
    ///
    /// # Shapes
    /// - input: `[batch, in, spatial…]`
    /// - output: `[batch, out, sizes…]`
    ///
    /// # Panics
    /// If [`check_to`](Self::check_to) returns an error, with the same text.
    #[track_caller]
    pub fn forward_to(&self, x: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
        self.check_to(x.dims(), sizes).or_panic();
        self.run(x, sizes)
    }

    fn run(&self, x: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
        // Without a normalization the bias is added by the skip's convolution, where it costs no pass.
        let early = match (&self.norm, &self.skip) {
            (None, Some(SkipConnection::Linear(_))) => None,
            _ => self.spectral.bias(),
        };
        let late = match early {
            Some(_) => None,
            None => self.spectral.bias().map(|bias| bias.val()),
        };
        let mut sum = self.spectral.convolve(x.clone(), sizes);
        if let Some(bias) = early {
            let mut dims = [1; D];
            dims[1] = bias.dims()[0];
            sum = sum + bias.val().reshape(dims);
        }
        if let Some(norm) = &self.norm {
            sum = norm.forward(sum);
        }
        // A skip commutes with the interpolation, and the local branch is defined on the grid of the output.
        let x = match self.passes_around() {
            true => spectral_resize(x, sizes),
            false => x,
        };
        if let Some(local) = &self.local {
            sum = sum + local.forward(x.clone());
        }
        let skip = self.skip.as_ref().map(|skip| match skip {
            SkipConnection::Linear(linear) => linear.forward_with_bias(x.clone(), late),
            other => other.forward(x.clone()),
        });
        let sum = match (skip, self.activation) {
            (Some(skip), true) => add_gelu(sum, skip),
            (Some(skip), false) => sum + skip,
            (None, true) => gelu(sum),
            (None, false) => sum,
        };
        match &self.mlp {
            Some(mlp) => self.mix(mlp.forward(sum), x),
            None => sum,
        }
    }

    /// What follows the channel MLP.
    fn mix(&self, y: Tensor<D>, x: Tensor<D>) -> Tensor<D> {
        let skip = self.mlp_skip.as_ref().map(|skip| skip.forward(x));
        match (skip, &self.mlp_norm, self.activation) {
            (Some(skip), None, true) => add_gelu(y, skip),
            (skip, norm, activation) => {
                let y = match skip {
                    Some(skip) => y + skip,
                    None => y,
                };
                let y = match norm {
                    Some(norm) => norm.forward(y),
                    None => y,
                };
                if activation { gelu(y) } else { y }
            }
        }
    }

    /// Whether anything but the spectral convolution reads the input.
    fn passes_around(&self) -> bool {
        self.skip.is_some() || self.local.is_some() || self.mlp_skip.is_some()
    }
}
