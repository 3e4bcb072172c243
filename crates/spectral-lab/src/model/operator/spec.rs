//! What an operator network is built for, and how large it is.

use serde::{Deserialize, Serialize};

use crate::data::fields::Boundary;

/// Fields in and out of a network, and its size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatorSpec {
    /// Channels of the input and of the output.
    pub channels: [usize; 2],
    /// Grid points along each axis in training.
    pub sizes: Vec<usize>,
    /// The boundary of the domain.
    pub boundary: Boundary,
    /// Its size.
    #[serde(flatten)]
    pub architecture: Architecture,
}

/// The size of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// Channels of the hidden layers.
    pub width: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Frequencies kept along each axis, as the network counts them; ignored by networks without spectral
    /// layers.
    pub modes: usize,
}

/// Sizes that are asked for in place of a network's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArchitectureRequest {
    /// Channels of the hidden layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Number of blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<usize>,
    /// Frequencies kept along each axis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modes: Option<usize>,
    /// The number of parameters to come near to by the choice of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
}
