//! KKLayer as its code says, beside the same layer computed as what it is.

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::published::{KkLayer, KkLayerConfig};
use burn_spectral::{ComplexTensor, Norm, fft};
use serde::{Deserialize, Serialize};

use spectral_lab::bench::median;

use crate::StudyError;
use crate::kit::images::{distance, energy, root_ratio, values};

/// One layer, both ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Written {
    /// Images of a batch.
    pub(super) batch: usize,
    /// Input and output channels.
    pub(super) channels: [usize; 2],
    /// Height and width.
    pub(super) size: [usize; 2],
    /// `‖a − b‖/‖b‖` of the outputs.
    pub(super) difference: f64,
    /// Medians of a forward and a backward pass of a batch: loops, layer.
    pub(super) seconds: [f64; 2],
}

impl Written {
    /// Compares and times both ways, in turns.
    pub(super) fn measure(
        batch: usize,
        channels: [usize; 2],
        size: [usize; 2],
        rounds: usize,
        device: &Device,
    ) -> Result<Self, StudyError> {
        let layer = KkLayerConfig::new(channels).try_init(&device.clone().autodiff())?;
        let dims = [batch, channels[0], size[0], size[1]];
        let images = Tensor::<4>::random(dims, Distribution::Default, device);
        let [a, b] = [loops(&layer, images.clone()), layer.forward(images)].map(values);
        let (a, b) = (a?, b?);
        let images = Tensor::<4>::random(dims, Distribution::Default, &device.clone().autodiff());
        let time = |forward: &dyn Fn(Tensor<4>) -> Tensor<4>| {
            let start = Instant::now();
            forward(images.clone().require_grad()).sum().backward();
            start.elapsed().as_secs_f64()
        };
        let mut times = [Vec::new(), Vec::new()];
        // The first round warms up.
        for round in 0..=rounds {
            let pair = [
                time(&|images| loops(&layer, images)),
                time(&|images| layer.forward(images)),
            ];
            if round > 0 {
                times
                    .iter_mut()
                    .zip(pair)
                    .for_each(|(all, one)| all.push(one));
            }
        }
        Ok(Self {
            batch,
            channels,
            size,
            difference: root_ratio(distance(&a, &b), energy(&b)),
            seconds: times.map(|times| median(&times).unwrap_or(0.0)),
        })
    }
}

/// The layer as its code goes about it: for every pair of channels the input is transformed, its
/// conjugate multiplied by α + iβ, brought back, and the real part added up.
fn loops(layer: &KkLayer, images: Tensor<4>) -> Tensor<4> {
    let [_, inputs, height, width] = images.dims();
    let (alpha, beta) = (
        layer.conv.response.alpha.val(),
        layer.conv.response.beta.val(),
    );
    let outputs = alpha.dims()[0];
    let mut channels = Vec::with_capacity(outputs);
    for output in 0..outputs {
        let mut sum: Option<Tensor<4>> = None;
        for input in 0..inputs {
            let weight = |of: &Tensor<2>| {
                let one = of.clone().narrow(0, output, 1).narrow(1, input, 1);
                one.reshape([1, 1, 1, 1]).expand([1, 1, height, width])
            };
            let response = ComplexTensor::new(weight(&alpha), weight(&beta));
            let channel = ComplexTensor::from_real(images.clone().narrow(1, input, 1));
            let spectrum = fft::fft2(channel, Norm::Backward).conj();
            let product = spectrum * response;
            let part = fft::ifft2(product, Norm::Backward).re;
            sum = Some(match sum {
                Some(sum) => sum + part,
                None => part,
            });
        }
        channels.extend(sum);
    }
    let output = Tensor::cat(channels, 1);
    match &layer.conv.bias {
        Some(bias) => output + bias.val().reshape([1, outputs, 1, 1]),
        None => output,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_and_layer_are_one_function_at_odd_sizes_too() {
        for (channels, size) in [([1, 3], [6, 7]), ([3, 2], [5, 5])] {
            let written = Written::measure(2, channels, size, 1, &Device::flex()).unwrap();
            assert!(written.difference < 1e-6, "{written:?}");
            assert!(written.seconds.iter().all(|seconds| *seconds > 0.0));
        }
    }
}
