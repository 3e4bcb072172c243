//! The networks of the lab, by name.
//!
//! Every spectral network stands beside its spatial baseline: the same network with ordinary
//! convolutions in the places that differ.

mod cnn;
mod error;
mod filter;
mod input;
mod network;
mod parameters;
mod probe;
mod registry;

pub use cnn::Cnn;
pub use error::ModelError;
pub use filter::{Filter, FilterKind};
pub use input::InputSpec;
pub use network::Network;
pub use parameters::trainable;
pub use probe::{FilterProbe, probe_filters};
pub use registry::{ModelInfo, build, find, models};
