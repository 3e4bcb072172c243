//! The memory that a step takes at its peak.

use super::spec::StepSpec;
use super::subject::StepSubject;
use crate::bench::error::BenchError;
use crate::bench::memory::peak_above;

/// Megabytes that building a network with its batch and two steps take above what this process
/// holds now, parameters, gradients and the optimizer's state included; none where the system does
/// not tell. See [`peak_of`](crate::bench::peak_of).
///
/// # Errors
/// When the network cannot be built.
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
