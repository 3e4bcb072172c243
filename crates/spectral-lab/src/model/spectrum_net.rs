//! The spectrum of the whole image, fed to a dense head.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_spectral::spectrum::{
    FftLayer, FftLayerConfig, FrequencyGate, FrequencyGateConfig, GateFeatures, SpectrumExtent,
    SpectrumOutput,
};
use burn_spectral::summary::{FeatureShape, Flatten, Parameters, Summarize, Summary, SummaryRow};
use burn_spectral::{ComplexTensor, Norm, SpectralError, fft};

use super::info::{Create, ModelInfo};
use super::input::Domain;
use super::keras::KerasInit;
use super::network::Family;
use super::plan::{Head, flatten};
use super::{InputSpec, ModelError, Network};

pub(super) const MODELS: &[ModelInfo] = &[
    model(
        "fft-only",
        "the real part of the spectrum, all that a real dense head keeps, as published",
        |domain, device| {
            let layer = published(SpectrumOutput::RealImaginary);
            SpectrumNet::network(domain, Features::RealPart(layer), None, device)
        },
    ),
    model(
        "fft-magnitude",
        "a dense head on the magnitude of the spectrum, without the phase, as published",
        |domain, device| {
            let layer = published(SpectrumOutput::Magnitude);
            SpectrumNet::network(domain, Features::Layer(layer), None, device)
        },
    ),
    model(
        "fft-gate",
        "fft-only with one gate per frequency, computed from all of them, as published",
        |domain, device| {
            let input = &domain.input;
            let gate = FrequencyGateConfig::new(input.channels, input.size())
                .with_features(GateFeatures::Real)
                .try_init(device)?;
            SpectrumNet::network(domain, Features::Gate(gate), None, device)
        },
    ),
    model(
        "fft-only-repaired",
        "real and imaginary parts of the half-spectrum, two dense layers",
        |domain, device| {
            let layer = repaired(SpectrumOutput::RealImaginary);
            SpectrumNet::network(domain, Features::Layer(layer), Some(15), device)
        },
    ),
    model(
        "fft-magnitude-repaired",
        "magnitude, cosine and sine of the phase of the half-spectrum, two dense layers",
        |domain, device| {
            let layer = repaired(SpectrumOutput::MagnitudeCosSin);
            SpectrumNet::network(domain, Features::Layer(layer), Some(10), device)
        },
    ),
];

const fn model(name: &'static str, summary: &'static str, create: Create) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline: "fft-cnn-small",
        input: InputSpec::new(1, [64, 64], 10),
        smallest: 1,
        recipe: "lab",
        create,
    }
}

/// The transform of the published examples: the full spectrum, unscaled.
fn published(output: SpectrumOutput) -> FftLayer {
    FftLayerConfig::new(output)
        .with_extent(SpectrumExtent::Full)
        .init()
}

/// Every frequency once, scaled as in the image.
fn repaired(output: SpectrumOutput) -> FftLayer {
    FftLayerConfig::new(output).with_norm(Norm::Ortho).init()
}

/// Which part of the spectrum the head sees.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum Features {
    /// The output of the layer.
    Layer(FftLayer),
    /// The real part of the layer's output.
    RealPart(FftLayer),
    /// The real part of the full spectrum times its gates.
    Gate(FrequencyGate),
}

impl Features {
    /// The real-valued features of images.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, groups·channels, height, bins]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let [_, channels, ..] = images.dims();
        match self {
            Self::Layer(layer) => layer.forward(images),
            Self::RealPart(layer) => layer.forward(images).narrow(1, 0, channels),
            Self::Gate(gate) => {
                let spectrum = fft::fft2(ComplexTensor::from_real(images), Norm::Backward);
                gate.forward(spectrum).re
            }
        }
    }

    /// Features of images, and how many of them are zero for every image.
    fn count(&self, input: &InputSpec) -> [usize; 2] {
        let &InputSpec {
            channels,
            height,
            width,
            ..
        } = input;
        let Self::Layer(layer) = self else {
            return [channels * height * width, 0];
        };
        let bins = match layer.extent {
            SpectrumExtent::Half => width / 2 + 1,
            SpectrumExtent::Full => width,
        };
        let self_conjugate = [height, width].map(|side| 1 + usize::from(side.is_multiple_of(2)));
        let imaginary = match layer.output {
            SpectrumOutput::RealImaginary | SpectrumOutput::MagnitudeCosSin => 1,
            SpectrumOutput::Magnitude | SpectrumOutput::LogMagnitude => 0,
        };
        [
            channels * layer.output.multiplier() * height * bins,
            channels * imaginary * self_conjugate[0] * self_conjugate[1],
        ]
    }
}

/// Features of the spectrum of the whole image, and a dense head on them: the three ways in which
/// an article of 2025 uses a transform in a Keras network, and their repaired forms.
///
/// The article does not specify the rest of its networks; here it is the minimum, a linear head. A
/// dense layer of Keras casts complex inputs to real ones, so that its networks see only the real
/// part of the spectrum, that of the image plus its mirror image. Where the gates are multiplied
/// with the complex spectrum the printed code has a type error; the product is what is meant.
///
/// The repaired forms keep the phase, have every frequency once, and learn features with a dense
/// layer and ReLU. Imaginary parts, and sines, are zero at the frequencies that are their own
/// negative, so the weights there are dead.
#[derive(Module, Debug)]
pub struct SpectrumNet {
    /// Which part of the spectrum the head sees.
    pub features: Features,
    /// The head.
    pub head: Head,
    #[module(skip)]
    domain: Domain,
}

impl SpectrumNet {
    fn network(
        domain: Domain,
        features: Features,
        hidden: Option<usize>,
        device: &Device,
    ) -> Result<Network, ModelError> {
        let [count, _] = features.count(&domain.input);
        let ends = [count, domain.input.classes];
        Ok(Network::Spectrum(Self {
            features,
            head: Head::new(ends, hidden, KerasInit::Glorot, device),
            domain,
        }))
    }
}

impl Family for SpectrumNet {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = flatten(self.features.forward(images));
        self.head.forward(features, &None)
    }

    fn takes(&self, _size: [usize; 2]) -> bool {
        false
    }

    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError> {
        let (shape, summary) = (input.shape(), Summary::new(input.shape()));
        let summary = match &self.features {
            Features::Layer(layer) => summary.layer("transform", layer)?,
            Features::RealPart(layer) => {
                summary
                    .layer("transform", layer)?
                    .step("real part", "Narrow", shape)
            }
            Features::Gate(gate) => {
                let transform = published(SpectrumOutput::RealImaginary);
                let row = SummaryRow {
                    name: "transform".into(),
                    kind: "Fft2".into(),
                    output: FeatureShape::complex(shape),
                    parameters: Parameters::default(),
                    multiply_adds: transform.trace(summary.output())?.multiply_adds,
                };
                summary
                    .row(row)
                    .layer("gate", gate)?
                    .step("real part", "Real", shape)
            }
        };
        self.head
            .summary(summary.layer("flatten", &Flatten)?, &None)
    }

    fn dead_parameters(&self) -> usize {
        let [_, zeros] = self.features.count(&self.domain.input);
        zeros * self.head.units()
    }

    fn without_filters(&self) -> &'static str {
        "it works on spectra from the first layer to the head"
    }
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::*;
    use crate::train::Classifier;
    use burn::tensor::Distribution;

    #[test]
    fn weights_that_no_image_reaches_are_those_counted_as_dead() {
        let device = Device::flex();
        for name in ["fft-only-repaired", "fft-magnitude-repaired"] {
            for size in [[6, 8], [6, 7], [5, 7]] {
                let input = InputSpec::new(2, size, 3);
                let Network::Spectrum(net) = build(name, &input, &device).unwrap() else {
                    panic!("{name} is of another family");
                };
                let distribution = Distribution::Normal(0.0, 1.0);
                let images = Tensor::random([64, 2, size[0], size[1]], distribution, &device);
                let features = flatten(net.features.forward(images));
                let largest = features.abs().max_dim(0).into_data();
                let zeros = largest.iter::<f32>().filter(|value| *value < 1e-6).count();
                let hidden = net.head.hidden.as_ref().unwrap();
                let [inputs, units] = hidden.weight.dims();
                assert_eq!(inputs, largest.num_elements(), "{name} {size:?}");
                assert_eq!(net.dead_parameters(), zeros * units, "{name} {size:?}");
            }
        }
    }

    #[test]
    fn only_the_repaired_networks_tell_a_shifted_and_a_mirrored_image_from_the_first() {
        let device = Device::flex();
        let input = InputSpec::new(1, [12, 10], 3);
        let images = Tensor::random([2, 1, 12, 10], Distribution::Default, &device);
        // x(−n), with sample 0 in its place.
        let mirrored = images.clone().flip([2, 3]).roll(&[1, 1], &[2, 3]);
        let shifted = images.clone().roll(&[3, 4], &[2, 3]);
        for (name, sees_mirror, sees_shift) in [
            ("fft-only", false, true),
            ("fft-magnitude", false, false),
            ("fft-gate", false, true),
            ("fft-only-repaired", true, true),
            ("fft-magnitude-repaired", true, true),
        ] {
            let net = build(name, &input, &device).unwrap();
            let outputs = net.forward(images.clone());
            let scale = outputs.clone().abs().max().into_scalar::<f32>();
            for (other, sees) in [(&mirrored, sees_mirror), (&shifted, sees_shift)] {
                let change = (net.forward(other.clone()) - outputs.clone()).abs();
                let change = change.max().into_scalar::<f32>() / scale;
                assert!(
                    if sees { change > 1e-2 } else { change < 1e-5 },
                    "{name}: {change}"
                );
            }
        }
    }
}
