//! Plain convolutional networks: convolution stages, then dense layers.
//!
//! They are the spatial baselines of networks that work on spectra with the same plan.

use burn::module::Module;
use burn::nn::activation::Activation;
use burn::nn::{BatchNormConfig, Linear, Relu};
use burn::tensor::{Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::spatial;
use burn_spectral::summary::{Flatten, Summary};

use super::info::ModelInfo;
use super::input::Domain;
use super::keras::{self, KerasInit};
use super::network::Family;
use super::plan::flatten;
use super::stage::{Stage, filters_of, halving};
use super::{Filter, InputSpec, ModelError, Network};

/// The layers of a network.
struct Layers {
    /// Kernel size.
    kernel: usize,
    /// Output channels of each convolution.
    widths: &'static [usize],
    /// How many of the first stages pool.
    pooled: usize,
    /// Units of the hidden dense layers.
    hidden: &'static [usize],
}

/// LeNet (LeCun et al., 1998) with batch normalization and ReLU, without the second pooling.
const LENET: Layers = Layers {
    kernel: 5,
    widths: &[6, 16],
    pooled: 1,
    hidden: &[120, 84],
};

/// VGG (Simonyan and Zisserman, 2015) with one convolution per block and batch normalization.
const VGG: Layers = Layers {
    kernel: 3,
    widths: &[64, 128, 256, 512, 512],
    pooled: 5,
    hidden: &[512],
};

const VGG_HALF: Layers = Layers {
    widths: &[32, 64, 128, 256, 256],
    hidden: &[256],
    ..VGG
};

const VGG_QUARTER: Layers = Layers {
    widths: &[16, 32, 64, 128, 128],
    hidden: &[128],
    ..VGG
};

pub(super) const MODELS: &[ModelInfo] = &[
    ModelInfo {
        name: "lenet",
        summary: "5x5 convolutions of 6 and 16 channels, one pooling, dense 120 and 84 (the baseline)",
        baseline: "lenet",
        input: InputSpec::new(1, [28, 28], 10),
        // Halved once.
        smallest: 2,
        recipe: "lab",
        create: |domain, device| create(domain, &LENET, device),
    },
    vgg(
        "vgg",
        "five blocks of a 3x3 convolution, 64 to 512 channels, dense 512 (the baseline)",
        |domain, device| create(domain, &VGG, device),
    ),
    vgg(
        "vgg-half",
        "vgg with half the channels (a baseline)",
        |domain, device| create(domain, &VGG_HALF, device),
    ),
    vgg(
        "vgg-quarter",
        "vgg with a quarter of the channels (a baseline)",
        |domain, device| create(domain, &VGG_QUARTER, device),
    ),
];

const fn vgg(name: &'static str, summary: &'static str, create: super::info::Create) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline: name,
        input: InputSpec::new(3, [32, 32], 10),
        // Halved five times.
        smallest: 32,
        recipe: "lab",
        create,
    }
}

fn create(domain: Domain, layers: &Layers, device: &Device) -> Result<Network, ModelError> {
    Ok(Network::Conv(ConvNet::new(domain, layers, device)))
}

/// Stages of a convolution, batch normalization and ReLU, the first ones with max-pooling, then
/// dense layers with ReLU between them.
///
/// Convolutions and hidden dense layers are initialized within `±√(6/fan_in)`, the last layer
/// within `±√(6/(fan_in + fan_out))`, biases at zero.
#[derive(Module, Debug)]
pub struct ConvNet {
    /// The stages.
    pub stages: Vec<Stage>,
    /// The hidden dense layers.
    pub hidden: Vec<Linear>,
    /// The last layer.
    pub output: Linear,
    #[module(skip)]
    domain: Domain,
}

impl ConvNet {
    fn new(domain: Domain, layers: &Layers, device: &Device) -> Self {
        let (mut size, mut channels) = (domain.input.size(), domain.input.channels);
        let mut stages = Vec::new();
        for (stage, &width) in layers.widths.iter().enumerate() {
            let pool = (stage < layers.pooled).then(halving);
            if pool.is_some() {
                size = halved(size);
            }
            let ends = [channels, width];
            stages.push(Stage {
                filter: Filter::Conv(keras::conv2d(ends, layers.kernel, KerasInit::He, device)),
                norm: BatchNormConfig::new(width).init(device),
                activation: Activation::Relu(Relu::new()),
                pool,
            });
            channels = width;
        }
        let mut features = channels * size[0] * size[1];
        let mut hidden = Vec::new();
        for &units in layers.hidden {
            hidden.push(keras::linear([features, units], KerasInit::He, device));
            features = units;
        }
        let ends = [features, domain.input.classes];
        Self {
            stages,
            hidden,
            output: keras::linear(ends, KerasInit::Glorot, device),
            domain,
        }
    }

    /// The image size after the last stage.
    fn last_size(&self, size: [usize; 2]) -> [usize; 2] {
        let pools = self.stages.iter().filter(|stage| stage.pool.is_some());
        pools.fold(size, |size, _| halved(size))
    }
}

fn halved(size: [usize; 2]) -> [usize; 2] {
    size.map(|side| side / 2)
}

impl Family for ConvNet {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let stages = self.stages.iter();
        let features = stages.fold(images, |images, stage| stage.forward(images));
        let hidden = self.hidden.iter();
        let features = hidden.fold(flatten(features), |features, layer| {
            spatial::linear_with(layer, spatial::Activation::RELU, features)
        });
        spatial::linear(&self.output, features)
    }

    fn takes(&self, size: [usize; 2]) -> bool {
        self.last_size(size) == self.last_size(self.domain.input.size())
    }

    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError> {
        let mut summary = Summary::new(input.shape());
        for (stage, number) in self.stages.iter().zip(1..) {
            summary = stage.summary(summary, number)?;
        }
        summary = summary.layer("flatten", &Flatten)?;
        for (hidden, number) in self.hidden.iter().zip(1..) {
            summary = summary
                .layer(format!("hidden {number}"), hidden)?
                .layer(format!("relu {number}"), &Relu)?;
        }
        summary.layer("output", &self.output)
    }

    fn first_filter(&self, image: [usize; 2]) -> Option<(&Filter, [usize; 2])> {
        Some((&self.stages[0].filter, image))
    }

    fn filters(&self, image: [usize; 2]) -> Vec<(String, &Filter, [usize; 2])> {
        filters_of(&self.stages, image)
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
    use super::super::{build, find, trainable};
    use super::*;
    use crate::train::Classifier;

    #[test]
    fn parameters_come_out_as_counted_by_hand() {
        let conv = |pairs: usize, outputs: usize, taps: usize| taps * pairs + outputs;
        let dense = |inputs: usize, outputs: usize| inputs * outputs + outputs;
        // Batch norm has two numbers a channel.
        let lenet = conv(6, 6, 25) + conv(6 * 16, 16, 25) + 2 * (6 + 16);
        let lenet_head = dense(120, 84) + dense(84, 10);
        let vgg = conv(3 * 64, 64, 9)
            + conv(64 * 128, 128, 9)
            + conv(128 * 256, 256, 9)
            + conv(256 * 512, 512, 9)
            + conv(512 * 512, 512, 9)
            + 2 * (64 + 128 + 256 + 512 + 512);
        for (name, size, expected) in [
            (
                "lenet",
                [28, 28],
                lenet + dense(16 * 14 * 14, 120) + lenet_head,
            ),
            // Seven rows and eight columns are left of these.
            (
                "lenet",
                [15, 17],
                lenet + dense(16 * 7 * 8, 120) + lenet_head,
            ),
            ("vgg", [32, 32], vgg + dense(512, 512) + dense(512, 10)),
            (
                "vgg",
                [97, 64],
                vgg + dense(512 * 3 * 2, 512) + dense(512, 10),
            ),
        ] {
            let input = InputSpec::new(find(name).unwrap().input.channels, size, 10);
            let net = build(name, &input, &Device::flex()).unwrap();
            assert_eq!(trainable(&net), expected, "{name} {size:?}");
        }
    }

    #[test]
    fn images_of_odd_sizes_and_other_channels_pass_alone_and_in_pairs() {
        let device = Device::flex();
        for (name, sizes) in [
            ("lenet", [[2, 2], [3, 2], [29, 31]]),
            ("vgg", [[32, 32], [33, 47], [32, 65]]),
        ] {
            for size in sizes {
                let input = InputSpec::new(2, size, 3);
                let net = build(name, &input, &device).unwrap();
                for batch in [1, 2] {
                    let images = Tensor::ones([batch, 2, size[0], size[1]], &device);
                    assert_eq!(net.forward(images).dims(), [batch, 3], "{name} {size:?}");
                }
                assert_eq!(net.summary(&input).unwrap().output().dims(), [3]);
            }
        }
    }

    #[test]
    fn a_size_is_taken_that_leaves_as_many_features_in_the_same_places() {
        let device = Device::flex();
        let lenet = build("lenet", &InputSpec::default(), &device).unwrap();
        let check = |size| lenet.check(&InputSpec::new(1, size, 10)).is_ok();
        assert!(check([29, 28]) && !check([30, 28]) && !check([14, 56]));
        let vgg = build("vgg", &find("vgg").unwrap().input, &device).unwrap();
        let images = Tensor::ones([1, 3, 63, 40], &device);
        assert_eq!(vgg.check(&InputSpec::new(3, [63, 40], 10)), Ok(()));
        assert_eq!(vgg.forward(images).dims(), [1, 10]);
        assert!(vgg.check(&InputSpec::new(3, [64, 40], 10)).is_err());
    }

    #[test]
    fn the_second_stage_of_lenet_keeps_its_size() {
        let net = build("lenet", &InputSpec::default(), &Device::flex()).unwrap();
        let summary = net.summary(&InputSpec::default()).unwrap();
        let text = summary.to_string();
        assert!(text.contains("3136") && !text.contains("pool 2"), "{text}");
    }
}
