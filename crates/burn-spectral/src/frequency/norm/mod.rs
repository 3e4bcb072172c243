//! Batch normalization of spectra: four kinds, one configuration.

mod image;
mod magnitude;
mod per_part;
mod statistics;
mod whitening;

pub use image::ImageNorm;
pub use magnitude::MagnitudeNorm;
pub use per_part::PerPartNorm;
pub use whitening::WhiteningNorm;

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::error::OrPanic;
use crate::{ComplexTensor, SpectralError};

use super::activation::CLeakyRelu;
use super::spectrum_grid::SpectrumGrid;

/// What a [`ComplexBatchNorm`] normalizes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ComplexNormForm {
    /// Real and imaginary part each by a mean and a variance of its own, as Pan et al. (2022)
    /// publish it: [`PerPartNorm`].
    PerPart,
    /// By the root mean square magnitude; nothing is subtracted: [`MagnitudeNorm`].
    Magnitude(SpectrumGrid),
    /// By the root mean square magnitude, after the mean of the bin of frequency zero is subtracted
    /// from that bin: [`MagnitudeNorm`].
    CenteredMagnitude(SpectrumGrid),
    /// By the covariance of real and imaginary part (Trabelsi et al., 2018): [`WhiteningNorm`].
    Whitening,
    /// By mean and variance of the image, read off its spectrum: [`ImageNorm`].
    Image(SpectrumGrid),
}

/// Configuration of a [`ComplexBatchNorm`].
#[derive(Config, Debug, PartialEq)]
pub struct ComplexBatchNormConfig {
    /// Channels.
    pub channels: usize,
    /// What is normalized by.
    pub form: ComplexNormForm,
    /// Added to every variance; 1e-5 by default.
    #[config(default = 1e-5)]
    pub epsilon: f64,
    /// Weight of a batch in the running statistics, 0 to 1; 0.1 by default.
    #[config(default = 0.1)]
    pub momentum: f64,
}

impl ComplexBatchNormConfig {
    /// Creates the layer.
    ///
    /// # Errors
    /// If there are no channels, the epsilon is not positive, the momentum lies outside 0 to 1, or
    /// the spectra are those of empty images.
    pub fn try_init(&self, device: &Device) -> Result<ComplexBatchNorm, SpectralError> {
        SpectralError::check_positive("the number of channels", &[self.channels])?;
        if !(self.epsilon.is_finite() && self.epsilon > 0.0) {
            return Err(SpectralError::NotPositive {
                what: "the epsilon of a normalization",
                value: self.epsilon.to_string(),
            });
        }
        SpectralError::check_fraction("the momentum of a normalization", self.momentum)?;
        if let ComplexNormForm::Magnitude(grid)
        | ComplexNormForm::CenteredMagnitude(grid)
        | ComplexNormForm::Image(grid) = self.form
        {
            grid.check_size()?;
        }
        Ok(match self.form {
            ComplexNormForm::PerPart => ComplexBatchNorm::PerPart(PerPartNorm::new(self, device)),
            ComplexNormForm::Magnitude(grid) => {
                ComplexBatchNorm::Magnitude(MagnitudeNorm::new(self, grid, false, device))
            }
            ComplexNormForm::CenteredMagnitude(grid) => {
                ComplexBatchNorm::Magnitude(MagnitudeNorm::new(self, grid, true, device))
            }
            ComplexNormForm::Whitening => {
                ComplexBatchNorm::Whitening(WhiteningNorm::new(self, device))
            }
            ComplexNormForm::Image(grid) => {
                ComplexBatchNorm::Image(ImageNorm::new(self, grid, device))
            }
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> ComplexBatchNorm {
        self.try_init(device).or_panic()
    }
}

/// Batch normalization of spectra.
///
/// As Burn's `BatchNorm`: the statistics of the batch on a device with autodiff, where they also
/// move the running ones, and the running ones otherwise or once the layer is frozen. Variances are
/// those of the population.
///
/// An empty batch has no statistics: it takes the running ones and moves none. In half precision the
/// statistics are computed in f32; a running one that is out of the range of its dtype is kept as the
/// largest number in it.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::frequency::{ComplexBatchNormConfig, ComplexNormForm, SpectrumGrid};
///
/// let device = Device::flex().autodiff();
/// let grid = SpectrumGrid::half([8, 8]);
/// let norm = ComplexBatchNormConfig::new(3, ComplexNormForm::Image(grid)).init(&device);
/// let images = Tensor::<4>::random([4, 3, 8, 8], Distribution::Uniform(2.0, 3.0), &device);
/// let normalized = grid.image(norm.forward(grid.spectrum(images)));
/// // The image has mean 0 and variance 1.
/// let variance = (normalized.clone() * normalized.clone()).mean().into_scalar::<f32>();
/// assert!(normalized.mean().into_scalar::<f32>().abs() < 1e-5 && (variance - 1.0).abs() < 1e-3);
/// ```
#[derive(Module, Debug)]
// One lives in a network a layer: a box would be one allocation more.
#[allow(clippy::large_enum_variant)]
pub enum ComplexBatchNorm {
    /// Each part by its own statistics.
    PerPart(PerPartNorm),
    /// By the magnitude.
    Magnitude(MagnitudeNorm),
    /// By the covariance of the parts.
    Whitening(WhiteningNorm),
    /// By the statistics of the image.
    Image(ImageNorm),
}

impl ComplexBatchNorm {
    /// Channels.
    pub fn channels(&self) -> usize {
        match self {
            Self::PerPart(norm) => norm.channels(),
            Self::Magnitude(norm) => norm.channels(),
            Self::Whitening(norm) => norm.channels(),
            Self::Image(norm) => norm.channels(),
        }
    }

    /// Checks that the layer accepts spectra of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the layer's; and for a form that counts bins, when those, or the
    /// number of axes, are not.
    pub fn check<const D: usize>(&self, dims: [usize; D]) -> Result<(), SpectralError> {
        statistics::check_channels(self.channels(), &dims)?;
        match self {
            Self::Magnitude(MagnitudeNorm { grid, .. }) | Self::Image(ImageNorm { grid, .. }) => {
                grid.check(planes(dims)?)
            }
            Self::PerPart(_) | Self::Whitening(_) => Ok(()),
        }
    }

    /// Normalizes.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, bins…]`; per part and whitening `[batch, channels, …]`,
    ///   so that they also serve dense features
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward<const D: usize>(&self, spectrum: ComplexTensor<D>) -> ComplexTensor<D> {
        let dims = spectrum.dims();
        self.check(dims).or_panic();
        let on_planes = |norm: &dyn Fn(ComplexTensor<4>) -> ComplexTensor<4>| {
            let planes = planes(dims).or_panic();
            norm(spectrum.clone().map(|part| part.reshape(planes))).map(|part| part.reshape(dims))
        };
        match self {
            Self::PerPart(norm) => norm.forward(spectrum),
            Self::Whitening(norm) => norm.forward(spectrum),
            Self::Magnitude(norm) => on_planes(&|spectrum| norm.forward(spectrum)),
            Self::Image(norm) => on_planes(&|spectrum| norm.forward(spectrum)),
        }
    }

    /// Normalizes, then activates each part; as one operation where the normalization is per part.
    ///
    /// # Shapes
    /// - input and output: as [`forward`](Self::forward)
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward_activated<const D: usize>(
        &self,
        spectrum: ComplexTensor<D>,
        activation: &CLeakyRelu,
    ) -> ComplexTensor<D> {
        match self {
            Self::PerPart(norm) if activation.activation().is_valid() => {
                norm.forward_activated(spectrum, activation.activation())
            }
            _ => activation.forward(self.forward(spectrum)),
        }
    }
}

/// A shape as that of planes of bins.
fn planes<const D: usize>(dims: [usize; D]) -> Result<[usize; 4], SpectralError> {
    let rank = |_| SpectralError::Rank {
        expected: 4,
        got: dims.to_vec(),
    };
    dims.as_slice().try_into().map_err(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_normalization_cannot_take_is_refused() {
        let device = Device::flex();
        let grid = SpectrumGrid::half([4, 6]);
        let config = ComplexBatchNormConfig::new(3, ComplexNormForm::Image(grid));
        let refused =
            |config: &ComplexBatchNormConfig| config.try_init(&device).unwrap_err().to_string();
        let text = refused(&config.clone().with_epsilon(0.0));
        assert_eq!(
            text,
            "the epsilon of a normalization must be a positive finite number, got 0"
        );
        let text = refused(&config.clone().with_momentum(1.5));
        assert_eq!(
            text,
            "the momentum of a normalization must be between 0 and 1, got 1.5"
        );
        let empty = ComplexNormForm::Magnitude(SpectrumGrid::full([0, 6]));
        assert!(refused(&ComplexBatchNormConfig::new(3, empty)).ends_with("at least 1, got 0"));
        assert!(
            refused(&ComplexBatchNormConfig::new(0, ComplexNormForm::PerPart)).contains("channels")
        );
        let norm = config.init(&device);
        assert!(norm.check([2, 3, 4, 4]).is_ok());
        assert!(norm.check([2, 4, 4, 4]).is_err() && norm.check([2, 3, 4, 6]).is_err());
        assert_eq!(
            norm.check([2, 3]).unwrap_err().to_string(),
            "expected an input of rank 4, including the batch, got shape [2, 3]"
        );
        let dense = ComplexBatchNormConfig::new(3, ComplexNormForm::Whitening).init(&device);
        assert!(dense.check([2, 3]).is_ok());
    }
}
