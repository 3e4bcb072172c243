//! Transforms of arrays: one axis, or the last few.

mod axis;
mod image;
mod lanes;
mod long;
mod nd;
mod oriented;

pub use axis::{fft_axis, irfft_axis, rfft_axis};
pub use nd::{fftn, irfftn, rfftn};
