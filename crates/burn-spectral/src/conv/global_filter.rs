//! The global filter of GFNet.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};

use crate::error::OrPanic;
use crate::ops::{self, FilterSpec, Layout};
use crate::{ComplexTensor, FrequencyGrid, Norm, SpectralError, SpectralInitializer, fft};

/// Deviation of the published weights, of the real and of the imaginary part.
const PUBLISHED_DEVIATION: f64 = 0.02;

/// Configuration of a [`GlobalFilter2d`].
#[derive(Config, Debug, PartialEq)]
pub struct GlobalFilter2dConfig {
    /// Channels.
    pub channels: usize,
    /// Height and width of the inputs.
    pub size: [usize; 2],
    /// How the weights start. `Published` draws real and imaginary parts from `N(0, 0.02)`: the
    /// output is small, which suits a network with a shortcut around the filter. `Conv` draws the
    /// spectrum of white noise with `E|R|² = 1/3` at every frequency, for the output variance of a
    /// fresh depthwise `Conv2d`, as [`FullSpectrum`](crate::response::FullSpectrum) does.
    #[config(default = "SpectralInitializer::Published")]
    pub initializer: SpectralInitializer,
}

impl GlobalFilter2dConfig {
    /// Creates the layer.
    ///
    /// # Errors
    /// If the number of channels or a size is zero or too large.
    pub fn try_init(&self, device: &Device) -> Result<GlobalFilter2d, SpectralError> {
        SpectralError::check_positive("the number of channels", &[self.channels])?;
        let bins = FrequencyGrid::new(&self.size)?.bins();
        SpectralError::check_elements("the filters", &[self.channels, bins[0], self.size[1]])?;
        let dims = [bins[0], bins[1], self.channels];
        let draw = |noise| {
            let part = || Tensor::<3>::random(dims, noise, device);
            ComplexTensor::new(part(), part())
        };
        let weight = match self.initializer {
            SpectralInitializer::Published => draw(Distribution::Normal(0.0, PUBLISHED_DEVIATION)),
            SpectralInitializer::Normal(deviation) => draw(SpectralInitializer::normal(deviation)?),
            SpectralInitializer::Conv => {
                let [height, width] = self.size;
                let deviation = (1.0 / (3 * height * width) as f64).sqrt();
                let noise = Distribution::Normal(0.0, deviation);
                let kernel = Tensor::<3>::random([self.channels, height, width], noise, device);
                let spectrum = fft::rfft2(kernel, Norm::Backward).into_complex();
                spectrum.map(|part| part.permute([1, 2, 0]))
            }
            other => return Err(other.unsupported("GlobalFilter2d", "Conv, Published or Normal")),
        };
        Ok(GlobalFilter2d {
            re: Param::from_tensor(weight.re),
            im: Param::from_tensor(weight.im),
            width: self.size[1],
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> GlobalFilter2d {
        self.try_init(device).or_panic()
    }
}

/// The global filter of GFNet (Rao et al., 2021): a learned complex weight for every frequency and
/// channel, `y = irfft2(W ⊙ rfft2(x))`, which mixes all tokens of an image and no channels.
///
/// Channels come last, as in the published network, so that tokens `[batch, h·w, channels]` become
/// its input by a reshape. The published transforms are orthonormal; their scales cancel. It is the
/// same map as a depthwise [`SpectralConv2d`](super::SpectralConv2d) with a
/// [`FullSpectrum`](crate::response::FullSpectrum) response, whose channels come first, and like it is bound to the
/// size it was created for.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::conv::GlobalFilter2dConfig;
///
/// let device = Device::flex();
/// let layer = GlobalFilter2dConfig::new(384, [14, 14]).init(&device);
/// let y = layer.forward(Tensor::ones([2, 14, 14, 384], &device));
/// assert_eq!(y.dims(), [2, 14, 14, 384]);
/// ```
#[derive(Module, Debug)]
pub struct GlobalFilter2d {
    /// Real part of the weights, `[height, width/2 + 1, channels]`.
    pub re: Param<Tensor<3>>,
    /// Imaginary part of the weights, `[height, width/2 + 1, channels]`.
    pub im: Param<Tensor<3>>,
    /// Width of the inputs.
    pub width: usize,
}

impl GlobalFilter2d {
    /// Height and width of the inputs.
    pub fn size(&self) -> [usize; 2] {
        [self.re.lazy_shape()[0], self.width]
    }

    /// Channels of the inputs.
    pub fn channels(&self) -> usize {
        self.re.lazy_shape()[2]
    }

    /// Checks that the layer accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If they have other channels or another size than the layer, or the layer's width does not
    /// fit its weights.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        let [_, height, width, channels] = dims;
        if channels != self.channels() {
            return Err(SpectralError::Channels {
                expected: self.channels(),
                got: dims.to_vec(),
            });
        }
        let (bins, size) = (self.re.lazy_shape()[1], self.size());
        if self.width / 2 + 1 != bins {
            return Err(SpectralError::Bins {
                expected: vec![size[0], self.width / 2 + 1],
                size: size.to_vec(),
                got: vec![size[0], bins],
            });
        }
        match [height, width] == size {
            true => Ok(()),
            false => Err(SpectralError::Size {
                response: "GlobalFilter2d",
                expected: self.size().to_vec(),
                got: vec![height, width],
            }),
        }
    }

    /// Filters.
    ///
    /// # Shapes
    /// - input and output: `[batch, height, width, channels]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.check(input.dims()).or_panic();
        let weight = ComplexTensor::new(self.re.val(), self.im.val());
        let spec =
            FilterSpec::circular(self.channels(), self.size()).with_layout(Layout::ChannelsLast);
        ops::spectral_filter(input, weight, spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_sizes_are_named() {
        let device = Device::flex();
        let layer = GlobalFilter2dConfig::new(3, [14, 15]).init(&device);
        let text = |dims| layer.check(dims).unwrap_err().to_string();
        assert!(text([1, 14, 14, 3]).contains("size [14, 15], got size [14, 14]"));
        assert!(
            text([1, 3, 14, 15])
                .contains("expected 3 channels, got an input of shape [1, 3, 14, 15]")
        );
        assert_eq!(layer.check([0, 14, 15, 3]), Ok(()));
        let error = GlobalFilter2dConfig::new(0, [4, 4]).try_init(&device);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the number of channels must be at least 1, got 0"
        );
        assert!(
            GlobalFilter2dConfig::new(1, [4, 0])
                .try_init(&device)
                .is_err()
        );
    }

    #[test]
    fn fresh_weights_have_the_deviation_that_is_named() {
        let device = Device::flex();
        for (init, power) in [
            (SpectralInitializer::Published, 2.0 * 0.02f32.powi(2)),
            (SpectralInitializer::Conv, 1.0 / 3.0),
        ] {
            let config = GlobalFilter2dConfig::new(256, [16, 17]).with_initializer(init);
            let layer = config.init(&device);
            assert_eq!(layer.re.dims(), [16, 9, 256]);
            let squares = layer.re.val().powi_scalar(2) + layer.im.val().powi_scalar(2);
            let mean = squares.mean().into_scalar::<f32>();
            // 36,864 draws: the mean of their squares is within a few percent.
            assert!((mean / power - 1.0).abs() < 0.05, "{init:?}: {mean}");
        }
    }
}
