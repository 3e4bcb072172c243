//! The network of a rollout and its length.

use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::operator::rollout;

use crate::bench::error::BenchError;
use crate::bench::operator::OperatorCase;
use crate::model::operator::OperatorNetwork;
use crate::train::Operator;

/// States after the first by default.
const STEPS: usize = 1_000;

/// A neural operator with fresh weights, applied to its own output.
#[derive(Clone, Copy, Debug)]
pub struct RolloutSpec {
    /// The network.
    pub case: &'static OperatorCase,
    /// Samples at once.
    pub batch: usize,
    /// How often it is applied.
    pub steps: usize,
}

impl RolloutSpec {
    /// 1,000 steps of one sample, of an operator by name.
    ///
    /// # Errors
    /// If the name is unknown, with the available names.
    pub fn new(name: &str) -> Result<Self, BenchError> {
        Ok(Self {
            case: OperatorCase::find(name)?,
            batch: 1,
            steps: STEPS,
        })
    }

    /// What the peer needs to run the same.
    pub(in crate::bench) fn request(&self) -> serde_json::Value {
        let mut request = self.case.request(self.batch);
        request["steps"] = self.steps.into();
        request
    }
}

/// A rollout ready to be timed.
pub(super) struct RolloutSubject {
    network: OperatorNetwork<4>,
    start: Tensor<4>,
    steps: usize,
}

impl RolloutSubject {
    /// Draws the weights and a standard normal state.
    pub(super) fn new(spec: &RolloutSpec) -> Result<Self, BenchError> {
        let device = Device::flex();
        let shape = spec.case.shape(spec.batch);
        Ok(Self {
            network: spec.case.build(&device)?,
            start: Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device),
            steps: spec.steps,
        })
    }

    /// The last state.
    pub(super) fn run(&self) -> Tensor<4> {
        let step = |state| self.network.forward(state);
        let states = rollout(step, self.start.clone(), self.steps);
        states.last().unwrap_or_else(|| self.start.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_stay_bounded_and_do_not_vanish() {
        let spec = RolloutSpec {
            steps: 40,
            ..RolloutSpec::new("fno-darcy").unwrap()
        };
        let last = RolloutSubject::new(&spec).unwrap().run();
        assert_eq!(last.dims(), [1, 1, 16, 16]);
        let largest = last.abs().max().into_scalar::<f32>();
        assert!((1e-6..1e6).contains(&largest), "{largest}");
    }
}
