//! Errors of rollouts.

use thiserror::Error;

/// An error that names the value and what is accepted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RolloutError {
    /// A shape that no states have.
    #[error(
        "shape {shape:?}: accepted: [samples, channels, space…] with one to three axes of space and no size of 0"
    )]
    Shape {
        /// The shape.
        shape: Vec<usize>,
    },
    /// A state with the wrong number of values.
    #[error("{what} at step {step}: expected {expected} values, got {found}")]
    Length {
        /// Which state.
        what: &'static str,
        /// The step.
        step: usize,
        /// The number that the shape requires.
        expected: usize,
        /// The number of values.
        found: usize,
    },
    /// Steps that do not increase.
    #[error("step {step} after step {previous}: steps must increase")]
    Order {
        /// The step.
        step: usize,
        /// The step before.
        previous: usize,
    },
    /// A true state that is not finite.
    #[error("the true state of sample {sample} at step {step} is not finite")]
    Truth {
        /// The sample, from 0.
        sample: usize,
        /// The step.
        step: usize,
    },
    /// A sample or channel to keep that does not exist.
    #[error("{option} {value}: there are {count}, counted from 0")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        value: usize,
        /// The number of them.
        count: usize,
    },
}
