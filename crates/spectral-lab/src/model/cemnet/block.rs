//! A block of a network that works on spectra.

use burn::module::Module;
use burn::nn::activation::ActivationConfig;
use burn::tensor::Device;
use burn_spectral::frequency::{
    CLeakyRelu, ComplexBatchNorm, ComplexBatchNormConfig, ComplexNormForm, SpectrumGrid,
    ThroughImage, ThroughImageConfig,
};
use burn_spectral::published::{
    ElementwiseConv2d, ElementwiseConv2dConfig, ElementwiseForm, ElementwiseWeights,
    SpatialMaxPool, SpatialMaxPoolConfig, SpectralNoise, SpectralNoiseConfig,
};
use burn_spectral::summary::Summary;
use burn_spectral::{ComplexTensor, SpectralError, SpectralInitializer};

use super::{Form, Plan};

/// Kernel size where the images are smaller than the plan's.
fn fitting(taps: usize, size: [usize; 2]) -> [usize; 2] {
    size.map(|samples| taps.min(samples))
}

/// The position of a block in the network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Height and width of its images.
    pub size: [usize; 2],
    /// Whether it halves its images.
    pub pools: bool,
    /// Whether the head follows it.
    pub last: bool,
}

/// A convolution as a product of spectra, batch normalization, and activation.
#[derive(Module, Debug)]
pub struct CemBlock {
    /// The convolution.
    pub conv: ElementwiseConv2d,
    /// The normalization.
    pub norm: ComplexBatchNorm,
    /// Activation, dropout and pooling.
    pub steps: Steps,
}

/// Activation, dropout and pooling.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum Steps {
    /// Acts on real and imaginary parts; pools in the image.
    Published(PublishedSteps),
    /// Acts in the image.
    Image(ImageSteps),
}

/// Leaky ReLU of both parts, multiplicative noise, and max-pooling in the image.
#[derive(Module, Debug)]
pub struct PublishedSteps {
    /// The activation.
    pub activation: CLeakyRelu,
    /// The published replacement of dropout.
    pub dropout: SpectralNoise,
    /// Halves the images.
    pub pool: Option<SpatialMaxPool>,
}

/// ReLU and max-pooling in the image.
#[derive(Module, Debug)]
pub struct ImageSteps {
    /// Transforms to the image and back.
    pub image: ThroughImage,
}

impl CemBlock {
    /// A block from `channels[0]` to `channels[1]` channels on the spectra of images of a size.
    pub(super) fn new(
        channels: [usize; 2],
        Place { size, pools, last }: Place,
        plan: &Plan,
        form: Form,
        device: &Device,
    ) -> Result<Self, SpectralError> {
        // The grid wraps around, so one margin of zeros pads both borders.
        let margin = if form.padded { plan.taps / 2 } else { 0 };
        let size = size.map(|samples| samples + margin);
        let taps = fitting(plan.taps, size);
        let grid = form.product.grid(size);
        let is_published = form.product == ElementwiseForm::Published;
        let conv = match is_published {
            true => ElementwiseConv2dConfig::published(channels, taps, size),
            // Taps start as the published ones do; free weights as the spectra of one kernel, which
            // keeps images real.
            false => ElementwiseConv2dConfig::new(channels, taps, size).with_initializer(
                match form.weights {
                    ElementwiseWeights::Taps => SpectralInitializer::Published,
                    _ => SpectralInitializer::Conv,
                },
            ),
        };
        let norm = match is_published {
            true => ComplexNormForm::PerPart,
            false => ComplexNormForm::Image(grid),
        };
        Ok(Self {
            conv: conv.with_weights(form.weights).try_init(device)?,
            norm: ComplexBatchNormConfig::new(channels[1], norm).try_init(device)?,
            steps: match is_published {
                true => Steps::Published(PublishedSteps {
                    activation: CLeakyRelu::default(),
                    dropout: SpectralNoiseConfig::dropout(plan.dropout[0]).try_init()?,
                    pool: match pools {
                        true => Some(SpatialMaxPoolConfig::new(grid).try_init()?),
                        false => None,
                    },
                }),
                false => Steps::Image(ImageSteps {
                    image: ThroughImageConfig::new(grid, ActivationConfig::Relu)
                        .with_pool(pools.then_some([2, 2]))
                        .with_margin([margin; 2])
                        .with_output_margin([if last { 0 } else { margin }; 2])
                        .try_init(device)?,
                }),
            },
        })
    }

    /// Applies them in order.
    ///
    /// # Shapes
    /// - output: `[batch, channels_out, bins…]`, of images of half the size if it pools
    /// - output: `[batch, channels_out, bins…]`, those of images of half the size where it pools
    pub fn forward(&self, spectrum: ComplexTensor<4>) -> ComplexTensor<4> {
        let spectrum = self.conv.forward(spectrum);
        match &self.steps {
            Steps::Published(steps) => {
                let spectrum = self.norm.forward_activated(spectrum, &steps.activation);
                let spectrum = steps.dropout.forward(spectrum);
                match &steps.pool {
                    Some(pool) => pool.forward(spectrum),
                    None => spectrum,
                }
            }
            Steps::Image(ImageSteps { image }) => match &self.norm {
                ComplexBatchNorm::Image(norm) => image.forward_normalized(norm, spectrum),
                norm => image.forward(norm.forward(spectrum)),
            },
        }
    }

    /// The shape of its output spectra.
    pub fn output_grid(&self) -> SpectrumGrid {
        match &self.steps {
            Steps::Published(steps) => match &steps.pool {
                Some(pool) => pool.output_grid(),
                None => self.conv.grid(),
            },
            Steps::Image(steps) => steps.image.output_grid(),
        }
    }

    /// Adds the layers of block `number`.
    pub(super) fn summary(
        &self,
        summary: Summary,
        number: usize,
    ) -> Result<Summary, SpectralError> {
        let summary = summary
            .layer(format!("filter {number}"), &self.conv)?
            .layer(format!("norm {number}"), &self.norm)?;
        match &self.steps {
            Steps::Published(steps) => {
                let summary = summary
                    .layer(format!("activation {number}"), &steps.activation)?
                    .layer(format!("noise {number}"), &steps.dropout)?;
                match &steps.pool {
                    Some(pool) => summary.layer(format!("pool {number}"), pool),
                    None => Ok(summary),
                }
            }
            Steps::Image(steps) => summary.layer(format!("through image {number}"), &steps.image),
        }
    }
}
