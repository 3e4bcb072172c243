//! Errors in the choice of a network.

use thiserror::Error;

use burn_spectral::SpectralError;

/// A network that cannot be built, or that does not accept an input.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ModelError {
    /// An unknown network.
    #[error("no model named '{name}'; available: {known}")]
    Unknown {
        /// The name given.
        name: String,
        /// The available names, separated by commas.
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
        /// The minimum height and width.
        smallest: usize,
        /// Height and width of the images.
        got: [usize; 2],
    },
    /// A network that only runs at the size it was built for.
    #[error(
        "model '{model}' was built for {}x{} images and cannot run on {}x{}: some of its weights \
         belong to single pixels or frequencies; build it for that size, or resample the images",
        built[0], built[1], got[0], got[1]
    )]
    Size {
        /// The network.
        model: &'static str,
        /// The height and width it was built for.
        built: [usize; 2],
        /// Height and width of the images.
        got: [usize; 2],
    },
    /// A number of channels or classes that differs from the network's.
    #[error("model '{model}' was built for {built} {what}, got {got}")]
    Count {
        /// The network.
        model: &'static str,
        /// `channels` or `classes`.
        what: &'static str,
        /// The number it was built for.
        built: usize,
        /// The number given.
        got: usize,
    },
    /// A count of zero where at least one is needed.
    #[error("{what} must be at least 1, got 0")]
    Zero {
        /// The quantity.
        what: &'static str,
    },
    /// Sizes that would need too much memory.
    #[error("{what} need {memory}; at most {most} is accepted")]
    TooLarge {
        /// What is too large, with its sizes.
        what: String,
        /// The memory required.
        memory: String,
        /// The limit.
        most: String,
    },
    /// Fields on another number of axes than a network is for.
    #[error(
        "fields have {got} spatial axes; operator networks take 1, 2 or 3, as they were built for"
    )]
    Axes {
        /// The number of axes.
        got: usize,
    },
    /// A grid with too few points.
    #[error("model '{model}' needs at least {smallest} grid points along each axis, got {got:?}")]
    SmallGrid {
        /// The network.
        model: &'static str,
        /// The minimum.
        smallest: usize,
        /// Points along each axis.
        got: Vec<usize>,
    },
    /// A number of modes that the grid does not have.
    #[error(
        "model '{model}' keeps 1 to {most} modes per axis on a grid of {sizes:?} points, got {got}"
    )]
    ModeCount {
        /// The network.
        model: &'static str,
        /// The maximum.
        most: usize,
        /// The number given.
        got: usize,
        /// Points along each axis.
        sizes: Vec<usize>,
    },
    /// A grid that a network cannot halve often enough.
    #[error("model '{model}' needs grid sizes that are multiples of {multiple}, got {got:?}")]
    Grid {
        /// The network.
        model: &'static str,
        /// What the sizes must be multiples of.
        multiple: usize,
        /// The sizes of the grid.
        got: Vec<usize>,
    },
    /// A number of taps that upsampling does not have.
    #[error("upsampling by convolution has 3 or 4 taps, got {got}")]
    Taps {
        /// The number given.
        got: usize,
    },
    /// A layer that cannot be built.
    #[error(transparent)]
    Layer(#[from] SpectralError),
}
