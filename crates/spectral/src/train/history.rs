//! What is recorded of each epoch.

use serde::{Deserialize, Serialize};

use super::metrics::Scores;

/// The results of one epoch: a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Which epoch, from 1.
    pub epoch: usize,
    /// Mini-batches seen since the start of the run.
    pub step: u64,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Mean training loss per image, as seen while the weights moved.
    pub train_loss: f64,
    /// Share of the training images classified right, as seen while the weights moved; 0..1.
    pub train_accuracy: f64,
    /// Mean loss per test image after the epoch.
    pub test_loss: f64,
    /// Accuracy, precision, recall and F1 on the test images after the epoch.
    pub test: Scores,
    /// How long it took.
    pub timing: EpochTiming,
}

/// Wall-clock times of one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochTiming {
    /// Seconds of training alone.
    pub train_seconds: f64,
    /// Seconds of evaluation on the test images.
    pub test_seconds: f64,
    /// Training images per second of training.
    pub images_per_second: f64,
}

impl EpochMetrics {
    /// Whether two epochs had the same results, whatever time they took.
    pub fn same_results(&self, other: &Self) -> bool {
        let without_times = |metrics: &Self| Self {
            timing: EpochTiming::default(),
            ..metrics.clone()
        };
        without_times(self) == without_times(other)
    }
}
