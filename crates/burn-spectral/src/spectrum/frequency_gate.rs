//! A gate on every frequency, computed from the whole spectrum.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::OrPanic;
use crate::{ComplexTensor, FrequencyGrid, SpectralError};

/// The features that a [`FrequencyGate`] computes its gates from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GateFeatures {
    /// The magnitude.
    #[default]
    Magnitude,
    /// The real part: what a real dense layer keeps of a complex input.
    Real,
}

/// Configuration of a [`FrequencyGate`].
#[derive(Config, Debug, PartialEq, Eq)]
pub struct FrequencyGateConfig {
    /// Channels of the spectra.
    pub channels: usize,
    /// Height and width of the full spectra.
    pub size: [usize; 2],
    /// What the gates are computed from; the magnitude by default.
    #[config(default = "GateFeatures::Magnitude")]
    pub features: GateFeatures,
}

impl FrequencyGateConfig {
    /// Creates the layer: weights uniform within `±√(6/(features + gates))` (Glorot and Bengio,
    /// 2010), biases zero.
    ///
    /// The weights are drawn when they are first used.
    ///
    /// # Errors
    /// If there are no channels, the height or the width is zero, or there are too many weights.
    pub fn try_init(&self, device: &Device) -> Result<FrequencyGate, SpectralError> {
        SpectralError::check_positive("the number of channels", &[self.channels])?;
        let gates = FrequencyGrid::new(&self.size)?.samples();
        SpectralError::check_elements("the weight", &[self.channels, gates, gates])?;
        let features = self.channels * gates;
        let glorot = Initializer::XavierUniform { gain: 1.0 };
        Ok(FrequencyGate {
            weight: glorot.init_with([features, gates], Some(features), Some(gates), device),
            bias: Initializer::Zeros.init([gates], device),
            size: self.size,
            features: self.features,
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> FrequencyGate {
        self.try_init(device).or_panic()
    }
}

/// A dense layer from the whole spectrum to one gate per frequency, and the spectrum times its gates:
///
/// ```text
/// Y = σ(flatten(|X|)·W + b) · X
/// ```
///
/// The gates depend on the input, so this is no filter: it does not commute with shifts of the
/// image (nor even with its scaling). `W` has a weight for every pair of frequencies, 16,781,312
/// parameters at 64×64 with one channel; all channels share the gates. Fed with the spectrum of an
/// unscaled transform its sigmoids saturate, as the magnitudes reach the number of samples:
/// [`Norm::Ortho`](crate::Norm::Ortho) is kinder. [`ElementGate`](super::ElementGate) is the gate
/// that has one parameter per frequency.
///
/// # Example
/// ```
/// use burn::module::Module;
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::spectrum::FrequencyGateConfig;
/// use burn_spectral::{ComplexTensor, Norm, fft};
///
/// let device = Device::flex();
/// assert_eq!(FrequencyGateConfig::new(1, [64, 64]).init(&device).num_params(), 16_781_312);
///
/// let images = Tensor::<4>::ones([2, 1, 8, 8], &device);
/// let spectrum = fft::fft2(ComplexTensor::from_real(images), Norm::Ortho);
/// let gate = FrequencyGateConfig::new(1, [8, 8]).init(&device);
/// assert_eq!(gate.forward(spectrum).dims(), [2, 1, 8, 8]);
/// ```
#[derive(Module, Debug)]
pub struct FrequencyGate {
    /// Weights, `[channels·height·width, height·width]`.
    pub weight: Param<Tensor<2>>,
    /// Biases, `[height·width]`.
    pub bias: Param<Tensor<1>>,
    /// Height and width of the spectra.
    pub size: [usize; 2],
    /// What the gates are computed from.
    #[module(skip)]
    pub features: GateFeatures,
}

impl FrequencyGate {
    /// Checks that the layer accepts spectra of shape `dims`.
    ///
    /// # Errors
    /// If the size, of a full spectrum, or the number of channels is not the layer's.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        if dims[2..] != self.size {
            return Err(SpectralError::FullSpectrum {
                size: self.size,
                got: dims[2..].to_vec(),
            });
        }
        let gates = FrequencyGrid::new(&self.size)?.samples();
        let channels = self.weight.lazy_shape().dims::<2>()[0] / gates;
        match dims[1] == channels {
            true => Ok(()),
            false => Err(SpectralError::Channels {
                expected: channels,
                got: dims.to_vec(),
            }),
        }
    }

    /// The gates, in (0, 1).
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, 1, height, width]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn gates(&self, spectrum: ComplexTensor<4>) -> Tensor<4> {
        let dims = spectrum.dims();
        self.check(dims).or_panic();
        let [batch, channels, height, width] = dims;
        let features = match self.features {
            GateFeatures::Magnitude => spectrum.abs(),
            GateFeatures::Real => spectrum.re,
        };
        let features = features.reshape([batch, channels * height * width]);
        let logits = features.matmul(self.weight.val()) + self.bias.val().unsqueeze();
        sigmoid(logits).reshape([batch, 1, height, width])
    }

    /// Multiplies a full spectrum by its gates.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, height, width]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, spectrum: ComplexTensor<4>) -> ComplexTensor<4> {
        let gates = self.gates(spectrum.clone());
        spectrum.mul_real(gates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spectra_of_another_size_or_channels_are_refused() {
        let gate = FrequencyGateConfig::new(2, [4, 6]).init(&Device::flex());
        assert_eq!(
            gate.check([1, 2, 4, 4]).unwrap_err().to_string(),
            "expected the full spectrum of images of size [4, 6], as fft2 returns it, got [4, 4] bins, the half-spectrum that rfft2 returns"
        );
        assert_eq!(
            gate.check([1, 2, 4, 5]).unwrap_err().to_string(),
            "expected the full spectrum of images of size [4, 6], as fft2 returns it, got [4, 5] bins"
        );
        assert_eq!(
            gate.check([1, 3, 4, 6]).unwrap_err().to_string(),
            "expected 2 channels, got an input of shape [1, 3, 4, 6]"
        );
        assert!(
            FrequencyGateConfig::new(0, [4, 4])
                .try_init(&Device::flex())
                .is_err()
        );
        assert!(
            FrequencyGateConfig::new(1, [4, 0])
                .try_init(&Device::flex())
                .is_err()
        );
    }
}
