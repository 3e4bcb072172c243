//! Free complex weights on the lowest Fourier modes.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::ops::Modes;
use crate::{ComplexTensor, FrequencyGrid, Norm, SpectralError, SpectralInitializer, fft, ops};

use super::value::modes_fit;
use super::{
    FrequencyResponse, Response, ResponseConfig, check_sizes, check_weight, conv_variance, shape,
};

/// Configuration of a [`FourierModes`] response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FourierModesConfig {
    /// For each spatial axis the number of bins kept from 0 up, and of negative frequencies: 0 on the
    /// last axis, which is that of the half-spectrum.
    pub corners: Vec<[usize; 2]>,
    /// How the weights start. `Conv` draws the spectrum of white noise with `E|R_k|² = 1 / (3·C_in)`:
    /// on the modes that are kept a fresh layer passes on what a fresh `Conv2d` would. `Published`
    /// draws real and imaginary parts from `U(0, 1) / (C_in·C_out)` (Li et al., 2021): the weights
    /// have a positive mean, and their size falls with both numbers of channels. `Glorot` draws complex
    /// normal numbers with `E|R_k|² = 2 / (C_in + C_out)`, as neuraloperator does.
    pub initializer: SpectralInitializer,
}

impl_config!([] FourierModesConfig);

impl FourierModesConfig {
    /// `modes` as in Li et al. (2021): bins `0 … m` and `−m … 0` of each axis but the last, bins
    /// `0 … m` of the last.
    pub fn new(modes: impl AsRef<[usize]>) -> Self {
        let modes = modes.as_ref();
        let last = modes.len().saturating_sub(1);
        let corners = modes.iter().enumerate();
        Self {
            corners: corners
                .map(|(a, &m)| [m, if a == last { 0 } else { m }])
                .collect(),
            initializer: SpectralInitializer::default(),
        }
    }

    /// `modes` as in the neuraloperator library: of each axis `n` bins of the whole spectrum around
    /// 0, for even `n` one more negative than positive; of the last the `n/2 + 1` that are not
    /// negative.
    pub fn centered(modes: impl AsRef<[usize]>) -> Self {
        let modes = modes.as_ref();
        let last = modes.len().saturating_sub(1);
        let corners = modes.iter().enumerate();
        Self {
            corners: corners
                .map(|(a, &n)| match a == last {
                    true => [n / 2 + 1, 0],
                    false => [n.div_ceil(2), n / 2],
                })
                .collect(),
            initializer: SpectralInitializer::default(),
        }
    }

    /// Sets how the weights are drawn.
    pub fn with_initializer(mut self, initializer: SpectralInitializer) -> Self {
        self.initializer = initializer;
        self
    }
}

/// One free complex weight per Fourier mode up to a cutoff, zero above: the spectral convolution of the
/// Fourier neural operator (Li et al., 2021).
///
/// A Fourier mode is a number of cycles per signal, so a layer runs at any resolution that has its
/// modes, and does the same to the same function sampled more finely. In two dimensions `re` and `im` hold the
/// published `weights1` in their first rows and `weights2` in the others, with the two channel axes
/// exchanged.
///
/// Of the modes whose last index is 0 (or half of an even size), the result keeps the part that is
/// Hermitian over the other axes (see [`crate::fft`]). In the published counting mode `−m` there has
/// no partner `m`, so half of it counts.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::conv::SpectralConv2dConfig;
/// use burn_spectral::response::FourierModesConfig;
///
/// let device = Device::flex();
/// let layer = SpectralConv2dConfig::new([1, 4], FourierModesConfig::new([6, 6])).init(&device);
/// assert_eq!(layer.response.re.dims(), [4, 1, 12, 6]);
/// for [height, width] in [[16, 16], [64, 64], [41, 37]] {
///     let y = layer.forward(Tensor::ones([2, 1, height, width], &device));
///     assert_eq!(y.dims(), [2, 4, height, width]);
/// }
/// ```
#[derive(Module, Debug)]
pub struct FourierModes<const D: usize> {
    /// Real part, `[out, in / groups, kept…]`.
    pub re: Param<Tensor<D>>,
    /// Imaginary part, `[out, in / groups, kept…]`.
    pub im: Param<Tensor<D>>,
    /// As [`FourierModesConfig::corners`]; not part of the [record](crate::conv::SpectralConv#records).
    #[module(skip)]
    pub corners: Vec<[usize; 2]>,
}

/// [`FourierModes`] of signals, `[batch, channels, length]`.
pub type FourierModes1d = FourierModes<3>;
/// [`FourierModes`] of images, `[batch, channels, height, width]`.
pub type FourierModes2d = FourierModes<4>;
/// [`FourierModes`] of volumes, `[batch, channels, depth, height, width]`.
pub type FourierModes3d = FourierModes<5>;

fn modes(corners: &[[usize; 2]]) -> Vec<Modes> {
    corners.iter().map(|&[p, n]| Modes::new(p, n)).collect()
}

impl<const D: usize> ResponseConfig<D> for FourierModesConfig {
    type Response = FourierModes<D>;

    /// # Errors
    /// If there is not one count for every spatial axis, an axis keeps nothing from bin 0 up, or
    /// the last keeps negative frequencies.
    fn try_init(
        &self,
        channels: [usize; 2],
        device: &Device,
    ) -> Result<FourierModes<D>, SpectralError> {
        let [positive, negative] = [0, 1].map(|side| {
            self.corners
                .iter()
                .map(|corner| corner[side])
                .collect::<Vec<_>>()
        });
        check_sizes::<D>("every number of kept modes", &positive)?;
        SpectralError::check_sizes("every number of kept negative modes", &negative)?;
        if self.corners[D - 3][1] > 0 {
            return Err(SpectralError::HalfModes {
                got: self.corners[D - 3][1],
            });
        }
        let modes = modes(&self.corners);
        let kept: Vec<usize> = modes.iter().map(|modes| modes.kept()).collect();
        check_weight(channels, &kept)?;
        let normal = |noise| {
            let draw = || Tensor::<D>::random(shape::<D>(channels, &kept), noise, device);
            ComplexTensor::new(draw(), draw())
        };
        let weights = match self.initializer {
            SpectralInitializer::Conv => {
                // The smallest grid on which no kept bin is its own mirror image but 0.
                let size: Vec<usize> = modes
                    .iter()
                    .map(|modes| 2 * modes.negative.max(modes.positive - 1) + 1)
                    .collect();
                check_weight(channels, &size)?;
                let samples: usize = size.iter().product();
                let deviation = (conv_variance(channels) / samples as f64).sqrt();
                let noise = Distribution::Normal(0.0, deviation);
                let noise = Tensor::<D>::random(shape::<D>(channels, &size), noise, device);
                ops::keep_modes(
                    fft::rfftn(noise, &fft::spatial_dims::<D>(), Norm::Backward).into_complex(),
                    &modes,
                )
            }
            SpectralInitializer::Normal(deviation) => {
                normal(SpectralInitializer::normal(deviation)?)
            }
            SpectralInitializer::Published => {
                let most = 1.0 / (channels[0] * channels[1]) as f64;
                let uniform = || {
                    let range = Distribution::Uniform(0.0, most);
                    Tensor::<D>::random(shape::<D>(channels, &kept), range, device)
                };
                ComplexTensor::new(uniform(), uniform())
            }
            SpectralInitializer::Glorot => {
                let deviation = (1.0 / (channels[0] + channels[1]) as f64).sqrt();
                normal(SpectralInitializer::normal(deviation)?)
            }
            other => {
                return Err(other.unsupported("FourierModes", "Conv, Published, Normal or Glorot"));
            }
        };
        Ok(FourierModes {
            re: Param::from_tensor(weights.re),
            im: Param::from_tensor(weights.im),
            corners: self.corners.clone(),
        })
    }
}

impl<const D: usize> FrequencyResponse<D> for FourierModes<D> {
    fn channels(&self) -> [usize; 2] {
        let dims = self.re.dims();
        [dims[0], dims[1]]
    }

    /// # Errors
    /// If the grid has fewer frequencies than the modes.
    fn check(&self, grid: &FrequencyGrid) -> Result<(), SpectralError> {
        match modes_fit(&modes(&self.corners), grid) {
            true => Ok(()),
            false => Err(SpectralError::Modes {
                modes: self.corners.clone(),
                got: grid.sizes().to_vec(),
            }),
        }
    }

    fn response(&self, _grid: &FrequencyGrid) -> Response<D> {
        let weights = ComplexTensor::new(self.re.val(), self.im.val());
        Response::Modes(weights, modes(&self.corners))
    }

    fn has_modes(&self) -> bool {
        true
    }

    fn kept_bins(&self, _grid: &FrequencyGrid) -> Vec<usize> {
        modes(&self.corners).iter().map(|m| m.kept()).collect()
    }

    /// Imaginary parts at the kept modes that are their own negative on the grid, where the spectrum of a real signal
    /// is real.
    fn dead_parameters(&self, grid: &FrequencyGrid) -> Vec<(&'static str, usize)> {
        let [outputs, inputs] = self.channels();
        let own = |(&samples, &[positive, negative]): (&usize, &[usize; 2])| {
            let keeps_half = positive > samples / 2 || negative >= samples / 2;
            match samples.is_multiple_of(2) && keeps_half {
                true => 2,
                false => 1,
            }
        };
        let own: usize = grid.sizes().iter().zip(&self.corners).map(own).product();
        vec![("im", outputs * inputs * own)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{SpectralConv1dConfig, SpectralConv2dConfig};

    #[test]
    fn the_two_ways_of_counting_modes() {
        assert_eq!(
            FourierModesConfig::new([12, 12]).corners,
            [[12, 12], [12, 0]]
        );
        assert_eq!(
            FourierModesConfig::centered([24, 24]).corners,
            [[12, 12], [13, 0]]
        );
        assert_eq!(
            FourierModesConfig::centered([5, 4, 3]).corners,
            [[3, 2], [2, 2], [2, 0]]
        );
    }

    #[test]
    fn sizes_without_the_modes_and_negative_ones_on_the_last_axis_are_refused() {
        let device = Device::flex();
        let layer =
            SpectralConv2dConfig::new([1, 1], FourierModesConfig::new([4, 5])).init(&device);
        assert!(layer.check([1, 1, 8, 8]).is_ok());
        assert_eq!(
            layer.check([1, 1, 7, 8]).unwrap_err().to_string(),
            "inputs of size [7, 8] have fewer frequencies than the Fourier modes [[4, 4], [5, 0]] (non-negative and negative per axis); use fewer modes or larger inputs"
        );
        assert!(layer.check([1, 1, 8, 7]).is_err());
        let mut config = FourierModesConfig::new([4]);
        config.corners[0][1] = 3;
        let error = SpectralConv1dConfig::new([1, 1], config).try_init(&device);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the last axis of a half-spectrum has no negative frequencies: expected 0 negative modes, got 3"
        );
        let config = FourierModesConfig::new([4, 0]);
        assert!(
            SpectralConv2dConfig::new([1, 1], config)
                .try_init(&device)
                .is_err()
        );
        let config = FourierModesConfig::new([4]);
        assert!(
            SpectralConv2dConfig::new([1, 1], config)
                .try_init(&device)
                .is_err()
        );
    }

    #[test]
    fn fresh_weights_have_the_variance_of_a_convolution_and_pair_up() {
        let device = Device::flex();
        let config = FourierModesConfig::new([4, 5]);
        let fresh: FourierModes2d = config.init([64, 32], &device);
        let (re, im) = (fresh.re.val(), fresh.im.val());
        let power = (re.clone() * re.clone() + im.clone() * im.clone()).mean();
        let ratio = power.into_scalar::<f64>() * 96.0;
        assert!((ratio - 1.0).abs() < 0.03, "{ratio}");
        // Modes 3 and −3 of last index 0.
        let sum = im.clone().narrow(2, 3, 1).narrow(3, 0, 1) + im.narrow(2, 5, 1).narrow(3, 0, 1);
        let difference =
            re.clone().narrow(2, 3, 1).narrow(3, 0, 1) - re.narrow(2, 5, 1).narrow(3, 0, 1);
        assert!((sum.abs() + difference.abs()).max().into_scalar::<f64>() < 1e-6);
    }

    #[test]
    fn published_weights_are_positive_and_small() {
        let config = FourierModesConfig::new([3]).with_initializer(SpectralInitializer::Published);
        let fresh: FourierModes1d = config.init([4, 8], &Device::flex());
        for part in [fresh.re.val(), fresh.im.val()] {
            assert!(part.clone().min().into_scalar::<f64>() >= 0.0);
            let most = part.max().into_scalar::<f64>() * 32.0;
            assert!(most > 0.8 && most <= 1.0, "{most}");
        }
    }
}
