//! Errors of benchmarks.

use std::io;

use burn_spectral::SpectralError;
use thiserror::Error;

use crate::model::ModelError;
use crate::train::TrainError;

/// Why a benchmark failed.
#[derive(Debug, Error)]
pub enum BenchError {
    /// An unknown case.
    #[error("no case named '{name}'; available: {}", accepted.join(", "))]
    UnknownCase {
        /// The name given.
        name: String,
        /// The available names.
        accepted: Vec<&'static str>,
    },
    /// An unknown layer.
    #[error("no layer named '{name}'; available: {}", accepted.join(", "))]
    UnknownLayer {
        /// The name given.
        name: String,
        /// The available names.
        accepted: Vec<&'static str>,
    },
    /// An unknown neural operator.
    #[error("no operator named '{name}'; available: {}", accepted.join(", "))]
    UnknownOperator {
        /// The name given.
        name: String,
        /// The available names.
        accepted: Vec<&'static str>,
    },
    /// Sizes that do not fit the layer.
    #[error("{layer} {needs}, got {got}")]
    Sizes {
        /// The layer.
        layer: &'static str,
        /// What it accepts.
        needs: String,
        /// The value given.
        got: String,
    },
    /// An error of the layer itself.
    #[error(transparent)]
    Spectral(#[from] SpectralError),
    /// An unknown network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Invalid settings of a step.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A peer's process could not be started or ended early.
    #[error("{program}: {reason}")]
    Peer {
        /// The program.
        program: String,
        /// The reason.
        reason: String,
    },
    /// A package that the peer needs.
    #[error(
        "{program} has no package '{package}': install it, or choose another Python with --python \
            or TORCH_PYTHON"
    )]
    Package {
        /// The program.
        program: String,
        /// The missing package.
        package: String,
    },
    /// The peers' scripts could not be written.
    #[error("cannot write the peers' scripts: {0}")]
    Scripts(#[source] io::Error),
}
