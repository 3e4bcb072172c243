//! The networks that the published ones are to be held against: fixed filters that are random, a
//! convolution that never learns, and the fixed filters set free.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::conv::{
    ConvolveOutput, FixedFourierConv2d, FixedFourierConv2dConfig, KernelOrigin, SpectralConv2d,
};
use burn_spectral::response::{Coupling, FullSpectrum, FullSpectrum2d};
use burn_spectral::spatial::{self, Activation};
use serde::{Deserialize, Serialize};

use spectral_lab::model::{self, FirstLayer, InputSpec, Network};
use spectral_lab::train::{Classifier, Trainable};

use crate::StudyError;
use crate::kit::images::{distance, energy, root_ratio, values};

/// Filters, as many as the published networks have here.
const WIDTH: usize = 32;

/// A network beside the published ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Control {
    /// No layer before the head but the pool.
    Nothing,
    /// `fixed-conv` whose convolution keeps its initial weights.
    Untrained,
    /// Fixed kernels as large as the image, of random numbers.
    Random,
    /// `fixed-sinc` whose filters may learn.
    ReleasedSinc,
    /// `fixed-sine` whose filters may learn.
    ReleasedSine,
    /// `fixed-sinc-planes` whose filters may learn.
    ReleasedPlanes,
}

impl Control {
    pub(super) const ALL: [Self; 6] = [
        Self::Nothing,
        Self::Untrained,
        Self::Random,
        Self::ReleasedSinc,
        Self::ReleasedSine,
        Self::ReleasedPlanes,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "pixels",
            Self::Untrained => "conv, untrained",
            Self::Random => "random, fixed",
            Self::ReleasedSinc => "sinc, trainable",
            Self::ReleasedSine => "sine, trainable",
            Self::ReleasedPlanes => "sinc planes, trainable",
        }
    }

    /// The name of its steps.
    pub(super) fn step(self) -> &'static str {
        match self {
            Self::Nothing => "control-pixels",
            Self::Untrained => "control-untrained",
            Self::Random => "control-random",
            Self::ReleasedSinc => "released-sinc",
            Self::ReleasedSine => "released-sine",
            Self::ReleasedPlanes => "released-planes",
        }
    }

    /// Where its filters come from.
    pub(super) fn filters(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Untrained | Self::Random => "random",
            Self::ReleasedSinc | Self::ReleasedSine | Self::ReleasedPlanes => "trainable",
        }
    }

    /// The network whose filters are set free.
    pub(super) fn released(self) -> Option<&'static str> {
        match self {
            Self::Nothing | Self::Untrained | Self::Random => None,
            Self::ReleasedSinc => Some("fixed-sinc"),
            Self::ReleasedSine => Some("fixed-sine"),
            Self::ReleasedPlanes => Some("fixed-sinc-planes"),
        }
    }
}

/// What comes before the pool.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub(super) enum First {
    /// Nothing: the number of channels.
    Nothing(usize),
    /// A convolution without padding.
    Conv(Conv2d),
    /// Fixed filters.
    Fixed(FixedFourierConv2d),
    /// Filters that may learn, and the absolute value.
    Released(SpectralConv2d<FullSpectrum2d>),
}

/// One layer, ReLU, a 2×2 max-pool and a linear head, as the published networks are here.
#[derive(Module, Debug)]
pub(super) struct ControlNet {
    pub(super) first: First,
    head: Linear,
    pool: MaxPool2d,
}

/// Fixed filters as filters that may learn, which give the same magnitudes. A filter that is real and
/// even has a real kernel, one that is real and odd a kernel that is real up to a factor of i; of each
/// filter that part is taken which has most of its energy. The other one is nothing but what functions
/// of frequency have at the highest frequency of even sizes, and no real kernel can.
pub(super) fn released(
    layer: &FixedFourierConv2d,
) -> Result<SpectralConv2d<FullSpectrum2d>, StudyError> {
    let free = layer.trainable();
    let Some(odd) = layer.spectra.get(1) else {
        return Ok(free);
    };
    let outputs = free.response.re.dims()[0];
    let copies = outputs / odd.re.dims()[0].max(1);
    let wide = |part: Tensor<4>| part.repeat_dim(0, copies);
    let odd = ComplexTensor::new(wide(odd.re.val()), wide(odd.im.val()));
    let even = ComplexTensor::new(free.response.re.val(), free.response.im.val());
    let strength = |z: &ComplexTensor<4>| z.clone().norm_sqr().sum_dim(2).sum_dim(3);
    let is_odd = strength(&odd).greater(strength(&even)).expand(even.dims());
    let part = |even: Tensor<4>, odd| Param::from_tensor(even.mask_where(is_odd.clone(), odd));
    let response = FullSpectrum {
        re: part(even.re, odd.re),
        im: part(even.im, odd.im),
        length: free.response.length,
    };
    let channels = [free.channels_in, outputs];
    Ok(SpectralConv2d::from_response(
        response,
        channels,
        Coupling::Depthwise,
    )?)
}

impl ControlNet {
    /// The network, its random numbers drawn from the device's seed.
    pub(super) fn new(
        control: Control,
        input: &InputSpec,
        device: &Device,
    ) -> Result<Self, StudyError> {
        let (size, channels) = ([input.height, input.width], input.channels);
        let (first, width, size) = match control {
            Control::Nothing => (First::Nothing(channels), channels, size),
            Control::Untrained => {
                // As fixed-conv begins.
                let mut conv = Conv2dConfig::new([channels, WIDTH], [3, 3])
                    .with_initializer(Initializer::XavierUniform { gain: 1.0 })
                    .init(device);
                conv.bias = conv.bias.map(|bias| bias.map(|bias| bias.zeros_like()));
                let size = size.map(|side| side - 2);
                (First::Conv(conv.no_grad()), WIDTH, size)
            }
            Control::Random => {
                // Outputs in the scale of the image.
                let deviation = 1.0 / ((size[0] * size[1]) as f64).sqrt();
                let dims = [WIDTH, size[0], size[1]];
                let kernels = Tensor::random(dims, Distribution::Normal(0.0, deviation), device);
                let config =
                    FixedFourierConv2dConfig::from_kernels(channels, kernels, KernelOrigin::First)
                        .with_output(ConvolveOutput::Magnitude);
                (
                    First::Fixed(config.try_init(device)?),
                    channels * WIDTH,
                    size,
                )
            }
            Control::ReleasedSinc | Control::ReleasedSine | Control::ReleasedPlanes => {
                let name = control.released().unwrap_or_default();
                let layer = released(&fixed(name, input, device)?)?;
                let width = layer.response.re.dims()[0];
                (First::Released(layer), width, size)
            }
        };
        let pixels = (size[0] / 2) * (size[1] / 2);
        let head = LinearConfig::new(width * pixels, input.classes)
            .with_initializer(Initializer::XavierUniform { gain: 1.0 });
        let mut head = head.init(device);
        head.bias = head.bias.map(|bias| bias.map(|bias| bias.zeros_like()));
        Ok(Self {
            first,
            head,
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
        })
    }

    /// How far the filters have moved from those of `start`, `‖w − w₀‖/‖w₀‖`; 0 where none may move.
    pub(super) fn moved(&self, start: &Self) -> Result<f64, StudyError> {
        let pairs = match (&self.first, &start.first) {
            (First::Released(now), First::Released(then)) => vec![
                (now.response.re.val(), then.response.re.val()),
                (now.response.im.val(), then.response.im.val()),
            ],
            (First::Conv(now), First::Conv(then)) => vec![(now.weight.val(), then.weight.val())],
            _ => Vec::new(),
        };
        let (mut part, mut whole) = (0.0, 0.0);
        for (now, then) in pairs {
            let (now, then) = (values(now)?, values(then)?);
            part += distance(&now, &then);
            whole += energy(&then);
        }
        Ok(root_ratio(part, whole))
    }
}

/// The fixed layer of a published network.
pub(super) fn fixed(
    name: &str,
    input: &InputSpec,
    device: &Device,
) -> Result<FixedFourierConv2d, StudyError> {
    match model::build(name, input, device)? {
        Network::Fixed(network) => match network.first {
            FirstLayer::Fixed(layer) => Ok(layer),
            FirstLayer::Conv(_) => Err(StudyError::Failed(format!("{name} has no fixed filters"))),
        },
        _ => Err(StudyError::Failed(format!("{name} has no fixed filters"))),
    }
}

impl Trainable for ControlNet {}

impl Classifier for ControlNet {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = match &self.first {
            First::Nothing(_) => images,
            First::Conv(layer) => spatial::conv2d(layer, images),
            First::Fixed(layer) => layer.forward(images),
            First::Released(layer) => layer.forward(images).abs(),
        };
        let features = spatial::activate_pool(Activation::RELU, Some(&self.pool), features);
        let [batch, channels, height, width] = features.dims();
        let features = features.reshape([batch, channels * height * width]);
        spatial::linear(&self.head, features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::data::{DataOptions, load};
    use spectral_lab::model::trainable;
    use spectral_lab::train::{TrainConfig, fit};

    #[test]
    fn released_filters_begin_as_the_fixed_ones() {
        let device = Device::flex();
        for (channels, size) in [(1, [9, 13]), (2, [11, 9]), (1, [28, 28])] {
            let input = InputSpec::new(channels, size, 3);
            let distribution = Distribution::Normal(0.0, 1.0);
            let images = Tensor::random([2, channels, size[0], size[1]], distribution, &device);
            let squares = |tensor: Tensor<4>| tensor.square().sum().into_scalar::<f32>();
            for name in ["fixed-sinc", "fixed-sine", "fixed-sinc-planes"] {
                let layer = fixed(name, &input, &device).unwrap();
                let free = released(&layer).unwrap();
                let wanted = layer.forward(images.clone());
                let got = free.forward(images.clone()).abs();
                let apart = squares(got - wanted.clone()) / squares(wanted);
                // Even sizes have a highest frequency, where no real kernel is odd or shifted.
                let most = if size[0] % 2 == 0 { 0.1 } else { 1e-10 };
                assert!(apart < most, "{name} {size:?}: {apart}");
            }
        }
        assert!(fixed("fixed-conv", &InputSpec::new(1, [8, 8], 2), &device).is_err());
    }

    #[test]
    fn released_filters_learn_and_the_others_stay() {
        let options = DataOptions {
            train_count: Some(60),
            test_count: Some(10),
            ..DataOptions::default()
        };
        let data = load("glyphs", &options).unwrap();
        let images = &data.train;
        let size = [images.height, images.width];
        let input = InputSpec::new(images.channels, size, data.classes.len());
        let config = TrainConfig {
            epochs: 1,
            batch_size: 20,
            ..TrainConfig::default()
        };
        for control in [Control::Untrained, Control::Random, Control::ReleasedSine] {
            let start = ControlNet::new(control, &input, &Device::flex()).unwrap();
            let head = trainable(&start.head);
            let filters = trainable(&start) - head;
            let end = fit(start.clone(), &data, &config, None, &mut ())
                .unwrap()
                .model;
            let moved = end.moved(&start).unwrap();
            match control {
                Control::ReleasedSine => {
                    assert_eq!(filters, 2 * WIDTH * 28 * 15);
                    assert!(moved > 1e-4, "{moved}");
                }
                _ => assert_eq!((filters, moved), (0, 0.0), "{control:?}"),
            }
        }
    }
}
