//! One free complex weight per frequency.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::grid::own_negatives;
use crate::{ComplexTensor, FrequencyGrid, Norm, SpectralError, fft};

use super::{
    FrequencyResponse, Response, ResponseConfig, check_sizes, check_weight, conv_variance, shape,
};

/// Configuration of a [`FullSpectrum`] response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullSpectrumConfig {
    /// Samples along each spatial axis of the inputs.
    pub size: Vec<usize>,
}

impl_config!([] FullSpectrumConfig);

impl FullSpectrumConfig {
    /// A response for inputs of the given size.
    pub fn new(size: impl Into<Vec<usize>>) -> Self {
        Self { size: size.into() }
    }
}

/// One free complex weight per frequency: Pratt et al. (2017); with depthwise coupling the
/// global filter of GFNet (Rao et al., 2021).
///
/// It is bound to the size it was created for. As a filter it is a circular kernel as large as the
/// input: `h·w` real taps, which `2·h·(w/2 + 1)` weights describe, so a few of them are redundant
/// (see [`crate::fft`] on what the inverse transform drops).
#[derive(Module, Debug)]
pub struct FullSpectrum<const D: usize> {
    /// Real part, `[out, in / groups, bins…]`.
    pub re: Param<Tensor<D>>,
    /// Imaginary part, `[out, in / groups, bins…]`.
    pub im: Param<Tensor<D>>,
    /// Samples along the half-spectrum axis.
    pub length: usize,
}

/// [`FullSpectrum`] of signals, `[batch, channels, length]`.
pub type FullSpectrum1d = FullSpectrum<3>;
/// [`FullSpectrum`] of images, `[batch, channels, height, width]`.
pub type FullSpectrum2d = FullSpectrum<4>;
/// [`FullSpectrum`] of volumes, `[batch, channels, depth, height, width]`.
pub type FullSpectrum3d = FullSpectrum<5>;

impl<const D: usize> ResponseConfig<D> for FullSpectrumConfig {
    type Response = FullSpectrum<D>;

    /// Draws the spectrum of a real kernel of white noise, so that it starts Hermitian with
    /// `E|R_k|² = 1 / (3·C_in)` at every frequency, the variance of a fresh `Conv2d`.
    fn try_init(
        &self,
        channels: [usize; 2],
        device: &Device,
    ) -> Result<FullSpectrum<D>, SpectralError> {
        check_sizes::<D>("every size of a FullSpectrum response", &self.size)?;
        check_weight(channels, &self.size)?;
        let samples: usize = self.size.iter().product();
        let deviation = (conv_variance(channels) / samples as f64).sqrt();
        let noise = Distribution::Normal(0.0, deviation);
        let kernel = Tensor::<D>::random(shape::<D>(channels, &self.size), noise, device);
        let spectrum = fft::rfftn(kernel, &fft::spatial_dims::<D>(), Norm::Backward).into_complex();
        Ok(FullSpectrum {
            re: Param::from_tensor(spectrum.re),
            im: Param::from_tensor(spectrum.im),
            length: self.size[D - 3],
        })
    }
}

impl<const D: usize> FullSpectrum<D> {
    /// The input size that the response was created for.
    pub fn size(&self) -> Vec<usize> {
        let mut size = self.re.dims()[2..].to_vec();
        size[D - 3] = self.length;
        size
    }
}

impl<const D: usize> FrequencyResponse<D> for FullSpectrum<D> {
    fn channels(&self) -> [usize; 2] {
        let dims = self.re.dims();
        [dims[0], dims[1]]
    }

    fn check(&self, grid: &FrequencyGrid) -> Result<(), SpectralError> {
        match grid.sizes() == self.size() {
            true => Ok(()),
            false => Err(SpectralError::Size {
                response: "FullSpectrum",
                expected: self.size(),
                got: grid.sizes().to_vec(),
            }),
        }
    }

    fn response(&self, _grid: &FrequencyGrid) -> Response<D> {
        Response::Spectrum(ComplexTensor::new(self.re.val(), self.im.val()))
    }

    /// Imaginary parts at the frequencies that are their own negative, where the spectrum of a real signal is real.
    fn dead_parameters(&self, _grid: &FrequencyGrid) -> Vec<(&'static str, usize)> {
        let [outputs, inputs] = self.channels();
        let own: usize = self.size().into_iter().map(own_negatives).product();
        vec![("im", outputs * inputs * own)]
    }
}
