//! A batch without images goes through every layer, forward and backward, and leaves no trace.

mod common;
mod layers;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use layers::{Check, Outcome, every_layer};
use common::values;

/// Asserts that every parameter has a gradient of its shape, of zeros.
struct Zeros<'a> {
    layer: &'a str,
    gradients: Gradients,
}

impl ModuleVisitor for Zeros<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        if !tensor.is_require_grad() {
            return;
        }
        let (layer, dims) = (self.layer, tensor.dims());
        let Some(gradient) = tensor.grad(&self.gradients) else {
            panic!("{layer}: a parameter of shape {dims:?} has no gradient");
        };
        assert_eq!(gradient.dims(), dims, "{layer}");
        assert!(
            values(gradient).iter().all(|value| *value == 0.0),
            "{layer}"
        );
    }
}

struct Empty;

impl Check for Empty {
    fn layer<M: Module, const D: usize>(
        &mut self,
        name: &str,
        layer: M,
        input: [usize; D],
        forward: impl Fn(&M, Tensor<D>) -> Outcome,
    ) {
        let record = |layer: &M| layer.clone().into_record().into_bytes().unwrap();
        let before = record(&layer);
        let x = Tensor::<D>::zeros(input, &Device::flex().autodiff()).require_grad();
        let outcome = forward(&layer, x.clone());
        assert_eq!(outcome.values.len(), 0, "{name}");
        let gradients = outcome.loss.backward();
        let gradient = x.grad(&gradients);
        let gradient = gradient.unwrap_or_else(|| panic!("{name}: the input has no gradient"));
        assert_eq!(gradient.dims(), input, "{name}");
        let mut zeros = Zeros {
            layer: name,
            gradients,
        };
        layer.visit(&mut zeros);
        assert!(record(&layer) == before, "{name}: the record changed");
    }
}

#[test]
fn an_empty_batch_goes_through_every_layer_and_back_and_changes_no_record() {
    let device = Device::flex().autodiff();
    every_layer(0, [8, 6], 12, &device, &mut Empty);
    // An even and an odd grid are cropped and padded in different ways.
    every_layer(0, [7, 9], 13, &device, &mut Empty);
}
