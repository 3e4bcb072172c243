//! Accumulates losses and predictions, read back from the device from time to time.

use burn::Tensor;
use burn::tensor::Int;

use super::error::TrainError;
use super::metrics::{ConfusionMatrix, FieldErrors};
use super::problem::Outputs;
use super::target::Task;

/// Batches whose results stay on the device before one read fetches them all: reading each would
/// stall an asynchronous device.
const BATCHES_PER_READ: usize = 16;

/// Accumulates losses and predictions over batches.
pub(super) struct Tally {
    pending: Vec<Outputs>,
    loss_sum: f64,
    /// None without classes.
    confusion: Option<ConfusionMatrix>,
    /// Sums of relative errors, of samples that have them.
    errors: Option<[f64; 2]>,
    images: u64,
    batches: u64,
}

/// A loss that is not finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NotFinite {
    /// Its batch, from 0.
    pub(super) batch: u64,
    /// The loss.
    pub(super) loss: f64,
}

impl Tally {
    /// Counts predictions of `classes` classes, if given.
    pub(super) fn new(classes: Option<usize>) -> Self {
        Self {
            pending: Vec::new(),
            loss_sum: 0.0,
            confusion: classes.map(ConfusionMatrix::new),
            errors: None,
            images: 0,
            batches: 0,
        }
    }

    /// Tallies the metrics of a task.
    pub(super) fn of(task: &Task) -> Self {
        Self::new(task.has_classes().then_some(task.classes))
    }

    /// Adds a batch.
    ///
    /// Returns the first loss that is not finite, perhaps some batches after it occurred.
    pub(super) fn push(&mut self, outputs: Outputs) -> Result<Option<NotFinite>, TrainError> {
        self.pending.push(Outputs {
            loss: outputs.loss.without_autodiff(),
            ..outputs
        });
        if self.pending.len() < BATCHES_PER_READ {
            return Ok(None);
        }
        self.read()
    }

    /// Reads what is still on the device.
    pub(super) fn read(&mut self) -> Result<Option<NotFinite>, TrainError> {
        if self.pending.is_empty() {
            return Ok(None);
        }
        let mut losses = Vec::with_capacity(self.pending.len());
        let mut errors = Vec::with_capacity(self.pending.len());
        let mut predictions: Vec<Tensor<1, Int>> = Vec::with_capacity(self.pending.len());
        let mut batches = Vec::with_capacity(self.pending.len());
        for pending in self.pending.drain(..) {
            losses.push(pending.loss);
            errors.extend(pending.errors);
            let labels = pending.classes.map(|(predicted, labels)| {
                predictions.push(predicted);
                labels
            });
            batches.push((pending.samples, labels.unwrap_or_default()));
        }
        let losses: Vec<f32> = values(Tensor::cat(losses, 0).try_into_vec_as())?;
        let predictions: Vec<i32> = match predictions.is_empty() {
            true => Vec::new(),
            false => values(Tensor::cat(predictions, 0).try_into_vec_as())?,
        };
        let errors: Vec<f32> = match errors.is_empty() {
            true => Vec::new(),
            false => values(Tensor::cat(errors, 0).try_into_vec_as())?,
        };
        let mut predictions = predictions.into_iter();
        let mut errors = errors.chunks_exact(2);
        for (loss, (samples, labels)) in losses.into_iter().map(f64::from).zip(batches) {
            if !loss.is_finite() {
                let batch = self.batches;
                return Ok(Some(NotFinite { batch, loss }));
            }
            self.batches += 1;
            self.images += samples as u64;
            self.loss_sum += loss * samples as f64;
            if let Some(means) = errors.next() {
                let sums = self.errors.get_or_insert_default();
                for (sum, mean) in sums.iter_mut().zip(means) {
                    *sum += f64::from(*mean) * samples as f64;
                }
            }
            if let Some(confusion) = &mut self.confusion {
                for (label, predicted) in labels.into_iter().zip(&mut predictions) {
                    confusion.add(usize::from(label), usize::try_from(predicted).unwrap_or(0));
                }
            }
        }
        Ok(None)
    }

    /// Mean loss per image read so far; 0 if none.
    pub(super) fn mean_loss(&self) -> f64 {
        match self.images {
            0 => 0.0,
            images => self.loss_sum / images as f64,
        }
    }

    /// Number of images read so far.
    pub(super) fn images(&self) -> u64 {
        self.images
    }

    /// The accuracy on the images read so far; none without classes.
    pub(super) fn accuracy(&self) -> Option<f64> {
        Some(self.confusion.as_ref()?.scores().accuracy)
    }

    /// The mean relative errors of the fields read so far; none without fields.
    pub(super) fn errors(&self) -> Option<FieldErrors> {
        let [l2, h1] = self.errors?.map(|sum| sum / self.images as f64);
        Some(FieldErrors { l2, h1 })
    }

    pub(super) fn into_confusion(self) -> Option<ConfusionMatrix> {
        self.confusion
    }
}

/// Converts Burn's read errors.
pub(super) fn values<T, E: std::fmt::Debug>(read: Result<T, E>) -> Result<T, TrainError> {
    read.map_err(|error| TrainError::Device(format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn push(tally: &mut Tally, loss: f32, logits: [[f32; 3]; 2], labels: [u16; 2]) {
        let device = Device::flex();
        let logits = Tensor::<2>::from_data(logits, &device);
        let outcome = tally.push(Outputs {
            loss: Tensor::from_data([loss], &device),
            samples: 2,
            classes: Some((logits.argmax(1).flatten(0, 1), labels.to_vec())),
            errors: None,
        });
        assert_eq!(outcome.unwrap(), None);
    }

    #[test]
    fn losses_are_averaged_over_images_and_predictions_counted() {
        let mut tally = Tally::new(Some(3));
        push(&mut tally, 1.0, [[0.0, 2.0, 1.0], [5.0, 2.0, 1.0]], [1, 2]);
        push(&mut tally, 2.0, [[0.0, 0.0, 1.0], [0.0, 2.0, 1.0]], [2, 1]);
        assert_eq!(tally.read().unwrap(), None);
        assert_eq!(tally.mean_loss(), 1.5);
        let rows = [vec![0, 0, 0], vec![0, 2, 0], vec![1, 0, 1]];
        assert_eq!(tally.accuracy(), Some(0.75));
        assert_eq!(tally.into_confusion().unwrap().rows(), rows);
    }

    #[test]
    fn without_classes_only_losses_are_tallied() {
        let mut tally = Tally::new(None);
        push(&mut tally, 1.0, [[0.0; 3]; 2], [0, 700]);
        push(&mut tally, 4.0, [[0.0; 3]; 2], [0, 0]);
        assert_eq!(tally.read().unwrap(), None);
        assert_eq!((tally.mean_loss(), tally.images()), (2.5, 4));
        assert_eq!(tally.accuracy(), None);
        assert_eq!(tally.into_confusion(), None);
    }

    #[test]
    fn the_first_loss_that_is_not_finite_is_named() {
        let mut tally = Tally::new(Some(3));
        for loss in [1.0, 2.0, f32::NAN, 3.0] {
            push(&mut tally, loss, [[0.0; 3]; 2], [0, 0]);
        }
        let found = tally.read().unwrap().unwrap();
        assert_eq!(found.batch, 2);
        assert!(found.loss.is_nan());
    }
}
