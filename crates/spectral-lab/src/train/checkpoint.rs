//! Checkpoints: each a folder that is renamed into place once it is complete.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::tensor::Bytes;
use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::files::{Fingerprint, read_if_there, write_atomically};
use super::history::EpochMetrics;
use super::param_ids::{ParamIds, param_ids, with_param_ids};
use super::plateau::PlateauState;
use super::trained_on::TrainedOn;
use super::weights::{ModelDescription, load_model_weights, weights_file};
use crate::files;

pub(super) const WEIGHTS: &str = "model.safetensors";
const OPTIMIZER: &str = "optimizer.bpk";
const STATE: &str = "state.toml";
const PREFIX: &str = "checkpoint-";
const UNFINISHED: &str = ".tmp";

/// Incremented when older checkpoints can no longer be read.
const FORMAT: u32 = 1;

/// The best epoch so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestEpoch {
    /// Its number, from 1.
    pub epoch: usize,
    /// Its accuracy on the test images, 0..1; none without classes, and then it is the epoch with
    /// the lowest test loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_accuracy: Option<f64>,
}

/// The state of a run, besides weights and optimizer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct RunState {
    /// Mini-batches seen.
    pub(super) step: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) best: Option<BestEpoch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plateau: Option<PlateauState>,
    /// One entry per epoch. TOML rather than JSON, since it preserves every bit of a number.
    #[serde(default)]
    pub(super) history: Vec<EpochMetrics>,
}

/// `state.toml`.
#[derive(Serialize, Deserialize)]
struct StateFile {
    format: u32,
    run: RunState,
    parameters: ParamIds,
    files: BTreeMap<String, Fingerprint>,
}

/// The state that training continues from.
pub(super) struct Restored<M> {
    pub(super) model: M,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) state: RunState,
}

/// A checkpoint on disk.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    folder: PathBuf,
    epoch: usize,
}

impl Checkpoint {
    /// Writes a checkpoint after the last epoch in `state` into the run folder `root`.
    pub(super) fn write<M: Module>(
        root: &Path,
        (description, trained_on): (&ModelDescription, &TrainedOn),
        model: &M,
        optimizer: &ModuleOptimizer,
        state: &RunState,
    ) -> Result<Self, TrainError> {
        let epoch = state.history.len();
        let folder = root.join(format!("{PREFIX}{epoch:05}"));
        let scratch = root.join(format!("{PREFIX}{epoch:05}{UNFINISHED}"));
        remove_folder(&scratch)?;
        files::create_new_folder(&scratch).map_err(TrainError::io(&scratch, "create"))?;

        let weights = scratch.join(WEIGHTS);
        let weights = weights_file(&weights, model, description, Some(trained_on))?;
        let optimizer = optimizer
            .into_bytes()
            .map_err(|error| TrainError::save(&scratch.join(OPTIMIZER), error))?;
        let mut files = BTreeMap::new();
        for (name, contents) in [(WEIGHTS, &weights[..]), (OPTIMIZER, &optimizer[..])] {
            write_atomically(&scratch.join(name), contents)?;
            files.insert(name.to_string(), Fingerprint::of(contents));
        }
        let state = StateFile {
            format: FORMAT,
            run: state.clone(),
            parameters: param_ids(model),
            files,
        };
        let path = scratch.join(STATE);
        let text = toml::to_string(&state).map_err(|error| TrainError::save(&path, error))?;
        write_atomically(&path, text.as_bytes())?;

        remove_folder(&folder)?;
        files::rename_folder(&scratch, &folder).map_err(TrainError::io(&folder, "create"))?;
        Ok(Self { folder, epoch })
    }

    /// The checkpoint of the latest epoch in the run folder `root`, if any is complete.
    pub(super) fn latest(root: &Path) -> Result<Option<Self>, TrainError> {
        Ok(list(root)?.into_iter().max_by_key(|c| c.epoch))
    }

    /// Removes all other checkpoints, and incomplete ones.
    pub(super) fn remove_others(&self, root: &Path) -> Result<(), TrainError> {
        for other in list(root)? {
            if other.epoch != self.epoch {
                remove_folder(&other.folder)?;
            }
        }
        for name in folder_names(root)? {
            if name.starts_with(PREFIX) && name.ends_with(UNFINISHED) {
                remove_folder(&root.join(name))?;
            }
        }
        Ok(())
    }

    /// The epoch after which it was written.
    pub(super) fn epoch(&self) -> usize {
        self.epoch
    }

    /// Path of the weights.
    pub(super) fn weights(&self) -> PathBuf {
        self.folder.join(WEIGHTS)
    }

    /// Reads everything back into a network of the same shape and an optimizer of the same kind.
    /// Returns the network in evaluation mode.
    pub(super) fn read<M: Module>(
        &self,
        model: M,
        optimizer: ModuleOptimizer,
    ) -> Result<Restored<M>, TrainError> {
        let path = self.folder.join(STATE);
        let text = read_if_there(&path)?
            .ok_or_else(|| TrainError::damaged(&self.folder, format!("holds no {STATE}")))?;
        let state: StateFile =
            toml::from_str(&text).map_err(|error| TrainError::damaged(&path, error.message()))?;
        if state.format != FORMAT {
            let reason = format!("format {}, expected {FORMAT}", state.format);
            return Err(TrainError::damaged(&path, reason));
        }
        let contents = |name: &str| match state.files.get(name) {
            Some(fingerprint) => fingerprint.read(&self.folder.join(name)),
            None => Err(TrainError::damaged(&path, format!("does not name {name}"))),
        };
        contents(WEIGHTS)?;
        let record = contents(OPTIMIZER)?;
        if state.run.history.len() != self.epoch {
            let reason = format!("contains {} epochs", state.run.history.len());
            return Err(TrainError::damaged(&self.folder, reason));
        }
        let model = load_model_weights(&self.weights(), model)?;
        let model = with_param_ids(model, &state.parameters)
            .ok_or_else(|| TrainError::damaged(&path, "does not name every parameter"))?;
        Ok(Restored {
            model,
            optimizer: restored(&self.folder.join(OPTIMIZER), record, optimizer)?,
            state: state.run,
        })
    }
}

/// The optimizer with the state in the bytes of a file.
pub(super) fn restored(
    path: &Path,
    bytes: Vec<u8>,
    optimizer: ModuleOptimizer,
) -> Result<ModuleOptimizer, TrainError> {
    // Burn panics on a record that no optimizer wrote, such as one of tensors with ten axes.
    let load = AssertUnwindSafe(|| {
        let record = OptimizerRecord::from_bytes(Bytes::from_bytes_vec(bytes));
        record.map(|record| optimizer.load_record(record))
    });
    match catch_unwind(load) {
        Ok(loaded) => loaded.map_err(|error| TrainError::damaged(path, error)),
        Err(_) => Err(TrainError::damaged(path, "not a record of this optimizer")),
    }
}

/// Whether a text is a valid `state.toml`.
pub(super) fn is_state(text: &str) -> bool {
    let state = toml::from_str::<StateFile>(text);
    state.is_ok_and(|state| state.format == FORMAT)
}

fn list(root: &Path) -> Result<Vec<Checkpoint>, TrainError> {
    let checkpoint = |name: String| {
        let epoch = name.strip_prefix(PREFIX)?.parse().ok()?;
        let folder = root.join(name);
        Some(Checkpoint { folder, epoch })
    };
    Ok(folder_names(root)?
        .into_iter()
        .filter_map(checkpoint)
        .collect())
}

fn folder_names(root: &Path) -> Result<Vec<String>, TrainError> {
    let entries = files::list(root).map_err(TrainError::io(root, "list"))?;
    let names = entries.into_iter().filter(|(_, is_folder)| *is_folder);
    Ok(names
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .collect())
}

fn remove_folder(path: &Path) -> Result<(), TrainError> {
    files::remove_folder(path).map_err(TrainError::io(path, "remove"))
}
