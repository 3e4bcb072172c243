//! Heads from spectra to classes.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, Relu};
use burn::tensor::{Device, Tensor, TensorData};
use burn_spectral::frequency::{ComplexLinearConfig, SpectrumGrid, TwoBranchLinear};
use burn_spectral::published::{SpectralNoise, SpectralNoiseConfig};
use burn_spectral::spatial::{self, Activation};
use burn_spectral::summary::{FeatureShape, Flatten, Summarize, Summary, Trace};
use burn_spectral::{ComplexTensor, SpectralError};

use super::super::keras::{self, KerasInit};
use super::Plan;

/// Slope of the published activation below zero.
const SLOPE: f64 = 0.2;

/// A head from spectra to classes.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum CemHead {
    /// One branch per part, as published.
    Branches(Branches),
    /// Dense layers on the whole spectrum.
    Joined(JoinedHead),
}

/// Dense layers for the real part and others for the imaginary part, joined before the last one.
#[derive(Module, Debug)]
pub struct Branches {
    /// The hidden layers.
    pub hidden: Vec<BranchLayer>,
    /// The last layer.
    pub output: Linear,
}

/// A dense layer, batch normalization and leaky ReLU per part, and noise.
#[derive(Module, Debug)]
pub struct BranchLayer {
    /// The dense layers.
    pub dense: TwoBranchLinear,
    /// The normalization of the real part.
    pub re: BatchNorm,
    /// The normalization of the imaginary part.
    pub im: BatchNorm,
    /// The published replacement of dropout.
    pub dropout: SpectralNoise,
}

/// Dense layers with ReLU on the real and imaginary parts of a half-spectrum, scaled to the
/// coordinates of the image in an orthonormal basis.
#[derive(Module, Debug)]
pub struct JoinedHead {
    /// The hidden layers.
    pub hidden: Vec<Linear>,
    /// The last layer.
    pub output: Linear,
    #[module(skip)]
    grid: SpectrumGrid,
}

impl CemHead {
    /// The published head for spectra with `channels` channels.
    pub(super) fn branches(
        channels: usize,
        grid: SpectrumGrid,
        classes: usize,
        plan: &Plan,
        device: &Device,
    ) -> Result<Self, SpectralError> {
        let mut features = channels * grid.bins().iter().product::<usize>();
        let mut hidden = Vec::new();
        for &units in plan.hidden {
            let norm = || BatchNormConfig::new(units).init(device);
            hidden.push(BranchLayer {
                dense: ComplexLinearConfig::new([features, units]).try_init_branches(device)?,
                re: norm(),
                im: norm(),
                dropout: SpectralNoiseConfig::dropout(plan.dropout[1]).try_init()?,
            });
            features = units;
        }
        Ok(Self::Branches(Branches {
            hidden,
            output: keras::linear([2 * features, classes], KerasInit::Glorot, device),
        }))
    }

    /// The head for half-spectra with `channels` channels.
    pub(super) fn joined(
        channels: usize,
        grid: SpectrumGrid,
        classes: usize,
        plan: &Plan,
        device: &Device,
    ) -> Self {
        let mut features = 2 * channels * grid.bins().iter().product::<usize>();
        let mut hidden = Vec::new();
        for &units in plan.hidden {
            hidden.push(keras::linear([features, units], KerasInit::He, device));
            features = units;
        }
        Self::Joined(JoinedHead {
            hidden,
            output: keras::linear([features, classes], KerasInit::Glorot, device),
            grid,
        })
    }

    /// The outputs for a spectrum.
    ///
    /// # Shapes
    /// - input: `[batch, channels, bins…]`; output: `[batch, classes]`
    pub fn forward(&self, spectrum: ComplexTensor<4>) -> Tensor<2> {
        match self {
            Self::Branches(head) => head.forward(spectrum),
            Self::Joined(head) => head.forward(spectrum),
        }
    }

    /// Adds the layers of the head.
    pub(super) fn summary(&self, summary: Summary) -> Result<Summary, SpectralError> {
        match self {
            Self::Branches(head) => head.summary(summary),
            Self::Joined(head) => head.summary(summary),
        }
    }
}

impl Branches {
    fn forward(&self, spectrum: ComplexTensor<4>) -> Tensor<2> {
        let features: ComplexTensor<2> = spectrum.map(|part| part.flatten(1, 3));
        let features = self.hidden.iter().fold(features, |features, layer| {
            let ComplexTensor { re, im } = layer.dense.forward(features);
            let activation = Activation::LeakyRelu { slope: SLOPE };
            layer.dropout.forward(ComplexTensor::new(
                spatial::batch_norm_activate(&layer.re, activation, re),
                spatial::batch_norm_activate(&layer.im, activation, im),
            ))
        });
        self.output
            .forward(Tensor::cat(vec![features.re, features.im], 1))
    }
}

impl JoinedHead {
    fn forward(&self, spectrum: ComplexTensor<4>) -> Tensor<2> {
        let samples = self.grid.samples() as f64;
        let scale: Vec<f64> = self
            .grid
            .multiplicities()
            .iter()
            .map(|count| (count / samples).sqrt())
            .collect();
        let (device, dtype) = (spectrum.device(), spectrum.re.dtype());
        let data = TensorData::new(scale.clone(), [1, 1, 1, scale.len()]).convert_dtype(dtype);
        let scale = Tensor::<4>::from_data(data, (&device, dtype));
        let ComplexTensor { re, im } = spectrum.mul_real(scale);
        let features: Tensor<2> = Tensor::cat(vec![re, im], 1).flatten(1, 3);
        let features = self.hidden.iter().fold(features, |features, layer| {
            spatial::linear_with(layer, spatial::Activation::RELU, features)
        });
        spatial::linear(&self.output, features)
    }
}

impl Branches {
    fn summary(&self, summary: Summary) -> Result<Summary, SpectralError> {
        let features = summary.output().elements();
        let mut summary = summary.step("flatten", "Flatten", FeatureShape::complex([features]));
        for (layer, number) in self.hidden.iter().zip(1..) {
            summary = summary.layer(format!("branches {number}"), layer)?;
        }
        let joined = 2 * summary.output().elements();
        summary
            .step("join", "Concatenate", [joined])
            .layer("output", &self.output)
    }
}

impl Summarize for BranchLayer {
    fn kind(&self) -> String {
        "Linear+BatchNorm+LeakyRelu per part".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let trace = self.dense.trace(input)?;
        let norms = 2 * trace.output.elements() as u64;
        Ok(Trace {
            multiply_adds: trace.multiply_adds + norms,
            output: trace.output,
        })
    }
}

impl JoinedHead {
    fn summary(&self, summary: Summary) -> Result<Summary, SpectralError> {
        let mut summary = summary.layer("flatten", &Flatten)?;
        for (hidden, number) in self.hidden.iter().zip(1..) {
            summary = summary
                .layer(format!("hidden {number}"), hidden)?
                .layer(format!("relu {number}"), &Relu)?;
        }
        summary.layer("output", &self.output)
    }

    /// Imaginary parts that are zero for every image: those at frequencies that are their own
    /// negative.
    pub(super) fn dead_parameters(&self) -> usize {
        let own = |samples: usize| if samples.is_multiple_of(2) { 2 } else { 1 };
        let dense = self.hidden.first().unwrap_or(&self.output);
        let [features, units] = dense.weight.lazy_shape().dims();
        let channels = features / (2 * self.grid.bins().iter().product::<usize>());
        let [height, width] = self.grid.size;
        channels * own(height) * own(width) * units
    }
}
