//! `spectral-best`: a network of our own that filters neighborhoods at frequencies only, and
//! `spectral-best-spatial`, the same network filtering samples.
//!
//! ```text
//! [C, h, w] ── 2×2 samples to channels ──> [4C, h/2, w/2]
//!    filter (all channels, degree 1), norm, ReLU, 2 blocks                 39 channels
//!    half the frequencies kept ──> h/4, w/4
//!    mix, norm, ReLU, 2 blocks                                             79 channels
//!    mean over space, linear head
//!
//! block:  y = x + norm(ReLU(filter(x))),   norm(ReLU(mix(y)))
//! ```
//!
//! A filter of a block is depthwise, a mix a 1×1 convolution. At frequencies a filter is a product
//! with a [`Trigonometric`] response of degree 1, so its impulse response spans 3×3 samples; in
//! space it is a 3×3 `Conv2d`, and means over 2×2 samples replace spectral pooling. Both are as
//! wide as possible with no more parameters than `cnn` has at the same input; the widths above are
//! those for gray images and ten classes.

mod layers;
mod network;
mod response;

pub use layers::{BestFilter, FilterDomain, PointwiseMix};
pub(super) use network::MODELS;
pub use network::{BestBlock, BestStage, SpectralBest};
pub use response::{Trigonometric, TrigonometricConfig};
