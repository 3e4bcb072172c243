//! What can be wrong with the choice of a network.

use thiserror::Error;

use burn_spectral::SpectralError;

/// A network that cannot be built.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ModelError {
    /// No network of that name.
    #[error("there is no model named '{name}'; there are {known}")]
    Unknown {
        /// The name given.
        name: String,
        /// The names there are, separated by commas.
        known: String,
    },
    /// Images too small for the network's pooling.
    #[error(
        "model '{model}' halves its images three times and needs at least 8x8 pixels, got {height}x{width}"
    )]
    TooSmall {
        /// The network.
        model: String,
        /// Rows of the images.
        height: usize,
        /// Columns of the images.
        width: usize,
    },
    /// A count that must be at least one is zero.
    #[error("{what} must be at least 1, got 0")]
    Zero {
        /// What was counted.
        what: &'static str,
    },
    /// A layer that cannot be built.
    #[error(transparent)]
    Layer(#[from] SpectralError),
}
