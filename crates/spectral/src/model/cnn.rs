//! The small convolutional network that KKLayer was tried in, and its spectral variants.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, LeakyRelu, LeakyReluConfig, Linear, LinearConfig, PaddingConfig2d,
};
use burn::tensor::{Device, Tensor};
use burn_spectral::conv::{KkLayer, KkLayerConfig, SpectralConv2d, SpectralConv2dConfig};
use burn_spectral::response::{
    Free, FreeConfig, FrequencyResponse, KramersKronig, KramersKronigConfig,
};

use super::{InputSpec, ModelError};

/// Channels of the three convolutions.
const WIDTHS: [usize; 3] = [16, 32, 64];

/// What stands in the place of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterKind {
    /// An ordinary 3×3 convolution.
    Conv,
    /// KKLayer as published.
    Kk,
    /// The causal response that KKLayer set out to be.
    KramersKronig,
    /// A free complex weight a frequency.
    Free,
}

/// A layer in the place of a convolution.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum Filter {
    /// An ordinary 3×3 convolution.
    Conv(Conv2d),
    /// KKLayer as published.
    Kk(KkLayer),
    /// The causal response that KKLayer set out to be.
    KramersKronig(SpectralConv2d<KramersKronig<4>>),
    /// A free complex weight a frequency.
    Free(SpectralConv2d<Free<4>>),
}

impl Filter {
    fn new(
        kind: FilterKind,
        channels: [usize; 2],
        size: [usize; 2],
        device: &Device,
    ) -> Result<Self, ModelError> {
        Ok(match kind {
            FilterKind::Conv => Self::Conv(
                Conv2dConfig::new(channels, [3, 3])
                    .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                    .init(device),
            ),
            FilterKind::Kk => Self::Kk(KkLayerConfig::new(channels).try_init(device)?),
            FilterKind::KramersKronig => Self::KramersKronig(
                SpectralConv2dConfig::new(channels, KramersKronigConfig::new(size))
                    .try_init(device)?,
            ),
            FilterKind::Free => Self::Free(
                SpectralConv2dConfig::new(channels, FreeConfig::new(size)).try_init(device)?,
            ),
        })
    }

    /// Applies the layer.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, height, width]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Conv(layer) => layer.forward(images),
            Self::Kk(layer) => layer.forward(images),
            Self::KramersKronig(layer) => layer.forward(images),
            Self::Free(layer) => layer.forward(images),
        }
    }

    /// Number of parameters that cannot change the output.
    pub fn dead_parameters(&self) -> usize {
        let dead = match self {
            Self::Kk(layer) => FrequencyResponse::<4>::dead_parameters(&layer.conv.response),
            _ => Vec::new(),
        };
        dead.iter().map(|(_, count)| count).sum()
    }
}

/// One stage: a filter, batch normalisation and an activation.
#[derive(Module, Debug)]
pub struct Stage {
    /// The filter.
    pub filter: Filter,
    /// Batch normalisation.
    pub norm: BatchNorm,
}

impl Stage {
    fn forward(&self, images: Tensor<4>, activation: &LeakyRelu) -> Tensor<4> {
        activation.forward(self.norm.forward(self.filter.forward(images)))
    }
}

/// Max-pool, then three stages of 16, 32 and 64 channels with a max-pool between them, the mean
/// over space, and a linear head: the network in which KKLayer's author replaced the first, and
/// the first two, convolutions.
#[derive(Module, Debug)]
pub struct Cnn {
    /// The three stages.
    pub stages: Vec<Stage>,
    /// The head.
    pub head: Linear,
    pool: MaxPool2d,
    activation: LeakyRelu,
}

impl Cnn {
    /// A network whose first `replaced` convolutions are of the given kind.
    ///
    /// # Errors
    /// When the images are smaller than 8×8.
    pub fn new(
        name: &str,
        kind: FilterKind,
        replaced: usize,
        input: &InputSpec,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let mut size = [input.height, input.width];
        if size.iter().any(|side| *side < 8) {
            return Err(ModelError::TooSmall {
                model: name.into(),
                height: size[0],
                width: size[1],
            });
        }
        let mut channels = input.channels;
        let mut stages = Vec::new();
        for (stage, width) in WIDTHS.into_iter().enumerate() {
            size = size.map(|side| side / 2);
            let kind = match stage < replaced {
                true => kind,
                false => FilterKind::Conv,
            };
            stages.push(Stage {
                filter: Filter::new(kind, [channels, width], size, device)?,
                norm: BatchNormConfig::new(width).init(device),
            });
            channels = width;
        }
        Ok(Self {
            stages,
            head: LinearConfig::new(channels, input.classes).init(device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            activation: LeakyReluConfig::new().init(),
        })
    }

    /// Logits of images.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`; output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = self.stages.iter().fold(images, |images, stage| {
            stage.forward(self.pool.forward(images), &self.activation)
        });
        let [batch, channels, height, width] = features.dims();
        let mean = features
            .reshape([batch, channels, height * width])
            .mean_dim(2);
        self.head.forward(mean.squeeze_dim::<2>(2))
    }
}
