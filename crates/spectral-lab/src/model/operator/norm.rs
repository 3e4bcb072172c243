//! Group normalization of all channels of a sample.

use burn::nn::{GroupNorm, GroupNormConfig};
use burn::tensor::{Device, Tensor};
use burn_spectral::ops::{self, Activation, ChannelSpec};

/// A normalization of all channels of a sample together, with a scale and a shift per channel (Wu and He, 2018).
pub(super) fn group_norm(channels: usize, device: &Device) -> GroupNorm {
    GroupNormConfig::new(1, channels).init(device)
}

/// The layer's output through an activation, on the kernels of batch normalization: a group of a sample is a channel of a
/// batch of one.
///
/// # Shapes
/// - `x` and output: `[batch, channels, spatial…]`
pub(super) fn normalize<const D: usize>(
    norm: &GroupNorm,
    x: Tensor<D>,
    activation: Activation,
) -> Tensor<D> {
    let (dims, options) = (x.dims(), (&x.device(), x.dtype()));
    let groups = dims[0] * norm.num_groups;
    let samples = dims.iter().product::<usize>() / groups.max(1);
    let spec = |activation| ChannelSpec {
        activation,
        pool: None,
    };
    let normalized = ops::batch_norm_train(
        x.reshape([1, groups, samples]),
        Tensor::ones([groups], options),
        Tensor::zeros([groups], options),
        norm.epsilon,
        spec(Activation::Identity),
    );
    let x = normalized.output.reshape(dims);
    match (&norm.gamma, &norm.beta) {
        (Some(gamma), Some(beta)) => {
            let center = Tensor::zeros([dims[1]], options);
            let coefficients = [center, gamma.val(), beta.val()];
            ops::channel_affine(x, coefficients, spec(activation))
        }
        _ => ops::activate_pool(x, spec(activation)),
    }
}
