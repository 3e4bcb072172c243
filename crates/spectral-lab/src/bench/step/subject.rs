//! A step ready to be timed.

use super::fields::FieldStep;
use super::images::ImageStep;
use super::spec::{StepNetwork, StepSpec};
use crate::bench::error::BenchError;

/// A training network with one batch, the same in every step.
pub struct StepSubject(Kind);

enum Kind {
    Images(Box<ImageStep>),
    Fields(Box<FieldStep>),
}

impl StepSubject {
    /// Draws the weights and a batch of standard normal numbers.
    ///
    /// # Errors
    /// If the network cannot be built.
    pub fn new(spec: &StepSpec) -> Result<Self, BenchError> {
        Ok(Self(match spec.network {
            StepNetwork::Images(info) => Kind::Images(Box::new(ImageStep::new(info, spec)?)),
            StepNetwork::Fields(case) => Kind::Fields(Box::new(FieldStep::new(case, spec)?)),
        }))
    }

    /// Runs a step and returns the milliseconds of its four parts: forward, loss, backward, and
    /// optimizer.
    pub fn step(&mut self) -> [f64; 4] {
        match &mut self.0 {
            Kind::Images(step) => step.step(),
            Kind::Fields(step) => step.step(),
        }
    }

    /// Number of trainable parameters.
    pub fn parameters(&self) -> usize {
        match &self.0 {
            Kind::Images(step) => step.parameters(),
            Kind::Fields(step) => step.parameters(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_takes_time() {
        let mut subject = StepSubject::new(&StepSpec::new("cnn", Some(2)).unwrap()).unwrap();
        assert_eq!(subject.parameters(), 24_170);
        for _ in 0..2 {
            let parts = subject.step();
            assert!(parts.iter().all(|ms| *ms > 0.0), "{parts:?}");
        }
    }
}
