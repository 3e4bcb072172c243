//! What can be wrong with the choice of a network.

use thiserror::Error;

use burn_spectral::SpectralError;

/// A network that cannot be built, or that cannot take an input.
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
    /// Images too small for the network.
    #[error(
        "model '{model}' needs images of at least {smallest}x{smallest} pixels, got {}x{}",
        got[0], got[1]
    )]
    TooSmall {
        /// The network.
        model: &'static str,
        /// The least height and width.
        smallest: usize,
        /// Height and width of the images.
        got: [usize; 2],
    },
    /// A network that is bound to the size it was built for.
    #[error(
        "model '{model}' was built for images of {}x{} pixels and cannot take {}x{}: some of its \
         weights belong to single pixels or frequencies; build it for that size, or resample the \
         images",
        built[0], built[1], got[0], got[1]
    )]
    Size {
        /// The network.
        model: &'static str,
        /// Height and width that it was built for.
        built: [usize; 2],
        /// Height and width of the images.
        got: [usize; 2],
    },
    /// A number of channels or classes other than the network's.
    #[error("model '{model}' was built for {built} {what}, got {got}")]
    Count {
        /// The network.
        model: &'static str,
        /// What was counted.
        what: &'static str,
        /// How many it was built for.
        built: usize,
        /// How many there are.
        got: usize,
    },
    /// A count that must be at least one is zero.
    #[error("{what} must be at least 1, got 0")]
    Zero {
        /// What was counted.
        what: &'static str,
    },
    /// Sizes that ask for too much memory.
    #[error("{what} take {memory}; at most {most} is accepted")]
    TooLarge {
        /// What is too large, with its sizes.
        what: String,
        /// The memory it would take.
        memory: String,
        /// The most that is accepted.
        most: String,
    },
    /// A layer that cannot be built.
    #[error(transparent)]
    Layer(#[from] SpectralError),
}
