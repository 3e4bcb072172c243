//! A causal response from its real part.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::error::OrPanic;
use crate::{ComplexTensor, FrequencyGrid, HalfSpectrum, Norm, SpectralError, fft};

use super::{
    FrequencyResponse, Response, ResponseConfig, check_sizes, check_weight, conv_variance, shape,
};

/// Configuration of a [`KramersKronig`] response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KramersKronigConfig {
    /// Samples along each spatial axis of the inputs.
    pub size: Vec<usize>,
    /// The spatial axis along which it is causal, from 0; the last one by default.
    pub axis: usize,
}

impl_config!([] KramersKronigConfig);

impl KramersKronigConfig {
    /// A response for inputs of the given size, causal along the last axis.
    pub fn new(size: impl Into<Vec<usize>>) -> Self {
        let size = size.into();
        Self {
            axis: size.len().saturating_sub(1),
            size,
        }
    }

    /// Sets the axis along which the response is causal.
    pub fn with_axis(mut self, axis: usize) -> Self {
        self.axis = axis;
        self
    }
}

/// A causal response of which the real part is learned and the imaginary part follows by the
/// discrete Kramers–Kronig relation.
///
/// The learned real part is even, so its inverse transform `h_e` is the even part of an impulse
/// response. With `u[n]` = 1 at `n = 0` and, for even `N`, `n = N/2`; 2 for `0 < n < N/2`; 0
/// beyond, the causal impulse response and its spectrum are
///
/// ```text
/// h = u·h_e,    H = DFT(h),    Re H = DFT(h_e),    Im H = −Hilbert(Re H)
/// ```
///
/// and conversely `Re H = Hilbert(Im H) + h[0] + (−1)^k·h[N/2]`, the last term for even `N` only
/// (Oppenheim and Schafer, *Discrete-Time Signal Processing*, chapter 12). The relations are those
/// of physics, of Kramers (1927) and Kronig (1926), on a circle. Over several axes `u` runs along one of them, and
/// the impulse response lives on a half-plane.
///
/// This is the layer that KKLayer set out to be; see [`KkLayer`](crate::published::KkLayer) for what
/// that one computes.
#[derive(Module, Debug)]
pub struct KramersKronig<const D: usize> {
    /// Real part of the response, `[out, in / groups, bins…]`. Of index 0 and `n/2` on the last
    /// axis only the part that is even over the other axes counts.
    pub real: Param<Tensor<D>>,
    /// Samples along the half-spectrum axis.
    pub length: usize,
    /// The spatial axis along which the response is causal.
    pub axis: usize,
}

/// [`KramersKronig`] of signals, `[batch, channels, length]`.
pub type KramersKronig1d = KramersKronig<3>;
/// [`KramersKronig`] of images, `[batch, channels, height, width]`.
pub type KramersKronig2d = KramersKronig<4>;
/// [`KramersKronig`] of volumes, `[batch, channels, depth, height, width]`.
pub type KramersKronig3d = KramersKronig<5>;

impl<const D: usize> ResponseConfig<D> for KramersKronigConfig {
    type Response = KramersKronig<D>;

    /// Draws a causal impulse response of noise, every tap of the same variance, and keeps the real
    /// part of its spectrum. `E|H_k|²` is `1 / (3·C_in)` in the mean over the frequencies; at every
    /// single one too over one axis, but not over several, where the taps that are their own mirror
    /// image along the causal axis come in equal pairs.
    fn try_init(
        &self,
        channels: [usize; 2],
        device: &Device,
    ) -> Result<KramersKronig<D>, SpectralError> {
        check_sizes::<D>("every size of a Kramers-Kronig response", &self.size)?;
        check_weight(channels, &self.size)?;
        check_axis::<D>(self.axis)?;
        let causal = self.size[self.axis] / 2 + 1;
        let taps = self.size.iter().product::<usize>() / self.size[self.axis] * causal;
        let noise = Distribution::Normal(0.0, (conv_variance(channels) / taps as f64).sqrt());
        let kernel = Tensor::<D>::random(shape::<D>(channels, &self.size), noise, device);
        let weights: Vec<f32> = (0..self.size.iter().product())
            .map(|tap| initial_weight(&self.size, self.axis, tap))
            .collect();
        let weights = TensorData::new(weights, shape::<D>([1, 1], &self.size));
        let weights = Tensor::from_data(weights, (device, kernel.dtype()));
        let spectrum =
            fft::rfftn(kernel * weights, &fft::spatial_dims::<D>(), Norm::Backward).into_complex();
        Ok(KramersKronig {
            real: Param::from_tensor(spectrum.re),
            length: self.size[D - 3],
            axis: self.axis,
        })
    }
}

impl<const D: usize> KramersKronig<D> {
    /// The input size that the response was created for.
    pub fn size(&self) -> Vec<usize> {
        let mut size = self.real.dims()[2..].to_vec();
        size[D - 3] = self.length;
        size
    }

    /// The causal impulse response `h = u·h_e`.
    ///
    /// # Shapes
    /// - output: `[out, in / groups, spatial…]`
    ///
    /// # Panics
    /// If [`axis`](Self::axis) is not one of the spatial axes, with the text of [`SpectralError::Axis`].
    #[track_caller]
    pub fn impulse_response(&self) -> Tensor<D> {
        check_axis::<D>(self.axis).or_panic();
        let real = HalfSpectrum::new(ComplexTensor::from_real(self.real.val()), self.length);
        let even = fft::irfftn(real, &fft::spatial_dims::<D>(), Norm::Backward);
        let window = half_line::<D>(self.size()[self.axis], self.axis, &even.device());
        even.clone() * window.cast(even.dtype())
    }
}

impl<const D: usize> FrequencyResponse<D> for KramersKronig<D> {
    fn channels(&self) -> [usize; 2] {
        let dims = self.real.dims();
        [dims[0], dims[1]]
    }

    fn check(&self, grid: &FrequencyGrid) -> Result<(), SpectralError> {
        check_axis::<D>(self.axis)?;
        match grid.sizes() == self.size() {
            true => Ok(()),
            false => Err(SpectralError::Size {
                response: "KramersKronig",
                expected: self.size(),
                got: grid.sizes().to_vec(),
            }),
        }
    }

    fn response(&self, _grid: &FrequencyGrid) -> Response<D> {
        // The impulse response fills the whole grid: as taps it meets the transform that turns it
        // into a spectrum.
        Response::Taps(self.impulse_response())
    }
}

/// Checks that a response of rank `D` has this spatial axis.
fn check_axis<const D: usize>(axis: usize) -> Result<(), SpectralError> {
    match axis < D - 2 {
        true => Ok(()),
        false => Err(SpectralError::Axis { axis, axes: D - 2 }),
    }
}

/// `u[n]` along spatial axis `axis`: 1 where `n` is its own mirror, 2 before the middle, 0 after.
fn half_line<const D: usize>(length: usize, axis: usize, device: &Device) -> Tensor<D> {
    let value = |n: usize| match (2 * n).cmp(&length) {
        _ if n == 0 => 1.0f32,
        core::cmp::Ordering::Equal => 1.0,
        core::cmp::Ordering::Less => 2.0,
        core::cmp::Ordering::Greater => 0.0,
    };
    let mut dims = [1; D];
    dims[axis + 2] = length;
    let values: Vec<f32> = (0..length).map(value).collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

/// Factor on a tap, by its row-major index, of the noise that a response starts from, so that the
/// taps of its impulse response have the variance of the noise.
///
/// Only the even part of the noise lasts. Along the causal axis `u` doubles it again; a tap that is
/// its own mirror image there, but not along another axis, is the mean of two.
fn initial_weight(size: &[usize], axis: usize, tap: usize) -> f32 {
    let mut rest = tap;
    let (mut along, mut is_own_mirror) = (0, true);
    for (i, &length) in size.iter().enumerate().rev() {
        let index = rest % length;
        rest /= length;
        match i == axis {
            true => along = index,
            false => is_own_mirror &= (2 * index).is_multiple_of(length),
        }
    }
    match (2 * along).is_multiple_of(size[axis]) {
        true if is_own_mirror => 1.0,
        true => core::f32::consts::SQRT_2,
        false if 2 * along < size[axis] => 1.0,
        false => 0.0,
    }
}

/// Discrete Hilbert transform of a real periodic signal along its last axis:
/// `Y[k] = −i·sign(k)·X[k]`, zero at frequency 0 and, for an even length, at `N/2`.
///
/// # Shapes
/// - input and output: `[…, n]`
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::response::hilbert;
///
/// // The Hilbert transform of a cosine is a sine.
/// let angle = Tensor::<1>::from_floats([0.0, 1.0, 2.0, 3.0, 4.0], &Device::flex())
///     * (core::f64::consts::TAU / 5.0);
/// let error = hilbert(angle.clone().cos()) - angle.sin();
/// assert!(error.abs().max().into_scalar::<f32>() < 1e-6);
/// ```
pub fn hilbert<const D: usize>(signal: Tensor<D>) -> Tensor<D> {
    let spectrum = fft::rfft(signal, -1, Norm::Backward);
    // −i·(re + i·im) = im − i·re. At the self-conjugate bins both parts must go: the inverse
    // drops the imaginary part, and `im` is zero there already.
    let rotated = spectrum.map_complex(|z| ComplexTensor::new(z.im, -z.re));
    fft::irfft(rotated, Norm::Backward)
}
