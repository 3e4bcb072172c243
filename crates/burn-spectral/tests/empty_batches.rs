//! A batch without images goes through every layer, forward and backward, and leaves no trace.

mod common;
mod layers;

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use burn_spectral::frequency::SpectrumGrid;
use burn_spectral::published::{NoiseForm, NoiseTime, SpectralNoiseConfig};
use common::values;
use layers::{Check, Outcome, complex, every_layer, spectrum};

/// The gradients of the parameters, one after the other.
struct Row {
    gradients: Gradients,
    found: Vec<Option<Vec<f64>>>,
    /// Whether each has the shape of its parameter.
    fits: bool,
}

impl Row {
    fn of<M: Module>(layer: &M, gradients: Gradients) -> Self {
        let mut row = Self {
            gradients,
            found: Vec::new(),
            fits: true,
        };
        layer.visit(&mut row);
        row
    }
}

impl ModuleVisitor for Row {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let gradient = tensor.grad(&self.gradients);
        self.fits &= gradient
            .as_ref()
            .is_none_or(|gradient| gradient.dims() == tensor.dims());
        self.found.push(gradient.map(values));
    }
}

/// What each layer does wrong.
struct Empty(Vec<String>);

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
        let run = |batch: usize| {
            let mut dims = input;
            dims[0] = batch;
            let x = Tensor::<D>::ones(dims, &Device::flex().autodiff()).require_grad();
            let outcome = forward(&layer, x.clone());
            let gradients = outcome.loss.backward();
            let gradient = x.grad(&gradients).map(|gradient| gradient.dims());
            (
                outcome.values.len(),
                gradient == Some(dims),
                Row::of(&layer, gradients),
            )
        };
        let run = |batch| catch_unwind(AssertUnwindSafe(|| run(batch))).ok();
        let empty = run(0);
        let is_same = record(&layer) == before;
        // A part that no output depends on, such as the imaginary part of a constant, never learns.
        let (Some((count, fits, row)), Some((.., learning))) = (empty, run(2)) else {
            self.0.push(format!("{name}: panics"));
            return;
        };
        let mut pairs = row.found.iter().zip(&learning.found);
        let faults = [
            (count != 0, "the output has elements"),
            (!fits, "the input has no gradient of its shape"),
            (!row.fits, "a gradient has another shape than its parameter"),
            (
                pairs.any(|(empty, learning)| empty.is_some() != learning.is_some()),
                "a parameter has no gradient",
            ),
            (
                row.found
                    .iter()
                    .flatten()
                    .flatten()
                    .any(|value| *value != 0.0),
                "a gradient is not zero",
            ),
            (!is_same, "the record changed"),
        ];
        let faults = faults.iter().filter(|fault| fault.0);
        self.0
            .extend(faults.map(|fault| format!("{name}: {}", fault.1)));
    }
}

#[test]
fn an_empty_batch_goes_through_every_layer_and_back_and_changes_no_record() {
    let device = Device::flex().autodiff();
    let mut empty = Empty(Vec::new());
    every_layer(0, [8, 6], 12, &device, &mut empty);
    // An even and an odd grid are cropped and padded in different ways.
    every_layer(0, [7, 9], 13, &device, &mut empty);
    let grid = SpectrumGrid::half([8, 6]);
    let noise = SpectralNoiseConfig::new(0.1)
        .with_form(NoiseForm::Hermitian(grid))
        .with_time(NoiseTime::Always);
    empty.layer("SpectralNoise", noise.init(), [0, 2, 8, 4], |m, x| {
        complex(m.forward(spectrum(x)))
    });
    assert!(empty.0.is_empty(), "{}", empty.0.join("\n"));
}
