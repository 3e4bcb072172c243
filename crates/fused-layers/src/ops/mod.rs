//! Spatial layers, losses and optimizer steps on tensors, each fused into one differentiable operation.
//!
//! On Burn's Flex backend in f32 and f64 they run on the kernels, with hand-written adjoints; elsewhere in ordinary
//! tensor operations, which the functions named `fallback` give by themselves. In f16 and bf16 they run as in f32, and
//! only the output is rounded. See [`operation`](crate::operation).

pub mod batch_norm;
#[cfg(test)]
mod close;
pub mod cross_entropy;
pub mod direct_conv;
pub mod gelu;
pub mod linear;
pub mod optimizer;
pub mod periodic_pad;
pub mod squared_error;

pub use batch_norm::{
    Activation, ChannelSpec, MaxPool, NormalizedBatch, activate_pool, batch_norm_train,
    channel_affine,
};
pub use cross_entropy::{CrossEntropySpec, cross_entropy};
pub use direct_conv::{DirectConvSpec, direct_conv};
pub use gelu::{add_gelu, gelu};
pub use linear::linear;
pub use periodic_pad::periodic_pad;
pub use squared_error::mean_squared_error;
