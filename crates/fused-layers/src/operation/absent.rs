//! Stand-ins for the tensor of Burn's CPU backend where that backend is not compiled.
//!
//! There is no such tensor, so operations on the kernels compile as they are and never run: `apply` takes the fallback.

use core::convert::Infallible;

use burn::backend::{DispatchDevice, TensorMetadata};
use burn::tensor::{Bytes, DType, Element, Shape, TensorData};

/// A tensor that cannot be made. A field rather than an empty enum, which the compiler would report as unreachable code
/// wherever one is taken or returned.
#[derive(Clone, Debug)]
pub struct FlexTensor(Infallible);

/// The layout of such a tensor.
pub(super) struct Layout;

impl Layout {
    pub(super) fn contiguous(_: Shape) -> Self {
        Self
    }
}

impl TensorMetadata for FlexTensor {
    type Device = DispatchDevice;

    fn dtype(&self) -> DType {
        match self.0 {}
    }

    fn shape(&self) -> Shape {
        match self.0 {}
    }

    fn device(&self) -> DispatchDevice {
        match self.0 {}
    }

    fn can_mut(&self) -> bool {
        match self.0 {}
    }
}

impl FlexTensor {
    pub(super) fn new(_: Bytes, _: Layout, _: DType) -> Self {
        none()
    }

    pub(super) fn from_data(_: TensorData) -> Self {
        none()
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        match self.0 {}
    }

    /// The elements.
    pub fn storage_mut<E: Element>(&mut self) -> &mut [E] {
        match self.0 {}
    }

    pub(super) fn is_contiguous(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn to_contiguous(&self) -> Self {
        match self.0 {}
    }

    pub(super) fn as_slice<E: Element>(&self) -> Option<&[E]> {
        match self.0 {}
    }
}

/// Where a tensor of the CPU backend would be made.
pub(super) fn none() -> FlexTensor {
    panic!("the kernels need the feature `flex`, Burn's CPU backend")
}
