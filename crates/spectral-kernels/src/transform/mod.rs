//! Transforms of arrays, along one axis or over the last one to three.

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
