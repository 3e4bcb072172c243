//! What the registry knows of a network.

use burn::tensor::Device;

use super::input::Domain;
use super::{InputSpec, ModelError, Network};

/// Creates a network with fresh weights.
pub(super) type Create = fn(Domain, &Device) -> Result<Network, ModelError>;

/// A network of the registry.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// The name it goes by.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The network it is to be compared with; itself for a baseline.
    pub baseline: &'static str,
    /// The input its source used, at which it is counted unless another is given.
    pub input: InputSpec,
    /// The least height and width of images that it can be built for.
    pub smallest: usize,
    /// The name of the training settings that its source used, those of the lab where it had none.
    pub recipe: &'static str,
    pub(super) create: Create,
}
