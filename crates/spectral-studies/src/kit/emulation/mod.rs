//! Emulators of a flow: networks that learn one step of it from trajectories, and predict many of them one after the
//! other.

mod baseline;
mod errors;
mod flow;
mod network;
mod pace;

pub(crate) use baseline::{linear, persistence};
pub(crate) use errors::{Errors, LARGEST};
pub(crate) use flow::{Count, Flow, Parts};
pub(crate) use network::{Emulated, Network, Sized, emulator, train};
pub(crate) use pace::{Rounds, equal_time, paced};
