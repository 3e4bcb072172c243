//! Batched real and complex FFTs and spectral contractions on plain slices.
#![warn(missing_docs)]
#![allow(
    clippy::needless_range_loop,
    reason = "blocks of registers are indexed by constants"
)]

mod algorithm;
mod cache;
mod contraction;
mod norm;
pub mod oracle;
mod parallel;
mod plan;
mod real;
mod reverse;
mod scalar;
mod scratch;
mod shape;
mod simd;
mod transform;
mod view;

pub use contraction::{Conjugate, Contraction};
pub use norm::Norm;
pub use reverse::reverse;
pub use scalar::Scalar;
pub use shape::{Axis, BinWeight, Direction, Planar, PlanarMut, half_bins};
#[doc(hidden)]
pub use simd::InstructionSet;
pub use transform::{fft_axis, fftn, irfft_axis, irfftn, rfft_axis, rfftn};
