//! Multiplicative noise on spectra.

use burn::config::Config;
use burn::module::{Flag, Module, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::OrPanic;
use crate::spectrum::SpectrumExtent;
use crate::{ComplexTensor, SpectralError, Spectrum, ops};

use crate::frequency::SpectrumGrid;

/// The factors of a [`SpectralNoise`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NoiseForm {
    /// A factor of its own for real and imaginary part of every bin, as published. It changes
    /// phases, and no spectrum stays that of a real image.
    #[default]
    PerPart,
    /// A real factor for the whole bin, the same for frequency `k` and `−k`: spectra of real images
    /// stay such. In space it is a circular convolution with a random even kernel.
    Hermitian(SpectrumGrid),
}

/// When a [`SpectralNoise`] is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NoiseTime {
    /// In training alone: on a device with autodiff, unless frozen, as Burn's `Dropout`.
    #[default]
    Training,
    /// Always.
    Always,
}

/// Configuration of a [`SpectralNoise`].
#[derive(Config, Debug, PartialEq)]
pub struct SpectralNoiseConfig {
    /// Standard deviation of the factors.
    pub deviation: f64,
    /// What the factors are; per part by default.
    #[config(default = "NoiseForm::PerPart")]
    pub form: NoiseForm,
    /// When it acts; in training by default.
    #[config(default = "NoiseTime::Training")]
    pub time: NoiseTime,
}

impl SpectralNoiseConfig {
    /// The noise published in place of an activation: deviation `rate/6`, always.
    pub fn activation(rate: f64) -> Self {
        Self::new(rate / 6.0).with_time(NoiseTime::Always)
    }

    /// The noise published in place of dropout: deviation `rate/2`, in training.
    pub fn dropout(rate: f64) -> Self {
        Self::new(rate / 2.0)
    }

    /// Creates the layer.
    ///
    /// # Errors
    /// If the deviation is negative or not finite, or the spectra are those of empty images.
    pub fn try_init(&self) -> Result<SpectralNoise, SpectralError> {
        if !(self.deviation.is_finite() && self.deviation >= 0.0) {
            return Err(SpectralError::Negative {
                what: "the standard deviation of a noise",
                value: self.deviation.to_string(),
            });
        }
        if let NoiseForm::Hermitian(grid) = self.form {
            grid.check_size()?;
        }
        Ok(SpectralNoise {
            deviation: self.deviation,
            training: Param::from_bool(true),
            form: self.form,
            time: self.time,
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self) -> SpectralNoise {
        self.try_init().or_panic()
    }
}

/// Multiplication by normal factors of mean one, drawn anew in every pass.
///
/// Pan et al. (2022) put it in place of dropout and, in their later code, of the activation, since
/// neither commutes with the transform. It is linear in its input, so it is no activation; it keeps
/// the expected value and adds a variance of `deviation²·|X|²` per part.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::ComplexTensor;
/// use burn_spectral::published::SpectralNoiseConfig;
///
/// let device = Device::flex();
/// let spectrum = ComplexTensor::from_real(Tensor::<4>::ones([2, 3, 8, 5], &device));
/// // In place of dropout it acts in training alone, and this device has no autodiff.
/// let same = SpectralNoiseConfig::dropout(0.4).init().forward(spectrum);
/// assert_eq!(same.re.sum().into_scalar::<f32>(), 240.0);
/// ```
#[derive(Module, Debug)]
pub struct SpectralNoise {
    /// Standard deviation of the factors.
    pub deviation: f64,
    /// Whether the layer behaves as in training.
    pub training: Param<Flag>,
    /// What the factors are.
    #[module(skip)]
    pub form: NoiseForm,
    /// When it acts.
    #[module(skip)]
    pub time: NoiseTime,
}

impl SpectralNoise {
    /// Multiplies by noise.
    ///
    /// # Shapes
    /// - input and output: any; `[…, bins…]` if Hermitian
    ///
    /// # Panics
    /// If the noise is Hermitian and the last two axes are not the bins of its spectra.
    #[track_caller]
    pub fn forward<const D: usize, S: Spectrum<D>>(&self, spectrum: S) -> S {
        spectrum.map_complex(|z| self.multiply(z))
    }

    #[track_caller]
    fn multiply<const D: usize>(&self, spectrum: ComplexTensor<D>) -> ComplexTensor<D> {
        let is_training = spectrum.device().is_autodiff() && self.training.is_enabled();
        let is_idle = self.time == NoiseTime::Training && !is_training;
        if self.deviation == 0.0 || is_idle || spectrum.dims().contains(&0) {
            return spectrum;
        }
        let noisy = |part| ops::normal_noise(part, self.deviation);
        match self.form {
            NoiseForm::PerPart => spectrum.map(noisy),
            NoiseForm::Hermitian(grid) => {
                let dims = spectrum.dims();
                let bins = grid.bins();
                assert!(
                    D >= 2 && dims[D - 2..] == bins,
                    "this noise is for spectra of {bins:?} bins, got the shape {dims:?}"
                );
                let width = grid.size[1];
                let half = spectrum.re.clone().detach().narrow(D - 1, 0, width / 2 + 1);
                let noise = noisy(half.ones_like());
                let even = even_half(noise, width);
                spectrum.mul_real(match grid.extent {
                    SpectrumExtent::Half => even,
                    SpectrumExtent::Full => mirrored(even, width),
                })
            }
        }
    }
}

/// A half-spectrum of factors made equal at `k` and `−k`: only columns that are their own mirror
/// image hold both.
fn even_half<const D: usize>(noise: Tensor<D>, width: usize) -> Tensor<D> {
    let (rows, bins) = (D - 2, noise.dims()[D - 1]);
    let height = noise.dims()[rows];
    let even = |column: usize| {
        let column = noise.clone().narrow(D - 1, column, 1);
        let pairs = (height - 1) / 2;
        match pairs {
            0 => column,
            _ => {
                let again = column.clone().narrow(rows, 1, pairs).flip([rows]);
                Tensor::cat(vec![column.narrow(rows, 0, height / 2 + 1), again], rows)
            }
        }
    };
    let mut columns = vec![even(0)];
    let between = (width - 1) / 2;
    if between > 0 {
        columns.push(noise.clone().narrow(D - 1, 1, between));
    }
    if between + 1 < bins {
        columns.push(even(bins - 1));
    }
    Tensor::cat(columns, D - 1)
}

/// The full spectrum of an even half: at `−k` what is at `k`.
fn mirrored<const D: usize>(half: Tensor<D>, width: usize) -> Tensor<D> {
    let (rows, pairs) = (D - 2, (width - 1) / 2);
    if pairs == 0 {
        return half;
    }
    let height = half.dims()[rows];
    let tail = half.clone().narrow(D - 1, 1, pairs).flip([D - 1]);
    let tail = match height {
        1 => tail,
        _ => {
            let others = tail.clone().narrow(rows, 1, height - 1).flip([rows]);
            Tensor::cat(vec![tail.narrow(rows, 0, 1), others], rows)
        }
    };
    Tensor::cat(vec![half, tail], D - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_deviation_that_is_none_is_refused() {
        for (deviation, text) in [(-0.1, "-0.1"), (f64::NAN, "NaN")] {
            let error = SpectralNoiseConfig::new(deviation).try_init().unwrap_err();
            let want = format!(
                "the standard deviation of a noise must be a finite number of at least 0, got {text}"
            );
            assert_eq!(error.to_string(), want);
        }
    }

    #[test]
    #[should_panic(
        expected = "this noise is for spectra of [4, 4] bins, got the shape [1, 2, 4, 6]"
    )]
    fn a_spectrum_of_other_bins_is_refused() {
        let form = NoiseForm::Hermitian(SpectrumGrid::half([4, 6]));
        let layer = SpectralNoiseConfig::activation(0.5).with_form(form).init();
        layer.forward(ComplexTensor::from_real(Tensor::<4>::ones(
            [1, 2, 4, 6],
            &Device::flex(),
        )));
    }
}
