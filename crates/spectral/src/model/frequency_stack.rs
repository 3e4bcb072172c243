//! A stack of filters of one spectrum, without a transform between them, and a dense head.

use burn::module::Module;
use burn::nn::Dropout;
use burn::tensor::{Device, Tensor};
use burn_spectral::frequency::{
    CRelu, FlattenSpectrum, FourierDomainConv2d, FourierDomainConv2dConfig, SpectralMix2d,
    SpectralMix2dConfig,
};
use burn_spectral::response::{
    Coupling, Gaussian, GaussianConfig, ParametricForm, Polynomial, PolynomialConfig,
};
use burn_spectral::{ComplexTensor, Norm, SpectralError, fft};

use super::input::Domain;
use super::network::Family;
use super::plan::{Head, Plan, drop};
use super::{ModelError, Network};

/// A published layer of Wood and Larson's (2021), one filter an output over the sum of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PublishedKind {
    /// A free weight a frequency, with Keras' initial weights.
    Fourier,
    /// A polynomial of order 1 in the row and one in the column, drawn from `N(0, 0.005)`.
    Linear,
    /// A rotated Gaussian, drawn from `N(0, 0.05)`.
    Gaussian,
}

/// A published layer from spectrum to spectrum.
#[derive(Module, Debug)]
pub enum PublishedFilter {
    /// A free weight a frequency.
    Fourier(FourierDomainConv2d),
    /// A polynomial of order 1 in the row and one in the column.
    Linear(SpectralMix2d<Polynomial>),
    /// A rotated Gaussian.
    Gaussian(SpectralMix2d<Gaussian>),
}

impl PublishedFilter {
    /// A layer from `channels[0]` to `channels[1]` channels, for spectra of images of `size`.
    pub(super) fn new(
        kind: PublishedKind,
        channels: [usize; 2],
        size: [usize; 2],
        device: &Device,
    ) -> Result<Self, SpectralError> {
        let form = ParametricForm::Published;
        Ok(match kind {
            PublishedKind::Fourier => Self::Fourier(
                FourierDomainConv2dConfig::published(channels, size).try_init(device)?,
            ),
            PublishedKind::Linear => Self::Linear(
                SpectralMix2dConfig::new(channels, PolynomialConfig::new(1).with_form(form))
                    .with_coupling(Coupling::Shared)
                    .try_init(device)?,
            ),
            PublishedKind::Gaussian => Self::Gaussian(
                SpectralMix2dConfig::new(channels, GaussianConfig::new().with_form(form))
                    .with_coupling(Coupling::Shared)
                    .try_init(device)?,
            ),
        })
    }

    /// Filters the half-spectrum of images of the given width.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width/2 + 1]`
    /// - output: `[batch, channels_out, height, width/2 + 1]`
    pub fn forward(&self, spectrum: ComplexTensor<4>, width: usize) -> ComplexTensor<4> {
        match self {
            Self::Fourier(layer) => layer.forward(spectrum),
            Self::Linear(layer) => layer.forward(spectrum, width),
            Self::Gaussian(layer) => layer.forward(spectrum, width),
        }
    }
}

/// Transform, filters of the spectrum with ReLU on real and imaginary part, and a dense head on
/// the flattened spectrum: the networks of Wood and Larson (2021) as published. No frequency meets
/// another before the head, and no channel either ([`burn_spectral::frequency`]).
///
/// Published up to June 2021 the parametric layers got the imaginary part of the complex product
/// wrong, `Re X·Re R + Im X·Im R`, in the CIFAR-10 notebook too; here the product is right. That
/// notebook also divides the rows' index by the number of columns, here by that of the rows.
#[derive(Module, Debug)]
pub struct FrequencyStack {
    /// The filters.
    pub filters: Vec<PublishedFilter>,
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
        let filters = plan
            .channels(domain.input.channels)
            .map(|channels| PublishedFilter::new(kind, channels, size, device));
        let features = 2 * plan.last() * size[0] * (size[1] / 2 + 1);
        let ends = [features, domain.input.classes];
        Ok(Self {
            filters: filters.collect::<Result<_, _>>()?,
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
        let [.., width] = images.dims();
        let mut spectrum = fft::rfft2(images, Norm::Backward);
        for (index, filter) in self.filters.iter().enumerate() {
            let output = CRelu.forward(filter.forward(spectrum.clone(), width));
            spectrum = match self.residual && index > 0 {
                true => output.add(spectrum),
                false => output,
            };
            if index % 2 == 1 {
                spectrum = spectrum.map(|part| drop(&self.dropout, part));
            }
        }
        let features = FlattenSpectrum.forward(spectrum);
        self.head.forward(features, &self.dropout)
    }

    fn takes(&self, _size: [usize; 2]) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::{InputSpec, build};
    use super::*;
    use crate::train::Classifier;
    use burn::tensor::Distribution;

    #[test]
    fn the_published_networks_see_the_sum_of_the_colours() {
        let device = Device::flex();
        for name in ["cats-fourier", "cats-linear", "cats-gaussian"] {
            let net = build(name, &InputSpec::new(3, [20, 18], 2), &device).unwrap();
            let images = Tensor::random([2, 3, 20, 18], Distribution::Default, &device);
            let outputs = net.forward(images.clone());
            let scale = outputs.clone().abs().max().into_scalar::<f32>();
            let swapped = net.forward(images.flip([1]));
            let change = (swapped - outputs).abs().max().into_scalar::<f32>();
            assert!(change <= 1e-5 * scale, "{name}: {change} of {scale}");
        }
    }
}
