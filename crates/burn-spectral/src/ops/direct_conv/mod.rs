//! Convolution without a transform, as one operation.

mod autodiff;
mod primitives;

use burn::backend::Dispatch;
use burn::tensor::{Shape, Tensor, activation, module, ops::ConvOptions};
use fused_layers::kernels::{Activation, ChannelEpilogue, Convolution};

use super::{Half, check_dtypes, has_kernels};
use primitives::DirectConvOps;

/// What a convolution does, one entry a spatial axis.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectConvSpec {
    /// Step between outputs.
    pub stride: Vec<usize>,
    /// Zeros before and after the signal.
    pub padding: Vec<(usize, usize)>,
    /// Step between taps.
    pub dilation: Vec<usize>,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Applied to the outputs, after the bias.
    pub activation: Activation,
}

impl DirectConvSpec {
    /// The kernels' description for an input and a weight of these shapes, of one or two spatial axes. One axis is an
    /// image of height 1.
    fn kernel(&self, x: &[usize], weight: &[usize]) -> Convolution {
        let pick = |of: &dyn Fn(usize) -> usize, missing: usize| match x.len() {
            3 => [missing, of(0)],
            _ => [of(0), of(1)],
        };
        Convolution {
            batch: x[0],
            groups: self.groups,
            in_per_group: weight[1],
            out_per_group: weight[0] / self.groups,
            sizes: pick(&|axis| x[axis + 2], 1),
            kernel: pick(&|axis| weight[axis + 2], 1),
            stride: pick(&|axis| self.stride[axis], 1),
            dilation: pick(&|axis| self.dilation[axis], 1),
            padding: match self.padding[..] {
                [width] => [(0, 0), width],
                [height, width] => [height, width],
                _ => panic!("the kernels convolve over one or two axes, got {self:?}"),
            },
        }
    }

    /// Bias and activation for an output of this shape.
    fn epilogue(&self, y: &[usize]) -> ChannelEpilogue {
        ChannelEpilogue {
            batch: y[0],
            channels: y[1],
            positions: y[2..].iter().product(),
            activation: self.activation,
        }
    }

    /// Shape of the output.
    fn output(&self, x: &[usize], weight: &[usize]) -> Shape {
        let sizes = self.kernel(x, weight).output_sizes();
        let spatial = &sizes[sizes.len() + 2 - x.len()..];
        Shape::from([&[x[0], weight[0]], spatial].concat())
    }
}

/// Cross-correlation with zero padding, tap by tap, of one to three spatial axes, with a bias and an activation:
///
/// ```text
/// y[b,o,n] = f( bias[o] + Σ_{i,t} w[o,i,t] · x_padded[b,i, stride·n + dilation·t] )
/// ```
///
/// On the kernels, which serve one and two axes, sums stay in registers, bias and activation are applied while they are
/// at hand, and each gradient is computed only where it is asked for; elsewhere this is Burn's own convolution. The
/// activation is differentiated by its output, whose slope at zero is that of the negative side.
///
/// # Shapes
/// - `x`: `[batch, channels_in, spatial…]`
/// - `weight`: `[channels_out, channels_in / groups, taps…]`
/// - `bias`: `[channels_out]`
/// - output: `[batch, channels_out, (padded − dilation·(taps − 1) − 1) / stride + 1, …]`
pub fn direct_conv<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    conv: DirectConvSpec,
) -> Tensor<D> {
    check_dtypes(x.dtype(), weight.dtype());
    if let Some(half) = Half::of(&x) {
        let bias = bias.map(|bias| half.widen(bias));
        let y = direct_conv(half.widen(x), half.widen(weight), bias, conv);
        return half.round(y);
    }
    if D > 4 || !has_kernels(&x) {
        return portable(x, weight, bias, &conv);
    }
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(match bias {
        Some(bias) => {
            let bias = bias.into_dispatch();
            <Dispatch as DirectConvOps>::spectral_direct_conv_bias(x, weight, bias, conv)
        }
        None => <Dispatch as DirectConvOps>::spectral_direct_conv(x, weight, conv),
    })
}

/// The same by Burn's convolution.
pub fn portable<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    conv: &DirectConvSpec,
) -> Tensor<D> {
    let padding: [(usize, usize); D] = core::array::from_fn(|axis| match axis {
        0 | 1 => (0, 0),
        _ => conv.padding[axis - 2],
    });
    let x = match padding.iter().all(|pair| *pair == (0, 0)) {
        true => x,
        false => x.pad(padding, 0.0),
    };
    fn options<const N: usize>(conv: &DirectConvSpec) -> ConvOptions<N> {
        let axes = |of: &[usize]| core::array::from_fn(|axis| of[axis]);
        ConvOptions::new(
            axes(&conv.stride),
            [0; N],
            axes(&conv.dilation),
            conv.groups,
        )
    }
    /// Names the rank that `D` is known to be.
    fn rank<const A: usize, const B: usize>(tensor: Tensor<A>) -> Tensor<B> {
        let dims = tensor.dims();
        tensor.reshape(core::array::from_fn::<usize, B, _>(|axis| dims[axis]))
    }
    let y = match D {
        3 => rank(module::conv1d(
            rank::<D, 3>(x),
            rank(weight),
            bias,
            options::<1>(conv),
        )),
        4 => rank(module::conv2d(
            rank::<D, 4>(x),
            rank(weight),
            bias,
            options::<2>(conv),
        )),
        5 => rank(module::conv3d(
            rank::<D, 5>(x),
            rank(weight),
            bias,
            options::<3>(conv),
        )),
        _ => panic!("a convolution has one to three spatial axes, got a tensor of {D} axes"),
    };
    match conv.activation {
        Activation::Identity => y,
        Activation::LeakyRelu { slope: 0.0 } => activation::relu(y),
        Activation::LeakyRelu { slope } => activation::leaky_relu(y, slope),
    }
}
