//! The operations in ordinary tensor ops.

use burn::tensor::activation::relu;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Tensor, module};
use fused_layers::kernels::{Activation, MaxPool};

use super::{ChannelSpec, NormalizedBatch};

/// See [`batch_norm_train`](super::batch_norm_train).
pub fn batch_norm_train<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
    spec: &ChannelSpec,
) -> NormalizedBatch<D> {
    let result = module::batch_norm_train(x, gamma, beta, epsilon);
    NormalizedBatch {
        output: activate_pool(result.output, spec),
        mean: result.mean,
        variance: result.variance,
    }
}

/// See [`channel_affine`](super::channel_affine).
pub fn channel_affine<const D: usize>(
    x: Tensor<D>,
    coefficients: [Tensor<1>; 3],
    spec: &ChannelSpec,
) -> Tensor<D> {
    let mut dims = [1; D];
    dims[1] = x.dims()[1];
    let [center, scale, shift] = coefficients.map(|of| of.reshape(dims));
    activate_pool((x - center) * scale + shift, spec)
}

/// See [`activate_pool`](super::activate_pool).
pub fn activate_pool<const D: usize>(x: Tensor<D>, spec: &ChannelSpec) -> Tensor<D> {
    let x = match spec.activation {
        Activation::Identity => x,
        Activation::LeakyRelu { slope: 0.0 } => relu(x),
        Activation::LeakyRelu { slope } => {
            let below = x.clone().lower_equal_elem(0.0);
            let scaled = x.clone() * slope;
            x.mask_where(below, scaled)
        }
    };
    match spec.pool {
        Some(pool) => max_pool(x, &pool),
        None => x,
    }
}

fn max_pool<const D: usize>(x: Tensor<D>, pool: &MaxPool) -> Tensor<D> {
    let dims = x.dims();
    let (height, width) = match D {
        4 => (dims[2], dims[3]),
        _ => (1, dims[2]),
    };
    let options = MaxPoolOptions::new(pool.window)
        .with_stride(pool.stride)
        .with_padding(pool.padding);
    let y = module::max_pool2d(x.reshape([dims[0], dims[1], height, width]), options);
    let [_, _, height, width] = y.dims();
    let sizes = [dims[0], dims[1], height, width];
    y.reshape(core::array::from_fn::<usize, D, _>(|axis| match axis {
        0 | 1 => sizes[axis],
        _ => sizes[4 - D + axis],
    }))
}
