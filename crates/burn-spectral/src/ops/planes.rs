//! Complex arrays as pairs of Burn's CPU tensors, and real arrays by their last axes.

use burn::backend::DispatchTensor;
use burn::tensor::{Element, Shape};
use spectral_kernels::{Planar, PlanarMut};

use crate::ComplexTensor;
use fused_layers::operation::buffer::{self, Pooled};
use fused_layers::operation::flex::Contiguous;
use fused_layers::operation::{FlexTensor, TensorGroup};

/// The real and the imaginary part of a complex array.
pub(super) type Planes = [FlexTensor; 2];

impl<const D: usize> TensorGroup for ComplexTensor<D> {
    const COUNT: usize = 2;

    fn append_to(self, list: &mut Vec<DispatchTensor>) {
        (self.re, self.im).append_to(list);
    }

    fn take_from(list: &mut impl Iterator<Item = DispatchTensor>) -> Self {
        let (re, im) = TensorGroup::take_from(list);
        Self { re, im }
    }
}

/// The elements of both parts.
pub(super) struct ContiguousPlanes([Contiguous; 2]);

impl ContiguousPlanes {
    pub(super) fn new(parts: Planes) -> Self {
        assert_eq!(
            parts[0].dtype(),
            parts[1].dtype(),
            "the real and the imaginary part must have one dtype"
        );
        Self(parts.map(Contiguous::new))
    }

    pub(super) fn dtype(&self) -> burn::tensor::DType {
        self.0[0].0.dtype()
    }

    pub(super) fn planar<E: Element + bytemuck::Pod>(&self) -> Planar<'_, E> {
        Planar {
            re: self.0[0].slice(),
            im: self.0[1].slice(),
        }
    }
}

/// A complex array to write all of, which becomes a pair of tensors afterwards.
pub(super) struct PlanesBuffer<E>([Vec<E>; 2]);

impl<E: Pooled> PlanesBuffer<E> {
    pub(super) fn new(shape: &Shape) -> Self {
        let count = shape.num_elements();
        Self([buffer::take(count), buffer::take(count)])
    }

    pub(super) fn planar_mut(&mut self) -> PlanarMut<'_, E> {
        let [re, im] = &mut self.0;
        PlanarMut { re, im }
    }

    pub(super) fn into_planes(self, shape: &Shape) -> Planes {
        self.0.map(|part| buffer::into_tensor(part, shape))
    }
}

/// A complex array of shape `shape` whose elements `fill` writes, all of them.
pub(super) fn new_planes<E: Pooled>(shape: &Shape, fill: impl FnOnce(PlanarMut<'_, E>)) -> Planes {
    let mut buffer = PlanesBuffer::new(shape);
    fill(buffer.planar_mut());
    buffer.into_planes(shape)
}

/// [`new_planes`] in the dtype of `$like`, which `$element` names in `$fill`.
macro_rules! filled_planes {
    ($like:expr, $shape:expr, $fill:expr) => {
        filled_planes!($like, E, $shape, $fill)
    };
    ($like:expr, $element:ident, $shape:expr, $fill:expr) => {
        fused_layers::operation::flex::with_dtype!($like, $element => {
            crate::ops::planes::new_planes::<$element>($shape, $fill)
        })
    };
}
pub(super) use filled_planes;

/// Both parts, or neither.
pub(super) fn parts(planes: Option<Planes>) -> [Option<FlexTensor>; 2] {
    planes.map_or([None, None], |parts| parts.map(Some))
}

/// The batch and the transformed sizes of `shape` over its last `count` axes.
pub(super) fn last_axes(shape: &Shape, count: usize) -> (usize, &[usize]) {
    let (leading, sizes) = shape[..].split_at(shape.num_dims() - count);
    (leading.iter().product(), sizes)
}
