//! Linear and circular convolution of images with given filters.

use burn::tensor::Tensor;

use crate::error::OrPanic;
use crate::ops::{self, Conjugate, ConvSpec, MixSpec, SavedSpectrum};
use crate::{FrequencyGrid, Norm, SpectralError, fft};

use super::lengths::next_smooth;

/// Which part of a convolution is kept; the first three as in `scipy.signal.fftconvolve`.
///
/// Along an axis of `n` image and `k` filter samples:
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConvolveMode {
    /// All of the linear convolution, `n + k − 1` samples.
    Full,
    /// Its middle, as large as the image: `n` samples from `(k − 1)/2` on.
    #[default]
    Same,
    /// What does not touch the zeros around the larger of the two: `|n − k| + 1` samples.
    Valid,
    /// The circular convolution, `n` samples; the filter must not be larger than the image.
    Circular,
}

/// What is kept of the inverse transform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConvolveOutput {
    /// Its real part.
    #[default]
    Real,
    /// Its magnitude; for a real image and a real filter, the absolute value of the convolution.
    Magnitude,
}

/// A filter to convolve with: one plane for all channels, or one for each pair of them.
pub trait ConvolveFilter: sealed::Sealed {}

impl ConvolveFilter for Tensor<2> {}
impl ConvolveFilter for Tensor<4> {}

mod sealed {
    use burn::tensor::{DType, Tensor};

    pub trait Sealed {
        /// Whether every channel of the image goes through the filter on its own.
        const PER_CHANNEL: bool;

        /// The filter's shape as `[out, in, height, width]`.
        fn shape(&self) -> [usize; 4];

        /// Its precision.
        fn dtype(&self) -> DType;

        /// The filter as `[out, in, height, width]`, none of them zero.
        fn planes(self) -> Tensor<4>;
    }

    impl Sealed for Tensor<2> {
        const PER_CHANNEL: bool = true;

        fn shape(&self) -> [usize; 4] {
            let [height, width] = self.dims();
            [1, 1, height, width]
        }

        fn dtype(&self) -> DType {
            Tensor::dtype(self)
        }

        fn planes(self) -> Tensor<4> {
            self.unsqueeze()
        }
    }

    impl Sealed for Tensor<4> {
        const PER_CHANNEL: bool = false;

        fn shape(&self) -> [usize; 4] {
            self.dims()
        }

        fn dtype(&self) -> DType {
            Tensor::dtype(self)
        }

        fn planes(self) -> Tensor<4> {
            self
        }
    }
}

/// Convolution of images with a filter through the spectrum, differentiable in both:
///
/// ```text
/// y[b,o,n] = Σ_{i,t} w[o,i,t] · x[b,i,n−t]
/// ```
///
/// A convolution proper: the filter is flipped, where `Conv2d` slides it as it is. In mode
/// [`Valid`](ConvolveMode::Valid) the two change places when the filter is the larger, as in SciPy.
///
/// # Shapes
/// - `image`: `[batch, channels, height, width]`
/// - `filter`: `[k_h, k_w]`, which every channel goes through on its own, or
///   `[channels_out, channels, k_h, k_w]`
/// - output: `[batch, channels or channels_out, …]`, its size by the mode
///
/// # Errors
/// If the channels or the dtypes differ, an axis is empty or too large, a filter is larger than the image in mode
/// [`Circular`](ConvolveMode::Circular), or neither covers the other in mode
/// [`Valid`](ConvolveMode::Valid).
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::conv::{ConvolveMode, ConvolveOutput, try_fft_convolve2d};
///
/// let device = Device::flex();
/// let image = Tensor::<4>::ones([1, 3, 128, 128], &device);
/// let blur = Tensor::<2>::full([5, 5], 1.0 / 25.0, &device);
/// let valid = try_fft_convolve2d(image, blur, ConvolveMode::Valid, ConvolveOutput::Real).unwrap();
/// assert_eq!(valid.dims(), [1, 3, 124, 124]);
/// assert!((valid - 1.0).abs().max().into_scalar::<f32>() < 1e-5);
/// ```
pub fn try_fft_convolve2d<F: ConvolveFilter>(
    image: Tensor<4>,
    filter: F,
    mode: ConvolveMode,
    output: ConvolveOutput,
) -> Result<Tensor<4>, SpectralError> {
    let [batch, channels, height, width] = image.dims();
    let [outputs, inputs, filter_height, filter_width] = filter.shape();
    if !F::PER_CHANNEL && inputs != channels {
        return Err(SpectralError::Channels {
            expected: inputs,
            got: image.dims().to_vec(),
        });
    }
    SpectralError::check_positive("the number of output channels of a filter", &[outputs])?;
    SpectralError::check_dtypes(("image", image.dtype()), ("filter", filter.dtype()))?;
    let part = Part::new([height, width], [filter_height, filter_width], mode)?;

    let (image, dims) = match F::PER_CHANNEL {
        true => (
            image.reshape([batch * channels, 1, height, width]),
            [batch, channels, part.size[0], part.size[1]],
        ),
        false => (image, [batch, outputs, part.size[0], part.size[1]]),
    };
    let taps = ops::zero_pad(filter.planes(), &part.grid);
    let response = fft::rfft2(taps, Norm::Backward).into_complex();
    let spec = ConvSpec {
        spatial: 2,
        mix: MixSpec {
            groups: 1,
            conjugate: Conjugate::None,
        },
        saved: SavedSpectrum::Keep,
    };
    let y = ops::spectral_conv(ops::zero_pad(image, &part.grid), response, spec);
    let rows = ops::narrow(y, 2, part.start[0], part.size[0]);
    let y = ops::narrow(rows, 3, part.start[1], part.size[1]).reshape(dims);
    Ok(match output {
        ConvolveOutput::Real => y,
        ConvolveOutput::Magnitude => y.abs(),
    })
}

/// Convolution of images with a filter; see [`try_fft_convolve2d`].
///
/// # Panics
/// If [`try_fft_convolve2d`] returns an error, with the same text.
#[track_caller]
pub fn fft_convolve2d<F: ConvolveFilter>(
    image: Tensor<4>,
    filter: F,
    mode: ConvolveMode,
    output: ConvolveOutput,
) -> Tensor<4> {
    try_fft_convolve2d(image, filter, mode, output).or_panic()
}

/// The part of a circular convolution that a mode keeps.
struct Part {
    /// Samples of the transform along each axis.
    grid: [usize; 2],
    start: [usize; 2],
    size: [usize; 2],
}

impl Part {
    fn new(
        image: [usize; 2],
        filter: [usize; 2],
        mode: ConvolveMode,
    ) -> Result<Self, SpectralError> {
        FrequencyGrid::new(&image)?;
        SpectralError::check_positive(
            &format!("every axis of a filter of size {filter:?}"),
            &filter,
        )?;
        let covers = |a: [usize; 2], b: [usize; 2]| a[0] >= b[0] && a[1] >= b[1];
        let kernel_error = || SpectralError::Kernel {
            kernel: filter.to_vec(),
            got: image.to_vec(),
        };
        match mode {
            ConvolveMode::Circular if !covers(image, filter) => return Err(kernel_error()),
            ConvolveMode::Valid if !covers(image, filter) && !covers(filter, image) => {
                return Err(SpectralError::Cover {
                    image: image.to_vec(),
                    filter: filter.to_vec(),
                });
            }
            _ => (),
        }
        let along = |axis: usize| {
            let (n, k) = (image[axis], filter[axis]);
            match mode {
                ConvolveMode::Full => (next_smooth(n + k - 1), 0, n + k - 1),
                ConvolveMode::Same => (next_smooth(n + k - 1), (k - 1) / 2, n),
                // What wraps around lands before the part that is kept.
                ConvolveMode::Valid => (next_smooth(n.max(k)), n.min(k) - 1, n.abs_diff(k) + 1),
                ConvolveMode::Circular => (n, 0, n),
            }
        };
        let (rows, columns) = (along(0), along(1));
        Ok(Self {
            grid: [rows.0, columns.0],
            start: [rows.1, columns.1],
            size: [rows.2, columns.2],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn shape(
        image: [usize; 2],
        filter: [usize; 2],
        mode: ConvolveMode,
    ) -> Result<[usize; 2], String> {
        let device = Device::flex();
        let image = Tensor::<4>::ones([1, 2, image[0], image[1]], &device);
        let filter = Tensor::<2>::ones(filter, &device);
        try_fft_convolve2d(image, filter, mode, ConvolveOutput::Real)
            .map(|y| [y.dims()[2], y.dims()[3]])
            .map_err(|error| error.to_string())
    }

    #[test]
    fn sizes_follow_the_mode() {
        assert_eq!(shape([7, 8], [3, 4], ConvolveMode::Full), Ok([9, 11]));
        assert_eq!(shape([7, 8], [3, 4], ConvolveMode::Same), Ok([7, 8]));
        assert_eq!(shape([7, 8], [3, 4], ConvolveMode::Valid), Ok([5, 5]));
        assert_eq!(shape([3, 4], [7, 8], ConvolveMode::Valid), Ok([5, 5]));
        assert_eq!(shape([7, 8], [3, 4], ConvolveMode::Circular), Ok([7, 8]));
    }

    #[test]
    fn filters_that_do_not_fit_are_refused_with_both_sizes() {
        assert_eq!(
            shape([7, 8], [3, 9], ConvolveMode::Valid),
            Err(
                "mode Valid needs the image or the filter to be at least as large as the other on every axis, got an image of size [7, 8] and a filter of size [3, 9]"
                    .into()
            )
        );
        assert_eq!(
            shape([7, 8], [3, 9], ConvolveMode::Circular),
            Err("the kernel, of size [3, 9], is larger than the input, of size [7, 8]".into())
        );
        assert!(shape([7, 8], [0, 2], ConvolveMode::Same).is_err());
        assert!(shape([7, 0], [1, 1], ConvolveMode::Same).is_err());
    }

    #[test]
    #[should_panic(expected = "expected 3 channels, got an input of shape [1, 2, 4, 4]")]
    fn channels_that_do_not_fit_are_refused() {
        let device = Device::flex();
        fft_convolve2d(
            Tensor::zeros([1, 2, 4, 4], &device),
            Tensor::<4>::zeros([5, 3, 2, 2], &device),
            ConvolveMode::Same,
            ConvolveOutput::Real,
        );
    }
}
