//! Slices of Burn's CPU tensors.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;
use burn::tensor::{DType, Element, Shape};

use super::buffer::{self, Pooled};

/// Calls `$body` with `$element` bound to the float type of `$tensor`, f32 or f64.
macro_rules! with_dtype {
    ($tensor:expr, $element:ident => $body:expr) => {
        match $tensor.dtype() {
            burn::tensor::DType::F32 => {
                type $element = f32;
                $body
            }
            burn::tensor::DType::F64 => {
                type $element = f64;
                $body
            }
            dtype => panic!("the kernels take f32 and f64 tensors, got {dtype:?}"),
        }
    };
}
pub(crate) use with_dtype;

/// A tensor of shape `$shape` and the dtype of `$like`, written by `$fill`, in which `$element` names that dtype.
macro_rules! filled {
    ($like:expr, $shape:expr, $fill:expr) => {
        crate::ops::fused::operation::flex::filled!($like, E, $shape, $fill)
    };
    ($like:expr, $element:ident, $shape:expr, $fill:expr) => {
        crate::ops::fused::operation::flex::with_dtype!($like, $element => {
            crate::ops::fused::operation::flex::new_tensor::<$element>($shape, $fill)
        })
    };
}
pub(crate) use filled;

/// The elements of a tensor in row-major order, copied only when a view is not contiguous.
pub struct Contiguous(pub FlexTensor);

impl Contiguous {
    /// The elements of `tensor`.
    pub fn new(tensor: FlexTensor) -> Self {
        Self(match tensor.is_contiguous() {
            true => tensor,
            false => tensor.to_contiguous(),
        })
    }

    /// Shape of the tensor.
    pub fn shape(&self) -> Shape {
        self.0.shape()
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        self.0.dtype()
    }

    /// The elements.
    pub fn slice<E: Element + bytemuck::Pod>(&self) -> &[E] {
        self.0
            .as_slice()
            .expect("a contiguous tensor of the dtype that was matched")
    }
}

/// A tensor of shape `shape` whose elements `fill` writes, all of them.
pub fn new_tensor<E: Pooled>(shape: &Shape, fill: impl FnOnce(&mut [E])) -> FlexTensor {
    let mut buffer = buffer::take::<E>(shape.num_elements());
    fill(&mut buffer);
    buffer::into_tensor(buffer, shape)
}
