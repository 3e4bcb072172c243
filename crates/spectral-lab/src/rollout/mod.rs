//! Rollouts: how far predictions that feed on themselves stay close to the truth, step by step.
//!
//! An [`Accumulator`] is given the true and the predicted states of several samples one step at a time,
//! so that memory does not grow with the number of steps. It knows numbers, not tensors. Its
//! [`RolloutResults`] hold
//!
//! * the relative L2 error of each step, mean, median and worst over the samples, beside that of
//!   persistence (the initial state as the prediction of every step) and optionally of a reference;
//! * energy spectra and errors per frequency band at chosen steps;
//! * frames of chosen samples for pictures.
//!
//! [`report_sections`] makes charts, tables and pictures of them. [`BandAccumulator`] measures errors
//! per frequency band of single predictions.
//!
//! ```
//! use spectral_lab::rollout::{Accumulator, RolloutOptions};
//!
//! // One sample, one channel, 8 points: a wave that moves by one point per step, and a network that
//! // leaves it where it is.
//! let wave = |step: usize| -> Vec<f32> {
//!     (0..8).map(|x| (std::f32::consts::TAU * (x as f32 - step as f32) / 8.0).sin()).collect()
//! };
//! let shape = [1, 1, 8];
//! let mut rollout = Accumulator::new(&shape, &wave(0), RolloutOptions::new(&shape, 4))?;
//! for step in 1..=4 {
//!     rollout.push(step, &wave(step), &wave(0))?;
//! }
//! let results = rollout.finish();
//! // Half a wavelength away the error is twice the wave.
//! assert!((results.prediction.mean[3] - 2.0).abs() < 1e-6);
//! assert_eq!(results.prediction.above_one, Some(2));
//! assert_eq!(results.prediction, results.persistence);
//! # Ok::<(), spectral_lab::rollout::RolloutError>(())
//! ```

mod accumulator;
mod bands;
mod curve;
mod error;
mod frames;
mod options;
mod page;
mod pictures;
mod results;
mod shells;
mod spectrum;

pub use accumulator::Accumulator;
pub use bands::{Band, BandAccumulator, BandError, BandErrors};
pub use curve::Curve;
pub use error::RolloutError;
pub use frames::{Frame, Frames};
pub use options::RolloutOptions;
pub use page::{Run, report_sections};
pub use results::RolloutResults;
pub use spectrum::StepSpectrum;
