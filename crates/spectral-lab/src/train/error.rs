//! What can go wrong in training.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::data::DataError;

/// Why a training run, an evaluation or a checkpoint could not go on.
#[derive(Debug, Error)]
pub enum TrainError {
    /// A setting has a value that makes no sense.
    #[error("{option} is {value}; accepted: {accepted}")]
    BadOption {
        /// The setting, as written in `config.toml`.
        option: String,
        /// Its value.
        value: String,
        /// What would be accepted.
        accepted: String,
    },
    /// The images could not be turned into batches.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A part of the data set is empty.
    #[error("the {part} part of {data} has no images")]
    NoImages {
        /// The name of the data set.
        data: String,
        /// `training` or `test`.
        part: &'static str,
    },
    /// An image carries a label without a class.
    #[error("{part} image {index} has label {label}; there are {classes} classes")]
    BadLabel {
        /// `training`, `test` or `evaluated`.
        part: &'static str,
        /// Which image.
        index: usize,
        /// Its label.
        label: u16,
        /// The number of classes.
        classes: usize,
    },
    /// The network does not give one logit per class.
    #[error("the network gives {outputs} outputs an image; the data has {classes} classes")]
    WrongOutputs {
        /// The outputs of the network.
        outputs: usize,
        /// The classes of the data.
        classes: usize,
    },
    /// The network does not give one output per pixel and channel.
    #[error(
        "the network gives {outputs} outputs an image; an image of {}x{}x{} has {pixels} values",
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
    /// A value could not be read back from the device.
    #[error("cannot read results from the device: {0}")]
    Device(String),
    /// The operating system refused a file operation.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of a run folder is not what was written there.
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
        /// Which tensors are missing, unknown or of another shape.
        reason: String,
    },
    /// A tensor of another kind of numbers than weights are.
    #[error(
        "{}: tensor '{tensor}' is of {dtype}; accepted are F32, and F64, F16 and BF16, which are \
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
    /// A weight that is no finite number.
    #[error("{}: value {index} of tensor '{tensor}' is {value}; accepted are finite numbers", path.display())]
    NotFinite {
        /// The file of weights.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Which of its values, from 0 in memory order.
        index: u64,
        /// What it is.
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
    /// A run can only be resumed with the settings it was started with.
    #[error(
        "{}: {field} is {now}, but the run was started with {then}; \
         resume with the same setting or start a new run folder", path.display()
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
    /// The images of the folder that a run is trained on are not those it was begun with.
    #[error(
        "{}: {data} is not what the run was started with: {changes}; bring the folder back to what it \
         was or start a new run", path.display()
    )]
    ImagesChanged {
        /// The run folder.
        path: PathBuf,
        /// The name of the data set.
        data: String,
        /// What differs.
        changes: String,
    },
    /// Another process works on the run.
    #[error("{}: in use by {holder}; wait until it is done or choose another folder", path.display())]
    InUse {
        /// The run folder.
        path: PathBuf,
        /// Who has it.
        holder: String,
    },
    /// A new run was asked for in a folder that holds one already.
    #[error("{} already holds a run; resume it or choose another folder", .0.display())]
    RunExists(PathBuf),
    /// A run was to be resumed or read where there is none.
    #[error("{} holds no run (no config.toml)", .0.display())]
    NoRun(PathBuf),
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

    /// Attaches a path and an action to an I/O error.
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

/// Refuses a setting outside its range.
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
