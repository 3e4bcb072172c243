//! A backward pass from a given cotangent.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients as BackendGradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::{Gradients, Shape, Tensor};

/// The root of a backward pass that starts from a given cotangent.
///
/// Burn starts from ones, so a cotangent needs a scalar above it, such as `Σ y·g`, which costs a
/// multiplication and a sum over the output in the forward and a product in the backward pass. This
/// node is that scalar without its value, which is never read: its backward step passes `g` on
/// unchanged.
#[backend_extension(Flex, Autodiff)]
trait CotangentOps: Backend {
    /// A stand-in for the number `Σ output·cotangent`.
    fn cotangent_root(output: FloatTensor<Self>, cotangent: FloatTensor<Self>)
    -> FloatTensor<Self>;
}

impl CotangentOps for Flex {
    fn cotangent_root(
        output: FloatTensor<Self>,
        _cotangent: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        number_beside::<Self>(&output)
    }
}

fn number_beside<B: Backend>(output: &FloatTensor<B>) -> FloatTensor<B> {
    B::float_zeros(Shape::new([1]), &output.device(), output.dtype().into())
}

#[derive(Debug)]
struct Root;

impl<B: Backend> Backward<B, 1> for Root {
    type State = FloatTensor<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut BackendGradients,
        _checkpointer: &mut Checkpointer,
    ) {
        grads.consume::<B>(&ops.node);
        if let [Some(parent)] = ops.parents {
            grads.register::<B>(parent.id, ops.state);
        }
    }
}

impl<B: CotangentOps, C: CheckpointStrategy> CotangentOps for Autodiff<B, C> {
    fn cotangent_root(
        output: FloatTensor<Self>,
        cotangent: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (output, node) = output.into_parts();
        let cotangent = cotangent.into_primitive();
        let root = B::cotangent_root(output, cotangent.clone());
        match Root.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(cotangent, root),
            OpsKind::UnTracked(prep) => prep.finish(root),
        }
    }
}

/// The gradients of `Σ output·cotangent`, at no cost beyond the backward pass of `output`;
/// PyTorch's `output.backward(cotangent)`.
///
/// Both are on an autodiff CPU device, and `output` depends on something that requires gradients.
///
/// # Panics
/// If the shapes differ, or where [`Tensor::backward`] does.
pub fn backward<const D: usize>(output: Tensor<D>, cotangent: Tensor<D>) -> Gradients {
    assert_eq!(
        output.dims(),
        cotangent.dims(),
        "the cotangent has the shape of the output"
    );
    let root = <Dispatch as CotangentOps>::cotangent_root(
        output.into_dispatch(),
        cotangent.into_dispatch(),
    );
    Tensor::<1>::from_dispatch(root).backward()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    #[test]
    fn the_gradients_are_those_of_the_inner_product() {
        let device = Device::flex().autodiff();
        let draw = || Tensor::<2>::random([3, 4], Distribution::Default, &device);
        let (x, factor, g) = (draw().require_grad(), draw().require_grad(), draw());
        let forward = || x.clone() * factor.clone() + x.clone() * x.clone();

        let ours = backward(forward(), g.clone());
        let expected = (forward() * g).sum().backward();
        for leaf in [&x, &factor] {
            let difference = leaf.grad(&ours).unwrap() - leaf.grad(&expected).unwrap();
            assert!(difference.abs().max().into_scalar::<f32>() < 1e-6);
        }
    }
}
