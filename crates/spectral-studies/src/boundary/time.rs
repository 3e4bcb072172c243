//! What zeros around an image cost.

use std::time::Instant;

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2dConfig;
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::conv::{FftConvAlgorithm, InitFft, SpectralConv2dConfig};
use burn_spectral::response::KernelConfig;
use serde::{Deserialize, Serialize};

use spectral_lab::bench::median;

use crate::StudyError;

/// A layer of some size, both ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Timed {
    pub(super) batch: usize,
    pub(super) channels: usize,
    /// Height and width.
    pub(super) size: usize,
    pub(super) kernel: usize,
    /// Of the layers without padding and with it, forward and both passes.
    pub(super) passes: Vec<Pass>,
}

/// A pass of both layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pass {
    /// Whether the backward pass is in it.
    pub(super) learns: bool,
    /// Medians of wrap-around and of zeros around, in seconds.
    pub(super) seconds: [f64; 2],
}

/// Times a `SpectralConv2d`, which wraps around, and an `FftConv2d` of the same kernel by one transform
/// of the image with zeros around it, in turns.
pub(super) fn timed(
    device: &Device,
    [batch, channels, size]: [usize; 3],
    kernel: usize,
    rounds: usize,
) -> Result<Timed, StudyError> {
    let mut passes = Vec::new();
    for learns in [false, true] {
        let device = match learns {
            true => device.clone().autodiff(),
            false => device.clone(),
        };
        let around = SpectralConv2dConfig::new([channels; 2], KernelConfig::new([kernel; 2]))
            .with_bias(false)
            .try_init(&device)?;
        let zeros = Conv2dConfig::new([channels; 2], [kernel; 2])
            .with_padding(PaddingConfig2d::Same)
            .with_bias(false)
            .try_init_fft(&device)?
            .with_algorithm(FftConvAlgorithm::Whole);
        let dims = [batch, channels, size, size];
        around.check(dims)?;
        let x = Tensor::<4>::random(dims, Distribution::Default, &device);
        let x = if learns { x.require_grad() } else { x };
        let time = |forward: &dyn Fn(Tensor<4>) -> Tensor<4>| {
            let start = Instant::now();
            let y = forward(x.clone());
            if learns {
                y.sum().backward();
            }
            start.elapsed().as_secs_f64()
        };
        let mut times = [Vec::new(), Vec::new()];
        // The first round warms up.
        for round in 0..=rounds {
            let pair = [time(&|x| around.forward(x)), time(&|x| zeros.forward(x))];
            if round > 0 {
                times
                    .iter_mut()
                    .zip(pair)
                    .for_each(|(all, one)| all.push(one));
            }
        }
        passes.push(Pass {
            learns,
            seconds: times.map(|times| median(&times).unwrap_or(0.0)),
        });
    }
    Ok(Timed {
        batch,
        channels,
        size,
        kernel,
        passes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_passes_of_both_layers_are_timed() {
        let found = timed(&Device::flex(), [1, 2, 8], 3, 2).unwrap();
        let learns: Vec<bool> = found.passes.iter().map(|pass| pass.learns).collect();
        assert_eq!(learns, [false, true]);
        for pass in &found.passes {
            assert!(
                pass.seconds.iter().all(|seconds| *seconds > 0.0),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_kernel_larger_than_the_image_cannot_wrap_around() {
        assert!(timed(&Device::flex(), [1, 1, 4], 5, 1).is_err());
    }
}
