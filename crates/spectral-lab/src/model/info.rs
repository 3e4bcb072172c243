//! What the registry records of a network.

use burn::tensor::Device;

use super::input::Domain;
use super::{InputSpec, ModelError, Network};

/// Creates a network with fresh weights.
pub(super) type Create = fn(Domain, &Device) -> Result<Network, ModelError>;

/// An entry of the registry.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// The name.
    pub name: &'static str,
    /// A one-line description.
    pub summary: &'static str,
    /// The network to compare it with; itself for a baseline.
    pub baseline: &'static str,
    /// The input size of its source, used for counting parameters by default.
    pub input: InputSpec,
    /// The minimum height and width of images that it can be built for.
    pub smallest: usize,
    /// The recipe of its source, or that of the lab.
    pub recipe: &'static str,
    pub(super) create: Create,
}
