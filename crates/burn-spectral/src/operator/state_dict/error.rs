//! Errors of state dicts.

use thiserror::Error;

use crate::SpectralError;

/// Why a state dict does not give a network, or a network has no state dict.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum StateDictError {
    /// A tensor that the network needs.
    #[error("the state dict has no tensor '{name}'")]
    Missing {
        /// Its name.
        name: String,
    },
    /// Tensors that the network does not have.
    #[error("the network has no tensor '{}'", names.join("', '"))]
    Unknown {
        /// Their names.
        names: Vec<String>,
    },
    /// A tensor of another shape.
    #[error("the tensor '{name}' has shape {got:?}, expected {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
        /// The state dict's shape.
        got: Vec<usize>,
    },
    /// A tensor of another kind of number.
    #[error("the tensor '{name}' is {got}, expected {expected}")]
    Kind {
        /// Its name.
        name: String,
        /// What the network has.
        expected: &'static str,
        /// What the state dict has.
        got: &'static str,
    },
    /// An argument whose value is not supported.
    #[error("the argument {name} = {value} is not supported; accepted: {accepted}")]
    Argument {
        /// Its name in neuraloperator.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is accepted.
        accepted: &'static str,
    },
    /// An argument that does not fit the tensors.
    #[error("the argument {name} = {given} contradicts the tensors, which say {told}")]
    Contradiction {
        /// Its name in neuraloperator.
        name: &'static str,
        /// Its value.
        given: String,
        /// What the tensors say.
        told: String,
    },
    /// An argument that neuraloperator's FNO does not have.
    #[error("unknown argument {name} = {value}: not one of neuraloperator's FNO")]
    UnknownArgument {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A property that neither tensors nor arguments tell.
    #[error(
        "without tensors '{tensors}' the skip connection is the identity or none: give the argument \
         {argument} ('identity' or None)"
    )]
    Untold {
        /// The start of the names of the tensors that would tell.
        tensors: &'static str,
        /// The argument that tells.
        argument: &'static str,
    },
    /// A network of another number of spatial axes.
    #[error("the state dict is of a network with {got} spatial axes, expected {expected}")]
    Axes {
        /// Axes of the network.
        expected: usize,
        /// Axes in the state dict.
        got: usize,
    },
    /// A property of ours that neuraloperator does not have.
    #[error("neuraloperator's FNO has no {what}")]
    NotThere {
        /// The property, with its value.
        what: String,
    },
    /// A configuration that the network refuses.
    #[error(transparent)]
    Spectral(#[from] SpectralError),
    /// Values that could not be read from the device.
    #[error("the tensor '{name}' cannot be read: {reason}")]
    Read {
        /// Its name.
        name: String,
        /// The reason.
        reason: String,
    },
}
