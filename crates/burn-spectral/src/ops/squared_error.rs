//! The mean squared error, as one operation.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::flex::FlexTensor;
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::{ElementConversion, Shape, Tensor};

use super::buffer;
use super::flex::{Contiguous, with_dtype};
use super::{Half, check_dtypes, has_kernels};

/// Partial sums, as many as fill the lanes.
const SUMS: usize = 16;
/// Squares summed in the tensor's own precision before the sums go to `f64`.
const BLOCK: usize = 64 * SUMS;

/// The mean of `(x − t)²` over all elements. On the kernels one pass gives the loss and what its gradient needs, the
/// differences.
///
/// # Shapes
/// - `x`, `targets`: any, the same
/// - output: `[1]`
///
/// # Panics
/// When the shapes differ.
pub fn mean_squared_error<const D: usize>(x: Tensor<D>, targets: Tensor<D>) -> Tensor<1> {
    let (shape, target_shape) = (x.dims(), targets.dims());
    assert_eq!(
        shape, target_shape,
        "mean squared error: expected targets of shape {shape:?}, got {target_shape:?}"
    );
    check_dtypes(x.dtype(), targets.dtype());
    if let Some(half) = Half::of(&x) {
        return half.round(mean_squared_error(half.widen(x), half.widen(targets)));
    }
    if !has_kernels(&x) {
        return portable(x, targets);
    }
    Tensor::from_dispatch(<Dispatch as SquaredErrorOps>::spectral_squared_error(
        x.into_dispatch(),
        targets.into_dispatch(),
    ))
}

/// The same in ordinary tensor operations.
pub fn portable<const D: usize>(x: Tensor<D>, targets: Tensor<D>) -> Tensor<1> {
    (x - targets).square().mean()
}

/// The operation and its gradient, without differentiation.
pub trait SquaredErrorPrimitives: Backend {
    /// The loss and the differences.
    fn prim_squared_error(
        x: FloatTensor<Self>,
        targets: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradient for the first argument, from the differences and the gradient `[1]` of the loss.
    fn prim_squared_error_adjoint(
        differences: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The operation that Burn dispatches by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait SquaredErrorOps: Backend {
    /// The loss.
    fn spectral_squared_error(
        x: FloatTensor<Self>,
        targets: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl SquaredErrorPrimitives for Flex {
    fn prim_squared_error(x: FlexTensor, targets: FlexTensor) -> (FlexTensor, FlexTensor) {
        let shape = x.shape();
        let (x, targets) = (Contiguous::new(x), Contiguous::new(targets));
        let count = shape.num_elements();
        with_dtype!(x.0, E => {
            let mut differences = buffer::take::<E>(count);
            let mut total = 0.0;
            let (x, targets) = (x.slice::<E>(), targets.slice::<E>());
            let blocks = differences.chunks_mut(BLOCK);
            for ((to, x), t) in blocks.zip(x.chunks(BLOCK)).zip(targets.chunks(BLOCK)) {
                let mut sums = [0.0; SUMS];
                for ((to, x), t) in to.chunks_mut(SUMS).zip(x.chunks(SUMS)).zip(t.chunks(SUMS)) {
                    for (((to, x), t), sum) in to.iter_mut().zip(x).zip(t).zip(&mut sums) {
                        *to = x - t;
                        *sum += *to * *to;
                    }
                }
                total += sums.iter().map(|sum| sum.elem::<f64>()).sum::<f64>();
            }
            let loss = total / count as f64;
            (
                buffer::into_tensor(vec![loss as E], &Shape::new([1])),
                buffer::into_tensor(differences, &shape),
            )
        })
    }

    fn prim_squared_error_adjoint(differences: FlexTensor, grad: FlexTensor) -> FlexTensor {
        let shape = differences.shape();
        let (differences, grad) = (Contiguous::new(differences), Contiguous::new(grad));
        let count = shape.num_elements();
        with_dtype!(grad.0, E => {
            let factor = (2.0 * grad.slice::<E>()[0].elem::<f64>() / count as f64) as E;
            let mut gradient = buffer::take::<E>(count);
            for (to, d) in gradient.iter_mut().zip(differences.slice::<E>()) {
                *to = factor * d;
            }
            buffer::into_tensor(gradient, &shape)
        })
    }
}

impl SquaredErrorOps for Flex {
    fn spectral_squared_error(x: FlexTensor, targets: FlexTensor) -> FlexTensor {
        Self::prim_squared_error(x, targets).0
    }
}

#[derive(Debug)]
struct SquaredError;

impl<B: SquaredErrorPrimitives> Backward<B, 2> for SquaredError {
    type State = FloatTensor<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let gradient = B::prim_squared_error_adjoint(ops.state, grad);
        let [x, targets] = ops.parents;
        if let Some(node) = targets {
            grads.register::<B>(node.id, B::float_neg(gradient.clone()));
        }
        if let Some(node) = x {
            grads.register::<B>(node.id, gradient);
        }
    }
}

impl<B: SquaredErrorPrimitives, C: CheckpointStrategy> SquaredErrorOps for Autodiff<B, C> {
    fn spectral_squared_error(
        x: FloatTensor<Self>,
        targets: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), targets.node()];
        let (loss, differences) =
            B::prim_squared_error(x.into_primitive(), targets.into_primitive());
        match SquaredError.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(differences, loss),
            OpsKind::UnTracked(prep) => prep.finish(loss),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Distribution};

    #[track_caller]
    fn assert_close<const D: usize>(got: Tensor<D>, expected: Tensor<D>) {
        let limit = if got.dtype() == DType::F64 {
            1e-14
        } else {
            1e-6
        };
        let worst: f64 = (got - expected).abs().max().into_scalar();
        assert!(worst <= limit, "off by {worst}");
    }

    #[test]
    fn loss_and_gradients_are_those_of_tensor_operations() {
        let device = Device::flex().autodiff();
        for dtype in [DType::F32, DType::F64] {
            for shape in [[1, 1], [3, 5], [16, 16], [7, 31]] {
                let draw = || {
                    let spread = Distribution::Uniform(-2.0, 2.0);
                    Tensor::<2>::random(shape, spread, (&device, dtype)).require_grad()
                };
                let (x, targets) = (draw(), draw());
                let ours = mean_squared_error(x.clone(), targets.clone());
                let theirs = portable(x.clone(), targets.clone());
                assert_close(ours.clone(), theirs.clone());
                let [ours, theirs] = [ours, theirs].map(|loss| (loss * 1.5).backward());
                for leaf in [&x, &targets] {
                    assert_close(leaf.grad(&ours).unwrap(), leaf.grad(&theirs).unwrap());
                }
            }
        }
    }

    #[test]
    fn a_target_that_is_not_tracked_gets_no_gradient() {
        let device = Device::flex().autodiff();
        let x = Tensor::<1>::from_data([1.0f32, 3.0], &device).require_grad();
        let targets = Tensor::<1>::from_data([0.0f32, 1.0], &device);
        let gradients = mean_squared_error(x.clone(), targets.clone()).backward();
        let gradient = x.grad(&gradients).unwrap().try_into_vec_as::<f32>();
        assert_eq!(gradient.unwrap(), [1.0, 2.0]);
        assert!(targets.grad(&gradients).is_none());
    }

    #[test]
    #[should_panic(expected = "expected targets of shape [2, 3], got [3, 2]")]
    fn targets_of_another_shape_are_refused() {
        let device = Device::flex();
        let zeros = |shape: [usize; 2]| Tensor::<2>::zeros(shape, &device);
        mean_squared_error(zeros([2, 3]), zeros([3, 2]));
    }
}
