//! The errors of the simplest emulators.

use burn::tensor::Device;

use spectral_lab::data::fields::Samples;
use spectral_lab::operate::LinearPropagator;

use super::errors::{Errors, roll_out};
use crate::StudyError;

/// The errors of predicting the first state for all times.
pub(crate) fn persistence(samples: &Samples) -> Result<Errors, StudyError> {
    roll_out(samples, Ok, |_, _| {})
}

/// The errors of a linear map per Fourier mode, fitted to the pairs of `train`, on trajectories of `D - 2` axes.
pub(crate) fn linear<const D: usize>(
    train: &Samples,
    samples: &Samples,
    device: &Device,
) -> Result<Errors, StudyError> {
    let map = LinearPropagator::<D>::fit(train, device)?;
    roll_out(samples, |states| Ok(map.step(states)?), |_, _| {})
}
