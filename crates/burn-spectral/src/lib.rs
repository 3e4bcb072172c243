//! Frequency-domain neural network layers for [Burn](https://burn.dev).
//!
//! Every layer is a variation on one computation: transform the signal, multiply each frequency by a
//! filter response, mix channels, transform back.
//!
//! ```text
//! y = T⁻¹( Σ_i R[o,i,k] · X_i[k] ),   X = T(x)
//! ```
//!
//! - [`fft`]: the transforms, any length, differentiable, on any backend
//! - [`response`]: how the filter response `R` is parameterized; bring your own
//! - [`conv`]: layers from signal to signal, among them drop-ins for Burn's convolutions
//! - [`spectrum`]: layers that return spectra: as channels, gated, of patches
//! - [`spatial`]: Burn's spatial layers on faster CPU kernels
//! - [`pool`]: changes of resolution through the spectrum
//! - [`frequency`]: layers on spectra, without transforms
//! - [`operator`]: networks that learn solution operators of PDEs, and their losses
//! - [`summary`]: a table of a network's layers, parameters and cost
//! - [`inspect`]: what a layer computes, measured by probing it
//! - [`published`]: layers exactly as in their papers, for comparisons
//! - [`memory`]: the cache of transform plans, and allocator settings for programs
//! - [`ops`]: the operations underneath, with the same meaning on every backend
//!
//! `use burn_spectral::prelude::*` imports what most programs need.
//!
//! # Example
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use burn_spectral::prelude::*;
//!
//! let device = Device::flex();
//! let layer = SpectralConv2dConfig::new([3, 8], FullSpectrumConfig::new([28, 28])).init(&device);
//! let images = Tensor::random([4, 3, 28, 28], Distribution::Default, &device);
//! assert_eq!(layer.forward(images).dims(), [4, 8, 28, 28]);
//! ```
//!
//! # Features
//! - `flex` (default): Burn's CPU backend, on which the operations run on their own kernels; without it
//!   they run in tensor operations on whatever backend there is
//! - `autodiff` (default): gradients
//! - `rayon`, `simd` (default): Burn's features of these names
//! - `summary`, `inspect` (default): the modules of these names; `inspect` turns on `autodiff`
//!   and `flex`, as it takes gradients and computes in f64 on the CPU
//! - `wgpu`, `vulkan`, `metal`, `cuda`, `rocm`: further backends, passed through to Burn
//! - `x86-v4`: AVX-512 matrix products in Burn's CPU backend
//!
//! # Conventions
//! - Layout `[batch, channels, spatial…]`, as in Burn.
//! - The spectrum of a real signal is a [`HalfSpectrum`]: `n/2 + 1` bins along the last dim, and the
//!   length `n` of the signal.
//! - Complex numbers are pairs of real tensors ([`ComplexTensor`]).
//! - Dims are signed, as in Burn: `-1` is the last one.
//! - A convolution through the spectrum is a circular convolution unless a layer says otherwise.
//! - Types ending in `1d`, `2d` and `3d` are aliases of one generic type, whose const parameter `D` is
//!   the rank of the input tensor, as in `Tensor<D>`: 3 for signals, 4 for images, 5 for volumes.
//!   Only a response of your own names it.

pub mod complex;
mod config;
pub mod conv;
mod dims;
mod error;
pub mod fft;
pub mod frequency;
mod grid;
mod half_spectrum;
mod initializer;
#[cfg(feature = "inspect")]
pub mod inspect;
pub mod memory;
pub mod operator;
pub mod ops;
pub mod pool;
pub mod prelude;
pub mod published;
pub mod response;
mod scaled;
mod size;
pub mod spatial;
pub mod spectrum;
#[cfg(feature = "summary")]
pub mod summary;

use fused_layers::running;

pub use complex::ComplexTensor;
pub use error::SpectralError;
pub use grid::FrequencyGrid;
pub use half_spectrum::{HalfSpectrum, Spectrum};
pub use initializer::SpectralInitializer;
pub use spectral_kernels::{InstructionSet, Norm};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// Compiles and runs the examples of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/from-python.md")]
struct FromPython;
