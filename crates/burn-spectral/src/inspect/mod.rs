//! What a layer computes, measured by probing it.
//!
//! A layer from images to images is asked, not read: it is shown points, waves and noise, and what
//! comes out says what it computes, whatever it calls itself.
//!
//! - [`inspect_map`]: what the layer is equivalent to, its effective kernel and frequency response,
//!   how far it reaches, whether it is linear, causal, the same everywhere, and what it lets meet
//! - [`inspect_parameters`]: which parameters change nothing, alone or together
//! - [`energy_discarded_by_real_part`], [`energy_discarded_by_magnitude`]: what it computes and
//!   throws away
//! - [`to_conv`]: the ordinary convolution that comes nearest to it
//!
//! All of it works on any closure from `[batch, channels, height, width]` to images of the same
//! size, and on any Burn [`Module`](burn::module::Module) where parameters are looked at.
//!
//! # How equivalences are found
//! A map is linear but for its offset, or the report says that it is not. Its answers to a point at
//! every position, averaged over positions, are the circular convolution nearest to it for white
//! noise; its answers averaged about the mirrored position are the one nearest to it after a
//! circular reversal. Taps at different offsets are orthogonal, so the best `k × k` kernel is that
//! one cut to `k × k`, and the best 1×1 mix its center. Every candidate is then compared with the
//! map on random images, and the simplest one that is equal up to rounding is the answer.

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
