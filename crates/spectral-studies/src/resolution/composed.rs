//! The network `cnn` with pooling in the spectrum in place of max-pooling.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};
use burn_spectral::conv::{SpectralConv2d, SpectralConv2dConfig};
use burn_spectral::pool::spectral_resize2d;
use burn_spectral::response::{BandLimited, BandLimitedConfig, FullSpectrum2d, FullSpectrumConfig};
use burn_spectral::spatial::{self, Activation};
use serde::{Deserialize, Serialize};

use spectral_lab::model::InputSpec;
use spectral_lab::train::{Classifier, Trainable};

use crate::StudyError;

/// Channels of the three filters, as `cnn` has them.
const WIDTHS: [usize; 3] = [16, 32, 64];

/// What the filters count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Counting {
    /// Samples: 3×3 convolutions, as in `cnn`.
    Samples,
    /// Modes, cycles per image: a free weight each, as in `free-modes`.
    Modes,
}

impl Counting {
    pub(super) const ALL: [Self; 2] = [Self::Samples, Self::Modes];

    /// The network with max-pooling and the same filters.
    pub(super) fn with_max_pool(self) -> &'static str {
        match self {
            Self::Samples => "cnn",
            Self::Modes => "free-modes",
        }
    }

    /// What to call the network with spectral pooling.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Samples => "cnn, spectral pool",
            Self::Modes => "free-modes, spectral pool",
        }
    }

    /// The name of its steps.
    pub(super) fn step(self) -> &'static str {
        match self {
            Self::Samples => "spectral-pool-samples",
            Self::Modes => "spectral-pool-modes",
        }
    }
}

/// A filter of either kind.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
enum ComposedFilter {
    Samples(Conv2d),
    Modes(SpectralConv2d<BandLimited<FullSpectrum2d>>),
}

/// Spectral pooling to half the size, then three filters of 16, 32 and 64 channels, each with batch
/// normalization and leaky ReLU, and spectral pooling between them; the mean over space, and a linear
/// head: `cnn` without anything that looks at 2×2 samples.
#[derive(Module, Debug)]
pub(super) struct Composed {
    filters: Vec<ComposedFilter>,
    norms: Vec<BatchNorm>,
    head: Linear,
}

/// Half the samples, rounded down, by leaving out the highest frequencies.
fn halved(images: Tensor<4>) -> Tensor<4> {
    let [.., height, width] = images.dims();
    spectral_resize2d(images, [height / 2, width / 2])
}

impl Composed {
    pub(super) fn new(
        counting: Counting,
        input: &InputSpec,
        device: &Device,
    ) -> Result<Self, StudyError> {
        let (mut size, mut channels) = ([input.height, input.width], input.channels);
        let (mut filters, mut norms) = (Vec::new(), Vec::new());
        for width in WIDTHS {
            size = size.map(|side| side / 2);
            let ends = [channels, width];
            filters.push(match counting {
                Counting::Samples => ComposedFilter::Samples(
                    Conv2dConfig::new(ends, [3, 3])
                        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                        .init(device),
                ),
                Counting::Modes => {
                    let response = BandLimitedConfig::new(FullSpectrumConfig::new(size), size);
                    let config = SpectralConv2dConfig::new(ends, response);
                    ComposedFilter::Modes(config.try_init(device)?)
                }
            });
            norms.push(BatchNormConfig::new(width).init(device));
            channels = width;
        }
        Ok(Self {
            filters,
            norms,
            head: LinearConfig::new(channels, input.classes).init(device),
        })
    }
}

impl Trainable for Composed {}

impl Classifier for Composed {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let layers = self.filters.iter().zip(&self.norms);
        let features = layers.fold(images, |images, (filter, norm)| {
            let images = halved(images);
            let filtered = match filter {
                ComposedFilter::Samples(filter) => spatial::conv2d(filter, images),
                ComposedFilter::Modes(filter) => filter.forward(images),
            };
            let slope = Activation::LeakyRelu { slope: 0.01 };
            spatial::batch_norm_with(norm, slope, None, filtered)
        });
        let [batch, channels, height, width] = features.dims();
        let mean = features.reshape([batch, channels, height * width]);
        spatial::linear(&self.head, mean.mean_dim(2).squeeze_dim::<2>(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;
    use spectral_lab::model::{build, trainable};

    #[test]
    fn it_has_the_parameters_of_the_network_it_stands_beside() {
        let device = Device::flex();
        let input = InputSpec::new(1, [28, 28], 10);
        for counting in Counting::ALL {
            let network = Composed::new(counting, &input, &device).unwrap();
            let twin = build(counting.with_max_pool(), &input, &device).unwrap();
            assert_eq!(trainable(&network), trainable(&twin), "{counting:?}");
        }
    }

    #[test]
    fn on_modes_a_finer_grid_changes_little() {
        let device = Device::flex();
        let input = InputSpec::new(1, [28, 28], 10);
        let images = Tensor::random([4, 1, 28, 28], Distribution::Uniform(0.0, 1.0), &device);
        let finer = spectral_resize2d(images.clone(), [56, 56]);
        let change = |counting| {
            let network = Composed::new(counting, &input, &device).unwrap();
            let outputs = network.forward(images.clone());
            let apart = (network.forward(finer.clone()) - outputs.clone())
                .abs()
                .max();
            (apart / (outputs.clone() - outputs.mean_dim(0)).abs().max()).into_scalar::<f32>()
        };
        assert!(change(Counting::Modes) < 0.3 * change(Counting::Samples));
    }
}
