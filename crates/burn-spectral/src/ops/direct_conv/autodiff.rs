//! The operation with differentiation.

use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{Autodiff, Backend, TensorMetadata, tensor::FloatTensor};
use burn::tensor::Shape;
use fused_layers::kernels::Activation;

use super::DirectConvSpec;
use super::primitives::{DirectConvOps, DirectConvPrimitives};

/// Each factor, if the other is learned, the output, if the activation's gradient needs it, and the shapes of the factors.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    x: Option<FloatTensor<B>>,
    weight: Option<FloatTensor<B>>,
    y: Option<FloatTensor<B>>,
    shapes: [Shape; 2],
    conv: DirectConvSpec,
}

impl<B: DirectConvPrimitives> State<B> {
    /// The output, and what its gradients need.
    fn forward(
        x: FloatTensor<B>,
        weight: FloatTensor<B>,
        bias: Option<FloatTensor<B>>,
        conv: DirectConvSpec,
        learns: [bool; 2],
    ) -> (Self, FloatTensor<B>) {
        let y = B::prim_direct_conv(x.clone(), weight.clone(), bias, &conv);
        let state = State {
            shapes: [x.shape(), weight.shape()],
            x: learns[1].then_some(x),
            weight: learns[0].then_some(weight),
            y: (conv.activation != Activation::Identity).then(|| y.clone()),
            conv,
        };
        (state, y)
    }

    /// Gradients for the input, the weight and the bias, as far as they are nodes.
    fn backward(
        self,
        grad: FloatTensor<B>,
        [x_node, weight_node, bias_node]: [Option<NodeId>; 3],
        grads: &mut Gradients,
    ) {
        let [x_shape, weight_shape] = self.shapes;
        let wanted = [
            x_node.is_some() || weight_node.is_some(),
            bias_node.is_some(),
        ];
        let [grad, gbias] = B::prim_direct_conv_epilogue(grad, self.y, &self.conv, wanted);
        if let (Some(node), Some(gbias)) = (bias_node, gbias) {
            grads.register::<B>(node, gbias);
        }
        let Some(grad) = grad else { return };
        if let (Some(node), Some(x)) = (weight_node, self.x) {
            let gw = B::prim_direct_conv_weight(x, grad.clone(), &weight_shape, &self.conv);
            grads.register::<B>(node, gw);
        }
        if let (Some(node), Some(weight)) = (x_node, self.weight) {
            let gx = B::prim_direct_conv_input(grad, weight, &x_shape, &self.conv);
            grads.register::<B>(node, gx);
        }
    }
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
        let [x, weight] = ops.parents.map(|node| node.map(|node| node.id));
        ops.state.backward(grad, [x, weight, None], grads);
    }
}

impl<B: DirectConvPrimitives> Backward<B, 3> for DirectConv {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let nodes = ops.parents.map(|node| node.map(|node| node.id));
        ops.state.backward(grad, nodes, grads);
    }
}

impl<B: DirectConvPrimitives, C: CheckpointStrategy> DirectConvOps for Autodiff<B, C> {
    fn spectral_direct_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: DirectConvSpec,
    ) -> FloatTensor<Self> {
        let learns = [x.is_tracked(), weight.is_tracked()];
        let nodes = [x.node(), weight.node()];
        let (x, weight) = (x.into_primitive(), weight.into_primitive());
        let (state, y) = State::<B>::forward(x, weight, None, conv, learns);
        match Backward::<B, 2>::prepare::<C>(DirectConv, nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(state, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn spectral_direct_conv_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: DirectConvSpec,
    ) -> FloatTensor<Self> {
        let learns = [x.is_tracked(), weight.is_tracked()];
        let nodes = [x.node(), weight.node(), bias.node()];
        let (x, weight) = (x.into_primitive(), weight.into_primitive());
        let bias = Some(bias.into_primitive());
        let (state, y) = State::<B>::forward(x, weight, bias, conv, learns);
        match Backward::<B, 3>::prepare::<C>(DirectConv, nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(state, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}
