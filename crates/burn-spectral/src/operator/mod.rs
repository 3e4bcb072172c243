//! Neural operators: networks that map functions on a grid to functions on a grid.
//!
//! A Fourier neural operator ([`Fno`]) is a lifting, a few [`FnoBlock`]s and a projection. A block adds a
//! spectral convolution on the lowest modes, which carries information across the whole domain, to a skip
//! connection at each point, and applies an activation. [`Uno`] arranges such blocks in a U with skip connections
//! by concatenation, each block with its own channels, modes and resolution. [`rollout`] applies a network again
//! and again to its own output. [`relative_l2`] and [`RelativeH1`] are the losses they are trained with. Trained weights
//! of the neuraloperator library are read and written by [`state_dict`].
//!
//! Inputs and outputs are `[batch, channels, spatial…]` with one to three spatial axes; `D` is the rank of these
//! tensors. Modes count cycles per domain, so that a network runs at every resolution that has its modes.
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use burn_spectral::operator::{Fno2d, FnoConfig};
//!
//! let device = Device::flex();
//! let fno: Fno2d = FnoConfig::new([1, 1], [12, 12], 32, 4).init(&device);
//! for size in [64, 85] {
//!     let state = Tensor::random([2, 1, size, size], Distribution::Default, &device);
//!     assert_eq!(fno.forward(state).dims(), [2, 1, size, size]);
//! }
//! ```

mod block;
mod branch;
mod channel_mlp;
mod factorized;
mod fno;
mod form;
mod grid;
mod local;
mod loss;
mod low_rank;
mod norm;
mod padding;
mod pointwise;
mod rollout;
mod skip;
pub mod state_dict;
mod uno;

pub use block::{FnoBlock, FnoBlockConfig};
pub use branch::SpectralBranch;
pub use channel_mlp::{ChannelMlp, ChannelMlpConfig};
pub use factorized::{AxisModes, FeedForward, Ffno, Ffno1d, Ffno2d, Ffno3d, FfnoConfig};
pub use fno::{Fno, Fno1d, Fno2d, Fno3d, FnoConfig};
pub use form::{BlockForm, BlockLocal, BlockMlp, ModeCounting};
pub use grid::GridEmbedding;
pub use local::{Boundary, LocalConv, LocalConvConfig};
pub use loss::{
    Derivative, RelativeH1, relative_h1, relative_h1_per_sample, relative_l2,
    relative_l2_per_sample,
};
pub use low_rank::{
    ComplexParam, CpFactors, LowRank, LowRankFactors, LowRankModes, LowRankModes1d, LowRankModes2d,
    LowRankModes3d, LowRankModesConfig, TuckerFactors,
};
pub use norm::{OperatorNorm, OperatorNormKind};
pub use padding::DomainPadding;
pub use pointwise::{Pointwise, PointwiseConfig};
pub use rollout::rollout;
pub use skip::{SkipConnection, SkipKind, SoftGating};
pub use uno::{Uno, Uno1d, Uno2d, Uno3d, UnoConfig, UnoLayer};

/// `dims` with another number of channels.
fn with_channels<const D: usize>(mut dims: [usize; D], channels: usize) -> [usize; D] {
    dims[1] = channels;
    dims
}
