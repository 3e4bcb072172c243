//! What a rollout gives.

use serde::Serialize;

use super::{Curve, Frames, StepSpectrum};

/// The results of a rollout. Errors are infinite where samples have diverged; JSON has `null` there.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RolloutResults {
    /// The number of samples.
    pub samples: usize,
    /// The number of channels.
    pub channels: usize,
    /// The grid.
    pub sizes: Vec<usize>,
    /// The steps, rising.
    pub steps: Vec<usize>,
    /// The errors of the predictions.
    pub prediction: Curve,
    /// The errors of persistence, which predicts the initial state for every step.
    pub persistence: Curve,
    /// The errors of a reference, such as the exact propagator of a linear equation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Curve>,
    /// Spectra at chosen steps.
    pub spectra: Vec<StepSpectrum>,
    /// The highest wavenumber of the three frequency bands.
    pub kept: usize,
    /// States for pictures.
    #[serde(skip)]
    pub frames: Frames,
}

impl RolloutResults {
    /// The last step.
    pub fn last(&self) -> Option<usize> {
        self.steps.last().copied()
    }
}
