//! What the first layer of a trained network turned out to be.

use serde::{Deserialize, Serialize};

use spectral_lab::inspect::inspect_network;

use crate::StudyError;
use crate::kit::comparison::Subject;

/// A first layer after training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct First {
    /// The network.
    pub(super) model: String,
    /// The simplest ordinary operation that does the same, or the nearest one.
    pub(super) equivalent: String,
    /// How far it is from that.
    pub(super) residual: f64,
    /// Parameters that the layer has.
    pub(super) parameters: usize,
    /// Those that cannot change the output.
    pub(super) dead: usize,
    /// The share of the energy that it computes and throws away.
    pub(super) discarded: f64,
    /// How far the best 3×3 convolution is from it.
    pub(super) by_three: Option<f64>,
}

/// Inspects the first layer; none if it has none from images to images.
pub(super) fn first_layer(of: &Subject) -> Result<Option<First>, StudyError> {
    let inspections = inspect_network(&of.model, &of.network, &of.input(), of.seed, &of.device);
    let inspections = inspections.map_err(|error| StudyError::Failed(error.to_string()))?;
    Ok(inspections.into_iter().next().map(|first| First {
        model: of.model.clone(),
        equivalent: first.equivalent.kind,
        residual: first.equivalent.residual,
        parameters: first.parameters.count(),
        dead: first.dead_parameters.iter().map(|dead| dead.count).sum(),
        discarded: first.discarded_energy,
        by_three: (first.bake.iter())
            .find(|bake| bake.taps == 3 && !bake.flip)
            .map(|bake| bake.residual),
    }))
}
