//! A pointwise activation without aliasing.

use burn::config::Config;
use burn::module::Module;
use burn::nn::activation::{Activation, ActivationConfig};
use burn::tensor::{Device, Tensor};

use crate::error::OrPanic;
use crate::{FrequencyGrid, SpectralError};

use super::resize::{check_resize, spectral_resize2d};

/// Configuration of an [`AntiAliasedActivation`].
#[derive(Config, Debug)]
pub struct AntiAliasedActivationConfig {
    /// The activation, a pointwise one.
    pub activation: ActivationConfig,
    /// How many times finer, along each axis, the grid is on which it acts; 2 by default.
    #[config(default = 2)]
    pub factor: usize,
}

impl AntiAliasedActivationConfig {
    /// Creates the layer.
    ///
    /// # Errors
    /// If the factor is zero or too large.
    pub fn try_init(&self, device: &Device) -> Result<AntiAliasedActivation, SpectralError> {
        SpectralError::check_positive("the upsampling factor", &[self.factor])?;
        Ok(AntiAliasedActivation {
            activation: self.activation.init(device),
            factor: self.factor,
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> AntiAliasedActivation {
        self.try_init(device).or_panic()
    }
}

/// An activation on a finer grid: upsample, activate, downsample.
///
/// A pointwise function makes frequencies above the grid's own, which fold back as aliases. On a
/// finer grid most of them have room, and spectral pooling then removes them. A polynomial of
/// degree `d` makes frequencies up to `d` times the old ones; a factor of `(d + 1)/2` leaves none
/// of its aliases within the kept band (the 3/2 rule of pseudo-spectral methods, Orszag 1971, for
/// `d = 2`). With that the layer commutes with shifts by fractions of a sample.
///
/// # Example
/// ```
/// use burn::nn::activation::ActivationConfig;
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::pool::AntiAliasedActivationConfig;
///
/// let device = Device::flex();
/// let layer = AntiAliasedActivationConfig::new(ActivationConfig::Relu).init(&device);
/// assert_eq!(layer.forward(Tensor::ones([1, 2, 9, 14], &device)).dims(), [1, 2, 9, 14]);
/// ```
#[derive(Module, Debug)]
pub struct AntiAliasedActivation {
    /// The activation.
    pub activation: Activation,
    /// How many times finer the grid is on which it acts.
    pub factor: usize,
}

impl AntiAliasedActivation {
    /// Checks that the layer accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the height, the width or the factor is zero, or the finer grid too large.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        let [_, _, height, width] = dims;
        SpectralError::check_positive("the upsampling factor", &[self.factor])?;
        FrequencyGrid::new(&[height, width])?;
        let what = format!(
            "a size of an image of {:?} times the upsampling factor",
            [height, width]
        );
        let fine = |size| SpectralError::checked_product(&what, [size, self.factor]);
        check_resize(&dims, &[fine(height)?, fine(width)?])
    }

    /// Applies the layer.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, height, width]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = images.dims();
        self.check(images.dims()).or_panic();
        let fine = spectral_resize2d(images, [height * self.factor, width * self.factor]);
        spectral_resize2d(self.activation.forward(fine), [height, width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Int;

    #[test]
    fn a_factor_of_one_is_the_plain_activation() {
        let device = Device::flex();
        let images: Tensor<4> = Tensor::<1, Int>::arange(0..60, &device)
            .float()
            .sin()
            .reshape([1, 2, 5, 6]);
        let layer = AntiAliasedActivationConfig::new(ActivationConfig::Tanh).with_factor(1);
        let got = layer.init(&device).forward(images.clone());
        assert_eq!((got - images.tanh()).abs().max().into_scalar::<f32>(), 0.0);
    }

    #[test]
    fn a_factor_of_zero_is_refused() {
        let config = AntiAliasedActivationConfig::new(ActivationConfig::Relu).with_factor(0);
        assert_eq!(
            config.try_init(&Device::flex()).unwrap_err().to_string(),
            "the upsampling factor must be at least 1, got 0"
        );
    }
}
