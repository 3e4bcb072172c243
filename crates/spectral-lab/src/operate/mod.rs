//! Operator networks at work, whatever their number of axes: trained, evaluated and rolled out on fields.

mod fit;
mod network;
mod propagator;
mod rollout;
mod simulated;

pub use fit::{evaluate, fit};
pub use network::FieldNetwork;
pub use propagator::{LinearPropagator, Propagator, linear_propagator};
pub use rollout::{RollOutError, each_state, roll_out};
pub use simulated::simulated;
