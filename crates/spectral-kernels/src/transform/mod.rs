//! Transforms of arrays: one axis, or the last few.

pub mod axis;
mod image;
pub mod lanes;
mod long;
pub mod nd;
mod oriented;
pub mod pruned;

pub use axis::{fft_axis, irfft_axis, rfft_axis};
pub use image::Request;
pub use lanes::Gather;
pub use nd::{fftn, irfftn, rfftn};
pub use oriented::Kind;
pub use pruned::{Frame, Modes, PrunedFft};
