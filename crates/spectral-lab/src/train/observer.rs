//! Callbacks of a run.

use std::ops::ControlFlow;

use super::history::EpochMetrics;

/// Progress within an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochProgress {
    /// Its number, from 1.
    pub epoch: usize,
    /// The total number of epochs.
    pub epochs: usize,
    /// Training images seen in this epoch.
    pub images: usize,
    /// Training images per epoch.
    pub images_in_epoch: usize,
    /// Mean training loss of this epoch so far, a few batches behind; 0 before the first is known.
    pub loss: f64,
}

/// Callbacks of a run, which may also stop it. Every method does nothing by default.
pub trait Observer {
    /// An epoch begins.
    fn epoch_started(&mut self, _progress: EpochProgress) {}

    /// A mini-batch has been trained on.
    fn batch_finished(&mut self, _progress: EpochProgress) {}

    /// Evaluation on the test images begins.
    fn evaluation_started(&mut self, _epoch: usize) {}

    /// An epoch has finished; `Break` stops the run after saving it.
    fn epoch_finished(&mut self, _metrics: &EpochMetrics) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// An observer that does nothing.
impl Observer for () {}
