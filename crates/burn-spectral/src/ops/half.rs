//! Half precision: f16 and bf16 store numbers, and f32 computes with them.
//!
//! An unnormalized transform of a few hundred samples leaves the range of f16, and a sum of as many
//! products in f16 keeps one or two digits. So an operation on half-precision tensors runs in f32
//! from its inputs to its output: on the kernels where they are, in tensor ops elsewhere.

use burn::tensor::{DType, Tensor};

use crate::ComplexTensor;

/// A half-precision dtype, and the way to f32 and back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Half(DType);

impl Half {
    /// The dtype of a tensor, if it is a half-precision one.
    pub(crate) fn of<const D: usize>(tensor: &Tensor<D>) -> Option<Self> {
        let dtype = tensor.dtype();
        matches!(dtype, DType::F16 | DType::BF16).then_some(Self(dtype))
    }

    /// The tensor in f32.
    pub(crate) fn widen<const D: usize>(self, tensor: Tensor<D>) -> Tensor<D> {
        tensor.cast(DType::F32)
    }

    /// The tensor in half precision; infinite where it is out of range.
    pub(crate) fn round<const D: usize>(self, tensor: Tensor<D>) -> Tensor<D> {
        tensor.cast(self.0)
    }

    /// Both parts in f32.
    pub(crate) fn widen_parts<const D: usize>(self, z: ComplexTensor<D>) -> ComplexTensor<D> {
        z.map(|part| self.widen(part))
    }

    /// Both parts in half precision.
    pub(crate) fn round_parts<const D: usize>(self, z: ComplexTensor<D>) -> ComplexTensor<D> {
        z.map(|part| self.round(part))
    }
}
