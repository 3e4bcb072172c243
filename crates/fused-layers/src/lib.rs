//! Fast CPU kernels for the spatial layers of neural networks: convolution, batch normalization with
//! activation and pooling, dense layers, losses and optimizer steps.
//!
//! Useful without any spectrum; the frequency-domain layers of `burn-spectral` stand beside it.
#![warn(missing_docs)]
#![allow(
    clippy::needless_range_loop,
    reason = "blocks of registers are indexed by constants"
)]

pub mod kernels;

pub use spectral_lanes::InstructionSet;

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
