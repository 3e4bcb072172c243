//! The spectrum of a small kernel.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::{FrequencyGrid, SpectralError};

use super::{
    FrequencyResponse, Response, ResponseConfig, check_sizes, check_weight, conv_variance, shape,
};

/// Configuration of a [`Kernel`] response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelConfig {
    /// Taps along each spatial axis.
    pub size: Vec<usize>,
}

impl_config!([] KernelConfig);

impl KernelConfig {
    /// A response with the given number of taps along each axis.
    pub fn new(size: impl Into<Vec<usize>>) -> Self {
        Self { size: size.into() }
    }
}

/// The spectrum of a zero-padded kernel of `k₀×…` taps that start at sample 0:
/// `R(f) = Σ_t w[t]·exp(−2πi·f·t)`.
///
/// In a [`SpectralConv`](crate::conv::SpectralConv) it makes a **circular** convolution on any
/// size that holds the kernel; with the response conjugated, a circular cross-correlation, which
/// is `Conv2d` on circularly padded input. For `Conv2d`'s zero padding, stride and dilation use
/// [`FftConv2d`](crate::conv::FftConv2d).
#[derive(Module, Debug)]
pub struct Kernel<const D: usize> {
    /// Taps, `[out, in / groups, taps…]`.
    pub weight: Param<Tensor<D>>,
}

/// [`Kernel`] of signals, `[batch, channels, length]`.
pub type Kernel1d = Kernel<3>;
/// [`Kernel`] of images, `[batch, channels, height, width]`.
pub type Kernel2d = Kernel<4>;
/// [`Kernel`] of volumes, `[batch, channels, depth, height, width]`.
pub type Kernel3d = Kernel<5>;

impl<const D: usize> ResponseConfig<D> for KernelConfig {
    type Response = Kernel<D>;

    /// Draws the taps as `Conv2d` does, uniform within `±1/√(C_in·k₀·…)`.
    fn try_init(&self, channels: [usize; 2], device: &Device) -> Result<Kernel<D>, SpectralError> {
        check_sizes::<D>("every size of a kernel", &self.size)?;
        check_weight(channels, &self.size)?;
        let taps: usize = self.size.iter().product();
        let bound = (3.0 * conv_variance(channels) / taps as f64).sqrt();
        let distribution = Distribution::Uniform(-bound, bound);
        let weight = Tensor::random(shape::<D>(channels, &self.size), distribution, device);
        Ok(Kernel {
            weight: Param::from_tensor(weight),
        })
    }
}

impl<const D: usize> FrequencyResponse<D> for Kernel<D> {
    fn channels(&self) -> [usize; 2] {
        let dims = self.weight.dims();
        [dims[0], dims[1]]
    }

    fn check(&self, grid: &FrequencyGrid) -> Result<(), SpectralError> {
        let kernel = &self.weight.dims()[2..];
        match kernel.iter().zip(grid.sizes()).all(|(k, n)| k <= n) {
            true => Ok(()),
            false => Err(SpectralError::Kernel {
                kernel: kernel.to_vec(),
                got: grid.sizes().to_vec(),
            }),
        }
    }

    fn response(&self, _grid: &FrequencyGrid) -> Response<D> {
        Response::Taps(self.weight.val())
    }
}
