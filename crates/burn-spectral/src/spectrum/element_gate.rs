//! One learned gate per frequency.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};

use crate::error::OrPanic;
use crate::response::{FrequencyResponse, Response, ResponseConfig};
use crate::{ComplexTensor, FrequencyGrid, HalfSpectrum, SpectralError};

/// Configuration of an [`ElementGate`] as a layer on spectra.
#[derive(Config, Debug, PartialEq, Eq)]
pub struct ElementGateConfig {
    /// Channels of the spectra.
    pub channels: usize,
    /// Height and width of the images that the half-spectra belong to.
    pub size: [usize; 2],
}

impl ElementGateConfig {
    /// Creates the layer: one gate per channel and frequency, initially ½.
    ///
    /// # Errors
    /// If there are no channels, the height or the width is zero, or there are too many gates.
    pub fn try_init(&self, device: &Device) -> Result<ElementGate, SpectralError> {
        GateConfig::new(self.size).try_init([self.channels, 1], device)
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> ElementGate {
        self.try_init(device).or_panic()
    }
}

/// Configuration of an [`ElementGate`] as the response of a
/// [`SpectralConv2d`](crate::conv::SpectralConv2d), whose channels it takes.
#[derive(Config, Debug, PartialEq, Eq)]
pub struct GateConfig {
    /// Height and width of the images.
    pub size: [usize; 2],
}

impl ResponseConfig<4> for GateConfig {
    type Response = ElementGate;

    /// Creates gates that are ½ initially.
    fn try_init(
        &self,
        channels: [usize; 2],
        device: &Device,
    ) -> Result<ElementGate, SpectralError> {
        let bins = FrequencyGrid::new(&self.size)?.bins();
        let [outputs, inputs] = channels;
        SpectralError::check_positive("the number of channels", &channels)?;
        SpectralError::check_elements("the gates", &[outputs, inputs, bins[0], bins[1]])?;
        Ok(ElementGate {
            logits: Initializer::Zeros.init([outputs, inputs, bins[0], bins[1]], device),
            width: self.size[1],
        })
    }
}

/// One learned gate per frequency, `Y = σ(g)·X`: a real, zero-phase filter between 0 and 1.
///
/// The repaired form of [`FrequencyGate`](super::FrequencyGate): it has one parameter per frequency
/// instead of one a pair, and does not depend on the input, so that it is a filter. Use it on
/// spectra ([`forward`](Self::forward)), or as the response of a
/// [`SpectralConv2d`](crate::conv::SpectralConv2d) from image to image. There, on index 0 and, for
/// even widths, the last one of the half-spectrum axis, the gates of `k` and `−k` act by their mean
/// (see [`crate::fft`]).
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::conv::SpectralConv2dConfig;
/// use burn_spectral::response::{Coupling, GateConfig};
///
/// let device = Device::flex();
/// let gate = SpectralConv2dConfig::new([3, 3], GateConfig::new([28, 28]))
///     .with_coupling(Coupling::Depthwise)
///     .init(&device);
/// assert_eq!(gate.forward(Tensor::ones([1, 3, 28, 28], &device)).dims(), [1, 3, 28, 28]);
/// ```
#[derive(Module, Debug)]
pub struct ElementGate {
    /// Logits `g` of the gates, `[out, in / groups, height, width/2 + 1]`.
    pub logits: Param<Tensor<4>>,
    /// Width of the images.
    pub width: usize,
}

impl ElementGate {
    /// Height and width of the images.
    pub fn size(&self) -> [usize; 2] {
        [self.logits.lazy_shape().dims::<4>()[2], self.width]
    }

    /// Checks that the layer accepts half-spectra of shape `dims`.
    ///
    /// # Errors
    /// If the bins or the channels are not the layer's, or the gate was made for a dense
    /// coupling.
    pub fn check_spectrum(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        let [outputs, inputs, height, bins] = self.logits.lazy_shape().dims();
        if inputs != 1 {
            return Err(SpectralError::ResponseChannels {
                expected: [outputs, 1],
                got: [outputs, inputs],
            });
        }
        if dims[1] != outputs {
            return Err(SpectralError::Channels {
                expected: outputs,
                got: dims.to_vec(),
            });
        }
        match dims[2..] == [height, bins] {
            true => Ok(()),
            false => Err(SpectralError::Bins {
                expected: vec![height, bins],
                size: self.size().to_vec(),
                got: dims[2..].to_vec(),
            }),
        }
    }

    /// The gates, in (0, 1), `[out, in / groups, height, bins]`.
    pub fn gates(&self) -> Tensor<4> {
        sigmoid(self.logits.val())
    }

    /// Multiplies a half-spectrum by the gates of each channel.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, height, width/2 + 1]`
    ///
    /// # Panics
    /// If [`check_spectrum`](Self::check_spectrum) returns an error, with the same text; and when the
    /// spectrum is that of images of another width.
    #[track_caller]
    pub fn forward(&self, spectrum: HalfSpectrum<4>) -> HalfSpectrum<4> {
        self.check_spectrum(spectrum.dims()).or_panic();
        let [.., height, width] = spectrum.signal_dims();
        if [height, width] != self.size() {
            let error = SpectralError::Size {
                response: "ElementGate",
                expected: self.size().to_vec(),
                got: vec![height, width],
            };
            panic!("{error}");
        }
        spectrum * self.gates().swap_dims(0, 1)
    }
}

impl FrequencyResponse<4> for ElementGate {
    fn channels(&self) -> [usize; 2] {
        let [outputs, inputs, ..] = self.logits.lazy_shape().dims::<4>();
        [outputs, inputs]
    }

    fn check(&self, grid: &FrequencyGrid) -> Result<(), SpectralError> {
        match grid.sizes() == self.size() {
            true => Ok(()),
            false => Err(SpectralError::Size {
                response: "ElementGate",
                expected: self.size().to_vec(),
                got: grid.sizes().to_vec(),
            }),
        }
    }

    fn response(&self, _grid: &FrequencyGrid) -> Response<4> {
        Response::Spectrum(ComplexTensor::from_real(self.gates()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spectra_of_other_bins_or_channels_are_refused() {
        let device = Device::flex();
        let gate = ElementGateConfig::new(2, [4, 6]).init(&device);
        assert!(gate.check_spectrum([5, 2, 4, 4]).is_ok());
        assert_eq!(
            gate.check_spectrum([1, 2, 4, 3]).unwrap_err().to_string(),
            "expected spectra with [4, 4] bins, those of images of size [4, 6], got [4, 3]"
        );
        assert!(gate.check_spectrum([1, 3, 4, 4]).is_err());
        let dense = GateConfig::new([4, 6]).init([2, 2], &device);
        assert!(dense.check_spectrum([1, 2, 4, 4]).is_err());
        assert!(ElementGateConfig::new(0, [4, 6]).try_init(&device).is_err());
    }

    #[test]
    #[should_panic(expected = "created for inputs of size [4, 6], got size [4, 7]")]
    fn spectra_of_another_width_with_the_same_bins_are_refused() {
        let device = Device::flex();
        let spectrum = ComplexTensor::from_real(Tensor::ones([1, 2, 4, 4], &device));
        let gate = ElementGateConfig::new(2, [4, 6]).init(&device);
        gate.forward(HalfSpectrum::new(spectrum, 7));
    }
}
