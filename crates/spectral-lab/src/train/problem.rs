//! What the training loop asks of data and task.

use burn::Tensor;
use burn::tensor::{Device, Int};

use super::error::TrainError;
use super::run_folder::RunFolder;
use super::tally::Tally;
use super::trained_on::TrainedOn;
use crate::data::DataError;

/// Which samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Training samples, as the epoch of this number sees them.
    Train {
        /// From 1.
        epoch: usize,
    },
    /// Test samples.
    Test,
}

/// Samples in mini-batches, and what a network of type `M` is to make of them.
pub(super) trait Problem<M>: Sync {
    /// A mini-batch on the host.
    type Batch: Send;

    /// Rejects data that cannot be trained on.
    fn check(&self) -> Result<(), TrainError>;

    /// Rejects data other than those of the run, and records them there.
    fn keep(&self, run: &RunFolder) -> Result<(), TrainError>;

    /// What the weights' file says of the data.
    fn trained_on(&self) -> TrainedOn;

    /// The number of samples.
    fn samples(&self, part: Part) -> usize;

    /// Prepares a mini-batch.
    fn load(&self, part: Part, indices: &[u32]) -> Result<Self::Batch, DataError>;

    /// Runs the network.
    fn run(
        &self,
        model: &M,
        part: Part,
        batch: Self::Batch,
        device: &Device,
    ) -> Result<Outputs, TrainError>;

    /// Accumulates what [`run`](Self::run) returns.
    fn tally(&self) -> Tally;
}

/// The results of one mini-batch.
pub(super) struct Outputs {
    /// Its mean loss, `[1]`.
    pub(super) loss: Tensor<1>,
    /// The number of samples.
    pub(super) samples: usize,
    /// Of a classifier, the class predicted for each sample, and its label.
    pub(super) classes: Option<(Tensor<1, Int>, Vec<u16>)>,
    /// Of an operator, the mean relative errors of the samples in L2 and in H1, `[2]`.
    pub(super) errors: Option<Tensor<1>>,
}
