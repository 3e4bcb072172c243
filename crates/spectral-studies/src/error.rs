//! What can go wrong with a study.

use std::path::{Path, PathBuf};

use burn_spectral::SpectralError;
use thiserror::Error;

use spectral_lab::advise::AdviseError;
use spectral_lab::data::DataError;
use spectral_lab::model::ModelError;
use spectral_lab::report::ReportError;
use spectral_lab::simulate::SimulateError;
use spectral_lab::train::TrainError;

/// Why a study could not be made or go on.
#[derive(Debug, Error)]
pub enum StudyError {
    /// There is no study of that name.
    #[error("unknown study '{name}'; there are {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A budget that a study does not take.
    #[error("{study}: a budget of {hours} hours: {reason}")]
    Budget {
        /// The study.
        study: &'static str,
        /// The hours given.
        hours: f64,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// A folder holds a study made otherwise.
    #[error(
        "{}: {setting} is {now}, but the study was started with {then}; \
         go on with the same setting or choose another folder", path.display()
    )]
    Changed {
        /// The folder of the study.
        path: PathBuf,
        /// The setting that differs.
        setting: String,
        /// Its value when the study was started.
        then: String,
        /// Its value now.
        now: String,
    },
    /// A folder without a study.
    #[error("{}: no study here; measure it first with `spectral study {study}`, or give its folder with --out", path.display())]
    NoStudy {
        /// The folder.
        path: PathBuf,
        /// The study that was to be rendered.
        study: &'static str,
    },
    /// A step whose result a page needs.
    #[error(
        "{}: step {step} {reason}; measure it with `spectral study {study}`", path.display()
    )]
    NotMeasured {
        /// The folder of the study.
        path: PathBuf,
        /// The study.
        study: &'static str,
        /// The step.
        step: String,
        /// What there is of it.
        reason: &'static str,
    },
    /// A page template that does not fit its figures.
    #[error("page of study {study}: {reason}")]
    Page {
        /// The study.
        study: &'static str,
        /// What is wrong, and where.
        reason: String,
    },
    /// Another process works on the study.
    #[error("{}: in use by {holder}; wait until it is done or choose another folder", path.display())]
    InUse {
        /// The folder of the study.
        path: PathBuf,
        /// Who has it.
        holder: String,
    },
    /// The folder of a study cannot be created or locked.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file of a study is not what was written there.
    #[error("{}: damaged: {reason}; remove it to have it made again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system refused to read a file.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A result cannot be written as JSON.
    #[error("cannot write the result of step {step}: {reason}")]
    Result {
        /// The step.
        step: String,
        /// Why.
        reason: String,
    },
    /// A tensor could not be read back.
    #[error("cannot read results from the device: {0}")]
    Device(String),
    /// The images could not be loaded.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Trajectories could not be computed.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// A network could not be made.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A network could not be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A layer could not be made.
    #[error(transparent)]
    Layer(#[from] SpectralError),
    /// A convolution that cannot be advised on.
    #[error(transparent)]
    Advise(#[from] AdviseError),
    /// The page could not be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Whoever trains could not go on.
    #[error("{0}")]
    Failed(String),
}

impl StudyError {
    pub(super) fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            reason: reason.to_string(),
        }
    }
}
