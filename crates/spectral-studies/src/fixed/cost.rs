//! What a fixed Fourier filter costs beside one that learns, and beside convolutions.

use std::time::Instant;

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2dConfig;
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::conv::{FixedFourierConv2dConfig, KernelOrigin};
use burn_spectral::spatial;
use serde::{Deserialize, Serialize};

use spectral_lab::bench::median;

use crate::StudyError;

/// Kernels of the convolutions, height and width.
const KERNELS: [usize; 4] = [3, 7, 15, 31];

/// Filters of one channel.
pub(super) const FILTERS: usize = 8;

/// How long a layer takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Timed {
    pub(super) layer: String,
    /// Parameters that learn.
    pub(super) parameters: usize,
    /// Medians: forward; forward and backward, with the gradients of the input and of what learns.
    pub(super) seconds: [f64; 2],
}

type Forward = Box<dyn Fn(Tensor<4>) -> Tensor<4>>;

/// The layers, on a device that learns or on one that does not.
fn layers(size: [usize; 2], device: &Device) -> Result<Vec<(String, usize, Forward)>, StudyError> {
    let dims = [FILTERS, size[0], size[1]];
    let kernels = Tensor::random(dims, Distribution::Normal(0.0, 1.0), device);
    let fixed = FixedFourierConv2dConfig::from_kernels(1, kernels, KernelOrigin::First);
    let fixed = fixed.try_init(device)?;
    let released = fixed.trainable();
    let free = 2 * FILTERS * size[0] * (size[1] / 2 + 1);
    let mut layers: Vec<(String, usize, Forward)> = vec![
        (
            "Fourier, fixed".into(),
            0,
            Box::new(move |x| fixed.forward(x)),
        ),
        (
            "Fourier, released".into(),
            free,
            Box::new(move |x| released.forward(x)),
        ),
    ];
    for kernel in KERNELS
        .into_iter()
        .filter(|kernel| *kernel <= size[0].min(size[1]))
    {
        let reach = kernel / 2;
        let conv = Conv2dConfig::new([1, FILTERS], [kernel; 2])
            .with_padding(PaddingConfig2d::Explicit(reach, reach, reach, reach))
            .with_bias(false)
            .init(device);
        layers.push((
            format!("{kernel}×{kernel} convolution"),
            FILTERS * kernel * kernel,
            Box::new(move |x| spatial::conv2d(&conv, x)),
        ));
    }
    Ok(layers)
}

/// Times all layers in turns on images of one channel.
pub(super) fn timed(
    device: &Device,
    size: [usize; 2],
    batch: usize,
    rounds: usize,
) -> Result<Vec<Timed>, StudyError> {
    let devices = [device.clone(), device.clone().autodiff()];
    let dims = [batch, 1, size[0], size[1]];
    let mut passes = Vec::new();
    for device in &devices {
        let x = Tensor::<4>::random(dims, Distribution::Normal(0.0, 1.0), device);
        let x = if device.is_autodiff() {
            x.require_grad()
        } else {
            x
        };
        passes.push((x, layers(size, device)?));
    }
    let count = passes[0].1.len();
    let mut times = vec![[Vec::new(), Vec::new()]; count];
    for _ in 0..rounds {
        for (layer, times) in times.iter_mut().enumerate() {
            for (pass, (x, layers)) in passes.iter().enumerate() {
                let work = || {
                    let y = (layers[layer].2)(x.clone());
                    if pass == 1 {
                        y.sum().backward();
                    }
                };
                // Whatever ran before leaves caches and memory in another state.
                work();
                let start = Instant::now();
                work();
                times[pass].push(start.elapsed().as_secs_f64());
            }
        }
    }
    let named = passes[0].1.iter().zip(times);
    Ok(named
        .map(|((name, parameters, _), times)| Timed {
            layer: name.clone(),
            parameters: *parameters,
            seconds: times.map(|times| median(&times).unwrap_or(0.0)),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_passes_of_all_layers_are_timed() {
        let found = timed(&Device::flex(), [8, 8], 1, 2).unwrap();
        let names: Vec<&str> = found.iter().map(|timed| timed.layer.as_str()).collect();
        let wanted = [
            "Fourier, fixed",
            "Fourier, released",
            "3×3 convolution",
            "7×7 convolution",
        ];
        assert_eq!(names, wanted);
        assert_eq!(found[1].parameters, 2 * 8 * 8 * 5);
        for timed in found {
            assert!(
                timed.seconds.iter().all(|seconds| *seconds > 0.0),
                "{timed:?}"
            );
        }
    }
}
