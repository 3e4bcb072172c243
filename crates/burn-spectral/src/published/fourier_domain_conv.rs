//! The convolution layer of Pratt et al. in the frequency domain.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};

use crate::error::OrPanic;
use crate::response::{Coupling, FullSpectrum2d, FullSpectrumConfig};
use crate::{HalfSpectrum, SpectralError, SpectralInitializer};

use crate::frequency::{SpectralMix2d, SpectralMix2dConfig};

/// Configuration of a [`FourierDomainConv2d`].
#[derive(Config, Debug, PartialEq)]
pub struct FourierDomainConv2dConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Height and width, in samples, of the images that the spectra belong to.
    pub size: [usize; 2],
    /// How channels are coupled; dense by default, shared as published.
    #[config(default = "Coupling::Dense")]
    pub coupling: Coupling,
    /// How the weights start.
    ///
    /// `Conv` draws the spectrum of a real kernel of white noise, with the variance of a fresh
    /// `Conv2d`. `Published` draws both parts uniform within `±√(6/(h·(w' + C_out)))` for `h × w'`
    /// bins: what Keras gives an array of shape `[h, w', C_out]` by default, and so what Wood and
    /// Larson (2021) compared with.
    #[config(default = "SpectralInitializer::Conv")]
    pub initializer: SpectralInitializer,
}

impl FourierDomainConv2dConfig {
    /// The layer as Wood and Larson's benchmark has it: shared, with the initial weights of Keras.
    pub fn published(channels: [usize; 2], size: [usize; 2]) -> Self {
        Self {
            coupling: Coupling::Shared,
            initializer: SpectralInitializer::Published,
            ..Self::new(channels, size)
        }
    }

    /// Creates the layer.
    ///
    /// # Errors
    /// If channels or sizes are zero or do not fit the coupling.
    pub fn try_init(&self, device: &Device) -> Result<FourierDomainConv2d, SpectralError> {
        let mut mix = SpectralMix2dConfig::new(self.channels, FullSpectrumConfig::new(self.size))
            .with_coupling(self.coupling)
            .try_init(device)?;
        let dims = mix.response.re.dims();
        let [outputs, _, height, bins] = dims;
        let distribution = match self.initializer {
            // As the response starts already.
            SpectralInitializer::Conv => return Ok(FourierDomainConv2d { mix }),
            SpectralInitializer::Published => {
                let bound = (6.0 / (height * (bins + outputs)) as f64).sqrt();
                Distribution::Uniform(-bound, bound)
            }
            SpectralInitializer::Normal(deviation) => SpectralInitializer::normal(deviation)?,
            other => {
                return Err(other.unsupported("FourierDomainConv2d", "Conv, Published or Normal"));
            }
        };
        let draw = || Param::from_tensor(Tensor::random(dims, distribution, device));
        (mix.response.re, mix.response.im) = (draw(), draw());
        Ok(FourierDomainConv2d { mix })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> FourierDomainConv2d {
        self.try_init(device).or_panic()
    }
}

/// One free complex weight per frequency, on spectra: `Y_o[k] = Σ_i W[o,i,k]·X_i[k]` (Pratt et
/// al., 2017), bound to one image size.
///
/// As Wood and Larson (2021) implement it, one filter an output multiplies the **sum** of the
/// inputs ([`published`](FourierDomainConv2dConfig::published)): `2·C_out·h·w'` parameters.
#[derive(Module, Debug)]
pub struct FourierDomainConv2d {
    /// The layer as a mix with a free response.
    pub mix: SpectralMix2d<FullSpectrum2d>,
}

impl FourierDomainConv2d {
    /// Checks that the layer accepts spectra of shape `dims`.
    ///
    /// # Errors
    /// If the channels or the bins are not the layer's.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        let length = self.mix.response.length;
        self.mix.check(dims, length).map(|_| ())
    }

    /// Filters a spectrum.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width/2 + 1]`
    /// - output: `[batch, channels_out, height, width/2 + 1]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, spectrum: HalfSpectrum<4>) -> HalfSpectrum<4> {
        self.mix.forward(spectrum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ComplexTensor;

    #[test]
    fn the_published_form_starts_within_the_bounds_of_keras() {
        let device = Device::flex();
        let layer = FourierDomainConv2dConfig::published([3, 6], [150, 150]).init(&device);
        assert_eq!(layer.mix.response.re.dims(), [6, 1, 150, 76]);
        let bound = (6.0f64 / (150.0 * (76.0 + 6.0))).sqrt();
        for part in [&layer.mix.response.re, &layer.mix.response.im] {
            let largest = part.val().abs().max().into_scalar::<f64>();
            // The largest of 68,400 uniform draws lies within one percent of the bound.
            assert!(
                largest <= bound && largest > 0.99 * bound,
                "{largest} for {bound}"
            );
        }
    }

    #[test]
    #[should_panic(expected = "created for inputs of size [4, 6], got size [4, 7]")]
    fn a_spectrum_of_another_width_with_the_same_bins_is_refused() {
        let device = Device::flex();
        let layer = FourierDomainConv2dConfig::new([1, 1], [4, 6]).init(&device);
        let spectrum = ComplexTensor::from_real(Tensor::zeros([1, 1, 4, 4], &device));
        layer.forward(HalfSpectrum::new(spectrum, 7));
    }

    #[test]
    #[should_panic(expected = "created for inputs of size [4, 6], got size [5, 6]")]
    fn a_spectrum_of_another_size_is_refused() {
        let device = Device::flex();
        let layer = FourierDomainConv2dConfig::new([1, 1], [4, 6]).init(&device);
        let spectrum = ComplexTensor::from_real(Tensor::zeros([1, 1, 5, 4], &device));
        layer.forward(HalfSpectrum::new(spectrum, 6));
    }
}
