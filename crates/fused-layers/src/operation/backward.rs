//! The backward step of an operation.

use core::marker::PhantomData;
use std::sync::{Arc, Mutex};

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, NodeGuard, Ops, OpsKind},
};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, AutodiffBackend, Flex, TensorMetadata, tensor::FloatTensor};
use burn::tensor::{DType, Shape};

use super::record::{KernelBackend, Primitives};
use super::{Forward, KernelOperation};

impl<C: CheckpointStrategy> KernelBackend for Autodiff<Flex, C> {
    fn run<T: KernelOperation<I, O>, const I: usize, const O: usize>(
        operation: T,
        inputs: Primitives<Self>,
    ) -> Vec<FloatTensor<Self>> {
        let inputs: [_; I] = inputs.into_array();
        let nodes = inputs.each_ref().map(|input| input.node());
        let tracked = inputs.each_ref().map(|input| input.is_tracked());
        let inputs = inputs.map(|input| input.into_primitive());
        let forward = operation.forward(inputs, tracked);
        record::<C, T, I, O>(operation, nodes, forward)
    }
}

/// The outputs of a forward pass, as outputs of a backward step.
///
/// Burn's steps have one output each. If the operation has several, a joint node stands between the inputs and the
/// outputs. The step of each output leaves its gradient with the joint node's and passes an empty one on to it, so
/// that the adjoint runs once for all.
fn record<C: CheckpointStrategy, T: KernelOperation<I, O>, const I: usize, const O: usize>(
    operation: T,
    nodes: [NodeGuard; I],
    forward: Forward<T::Saved, O>,
) -> Vec<FloatTensor<Autodiff<Flex, C>>> {
    let (outputs, saved) = (forward.outputs, forward.saved);
    let constant = <Autodiff<Flex, C> as AutodiffBackend>::from_inner;
    let step = AdjointStep::<T, I, O>(PhantomData);
    let mut results = Vec::with_capacity(O + forward.statistics.len());
    match step.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::UnTracked(prep) => match only(outputs) {
            Ok(output) => results.push(prep.finish(output)),
            Err(outputs) => results.extend(outputs.map(constant)),
        },
        OpsKind::Tracked(prep) => match only(outputs) {
            Ok(output) => results.push(prep.finish((operation, saved, None), output)),
            Err(outputs) => {
                let empty = FlexTensor::zeros(Shape::new([1]), outputs[0].dtype());
                let joint = Joint {
                    shapes: outputs.each_ref().map(|output| output.shape()),
                    gradients: Arc::new(Mutex::new(core::array::from_fn(|_| None))),
                };
                let node = prep.finish((operation, saved, Some(joint.clone())), empty);
                for (index, output) in outputs.into_iter().enumerate() {
                    let step = OutputStep::<O>.prepare::<C>([node.node()]);
                    results.push(match step.compute_bound().stateful() {
                        OpsKind::Tracked(prep) => prep.finish((joint.clone(), index), output),
                        OpsKind::UnTracked(prep) => prep.finish(output),
                    });
                }
            }
        },
    }
    results.extend(forward.statistics.into_iter().map(constant));
    results
}

/// The element of an array of one.
fn only<E, const N: usize>(array: [E; N]) -> Result<E, [E; N]> {
    match N {
        1 => Ok(array.into_iter().next().expect("one element")),
        _ => Err(array),
    }
}

/// Where the gradients of several outputs wait for the joint node.
#[derive(Clone, Debug)]
struct Joint<const O: usize> {
    shapes: [Shape; O],
    gradients: Arc<Mutex<[Option<FlexTensor>; O]>>,
}

impl<const O: usize> Joint<O> {
    fn leave(&self, index: usize, gradient: FlexTensor) {
        let mut gradients = self.gradients.lock().expect("no step panics with the lock");
        gradients[index] = Some(gradient);
    }

    /// The gradients, zeros for an output that no loss depends on.
    fn take(&self, dtype: DType) -> [FlexTensor; O] {
        let mut gradients = self.gradients.lock().expect("no step panics with the lock");
        core::array::from_fn(|index| {
            let zeros = || FlexTensor::zeros(self.shapes[index].clone(), dtype);
            gradients[index].take().unwrap_or_else(zeros)
        })
    }
}

/// Backward step of one of several outputs.
#[derive(Debug)]
struct OutputStep<const O: usize>;

impl<const O: usize> Backward<Flex, 1> for OutputStep<O> {
    type State = (Joint<O>, usize);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let empty = FlexTensor::zeros(Shape::new([1]), gradient.dtype());
        let (joint, index) = ops.state;
        joint.leave(index, gradient);
        if let [Some(node)] = ops.parents {
            grads.register::<Flex>(node.id, empty);
        }
    }
}

/// Backward step of an operation.
#[derive(Debug)]
struct AdjointStep<T, const I: usize, const O: usize>(PhantomData<T>);

impl<T: KernelOperation<I, O>, const I: usize, const O: usize> Backward<Flex, I>
    for AdjointStep<T, I, O>
{
    type State = (T, T::Saved, Option<Joint<O>>);

    fn backward(
        self,
        ops: Ops<Self::State, I>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let (operation, saved, joint) = ops.state;
        let gradients = match joint {
            Some(joint) => joint.take(gradient.dtype()),
            None => {
                let mut only = Some(gradient);
                core::array::from_fn(|_| only.take().expect("one output without a joint node"))
            }
        };
        let tracked = ops.parents.each_ref().map(Option::is_some);
        let gradients = operation.adjoint(saved, gradients, tracked);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}
