//! Times whole training steps, against PyTorch ports of the same networks.
//!
//! A [`StepSpec`] is a network of the lab on images or on fields, its recipe, and a batch in memory as tensors.
//! [`StepSubject`] runs the step of [`fit`](crate::train::fit), and [`StepBench`] times it taking
//! turns with the peer.

mod fields;
mod images;
mod memory;
mod parts;
mod report;
mod run;
mod spec;
mod stepper;
mod subject;

pub use memory::peak_of_step;
pub use parts::Parts;
pub use report::{PeerStepReport, StepReport};
pub use run::StepBench;
pub use spec::{STEPS, StepNetwork, StepSpec};
pub use subject::StepSubject;
