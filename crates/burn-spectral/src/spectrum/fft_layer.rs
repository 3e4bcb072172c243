//! The transform as a layer with real channels.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::error::OrPanic;
use crate::ops::{Half, cat};
use crate::scaled::{Floor, over_magnitude};
use crate::{ComplexTensor, FrequencyGrid, Norm, SpectralError, fft};

/// The output of an [`FftLayer`] for a spectrum `X`, as consecutive groups of real channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SpectrumOutput {
    /// `Re X`, `Im X`: everything, linear in the image.
    #[default]
    RealImaginary,
    /// `|X|`: the phase, where the edges are, is lost; circular shifts change nothing.
    Magnitude,
    /// `|X|`, cosine and sine of the phase, which have no jump at ±π.
    MagnitudeCosSin,
    /// `ln(1 + |X|)`: a few low frequencies of an image are far larger than the rest.
    LogMagnitude,
}

impl SpectrumOutput {
    /// Output channels for one input channel.
    pub fn multiplier(&self) -> usize {
        match self {
            Self::RealImaginary => 2,
            Self::Magnitude | Self::LogMagnitude => 1,
            Self::MagnitudeCosSin => 3,
        }
    }
}

/// Which part of the spectrum of a real image an [`FftLayer`] returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SpectrumExtent {
    /// `width/2 + 1` bins along the width: the others are their conjugates.
    #[default]
    Half,
    /// All bins, as `fft2`.
    Full,
}

/// [`Norm`] by name, for configuration files.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Norm")]
enum NormName {
    Backward,
    Ortho,
    Forward,
}

/// Configuration of an [`FftLayer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FftLayerConfig {
    /// What is returned of the spectrum; real and imaginary part by default.
    pub output: SpectrumOutput,
    /// How much of it; one half by default.
    pub extent: SpectrumExtent,
    /// Where the factor `1/N` goes; `Backward` by default, which puts none on this side.
    #[serde(with = "NormName")]
    pub norm: Norm,
    /// The magnitude below which cosine and sine of the phase fade to zero, above 0; 0.001 by
    /// default.
    pub phase_floor: f64,
}

impl_config!([] FftLayerConfig);

impl FftLayerConfig {
    /// A layer with the given output.
    pub fn new(output: SpectrumOutput) -> Self {
        Self {
            output,
            extent: SpectrumExtent::default(),
            norm: Norm::default(),
            phase_floor: 1e-3,
        }
    }

    /// Sets which part of the spectrum is returned.
    pub fn with_extent(mut self, extent: SpectrumExtent) -> Self {
        self.extent = extent;
        self
    }

    /// Sets the norm.
    pub fn with_norm(mut self, norm: Norm) -> Self {
        self.norm = norm;
        self
    }

    /// Sets the magnitude below which the phase fades.
    pub fn with_phase_floor(mut self, phase_floor: f64) -> Self {
        self.phase_floor = phase_floor;
        self
    }

    /// Creates the layer.
    ///
    /// # Errors
    /// If the phase floor is not a positive finite number.
    pub fn try_init(&self) -> Result<FftLayer, SpectralError> {
        match self.phase_floor > 0.0 && self.phase_floor.is_finite() {
            true => Ok(FftLayer {
                output: self.output,
                extent: self.extent,
                norm: self.norm,
                phase_floor: self.phase_floor,
            }),
            false => Err(SpectralError::NotPositive {
                what: "the phase floor",
                value: self.phase_floor.to_string(),
            }),
        }
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self) -> FftLayer {
        self.try_init().or_panic()
    }
}

/// The transform of images as a layer, its result as real channels.
///
/// Gradients are finite everywhere. That of the magnitude is of length 1 at most, and zero at
/// exactly zero, the smallest of the subgradients there. Cosine and sine of the phase have no limit
/// at the origin: here they are `Re X/√(|X|² + ε²)` and `Im X/√(|X|² + ε²)` with the phase floor
/// `ε`, exact to `ε²/(2|X|²)`, zero at the origin, with gradients of at most `1/ε`. A floor below the
/// smallest normal number of f32, or of f64 in f64, counts as that number.
///
/// In half precision spectrum and output are computed in f32, and the output is rounded.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::spectrum::{FftLayerConfig, SpectrumOutput};
///
/// let images = Tensor::<4>::ones([8, 1, 28, 28], &Device::flex());
/// let layer = FftLayerConfig::new(SpectrumOutput::MagnitudeCosSin).init();
/// assert_eq!(layer.forward(images).dims(), [8, 3, 28, 15]);
/// ```
#[derive(Module, Debug)]
pub struct FftLayer {
    /// What is returned of the spectrum.
    #[module(skip)]
    pub output: SpectrumOutput,
    /// How much of it.
    #[module(skip)]
    pub extent: SpectrumExtent,
    /// Where the factor `1/N` goes.
    #[module(skip)]
    pub norm: Norm,
    /// The magnitude below which cosine and sine of the phase fade to zero.
    pub phase_floor: f64,
}

impl FftLayer {
    /// Checks that the layer accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the height or the width is zero.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        FrequencyGrid::new(&dims[2..]).map(|_| ())
    }

    /// Transforms.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, m·channels, height, bins]` with the output's
    ///   [`multiplier`](SpectrumOutput::multiplier) `m` and `width/2 + 1` or `width` bins
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.check(images.dims()).or_panic();
        // The spectrum may lie out of the range of half precision where its logarithm does not.
        if let Some(half) = Half::of(&images) {
            return half.round(self.forward(half.widen(images)));
        }
        let spectrum = match self.extent {
            SpectrumExtent::Half => fft::rfft2(images, self.norm).into_complex(),
            SpectrumExtent::Full => fft::fft2(ComplexTensor::from_real(images), self.norm),
        };
        self.channels(spectrum)
    }

    /// A spectrum as real channels.
    fn channels(&self, spectrum: ComplexTensor<4>) -> Tensor<4> {
        match self.output {
            SpectrumOutput::RealImaginary => cat(vec![spectrum.re, spectrum.im], 1),
            SpectrumOutput::Magnitude => spectrum.abs(),
            SpectrumOutput::LogMagnitude => spectrum.abs().log1p(),
            SpectrumOutput::MagnitudeCosSin => {
                let phase = over_magnitude(spectrum.clone(), self.phase_floor, Floor::Smooth);
                let parts = vec![spectrum.abs(), phase.re, phase.im];
                cat(parts, 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};

    const OUTPUTS: [SpectrumOutput; 4] = [
        SpectrumOutput::RealImaginary,
        SpectrumOutput::Magnitude,
        SpectrumOutput::MagnitudeCosSin,
        SpectrumOutput::LogMagnitude,
    ];

    #[test]
    fn channels_follow_the_output() {
        let ramp = Tensor::<1, Int>::arange(0..252, &Device::flex()).float();
        let images: Tensor<4> = (ramp * 0.37).sin().reshape([2, 3, 6, 7]);
        for output in OUTPUTS {
            let config = FftLayerConfig::new(output);
            let half = config.init().forward(images.clone());
            assert_eq!(
                half.dims(),
                [2, 3 * output.multiplier(), 6, 4],
                "{output:?}"
            );
            let full = config
                .with_extent(SpectrumExtent::Full)
                .init()
                .forward(images.clone());
            assert_eq!(
                full.dims(),
                [2, 3 * output.multiplier(), 6, 7],
                "{output:?}"
            );
            let error = (full.narrow(3, 0, 4) - half)
                .abs()
                .max()
                .into_scalar::<f32>();
            assert!(error < 1e-4, "{output:?}: {error}");
        }
    }

    #[test]
    fn a_phase_floor_of_zero_is_refused() {
        let config = FftLayerConfig::new(SpectrumOutput::MagnitudeCosSin).with_phase_floor(0.0);
        assert_eq!(
            config.try_init().unwrap_err().to_string(),
            "the phase floor must be a positive finite number, got 0"
        );
        assert!(config.with_phase_floor(f64::NAN).try_init().is_err());
    }

    #[test]
    #[should_panic(expected = "every size of a signal of [0, 4] samples must be at least 1")]
    fn an_empty_axis_is_refused() {
        let layer = FftLayerConfig::new(SpectrumOutput::Magnitude).init();
        layer.forward(Tensor::zeros([1, 1, 0, 4], &Device::flex()));
    }
}
