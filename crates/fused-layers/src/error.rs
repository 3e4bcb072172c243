//! Errors of layers and inputs.

use burn::tensor::DType;
use thiserror::Error;

/// An input that a layer does not accept, or a layer with an invalid setting.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayerError {
    /// A count that must be at least one is zero.
    #[error("{what} must be at least 1, got 0")]
    Zero {
        /// What was counted.
        what: String,
    },
    /// A size, a count or a number of elements beyond what a layer can work with.
    #[error("{what} is too large: at most {most}, got {got}")]
    TooLarge {
        /// What was counted.
        what: String,
        /// The largest number that is accepted.
        most: u128,
        /// The number given, as text.
        got: String,
    },
    /// Two tensors of different precision.
    #[error(
        "dtype mismatch: {first} is {first_dtype:?}, {second} is {second_dtype:?}; cast one of them"
    )]
    Dtype {
        /// The first tensor.
        first: &'static str,
        /// Its precision.
        first_dtype: DType,
        /// The second tensor.
        second: &'static str,
        /// Its precision.
        second_dtype: DType,
    },
    /// A bias whose length is not the number of output channels.
    #[error("bias has {got} values, expected {channels}, one per output channel")]
    Bias {
        /// Channels of the output.
        channels: usize,
        /// Values given.
        got: usize,
    },
    /// Channels that the groups do not divide.
    #[error(
        "grouped coupling needs input and output channels that are multiples of {groups}, got \
         {channels_in} and {channels_out}"
    )]
    Groups {
        /// Number of groups.
        groups: usize,
        /// Input channels.
        channels_in: usize,
        /// Output channels.
        channels_out: usize,
    },
    /// An input with another number of channels than the layer's.
    #[error("expected {expected} channels, got an input of shape {got:?}")]
    Channels {
        /// Channels of the layer.
        expected: usize,
        /// Shape of the input.
        got: Vec<usize>,
    },
    /// A kernel, its gaps counted, longer than the padded signal that it is to slide over.
    #[error(
        "the dilated kernel, which spans {extent} samples, is larger than the padded input, of {padded} \
         samples, on spatial axis {axis} (input shape {got:?})"
    )]
    Extent {
        /// Samples from the first tap to the last.
        extent: usize,
        /// Samples of the signal with its padding.
        padded: usize,
        /// The spatial axis.
        axis: usize,
        /// Shape of the input.
        got: Vec<usize>,
    },
    /// A slope of an activation whose output does not tell the sign of its argument.
    #[error("the slope of an activation must be a finite number of at least 0, got {value}")]
    Slope {
        /// The slope, as text.
        value: String,
    },
}

impl LayerError {
    /// An error for each count that is zero, or too large for arithmetic with it.
    #[doc(hidden)]
    pub fn check_positive(what: &str, counts: &[usize]) -> Result<(), Self> {
        match counts.contains(&0) {
            true => Err(Self::Zero { what: what.into() }),
            false => Self::check_sizes(what, counts),
        }
    }

    /// An error for two tensors, each given by what it is and its precision, that differ in it.
    #[doc(hidden)]
    pub fn check_dtypes(
        (first, first_dtype): (&'static str, DType),
        (second, second_dtype): (&'static str, DType),
    ) -> Result<(), Self> {
        match first_dtype == second_dtype {
            true => Ok(()),
            false => Err(Self::Dtype {
                first,
                first_dtype,
                second,
                second_dtype,
            }),
        }
    }
}

/// The value of a result, or a panic with the text of its error at the caller's line.
#[track_caller]
pub(crate) fn or_panic<T>(result: Result<T, LayerError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
