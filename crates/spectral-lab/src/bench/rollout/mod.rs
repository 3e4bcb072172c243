//! Times rollouts of neural operators, against PyTorch.
//!
//! A rollout applies a network to its own output again and again, without gradients: what an emulator does
//! once it is trained.

mod report;
mod run;
mod spec;

pub use report::{PeerRolloutReport, RolloutReport};
pub use run::RolloutBench;
pub use spec::RolloutSpec;
