//! The small convolutional network that KKLayer was published with, and its spectral variants.

use burn::module::Module;
use burn::nn::activation::Activation;
use burn::nn::pool::MaxPool2d;
use burn::nn::{BatchNormConfig, LeakyReluConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::spatial;
use burn_spectral::summary::Summary;

use super::info::{Create, ModelInfo};
use super::input::Domain;
use super::network::Family;
use super::stage::{Stage, filters_of, halving};
use super::{Filter, FilterKind, InputSpec, ModelError, Network};

/// Channels of the three convolutions.
pub(super) const WIDTHS: [usize; 3] = [16, 32, 64];

/// Nine parameters per filter, as in a 3×3 kernel.
const POLYNOMIAL: FilterKind = FilterKind::Polynomial(4);

pub(super) const MODELS: &[ModelInfo] = &[
    model(
        "cnn",
        "three 3x3 convolutions of 16, 32, 64 channels with batch norm (the baseline)",
        |domain, device| create(domain, FilterKind::Conv, 0, device),
    ),
    model(
        "kk1",
        "cnn with its first convolution replaced by KKLayer as published",
        |domain, device| create(domain, FilterKind::Kk, 1, device),
    ),
    model(
        "kk2",
        "cnn with its first two convolutions replaced by KKLayer as published",
        |domain, device| create(domain, FilterKind::Kk, 2, device),
    ),
    model(
        "kk1-repaired",
        "cnn with its first convolution replaced by a causal Kramers-Kronig response",
        |domain, device| create(domain, FilterKind::KramersKronig, 1, device),
    ),
    model(
        "kk2-repaired",
        "cnn with its first two convolutions replaced by causal Kramers-Kronig responses",
        |domain, device| create(domain, FilterKind::KramersKronig, 2, device),
    ),
    model(
        "free1",
        "cnn with its first convolution replaced by one free complex weight per frequency",
        |domain, device| create(domain, FilterKind::FullSpectrum, 1, device),
    ),
    model(
        "free2",
        "cnn with its first two convolutions replaced by one free complex weight per frequency",
        |domain, device| create(domain, FilterKind::FullSpectrum, 2, device),
    ),
    model(
        "polynomial1",
        "cnn with its first convolution replaced by polynomial responses, for any size",
        |domain, device| create(domain, POLYNOMIAL, 1, device),
    ),
    model(
        "polynomial2",
        "cnn with its first two convolutions replaced by polynomial responses, for any size",
        |domain, device| create(domain, POLYNOMIAL, 2, device),
    ),
    model(
        "gaussian1",
        "cnn with its first convolution replaced by Gaussian responses, for any size",
        |domain, device| create(domain, FilterKind::Gaussian, 1, device),
    ),
    model(
        "gaussian2",
        "cnn with its first two convolutions replaced by Gaussian responses, for any size",
        |domain, device| create(domain, FilterKind::Gaussian, 2, device),
    ),
    model(
        "free-modes",
        "cnn with all convolutions replaced by one free weight per mode, for any size",
        |domain, device| create(domain, FilterKind::FourierModes, 3, device),
    ),
    model(
        "gaussian-modes",
        "cnn with all convolutions replaced by Gaussian responses on modes, for any size",
        |domain, device| create(domain, FilterKind::GaussianModes, 3, device),
    ),
];

const fn model(name: &'static str, summary: &'static str, create: Create) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline: "cnn",
        input: InputSpec::new(1, [28, 28], 10),
        // Halved three times.
        smallest: 8,
        recipe: "lab",
        create,
    }
}

fn create(
    domain: Domain,
    kind: FilterKind,
    replaced: usize,
    device: &Device,
) -> Result<Network, ModelError> {
    let widths = WIDTHS;
    Ok(Network::Cnn(Cnn::new(
        domain,
        Shape {
            kind,
            replaced,
            widths,
        },
        device,
    )?))
}

/// The plain network with the given channels in its stages.
pub(super) fn plain(
    domain: Domain,
    widths: [usize; 3],
    device: &Device,
) -> Result<Network, ModelError> {
    let shape = Shape {
        kind: FilterKind::Conv,
        replaced: 0,
        widths,
    };
    Ok(Network::Cnn(Cnn::new(domain, shape, device)?))
}

/// The plan of a [`Cnn`].
struct Shape {
    /// The replacement of its first convolutions.
    kind: FilterKind,
    /// How many are replaced.
    replaced: usize,
    /// Channels of its stages.
    widths: [usize; 3],
}

/// Max-pooling, then three stages of 16, 32 and 64 channels with max-pooling between them, the mean
/// over space, and a linear head: the network in which KKLayer's author replaced the first, and the
/// first two, convolutions.
#[derive(Module, Debug)]
pub struct Cnn {
    /// The three stages.
    pub stages: Vec<Stage>,
    /// The head.
    pub head: Linear,
    pool: MaxPool2d,
    #[module(skip)]
    domain: Domain,
}

impl Cnn {
    fn new(domain: Domain, shape: Shape, device: &Device) -> Result<Self, ModelError> {
        let mut size = domain.input.size();
        let mut channels = domain.input.channels;
        let mut stages = Vec::new();
        for (stage, width) in shape.widths.into_iter().enumerate() {
            size = size.map(|side| side / 2);
            let kind = match stage < shape.replaced {
                true => shape.kind,
                false => FilterKind::Conv,
            };
            stages.push(Stage {
                filter: Filter::new(kind, [channels, width], size, device)?,
                norm: BatchNormConfig::new(width).init(device),
                activation: Activation::LeakyRelu(LeakyReluConfig::new().init()),
                pool: (stage + 1 < shape.widths.len()).then(halving),
            });
            channels = width;
        }
        Ok(Self {
            stages,
            head: LinearConfig::new(channels, domain.input.classes).init(device),
            pool: halving(),
            domain,
        })
    }

    /// The output of the first filter, before normalization.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, 16, height / 2, width / 2]`
    pub fn first_features(&self, images: Tensor<4>) -> Tensor<4> {
        let halved = spatial::max_pool2d(&self.pool, images);
        self.stages[0].filter.forward(halved)
    }
}

impl Family for Cnn {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let halved = spatial::max_pool2d(&self.pool, images);
        let features = self
            .stages
            .iter()
            .fold(halved, |features, stage| stage.forward(features));
        let [batch, channels, height, width] = features.dims();
        let mean = features
            .reshape([batch, channels, height * width])
            .mean_dim(2);
        spatial::linear(&self.head, mean.squeeze_dim::<2>(2))
    }

    fn takes(&self, size: [usize; 2]) -> bool {
        let mut size = size;
        self.stages.iter().all(|stage| {
            size = size.map(|side| side / 2);
            stage.filter.takes(size)
        })
    }

    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError> {
        let mut summary = Summary::new(input.shape()).layer("pool", &self.pool)?;
        for (stage, number) in self.stages.iter().zip(1..) {
            summary = stage.summary(summary, number)?;
        }
        let channels = summary.output().dims()[0];
        summary
            .step("mean", "Mean", [channels])
            .layer("head", &self.head)
    }

    fn first_filter(&self, image: [usize; 2]) -> Option<(&Filter, [usize; 2])> {
        Some((&self.stages[0].filter, image.map(|side| side / 2)))
    }

    fn filters(&self, image: [usize; 2]) -> Vec<(String, &Filter, [usize; 2])> {
        filters_of(&self.stages, image.map(|side| side / 2))
    }

    fn filters_mut(&mut self) -> Vec<&mut Filter> {
        self.stages
            .iter_mut()
            .map(|stage| &mut stage.filter)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{build, trainable};
    use super::*;
    use crate::train::Classifier;

    #[test]
    fn parameters_come_out_as_counted_by_hand() {
        // Batch norm 2·(16 + 32 + 64), the third convolution 9·32·64 + 64, the head 64·10 + 10.
        let norms_and_head = 224 + 650;
        let common = norms_and_head + 18_496;
        let filters = |count: usize| [16 * count + 16, 16 * 32 * count + 32];
        let conv = filters(9);
        let free = [2 * 16 * 14 * 8 + 16, 2 * 16 * 32 * 7 * 4 + 32];
        let kramers = [16 * 14 * 8 + 16, 16 * 32 * 7 * 4 + 32];
        let kk = [2 * 16, 2 * 16 * 32];
        let gaussian = filters(12);
        for (name, expected) in [
            ("cnn", common + conv[0] + conv[1]),
            ("kk1", common + kk[0] + conv[1]),
            ("kk2", common + kk[0] + kk[1]),
            ("kk1-repaired", common + kramers[0] + conv[1]),
            ("kk2-repaired", common + kramers[0] + kramers[1]),
            ("free1", common + free[0] + conv[1]),
            ("free2", common + free[0] + free[1]),
            ("polynomial1", common + conv[0] + conv[1]),
            ("polynomial2", common + conv[0] + conv[1]),
            ("gaussian1", common + gaussian[0] + conv[1]),
            ("gaussian2", common + gaussian[0] + gaussian[1]),
            (
                "free-modes",
                norms_and_head + free[0] + free[1] + 2 * 32 * 64 * 3 * 2 + 64,
            ),
            (
                "gaussian-modes",
                norms_and_head + gaussian[0] + gaussian[1] + 32 * 64 * 12 + 64,
            ),
        ] {
            let net = build(name, &InputSpec::default(), &Device::flex()).unwrap();
            assert_eq!(trainable(&net), expected, "{name}");
        }
    }

    #[test]
    fn imaginary_parts_of_frequencies_that_are_their_own_negative_are_dead() {
        let dead = |name, size| {
            let input = InputSpec::new(1, size, 10);
            let net = build(name, &input, &Device::flex()).unwrap();
            net.dead_parameters()
        };
        // Four frequencies at 14×14, one at 7×7 and 3×3.
        assert_eq!(dead("free1", [28, 28]), 16 * 4);
        assert_eq!(dead("free2", [28, 28]), 16 * 4 + 16 * 32);
        assert_eq!(dead("free-modes", [28, 28]), 16 * 4 + 16 * 32 + 32 * 64);
        // At a single pixel eight taps of nine meet zeros alone.
        assert_eq!(dead("cnn", [28, 28]), 0);
        assert_eq!(dead("cnn", [8, 8]), 8 * 32 * 64);
    }

    #[test]
    fn half_of_a_published_kk_layer_is_dead() {
        let net = build("kk2", &InputSpec::default(), &Device::flex()).unwrap();
        assert_eq!(net.dead_parameters(), 16 + 16 * 32);
    }

    #[test]
    fn color_images_of_an_odd_size_pass_through_every_network() {
        let device = Device::flex();
        let input = InputSpec::new(3, [33, 30], 4);
        for info in MODELS {
            let net = build(info.name, &input, &device).unwrap();
            for batch in [1, 2] {
                let images = Tensor::ones([batch, 3, 33, 30], &device);
                assert_eq!(net.forward(images).dims(), [batch, 4], "{}", info.name);
            }
        }
    }

    #[test]
    fn networks_without_weights_a_frequency_run_at_other_sizes_unchanged() {
        let device = Device::flex();
        for info in MODELS {
            let net = build(info.name, &InputSpec::default(), &device).unwrap();
            let bound = ["free1", "free2", "kk1-repaired", "kk2-repaired"].contains(&info.name);
            for size in [[56, 56], [41, 37]] {
                let other = InputSpec::new(1, size, 10);
                assert_eq!(net.check(&other).is_err(), bound, "{}", info.name);
                if !bound {
                    let images = Tensor::ones([2, 1, size[0], size[1]], &device);
                    assert_eq!(net.forward(images).dims(), [2, 10], "{}", info.name);
                }
            }
        }
    }

    #[test]
    fn another_size_is_refused_with_both_sizes_named() {
        let net = build("free1", &InputSpec::default(), &Device::flex()).unwrap();
        let check = |input| net.check(&input).map_err(|error| error.to_string());
        let error = check(InputSpec::new(1, [56, 41], 10)).unwrap_err();
        assert!(
            error.contains("28x28") && error.contains("56x41"),
            "{error}"
        );
        // Halved, 29 columns are 14 as well.
        assert_eq!(check(InputSpec::new(1, [28, 29], 10)), Ok(()));
        assert_eq!(
            check(InputSpec::new(3, [28, 28], 10)).unwrap_err(),
            "model 'free1' was built for 1 channels, got 3"
        );
        assert_eq!(
            check(InputSpec::new(1, [28, 28], 2)).unwrap_err(),
            "model 'free1' was built for 10 classes, got 2"
        );
        assert!(check(InputSpec::new(1, [7, 28], 10)).is_err());
    }
}
