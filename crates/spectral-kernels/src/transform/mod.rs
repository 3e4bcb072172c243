//! Transforms of arrays: one axis, or the last few.

pub mod axis;
mod image;
mod long;
pub mod nd;
mod oriented;
pub mod pruned;
mod scale_bins;

pub use axis::{fft_axis, irfft_axis, rfft_axis};
pub use nd::{fftn, irfftn, rfftn};
pub use pruned::{Frame, Modes, PrunedFft};
