//! Learned local or filtered features of images, with a linear head.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, Relu};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::spatial::{self, Activation};
use burn_spectral::spectrum::{PatchStft2d, PatchStft2dConfig};
use burn_spectral::summary::{Flatten, Summary};

use super::info::{Create, ModelInfo};
use super::input::Domain;
use super::keras::{self, KerasInit};
use super::network::Family;
use super::plan::flatten;
use super::{Filter, FilterKind, InputSpec, ModelError, Network};

/// Height and width of the patches of the local transform.
const PATCH: usize = 8;

/// Channels of the two convolutions; those of the gates and of the patch features below give all
/// networks nearly the same number of parameters at 28×28.
const CONV_WIDTHS: [usize; 2] = [12, 21];
const GATE_WIDTH: usize = 14;
const PATCH_WIDTH: usize = 22;

pub(super) const MODELS: &[ModelInfo] = &[
    model(
        "fft-cnn-small",
        "two 3x3 convolutions of 12, 21 channels with max-pooling, linear head (the baseline)",
        |domain, device| {
            let first = [domain.input.channels, CONV_WIDTHS[0]];
            let layers = [first, CONV_WIDTHS].map(|channels| {
                let conv = keras::conv2d(channels, 3, KerasInit::Glorot, device);
                FeatureLayer::filter(Filter::Conv(conv), 2)
            });
            let size = domain.input.size().map(|side| side / 4);
            Ok(FeatureNet::network(
                domain,
                layers.into(),
                CONV_WIDTHS[1],
                size,
                device,
            ))
        },
    ),
    model(
        "fft-gate-repaired",
        "14 filters with one learned gate per frequency, max-pooling, linear head",
        |domain, device| {
            let channels = [domain.input.channels, GATE_WIDTH];
            let filter = Filter::new(FilterKind::Gate, channels, domain.input.size(), device)?;
            let layers = vec![FeatureLayer::filter(filter, 4)];
            let size = domain.input.size().map(|side| side / 4);
            Ok(FeatureNet::network(
                domain, layers, GATE_WIDTH, size, device,
            ))
        },
    ),
    model(
        "fft-local",
        "22 features of the spectra of 8x8 patches, shared by all patches, linear head",
        |domain, device| {
            let layer = PatchLayer::new(domain.input.channels, device)?;
            let size = layer.transform.patches(domain.input.size());
            let layers = vec![FeatureLayer::Patches(layer)];
            Ok(FeatureNet::network(
                domain,
                layers,
                PATCH_WIDTH,
                size,
                device,
            ))
        },
    ),
];

const fn model(name: &'static str, summary: &'static str, create: Create) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline: "fft-cnn-small",
        input: InputSpec::new(1, [64, 64], 10),
        // Pooled by four, or one patch.
        smallest: 8,
        recipe: "lab",
        create,
    }
}

/// A filter, ReLU and max-pooling.
#[derive(Module, Debug)]
pub struct FilterLayer {
    /// The filter.
    pub filter: Filter,
    pool: MaxPool2d,
}

/// The spectra of overlapping patches, with real and imaginary parts as channels, mixed by the same
/// weights at every patch.
#[derive(Module, Debug)]
pub struct PatchLayer {
    /// The local transform.
    pub transform: PatchStft2d,
    /// From the channels and frequencies of a patch to features.
    pub mix: Conv2d,
}

impl PatchLayer {
    fn new(channels: usize, device: &Device) -> Result<Self, ModelError> {
        let inputs = 2 * channels * PATCH * (PATCH / 2 + 1);
        Ok(Self {
            transform: PatchStft2dConfig::new([PATCH, PATCH]).try_init()?,
            mix: Conv2dConfig::new([inputs, PATCH_WIDTH], [1, 1]).init(device),
        })
    }

    /// The features of patches.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, features, rows, columns]` of patches
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let spectra = self.transform.forward(images);
        let [batch, channels, rows, columns, height, bins] = spectra.dims();
        // Scaled as in the image.
        let spectra = spectra.mul_scalar(1.0 / PATCH as f64).map(|part| {
            part.permute([0, 1, 4, 5, 2, 3]).reshape([
                batch,
                channels * height * bins,
                rows,
                columns,
            ])
        });
        self.mix
            .forward(Tensor::cat(vec![spectra.re, spectra.im], 1))
    }
}

/// A layer of features.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum FeatureLayer {
    /// A filter, ReLU and max-pooling.
    Filter(FilterLayer),
    /// The spectra of patches, mixed, and ReLU.
    Patches(PatchLayer),
}

impl FeatureLayer {
    fn filter(filter: Filter, pool: usize) -> Self {
        let pool = MaxPool2dConfig::new([pool; 2]).with_strides([pool; 2]);
        Self::Filter(FilterLayer {
            filter,
            pool: pool.init(),
        })
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Filter(layer) => {
                let features = layer.filter.forward(images);
                spatial::activate_pool(Activation::RELU, Some(&layer.pool), features)
            }
            Self::Patches(layer) => relu(layer.forward(images)),
        }
    }
}

/// Layers of features, flattened into a linear head: a small convolutional network, and two
/// remedies for what a transform of the whole image lacks. Gates with one weight per frequency are
/// filters that return to the image and can learn; the transform of patches keeps the location of a
/// frequency.
#[derive(Module, Debug)]
pub struct FeatureNet {
    /// The layers.
    pub layers: Vec<FeatureLayer>,
    /// The head.
    pub head: Linear,
    #[module(skip)]
    domain: Domain,
}

impl FeatureNet {
    /// A network whose layers give `channels` channels of the given height and width.
    fn network(
        domain: Domain,
        layers: Vec<FeatureLayer>,
        channels: usize,
        size: [usize; 2],
        device: &Device,
    ) -> Network {
        let ends = [channels * size[0] * size[1], domain.input.classes];
        Network::Features(Self {
            layers,
            head: keras::linear(ends, KerasInit::Glorot, device),
            domain,
        })
    }
}

impl Family for FeatureNet {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = self.layers.iter();
        let features = features.fold(images, |images, layer| layer.forward(images));
        spatial::linear(&self.head, flatten(features))
    }

    fn takes(&self, _size: [usize; 2]) -> bool {
        false
    }

    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError> {
        let mut summary = Summary::new(input.shape());
        for (layer, number) in self.layers.iter().zip(1..) {
            summary = match layer {
                FeatureLayer::Filter(layer) => summary
                    .layer(format!("filter {number}"), &layer.filter)?
                    .layer(format!("relu {number}"), &Relu)?
                    .layer(format!("pool {number}"), &layer.pool)?,
                FeatureLayer::Patches(layer) => {
                    let [rows, columns] = layer.transform.patches(input.size());
                    let channels = layer.mix.weight.dims()[1];
                    summary
                        .layer("patches", &layer.transform)?
                        .step("channels", "Permute", [channels, rows, columns])
                        .layer("mix", &layer.mix)?
                        .layer("relu", &Relu)?
                }
            };
        }
        summary
            .layer("flatten", &Flatten)?
            .layer("head", &self.head)
    }

    fn first_filter(&self, image: [usize; 2]) -> Option<(&Filter, [usize; 2])> {
        match &self.layers[0] {
            FeatureLayer::Filter(layer) => Some((&layer.filter, image)),
            FeatureLayer::Patches(_) => None,
        }
    }

    fn filters_mut(&mut self) -> Vec<&mut Filter> {
        match &mut self.layers[0] {
            FeatureLayer::Filter(layer) => vec![&mut layer.filter],
            FeatureLayer::Patches(_) => Vec::new(),
        }
    }

    fn dead_parameters(&self) -> usize {
        let dead = |layer: &FeatureLayer| match layer {
            FeatureLayer::Filter(layer) => layer.filter.dead_parameters(self.domain.input.size()),
            // The imaginary parts at the four frequencies of a patch that are their own negative.
            FeatureLayer::Patches(_) => 4 * self.domain.input.channels * PATCH_WIDTH,
        };
        self.layers.iter().map(dead).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{build, trainable};
    use super::*;

    #[test]
    fn the_repaired_networks_have_as_many_parameters_as_the_small_cnn_within_two_per_cent() {
        let device = Device::flex();
        let count = |name| {
            let net = build(name, &InputSpec::default(), &device).unwrap();
            trainable(&net) as f64
        };
        let small = count("fft-cnn-small");
        for name in [
            "fft-only-repaired",
            "fft-magnitude-repaired",
            "fft-gate-repaired",
            "fft-local",
        ] {
            assert!((count(name) / small - 1.0).abs() < 0.02, "{name}");
        }
    }

    #[test]
    fn features_of_patches_that_are_always_zero_are_counted_as_dead() {
        let device = Device::flex().autodiff();
        let layer = PatchLayer::new(1, &device).unwrap();
        let noise = burn::tensor::Distribution::Normal(0.0, 1.0);
        let images = Tensor::<4>::random([8, 1, 16, 16], noise, &device);
        let gradients = layer.forward(images).powi_scalar(2).sum().backward();
        let gradient = layer.mix.weight.val().grad(&gradients).unwrap();
        let dead = gradient.into_data();
        let dead = dead
            .iter::<f32>()
            .filter(|value| value.abs() < 1e-5)
            .count();
        let net = build(
            "fft-local",
            &InputSpec::new(1, [16, 16], 2),
            &Device::flex(),
        );
        assert_eq!(net.unwrap().dead_parameters(), dead);
    }
}
