//! Slices of Burn's CPU tensors.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Element, Shape, Tensor};

use super::FlexTensor;
use super::buffer::{self, Pooled};

#[doc(hidden)]
pub use burn::tensor::DType as TensorDType;

/// Calls `$body` with `$element` bound to the float type of `$tensor`, f32 or f64.
#[doc(hidden)]
#[macro_export]
macro_rules! with_dtype {
    ($tensor:expr, $element:ident => $body:expr) => {
        match $tensor.dtype() {
            $crate::operation::flex::TensorDType::F32 => {
                type $element = f32;
                $body
            }
            $crate::operation::flex::TensorDType::F64 => {
                type $element = f64;
                $body
            }
            dtype => panic!("the kernels take f32 and f64 tensors, got {dtype:?}"),
        }
    };
}
pub use with_dtype;

/// A tensor of shape `$shape` and the dtype of `$like`, written by `$fill`, in which `$element` names that dtype.
#[doc(hidden)]
#[macro_export]
macro_rules! filled {
    ($like:expr, $shape:expr, $fill:expr) => {
        $crate::operation::flex::filled!($like, E, $shape, $fill)
    };
    ($like:expr, $element:ident, $shape:expr, $fill:expr) => {
        $crate::operation::flex::with_dtype!($like, $element => {
            $crate::operation::flex::new_tensor::<$element>($shape, $fill)
        })
    };
}
pub use filled;

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

/// The tensor of the CPU backend in a tensor without autodiff.
///
/// # Panics
/// If it is on another backend.
#[cfg(feature = "flex")]
pub fn into_primitive<const D: usize>(tensor: Tensor<D>) -> FlexTensor {
    tensor
        .try_into_primitive::<burn::backend::Flex>()
        .expect("a tensor of the inner CPU backend")
}

/// A tensor of the CPU backend as a tensor without autodiff.
#[cfg(feature = "flex")]
pub fn from_primitive<const D: usize>(tensor: FlexTensor) -> Tensor<D> {
    Tensor::from_primitive::<burn::backend::Flex>(tensor)
}

/// The elements of a contiguous tensor, to change them; copied first if another tensor is over them.
#[cfg(feature = "flex")]
pub fn elements_mut<E: Element + bytemuck::Pod>(tensor: &mut Contiguous) -> &mut [E] {
    let (start, end) = tensor
        .0
        .layout()
        .contiguous_offsets()
        .expect("made contiguous when it was created");
    &mut tensor.0.storage_mut()[start..end]
}

#[cfg(not(feature = "flex"))]
mod without {
    use super::{Contiguous, Element, FlexTensor, Tensor};
    use crate::operation::absent::none;

    /// The tensor of the CPU backend in a tensor; there is none without the feature `flex`.
    ///
    /// # Panics
    /// Always.
    pub fn into_primitive<const D: usize>(_: Tensor<D>) -> FlexTensor {
        none()
    }

    /// A tensor of the CPU backend as a tensor; there is none without the feature `flex`.
    ///
    /// # Panics
    /// Always.
    pub fn from_primitive<const D: usize>(_: FlexTensor) -> Tensor<D> {
        panic!("the kernels need the feature `flex`")
    }

    /// The elements of a contiguous tensor; there is none without the feature `flex`.
    ///
    /// # Panics
    /// Always.
    pub fn elements_mut<E: Element>(_: &mut Contiguous) -> &mut [E] {
        panic!("the kernels need the feature `flex`")
    }
}
#[cfg(not(feature = "flex"))]
pub use without::{elements_mut, from_primitive, into_primitive};
