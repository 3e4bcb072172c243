//! The cost of a layer, compared with ordinary convolutions.

use burn::tensor::Device;
use burn_spectral::conv::FftConvAlgorithm;
use burn_spectral::inspect::MapReport;
use serde::Serialize;

use super::subject::Subject;
use crate::advise::{Budget, Question, measure};

/// Kernel sizes to time.
const KERNELS: [usize; 9] = [1, 3, 5, 7, 9, 11, 15, 21, 31];

/// Batch size.
const BATCH: usize = 16;

/// Seconds to time each pass.
const SECONDS: f64 = 0.1;

/// Bytes per number.
const NUMBER: usize = 4;

/// The cost of a layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Number of trainable parameters.
    pub parameters: usize,
    /// Number of fixed parameters.
    pub fixed_parameters: usize,
    /// Multiply-adds per image, forward.
    pub multiply_adds: u64,
    /// Bytes of all parameters.
    pub parameter_bytes: usize,
    /// Bytes of an image and its output.
    pub image_bytes: usize,
    /// Batch size of the times below.
    pub batch: usize,
    /// Median milliseconds of a forward pass.
    pub forward_ms: f64,
    /// Median milliseconds of a forward and backward pass.
    pub both_ms: f64,
    /// Whether the convolutions below are depthwise, since the layer mixes no channels.
    pub depthwise: bool,
    /// Odd kernel sizes and milliseconds of the forward pass of an ordinary, direct convolution.
    pub convolutions_ms: Vec<(usize, f64)>,
    /// The smallest odd kernel size whose convolution needs more multiply-adds than the layer.
    pub kernel_by_multiply_adds: usize,
    /// The smallest of the timed kernel sizes whose convolution is slower than the layer; none if
    /// there is none.
    pub kernel_by_time: Option<usize>,
}

impl Cost {
    pub(super) fn of(subject: &dyn Subject, map: &MapReport, device: &Device) -> Self {
        let ([inputs, outputs], [height, width]) = (map.channels, map.size);
        let parameters = subject.count();
        let images = [BATCH, inputs, height, width];
        let [forward_ms, both_ms] = subject
            .time(images, device, SECONDS)
            .map(|seconds| seconds * 1e3);
        let depthwise = !map.mixing.channels && outputs.is_multiple_of(inputs);
        let groups = if depthwise { inputs } else { 1 };
        let pairs = (inputs * outputs / groups * height * width) as u64;
        let multiply_adds = subject.multiply_adds();
        let kernel_by_multiply_adds = (1..)
            .step_by(2)
            .find(|k| (k * k) as u64 * pairs > multiply_adds)
            .unwrap_or(usize::MAX);
        let mut convolutions_ms = Vec::new();
        let mut kernel_by_time = None;
        let most = 2 * height.max(width);
        for kernel in KERNELS.into_iter().filter(|kernel| *kernel <= most) {
            let question = Question {
                batch: BATCH,
                inputs,
                outputs,
                groups,
                size: map.size,
                kernel,
                stride: 1,
                recompute: false,
            };
            let budget = Budget {
                seconds: SECONDS / 4.0,
                runs: (3, 50),
                patience: 0.5,
            };
            let measured = measure(&question, FftConvAlgorithm::Direct, device, budget);
            let Some(ms) = measured.fwd_ms else { break };
            convolutions_ms.push((kernel, ms));
            if ms > forward_ms {
                kernel_by_time = Some(kernel);
                break;
            }
        }
        Self {
            parameters: parameters.trainable,
            fixed_parameters: parameters.fixed,
            multiply_adds,
            parameter_bytes: NUMBER * (parameters.trainable + parameters.fixed),
            image_bytes: NUMBER * (inputs + outputs) * height * width,
            batch: BATCH,
            forward_ms,
            both_ms,
            depthwise,
            convolutions_ms,
            kernel_by_multiply_adds,
            kernel_by_time,
        }
    }
}
