//! A stack of layers that each filter the sum of the one before, rectified, as one operation.

use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, NodeGuard, Ops, OpsKind},
};
use burn::backend::{Autodiff, Backend, Dispatch, tensor::FloatTensor};
use burn::tensor::Tensor;

use crate::ComplexTensor;

use super::backend::{Planes, SpectralOps, SpectralPrimitives};
use super::spec::StackSpec;
use super::{Half, check_dtypes, has_kernels, portable};

/// The last layer of a stack in the manner of Wood and Larson (2021), every layer of which filters
/// the sum of its inputs and rectifies: with `ρ(z) = relu(re z) + i·relu(im z)`,
/// `S_l = Σ_o ρ(S_{l−1}·R_{l,o})` and `Y_o = ρ(S_{L−1}·R_{L,o})`.
///
/// Only one complex number a frequency passes from layer to layer, and no frequency meets another.
/// On the kernels the layers between are neither stored nor read: the adjoint computes them again.
///
/// # Shapes
/// - `s`: `[batch, 1, bins…]`, the sum of the input's channels
/// - `responses`: `[Σ filters, 1, bins…]`, those of all layers, first layer first
/// - output: `[batch, 2·filters, bins…]`, the real parts of the last layer's channels, then their
///   imaginary parts: the order of [`FlattenSpectrum`](crate::frequency::FlattenSpectrum)
pub fn rectified_stack<const D: usize>(
    s: ComplexTensor<D>,
    responses: ComplexTensor<D>,
    stack: StackSpec,
) -> Tensor<D> {
    check_dtypes(s.re.dtype(), responses.re.dtype());
    if let Some(half) = Half::of(&s.re) {
        let y = rectified_stack(half.widen_parts(s), half.widen_parts(responses), stack);
        return half.round(y);
    }
    if !has_kernels(&s.re) {
        return portable::rectified_stack(s, responses, &stack);
    }
    Tensor::from_dispatch(<Dispatch as SpectralOps>::spectral_stack(
        s.re.into_dispatch(),
        s.im.into_dispatch(),
        responses.re.into_dispatch(),
        responses.im.into_dispatch(),
        stack,
    ))
}

/// The product of the flattened output of [`rectified_stack`] with the weights of a dense head. On
/// the kernels that output is not stored either.
///
/// # Shapes
/// - `s`, `responses`: as for [`rectified_stack`]
/// - `weight`: `[2·filters·bins, units]`
/// - output: `[batch, units]`
pub fn rectified_stack_dense<const D: usize>(
    s: ComplexTensor<D>,
    responses: ComplexTensor<D>,
    weight: Tensor<2>,
    stack: StackSpec,
) -> Tensor<2> {
    check_dtypes(s.re.dtype(), responses.re.dtype());
    check_dtypes(s.re.dtype(), weight.dtype());
    if let Some(half) = Half::of(&s.re) {
        let (s, responses) = (half.widen_parts(s), half.widen_parts(responses));
        let y = rectified_stack_dense(s, responses, half.widen(weight), stack);
        return half.round(y);
    }
    if !has_kernels(&s.re) {
        return portable::rectified_stack_dense(s, responses, weight, &stack);
    }
    Tensor::from_dispatch(<Dispatch as SpectralOps>::spectral_stack_dense(
        s.re.into_dispatch(),
        s.im.into_dispatch(),
        responses.re.into_dispatch(),
        responses.im.into_dispatch(),
        weight.into_dispatch(),
        stack,
    ))
}

/// What the adjoint computes the layers from.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    s: Planes<B>,
    responses: Planes<B>,
    stack: StackSpec,
    /// Whether the spectrum's gradient is asked for.
    input: bool,
}

/// Hands the gradients of spectrum and responses to the inputs that have a node.
fn register<B: Backend>(
    grads: &mut Gradients,
    parents: [Option<NodeId>; 4],
    input: Option<Planes<B>>,
    responses: Planes<B>,
) {
    let (re, im) = input.unzip();
    let gradients = [re, im, Some(responses.0), Some(responses.1)];
    for (node, gradient) in parents.into_iter().zip(gradients) {
        if let (Some(node), Some(gradient)) = (node, gradient) {
            grads.register::<B>(node, gradient);
        }
    }
}

#[derive(Debug)]
struct Stack;

impl<B: SpectralPrimitives> Backward<B, 4> for Stack {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 4>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let State {
            s,
            responses,
            stack,
            input,
        } = ops.state;
        let (gs, gr) = B::prim_stack_adjoint(s, responses, grad, &stack, input);
        let parents = ops.parents.map(|node| node.map(|node| node.id));
        register::<B>(grads, parents, gs, gr);
    }
}

#[derive(Debug)]
struct StackDense;

impl<B: SpectralPrimitives> Backward<B, 5> for StackDense {
    type State = (State<B>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 5>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let (state, weight) = ops.state;
        let State {
            s,
            responses,
            stack,
            input,
        } = state;
        let (gs, gr, gweight) =
            B::prim_stack_dense_adjoint(s, responses, weight, grad, &stack, input);
        let [s_re, s_im, r_re, r_im, weight] = ops.parents.map(|node| node.map(|node| node.id));
        register::<B>(grads, [s_re, s_im, r_re, r_im], gs, gr);
        if let Some(weight) = weight {
            grads.register::<B>(weight, gweight);
        }
    }
}

/// Takes a spectrum and responses apart into their nodes and what the adjoint needs.
fn take_apart<B: SpectralPrimitives, C: CheckpointStrategy>(
    s: Planes<Autodiff<B, C>>,
    responses: Planes<Autodiff<B, C>>,
    stack: StackSpec,
) -> ([NodeGuard; 4], State<B>) {
    let nodes = [&s.0, &s.1, &responses.0, &responses.1].map(|part| part.node());
    let state = State {
        input: s.0.is_tracked() || s.1.is_tracked(),
        s: (s.0.into_primitive(), s.1.into_primitive()),
        responses: (responses.0.into_primitive(), responses.1.into_primitive()),
        stack,
    };
    (nodes, state)
}

/// [`SpectralOps::spectral_stack`] with differentiation.
pub(super) fn record<B: SpectralPrimitives, C: CheckpointStrategy>(
    s: Planes<Autodiff<B, C>>,
    responses: Planes<Autodiff<B, C>>,
    stack: StackSpec,
) -> FloatTensor<Autodiff<B, C>> {
    let (nodes, state) = take_apart::<B, C>(s, responses, stack);
    let output = B::prim_stack(state.s.clone(), state.responses.clone(), &state.stack);
    match Stack.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(state, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}

/// [`SpectralOps::spectral_stack_dense`] with differentiation.
pub(super) fn record_dense<B: SpectralPrimitives, C: CheckpointStrategy>(
    s: Planes<Autodiff<B, C>>,
    responses: Planes<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    stack: StackSpec,
) -> FloatTensor<Autodiff<B, C>> {
    let ([s_re, s_im, r_re, r_im], state) = take_apart::<B, C>(s, responses, stack);
    let (weight, weight_node) = weight.into_parts();
    let output = B::prim_stack_dense(
        state.s.clone(),
        state.responses.clone(),
        weight.clone(),
        &state.stack,
    );
    let nodes = [s_re, s_im, r_re, r_im, weight_node];
    match StackDense.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((state, weight), output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}
