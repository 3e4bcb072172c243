//! A lab for frequency-domain neural networks: it trains them, compares them with their spatial
//! baselines, and explains what they learned.
//!
//! Data flows one way: [`data`] gives images, [`model`] gives networks by name, [`train`] fits one to
//! the other, and [`report`] writes pages about the result. [`mod@bench`] times layers and training
//! steps, [`advise`] compares the algorithms of a convolution, and [`mod@inspect`] explains what a layer
//! computes. [`simulate`] makes data sets of solutions of partial differential equations, [`rollout`]
//! measures predictions that feed on themselves step by step, and [`state_dict`] reads and writes
//! files of PyTorch's weights.

pub mod advise;
pub mod assemble;
pub mod bench;
pub mod data;
pub mod files;
pub mod inspect;
pub mod limits;
pub mod model;
pub mod operate;
pub mod report;
pub mod rollout;
pub mod simulate;
pub mod state_dict;
pub mod train;

/// The examples of the reference.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/reference/neuraloperator.md")]
struct Reference;
