//! The step of a neural operator.

use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::operator::{Derivative, relative_h1};

use super::spec::StepSpec;
use super::stepper::Stepper;
use crate::bench::error::BenchError;
use crate::bench::operator::OperatorCase;
use crate::model::operator::OperatorNetwork;
use crate::train::Operator;

/// A network with one batch of fields, and the loss of neuraloperator's example: relative H1 errors by periodic
/// differences.
pub(super) struct FieldStep {
    stepper: Stepper<OperatorNetwork<4>>,
    inputs: Tensor<4>,
    targets: Tensor<4>,
}

impl FieldStep {
    /// Draws the weights, and standard normal inputs and targets.
    pub(super) fn new(case: &OperatorCase, spec: &StepSpec) -> Result<Self, BenchError> {
        let device = Device::flex();
        let network = case.build(&device)?;
        let learning = device.autodiff();
        let draw = || Tensor::random(spec.shape(), Distribution::Normal(0.0, 1.0), &learning);
        Ok(Self {
            stepper: Stepper::new(network, &spec.config),
            inputs: draw(),
            targets: draw(),
        })
    }

    pub(super) fn step(&mut self) -> [f64; 4] {
        let (inputs, targets) = (self.inputs.clone(), self.targets.clone());
        let derivative = Derivative::FiniteDifference { periodic: true };
        self.stepper.step(
            |model| model.forward(inputs),
            |outputs: Tensor<4>| relative_h1(outputs, targets, derivative),
        )
    }

    pub(super) fn parameters(&self) -> usize {
        self.stepper.parameters()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loss of a step's network.
    fn loss(step: &FieldStep) -> f32 {
        let model = &step.stepper.learner.as_ref().unwrap().model;
        let outputs = model.forward(step.inputs.clone());
        let derivative = Derivative::FiniteDifference { periodic: true };
        relative_h1(outputs, step.targets.clone(), derivative).into_scalar()
    }

    #[test]
    fn steps_lower_the_loss() {
        let spec = StepSpec::new("fno-darcy", Some(2)).unwrap();
        let mut step = FieldStep::new(OperatorCase::find("fno-darcy").unwrap(), &spec).unwrap();
        let before = loss(&step);
        for _ in 0..25 {
            let parts = step.step();
            assert!(parts.iter().all(|ms| *ms > 0.0), "{parts:?}");
        }
        let after = loss(&step);
        assert!(after < 0.9 * before, "{before} {after}");
    }
}
