//! Why something could not be timed.

use std::io;

use burn_spectral::SpectralError;
use thiserror::Error;

use crate::model::ModelError;
use crate::train::TrainError;

/// Why something could not be timed.
#[derive(Debug, Error)]
pub enum BenchError {
    /// A case that there is not.
    #[error("there is no case '{name}'; there are {}", accepted.join(", "))]
    UnknownCase {
        /// What was asked for.
        name: String,
        /// What there is.
        accepted: Vec<&'static str>,
    },
    /// A kind of layer that there is not.
    #[error("there is no layer '{name}'; there are {}", accepted.join(", "))]
    UnknownLayer {
        /// What was asked for.
        name: String,
        /// What there is.
        accepted: Vec<&'static str>,
    },
    /// Sizes that do not fit the layer.
    #[error("{layer} {needs}, got {got}")]
    Sizes {
        /// The layer.
        layer: &'static str,
        /// What it takes.
        needs: String,
        /// What it was given.
        got: String,
    },
    /// The layer itself refused.
    #[error(transparent)]
    Spectral(#[from] SpectralError),
    /// A network that there is not.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Settings that a step cannot be made with.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The process of a peer could not be started or ended early.
    #[error("{program}: {reason}")]
    Peer {
        /// The program that was started.
        program: String,
        /// What went wrong.
        reason: String,
    },
    /// A package that a peer cannot do without.
    #[error(
        "{program} has no package '{package}': install it there, or name another with --python or TORCH_PYTHON"
    )]
    Package {
        /// The program that was started.
        program: String,
        /// What it lacks.
        package: String,
    },
    /// The peers' scripts could not be written.
    #[error("cannot write the peers' scripts: {0}")]
    Scripts(#[source] io::Error),
}
