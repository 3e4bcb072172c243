//! Frequency-domain neural network layers for [Burn](https://burn.dev).
//!
//! Every layer here is one sentence with other words in it: transform the signal, multiply each
//! frequency by a filter response, mix channels, transform back.
//!
//! ```text
//! y = T⁻¹( Σ_i R[o,i,k] · X_i[k] ),   X = T(x)
//! ```
//!
//! - [`fft`]: the transforms, any length, differentiable, on any backend
//! - [`response`]: how the filter response `R` is parameterized; bring your own
//! - [`conv`]: layers from signal to signal, among them drop-ins for Burn's convolutions
//! - [`spectrum`]: layers that hand spectra on: as channels, gated, in patches
//! - [`spatial`]: Burn's spatial layers on the kernels
//! - [`pool`]: changes of resolution through the spectrum
//! - [`frequency`]: layers that stay on the spectrum
//! - [`summary`]: the table of a network's layers, parameters and cost
//! - [`inspect`]: what a layer really does, found by probing it
//! - [`ops`]: the operations beneath, one meaning on every backend
//!
//! # Example
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use burn_spectral::conv::SpectralConv2dConfig;
//! use burn_spectral::response::FullSpectrumConfig;
//!
//! let device = Device::flex();
//! let layer = SpectralConv2dConfig::new([3, 8], FullSpectrumConfig::new([28, 28])).init(&device);
//! let images = Tensor::random([4, 3, 28, 28], Distribution::Default, &device);
//! assert_eq!(layer.forward(images).dims(), [4, 8, 28, 28]);
//! ```
//!
//! # Conventions
//! - Layout `[batch, channels, spatial…]`, as in Burn.
//! - The half-spectrum lies on the last axis, `n/2 + 1` bins of a real length `n`.
//! - Complex numbers are pairs of real tensors ([`ComplexTensor`]).
//! - A convolution through the spectrum is circular unless a layer says otherwise.

pub mod complex;
mod config;
pub mod conv;
mod error;
pub mod fft;
pub mod frequency;
mod grid;
mod initializer;
pub mod inspect;
pub mod ops;
pub mod pool;
pub mod response;
mod running;
mod scaled;
mod size;
pub mod spatial;
pub mod spectrum;
pub mod summary;

pub use complex::ComplexTensor;
pub use error::SpectralError;
pub use grid::FrequencyGrid;
pub use initializer::SpectralInitializer;
pub use spectral_kernels::{
    InstructionSet, Norm, PlanMemory, clear_plans, keep_freed_pages, plan_memory, set_plan_memory,
};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// Compiles and runs the examples of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/from-python.md")]
struct FromPython;
