//! Spectral resampling: pooling, upsampling, anti-aliased activation.
//!
//! A signal of `n` samples is taken as the trigonometric polynomial through them and sampled anew
//! at `m` points. In the spectrum that keeps, or fills with zeros, the highest frequencies; along
//! each axis, with `X` the coefficients and `q = min(m, n)/2`:
//!
//! - frequencies below `q` are kept as they are;
//! - **at an even `m < n`** the new Nyquist bin takes both old ones, `X[q] + X[−q]`, for at `m`
//!   samples the two frequencies cannot be told apart;
//! - **at an even `n < m`** the old Nyquist bin is split into two halves at `q` and `−q`, so that
//!   the result is real;
//! - everything is multiplied by `m/n`, which keeps the mean (and every frequency's amplitude).
//!
//! So pooling after upsampling is the identity at every size, even or odd. Upsampling after pooling
//! is the ideal low-pass filter, not the identity. A sine at the Nyquist frequency of an even size
//! vanishes on its samples, and no interpolation can bring it back.

mod activation;
mod layer;
mod resize;

pub use activation::{AntiAliasedActivation, AntiAliasedActivationConfig};
pub use layer::{SpectralPool2d, SpectralUpsample2d};
#[cfg(feature = "summary")]
pub(crate) use resize::check_resize;
pub(crate) use resize::resize_spectrum2d;
pub use resize::{spectral_resize, spectral_resize2d};
