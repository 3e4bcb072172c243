//! The modern U-Net of PDEArena.

use burn::config::Config;
use burn::module::Module;
use burn::nn::GroupNorm;
use burn::tensor::{Device, Tensor, activation::gelu};
use burn_spectral::ops::Activation;

use super::conv::{Conv, ConvConfig};
use super::norm::{group_norm, normalize};
use super::upsample::{Upsample, UpsampleConfig};
use super::{check_input, width};
use crate::model::ModelError;

const NAME: &str = "unet-modern";

/// Maximum number of levels; each halves the grid.
const LEVELS: usize = 16;

/// Configuration of a [`ModernUNet`].
#[derive(Config, Debug, PartialEq)]
pub struct ModernUNetConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Channels on the full grid, before they are multiplied; 64 in PDEArena.
    pub hidden: usize,
    /// The factor of the channels on each grid, from the full one to the coarsest; each grid is half the one before. For
    /// each a factor of the channels before. At most 17.
    #[config(default = "vec![1, 2, 2, 4]")]
    pub factors: Vec<usize>,
    /// Blocks on each grid on the way down; on the way up there is one more.
    #[config(default = 2)]
    pub blocks: usize,
    /// Whether the domain is periodic.
    #[config(default = true)]
    pub periodic: bool,
}

/// A step of the network.
#[derive(Clone, Copy)]
enum Step {
    /// A block with its input and output channels.
    Block([usize; 2]),
    /// Half the grid.
    Down(usize),
    /// Twice the grid.
    Up(usize),
}

impl ModernUNetConfig {
    /// Sets the channels on the full grid.
    pub fn with_hidden(mut self, hidden: usize) -> Self {
        self.hidden = hidden;
        self
    }

    /// The steps down, in the middle and up; and the channels at the end.
    fn steps(&self) -> ([Vec<Step>; 3], usize) {
        let mut width = self.hidden;
        // The channels of each state that is kept for a skip connection.
        let mut skips = vec![width];
        let (mut down, mut up) = (Vec::new(), Vec::new());
        let last = self.factors.len().saturating_sub(1);
        let mut widths = Vec::new();
        for (level, factor) in self.factors.iter().enumerate() {
            let wider = width.saturating_mul(*factor);
            for _ in 0..self.blocks {
                down.push(Step::Block([width, wider]));
                width = wider;
                skips.push(width);
            }
            widths.push(width);
            if level < last {
                down.push(Step::Down(width));
                skips.push(width);
            }
        }
        let middle = vec![Step::Block([width; 2]); 2];
        for level in (0..self.factors.len()).rev() {
            // The last block of a grid narrows to what came before the widening on the way down.
            let narrower = match level {
                0 => self.hidden,
                _ => widths[level - 1],
            };
            for block in 0..=self.blocks {
                let skip = skips.pop().unwrap_or_default();
                let output = if block == self.blocks {
                    narrower
                } else {
                    widths[level]
                };
                up.push(Step::Block([width.saturating_add(skip), output]));
                width = output;
            }
            if level > 0 {
                up.push(Step::Up(width));
            }
        }
        ([down, middle, up], width)
    }

    /// The number of parameters for this number of spatial axes.
    pub fn parameters(&self, axes: usize) -> u64 {
        let [inputs, outputs] = self.channels;
        let (steps, width) = self.steps();
        let parameters = |step: &Step| match *step {
            Step::Block([inputs, outputs]) => width::sum([
                width::norm(inputs),
                width::conv([inputs, outputs], 3, axes),
                width::norm(outputs),
                width::conv([outputs; 2], 3, axes),
                match inputs == outputs {
                    true => 0,
                    false => width::conv([inputs, outputs], 1, axes),
                },
            ]),
            Step::Down(channels) => width::conv([channels; 2], 3, axes),
            Step::Up(channels) => width::conv([channels; 2], 4, axes),
        };
        let ends = [
            width::conv([inputs, self.hidden], 3, axes),
            width::norm(width),
            width::conv([width, outputs], 3, axes),
        ];
        width::sum(steps.iter().flatten().map(parameters).chain(ends))
    }

    /// Creates the network.
    ///
    /// # Errors
    /// If a number is zero, there are more than 17 grids, or the weights are too many.
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<ModernUNet<D>, ModelError> {
        let [inputs, outputs] = self.channels;
        let mut counts = vec![
            ("the number of input channels", inputs),
            ("the number of output channels", outputs),
            ("the number of hidden channels", self.hidden),
            ("the number of grids", self.factors.len()),
            ("the number of blocks", self.blocks),
        ];
        counts.extend(
            self.factors
                .iter()
                .map(|factor| ("a factor of the channels", *factor)),
        );
        if self.factors.len() > LEVELS + 1 || self.blocks > 1024 {
            return Err(ModelError::TooLarge {
                what: format!("{} grids of {} blocks", self.factors.len(), self.blocks),
                memory: "more layers than are useful".into(),
                most: format!("{} grids of 1024 blocks", LEVELS + 1),
            });
        }
        width::check(NAME, &counts, || self.parameters(D - 2))?;
        let conv = |channels| {
            let config = ConvConfig::new(channels, 3).with_periodic(self.periodic);
            config.try_init(device)
        };
        let ([down, middle, up], width) = self.steps();
        let layer = |step: &Step| match *step {
            Step::Block(channels) => {
                let block = PreActivationBlock::new(channels, self.periodic, device);
                Ok(UNetStep::Block(block?))
            }
            Step::Down(channels) => {
                let config = ConvConfig::new([channels; 2], 3).with_stride(2);
                let down = config.with_periodic(self.periodic).try_init(device);
                Ok(UNetStep::Down(down?))
            }
            Step::Up(channels) => {
                let config = UpsampleConfig::new([channels; 2]).with_taps(4);
                let up = config.with_periodic(self.periodic).try_init(device);
                Ok(UNetStep::Up(up?))
            }
        };
        let layers = |steps: &[Step]| -> Result<Vec<UNetStep<D>>, ModelError> {
            steps.iter().map(layer).collect()
        };
        Ok(ModernUNet {
            lifting: conv([inputs, self.hidden])?,
            down: layers(&down)?,
            middle: layers(&middle)?,
            up: layers(&up)?,
            norm: group_norm(width, device),
            projection: conv([width, outputs])?,
        })
    }
}

/// The modern U-Net of PDEArena (Gupta and Brandstetter, 2022), without attention: residual blocks with group
/// normalization of one group and GELU, and a skip connection by concatenation for each block on the way down.
#[derive(Module, Debug)]
pub struct ModernUNet<const D: usize> {
    /// To the hidden channels.
    pub lifting: Conv<D>,
    /// Blocks on ever coarser grids.
    pub down: Vec<UNetStep<D>>,
    /// Blocks on the coarsest grid.
    pub middle: Vec<UNetStep<D>>,
    /// Blocks on ever finer grids, each with a state from the way down.
    pub up: Vec<UNetStep<D>>,
    /// The normalization before the projection.
    pub norm: GroupNorm,
    /// To the output channels.
    pub projection: Conv<D>,
}

/// A step of a [`ModernUNet`].
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum UNetStep<const D: usize> {
    /// A block.
    Block(PreActivationBlock<D>),
    /// Half the grid.
    Down(Conv<D>),
    /// Twice the grid.
    Up(Upsample<D>),
}

impl<const D: usize> UNetStep<D> {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Block(block) => block.forward(x),
            Self::Down(conv) => conv.forward(x),
            Self::Up(up) => up.forward(x),
        }
    }
}

/// A residual block that normalizes and activates first (He et al., 2016b):
/// `skip(x) + conv₂(gelu(norm₂(conv₁(gelu(norm₁(x))))))`, where `skip` is a 1×1 convolution if the channels change.
#[derive(Module, Debug)]
pub struct PreActivationBlock<const D: usize> {
    /// The normalization before each convolution.
    pub norms: [GroupNorm; 2],
    /// The convolutions, of three taps per axis.
    pub convs: [Conv<D>; 2],
    /// The skip connection, if the channels change.
    pub skip: Option<Conv<D>>,
}

impl<const D: usize> PreActivationBlock<D> {
    fn new(channels: [usize; 2], periodic: bool, device: &Device) -> Result<Self, ModelError> {
        let [inputs, outputs] = channels;
        let conv = |channels, taps| {
            let config = ConvConfig::new(channels, taps).with_periodic(periodic);
            config.try_init(device)
        };
        let skip = match inputs == outputs {
            true => None,
            false => Some(conv(channels, 1)?),
        };
        Ok(Self {
            norms: [group_norm(inputs, device), group_norm(outputs, device)],
            convs: [conv(channels, 3)?, conv([outputs; 2], 3)?],
            skip,
        })
    }

    /// Applies the block.
    ///
    /// # Shapes
    /// - input: `[batch, in, spatial…]`
    /// - output: `[batch, out, spatial…]`
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let skip = match &self.skip {
            Some(conv) => conv.forward(x.clone()),
            None => x.clone(),
        };
        let layers = self.norms.iter().zip(&self.convs);
        let branch = layers.fold(x, |x, (norm, conv)| {
            conv.forward(gelu(normalize(norm, x, Activation::Identity)))
        });
        skip + branch
    }
}

impl<const D: usize> ModernUNet<D> {
    /// What the sizes of a grid must be multiples of.
    pub fn multiple(&self) -> usize {
        let halvings = self
            .down
            .iter()
            .filter(|step| matches!(step, UNetStep::Down(_)));
        1 << halvings.count()
    }

    /// Checks that the network accepts inputs of this shape.
    ///
    /// # Errors
    /// If the channels are not the network's, or a size is not a multiple of [`multiple`](Self::multiple).
    pub fn check(&self, dims: [usize; D]) -> Result<(), ModelError> {
        check_input(NAME, &dims, self.lifting.weight.dims()[1], self.multiple())
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
        let mut skips = vec![x.clone()];
        for step in &self.down {
            x = step.forward(x);
            skips.push(x.clone());
        }
        x = self.middle.iter().fold(x, |x, step| step.forward(x));
        for step in &self.up {
            if let UNetStep::Block(_) = step {
                let skip = skips.pop().expect("as many blocks up as states down");
                x = Tensor::cat(vec![x, skip], 1);
            }
            x = step.forward(x);
        }
        self.projection
            .forward(gelu(normalize(&self.norm, x, Activation::Identity)))
    }
}
