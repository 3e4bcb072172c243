//! Convolution without a transform, as one operation.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::flex::FlexTensor;
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::{Shape, Tensor, module, ops::ConvOptions};
use spectral_kernels::Convolution;

use super::buffer;
use super::flex::{Contiguous, with_dtype};
use super::{check_dtypes, has_kernels};

/// What a convolution does, one entry a spatial axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectConvSpec {
    /// Step between outputs.
    pub stride: Vec<usize>,
    /// Zeros before and after the signal.
    pub padding: Vec<(usize, usize)>,
    /// Step between taps.
    pub dilation: Vec<usize>,
    /// Groups of channels that do not see each other.
    pub groups: usize,
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

    /// Shape of the output.
    fn output(&self, x: &[usize], weight: &[usize]) -> Shape {
        let sizes = self.kernel(x, weight).output_sizes();
        let spatial = &sizes[sizes.len() + 2 - x.len()..];
        Shape::from([&[x[0], weight[0]], spatial].concat())
    }
}

/// Cross-correlation with zero padding, tap by tap, of one to three spatial axes:
///
/// ```text
/// y[b,o,n] = Σ_{i,t} w[o,i,t] · x_padded[b,i, stride·n + dilation·t]
/// ```
///
/// On the kernels, which serve one and two axes, sums stay in registers and each gradient is computed only where it is
/// asked for; elsewhere this is Burn's own convolution.
///
/// # Shapes
/// - `x`: `[batch, channels_in, spatial…]`
/// - `weight`: `[channels_out, channels_in / groups, taps…]`
/// - output: `[batch, channels_out, (padded − dilation·(taps − 1) − 1) / stride + 1, …]`
pub fn direct_conv<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    conv: DirectConvSpec,
) -> Tensor<D> {
    check_dtypes(x.dtype(), weight.dtype());
    if D > 4 || !has_kernels(&x) {
        return portable(x, weight, &conv);
    }
    Tensor::from_dispatch(<Dispatch as DirectConvOps>::spectral_direct_conv(
        x.into_dispatch(),
        weight.into_dispatch(),
        conv,
    ))
}

/// The same by Burn's convolution.
pub fn portable<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
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
    match D {
        3 => rank(module::conv1d(
            rank::<D, 3>(x),
            rank(weight),
            None,
            options::<1>(conv),
        )),
        4 => rank(module::conv2d(
            rank::<D, 4>(x),
            rank(weight),
            None,
            options::<2>(conv),
        )),
        5 => rank(module::conv3d(
            rank::<D, 5>(x),
            rank(weight),
            None,
            options::<3>(conv),
        )),
        _ => panic!("a convolution has one to three spatial axes, got a tensor of {D} axes"),
    }
}

/// The operation and its adjoints, without differentiation.
pub trait DirectConvPrimitives: Backend {
    /// The convolution.
    fn prim_direct_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: &DirectConvSpec,
    ) -> FloatTensor<Self>;

    /// Its gradient for an input of shape `x`.
    fn prim_direct_conv_input(
        grad: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        x: &Shape,
        conv: &DirectConvSpec,
    ) -> FloatTensor<Self>;

    /// Its gradient for a weight of shape `weight`.
    fn prim_direct_conv_weight(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        weight: &Shape,
        conv: &DirectConvSpec,
    ) -> FloatTensor<Self>;
}

/// The operation that Burn dispatches by device.
#[backend_extension(Flex, Autodiff)]
pub trait DirectConvOps: Backend {
    /// Convolution over one or two axes.
    fn spectral_direct_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: DirectConvSpec,
    ) -> FloatTensor<Self>;
}

impl DirectConvPrimitives for Flex {
    fn prim_direct_conv(x: FlexTensor, weight: FlexTensor, conv: &DirectConvSpec) -> FlexTensor {
        let (shape, taps) = (x.shape(), weight.shape());
        let (kernel, output) = (conv.kernel(&shape, &taps), conv.output(&shape, &taps));
        let (x, weight) = (Contiguous::new(x), Contiguous::new(weight));
        with_dtype!(x.0, E => {
            let mut y = buffer::take::<E>(output.num_elements());
            kernel.forward(x.slice::<E>(), weight.slice(), &mut y);
            buffer::into_tensor(y, &output)
        })
    }

    fn prim_direct_conv_input(
        grad: FlexTensor,
        weight: FlexTensor,
        x: &Shape,
        conv: &DirectConvSpec,
    ) -> FlexTensor {
        let kernel = conv.kernel(x, &weight.shape());
        let (grad, weight) = (Contiguous::new(grad), Contiguous::new(weight));
        with_dtype!(grad.0, E => {
            let mut gx = buffer::take::<E>(x.num_elements());
            kernel.adjoint_input(grad.slice::<E>(), weight.slice(), &mut gx);
            buffer::into_tensor(gx, x)
        })
    }

    fn prim_direct_conv_weight(
        x: FlexTensor,
        grad: FlexTensor,
        weight: &Shape,
        conv: &DirectConvSpec,
    ) -> FlexTensor {
        let kernel = conv.kernel(&x.shape(), weight);
        let (x, grad) = (Contiguous::new(x), Contiguous::new(grad));
        with_dtype!(x.0, E => {
            let mut gw = buffer::take::<E>(weight.num_elements());
            kernel.adjoint_weight(x.slice::<E>(), grad.slice(), &mut gw);
            buffer::into_tensor(gw, weight)
        })
    }
}

impl DirectConvOps for Flex {
    fn spectral_direct_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: DirectConvSpec,
    ) -> FloatTensor<Self> {
        Self::prim_direct_conv(x, weight, &conv)
    }
}

/// Each factor, if the other is learned, and the shapes of both.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    x: Option<FloatTensor<B>>,
    weight: Option<FloatTensor<B>>,
    shapes: [Shape; 2],
    conv: DirectConvSpec,
}

#[derive(Debug)]
struct DirectConv;

impl<B: DirectConvPrimitives> Backward<B, 2> for DirectConv {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let State {
            x,
            weight,
            shapes: [x_shape, weight_shape],
            conv,
        } = ops.state;
        let [x_node, weight_node] = ops.parents;
        if let (Some(node), Some(x)) = (weight_node, x) {
            let gw = B::prim_direct_conv_weight(x, grad.clone(), &weight_shape, &conv);
            grads.register::<B>(node.id, gw);
        }
        if let (Some(node), Some(weight)) = (x_node, weight) {
            let gx = B::prim_direct_conv_input(grad, weight, &x_shape, &conv);
            grads.register::<B>(node.id, gx);
        }
    }
}

impl<B: DirectConvPrimitives, C: CheckpointStrategy> DirectConvOps for Autodiff<B, C> {
    fn spectral_direct_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: DirectConvSpec,
    ) -> FloatTensor<Self> {
        let tracked = [x.is_tracked(), weight.is_tracked()];
        let nodes = [x.node(), weight.node()];
        let (x, weight) = (x.into_primitive(), weight.into_primitive());
        let output = B::prim_direct_conv(x.clone(), weight.clone(), &conv);
        match DirectConv.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = State {
                    shapes: [x.shape(), weight.shape()],
                    x: tracked[1].then_some(x),
                    weight: tracked[0].then_some(weight),
                    conv,
                };
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}
