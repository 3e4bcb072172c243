//! The building blocks of the two networks.

use burn::module::{Module, Param};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::AvgPool2dConfig;
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::conv::{ConjugateFactor, SpectralConv2d, SpectralConv2dConfig};
use burn_spectral::ops;
use burn_spectral::pool::spectral_resize2d;
use burn_spectral::response::Coupling;
use burn_spectral::spatial;
use burn_spectral::summary::{FeatureShape, Summarize, Trace};

use super::{Trigonometric, TrigonometricConfig};

/// The domain in which neighborhoods are filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterDomain {
    /// Frequencies.
    Frequency,
    /// Samples.
    Space,
}

/// A filter without bias and with `same` output size.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum BestFilter {
    /// A product with a response of small support, at every frequency.
    Frequency(SpectralConv2d<Trigonometric>),
    /// A convolution with zero padding.
    Space(Conv2d),
}

impl BestFilter {
    pub(super) fn new(
        domain: FilterDomain,
        channels: [usize; 2],
        coupling: Coupling,
        degree: usize,
        device: &Device,
    ) -> Result<Self, SpectralError> {
        let groups = coupling.groups(channels);
        Ok(match domain {
            FilterDomain::Frequency => Self::Frequency(
                SpectralConv2dConfig::new(channels, TrigonometricConfig { degree })
                    .with_coupling(coupling)
                    .with_conjugate(ConjugateFactor::Response)
                    .with_bias(false)
                    .try_init(device)?,
            ),
            FilterDomain::Space => Self::Space(
                Conv2dConfig::new(channels, [2 * degree + 1; 2])
                    .with_groups(groups)
                    .with_padding(PaddingConfig2d::Explicit(degree, degree, degree, degree))
                    .with_bias(false)
                    .init(device),
            ),
        })
    }

    /// Filters images.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, height, width]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Frequency(layer) => layer.forward(images),
            Self::Space(layer) => spatial::conv2d(layer, images),
        }
    }
}

/// Mixes channels at every sample: a 1×1 convolution without bias.
#[derive(Module, Debug)]
pub struct PointwiseMix {
    /// Weights, `[out, in]`.
    pub weight: Param<Tensor<2>>,
}

impl PointwiseMix {
    /// Draws the weights as `Conv2d` does, uniform within `±1/√in`.
    pub(super) fn new([inputs, outputs]: [usize; 2], device: &Device) -> Self {
        let bound = 1.0 / (inputs as f64).sqrt();
        let distribution = Distribution::Uniform(-bound, bound);
        Self {
            weight: Param::from_tensor(Tensor::random([outputs, inputs], distribution, device)),
        }
    }

    /// Applies the layer.
    ///
    /// # Shapes
    /// - input: `[batch, in, height, width]`; output: `[batch, out, height, width]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        ops::mix_constant(images, self.weight.val(), 1, false)
    }
}

impl Summarize for BestFilter {
    fn kind(&self) -> String {
        match self {
            Self::Frequency(layer) => layer.kind(),
            Self::Space(layer) => layer.kind(),
        }
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        match self {
            Self::Frequency(layer) => layer.trace(input),
            Self::Space(layer) => layer.trace(input),
        }
    }
}

impl Summarize for PointwiseMix {
    fn kind(&self) -> String {
        "PointwiseMix".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let [_, channels, height, width] = input.real::<4>()?;
        let [outputs, inputs] = self.weight.lazy_shape().dims();
        match channels == inputs {
            true => Ok(Trace {
                output: FeatureShape::new([outputs, height, width]),
                multiply_adds: (outputs * inputs * height * width) as u64,
            }),
            false => Err(SpectralError::Channels {
                expected: inputs,
                got: vec![1, channels, height, width],
            }),
        }
    }
}

/// Halves height and width, rounding down: by keeping the lower half of the frequencies (Rippel,
/// Snoek and Adams, 2015), or by means over 2×2 samples.
pub(super) fn halve(domain: FilterDomain, images: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    match domain {
        FilterDomain::Frequency => spectral_resize2d(images, [height / 2, width / 2]),
        FilterDomain::Space => AvgPool2dConfig::new([2, 2]).init().forward(images),
    }
}
