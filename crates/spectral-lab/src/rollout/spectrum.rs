//! Spectra of a step of a rollout.

use serde::Serialize;

use super::bands::{BandAccumulator, BandErrors};

/// Energy spectra and errors by frequency at one step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepSpectrum {
    /// The step.
    pub step: usize,
    /// The energy of the true states by radial wavenumber from 0, the mean over the samples: half the
    /// mean square of the state, split over the wavenumbers that the grid resolves in every direction.
    pub truth: Vec<f64>,
    /// That of the predicted states, over the samples whose prediction is finite; NaN without any.
    pub prediction: Vec<f64>,
    /// The errors by frequency.
    pub errors: BandErrors,
}

impl StepSpectrum {
    /// The spectrum of a step from what was accumulated.
    pub(super) fn of(step: usize, bands: &BandAccumulator) -> Self {
        let [truth, prediction] = bands.spectra();
        Self {
            step,
            truth,
            prediction,
            errors: bands.finish(),
        }
    }
}
