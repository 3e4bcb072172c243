//! A response on the modes of one size, for inputs of any size.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::error::OrPanic;
use crate::pool::resize_spectrum2d;
use crate::{FrequencyGrid, SpectralError};

use super::{FrequencyResponse, Response, ResponseConfig, Value, check_sizes, evaluate};

/// Configuration of a [`BandLimited`] response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandLimitedConfig<C> {
    /// The response on the modes.
    pub response: C,
    /// Height and width of the images whose modes they are.
    pub size: [usize; 2],
}

impl_config!([C: burn::config::Config] BandLimitedConfig<C>);

impl<C> BandLimitedConfig<C> {
    /// `response` on the modes of images of the given height and width.
    pub fn new(response: C, size: [usize; 2]) -> Self {
        Self { response, size }
    }
}

/// A response that acts on the modes of one size, its reference, whatever the size of the images:
/// on a finer grid it is zero above them, on a coarser one those that are left count.
///
/// A mode is a number of cycles per image. A response in cycles per sample, like a kernel of a few
/// taps, sees half as much of an image that has twice the samples; this one sees the same part of
/// it. Its impulse response on any grid is the trigonometric interpolation of the one on the
/// reference grid, by the rule of [`spectral_resize2d`](crate::pool::spectral_resize2d) at the
/// Nyquist frequencies. So filtering and resampling commute for images that hold no more than the
/// reference's modes: a layer trained at one resolution runs at another, as those of a Fourier neural
/// operator do (Li et al., 2021), and a [`FullSpectrum`](super::FullSpectrum) response is no longer bound to its
/// size.
///
/// A [`Response::Constant`] looks at no neighbor and stays what it is.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::conv::SpectralConv2dConfig;
/// use burn_spectral::response::{BandLimitedConfig, FullSpectrumConfig};
///
/// let device = Device::flex();
/// let response = BandLimitedConfig::new(FullSpectrumConfig::new([28, 28]), [28, 28]);
/// let layer = SpectralConv2dConfig::new([1, 4], response).init(&device);
/// for [height, width] in [[28, 28], [56, 56], [41, 37], [20, 31]] {
///     let y = layer.forward(Tensor::ones([2, 1, height, width], &device));
///     assert_eq!(y.dims(), [2, 4, height, width]);
/// }
/// ```
#[derive(Module, Debug)]
pub struct BandLimited<R: Module> {
    /// The response on the modes.
    pub response: R,
    /// Height and width of the images whose modes they are.
    #[module(skip)]
    pub size: [usize; 2],
}

impl<C> ResponseConfig<4> for BandLimitedConfig<C>
where
    C: ResponseConfig<4, Response: ModuleDisplay>,
{
    type Response = BandLimited<C::Response>;

    /// # Errors
    /// If a size is zero, where the response on the modes cannot be made, or when it cannot be
    /// evaluated at the reference size.
    fn try_init(
        &self,
        channels: [usize; 2],
        device: &Device,
    ) -> Result<Self::Response, SpectralError> {
        check_sizes::<4>("the size of a band-limited response", &self.size)?;
        let response = self.response.try_init(channels, device)?;
        response.check(&FrequencyGrid::new(&self.size)?)?;
        Ok(BandLimited {
            response,
            size: self.size,
        })
    }
}

impl<R: FrequencyResponse<4> + ModuleDisplay> FrequencyResponse<4> for BandLimited<R> {
    fn channels(&self) -> [usize; 2] {
        self.response.channels()
    }

    /// # Errors
    /// Those of the response on the modes, at the reference size.
    fn check(&self, grid: &FrequencyGrid) -> Result<(), SpectralError> {
        check_sizes::<4>("the size of a signal", grid.sizes())?;
        self.response.check(&FrequencyGrid::new(&self.size)?)
    }

    #[track_caller]
    fn response(&self, grid: &FrequencyGrid) -> Response<4> {
        let reference = FrequencyGrid::new(&self.size).or_panic();
        match evaluate(&self.response, &reference) {
            Value::Constant(weight) => Response::Constant(weight),
            Value::Spectrum(spectrum) => {
                let size = [grid.sizes()[0], grid.sizes()[1]];
                Response::Spectrum(resize_spectrum2d(spectrum, self.size, size))
            }
        }
    }

    fn is_constant(&self) -> bool {
        self.response.is_constant()
    }

    /// Those of the response on the modes, at the reference size. What else a coarser grid leaves out is not counted.
    fn dead_parameters(&self, _grid: &FrequencyGrid) -> Vec<(&'static str, usize)> {
        FrequencyGrid::new(&self.size)
            .map(|reference| self.response.dead_parameters(&reference))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Distribution, Tensor};

    use super::*;
    use crate::conv::{SpectralConv2d, SpectralConv2dConfig};
    use crate::pool::spectral_resize2d;
    use crate::response::{
        FullSpectrum2d, FullSpectrumConfig, GaussianConfig, KramersKronigConfig,
    };

    fn largest(tensor: Tensor<4>) -> f64 {
        tensor.abs().max().into_scalar::<f64>()
    }

    fn free(size: [usize; 2]) -> SpectralConv2d<BandLimited<FullSpectrum2d>> {
        let response = BandLimitedConfig::new(FullSpectrumConfig::new(size), size);
        SpectralConv2dConfig::new([2, 3], response).init(&Device::flex())
    }

    #[test]
    fn at_the_reference_size_it_is_the_response_itself() {
        let layer = free([6, 7]);
        let inner = &layer.response.response;
        let grid = FrequencyGrid::new(&[6, 7]).unwrap();
        let (Response::Spectrum(got), Response::Spectrum(expected)) =
            (layer.response.response(&grid), inner.response(&grid))
        else {
            panic!("both are spectra");
        };
        assert_eq!(largest(got.re - expected.re), 0.0);
        assert_eq!(largest(got.im - expected.im), 0.0);
    }

    #[test]
    fn filtering_commutes_with_resampling_below_the_nyquist_frequencies() {
        let device = Device::flex();
        for (reference, fine) in [([5, 7], [12, 9]), ([7, 5], [13, 20]), ([9, 9], [9, 11])] {
            let layer = free(reference);
            let [height, width] = reference;
            let images = Tensor::random([2, 2, height, width], Distribution::Default, &device);
            let here = spectral_resize2d(layer.forward(images.clone()), fine);
            let there = layer.forward(spectral_resize2d(images, fine));
            let scale = largest(here.clone());
            assert!(
                largest(here - there) < 1e-5 * scale,
                "{reference:?} {fine:?}"
            );
        }
    }

    #[test]
    fn its_impulse_response_is_the_resampled_one() {
        let device = Device::flex();
        let impulse = |[height, width]: [usize; 2]| {
            let mut samples = vec![0f32; height * width];
            samples[0] = (height * width) as f32;
            Tensor::<1>::from_data(samples.as_slice(), &device).reshape([1, 1, height, width])
        };
        let kramers =
            |size: [usize; 2]| BandLimitedConfig::new(KramersKronigConfig::new(size), size);
        for (reference, other) in [
            ([6, 8], [12, 16]),
            ([6, 8], [9, 11]),
            ([7, 6], [5, 4]),
            ([4, 5], [8, 3]),
        ] {
            let layer = SpectralConv2dConfig::new([1, 2], kramers(reference)).init(&device);
            let expected = spectral_resize2d(layer.forward(impulse(reference)), other);
            let got = layer.forward(impulse(other));
            let scale = largest(expected.clone());
            assert!(
                largest(got - expected) < 1e-5 * scale,
                "{reference:?} {other:?}"
            );
        }
    }

    #[test]
    fn gradients_reach_every_mode_of_a_coarser_or_finer_grid() {
        let device = Device::flex().autodiff();
        let response = BandLimitedConfig::new(GaussianConfig::new(), [6, 5]);
        let layer = SpectralConv2dConfig::new([1, 1], response).init(&device);
        for size in [[6, 5], [11, 8], [4, 4]] {
            let images = Tensor::random([1, 1, size[0], size[1]], Distribution::Default, &device);
            let gradients = layer.forward(images).powi_scalar(2).sum().backward();
            for parameters in [&layer.response.response.re, &layer.response.response.im] {
                let gradient = parameters.val().grad(&gradients).unwrap();
                let sum = gradient.abs().sum().into_scalar::<f64>();
                assert!(sum.is_finite() && sum > 0.0, "{size:?}");
            }
        }
    }

    #[test]
    fn a_response_bound_to_another_size_is_refused() {
        let config = BandLimitedConfig::new(FullSpectrumConfig::new([8, 8]), [6, 8]);
        let layer = SpectralConv2dConfig::new([1, 1], config).try_init(&Device::flex());
        let error = layer.unwrap_err().to_string();
        assert!(
            error.contains("[8, 8]") && error.contains("[6, 8]"),
            "{error}"
        );
        let config = BandLimitedConfig::new(GaussianConfig::new(), [6, 0]);
        let layer = SpectralConv2dConfig::new([1, 1], config).try_init(&Device::flex());
        assert!(layer.unwrap_err().to_string().contains("band-limited"));
    }
}
