//! A lab for frequency-domain neural networks: it trains them, compares them with their spatial
//! baselines, and says what they learned.
//!
//! The `spectral` command is a thin layer over these modules. Data flows one way: [`data`] gives
//! images, [`model`] gives networks by name, [`train`] fits one to the other, [`report`] writes
//! down what came of it, and [`study`] measures with all of them what was published. [`mod@bench`]
//! times single layers, [`advise`] the algorithms of a convolution, and [`mod@inspect`] says what a
//! layer really does.

pub mod advise;
pub mod bench;
pub mod cli;
pub mod data;
mod files;
#[doc(hidden)]
pub mod fuzz;
pub mod inspect;
mod limits;
pub mod model;
pub mod report;
pub mod study;
pub mod train;
