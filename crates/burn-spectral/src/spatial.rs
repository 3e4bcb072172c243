//! Burn's spatial layers on faster CPU kernels: same modules, same parameters, same results.
//!
//! These are the functions of [`fused_layers::spatial`]; those that return an error return this crate's. With
//! [`fused_layers::nn`] in place of `burn::nn`, a program calls `layer.forward(x)` as before.

use burn::nn::conv::{Conv1d, Conv2d};
use burn::tensor::Tensor;

use crate::SpectralError;

pub use fused_layers::spatial::{
    Activation, activate_pool, batch_norm, batch_norm_activate, batch_norm_with, conv1d,
    conv1d_with, conv2d, conv2d_with, linear, linear_with, max_pool2d,
};

/// As [`fused_layers::spatial::try_conv2d_with`].
///
/// # Errors
/// In the same cases.
pub fn try_conv2d_with(
    layer: &Conv2d,
    activation: Activation,
    x: Tensor<4>,
) -> Result<Tensor<4>, SpectralError> {
    Ok(fused_layers::spatial::try_conv2d_with(
        layer, activation, x,
    )?)
}

/// As [`fused_layers::spatial::try_conv1d_with`].
///
/// # Errors
/// In the same cases.
pub fn try_conv1d_with(
    layer: &Conv1d,
    activation: Activation,
    x: Tensor<3>,
) -> Result<Tensor<3>, SpectralError> {
    Ok(fused_layers::spatial::try_conv1d_with(
        layer, activation, x,
    )?)
}
