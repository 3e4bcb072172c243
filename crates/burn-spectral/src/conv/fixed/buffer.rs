//! Tensors that belong to a layer and do not train.

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
    Param,
};
use burn::tensor::{Device, Tensor};

/// A constant tensor of a layer: it travels in records and to devices, and it never trains.
///
/// Burn counts every tensor that a record holds in `num_params`, frozen ones too, and leaves plain
/// tensor fields out of records. This is a frozen parameter that counts as none; `unfreeze` and
/// `set_require_grad` pass it by. A visitor meets it as a parameter that requires no gradient.
///
/// Within an `Option`, an array or a tuple of modules Burn counts by visiting, and so counts it.
#[derive(Clone, Debug)]
pub struct Buffer<const D: usize> {
    param: Param<Tensor<D>>,
}

impl<const D: usize> Buffer<D> {
    /// A constant of the given value.
    pub fn new(value: Tensor<D>) -> Self {
        Self {
            param: Param::from_tensor(value.detach()).set_require_grad(false),
        }
    }

    /// The value.
    pub fn val(&self) -> Tensor<D> {
        self.param.val()
    }

    /// Its shape.
    pub fn dims(&self) -> [usize; D] {
        self.param.dims()
    }

    fn frozen(param: Param<Tensor<D>>) -> Self {
        Self {
            param: param.set_require_grad(false),
        }
    }
}

impl<const D: usize> Module for Buffer<D> {
    fn num_params(&self) -> usize {
        0
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.param.visit(visitor);
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        Self::frozen(Module::map(self.param, mapper))
    }

    fn to_device(self, device: &Device) -> Self {
        Self::frozen(self.param.to_device(device))
    }

    fn fork(self, device: &Device) -> Self {
        Self::frozen(self.param.fork(device))
    }

    fn collect_devices(&self, devices: Devices) -> Devices {
        self.param.collect_devices(devices)
    }

    fn materialize(self) -> Self {
        Self::frozen(self.param.materialize())
    }

    fn valid(&self) -> Self {
        Self {
            param: self.param.valid(),
        }
    }

    fn train(self) -> Self {
        Self::frozen(self.param.train())
    }
}

impl<const D: usize> core::fmt::Display for Buffer<D> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Buffer {{rank: {D}, shape: {:?}}}", self.dims())
    }
}

impl<const D: usize> ModuleDisplayDefault for Buffer<D> {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_single(&self.to_string()).optional()
    }

    fn num_params(&self) -> usize {
        0
    }
}

impl<const D: usize> ModuleDisplay for Buffer<D> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(value: f32) -> Buffer<1> {
        Buffer::new(Tensor::full([3], value, &Device::flex()))
    }

    #[test]
    fn a_buffer_counts_no_parameters_and_cannot_be_released() {
        let device = Device::flex().autodiff();
        let buffer = buffer(1.0)
            .to_device(&device)
            .train()
            .unfreeze()
            .set_require_grad(true);
        assert_eq!(Module::num_params(&buffer), 0);
        assert!(!buffer.val().is_require_grad());
        assert!(!buffer.train().val().is_require_grad());
    }

    #[test]
    fn a_buffer_travels_in_records() {
        let loaded = buffer(0.0).load_record(buffer(2.5).into_record());
        assert_eq!(
            loaded.val().into_data().try_to_vec::<f32>().unwrap(),
            vec![2.5; 3]
        );
    }
}
