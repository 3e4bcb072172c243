//! Recommends the fastest algorithm for a convolution: predicted by the cost model of
//! [`burn_spectral::conv`], and measured.

mod crossover;
mod measure;
mod plot;

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2dConfig;
use burn::tensor::Device;
use burn_spectral::conv::{ConvEstimate, ConvShape, FftConvAlgorithm, FftConvOptions};
use burn_spectral::{SpectralError, ops::SavedSpectrum};
use serde::{Deserialize, Serialize};

pub use crossover::{Case, Crossover, Family, KERNELS, Picks, crossovers, families, picks};
pub use measure::{Budget, Measured, measure};
pub use plot::plot;

use crate::limits;

/// The convolution in question: a square kernel with `same` zero padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Batch size.
    pub batch: usize,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Groups of a grouped convolution.
    pub groups: usize,
    /// Height and width of the image.
    pub size: [usize; 2],
    /// Kernel size.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
    /// Whether the backward pass recomputes the spectra.
    pub recompute: bool,
}

/// The cost of one algorithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// Its name: `direct`, `whole` or `tiled(…)` with the tile size.
    pub algorithm: String,
    /// Whether the layer picks it in training.
    pub chosen: bool,
    /// Predicted milliseconds of a forward pass.
    pub predicted_fwd_ms: f64,
    /// Predicted milliseconds of a forward and a backward pass.
    pub predicted_fwdbwd_ms: f64,
    /// Measured milliseconds of a forward pass; none if it would take too long.
    pub fwd_ms: Option<f64>,
    /// Measured milliseconds of a forward and a backward pass.
    pub fwdbwd_ms: Option<f64>,
    /// Predicted bytes besides input, weight, output and their gradients.
    pub memory_bytes: usize,
}

/// The recommendation.
#[derive(Clone, Debug, Serialize)]
pub struct Advice {
    /// The convolution.
    pub question: Question,
    /// The algorithm that the layer picks in training.
    pub algorithm: String,
    /// All algorithms.
    pub ways: Vec<Way>,
    /// The smallest odd kernel size for which an FFT algorithm is predicted to be fastest.
    pub fft_from_kernel: Option<usize>,
}

impl Question {
    fn options(&self) -> FftConvOptions {
        // As Burn's `PaddingConfig2d::Same`: the odd zero goes after the image.
        let padding = self.size.map(|size| {
            // A stride of zero is for the sizes to refuse.
            let stride = self.stride.max(1);
            let steps = size.div_ceil(stride).saturating_sub(1);
            let total = (steps * stride)
                .saturating_add(self.kernel)
                .saturating_sub(size);
            (total / 2, total - total / 2)
        });
        FftConvOptions {
            stride: vec![self.stride; 2],
            padding: padding.to_vec(),
            groups: self.groups,
            saved: match self.recompute {
                true => SavedSpectrum::Recompute,
                false => SavedSpectrum::Keep,
            },
            ..FftConvOptions::new(2)
        }
    }

    /// Checks the sizes before planning.
    fn check(&self) -> Result<(), AdviseError> {
        let [height, width] = self.size;
        let widest = height.max(width).saturating_mul(2);
        if self.kernel > widest {
            return Err(AdviseError::Kernel {
                kernel: self.kernel,
                size: self.size,
                most: widest,
            });
        }
        let longest = height.max(width);
        if !(1..=longest).contains(&self.stride) {
            return Err(AdviseError::Stride {
                stride: self.stride,
                size: self.size,
                most: longest,
            });
        }
        let image = [self.batch, self.inputs, height, width];
        let [out_height, out_width] = self.size.map(|side| side.div_ceil(self.stride));
        let inputs = self.inputs / self.groups.max(1);
        for (what, sizes) in [
            ("the input", image),
            (
                "the output",
                [self.batch, self.outputs, out_height, out_width],
            ),
            (
                "the kernels",
                [self.outputs, inputs, self.kernel, self.kernel],
            ),
        ] {
            let values = limits::product(sizes);
            if values > limits::TENSOR {
                return Err(AdviseError::TooLarge {
                    what,
                    sizes,
                    memory: limits::floats(values),
                    most: limits::floats(limits::TENSOR),
                });
            }
        }
        Ok(())
    }

    /// The shape for the cost model.
    ///
    /// # Errors
    /// If the groups do not divide the channels, or a number is zero.
    pub fn shape(&self) -> Result<ConvShape, SpectralError> {
        let [height, width] = self.size;
        let inputs = self.inputs / self.groups.max(1);
        ConvShape::new(
            &[self.batch, self.inputs, height, width],
            &[self.outputs, inputs, self.kernel, self.kernel],
            &self.options(),
        )
    }

    fn config(&self) -> Conv2dConfig {
        Conv2dConfig::new([self.inputs, self.outputs], [self.kernel; 2])
            .with_stride([self.stride; 2])
            .with_groups(self.groups)
            .with_padding(PaddingConfig2d::Same)
            .with_bias(false)
    }

    /// The smallest odd kernel size up to twice the image for which an FFT algorithm is predicted
    /// to be fastest in training.
    ///
    /// Checks every small kernel, then some a few percent apart, and bisects between the last two
    /// of these: large kernels stay on their side of the crossover.
    fn fft_from_kernel(&self) -> Option<usize> {
        let wins = |kernel: usize| {
            let question = Self {
                kernel,
                ..self.clone()
            };
            let shape = question.check().ok().and_then(|()| question.shape().ok());
            shape.is_some_and(|shape| shape.choose(true) != FftConvAlgorithm::Direct)
        };
        let most = self.size[0].max(self.size[1]).saturating_mul(2);
        let next = |kernel: &usize| Some(kernel + 2 * (kernel / 128 + 1));
        let kernels = core::iter::successors(Some(1), next).take_while(|kernel| *kernel <= most);
        let mut before = None;
        for kernel in kernels {
            if !wins(kernel) {
                before = Some(kernel);
                continue;
            }
            let Some(mut loses) = before else {
                return Some(kernel);
            };
            let mut found = kernel;
            while found - loses > 2 {
                let middle = loses + (found - loses) / 4 * 2;
                match wins(middle) {
                    true => found = middle,
                    false => loses = middle,
                }
            }
            return Some(found);
        }
        None
    }

    /// Predicts all algorithms, and measures those within the memory and time limits.
    ///
    /// # Errors
    /// [`AdviseError`] for sizes that need too much memory, a kernel too large for the image, a stride of
    /// zero or beyond the image, and the errors of [`shape`](Self::shape).
    pub fn advise(&self, device: &Device, budget: Budget) -> Result<Advice, AdviseError> {
        self.check()?;
        let shape = self.shape()?;
        let chosen = shape.choose(true);
        let ways = shape
            .estimates()
            .into_iter()
            .map(|estimate| {
                let measured = match is_bounded(&estimate) {
                    true => measure(self, estimate.algorithm, device, budget),
                    false => Measured::default(),
                };
                Way::of(&estimate, chosen, measured)
            })
            .collect();
        Ok(Advice {
            algorithm: chosen.to_string(),
            ways,
            fft_from_kernel: self.fft_from_kernel(),
            question: self.clone(),
        })
    }
}

/// Maximum memory of a measured algorithm: 4 GiB.
const MOST_BYTES: usize = 1 << 32;

/// Maximum predicted milliseconds of a forward and backward pass to be measured.
const MOST_MS: f64 = 20e3;

/// Whether an algorithm may be measured.
fn is_bounded(estimate: &ConvEstimate) -> bool {
    estimate.bytes <= MOST_BYTES && estimate.both_ms <= MOST_MS
}

/// Why no recommendation is possible.
#[derive(Debug, thiserror::Error)]
pub enum AdviseError {
    /// A kernel that extends past the image at every position.
    #[error(
        "a {kernel}x{kernel} kernel is too large for {}x{} images: it extends past them at every \
         position; accepted sizes are 1 to {most}",
        size[0], size[1]
    )]
    Kernel {
        /// The kernel size.
        kernel: usize,
        /// Height and width of the images.
        size: [usize; 2],
        /// The maximum kernel size.
        most: usize,
    },
    /// A stride of zero, or beyond the image.
    #[error(
        "the stride {stride} does not fit images of {}x{}; accepted are 1 to {most}",
        size[0], size[1]
    )]
    Stride {
        /// The stride.
        stride: usize,
        /// Height and width of the images.
        size: [usize; 2],
        /// The largest accepted stride: larger ones leave the same single output.
        most: usize,
    },
    /// A tensor that needs too much memory.
    #[error(
        "{what} of {}x{}x{}x{} would need {memory}; at most {most} is accepted",
        sizes[0], sizes[1], sizes[2], sizes[3]
    )]
    TooLarge {
        /// The tensor.
        what: &'static str,
        /// Its sizes.
        sizes: [usize; 4],
        /// The memory required.
        memory: String,
        /// The limit.
        most: String,
    },
    /// Inconsistent sizes.
    #[error(transparent)]
    Layer(#[from] SpectralError),
}

impl Way {
    fn of(estimate: &ConvEstimate, chosen: FftConvAlgorithm, measured: Measured) -> Self {
        Self {
            algorithm: estimate.algorithm.to_string(),
            chosen: estimate.algorithm == chosen,
            predicted_fwd_ms: estimate.forward_ms,
            predicted_fwdbwd_ms: estimate.both_ms,
            fwd_ms: measured.fwd_ms,
            fwdbwd_ms: measured.fwdbwd_ms,
            memory_bytes: estimate.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        Question {
            batch: 2,
            inputs: 4,
            outputs: 6,
            groups: 2,
            size: [12, 9],
            kernel: 5,
            stride: 1,
            recompute: false,
        }
    }

    #[test]
    fn every_algorithm_is_predicted_and_measured() {
        let budget = Budget {
            seconds: 0.0,
            ..Budget::default()
        };
        let advice = question().advise(&Device::flex(), budget).unwrap();
        assert!(advice.ways.len() >= 2);
        assert_eq!(advice.ways.iter().filter(|way| way.chosen).count(), 1);
        for way in &advice.ways {
            assert!(way.predicted_fwd_ms > 0.0 && way.predicted_fwdbwd_ms > way.predicted_fwd_ms);
            assert!(way.fwd_ms.is_some_and(|ms| ms > 0.0), "{way:?}");
            assert!(way.fwdbwd_ms.is_some_and(|ms| ms > 0.0), "{way:?}");
        }
    }

    #[test]
    fn groups_that_do_not_divide_the_channels_are_refused() {
        let question = Question {
            groups: 3,
            ..question()
        };
        let error = question.shape().unwrap_err().to_string();
        assert!(error.contains("expected 3 channels"), "{error}");
    }

    #[test]
    fn sizes_that_no_memory_holds_and_kernels_past_the_image_are_refused() {
        let budget = Budget::default();
        let most = usize::MAX;
        let refused = |question: Question| {
            let advice = question.advise(&Device::flex(), budget);
            advice.unwrap_err().to_string()
        };
        let kernel = refused(Question {
            kernel: 4096,
            size: [8, 8],
            ..question()
        });
        assert!(
            kernel.contains("4096") && kernel.contains("1 to 16"),
            "{kernel}"
        );
        for size in [[most, most], [most, 1], [1, most], [1 << 20, 1 << 20]] {
            let error = refused(Question { size, ..question() });
            assert!(error.contains("the input"), "{error}");
        }
        for (batch, inputs, outputs, what) in [
            (most, 4, 6, "the input"),
            (2, most, 6, "the input"),
            (2, 4, most, "the output"),
            (1, 1 << 16, 1 << 16, "the kernels"),
        ] {
            let error = refused(Question {
                batch,
                inputs,
                outputs,
                groups: 1,
                ..question()
            });
            assert!(
                error.contains(what) && error.contains("at most 1.0 GB"),
                "{error}"
            );
        }
        for stride in [0, 13, most] {
            assert_eq!(
                refused(Question {
                    stride,
                    ..question()
                }),
                format!("the stride {stride} does not fit images of 12x9; accepted are 1 to 12")
            );
        }
        let zero = Budget {
            seconds: 0.0,
            ..budget
        };
        let longest = Question {
            stride: 12,
            ..question()
        };
        assert!(longest.advise(&Device::flex(), zero).is_ok());
    }

    #[test]
    fn beyond_some_kernel_the_spectrum_wins() {
        let question = Question {
            batch: 8,
            inputs: 64,
            outputs: 64,
            groups: 1,
            size: [64, 64],
            ..question()
        };
        let from = question.fft_from_kernel().unwrap();
        assert!(from > 3, "{from}");
    }
}
