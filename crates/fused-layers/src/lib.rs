//! Fast CPU kernels for the spatial layers of neural networks: convolution, batch normalization with activation and
//! pooling, dense layers, and optimizer steps.
//!
//! The kernels work on plain slices and do not involve transforms. For frequency-domain layers, see `burn-spectral`.
#![warn(missing_docs)]
#![allow(
    clippy::needless_range_loop,
    reason = "blocks of registers are indexed by constants"
)]

pub mod kernels;

pub use spectral_lanes::InstructionSet;

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
