//! What a study needs of whoever runs it.

use std::path::Path;

use spectral_lab::data::{DataOptions, DataSet};
use spectral_lab::report::{DataSetReport, ModelReport, Provenance};
use spectral_lab::train::TrainConfig;

use super::StudyError;

/// A network to be trained within a study.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The network's name in the registry.
    pub model: &'a str,
    /// What to train it on.
    pub data: &'a DataSet,
    /// How the data were asked for.
    pub options: &'a DataOptions,
    /// How to train it; the seed is that of the weights as well.
    pub config: &'a TrainConfig,
    /// The run folder; a run there goes on where it was.
    pub folder: &'a Path,
}

/// Trains networks, and says what was done.
pub trait Lab {
    /// Trains a network and gives its figures. Equal jobs give equal figures, cut off or not.
    ///
    /// # Errors
    /// When the network, the data or the run folder will not do.
    fn train(&self, job: &Job<'_>) -> Result<ModelReport, StudyError>;

    /// A data set as a report shows it, without models.
    fn describe(&self, data: &DataSet) -> DataSetReport;

    /// How this invocation came to its results, up to now.
    fn provenance(&self) -> Provenance;

    /// Tells how a study goes.
    fn say(&self, line: &str);
}
