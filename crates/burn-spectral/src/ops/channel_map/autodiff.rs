//! The adjoints, for any backend that has the primitives.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{Autodiff, AutodiffBackend, tensor::FloatTensor};

use super::ChannelSpec;
use super::backend::{ChannelOps, ChannelPrimitives, MapState, NormState, Normalized};

#[derive(Debug)]
struct BatchNorm;

impl<B: ChannelPrimitives> Backward<B, 3> for BatchNorm {
    type State = NormState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let input = ops.parents[0].is_some();
        let (gx, coefficients) = B::prim_batch_norm_adjoint(ops.state, grad, input);
        let [gamma, beta] = coefficients.map_or([None, None], |of| of.map(Some));
        for (node, gradient) in ops.parents.into_iter().zip([gx, gamma, beta]) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct Affine;

impl<B: ChannelPrimitives> Backward<B, 3> for Affine {
    type State = MapState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let [x, scale, shift] = &ops.parents;
        let coefficients = scale.is_some() || shift.is_some();
        let (gx, sums) = B::prim_channel_map_adjoint(ops.state, grad, x.is_some(), coefficients);
        let [scale, shift] = sums.map_or([None, None], |of| of.map(Some));
        for (node, gradient) in ops.parents.into_iter().zip([gx, scale, shift]) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct ActivatePool;

impl<B: ChannelPrimitives> Backward<B, 1> for ActivatePool {
    type State = MapState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        let (gx, _) = B::prim_channel_map_adjoint(ops.state, grad, node.is_some(), false);
        if let (Some(node), Some(gx)) = (node, gx) {
            grads.register::<B>(node.id, gx);
        }
    }
}

impl<B: ChannelPrimitives, C: CheckpointStrategy> ChannelOps for Autodiff<B, C> {
    fn spectral_batch_norm_train(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        spec: ChannelSpec,
    ) -> Normalized<Self> {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let [x, gamma, beta] = [x, gamma, beta].map(|tensor| tensor.into_primitive());
        let (output, mean, variance) =
            B::prim_batch_norm_train(x.clone(), gamma.clone(), beta.clone(), epsilon, spec);
        let output = match BatchNorm.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = NormState {
                    x,
                    gamma,
                    beta,
                    mean: mean.clone(),
                    variance: variance.clone(),
                    epsilon,
                    spec,
                };
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        };
        let untracked = |of| <Self as AutodiffBackend>::from_inner(of);
        (output, untracked(mean), untracked(variance))
    }

    fn spectral_channel_affine(
        x: FloatTensor<Self>,
        center: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        spec: ChannelSpec,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), scale.node(), shift.node()];
        let coefficients = [center, scale, shift].map(|tensor| tensor.into_primitive());
        let state = MapState::<B> {
            x: x.into_primitive(),
            coefficients: Some(coefficients),
            spec,
        };
        let output = B::prim_channel_map(&state);
        match Affine.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn spectral_activate_pool(x: FloatTensor<Self>, spec: ChannelSpec) -> FloatTensor<Self> {
        let nodes = [x.node()];
        let state = MapState::<B> {
            x: x.into_primitive(),
            coefficients: None,
            spec,
        };
        let output = B::prim_channel_map(&state);
        match ActivatePool.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}
