//! Spatial layers, losses and optimizer steps, each fused into one operation on the CPU kernels, and the frame that
//! makes such an operation differentiable. Nothing here knows of spectra.

pub mod batch_norm;
pub mod cross_entropy;
pub mod direct_conv;
pub mod linear;
pub mod operation;
pub mod optimizer;
pub mod squared_error;
