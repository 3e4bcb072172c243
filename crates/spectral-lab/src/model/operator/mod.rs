//! Networks from fields to fields, by name: neural operators beside convolutional baselines.

mod build;
mod network;
mod registry;
mod spec;

pub use network::OperatorNetwork;
pub use registry::{OperatorInfo, OperatorInput, find_operator, operators};
pub use spec::{Architecture, ArchitectureRequest, OperatorSpec};
