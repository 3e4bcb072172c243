//! Half precision: f16 and bf16 store numbers, f32 computes with them.
//!
//! A sum of a few hundred products in f16 keeps one or two digits, and an unnormalized transform of as many samples
//! leaves its range. So an operation on half-precision tensors runs in f32 from its inputs to its outputs.

use burn::backend::{Dispatch, DispatchTensor, ops::FloatTensorOps};
use burn::tensor::{DType, FloatDType, Tensor};

use super::TensorGroup;

/// A half-precision dtype, and the way to f32 and back.
#[derive(Clone, Copy, Debug)]
pub struct Half(DType);

impl Half {
    /// The dtype of a tensor, if it is a half-precision one.
    pub fn of<const D: usize>(tensor: &Tensor<D>) -> Option<Self> {
        Self::of_dtype(tensor.dtype())
    }

    pub(super) fn of_dtype(dtype: DType) -> Option<Self> {
        matches!(dtype, DType::F16 | DType::BF16).then_some(Self(dtype))
    }

    /// The tensors in f32.
    pub fn widen<T: TensorGroup>(self, tensors: T) -> T {
        cast(tensors, DType::F32)
    }

    /// The tensors in half precision; infinite where they are out of range.
    pub fn round<T: TensorGroup>(self, tensors: T) -> T {
        cast(tensors, self.0)
    }

    pub(super) fn widen_all(self, tensors: &mut [DispatchTensor]) {
        cast_all(tensors, DType::F32);
    }

    pub(super) fn round_all(self, tensors: &mut [DispatchTensor]) {
        cast_all(tensors, self.0);
    }
}

fn cast<T: TensorGroup>(tensors: T, dtype: DType) -> T {
    let mut list = tensors.into_list();
    cast_all(&mut list, dtype);
    T::from_list(list)
}

fn cast_all(tensors: &mut [DispatchTensor], dtype: DType) {
    for tensor in tensors {
        *tensor = Dispatch::float_cast(tensor.clone(), FloatDType::from(dtype));
    }
}
