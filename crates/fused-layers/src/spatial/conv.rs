//! Burn's convolution layers, tap by tap.

use burn::module::Param;
use burn::nn::conv::{Conv1d, Conv2d};
use burn::tensor::Tensor;

use crate::LayerError;
use crate::error::or_panic;
use crate::geometry::{Pairs, check_convolution, check_factors, same};
use crate::ops::{Activation, DirectConvSpec, direct_conv};

/// The output of `layer`; see [`try_conv2d_with`].
///
/// # Panics
/// If [`try_conv2d_with`] returns an error, with the same text.
#[track_caller]
pub fn conv2d(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    conv2d_with(layer, Activation::Identity, x)
}

/// The output of `layer` through an activation; see [`try_conv2d_with`].
///
/// # Panics
/// If [`try_conv2d_with`] returns an error, with the same text.
#[track_caller]
pub fn conv2d_with(layer: &Conv2d, activation: Activation, x: Tensor<4>) -> Tensor<4> {
    or_panic(try_conv2d_with(layer, activation, x))
}

/// The output of Burn's `layer` and an activation, `f(layer.forward(x))`, with bias and activation in the same pass:
///
/// ```text
/// y[b,o,n] = f( bias[o] + Σ_{i,t} w[o,i,t] · x_padded[b,i, stride·n + dilation·t] )
/// ```
///
/// Every option of the layer counts. On Burn's Flex backend in f32 and f64 this runs on the kernels, elsewhere on Burn's
/// own convolution.
///
/// # Shapes
/// - `x`: `[batch, channels_in, height, width]`
/// - output: `[batch, channels_out, height_out, width_out]`, as of the layer
///
/// # Errors
/// If the channels are not the layer's, the padded image is smaller than the dilated kernel, a size is too large, the
/// slope of the activation is negative or not finite, or weight or bias have another dtype than the image.
///
/// # Example
/// ```
/// use burn::nn::{PaddingConfig2d, conv::Conv2dConfig};
/// use burn::tensor::{Device, Distribution, Tensor, activation::relu};
/// use fused_layers::spatial::{self, Activation};
///
/// let device = Device::flex();
/// let layer = Conv2dConfig::new([3, 8], [3, 3])
///     .with_padding(PaddingConfig2d::Same)
///     .init(&device);
/// let images = Tensor::random([2, 3, 14, 14], Distribution::Default, &device);
/// let y = spatial::conv2d_with(&layer, Activation::RELU, images.clone());
/// let difference = y - relu(layer.forward(images));
/// assert!(difference.abs().max().into_scalar::<f32>() < 1e-5);
/// ```
pub fn try_conv2d_with(
    layer: &Conv2d,
    activation: Activation,
    x: Tensor<4>,
) -> Result<Tensor<4>, LayerError> {
    let [_, _, height, width] = x.dims();
    let padding = layer.padding.pairs().unwrap_or_else(|| {
        let axis = |axis: usize, size| same(size, layer.kernel_size[axis], layer.stride[axis]);
        [axis(0, height), axis(1, width)]
    });
    let spec = DirectConvSpec {
        stride: layer.stride.to_vec(),
        padding: padding.to_vec(),
        dilation: layer.dilation.to_vec(),
        groups: layer.groups,
        activation,
    };
    convolve(x, &layer.weight, layer.bias.as_ref(), spec)
}

/// The output of `layer`; see [`try_conv1d_with`].
///
/// # Panics
/// If [`try_conv1d_with`] returns an error, with the same text.
#[track_caller]
pub fn conv1d(layer: &Conv1d, x: Tensor<3>) -> Tensor<3> {
    conv1d_with(layer, Activation::Identity, x)
}

/// The output of `layer` through an activation; see [`try_conv1d_with`].
///
/// # Panics
/// If [`try_conv1d_with`] returns an error, with the same text.
#[track_caller]
pub fn conv1d_with(layer: &Conv1d, activation: Activation, x: Tensor<3>) -> Tensor<3> {
    or_panic(try_conv1d_with(layer, activation, x))
}

/// As [`try_conv2d_with`], over one axis.
///
/// # Shapes
/// - `x`: `[batch, channels_in, length]`
/// - output: `[batch, channels_out, length_out]`, as of the layer
///
/// # Errors
/// As [`try_conv2d_with`].
pub fn try_conv1d_with(
    layer: &Conv1d,
    activation: Activation,
    x: Tensor<3>,
) -> Result<Tensor<3>, LayerError> {
    let length = x.dims()[2];
    let padding = layer
        .padding
        .pairs()
        .unwrap_or_else(|| [same(length, layer.kernel_size, layer.stride)]);
    let spec = DirectConvSpec {
        stride: vec![layer.stride],
        padding: padding.to_vec(),
        dilation: vec![layer.dilation],
        groups: layer.groups,
        activation,
    };
    convolve(x, &layer.weight, layer.bias.as_ref(), spec)
}

fn convolve<const D: usize>(
    x: Tensor<D>,
    weight: &Param<Tensor<D>>,
    bias: Option<&Param<Tensor<1>>>,
    mut spec: DirectConvSpec,
) -> Result<Tensor<D>, LayerError> {
    let (weight, bias) = (weight.val(), bias.map(|bias| bias.val()));
    check_convolution(
        &x.dims(),
        &weight.dims(),
        &mut spec.stride,
        &spec.padding,
        &mut spec.dilation,
        spec.groups,
    )?;
    check_factors(&x, &weight, bias.as_ref())?;
    if !spec.activation.is_valid() {
        return Err(LayerError::Slope {
            value: spec.activation.slope().to_string(),
        });
    }
    Ok(direct_conv(x, weight, bias, spec))
}
