//! A summary of a network: its layers with their shapes, parameters and cost.
//!
//! A layer tells of itself by [`Summarize`]; [`Summary`] takes layers one after the other, hands
//! the shape on, and prints as a table. No weight is drawn and nothing is computed for it.
//!
//! ```
//! use burn::nn::{BatchNormConfig, LinearConfig, Relu};
//! use burn::tensor::Device;
//! use burn_spectral::conv::SpectralConv2dConfig;
//! use burn_spectral::response::FullSpectrumConfig;
//! use burn_spectral::summary::{Flatten, Summary};
//!
//! let device = Device::flex();
//! let conv = SpectralConv2dConfig::new([1, 4], FullSpectrumConfig::new([28, 28])).init(&device);
//! let norm = BatchNormConfig::new(4).init(&device);
//! let head = LinearConfig::new(4 * 28 * 28, 10).init(&device);
//!
//! let summary = Summary::new([1, 28, 28])
//!     .layer("conv", &conv)?
//!     .layer("norm", &norm)?
//!     .layer("relu", &Relu)?
//!     .layer("flatten", &Flatten)?
//!     .layer("head", &head)?;
//! println!("{summary}");
//! // A complex weight at each of 28×15 bins and an offset, four times; the head; scale and shift
//! // of the normalization, whose running mean and variance do not train.
//! assert_eq!(summary.parameters().trainable, 4 * (2 * 28 * 15 + 1) + 31_370 + 8);
//! assert_eq!(summary.parameters().fixed, 8);
//! assert_eq!(summary.output().dims(), [10]);
//! // A shape that a layer does not take is the error that the layer itself gives.
//! let error = Summary::new([1, 28, 27]).layer("conv", &conv).unwrap_err();
//! assert!(error.to_string().contains("created for inputs of size [28, 28], got size [28, 27]"));
//! # Ok::<(), burn_spectral::SpectralError>(())
//! ```
//!
//! # What is counted
//! **Parameters** are found by visiting the module. Those that training moves are trainable; frozen
//! ones, running statistics and fixed filters are fixed, though they travel in records.
//!
//! **Multiply-adds** are those of one input, forward. One real product with its addition is one.
//! - A complex product is 4, a complex number times a real one 2.
//! - A transform of `N` real samples is `1.25·N·log₂N`, half of the usual count of `2.5·N·log₂N`
//!   floating point operations; of `N` complex ones `2.5·N·log₂N`. The same for every length,
//!   whatever algorithm runs.
//! - A batch normalization is 1 a value, as it runs after training.
//! - Offsets, activations, pooling over neighbors, magnitudes, and what a batch needs once rather
//!   than every input (the value of a response, the spectrum of a kernel) count as none.
//!
//! It is a count of arithmetic and no prediction of time.

mod burn_layers;
mod cost;
mod layers;
mod parameters;
mod shape;
mod table;

#[cfg(feature = "inspect")]
pub(crate) use parameters::trains;
pub use parameters::{Parameters, count_parameters};
pub use shape::{Domain, FeatureShape};
pub use table::{Summary, SummaryRow};

use burn::module::Module;

use crate::SpectralError;

/// The output of a layer for an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Shape of the output, without the batch.
    pub output: FeatureShape,
    /// Multiply-adds for one input; the [module](crate::summary) says what counts.
    pub multiply_adds: u64,
}

impl Trace {
    /// An output of the given shape that costs nothing.
    pub fn free(output: FeatureShape) -> Self {
        Self {
            output,
            multiply_adds: 0,
        }
    }
}

/// A layer that can report its kind and its output shape.
///
/// # Example
/// An implementation for a layer of your own that doubles its channels:
/// ```
/// use burn_spectral::SpectralError;
/// use burn_spectral::summary::{FeatureShape, Summarize, Summary, Trace};
///
/// #[derive(burn::module::Module, Debug)]
/// struct Twice;
///
/// impl Summarize for Twice {
///     fn kind(&self) -> String {
///         "Twice".into()
///     }
///
///     fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
///         let [_, channels, height, width] = input.real::<4>()?;
///         Ok(Trace::free(FeatureShape::new([2 * channels, height, width])))
///     }
/// }
///
/// let summary = Summary::new([3, 8, 8]).layer("twice", &Twice)?;
/// assert_eq!(summary.output().dims(), [6, 8, 8]);
/// # Ok::<(), SpectralError>(())
/// ```
pub trait Summarize {
    /// What the layer is, in one word, with its response where it has one.
    fn kind(&self) -> String;

    /// The shape of the output and its cost, for an input of the given shape.
    ///
    /// # Errors
    /// If the layer does not take such inputs: the error of its own door where it has one.
    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError>;
}

/// All axes as one: `[channels, …]` to `[features]`, a reshape as a layer of a summary.
///
/// Of a complex input it gives real and imaginary parts,
/// as [`FlattenSpectrum`](crate::frequency::FlattenSpectrum) does.
#[derive(Module, Debug, Default)]
pub struct Flatten;

impl Summarize for Flatten {
    fn kind(&self) -> String {
        "Flatten".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let parts = match input.domain() {
            Domain::Real => 1,
            Domain::HalfSpectrum { .. } | Domain::Complex => 2,
        };
        Ok(Trace::free(FeatureShape::new([parts * input.elements()])))
    }
}
