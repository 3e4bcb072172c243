//! Burn's optimizers, fused: each step is one pass over weights, gradient and state.
//!
//! Update rules, constants and records are those of Burn's [`Adam`](burn::optim::Adam),
//! [`AdamW`](burn::optim::AdamW), [`Sgd`](burn::optim::Sgd) and [`RmsProp`](burn::optim::RmsProp),
//! so that each can continue from a checkpoint of the other. Burn's allocate an array for every
//! product and sum; these update weights and state in place.

mod adam;
mod rmsprop;
mod sgd;

pub(super) use adam::{Adam, AdamW, Moments};
pub(super) use rmsprop::RmsProp;
pub(super) use sgd::{Momentum, Sgd};

use burn::optim::{StateSink, StateSource, join_path};
use burn::tensor::{Device, Tensor};

/// Records a tensor as the field `leaf` of the field `nest`.
fn record<const D: usize>(
    out: &mut StateSink,
    [prefix, nest, leaf]: [&str; 3],
    tensor: &Tensor<D>,
) {
    out.push_tensor(&join_path(prefix, nest), leaf, tensor.to_data());
}

/// Restores what [`record`] wrote.
fn restore<const D: usize>(
    src: &mut StateSource,
    [prefix, nest, leaf]: [&str; 3],
    device: &Device,
) -> Option<Tensor<D>> {
    let data = src.take_tensor(&join_path(prefix, nest), leaf)?;
    Some(Tensor::from_data(data, device))
}

#[cfg(test)]
mod tests;
