//! A run on disk: its settings, its metrics, its weights, and what resuming it needs.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, Restored, RunState, WEIGHTS};
use super::config::TrainConfig;
use super::error::TrainError;
use super::files::{copy_atomically, write_atomically};
use super::history::EpochMetrics;
use super::settings::first_difference;
use super::weights::{ModelDescription, load_model_weights, save_model_weights};
use crate::data::DataSet;

const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.jsonl";
const BEST: &str = "best.safetensors";

/// The one setting that may differ when a run is resumed: how long it goes on.
const MAY_CHANGE: [&str; 1] = ["train.epochs"];

/// The data a run was made with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataDescription {
    /// The name of the set.
    pub name: String,
    /// The name of each class, in the order of the logits.
    pub classes: Vec<String>,
    /// Channels, rows and columns of an image.
    pub image_shape: [usize; 3],
    /// The number of training images.
    pub train_images: usize,
    /// The number of test images.
    pub test_images: usize,
    /// What else it takes to make or find the set again, by name.
    #[serde(default)]
    pub settings: toml::Table,
}

impl DataDescription {
    /// Describes `data`, without further settings.
    pub fn of(data: &DataSet) -> Self {
        Self {
            name: data.name.clone(),
            classes: data.classes.clone(),
            image_shape: data.train.shape(),
            train_images: data.train.len(),
            test_images: data.test.len(),
            settings: toml::Table::new(),
        }
    }
}

/// The settings of a run: `config.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// The network.
    pub model: ModelDescription,
    /// The data.
    pub data: DataDescription,
    /// How it is trained.
    pub train: TrainConfig,
}

/// The folder of a run.
///
/// | file | holds |
/// |---|---|
/// | `config.toml` | the [`RunConfig`] |
/// | `metrics.jsonl` | an [`EpochMetrics`] a line |
/// | `model.safetensors` | the weights of the last checkpoint |
/// | `best.safetensors` | those of the best epoch, if asked for |
/// | `checkpoint-NNNNN/` | weights, optimizer and state after epoch N |
///
/// A checkpoint is renamed into place when it is whole, and only then the one before it goes; so
/// whenever a run is cut off, one whole checkpoint of one epoch remains. What lies beside it is
/// brought into line with it when the run is resumed.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    config: RunConfig,
}

impl RunFolder {
    /// Begins a new run in `path`, which is created if need be.
    ///
    /// # Errors
    ///
    /// [`TrainError::RunExists`] if it holds a run already, [`TrainError::BadOption`] for bad
    /// settings, [`TrainError::Io`] if the folder cannot be written to.
    pub fn create(path: impl Into<PathBuf>, config: RunConfig) -> Result<Self, TrainError> {
        let path = path.into();
        config.train.validate()?;
        fs::create_dir_all(&path).map_err(TrainError::io(&path, "create"))?;
        if path.join(CONFIG).exists() {
            return Err(TrainError::RunExists(path));
        }
        let run = Self { path, config };
        run.write_config()?;
        Ok(run)
    }

    /// Opens the run in `path` with the settings it was started with.
    ///
    /// # Errors
    ///
    /// [`TrainError::NoRun`] if there is none, [`TrainError::Damaged`] if its settings cannot be
    /// read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TrainError> {
        let path = path.into();
        let file = path.join(CONFIG);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(TrainError::NoRun(path));
            }
            Err(error) => return Err(TrainError::io(&file, "read")(error)),
        };
        let config: RunConfig =
            toml::from_str(&text).map_err(|error| TrainError::damaged(&file, error.message()))?;
        config.train.validate()?;
        Ok(Self { path, config })
    }

    /// Opens the run in `path` to go on with it under `config`, which must be what it was started
    /// with, except for the number of epochs.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`TrainError::Changed`] naming the first setting that differs.
    pub fn resume(path: impl Into<PathBuf>, config: RunConfig) -> Result<Self, TrainError> {
        config.train.validate()?;
        let mut run = Self::open(path)?;
        run.check_same(&config, &MAY_CHANGE)?;
        if run.config != config {
            run.config = config;
            run.write_config()?;
        }
        Ok(run)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings of the run.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// The weights after the last checkpoint.
    pub fn weights_path(&self) -> PathBuf {
        self.path.join(WEIGHTS)
    }

    /// The weights of the best epoch, kept if the run was told to.
    pub fn best_weights_path(&self) -> PathBuf {
        self.path.join(BEST)
    }

    /// Loads the weights after the last checkpoint into a network made as
    /// [`RunConfig::model`] says; it comes back in evaluation mode.
    ///
    /// # Errors
    ///
    /// Those of [`load_model_weights`].
    pub fn load_model<M: Module>(&self, model: M) -> Result<M, TrainError> {
        load_model_weights(&self.weights_path(), model)
    }

    /// The metrics of all epochs so far, read from `metrics.jsonl` (and so exact but for the last
    /// bit of a number); none before the first has ended. A last line that was cut off is left out.
    ///
    /// # Errors
    ///
    /// [`TrainError::Damaged`] naming a line that cannot be read.
    pub fn metrics(&self) -> Result<Vec<EpochMetrics>, TrainError> {
        let path = self.path.join(METRICS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(TrainError::io(&path, "read")(error)),
        };
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .enumerate()
            .map(|(index, line)| {
                serde_json::from_str(line).map_err(|error| {
                    TrainError::damaged(&path, format!("line {}: {error}", index + 1))
                })
            })
            .collect()
    }

    /// Refuses training settings other than those of the run.
    pub(super) fn check_train_config(&self, train: &TrainConfig) -> Result<(), TrainError> {
        let config = RunConfig {
            train: train.clone(),
            ..self.config.clone()
        };
        self.check_same(&config, &[])
    }

    /// Reads the latest checkpoint, if there is one, and makes the other files agree with it.
    /// Without one `model` and `optimizer` are dropped and must be made anew.
    pub(super) fn restore<M: Module>(
        &self,
        model: M,
        optimizer: ModuleOptimizer,
    ) -> Result<Option<Restored<M>>, TrainError> {
        let Some(checkpoint) = Checkpoint::latest(&self.path)? else {
            self.rewrite_metrics(&[])?;
            return Ok(None);
        };
        let restored = checkpoint.read(model, optimizer)?;
        self.rewrite_metrics(&restored.state.history)?;
        copy_atomically(&checkpoint.weights(), &self.weights_path())?;
        checkpoint.remove_others(&self.path)?;
        Ok(Some(restored))
    }

    /// Adds a line to `metrics.jsonl`.
    pub(super) fn add_metrics(&self, metrics: &EpochMetrics) -> Result<(), TrainError> {
        let path = self.path.join(METRICS);
        let line = json_line(&path, metrics)?;
        let append = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(line.as_bytes())?;
            file.sync_data()
        };
        append().map_err(TrainError::io(&path, "write"))
    }

    /// Writes a checkpoint and then removes the one before it.
    pub(super) fn save_checkpoint<M: Module>(
        &self,
        model: &M,
        optimizer: &ModuleOptimizer,
        state: &RunState,
    ) -> Result<(), TrainError> {
        let checkpoint =
            Checkpoint::write(&self.path, &self.config.model, model, optimizer, state)?;
        copy_atomically(&checkpoint.weights(), &self.weights_path())?;
        checkpoint.remove_others(&self.path)
    }

    /// Keeps the weights as the best so far.
    pub(super) fn save_best<M: Module>(&self, model: &M) -> Result<(), TrainError> {
        save_model_weights(&self.best_weights_path(), model, &self.config.model)
    }

    fn write_config(&self) -> Result<(), TrainError> {
        let path = self.path.join(CONFIG);
        let text =
            toml::to_string_pretty(&self.config).map_err(|error| TrainError::save(&path, error))?;
        write_atomically(&path, text.as_bytes())
    }

    fn rewrite_metrics(&self, history: &[EpochMetrics]) -> Result<(), TrainError> {
        let path = self.path.join(METRICS);
        let lines: Result<String, TrainError> =
            history.iter().map(|m| json_line(&path, m)).collect();
        write_atomically(&path, lines?.as_bytes())
    }

    fn check_same(&self, config: &RunConfig, may_change: &[&str]) -> Result<(), TrainError> {
        let file = self.path.join(CONFIG);
        let table = |config: &RunConfig| {
            toml::Table::try_from(config).map_err(|error| TrainError::save(&file, error))
        };
        match first_difference(&table(&self.config)?, &table(config)?, may_change) {
            None => Ok(()),
            Some(difference) => Err(TrainError::Changed {
                path: self.path.clone(),
                field: difference.field,
                then: difference.then,
                now: difference.now,
            }),
        }
    }
}

fn json_line(path: &Path, metrics: &EpochMetrics) -> Result<String, TrainError> {
    serde_json::to_string(metrics)
        .map(|line| line + "\n")
        .map_err(|error| TrainError::save(path, error))
}
