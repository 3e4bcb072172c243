//! Errors of training.

use std::path::{Path, PathBuf};

use burn_spectral::SpectralError;
use thiserror::Error;

use crate::data::DataError;

/// Why a training run, an evaluation or a checkpoint failed.
#[derive(Debug, Error)]
pub enum TrainError {
    /// A setting is out of range.
    #[error("{option} is {value}; accepted: {accepted}")]
    BadOption {
        /// The setting, as written in `config.toml`.
        option: String,
        /// The value given.
        value: String,
        /// The accepted values.
        accepted: String,
    },
    /// The images could not be turned into batches.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A part of the data set is empty.
    #[error("the {part} set of {data} is empty")]
    NoSamples {
        /// The name of the data set.
        data: String,
        /// `training` or `test`.
        part: &'static str,
    },
    /// A label is out of range.
    #[error("{part} image {index} has label {label}, but there are only {classes} classes")]
    BadLabel {
        /// `training`, `test` or `evaluated`.
        part: &'static str,
        /// Index of the image.
        index: usize,
        /// The label.
        label: u16,
        /// The number of classes.
        classes: usize,
    },
    /// The number of outputs is not the number of classes.
    #[error("the network has {outputs} outputs per image, but the data has {classes} classes")]
    WrongOutputs {
        /// The outputs of the network.
        outputs: usize,
        /// The classes of the data.
        classes: usize,
    },
    /// The number of outputs is not the number of pixel values.
    #[error(
        "the network has {outputs} outputs per image, but a {}x{}x{} image has {pixels} values",
        .shape[0], .shape[1], .shape[2]
    )]
    WrongReconstruction {
        /// The outputs of the network.
        outputs: usize,
        /// Channels, rows and columns of an image.
        shape: [usize; 3],
        /// Their product.
        pixels: usize,
    },
    /// A grid that a loss does not serve.
    #[error(transparent)]
    Layer(Box<SpectralError>),
    /// A network returned fields of another shape than the targets.
    #[error(
        "the network returns fields of shape {outputs:?} (channels, then space), but the targets have {targets:?}"
    )]
    WrongField {
        /// Channels and sizes of an output.
        outputs: Vec<usize>,
        /// Channels and sizes of a target.
        targets: Vec<usize>,
    },
    /// A value could not be read back from the device.
    #[error("cannot read results from the device: {0}")]
    Device(String),
    /// A file operation failed.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operation.
        action: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file of a run folder is damaged.
    #[error("{}: damaged: {reason}", path.display())]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Weights do not fit the network.
    #[error("{}: these weights do not fit the network: {reason}", path.display())]
    WeightsDoNotFit {
        /// The file of weights.
        path: PathBuf,
        /// The tensors that are missing, unknown or of another shape.
        reason: String,
    },
    /// A weight tensor of an unsupported dtype.
    #[error(
        "{}: tensor '{tensor}' is {dtype}; accepted are F32, and F64, F16 and BF16, which are \
         converted",
        path.display()
    )]
    Dtype {
        /// The file of weights.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its dtype, as safetensors names it.
        dtype: String,
    },
    /// A weight that is not finite.
    #[error("{}: value {index} of tensor '{tensor}' is {value}; accepted are finite numbers", path.display())]
    NotFinite {
        /// The file of weights.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Index of the value in memory order, from 0.
        index: u64,
        /// The value.
        value: String,
    },
    /// A file could not be written.
    #[error("{}: cannot save: {reason}", path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A run can only be resumed with its original settings.
    #[error(
        "{}: {field} is {now}, but the run was started with {then}; use the same setting to resume \
         it, or start a new run folder", path.display()
    )]
    Changed {
        /// The run folder.
        path: PathBuf,
        /// The setting, as written in `config.toml`.
        field: String,
        /// Its value when the run was started.
        then: String,
        /// Its value now.
        now: String,
    },
    /// The images of a run's folder differ from those it was started with.
    #[error(
        "{}: the images of {data} are not those the run was started with: {changes}; restore the \
         folder or start a new run", path.display()
    )]
    ImagesChanged {
        /// The run folder.
        path: PathBuf,
        /// The name of the data set.
        data: String,
        /// The differences.
        changes: String,
    },
    /// The run is locked by another process.
    #[error("{}: in use by {holder}; wait until it finishes or choose another folder", path.display())]
    InUse {
        /// The run folder.
        path: PathBuf,
        /// The process that holds the lock.
        holder: String,
    },
    /// A run already exists in the folder of a new one.
    #[error("{} already holds a run; resume it or choose another folder", .0.display())]
    RunExists(PathBuf),
    /// A run to be resumed or read does not exist.
    #[error("{} holds no run (no config.toml)", .0.display())]
    NoRun(PathBuf),
}

impl From<SpectralError> for TrainError {
    fn from(error: SpectralError) -> Self {
        Self::Layer(Box::new(error))
    }
}

impl TrainError {
    pub(crate) fn bad_option(
        option: impl Into<String>,
        value: impl ToString,
        accepted: impl Into<String>,
    ) -> Self {
        Self::BadOption {
            option: option.into(),
            value: value.to_string(),
            accepted: accepted.into(),
        }
    }

    pub(crate) fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn save(path: &Path, reason: impl ToString) -> Self {
        Self::Save {
            path: path.to_path_buf(),
            reason: reason.to_string(),
        }
    }

    /// Attaches a path and an operation to an I/O error.
    pub(crate) fn io(
        path: &Path,
        action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io {
            path,
            action,
            source,
        }
    }
}

/// Rejects a setting out of range.
pub(crate) fn require(
    valid: bool,
    option: &str,
    value: impl ToString,
    accepted: &str,
) -> Result<(), TrainError> {
    if valid {
        Ok(())
    } else {
        Err(TrainError::bad_option(option, value, accepted))
    }
}
