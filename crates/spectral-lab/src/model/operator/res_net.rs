//! Residual networks.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor, activation::relu};
use burn_spectral::ops::Activation;

use super::conv::{Conv, ConvConfig};
use super::{check_input, width};
use crate::model::ModelError;

const NAME: &str = "resnet";

/// Configuration of a [`ResNet`].
#[derive(Config, Debug, PartialEq)]
pub struct ResNetConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Channels of the blocks; 26 in APEBench.
    pub hidden: usize,
    /// Number of blocks.
    #[config(default = 8)]
    pub blocks: usize,
    /// Whether the domain is periodic.
    #[config(default = true)]
    pub periodic: bool,
}

impl ResNetConfig {
    /// Sets the channels of the blocks.
    pub fn with_hidden(mut self, hidden: usize) -> Self {
        self.hidden = hidden;
        self
    }

    /// The number of parameters for this number of spatial axes.
    pub fn parameters(&self, axes: usize) -> u64 {
        let ([inputs, outputs], hidden) = (self.channels, self.hidden);
        let block = width::conv([hidden; 2], 3, axes).saturating_mul(2);
        width::sum([
            width::conv([inputs, hidden], 1, axes),
            block.saturating_mul(self.blocks as u64),
            width::conv([hidden, outputs], 1, axes),
        ])
    }

    /// Creates the network.
    ///
    /// # Errors
    /// If a number is zero, or the weights are too many.
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<ResNet<D>, ModelError> {
        let ([inputs, outputs], hidden) = (self.channels, self.hidden);
        let counts = [
            ("the number of input channels", inputs),
            ("the number of output channels", outputs),
            ("the number of hidden channels", hidden),
            ("the number of blocks", self.blocks),
        ];
        width::check(NAME, &counts, || self.parameters(D - 2))?;
        let conv = |channels, taps| {
            let config = ConvConfig::new(channels, taps).with_periodic(self.periodic);
            config.try_init(device)
        };
        let block = |_| {
            Ok(ResBlock {
                first: conv([hidden; 2], 3)?,
                second: conv([hidden; 2], 3)?,
            })
        };
        Ok(ResNet {
            lifting: conv([inputs, hidden], 1)?,
            blocks: (0..self.blocks)
                .map(block)
                .collect::<Result<_, ModelError>>()?,
            projection: conv([hidden, outputs], 1)?,
        })
    }
}

/// A residual network as in APEBench (Koehler et al., 2024, "Res;26;8;relu"), after He et al. (2016): a 1×1 convolution,
/// blocks, and a 1×1 convolution.
#[derive(Module, Debug)]
pub struct ResNet<const D: usize> {
    /// From the input channels to the hidden ones.
    pub lifting: Conv<D>,
    /// The blocks.
    pub blocks: Vec<ResBlock<D>>,
    /// From the hidden channels to the output ones.
    pub projection: Conv<D>,
}

/// Two convolutions of three taps per axis about a skip connection: `relu(x + conv₂(relu(conv₁(x))))`.
#[derive(Module, Debug)]
pub struct ResBlock<const D: usize> {
    /// The first convolution.
    pub first: Conv<D>,
    /// The second convolution.
    pub second: Conv<D>,
}

impl<const D: usize> ResBlock<D> {
    /// Applies the block.
    ///
    /// # Shapes
    /// - input and output: `[batch, hidden, spatial…]`
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let branch = self.first.forward_with(Activation::RELU, x.clone());
        relu(x + self.second.forward(branch))
    }
}

impl<const D: usize> ResNet<D> {
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
