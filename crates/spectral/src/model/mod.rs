//! The networks of the lab, by name.
//!
//! Every spectral network stands beside its spatial baseline: the same network with ordinary
//! convolutions in the places that differ.

mod cnn;
mod error;
mod filters;
mod parameters;
mod registry;

pub use cnn::{Cnn, Filter, FilterKind};
pub use error::ModelError;
pub use filters::{FilterProbe, probe_filters};
pub use parameters::trainable;
pub use registry::{InputSpec, ModelInfo, Network, build, find, models};
