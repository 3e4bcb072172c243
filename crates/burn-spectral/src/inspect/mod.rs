//! Explains what a layer computes, by probing it.
//!
//! A layer from images to images is treated as a black box: it is applied to impulses, waves and
//! noise, and its outputs determine what it computes, whatever its name.
//!
//! - [`inspect_map`]: the equivalent ordinary operation, effective kernel and frequency response,
//!   receptive field, linearity, causality, translation invariance, and which channels are mixed
//! - [`inspect_parameters`]: parameters without effect, alone or together
//! - [`energy_discarded_by_real_part`], [`energy_discarded_by_magnitude`]: what is computed and then
//!   discarded
//! - [`to_conv`]: the nearest ordinary convolution
//!
//! Everything works on any closure from `[batch, channels, height, width]` to images of the same
//! size; functions about parameters take any Burn [`Module`](burn::module::Module).
//!
//! # How equivalences are found
//! 1. The offset is subtracted; if the rest is not linear, the report says so.
//! 2. The responses to an impulse at every position, averaged after shifting them back, are the
//!    circular convolution nearest to the map for white noise. Averaged after shifting them to the
//!    mirrored position, they are the nearest one that follows a circular reversal.
//! 3. Taps at different offsets are orthogonal, so the best `k × k` kernel is this one cropped to
//!    `k × k`, and the best 1×1 convolution is its center.
//! 4. Each candidate is compared with the map on random images. The simplest one that is equal up to
//!    rounding is the answer.

mod bake;
mod complex;
mod discarded;
mod equivalence;
mod kernel;
mod map;
mod mixing;
mod parameters;
mod probe;
mod rank;
mod redundancy;
mod sweep;

pub use bake::{Baked, to_conv};
pub use complex::{before_real_part, kk_before_real_part};
pub use discarded::{complex_irfft2, energy_discarded_by_magnitude, energy_discarded_by_real_part};
pub use equivalence::{Equivalence, Equivalent, Operation, Surround};
pub use kernel::{EffectiveKernel, MeasuredResponse};
pub use map::{Conditioning, MapReport, WindowShare, inspect_map};
pub use mixing::Mixing;
pub use parameters::{
    DeadParameters, ParameterFinding, ParameterReport, inspect_parameters, with_dtype,
};
pub use probe::Probe;
pub use redundancy::{OwnRank, Redundancy};
