//! State dicts of neuraloperator's `FNO` and `TFNO`, version 2.
//!
//! A [`StateDict`] holds tensors under the names that `model.state_dict()` gives them in Python, without any file
//! format. [`Fno::from_state_dict`](crate::operator::Fno::from_state_dict) makes a network of one, and
//! [`Fno::to_state_dict`](crate::operator::Fno::to_state_dict) writes one that
//! `model.load_state_dict(…, strict=True)` takes there, with the [`Arguments`] that build the model.
//!
//! Names and shapes tell most of a network: its sizes, modes and skip connections. What they do not tell comes from the
//! arguments of the constructor, which a state dict carries in its entry `_metadata`; without them,
//! neuraloperator's defaults hold. An argument or value that has no equivalent here is an error that names it.
//!
//! Low-rank weights (CP, Tucker and tensor train) are multiplied out.
//!
//! On grids of odd size, release 2.0.0 of neuraloperator shifts spectra back by one bin too few along every axis but
//! the last. Networks here compute what later versions do; on other sizes there is no difference.
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use burn_spectral::operator::{Fno2d, FnoConfig};
//!
//! let device = Device::flex();
//! let fno: Fno2d = FnoConfig::neuraloperator([1, 1], [8, 8], 24, 4).init(&device);
//! let (tensors, arguments) = fno.to_state_dict()?;
//! assert_eq!(tensors["fno_blocks.convs.0.weight.tensor"].shape, [24, 24, 8, 5]);
//! assert_eq!(arguments["n_modes"].to_string(), "[8, 8]");
//!
//! let same = Fno2d::from_state_dict(&tensors, &arguments, &device)?;
//! let x = Tensor::random([1, 1, 16, 16], Distribution::Default, &device);
//! let difference = fno.forward(x.clone()) - same.forward(x);
//! assert_eq!(difference.abs().max().into_scalar::<f32>(), 0.0);
//! # Ok::<(), burn_spectral::operator::state_dict::StateDictError>(())
//! ```

mod arguments;
mod config;
mod describe;
mod entry;
mod error;
mod expand;
mod export;
mod import;
mod walk;

pub use arguments::{Argument, Arguments};
pub use config::{axes, config};
pub use entry::{Entry, StateDict, Values};
pub use error::StateDictError;
