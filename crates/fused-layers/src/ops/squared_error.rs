//! The mean squared error, as one operation.

use burn::backend::TensorMetadata;
use burn::tensor::{ElementConversion, Shape, Tensor};

use crate::operation::flex::{Contiguous, filled, new_tensor, with_dtype};
use crate::operation::{
    FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply, buffer,
};

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
    apply(SquaredError, (x, targets), |_, (x, targets)| {
        fallback(x, targets)
    })
}

/// [`mean_squared_error`] in ordinary tensor operations.
pub fn fallback<const D: usize>(x: Tensor<D>, targets: Tensor<D>) -> Tensor<1> {
    (x - targets).square().mean()
}

#[derive(Clone, Debug)]
struct SquaredError;

/// Saved are the differences.
impl KernelOperation<2, 1> for SquaredError {
    const INPUTS: Names = &["input", "targets"];
    type Saved = FlexTensor;

    fn forward(&self, inputs: Tensors<2>, _: [bool; 2]) -> Forward<FlexTensor, 1> {
        let shape = inputs[0].shape();
        let [x, targets] = inputs.map(Contiguous::new);
        with_dtype!(x, E => {
            let mut total = 0.0;
            let (x, targets) = (x.slice::<E>(), targets.slice::<E>());
            let differences = new_tensor::<E>(&shape, |differences| {
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
            });
            let loss = (total / shape.num_elements() as f64) as E;
            Forward::new([buffer::into_tensor(vec![loss], &Shape::new([1]))], differences)
        })
    }

    fn adjoint(
        self,
        differences: FlexTensor,
        [grad]: Tensors<1>,
        [x, targets]: [bool; 2],
    ) -> Gradients<2> {
        let shape = differences.shape();
        let (differences, grad) = (Contiguous::new(differences), Contiguous::new(grad));
        let gradient = filled!(grad, E, &shape, |gradient| {
            let loss = grad.slice::<E>()[0].elem::<f64>();
            let factor = (2.0 * loss / shape.num_elements() as f64) as E;
            for (to, d) in gradient.iter_mut().zip(differences.slice::<E>()) {
                *to = factor * d;
            }
        });
        let negative = targets.then(|| {
            let gradient = Contiguous::new(gradient.clone());
            filled!(gradient, E, &shape, |negative| {
                for (to, g) in negative.iter_mut().zip(gradient.slice::<E>()) {
                    *to = -g;
                }
            })
        });
        [x.then_some(gradient), negative]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::close::assert_close;
    use burn::tensor::{DType, Device, Distribution};

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
                let theirs = fallback(x.clone(), targets.clone());
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
