//! Filter responses: what a spectral layer multiplies each frequency by.
//!
//! A response is a module that returns its value on a [`FrequencyGrid`], in a form that keeps its
//! structure ([`Response`]), so that the convolution can choose the algorithm: a constant needs no
//! transform, and a few taps stay few. A response of your own is one type that implements
//! [`FrequencyResponse`], forward pass only; gradients come from autodiff.

mod band_limited;
mod constant;
mod coupling;
mod fourier_modes;
mod full_spectrum;
mod gaussian;
mod kernel;
mod kramers_kronig;
mod parametric;
mod polynomial;
mod value;

pub use crate::spectrum::GateConfig;
pub use band_limited::{BandLimited, BandLimitedConfig};
pub use constant::{Constant, ConstantConfig};
pub use coupling::Coupling;
pub use fourier_modes::{
    FourierModes, FourierModes1d, FourierModes2d, FourierModes3d, FourierModesConfig,
};
pub use full_spectrum::{
    FullSpectrum, FullSpectrum1d, FullSpectrum2d, FullSpectrum3d, FullSpectrumConfig,
};
pub use gaussian::{Gaussian, GaussianConfig};
pub use kernel::{Kernel, Kernel1d, Kernel2d, Kernel3d, KernelConfig};
pub use kramers_kronig::{
    KramersKronig, KramersKronig1d, KramersKronig2d, KramersKronig3d, KramersKronigConfig, hilbert,
};
pub use parametric::ParametricForm;
pub use polynomial::{Polynomial, PolynomialConfig};

pub(crate) use value::{Value, checked, evaluate};

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::error::OrPanic;
use crate::ops::Modes;
use crate::{ComplexTensor, FrequencyGrid, SpectralError};

/// The value of a response on a grid, in its most structured form.
///
/// `D` is the rank of the layer's input tensor, two more than its spatial axes: 3 for signals, 4 for
/// images, 5 for volumes.
// It lives for one call and is taken apart at once: a box would be one allocation more.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Response<const D: usize> {
    /// The same complex number at every frequency of the **full** spectrum, `[out, in / groups]`.
    ///
    /// A real result keeps only `(R(k) + conj R(−k)) / 2`, the real part: a 1×1 convolution.
    Constant(Tensor<2>),
    /// Taps of the impulse response from sample 0 on, `[out, in / groups, taps…]`; zero beyond.
    Taps(Tensor<D>),
    /// One complex number per bin of the lowest modes of each axis, zero elsewhere,
    /// `[out, in / groups, kept…]`: bins from 0 up, then those of the negative frequencies.
    Modes(ComplexTensor<D>, Vec<Modes>),
    /// One complex number per bin of the half-spectrum, `[out, in / groups, bins…]`.
    Spectrum(ComplexTensor<D>),
}

/// A parameterized filter response.
///
/// `D` is the rank of the layer's input tensor, two more than its spatial axes: 3 for signals, 4 for
/// images, 5 for volumes. Implementing this trait is the only place where a program names it.
///
/// # Example
/// A low-pass with one learned cutoff per filter, `R(f) = exp(−(f/c)²)`:
/// ```
/// use burn::module::{Module, Param};
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::response::{Coupling, FrequencyResponse, Response};
/// use burn_spectral::{ComplexTensor, FrequencyGrid, conv::SpectralConv1d};
///
/// #[derive(Module, Debug)]
/// struct LowPass {
///     cutoff: Param<Tensor<3>>, // [out, in, 1]
/// }
///
/// impl FrequencyResponse<3> for LowPass {
///     fn channels(&self) -> [usize; 2] {
///         let [outputs, inputs, _] = self.cutoff.dims();
///         [outputs, inputs]
///     }
///
///     fn response(&self, grid: &FrequencyGrid) -> Response<3> {
///         let cutoff = self.cutoff.val();
///         let f = grid.frequencies(0, &cutoff.device()).reshape([1, 1, -1]);
///         let ratio = f / cutoff;
///         Response::Spectrum(ComplexTensor::from_real((-(ratio.clone() * ratio)).exp()))
///     }
/// }
///
/// let device = Device::flex();
/// let response = LowPass { cutoff: Param::from_tensor(Tensor::full([4, 2, 1], 0.2, &device)) };
/// let layer = SpectralConv1d::from_response(response, [2, 4], Coupling::Dense).unwrap();
/// let y = layer.forward(Tensor::ones([1, 2, 150], &device));
/// assert_eq!(y.dims(), [1, 4, 150]);
/// ```
pub trait FrequencyResponse<const D: usize>: Module + core::fmt::Debug {
    /// Output channels and input channels of a group.
    fn channels(&self) -> [usize; 2];

    /// The response on a grid that [`check`](Self::check) accepts.
    fn response(&self, grid: &FrequencyGrid) -> Response<D>;

    /// Whether the response can be evaluated on a grid.
    ///
    /// # Errors
    /// [`SpectralError::Size`] for a response that is bound to one size.
    fn check(&self, _grid: &FrequencyGrid) -> Result<(), SpectralError> {
        Ok(())
    }

    /// Whether its value is a [`Response::Constant`] on every grid, so that a layer needs no
    /// transform.
    fn is_constant(&self) -> bool {
        false
    }

    /// Whether its value is a [`Response::Modes`] on every grid, so that a layer can change the resolution on the way.
    fn has_modes(&self) -> bool {
        false
    }

    /// Bins along each axis at which it may differ from zero.
    fn kept_bins(&self, grid: &FrequencyGrid) -> Vec<usize> {
        grid.bins()
    }

    /// Parameters that cannot change the output of a layer on signals of this grid, by name and number of values.
    ///
    /// Redundant parameters are not counted: those that change the output, but only as others do too.
    fn dead_parameters(&self, _grid: &FrequencyGrid) -> Vec<(&'static str, usize)> {
        Vec::new()
    }
}

/// The configuration of a response, part of a layer's configuration.
pub trait ResponseConfig<const D: usize>: Clone + core::fmt::Debug {
    /// The response it makes.
    type Response: FrequencyResponse<D>;

    /// Creates the response with `channels` = `[out, in / groups]` channels.
    ///
    /// # Errors
    /// If channels or sizes are zero, too large, or do not match the number of spatial axes.
    fn try_init(
        &self,
        channels: [usize; 2],
        device: &Device,
    ) -> Result<Self::Response, SpectralError>;

    /// Creates the response with `channels` = `[out, in / groups]` channels.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    fn init(&self, channels: [usize; 2], device: &Device) -> Self::Response {
        self.try_init(channels, device).or_panic()
    }
}

/// Checks that the transforms serve so many spatial axes.
pub(crate) fn check_axes(axes: usize) -> Result<(), SpectralError> {
    match (1..=3).contains(&axes) {
        true => Ok(()),
        false => Err(SpectralError::SpatialAxes { got: axes }),
    }
}

/// Checks that there is one size, of at least one, for every spatial axis.
fn check_sizes<const D: usize>(what: &str, sizes: &[usize]) -> Result<(), SpectralError> {
    check_axes(D.saturating_sub(2))?;
    if sizes.len() != D - 2 {
        return Err(SpectralError::Axes {
            axes: D - 2,
            got: sizes.to_vec(),
        });
    }
    SpectralError::check_positive(what, sizes)?;
    SpectralError::check_elements(what, sizes)
}

/// Checks that a response of `channels` = `[out, in / groups]` can have so many values along the axes of a parameter.
fn check_weight(channels: [usize; 2], sizes: &[usize]) -> Result<(), SpectralError> {
    SpectralError::check_positive("the number of channels", &channels)?;
    SpectralError::check_elements("a response", &[&channels, sizes].concat())
}

/// `[channels…, sizes…]` as the shape of a tensor.
fn shape<const D: usize>(channels: [usize; 2], sizes: &[usize]) -> [usize; D] {
    core::array::from_fn(|axis| match axis {
        0 | 1 => channels[axis],
        _ => sizes[axis - 2],
    })
}

/// The variance that a fresh response should have at every frequency: that of a fresh `Conv2d`,
/// whose taps have variance `1 / (3·C_in·k²)`.
fn conv_variance(channels: [usize; 2]) -> f64 {
    1.0 / (3.0 * channels[1] as f64)
}
