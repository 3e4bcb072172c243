//! Results without elements that stay in the graph.
//!
//! Burn gives a slice without elements as a new tensor, which depends on nothing: a batch of no
//! images would end the graph there, and `backward` panic. Its CPU backend also reads out of bounds
//! in sums of slices without elements that do not start at zero, which the gradients of a
//! concatenation are.

use burn::backend::{Dispatch, ops::FloatTensorOps};
use burn::tensor::Tensor;

use super::TensorGroup;

/// A tensor without elements that depends on its parents: their gradients are zeros.
pub struct Empty(Tensor<1>);

impl Empty {
    /// The dtype and the device of the result are those of the first parent.
    pub fn of<T: TensorGroup>(parents: T) -> Self {
        let sum = |parent| Tensor::from_dispatch(Dispatch::float_sum(parent));
        let sums = parents.into_list().into_iter().map(sum);
        Self(
            sums.reduce(|sum, next| sum + next)
                .expect("a group has a tensor"),
        )
    }

    /// More parents.
    pub fn and<T: TensorGroup>(self, parents: T) -> Self {
        Self(self.0 + Self::of(parents).0)
    }

    /// The result.
    ///
    /// # Panics
    /// When no size in `dims` is zero.
    pub fn tensor<const D: usize>(self, dims: [usize; D]) -> Tensor<D> {
        assert!(dims.contains(&0), "a tensor of shape {dims:?} has elements");
        let nothing = Tensor::zeros(dims, (&self.0.device(), self.0.dtype()));
        nothing * self.0.reshape([1; D])
    }
}

/// Part of an axis, as `Tensor::narrow`, in the graph also where it has no elements.
pub fn narrow<const D: usize>(
    tensor: Tensor<D>,
    axis: usize,
    start: usize,
    length: usize,
) -> Tensor<D> {
    let mut dims = tensor.dims();
    match dims.iter().product() {
        0 => {
            dims[axis] = length;
            Empty::of(tensor).tensor(dims)
        }
        _ => tensor.narrow(axis, start, length),
    }
}

/// Tensors joined along an axis, as `Tensor::cat`, also where they have no elements.
pub fn cat<const D: usize>(tensors: Vec<Tensor<D>>, axis: usize) -> Tensor<D> {
    let mut dims = tensors.first().map_or([1; D], |first| first.dims());
    dims[axis] = tensors.iter().map(|tensor| tensor.dims()[axis]).sum();
    if !dims.contains(&0) {
        return Tensor::cat(tensors, axis);
    }
    let mut parents = tensors.into_iter();
    let first = parents.next().expect("a size of zero is that of a tensor");
    parents.fold(Empty::of(first), Empty::and).tensor(dims)
}
