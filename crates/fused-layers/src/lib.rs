//! Fast CPU kernels for the spatial layers of neural networks, for [Burn](https://burn.dev) and for plain slices:
//! convolution, batch normalization with activation and pooling, dense layers, losses, and optimizer steps.
//!
//! - [`nn`]: Burn's `nn` with its layers on the kernels; a changed `use` is all it takes
//! - [`spatial`]: Burn's layers on the kernels, with the activation and the pool that follow them
//! - [`ops`]: the same as operations on tensors, and losses and optimizer steps
//! - [`operation`]: differentiable operations of your own on Burn's CPU backend, in one file each
//! - [`kernels`]: the kernels on plain slices
//!
//! Nothing here involves transforms. For frequency-domain layers, see `burn-spectral`.
//!
//! # Example
//! ```
//! use burn::nn::{PaddingConfig2d, conv::Conv2dConfig};
//! use burn::tensor::{Device, Distribution, Tensor};
//! use fused_layers::spatial::{self, Activation};
//!
//! let device = Device::flex();
//! let layer = Conv2dConfig::new([3, 8], [3, 3]).with_padding(PaddingConfig2d::Same).init(&device);
//! let images = Tensor::random([2, 3, 28, 28], Distribution::Default, &device);
//! let y = spatial::conv2d_with(&layer, Activation::RELU, images);
//! assert_eq!(y.dims(), [2, 8, 28, 28]);
//! ```
#![warn(missing_docs)]

mod error;
#[doc(hidden)]
pub mod geometry;
pub mod kernels;
pub mod nn;
pub mod operation;
pub mod ops;
#[doc(hidden)]
pub mod running;
mod size;
pub mod spatial;

pub use error::LayerError;
pub use spectral_lanes::InstructionSet;

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
