//! Kernels on plain slices: direct convolution, batch normalization with activation and pooling, dense
//! layers, and optimizer steps.
//!
//! Slices in, slices out. Layouts are row-major, channels before the spatial axes. Slices of a wrong length
//! panic with what was expected and what was given; callers check shapes. Threads are those of rayon's
//! current pool.
//!
//! # Speed
//! The direct convolution, GFLOP/s of a thread (2 flops a tap, those on the padding counted) of output, input gradient
//! and weight gradient: 3×3 kernels 64→64 at 32² 196, 196, 190; 64→128 at 16² 210, 192, 208; 256→512 at 4² 264, 234,
//! 265; 512→512 at 2² 320, 267, 296; 16→32 at 7² 199, 160, 172; 3→64 at 32² 105, 88, 87; 5×5, 1→6 at 28² 102, 57, 94
//! (processor time on a shared machine; `cargo bench --bench convolution`). Depthwise 3×3 kernels are bound by memory,
//! 31×31 ones reach 84 to 98.

mod activation;
mod batch_norm;
mod convolution;
mod dense;
mod optimizer;

pub use activation::Activation;
pub use batch_norm::{
    BatchNormalization, ChannelCoefficients, ChannelStatistics, ChannelSums, FusedBatchNorm,
    MaxPool, NormalizationGradients,
};
pub use convolution::{ChannelEpilogue, Convolution, Epilogue};
pub use dense::Dense;
pub use optimizer::{AdamMoments, AdamStep, RmsPropAverages, RmsPropStep, SgdStep};
