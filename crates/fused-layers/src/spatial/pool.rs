//! Max-pooling, with the activation before it.

use burn::nn::PaddingConfig2d;
use burn::nn::pool::MaxPool2d;
use burn::tensor::Tensor;

use super::Activation;
use crate::ops::{self, ChannelSpec, MaxPool};

/// The output of [`MaxPool2d::forward`]. Ties go to the first of equal values, and no indices are kept for the backward
/// pass.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - output: `[batch, channels, height_out, width_out]`
///
/// # Example
/// ```
/// use burn::nn::pool::MaxPool2dConfig;
/// use burn::tensor::{Device, Distribution, Tensor};
/// use fused_layers::spatial;
///
/// let device = Device::flex();
/// let pool = MaxPool2dConfig::new([2, 2]).init();
/// let x = Tensor::<4>::random([2, 3, 7, 9], Distribution::Default, &device);
/// let y = spatial::max_pool2d(&pool, x.clone());
/// assert_eq!(y.to_data(), pool.forward(x).to_data());
/// ```
pub fn max_pool2d(layer: &MaxPool2d, x: Tensor<4>) -> Tensor<4> {
    match kernel_pool(layer, &x) {
        Some(pool) => ops::activate_pool(
            x,
            ChannelSpec {
                activation: Activation::Identity,
                pool: Some(pool),
            },
        ),
        None => layer.forward(x),
    }
}

/// An activation, then a max-pool, as one operation. The derivative of the activation at zero is its slope.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - output: that of the pool, or as `x`
///
/// # Example
/// ```
/// use burn::nn::pool::MaxPool2dConfig;
/// use burn::tensor::activation::leaky_relu;
/// use burn::tensor::{Device, Distribution, Tensor};
/// use fused_layers::spatial::{self, Activation};
///
/// let device = Device::flex();
/// let pool = MaxPool2dConfig::new([2, 2]).init();
/// let x = Tensor::<4>::random([2, 3, 7, 9], Distribution::Normal(0.0, 1.0), &device);
/// let activation = Activation::LeakyRelu { slope: 0.01 };
/// let y = spatial::activate_pool(activation, Some(&pool), x.clone());
/// assert_eq!(y.to_data(), pool.forward(leaky_relu(x, 0.01)).to_data());
/// ```
pub fn activate_pool(activation: Activation, pool: Option<&MaxPool2d>, x: Tensor<4>) -> Tensor<4> {
    let served = pool.and_then(|pool| kernel_pool(pool, &x));
    let spec = ChannelSpec {
        activation,
        pool: served,
    };
    let y = ops::activate_pool(x, spec);
    match pool {
        Some(pool) if served.is_none() => pool.forward(y),
        _ => y,
    }
}

/// The kernels' description of a layer, where they serve it: symmetric padding of at most half a window, no dilation, no
/// windows that begin inside and end outside.
pub(super) fn kernel_pool(layer: &MaxPool2d, x: &Tensor<4>) -> Option<MaxPool> {
    let padding = match layer.padding {
        PaddingConfig2d::Valid => Some([0, 0]),
        PaddingConfig2d::Explicit(top, left, bottom, right) => {
            (top == bottom && left == right).then_some([top, left])
        }
        PaddingConfig2d::Same => None,
    }?;
    let pool = MaxPool {
        window: layer.kernel_size,
        stride: layer.stride,
        padding,
    };
    let [_, _, height, width] = x.dims();
    let plain = layer.dilation == [1, 1] && !layer.ceil_mode;
    (plain && pool.fits([height, width])).then_some(pool)
}
