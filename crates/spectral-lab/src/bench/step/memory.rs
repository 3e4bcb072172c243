//! Peak memory of a step.

use super::spec::StepSpec;
use super::subject::StepSubject;
use crate::bench::error::BenchError;
use crate::bench::memory::peak_above;

/// Megabytes used by building a network with its batch and two steps above the current level of
/// this process, including parameters, gradients and optimizer state; none if the system does not
/// tell. See [`peak_of`](crate::bench::peak_of).
///
/// # Errors
/// If the network cannot be built.
pub fn peak_of_step(spec: &StepSpec) -> Result<Option<f64>, BenchError> {
    let run = |spec: &StepSpec| {
        let mut subject = StepSubject::new(spec)?;
        subject.step();
        subject.step();
        Ok(())
    };
    let small = StepSpec::new("cnn", Some(1))?;
    peak_above(|| run(&small), || run(spec))
}
