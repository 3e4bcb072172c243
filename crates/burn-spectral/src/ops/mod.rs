//! The spectral operations: one meaning, two ways to run.
//!
//! On Burn's Flex backend in f32 and f64 they run on the slice kernels of `spectral-kernels`, with
//! hand-written adjoints. Everywhere else they run in ordinary tensor ops ([`portable`]), which are
//! right at any size and differentiable by themselves. In f16 and bf16 they run as in f32, and only
//! the output is rounded.
//!
//! Layers check shapes; these functions assume them checked.

mod autodiff;
mod backend;
mod buffer;
mod channel_map;
mod cross_entropy;
mod direct_conv;
mod empty;
mod exponential;
mod fft_conv;
mod filter;
mod flex;
mod full_spectrum;
mod half;
mod linear;
mod long_conv;
mod modes;
mod noise;
pub mod optimizer;
mod pointwise;
pub mod portable;
mod spec;
mod squared_error;
mod stack;

use burn::backend::{Dispatch, DispatchDevice};
use burn::tensor::{DType, Tensor};

use crate::{ComplexTensor, SpectralError};
use backend::SpectralOps;
pub(crate) use empty::{Empty, cat, narrow};
pub(crate) use half::Half;

pub use channel_map::{
    Activation, ChannelSpec, MaxPool, NormalizedBatch, activate_pool, batch_norm_train,
    channel_affine, portable as channel_map_portable,
};
pub use cross_entropy::{CrossEntropySpec, cross_entropy, portable as cross_entropy_portable};
pub use direct_conv::{DirectConvSpec, direct_conv, portable as direct_conv_portable};
pub use exponential::{exponential_sum, portable as exponential_sum_portable};
pub use fft_conv::{FftConvAxis, FftConvSpec, fft_conv, fft_conv_portable};
pub use filter::{FilterSpec, Layout, Placement, spectral_filter};
pub(crate) use full_spectrum::{fft2_of_real, real_of_ifft2};
pub use linear::{linear, portable as linear_portable};
pub use long_conv::long_conv;
pub use modes::{ModesSpec, portable_conv_modes, spectral_conv_modes};
pub(crate) use modes::{keep_modes, spread_modes};
pub(crate) use noise::normal_noise;
pub use pointwise::mix_constant;
pub use spec::{
    Axes, ComplexTransform, ConvSpec, MixSpec, RealTransform, SavedSpectrum, StackSpec,
};
pub use spectral_kernels::{BinWeight, Conjugate, Direction, Modes};
pub use squared_error::{mean_squared_error, portable as mean_squared_error_portable};
pub use stack::{rectified_stack, rectified_stack_dense};

/// Whether the kernels serve this tensor.
pub(crate) fn has_kernels<const D: usize>(tensor: &Tensor<D>) -> bool {
    matches!(tensor.dtype(), DType::F32 | DType::F64)
        && matches!(
            tensor.device().inner().as_dispatch(),
            DispatchDevice::Flex(_)
        )
}

fn check_dtypes(input: DType, response: DType) {
    SpectralError::check_dtypes(("the input", input), ("the response", response))
        .unwrap_or_else(|error| panic!("{error}"));
}

fn join<const D: usize>(
    (re, im): (burn::backend::DispatchTensor, burn::backend::DispatchTensor),
) -> ComplexTensor<D> {
    ComplexTensor {
        re: Tensor::from_dispatch(re),
        im: Tensor::from_dispatch(im),
    }
}

/// Half-spectrum of a real signal.
pub(crate) fn rfft<const D: usize>(
    signal: Tensor<D>,
    transform: RealTransform,
) -> ComplexTensor<D> {
    if let Some(half) = Half::of(&signal) {
        return half.round_parts(rfft(half.widen(signal), transform));
    }
    if !has_kernels(&signal) {
        return portable::rfft(signal, transform);
    }
    join(<Dispatch as SpectralOps>::spectral_rfft(
        signal.into_dispatch(),
        transform,
    ))
}

/// Real signal of a half-spectrum.
pub(crate) fn irfft<const D: usize>(
    spectrum: ComplexTensor<D>,
    transform: RealTransform,
) -> Tensor<D> {
    if let Some(half) = Half::of(&spectrum.re) {
        return half.round(irfft(half.widen_parts(spectrum), transform));
    }
    if !has_kernels(&spectrum.re) {
        return portable::irfft(spectrum, transform);
    }
    Tensor::from_dispatch(<Dispatch as SpectralOps>::spectral_irfft(
        spectrum.re.into_dispatch(),
        spectrum.im.into_dispatch(),
        transform,
    ))
}

/// Complex transform.
pub(crate) fn fft<const D: usize>(
    input: ComplexTensor<D>,
    transform: ComplexTransform,
) -> ComplexTensor<D> {
    if let Some(half) = Half::of(&input.re) {
        return half.round_parts(fft(half.widen_parts(input), transform));
    }
    if !has_kernels(&input.re) {
        return portable::fft(input, transform);
    }
    join(<Dispatch as SpectralOps>::spectral_fft(
        input.re.into_dispatch(),
        input.im.into_dispatch(),
        transform,
    ))
}

/// Mixes the channels of a spectrum, bin by bin:
/// `y[b,o,k] = Σ_i r[o,i,k] · x[b,i,k]`, with `r` or `x` conjugated on request.
///
/// # Shapes
/// - `x`: `[batch, channels_in, bins…]`
/// - `response`: `[channels_out, channels_in / groups, bins…]`
/// - output: `[batch, channels_out, bins…]`
pub fn mix<const D: usize>(
    x: ComplexTensor<D>,
    response: ComplexTensor<D>,
    mix: MixSpec,
) -> ComplexTensor<D> {
    check_dtypes(x.re.dtype(), response.re.dtype());
    if let Some(half) = Half::of(&x.re) {
        let y = self::mix(half.widen_parts(x), half.widen_parts(response), mix);
        return half.round_parts(y);
    }
    if !has_kernels(&x.re) {
        return portable::mix(x, response, mix);
    }
    join(<Dispatch as SpectralOps>::spectral_mix(
        x.re.into_dispatch(),
        x.im.into_dispatch(),
        response.re.into_dispatch(),
        response.im.into_dispatch(),
        mix,
    ))
}

/// Circular convolution by the spectrum, `y = irfft(mix(rfft(x), response))`, as one operation.
///
/// Its adjoint, with `N` samples, `G = rfft(grad_y)` and `X = rfft(x)` unnormalized, is
/// `grad_x = irfft(conj(R)ᵀ·G)` and `grad_R = (c_k/N)·Σ_batch conj(X)·G`, where `c_k` is 1 on the
/// first and, for an even length, the last bin of the half-spectrum axis and 2 elsewhere.
///
/// # Shapes
/// - `x`: `[batch, channels_in, spatial…]`
/// - `response`: `[channels_out, channels_in / groups, spatial…]`, half-spectrum on the last axis
/// - output: `[batch, channels_out, spatial…]`
pub fn spectral_conv<const D: usize>(
    x: Tensor<D>,
    response: ComplexTensor<D>,
    conv: ConvSpec,
) -> Tensor<D> {
    check_dtypes(x.dtype(), response.re.dtype());
    if let Some(half) = Half::of(&x) {
        let y = spectral_conv(half.widen(x), half.widen_parts(response), conv);
        return half.round(y);
    }
    if !has_kernels(&x) {
        return portable::spectral_conv(x, response, conv);
    }
    Tensor::from_dispatch(<Dispatch as SpectralOps>::spectral_conv(
        x.into_dispatch(),
        response.re.into_dispatch(),
        response.im.into_dispatch(),
        conv,
    ))
}

/// Reverses the last `spatial` axes circularly: `y[n] = x[−n mod N]`, what conjugating a spectrum
/// does to the signal.
///
/// # Shapes
/// - input and output: `[batch, channels, spatial…]`
pub fn circular_reverse<const D: usize>(x: Tensor<D>, spatial: usize) -> Tensor<D> {
    if !has_kernels(&x) {
        return portable::circular_reverse(x, spatial);
    }
    Tensor::from_dispatch(<Dispatch as SpectralOps>::spectral_reverse(
        x.into_dispatch(),
        spatial,
    ))
}

/// Pads the spatial axes with zeros at their end.
///
/// # Shapes
/// - input: `[…, …, k₀, …]`; output: `[…, …, sizes[0], …]` with `sizes[i] ≥ k_i`
///
/// # Panics
/// When a size is smaller than the axis it pads, or there is not one for every spatial axis.
pub fn zero_pad<const D: usize>(tensor: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
    let dims = tensor.dims();
    assert!(
        sizes.len() + 2 == D && dims[2..].iter().zip(sizes).all(|(k, n)| k <= n),
        "a tensor of shape {dims:?} cannot be padded to sizes {sizes:?}"
    );
    let pairs: [(usize, usize); D] = core::array::from_fn(|axis| match axis {
        0 | 1 => (0, 0),
        _ => (0, sizes[axis - 2] - dims[axis]),
    });
    match pairs.iter().all(|pair| *pair == (0, 0)) {
        true => tensor,
        false => tensor.pad(pairs, 0.0),
    }
}
