//! Convolution without a transform, as one operation.

use crate::kernels::{Activation, ChannelEpilogue, Convolution, Epilogue};
use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor, activation, module, ops::ConvOptions};

use crate::operation::flex::{Contiguous, filled, with_dtype};
use crate::operation::{
    Factors, FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply_optional,
    buffer, first,
};

/// What a convolution does, one entry per spatial axis.
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
    let fallback = |conv, (x, weight), bias| fallback(x, weight, bias, &conv);
    apply_optional::<2, 3, 1, _, _, _, _>(conv, (x, weight), bias, fallback)
}

/// [`direct_conv`] by Burn's convolution.
pub fn fallback<const D: usize>(
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

/// What the adjoint needs: the factors, their shapes, and the output, if the activation's gradient needs it.
#[derive(Clone, Debug)]
pub struct Saved {
    factors: Factors<FlexTensor>,
    shapes: [Shape; 2],
    y: Option<FlexTensor>,
}

/// The inputs are the signal, the weight and, if there are three, the bias.
impl<const I: usize> KernelOperation<I, 1> for DirectConvSpec {
    const INPUTS: Names = &["input", "weight", "bias"];
    type Saved = Saved;

    fn has_kernel(&self, x: &Shape) -> bool {
        x.num_dims() <= 4
    }

    fn forward(&self, inputs: Tensors<I>, tracked: [bool; I]) -> Forward<Saved, 1> {
        let factors = Factors::of(&inputs[0], &inputs[1], [tracked[0], tracked[1]]);
        let shapes = [inputs[0].shape(), inputs[1].shape()];
        let kernel = self.kernel(&shapes[0], &shapes[1]);
        let inputs = inputs.map(Contiguous::new);
        let y = filled!(inputs[0], &self.output(&shapes[0], &shapes[1]), |y| {
            let epilogue = Epilogue {
                bias: inputs.get(2).map(Contiguous::slice),
                activation: self.activation,
            };
            kernel.forward_with(inputs[0].slice(), inputs[1].slice(), epilogue, y);
        });
        let saved = Saved {
            factors,
            shapes,
            y: (self.activation != Activation::Identity).then(|| y.clone()),
        };
        Forward::new([y], saved)
    }

    fn adjoint(self, saved: Saved, [grad]: Tensors<1>, tracked: [bool; I]) -> Gradients<I> {
        let [x_shape, weight_shape] = &saved.shapes;
        let kernel = self.kernel(x_shape, weight_shape);
        let wanted = [tracked[0] || tracked[1], tracked.get(2) == Some(&true)];
        let [grad, gbias] = self.adjoint_epilogue(grad, saved.y, wanted);
        let grad = grad.map(Contiguous::new);
        let with_grad = |factor: Option<_>| grad.as_ref().zip(factor.map(Contiguous::new));
        let gw = with_grad(saved.factors.x).map(|(grad, x)| {
            filled!(x, weight_shape, |gw| {
                kernel.adjoint_weight(x.slice(), grad.slice(), gw);
            })
        });
        let gx = with_grad(saved.factors.weight).map(|(grad, weight)| {
            filled!(grad, x_shape, |gx| {
                kernel.adjoint_input(grad.slice(), weight.slice(), gx);
            })
        });
        first([gx, gw, gbias])
    }
}

impl DirectConvSpec {
    /// From the gradient of the output `y`, as far as wanted: the gradient before bias and activation, and that of the
    /// bias. `y` is there unless the activation is the identity, whose gradient is `grad` itself.
    fn adjoint_epilogue(
        &self,
        grad: FlexTensor,
        y: Option<FlexTensor>,
        [input, bias]: [bool; 2],
    ) -> Gradients<2> {
        let shape = grad.shape();
        let (grad, y) = (Contiguous::new(grad), y.map(Contiguous::new));
        with_dtype!(grad, E => {
            let mut gy = (input && y.is_some()).then(|| buffer::take::<E>(shape.num_elements()));
            let mut gbias = bias.then(|| vec![E::default(); shape[1]]);
            self.epilogue(&shape).adjoint(
                y.as_ref().map_or(&[][..], |y| y.slice()),
                grad.slice(),
                gy.as_deref_mut(),
                gbias.as_deref_mut(),
            );
            let gy = gy.map(|gy| buffer::into_tensor(gy, &shape));
            let gbias = gbias.map(|gbias| buffer::into_tensor(gbias, &Shape::new([shape[1]])));
            [gy.or_else(|| input.then_some(grad.0)), gbias]
        })
    }
}
