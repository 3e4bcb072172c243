//! The autoencoders of Wood and Larson's (2021) MNIST notebook.

use burn::module::Module;
use burn::nn::Relu;
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::fft::{Irfft2, Rfft2};
use burn_spectral::spatial::{self, Activation};
use burn_spectral::summary::{Flatten, Summary};

use super::frequency_stack::{PublishedKind, PublishedLayers};
use super::info::{Create, ModelInfo};
use super::input::Domain;
use super::keras::{self, KerasInit};
use super::network::Family;
use super::plan::flatten;
use super::{Filter, FilterKind, InputSpec, ModelError, Network};

/// Channels of every layer except the last.
const WIDTH: usize = 32;

/// Layers of the encoder, and as many of the decoder.
const DEPTH: usize = 2;

/// The size given to responses that work at any size.
const ANY_SIZE: [usize; 2] = [1, 1];

pub(super) const MODELS: &[ModelInfo] = &[
    model(
        "autoencoder-spatial",
        "autoencoder: two 3x3 convolutions with max-pooling, two transposed ones (the baseline)",
        |domain, device| {
            create(domain, device, |channels, device| {
                let conv = keras::conv2d(channels, 3, KerasInit::Glorot, device);
                Ok(Encoder::Image(Filter::Conv(conv)))
            })
        },
    ),
    model(
        "autoencoder-gaussian",
        "autoencoder-spatial with its encoder on spectra with Gaussian responses, as published",
        |domain, device| {
            create(domain, device, |channels, device| {
                let [input, output] = channels;
                let kind = PublishedKind::Gaussian;
                let layers = PublishedLayers::new(kind, input, &[output], ANY_SIZE, device)?;
                Ok(Encoder::Spectrum(layers))
            })
        },
    ),
    model(
        "autoencoder-gaussian-repaired",
        "autoencoder-spatial with stable Gaussian responses in place of the encoder's convolutions",
        |domain, device| {
            create(domain, device, |channels, device| {
                let filter = Filter::new(FilterKind::Gaussian, channels, ANY_SIZE, device)?;
                Ok(Encoder::Image(filter))
            })
        },
    ),
];

const fn model(name: &'static str, summary: &'static str, create: Create) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline: "autoencoder-spatial",
        input: InputSpec::new(1, [28, 28], 10),
        // Halved twice.
        smallest: 4,
        recipe: "autoencoder",
        create,
    }
}

fn create(
    domain: Domain,
    device: &Device,
    encoder: fn([usize; 2], &Device) -> Result<Encoder, ModelError>,
) -> Result<Network, ModelError> {
    Ok(Network::Autoencoder(Autoencoder::new(
        domain, device, encoder,
    )?))
}

/// A layer of the encoder, before its max-pooling.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum Encoder {
    /// A filter and ReLU.
    Image(Filter),
    /// Transform, filter, ReLU on real and imaginary parts, inverse transform. The inverse drops
    /// the part of the rectified spectrum that no real image has.
    Spectrum(PublishedLayers),
}

impl Encoder {
    /// Applies the layer.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, height, width]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Image(filter) => filter.forward_with(Activation::RELU, images),
            Self::Spectrum(layers) => {
                let spectrum = Rfft2::default().forward(images);
                Irfft2::default().forward(layers.forward(spectrum))
            }
        }
    }
}

/// An encoder of two layers of 32 channels, each halving the image by max-pooling, and a decoder of
/// two transposed convolutions that double it and a 3×3 convolution to the image's channels.
///
/// Its outputs are the logits of the pixels, `[batch, channels·height·width]`: their sigmoid is the
/// image. The published network ends in that sigmoid, which here is part of the loss. Accepts
/// images of any size from 4×4 on: pooling rounds odd sizes up and the decoder crops. Classes are
/// ignored.
#[derive(Module, Debug)]
pub struct Autoencoder {
    /// The layers of the encoder.
    pub encoder: Vec<Encoder>,
    /// The layers of the decoder.
    pub decoder: Vec<ConvTranspose2d>,
    /// The last layer.
    pub output: Conv2d,
    pool: MaxPool2d,
    #[module(skip)]
    domain: Domain,
}

impl Autoencoder {
    fn new(
        domain: Domain,
        device: &Device,
        encoder: impl Fn([usize; 2], &Device) -> Result<Encoder, ModelError>,
    ) -> Result<Self, ModelError> {
        let channels = domain.input.channels;
        let layers = [[channels, WIDTH], [WIDTH, WIDTH]].map(|ends| encoder(ends, device));
        let doubling = || keras::doubling_conv2d([WIDTH, WIDTH], device);
        Ok(Self {
            encoder: layers.into_iter().collect::<Result<_, _>>()?,
            decoder: (0..DEPTH).map(|_| doubling()).collect(),
            output: keras::conv2d([WIDTH, channels], 3, KerasInit::Glorot, device),
            pool: MaxPool2dConfig::new([2, 2])
                .with_strides([2, 2])
                .with_ceil_mode(true)
                .init(),
            domain,
        })
    }
}

impl Autoencoder {
    /// The output of an encoder layer, pooled.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, channels, height/2, width/2]`, both rounded up
    pub fn pooled(&self, features: Tensor<4>) -> Tensor<4> {
        spatial::max_pool2d(&self.pool, features)
    }
}

impl Family for Autoencoder {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let mut sizes = Vec::new();
        let code = self.encoder.iter().fold(images, |images, layer| {
            let [.., height, width] = images.dims();
            sizes.push([height, width]);
            self.pooled(layer.forward(images))
        });
        let features = self.decoder.iter().fold(code, |features, layer| {
            let [height, width] = sizes
                .pop()
                .expect("encoder and decoder have the same depth");
            let doubled = relu(layer.forward(features));
            doubled.narrow(2, 0, height).narrow(3, 0, width)
        });
        flatten(spatial::conv2d(&self.output, features))
    }

    fn takes(&self, size: [usize; 2]) -> bool {
        let mut size = size;
        self.encoder.iter().all(|layer| {
            let takes = match layer {
                Encoder::Image(filter) => filter.takes(size),
                Encoder::Spectrum(_) => true,
            };
            size = size.map(|side| side.div_ceil(2));
            takes
        })
    }

    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError> {
        let mut summary = Summary::new(input.shape());
        let mut sizes = vec![input.size()];
        for (layer, number) in self.encoder.iter().zip(1..) {
            summary = match layer {
                Encoder::Image(filter) => summary
                    .layer(format!("filter {number}"), filter)?
                    .layer(format!("relu {number}"), &Relu)?,
                Encoder::Spectrum(layers) => {
                    let name = format!("transform {number}");
                    layers
                        .summary(summary.layer(name, &Rfft2::default())?, number)?
                        .layer(format!("inverse {number}"), &Irfft2::default())?
                }
            };
            summary = summary.layer(format!("pool {number}"), &self.pool)?;
            sizes.push(sizes[sizes.len() - 1].map(|side| side.div_ceil(2)));
        }
        sizes.pop();
        for (layer, number) in self.decoder.iter().zip(1..) {
            let [height, width] = sizes
                .pop()
                .expect("encoder and decoder have the same depth");
            summary = summary
                .layer(format!("double {number}"), layer)?
                .layer(format!("decoder relu {number}"), &Relu)?
                .step(format!("crop {number}"), "Crop", [WIDTH, height, width]);
        }
        summary
            .layer("output", &self.output)?
            .layer("flatten", &Flatten)
    }

    fn classifies(&self) -> bool {
        false
    }

    fn first_filter(&self, image: [usize; 2]) -> Option<(&Filter, [usize; 2])> {
        match &self.encoder[0] {
            Encoder::Image(filter) => Some((filter, image)),
            Encoder::Spectrum(_) => None,
        }
    }

    fn filters(&self, image: [usize; 2]) -> Vec<(String, &Filter, [usize; 2])> {
        let (mut filters, mut size) = (Vec::new(), image);
        for (layer, number) in self.encoder.iter().zip(1..) {
            if let Encoder::Image(filter) = layer {
                filters.push((format!("filter {number}"), filter, size));
            }
            size = size.map(|side| side.div_ceil(2));
        }
        filters
    }

    fn filters_mut(&mut self) -> Vec<&mut Filter> {
        let layers = self.encoder.iter_mut();
        layers
            .filter_map(|layer| match layer {
                Encoder::Image(filter) => Some(filter),
                Encoder::Spectrum(_) => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::*;
    use crate::train::Classifier;

    #[test]
    fn images_of_every_size_come_back_as_large_as_they_were() {
        let device = Device::flex();
        for info in MODELS {
            let net = build(info.name, &InputSpec::default(), &device).unwrap();
            for size in [[28, 28], [56, 56], [41, 37], [4, 7]] {
                let input = InputSpec::new(1, size, 2);
                assert_eq!(net.check(&input), Ok(()), "{}", info.name);
                let images = Tensor::ones([2, 1, size[0], size[1]], &device);
                let pixels = size[0] * size[1];
                assert_eq!(net.forward(images).dims(), [2, pixels], "{}", info.name);
            }
            assert!(net.check(&InputSpec::new(3, [28, 28], 10)).is_err());
        }
    }

    #[test]
    fn color_images_have_as_many_outputs_as_values() {
        let device = Device::flex();
        for info in MODELS {
            let net = build(info.name, &InputSpec::new(3, [8, 9], 2), &device).unwrap();
            let images = Tensor::ones([1, 3, 8, 9], &device);
            assert_eq!(net.forward(images).dims(), [1, 3 * 72], "{}", info.name);
        }
    }
}
