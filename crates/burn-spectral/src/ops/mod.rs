//! The spectral operations: one definition, two implementations.
//!
//! On Burn's Flex backend in f32 and f64 they run on the slice kernels of `spectral-kernels`, with
//! hand-written adjoints ([`fused_layers::operation`]). Everywhere else they run in ordinary tensor ops
//! ([`fallback`]), which serve any size and are differentiable by themselves. In f16 and bf16 they
//! run as in f32, and only the output is rounded.
//!
//! Layers check shapes; these functions assume them checked.

mod exponential;
pub mod fallback;
mod fft_conv;
mod filter;
mod full_spectrum;
mod kept_modes;
mod long_conv;
mod mix;
mod modes;
mod noise;
mod planes;
mod pointwise;
mod spec;
mod stack;
mod transform;

use burn::tensor::Tensor;

pub use exponential::{exponential_sum, fallback as exponential_sum_fallback};
pub use fft_conv::{FftConvAxis, FftConvSpec, fft_conv, fft_conv_fallback};
pub use filter::{FilterSpec, Layout, Placement, spectral_filter};
pub(crate) use full_spectrum::{fft2_of_real, real_of_ifft2};
pub(crate) use fused_layers::operation::{Empty, Half, cat, has_kernels, narrow};
pub use fused_layers::ops::batch_norm::fallback as batch_norm_fallback;
pub use fused_layers::ops::cross_entropy::fallback as cross_entropy_fallback;
pub use fused_layers::ops::direct_conv::fallback as direct_conv_fallback;
pub use fused_layers::ops::gelu::{add_gelu_fallback, fallback as gelu_fallback};
pub use fused_layers::ops::linear::fallback as linear_fallback;
pub use fused_layers::ops::squared_error::fallback as mean_squared_error_fallback;
pub use fused_layers::ops::{
    Activation, ChannelSpec, CrossEntropySpec, DirectConvSpec, MaxPool, NormalizedBatch,
    activate_pool, add_gelu, batch_norm_train, channel_affine, cross_entropy, direct_conv, gelu,
    linear, mean_squared_error, optimizer, periodic_pad,
};
pub use kept_modes::{irfft_modes, irfft_modes_fallback, rfft_modes, rfft_modes_fallback};
pub use long_conv::long_conv;
pub use mix::{mix, spectral_conv};
pub use modes::{ModesSpec, spectral_conv_modes, spectral_conv_modes_fallback};
pub(crate) use modes::{keep_modes, spread_modes};
pub(crate) use noise::normal_noise;
pub use pointwise::mix_constant;
pub use spec::{
    Axes, ComplexTransform, ConvSpec, MixSpec, RealTransform, SavedSpectrum, StackSpec,
};
pub use spectral_kernels::{BinWeight, Conjugate, Direction, Modes};
pub use stack::{rectified_stack, rectified_stack_dense};
pub use transform::circular_reverse;
pub(crate) use transform::{fft, irfft, rfft};

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
