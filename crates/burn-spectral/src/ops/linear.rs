//! The dense layer, as one operation.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::flex::FlexTensor;
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Shape, Tensor};
use fused_layers::kernels::{Activation, Dense};

use super::buffer::{self, Pooled};
use super::flex::{Contiguous, with_dtype};
use super::{Half, check_dtypes, has_kernels};

/// The dense layer with its activation, `y[b,o] = f( bias[o] + Σ_i x[b,i]·w[i,o] )`.
///
/// On the kernels bias and activation are applied while a block of the output is in cache, and each gradient is computed
/// only where it is asked for. The derivative of the activation at zero is its slope.
///
/// # Shapes
/// - `x`: `[rows, inputs]`
/// - `weight`: `[inputs, outputs]`
/// - `bias`: `[outputs]`
/// - output: `[rows, outputs]`
pub fn linear(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: Activation,
) -> Tensor<2> {
    check_dtypes(x.dtype(), weight.dtype());
    if let Some(half) = Half::of(&x) {
        let bias = bias.map(|bias| half.widen(bias));
        let y = linear(half.widen(x), half.widen(weight), bias, activation);
        return half.round(y);
    }
    if !has_kernels(&x) {
        return portable(x, weight, bias, activation);
    }
    let [_, outputs] = weight.dims();
    let bias = bias.unwrap_or_else(|| Tensor::zeros([outputs], (&x.device(), x.dtype())));
    check_dtypes(x.dtype(), bias.dtype());
    Tensor::from_dispatch(<Dispatch as LinearOps>::spectral_linear(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        activation,
    ))
}

/// The same in Burn's operations.
pub fn portable(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: Activation,
) -> Tensor<2> {
    let sums = burn::tensor::module::linear(x, weight, bias);
    match activation {
        Activation::Identity => sums,
        Activation::LeakyRelu { slope } => leaky_relu(sums, slope),
    }
}

/// The operation and its adjoints, without differentiation.
pub trait LinearPrimitives: Backend {
    /// The layer.
    fn prim_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;

    /// The gradient before the activation from that of the output `y`.
    fn prim_linear_activation(
        y: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;

    /// The gradient for the input, from that before the activation.
    fn prim_linear_input(grad: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient for the weight, from that before the activation.
    fn prim_linear_weight(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient for the bias, from that before the activation.
    fn prim_linear_bias(grad: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The operation that Burn dispatches by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait LinearOps: Backend {
    /// The layer.
    fn spectral_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

fn layer([rows, inputs]: [usize; 2], outputs: usize) -> Dense {
    Dense {
        rows,
        inputs,
        outputs,
    }
}

fn dims(tensor: &Contiguous) -> [usize; 2] {
    tensor.0.shape().dims()
}

fn filled<E: Pooled>(shape: [usize; 2], fill: impl FnOnce(&mut [E])) -> FlexTensor {
    let shape = Shape::from(shape.to_vec());
    let mut out = buffer::take::<E>(shape.num_elements());
    fill(&mut out);
    buffer::into_tensor(out, &shape)
}

impl LinearPrimitives for Flex {
    fn prim_linear(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        activation: Activation,
    ) -> FlexTensor {
        let [x, weight, bias] = [x, weight, bias].map(Contiguous::new);
        let [_, outputs] = dims(&weight);
        let layer = layer(dims(&x), outputs);
        with_dtype!(x.0, E => filled::<E>([layer.rows, outputs], |y| {
            layer.forward(x.slice(), weight.slice(), Some(bias.slice()), activation, y);
        }))
    }

    fn prim_linear_activation(
        y: FlexTensor,
        grad: FlexTensor,
        activation: Activation,
    ) -> FlexTensor {
        let [y, grad] = [y, grad].map(Contiguous::new);
        with_dtype!(y.0, E => filled::<E>(dims(&y), |out| {
            let [rows, outputs] = dims(&y);
            layer([rows, 0], outputs).adjoint_activation(y.slice(), grad.slice(), activation, out);
        }))
    }

    fn prim_linear_input(grad: FlexTensor, weight: FlexTensor) -> FlexTensor {
        let [grad, weight] = [grad, weight].map(Contiguous::new);
        let ([rows, outputs], [inputs, _]) = (dims(&grad), dims(&weight));
        with_dtype!(grad.0, E => filled::<E>([rows, inputs], |gx| {
            layer([rows, inputs], outputs).adjoint_input(grad.slice(), weight.slice(), gx);
        }))
    }

    fn prim_linear_weight(x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        let [x, grad] = [x, grad].map(Contiguous::new);
        let ([rows, inputs], [_, outputs]) = (dims(&x), dims(&grad));
        with_dtype!(x.0, E => filled::<E>([inputs, outputs], |gw| {
            layer([rows, inputs], outputs).adjoint_weight(x.slice(), grad.slice(), gw);
        }))
    }

    fn prim_linear_bias(grad: FlexTensor) -> FlexTensor {
        let grad = Contiguous::new(grad);
        let [rows, outputs] = dims(&grad);
        with_dtype!(grad.0, E => {
            let mut sums = vec![0.0; outputs];
            layer([rows, 0], outputs).adjoint_bias(grad.slice::<E>(), &mut sums);
            buffer::into_tensor(sums, &Shape::new([outputs]))
        })
    }
}

impl LinearOps for Flex {
    fn spectral_linear(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        activation: Activation,
    ) -> FlexTensor {
        Self::prim_linear(x, weight, bias, activation)
    }
}

/// What the adjoints need: each factor, if the other one's gradient is asked for, and the output, if there is an
/// activation to see through.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    x: Option<FloatTensor<B>>,
    weight: Option<FloatTensor<B>>,
    y: Option<FloatTensor<B>>,
    activation: Activation,
}

#[derive(Debug)]
struct Linear;

impl<B: LinearPrimitives> Backward<B, 3> for Linear {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let State {
            x,
            weight,
            y,
            activation,
        } = ops.state;
        let [x_node, weight_node, bias_node] = ops.parents;
        let mut grad = grads.consume::<B>(&ops.node);
        if let Some(y) = y {
            grad = B::prim_linear_activation(y, grad, activation);
        }
        if let (Some(node), Some(x)) = (weight_node, x) {
            let gw = B::prim_linear_weight(x, grad.clone());
            grads.register::<B>(node.id, gw);
        }
        if let Some(node) = bias_node {
            grads.register::<B>(node.id, B::prim_linear_bias(grad.clone()));
        }
        if let (Some(node), Some(weight)) = (x_node, weight) {
            grads.register::<B>(node.id, B::prim_linear_input(grad, weight));
        }
    }
}

impl<B: LinearPrimitives, C: CheckpointStrategy> LinearOps for Autodiff<B, C> {
    fn spectral_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        let tracked = [x.is_tracked(), weight.is_tracked()];
        let nodes = [x.node(), weight.node(), bias.node()];
        let (x, weight) = (x.into_primitive(), weight.into_primitive());
        let bias = bias.into_primitive();
        let y = B::prim_linear(x.clone(), weight.clone(), bias, activation);
        match Linear.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = State {
                    x: tracked[1].then_some(x),
                    weight: tracked[0].then_some(weight),
                    y: (activation != Activation::Identity).then(|| y.clone()),
                    activation,
                };
                prep.finish(state, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}
