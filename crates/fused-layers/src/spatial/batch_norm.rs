//! Batch normalization, with the activation and the pool that follow it.

use burn::nn::BatchNorm;
use burn::nn::pool::MaxPool2d;
use burn::tensor::Tensor;

use super::Activation;
use super::pool::kernel_pool;
use crate::operation::Half;
use crate::ops::{self, ChannelSpec};
use crate::running::update;

/// The output of [`BatchNorm::forward`].
///
/// The statistics are those of the batch, and the running ones are updated, on an autodiff device while the layer's
/// training is enabled; else the running statistics are used. An empty batch leaves them as they are.
///
/// As with Burn's layer, the variance of a batch is infinite where squares of values leave the range of the precision,
/// in f32 beyond some 1e19: such inputs have to be scaled first.
///
/// # Shapes
/// - `x` and output: `[batch, channels, …]`
///
/// # Panics
/// If `x` has not as many channels as the layer has features, or another dtype.
///
/// # Example
/// ```
/// use burn::nn::BatchNormConfig;
/// use burn::tensor::{Device, Distribution, Tensor};
/// use fused_layers::spatial;
///
/// let device = Device::flex();
/// let norm = BatchNormConfig::new(3).init(&device);
/// let x = Tensor::<4>::random([2, 3, 8, 8], Distribution::Default, &device);
/// let y = spatial::batch_norm(&norm, x.clone());
/// assert!((y - norm.forward(x)).abs().max().into_scalar::<f32>() < 1e-6);
/// ```
#[track_caller]
pub fn batch_norm<const D: usize>(layer: &BatchNorm, x: Tensor<D>) -> Tensor<D> {
    let nothing = ChannelSpec {
        activation: Activation::Identity,
        pool: None,
    };
    normalize(layer, nothing, x)
}

/// [`batch_norm`], then an activation, then a max-pool, as one operation: only `x` is kept for the backward pass, and
/// only the result is written.
///
/// The derivative of the activation at zero is its slope.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - output: that of the pool, or as `x`
///
/// # Panics
/// As [`batch_norm`].
///
/// # Example
/// ```
/// use burn::nn::BatchNormConfig;
/// use burn::nn::pool::MaxPool2dConfig;
/// use burn::tensor::activation::relu;
/// use burn::tensor::{Device, Distribution, Tensor};
/// use fused_layers::spatial::{self, Activation};
///
/// let device = Device::flex().autodiff();
/// let norm = BatchNormConfig::new(3).init(&device);
/// let pool = MaxPool2dConfig::new([2, 2]).init();
/// let x = Tensor::<4>::random([2, 3, 9, 8], Distribution::Default, &device);
/// let y = spatial::batch_norm_with(&norm, Activation::RELU, Some(&pool), x.clone());
/// assert_eq!(y.dims(), [2, 3, 4, 4]);
/// let expected = pool.forward(relu(norm.forward(x)));
/// assert!((y - expected).abs().max().into_scalar::<f32>() < 1e-5);
/// ```
#[track_caller]
pub fn batch_norm_with(
    layer: &BatchNorm,
    activation: Activation,
    pool: Option<&MaxPool2d>,
    x: Tensor<4>,
) -> Tensor<4> {
    let served = pool.and_then(|pool| kernel_pool(pool, &x));
    let spec = ChannelSpec {
        activation,
        pool: served,
    };
    let y = normalize(layer, spec, x);
    match pool {
        Some(pool) if served.is_none() => pool.forward(y),
        _ => y,
    }
}

/// The layer, then an activation, for any number of axes.
///
/// # Shapes
/// - input and output: `[batch, channels, …]`
///
/// # Panics
/// As [`batch_norm`].
#[track_caller]
pub fn batch_norm_activate<const D: usize>(
    layer: &BatchNorm,
    activation: Activation,
    x: Tensor<D>,
) -> Tensor<D> {
    let pool = None;
    normalize(layer, ChannelSpec { activation, pool }, x)
}

fn normalize<const D: usize>(layer: &BatchNorm, spec: ChannelSpec, x: Tensor<D>) -> Tensor<D> {
    match x.device().is_autodiff() && layer.training.is_enabled() {
        true => train(layer, spec, x),
        false => infer(layer, spec, x),
    }
}

fn train<const D: usize>(layer: &BatchNorm, spec: ChannelSpec, x: Tensor<D>) -> Tensor<D> {
    let (gamma, beta) = (layer.gamma.val(), layer.beta.val());
    let empty = x.shape().num_elements() == 0;
    let batch = ops::batch_norm_train(x, gamma, beta, layer.epsilon, spec);
    if empty {
        // It has no statistics.
        return batch.output;
    }
    for (state, value) in [
        (&layer.running_mean, batch.mean),
        (&layer.running_var, batch.variance),
    ] {
        update(state, value, layer.momentum);
    }
    batch.output
}

fn infer<const D: usize>(layer: &BatchNorm, spec: ChannelSpec, x: Tensor<D>) -> Tensor<D> {
    let (device, half) = (x.device(), Half::of(&x));
    let wide = |values: Tensor<1>| match half {
        Some(half) => half.widen(values),
        None => values,
    };
    let mean = wide(layer.running_mean.value().to_device(&device));
    let variance = wide(layer.running_var.value().to_device(&device));
    let scale = wide(layer.gamma.val()) / variance.add_scalar(layer.epsilon).sqrt();
    let coefficients = [mean, scale, wide(layer.beta.val())];
    match half {
        Some(half) => half.round(ops::channel_affine(half.widen(x), coefficients, spec)),
        None => ops::channel_affine(x, coefficients, spec),
    }
}
