//! Kernels on plain slices: direct convolution, batch normalization with activation and pooling, dense layers,
//! GELU, and optimizer steps.
//!
//! Layouts are row-major, with channels before the spatial axes. A slice of the wrong length causes a panic with the
//! expected and the actual length; callers should check shapes first. Threads are those of rayon's current pool.
//!
//! # Speed
//! Throughput of the direct convolution in GFLOP/s on one thread, counting 2 flops per tap, including taps on padding
//! (processor time on a shared machine; `cargo bench --bench convolution`):
//!
//! | kernel | channels | size | output | input gradient | weight gradient |
//! |---|---|---|---|---|---|
//! | 3×3 | 64→64 | 32² | 196 | 196 | 190 |
//! | 3×3 | 64→128 | 16² | 210 | 192 | 208 |
//! | 3×3 | 256→512 | 4² | 264 | 234 | 265 |
//! | 3×3 | 512→512 | 2² | 320 | 267 | 296 |
//! | 3×3 | 16→32 | 7² | 199 | 160 | 172 |
//! | 3×3 | 3→64 | 32² | 105 | 88 | 87 |
//! | 5×5 | 1→6 | 28² | 102 | 57 | 94 |
//!
//! Depthwise 3×3 kernels are memory-bound; 31×31 ones reach 84 to 98 GFLOP/s.
#![allow(
    clippy::needless_range_loop,
    reason = "blocks of registers are indexed by constants"
)]

mod activation;
mod batch_norm;
mod convolution;
mod dense;
mod gelu;
mod optimizer;

pub use activation::Activation;
pub use batch_norm::{
    BatchNormalization, ChannelCoefficients, ChannelStatistics, ChannelSums, FusedBatchNorm,
    MaxPool, NormalizationGradients,
};
pub use convolution::{ChannelEpilogue, Convolution, Epilogue};
pub use dense::Dense;
pub use gelu::{add_gelu, gelu, gelu_adjoint, scale_gradient};
pub use optimizer::{AdamMoments, AdamStep, RmsPropAverages, RmsPropStep, SgdStep};
