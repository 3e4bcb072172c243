//! Watching a run.

use std::ops::ControlFlow;

use super::history::EpochMetrics;

/// Where an epoch stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochProgress {
    /// Which epoch, from 1.
    pub epoch: usize,
    /// The epochs of the whole run.
    pub epochs: usize,
    /// Training images seen in this epoch.
    pub images: usize,
    /// Training images of an epoch.
    pub images_in_epoch: usize,
    /// Mean training loss of this epoch so far, a few batches behind; 0 before the first is known.
    pub loss: f64,
}

/// Is told how a run goes, and may end it. Every method does nothing unless implemented.
pub trait Observer {
    /// An epoch begins.
    fn epoch_started(&mut self, _progress: EpochProgress) {}

    /// A mini-batch has been trained on.
    fn batch_finished(&mut self, _progress: EpochProgress) {}

    /// Evaluation on the test images begins.
    fn evaluation_started(&mut self, _epoch: usize) {}

    /// An epoch is over; `Break` ends the run after saving it.
    fn epoch_finished(&mut self, _metrics: &EpochMetrics) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Watches nothing.
impl Observer for () {}
