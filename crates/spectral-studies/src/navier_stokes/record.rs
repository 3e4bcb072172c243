//! What is kept of a trajectory: spectra and pictures at some of its steps.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::spectrum::enstrophy;
use crate::StudyError;

/// Digits of a kept value after the point, as a factor.
const DIGITS: f32 = 1e3;

/// Spectra and fields at some steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) frames: Vec<Frame>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Frame {
    pub(super) step: usize,
    /// Mean square of the vorticity by wavenumber, the mean over the trajectories.
    pub(super) spectrum: Vec<f64>,
    /// The field of the first trajectory; 0 where it is not finite.
    pub(super) field: Vec<f32>,
}

/// Keeps the steps asked for.
pub(super) struct Recorder<'a> {
    points: usize,
    kept: &'a [usize],
    device: Device,
    pub(super) record: Record,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(points: usize, kept: &'a [usize], device: &Device) -> Self {
        Self {
            points,
            kept,
            device: device.clone(),
            record: Record::default(),
        }
    }

    /// Takes the fields of all trajectories after a step.
    pub(super) fn see(&mut self, step: usize, fields: &[f32]) -> Result<(), StudyError> {
        if !self.kept.contains(&step) {
            return Ok(());
        }
        let first = &fields[..self.points * self.points];
        self.record.frames.push(Frame {
            step,
            spectrum: enstrophy(fields, self.points, &self.device)?,
            field: first.iter().map(|value| rounded(*value)).collect(),
        });
        Ok(())
    }
}

fn rounded(value: f32) -> f32 {
    match value.is_finite() {
        true => (value.clamp(-1e6, 1e6) * DIGITS).round() / DIGITS,
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_steps_asked_for_are_kept_and_all_of_it_is_json() {
        let device = Device::flex();
        let mut recorder = Recorder::new(2, &[2], &device);
        for (step, value) in [(1, 1.0), (2, f32::NAN)] {
            recorder.see(step, &[value, 0.123_45, 1.0, 1.0]).unwrap();
        }
        let record = recorder.record;
        assert_eq!(record.frames.len(), 1);
        assert_eq!(record.frames[0].field, [0.0, 0.123, 1.0, 1.0]);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
}
