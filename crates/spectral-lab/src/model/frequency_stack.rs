//! A stack of filters of one spectrum, without transforms between them, and a dense head.

use burn::module::{Module, ModuleDisplay};
use burn::nn::Dropout;
use burn::tensor::{Device, Tensor};
use burn_spectral::fft::Rfft2;
use burn_spectral::frequency::{CRelu, FlattenSpectrum};
use burn_spectral::published::{FourierDomainConv2dConfig, SharedStack2d, SharedStack2dConfig};
use burn_spectral::response::{
    FrequencyResponse, FullSpectrum2d, Gaussian, GaussianConfig, ParametricForm, Polynomial,
    PolynomialConfig,
};
use burn_spectral::summary::Summary;
use burn_spectral::{HalfSpectrum, SpectralError};

use super::input::Domain;
use super::network::Family;
use super::plan::{Head, Plan, drop};
use super::{InputSpec, ModelError, Network};

/// A published layer of Wood and Larson (2021): one filter per output, applied to the sum of its
/// inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PublishedKind {
    /// One free weight per frequency, with Keras' initial weights.
    Fourier,
    /// A polynomial of order 1 in the row and one in the column, drawn from `N(0, 0.005)`.
    Linear,
    /// A rotated Gaussian, drawn from `N(0, 0.05)`.
    Gaussian,
}

/// Published layers from spectrum to spectrum, each followed by ReLU on real and imaginary parts.
#[derive(Module, Debug)]
pub enum PublishedLayers {
    /// One free weight per frequency.
    Fourier(SharedStack2d<FullSpectrum2d>),
    /// A polynomial of order 1 in the row and one in the column.
    Linear(SharedStack2d<Polynomial>),
    /// A rotated Gaussian.
    Gaussian(SharedStack2d<Gaussian>),
}

impl PublishedLayers {
    /// Layers with `filters` filters each, the first on `channels` channels, for spectra of images
    /// of `size`.
    pub(super) fn new(
        kind: PublishedKind,
        channels: usize,
        filters: &[usize],
        size: [usize; 2],
        device: &Device,
    ) -> Result<Self, SpectralError> {
        let form = ParametricForm::Published;
        Ok(match kind {
            PublishedKind::Fourier => {
                let inputs = core::iter::once(&channels).chain(filters);
                let layers = inputs.zip(filters).map(|(&input, &output)| {
                    let config = FourierDomainConv2dConfig::published([input, output], size);
                    Ok(config.try_init(device)?.mix)
                });
                let layers: Result<Vec<_>, SpectralError> = layers.collect();
                Self::Fourier(SharedStack2d::from_layers(layers?)?)
            }
            PublishedKind::Linear => {
                let response = PolynomialConfig::new(1).with_form(form);
                Self::Linear(
                    SharedStack2dConfig::new(channels, filters, response).try_init(device)?,
                )
            }
            PublishedKind::Gaussian => {
                let response = GaussianConfig::new().with_form(form);
                let config = SharedStack2dConfig::new(channels, filters, response);
                Self::Gaussian(config.try_init(device)?)
            }
        })
    }

    /// Filters the half-spectrum of images.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width/2 + 1]`
    /// - output: `[batch, channels_out, height, width/2 + 1]`
    pub fn forward(&self, spectrum: HalfSpectrum<4>) -> HalfSpectrum<4> {
        match self {
            Self::Fourier(stack) => stack.forward(spectrum),
            Self::Linear(stack) => stack.forward(spectrum),
            Self::Gaussian(stack) => stack.forward(spectrum),
        }
    }

    /// A linear head on the filtered spectrum of images, as one operation.
    fn forward_dense(&self, images: Tensor<4>, head: &burn::nn::Linear) -> Tensor<2> {
        match self {
            Self::Fourier(stack) => stack.forward_dense(images, head),
            Self::Linear(stack) => stack.forward_dense(images, head),
            Self::Gaussian(stack) => stack.forward_dense(images, head),
        }
    }

    /// Adds the layers, the first of them with number `first`, and their activations.
    pub(super) fn summary(&self, summary: Summary, first: usize) -> Result<Summary, SpectralError> {
        fn rows<R: FrequencyResponse<4> + ModuleDisplay>(
            stack: &SharedStack2d<R>,
            summary: Summary,
            first: usize,
        ) -> Result<Summary, SpectralError> {
            let mut layers = stack.layers.iter().zip(first..);
            layers.try_fold(summary, |summary, (layer, number)| {
                summary
                    .layer(format!("filter {number}"), layer)?
                    .layer(format!("relu {number}"), &CRelu)
            })
        }
        match self {
            Self::Fourier(stack) => rows(stack, summary, first),
            Self::Linear(stack) => rows(stack, summary, first),
            Self::Gaussian(stack) => rows(stack, summary, first),
        }
    }
}

/// Transform, filters of the spectrum with ReLU on real and imaginary parts, and a dense head on
/// the flattened spectrum: the networks of Wood and Larson (2021) as published. Neither frequencies
/// nor channels are mixed before the head ([`burn_spectral::frequency`]).
///
/// Until June 2021 the published parametric layers had the imaginary part of the complex product
/// wrong, `Re X·Re R + Im X·Im R`, in the CIFAR-10 notebook too; here the product is right. That
/// notebook also divides the row index by the number of columns; here it is divided by the number
/// of rows.
#[derive(Module, Debug)]
pub struct FrequencyStack {
    /// The filters, in as few groups as the residuals and dropout between them allow.
    pub layers: Vec<PublishedLayers>,
    /// The head.
    pub head: Head,
    dropout: Option<Dropout>,
    residual: bool,
    #[module(skip)]
    domain: Domain,
}

impl FrequencyStack {
    fn new(
        domain: Domain,
        kind: PublishedKind,
        plan: &Plan,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let size = domain.input.size();
        let group = match (plan.residual, plan.dropout) {
            (true, _) => 1,
            (false, Some(_)) => 2,
            (false, None) => plan.widths.len(),
        };
        let mut channels = domain.input.channels;
        let mut layers = Vec::new();
        for widths in plan.widths.chunks(group) {
            layers.push(PublishedLayers::new(kind, channels, widths, size, device)?);
            channels = widths[widths.len() - 1];
        }
        let features = 2 * channels * size[0] * (size[1] / 2 + 1);
        let ends = [features, domain.input.classes];
        Ok(Self {
            layers,
            head: Head::new(ends, plan.hidden, plan.init, device),
            dropout: plan.dropout(),
            residual: plan.residual,
            domain,
        })
    }
}

/// A stack of filters of one kind, as a network.
pub(super) fn create(
    domain: Domain,
    kind: PublishedKind,
    plan: &Plan,
    device: &Device,
) -> Result<Network, ModelError> {
    let stack = FrequencyStack::new(domain, kind, plan, device)?;
    Ok(Network::FrequencyStack(stack))
}

impl Family for FrequencyStack {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        if let ([layers], None, None) = (&self.layers[..], &self.dropout, &self.head.hidden) {
            return layers.forward_dense(images, &self.head.output);
        }
        let mut spectrum = Rfft2::default().forward(images);
        for (index, layers) in self.layers.iter().enumerate() {
            let output = layers.forward(spectrum.clone());
            let output = match self.residual && index > 0 {
                true => output + spectrum,
                false => output,
            };
            spectrum = output.map_complex(|z| z.map(|part| drop(&self.dropout, part)));
        }
        let features = FlattenSpectrum.forward(spectrum);
        self.head.forward(features, &self.dropout)
    }

    fn takes(&self, _size: [usize; 2]) -> bool {
        false
    }

    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError> {
        let mut summary = Summary::new(input.shape()).layer("transform", &Rfft2::default())?;
        let mut number = 1;
        for (index, layers) in self.layers.iter().enumerate() {
            let before = summary.layers().len();
            summary = layers.summary(summary, number)?;
            number += (summary.layers().len() - before) / 2;
            let shape = summary.output().clone();
            if self.residual && index > 0 {
                summary = summary.step(format!("residual {index}"), "Add", shape.clone());
            }
            if self.dropout.is_some() {
                summary = summary.step(format!("dropout {}", index + 1), "Dropout", shape);
            }
        }
        let summary = summary.layer("flatten", &FlattenSpectrum)?;
        self.head.summary(summary, &self.dropout)
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

    fn assert_alike(got: Tensor<2>, want: Tensor<2>, what: &str) {
        let scale = want.clone().abs().max().into_scalar::<f32>();
        let change = (got - want).abs().max().into_scalar::<f32>();
        assert!(change <= 1e-5 * scale, "{what}: {change} of {scale}");
    }

    #[test]
    fn the_published_networks_see_the_sum_of_the_colors() {
        let device = Device::flex();
        for name in ["cats-fourier", "cats-linear", "cats-gaussian"] {
            let net = build(name, &InputSpec::new(3, [20, 18], 2), &device).unwrap();
            let images = Tensor::random([2, 3, 20, 18], Distribution::Default, &device);
            let swapped = net.forward(images.clone().flip([1]));
            assert_alike(swapped, net.forward(images), name);
        }
    }

    #[test]
    fn a_network_is_its_layers_one_after_the_other() {
        fn layers<R: FrequencyResponse<4>>(
            stack: &SharedStack2d<R>,
            spectrum: HalfSpectrum<4>,
        ) -> HalfSpectrum<4> {
            let layers = stack.layers.iter();
            layers.fold(spectrum, |z, layer| CRelu.forward(layer.forward(z)))
        }
        let device = Device::flex();
        for name in [
            "cats-fourier",
            "cats-linear",
            "cats-gaussian",
            "cifar-residual-linear",
        ] {
            let net = build(name, &InputSpec::new(3, [20, 18], 2), &device).unwrap();
            let images = Tensor::random([2, 3, 20, 18], Distribution::Default, &device);
            let got = net.forward(images.clone());
            let Network::FrequencyStack(net) = net else {
                panic!("{name} is of another family");
            };
            let mut spectrum = Rfft2::default().forward(images);
            for (index, group) in net.layers.iter().enumerate() {
                let input = spectrum.clone();
                spectrum = match group {
                    PublishedLayers::Fourier(stack) => layers(stack, spectrum),
                    PublishedLayers::Linear(stack) => layers(stack, spectrum),
                    PublishedLayers::Gaussian(stack) => layers(stack, spectrum),
                };
                if name.contains("residual") && index > 0 {
                    spectrum = spectrum + input;
                }
            }
            let features = FlattenSpectrum.forward(spectrum);
            assert_alike(got, net.head.output.forward(features), name);
        }
    }
}
