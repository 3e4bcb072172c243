//! Times of whole training steps, beside PyTorch's of the same networks.
//!
//! A [`StepSpec`] says what is timed: a network of the lab, its recipe, and a batch of its input,
//! in memory as tensors. [`StepSubject`] runs the step that [`fit`](crate::train::fit) runs, and
//! [`StepBench`] sets it in turns with the peer's.

mod memory;
mod parts;
mod report;
mod run;
mod spec;
mod subject;

pub use memory::peak_of_step;
pub use parts::Parts;
pub use report::{PeerStepReport, StepReport};
pub use run::StepBench;
pub use spec::{STEPS, StepSpec};
pub use subject::StepSubject;
