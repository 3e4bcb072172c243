//! What a transform costs beside a convolution, and of a training step.

use std::time::Instant;

use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2dConfig;
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::{Norm, fft, spatial};
use serde::{Deserialize, Serialize};

use spectral_lab::bench::median;
use spectral_lab::model::{self, InputSpec};
use spectral_lab::train::{Classifier, Loss};

use crate::StudyError;

/// Channels of transform and convolution where they are timed alone.
pub(super) const CHANNELS: usize = 16;

/// Numbers an argument has at most, as far as there are several images.
const NUMBERS: usize = 1 << 21;

/// Images at most.
const BATCH: usize = 64;

/// Classes of the networks.
const CLASSES: usize = 10;

/// Times of images of some size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Timed {
    /// Height and width.
    pub(super) size: usize,
    pub(super) batch: usize,
    /// Floating-point operations an image and channel, forward: `5/2·N·log2 N` of a real transform of
    /// `N` pixels, and two a tap of the convolution.
    pub(super) transform_flops: f64,
    pub(super) convolution_flops: f64,
    pub(super) seconds: Seconds,
}

/// Medians.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seconds {
    /// `rfft2` of all channels: forward, and with the gradient of its input.
    pub(super) transform: [f64; 2],
    /// A 3×3 convolution of as many channels: forward, and with the gradients of input and weight.
    pub(super) convolution: [f64; 2],
    /// `rfft2` of images of one channel, forward.
    pub(super) first: f64,
    /// Forward, loss and backward of `fft-only-repaired`, whose first layer that is.
    pub(super) spectrum_net: f64,
    /// The same of `fft-cnn-small`.
    pub(super) image_net: f64,
}

/// Times images of `size` in turns, so many rounds.
pub(super) fn timed(device: &Device, size: usize, rounds: usize) -> Result<Timed, StudyError> {
    let pixels = size * size;
    let batch = (NUMBERS / (CHANNELS * pixels)).clamp(1, BATCH);
    let learning = device.clone().autodiff();
    let draw = |channels: usize, device: &Device| {
        let dims = [batch, channels, size, size];
        Tensor::<4>::random(dims, Distribution::Normal(0.0, 1.0), device)
    };
    let conv = Conv2dConfig::new([CHANNELS; 2], [3, 3])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .with_bias(false);
    let convs = [conv.init(device), conv.init(&learning)];
    let planes = [
        draw(CHANNELS, device),
        draw(CHANNELS, &learning).require_grad(),
    ];
    let images = draw(1, device);
    let input = InputSpec::new(1, [size; 2], CLASSES);
    let mut networks = Vec::new();
    for name in ["fft-only-repaired", "fft-cnn-small"] {
        networks.push(model::build(name, &input, device)?.train());
    }
    let learned = draw(1, &learning);
    let labels: Vec<u16> = (0..batch).map(|image| (image % CLASSES) as u16).collect();
    let clock = |work: &dyn Fn()| {
        // Whatever ran before leaves caches and memory in another state.
        work();
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    let transform = |at: usize| {
        let z = fft::rfft2(planes[at].clone(), Norm::Backward).into_complex();
        if at == 1 {
            (z.re.sum() + z.im.sum()).backward();
        }
    };
    let convolution = |at: usize| {
        let y = spatial::conv2d(&convs[at], planes[at].clone());
        if at == 1 {
            y.sum().backward();
        }
    };
    let step = |at: usize| {
        let outputs = networks[at].forward(learned.clone());
        Loss::default().of_labels(outputs, &labels).backward();
    };
    let mut times: [Vec<f64>; 7] = Default::default();
    for _ in 0..rounds {
        let found = [
            clock(&|| transform(0)),
            clock(&|| convolution(0)),
            clock(&|| transform(1)),
            clock(&|| convolution(1)),
            clock(&|| drop(fft::rfft2(images.clone(), Norm::Backward))),
            clock(&|| step(0)),
            clock(&|| step(1)),
        ];
        times
            .iter_mut()
            .zip(found)
            .for_each(|(all, one)| all.push(one));
    }
    let [
        transform,
        conv,
        transform_both,
        conv_both,
        first,
        spectrum_net,
        image_net,
    ] = times.map(|times| median(&times).unwrap_or(0.0));
    Ok(Timed {
        size,
        batch,
        transform_flops: 2.5 * pixels as f64 * (pixels as f64).log2(),
        convolution_flops: (2 * 9 * CHANNELS * pixels) as f64,
        seconds: Seconds {
            transform: [transform, transform_both],
            convolution: [conv, conv_both],
            first,
            spectrum_net,
            image_net,
        },
    })
}

impl Timed {
    /// Time of the transform over that of the convolution, both passes.
    pub(super) fn of_convolution(&self) -> f64 {
        self.seconds.transform[1] / self.seconds.convolution[1]
    }

    /// Time of the network around the transform over that of the convolutional one.
    pub(super) fn of_image_net(&self) -> f64 {
        self.seconds.spectrum_net / self.seconds.image_net
    }

    /// Share of the training step that the transform takes.
    pub(super) fn of_step(&self) -> f64 {
        self.seconds.first / self.seconds.spectrum_net
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted_and_all_is_timed() {
        let found = timed(&Device::flex(), 16, 1).unwrap();
        // 2.5·256·8 and 2·9·16·256.
        assert_eq!(found.transform_flops, 5120.0);
        assert_eq!(found.convolution_flops, 73_728.0);
        assert_eq!(found.batch, BATCH);
        let Seconds {
            transform,
            convolution,
            first,
            spectrum_net,
            image_net,
        } = found.seconds;
        let all = [transform, convolution].concat();
        assert!(all.iter().all(|seconds| *seconds > 0.0));
        assert!(first > 0.0 && spectrum_net > 0.0 && image_net > 0.0);
    }
}
