//! Dilated residual networks.

use burn::config::Config;
use burn::module::Module;
use burn::nn::GroupNorm;
use burn::tensor::{Device, Tensor};
use burn_spectral::ops::Activation;

use super::conv::{Conv, ConvConfig};
use super::norm::{group_norm, normalize};
use super::{check_input, width};
use crate::model::ModelError;

const NAME: &str = "dilated-resnet";

/// Configuration of a [`DilatedResNet`].
#[derive(Config, Debug, PartialEq)]
pub struct DilatedResNetConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Channels of the blocks; 32 in APEBench.
    pub hidden: usize,
    /// Number of blocks.
    #[config(default = 2)]
    pub blocks: usize,
    /// Dilation of each convolution of a block; 1, 2, 4, 8, 4, 2, 1 in Stachenfeld et al. (2022).
    #[config(default = "vec![1, 2, 4, 2, 1]")]
    pub rates: Vec<usize>,
    /// Whether the domain is periodic.
    #[config(default = true)]
    pub periodic: bool,
}

impl DilatedResNetConfig {
    /// Sets the channels of the blocks.
    pub fn with_hidden(mut self, hidden: usize) -> Self {
        self.hidden = hidden;
        self
    }

    /// The number of parameters for this number of spatial axes.
    pub fn parameters(&self, axes: usize) -> u64 {
        let ([inputs, outputs], hidden) = (self.channels, self.hidden);
        let layer = width::conv([hidden; 2], 3, axes).saturating_add(width::norm(hidden));
        let layers = (self.blocks as u64).saturating_mul(self.rates.len() as u64);
        width::sum([
            width::conv([inputs, hidden], 1, axes),
            layer.saturating_mul(layers),
            width::conv([hidden, outputs], 1, axes),
        ])
    }

    /// Creates the network.
    ///
    /// # Errors
    /// If a number is zero, or the weights are too many.
    pub fn try_init<const D: usize>(
        &self,
        device: &Device,
    ) -> Result<DilatedResNet<D>, ModelError> {
        let ([inputs, outputs], hidden) = (self.channels, self.hidden);
        let counts = [
            ("the number of input channels", inputs),
            ("the number of output channels", outputs),
            ("the number of hidden channels", hidden),
            ("the number of blocks", self.blocks),
            ("the number of dilated convolutions", self.rates.len()),
        ];
        width::check(NAME, &counts, || self.parameters(D - 2))?;
        let conv = |channels, taps, rate| {
            let config = ConvConfig::new(channels, taps).with_periodic(self.periodic);
            config.with_dilation(rate).try_init(device)
        };
        let block = |_| {
            let convs = self.rates.iter().map(|&rate| conv([hidden; 2], 3, rate));
            Ok(DilatedBlock {
                norms: self
                    .rates
                    .iter()
                    .map(|_| group_norm(hidden, device))
                    .collect(),
                convs: convs.collect::<Result<_, ModelError>>()?,
            })
        };
        Ok(DilatedResNet {
            lifting: conv([inputs, hidden], 1, 1)?,
            blocks: (0..self.blocks)
                .map(block)
                .collect::<Result<_, ModelError>>()?,
            projection: conv([hidden, outputs], 1, 1)?,
        })
    }
}

/// A dilated residual network as in APEBench (Koehler et al., 2024, "Dil;2;32;2;relu"), after Stachenfeld et al. (2022):
/// a 1×1 convolution, blocks, and a 1×1 convolution. Dilation widens the receptive field at no cost.
#[derive(Module, Debug)]
pub struct DilatedResNet<const D: usize> {
    /// From the input channels to the hidden ones.
    pub lifting: Conv<D>,
    /// The blocks.
    pub blocks: Vec<DilatedBlock<D>>,
    /// From the hidden channels to the output ones.
    pub projection: Conv<D>,
}

/// Dilated convolutions about a skip connection, `x + f(x)`, where `f` is a sequence of `relu(conv(norm(·)))`.
#[derive(Module, Debug)]
pub struct DilatedBlock<const D: usize> {
    /// The normalization before each convolution.
    pub norms: Vec<GroupNorm>,
    /// The convolutions, of three taps per axis.
    pub convs: Vec<Conv<D>>,
}

impl<const D: usize> DilatedBlock<D> {
    /// Applies the block.
    ///
    /// # Shapes
    /// - input and output: `[batch, hidden, spatial…]`
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let layers = self.norms.iter().zip(&self.convs);
        let branch = layers.fold(x.clone(), |x, (norm, conv)| {
            conv.forward_with(Activation::RELU, normalize(norm, x, Activation::Identity))
        });
        x + branch
    }
}

impl<const D: usize> DilatedResNet<D> {
    /// Checks that the network accepts inputs of this shape.
    ///
    /// # Errors
    /// If the channels are not the network's.
    pub fn check(&self, dims: [usize; D]) -> Result<(), ModelError> {
        check_input(NAME, &dims, self.lifting.weight.dims()[1], 1)
    }

    /// Applies the network.
    ///
    /// # Shapes
    /// - input: `[batch, in, spatial…]`
    /// - output: `[batch, out, spatial…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error.
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let x = self.lifting.forward(x);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.projection.forward(x)
    }
}
