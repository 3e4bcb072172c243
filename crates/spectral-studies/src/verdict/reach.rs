//! How far the first filters of a trained network look.

use serde::{Deserialize, Serialize};

use spectral_lab::inspect::{InspectError, inspect_network};

use crate::StudyError;
use crate::kit::comparison::Subject;

/// How far the first filter of a network looks, after training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Reach {
    /// How far the energy of its kernels lies from the pixel, in pixels.
    pub(super) radius: f64,
    /// The share of that energy within 3×3 and within 7×7; none where the image is smaller.
    pub(super) within: [Option<f64>; 2],
    /// The share that goes round the border of the image.
    pub(super) wrapped: f64,
    /// How far the best 3×3 convolution is from it, on random images.
    pub(super) by_three: Option<f64>,
}

/// That of a trained network; none where its filters are no map from images to images.
pub(super) fn reach(of: &Subject) -> Result<Option<Reach>, StudyError> {
    let inspections = inspect_network(&of.model, &of.network, &of.input(), of.seed, &of.device);
    let inspections = match inspections {
        Err(InspectError::NoFilters { .. }) => return Ok(None),
        inspections => inspections.map_err(|error| StudyError::Failed(error.to_string()))?,
    };
    let Some(first) = inspections.first() else {
        return Ok(None);
    };
    let within = |taps: usize| {
        let mut windows = first.map.windows.iter();
        windows
            .find(|window| window.taps == taps)
            .map(|window| window.share)
    };
    Ok(Some(Reach {
        radius: first.map.energy_radius,
        within: [3, 7].map(within),
        wrapped: first.map.wrapped,
        by_three: (first.bake.iter())
            .find(|bake| bake.taps == 3 && !bake.flip)
            .map(|bake| bake.residual),
    }))
}
