//! The classic U-Net.

use burn::config::Config;
use burn::module::Module;
use burn::nn::GroupNorm;
use burn::tensor::{Device, Tensor};
use burn_spectral::ops::Activation;

use super::conv::{Conv, ConvConfig};
use super::norm::{group_norm, normalize};
use super::upsample::{Upsample, UpsampleConfig};
use super::{check_input, width};
use crate::model::ModelError;

const NAME: &str = "unet";

/// Maximum number of levels; each halves the grid.
const LEVELS: usize = 16;

/// Configuration of a [`UNet`].
#[derive(Config, Debug, PartialEq)]
pub struct UNetConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Channels on the full grid, doubled with each level; 12 in APEBench.
    pub hidden: usize,
    /// How many times the grid is halved, up to 16.
    #[config(default = 2)]
    pub levels: usize,
    /// Whether the domain is periodic.
    #[config(default = true)]
    pub periodic: bool,
}

impl UNetConfig {
    /// Sets the channels on the full grid.
    pub fn with_hidden(mut self, hidden: usize) -> Self {
        self.hidden = hidden;
        self
    }

    /// Channels on each grid, from the full one to the coarsest.
    fn widths(&self) -> impl Iterator<Item = usize> {
        let hidden = self.hidden;
        (0..=self.levels.min(LEVELS)).map(move |level| hidden.saturating_mul(1 << level))
    }

    /// Channels on neighboring grids, the finer one first.
    fn steps(&self) -> impl Iterator<Item = [usize; 2]> {
        self.widths()
            .zip(self.widths().skip(1))
            .map(|(fine, coarse)| [fine, coarse])
    }

    /// The number of parameters for this number of spatial axes.
    pub fn parameters(&self, axes: usize) -> u64 {
        let ([inputs, outputs], hidden) = (self.channels, self.hidden);
        let block = |inputs, outputs| {
            width::sum([
                width::conv([inputs, outputs], 3, axes),
                width::conv([outputs; 2], 3, axes),
                width::norm(outputs).saturating_mul(2),
            ])
        };
        let ends = [
            block(inputs, hidden),
            width::conv([hidden, outputs], 1, axes),
        ];
        let levels = self.steps().map(|[fine, coarse]| {
            width::sum([
                width::conv([fine; 2], 3, axes),
                block(fine, coarse),
                width::conv([coarse, fine], 3, axes),
                block(coarse, fine),
            ])
        });
        width::sum(levels.chain(ends))
    }

    /// Creates the network.
    ///
    /// # Errors
    /// If a number is zero, there are more than 16 levels, or the weights are too many.
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<UNet<D>, ModelError> {
        let ([inputs, outputs], hidden) = (self.channels, self.hidden);
        let counts = [
            ("the number of input channels", inputs),
            ("the number of output channels", outputs),
            ("the number of hidden channels", hidden),
        ];
        if self.levels > LEVELS {
            return Err(ModelError::TooLarge {
                what: format!("the {} levels of model '{NAME}'", self.levels),
                memory: format!("a grid of 2^{}", self.levels),
                most: format!("{LEVELS} levels"),
            });
        }
        width::check(NAME, &counts, || self.parameters(D - 2))?;
        let block = |channels| DoubleConv::new(channels, self.periodic, device);
        let halving = |[fine, _]: [usize; 2]| {
            let config = ConvConfig::new([fine; 2], 3).with_stride(2);
            config.with_periodic(self.periodic).try_init(device)
        };
        let doubling = |[fine, coarse]: [usize; 2]| {
            let config = UpsampleConfig::new([coarse, fine]);
            config.with_periodic(self.periodic).try_init(device)
        };
        let descend = self.steps().map(block);
        let ascend = self.steps().map(|[fine, coarse]| block([coarse, fine]));
        Ok(UNet {
            lifting: block([inputs, hidden])?,
            down: self.steps().map(halving).collect::<Result<_, _>>()?,
            descend: descend.collect::<Result<_, _>>()?,
            up: self.steps().map(doubling).collect::<Result<_, _>>()?,
            ascend: ascend.collect::<Result<_, _>>()?,
            projection: ConvConfig::new([hidden, outputs], 1).try_init(device)?,
        })
    }
}

/// The classic U-Net as in APEBench (Koehler et al., 2024, "UNet;12;2;relu"), after Ronneberger et al. (2015): blocks of
/// two convolutions on grids that are halved by strided convolutions and doubled by transposed ones, with skip connections
/// by concatenation between blocks on the same grid.
#[derive(Module, Debug)]
pub struct UNet<const D: usize> {
    /// The block on the full grid, from the input channels.
    pub lifting: DoubleConv<D>,
    /// To the next coarser grid, finest first.
    pub down: Vec<Conv<D>>,
    /// The block after each of them.
    pub descend: Vec<DoubleConv<D>>,
    /// To the next finer grid, finest first.
    pub up: Vec<Upsample<D>>,
    /// The block after each of them.
    pub ascend: Vec<DoubleConv<D>>,
    /// To the output channels.
    pub projection: Conv<D>,
}

/// Two times a convolution of three taps per axis, normalization and ReLU.
#[derive(Module, Debug)]
pub struct DoubleConv<const D: usize> {
    /// The convolutions.
    pub convs: [Conv<D>; 2],
    /// The normalizations.
    pub norms: [GroupNorm; 2],
}

impl<const D: usize> DoubleConv<D> {
    fn new(channels: [usize; 2], periodic: bool, device: &Device) -> Result<Self, ModelError> {
        let [inputs, outputs] = channels;
        let conv = |channels| {
            let config = ConvConfig::new(channels, 3).with_periodic(periodic);
            config.try_init(device)
        };
        Ok(Self {
            convs: [conv([inputs, outputs])?, conv([outputs; 2])?],
            norms: [group_norm(outputs, device), group_norm(outputs, device)],
        })
    }

    /// Applies the block.
    ///
    /// # Shapes
    /// - input: `[batch, in, spatial…]`
    /// - output: `[batch, out, spatial…]`
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let layers = self.convs.iter().zip(&self.norms);
        layers.fold(x, |x, (conv, norm)| {
            normalize(norm, conv.forward(x), Activation::RELU)
        })
    }
}

impl<const D: usize> UNet<D> {
    /// What the sizes of a grid must be multiples of.
    pub fn multiple(&self) -> usize {
        1 << self.down.len()
    }

    /// Checks that the network accepts inputs of this shape.
    ///
    /// # Errors
    /// If the channels are not the network's, or a size is not a multiple of [`multiple`](Self::multiple).
    pub fn check(&self, dims: [usize; D]) -> Result<(), ModelError> {
        let channels = self.lifting.convs[0].weight.dims()[1];
        check_input(NAME, &dims, channels, self.multiple())
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
        let mut x = self.lifting.forward(x);
        let mut skips = Vec::with_capacity(self.down.len());
        for (down, block) in self.down.iter().zip(&self.descend) {
            let coarse = down.forward(x.clone());
            skips.push(x);
            x = block.forward(coarse);
        }
        let levels = self.up.iter().zip(&self.ascend).rev();
        for ((up, block), skip) in levels.zip(skips.into_iter().rev()) {
            x = block.forward(Tensor::cat(vec![skip, up.forward(x)], 1));
        }
        self.projection.forward(x)
    }
}
