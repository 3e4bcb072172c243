//! Metrics of an epoch.

use serde::{Deserialize, Serialize};

use super::metrics::{FieldErrors, Scores};

/// The results of one epoch: a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Its number, from 1.
    pub epoch: usize,
    /// Mini-batches seen since the start of the run.
    pub step: u64,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Mean training loss per image, measured during the epoch.
    pub train_loss: f64,
    /// Training accuracy, measured during the epoch; 0..1. None without classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_accuracy: Option<f64>,
    /// Mean test loss per image after the epoch.
    pub test_loss: f64,
    /// Accuracy, precision, recall and F1 on the test images after the epoch; none without classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Scores>,
    /// Relative errors on the test fields after the epoch; none without fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<FieldErrors>,
    /// Timing.
    pub timing: EpochTiming,
}

/// Wall-clock times of one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochTiming {
    /// Seconds of training.
    pub train_seconds: f64,
    /// Seconds of evaluation on the test images.
    pub test_seconds: f64,
    /// Training images per second.
    pub images_per_second: f64,
}

impl EpochMetrics {
    /// The test accuracy after the epoch, 0..1; none without classes.
    pub fn test_accuracy(&self) -> Option<f64> {
        self.test.map(|scores| scores.accuracy)
    }

    /// Whether this epoch is better than `other`: by test accuracy, by the relative L2 error of
    /// fields, or without either by test loss.
    pub fn better_than(&self, other: &Self) -> bool {
        if let (Some(this), Some(other)) = (self.test_accuracy(), other.test_accuracy()) {
            return this > other;
        }
        match (self.errors, other.errors) {
            (Some(this), Some(other)) => this.l2 < other.l2,
            _ => self.test_loss < other.test_loss,
        }
    }

    /// Whether two epochs have the same results, regardless of timing.
    pub fn same_results(&self, other: &Self) -> bool {
        let without_times = |metrics: &Self| Self {
            timing: EpochTiming::default(),
            ..metrics.clone()
        };
        without_times(self) == without_times(other)
    }
}
