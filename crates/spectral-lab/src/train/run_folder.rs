//! Run folders: settings, metrics, weights, and the state needed to resume.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, Restored, RunState, WEIGHTS};
use super::config::TrainConfig;
use super::error::TrainError;
use super::files::{copy_atomically, read_if_there, write_atomically};
use super::history::EpochMetrics;
use super::image_list;
use super::settings::first_difference;
use super::trained_on::TrainedOn;
use super::weights::{ModelDescription, load_model_weights, save_trained_weights};
use crate::data::{DataSet, Division, ImageList};
use crate::files::{self, Lock, LockError};

const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.jsonl";
const BEST: &str = "best.safetensors";
const IMAGES: &str = "images.jsonl";

/// The one setting that may always differ when a run is resumed: the number of epochs.
const EPOCHS: &str = "train.epochs";

/// The setting that may differ on request: the schedule.
const SCHEDULE: &str = "train.schedule";

/// The data of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataDescription {
    /// The name of the set.
    pub name: String,
    /// The name of each class, in the order of the logits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Channels, rows and columns of an image; zeros without images.
    #[serde(default, skip_serializing_if = "is_no_image")]
    pub image_shape: [usize; 3],
    /// The number of training images, or of training samples of fields.
    pub train_images: usize,
    /// The number of test images or samples.
    pub test_images: usize,
    /// The fields; none with images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<FieldDescription>,
    /// Everything else needed to generate or find the set again, by name.
    #[serde(default)]
    pub settings: toml::Table,
}

/// The fields of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldDescription {
    /// Channels of inputs and of targets.
    pub channels: [usize; 2],
    /// Grid points along each axis.
    pub sizes: Vec<usize>,
    /// Steps of a trajectory; 1 for pairs.
    pub steps: usize,
}

fn is_no_image(shape: &[usize; 3]) -> bool {
    *shape == [0; 3]
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
            fields: None,
            settings: toml::Table::new(),
        }
    }
}

/// The settings of a run, stored in `config.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// The network.
    pub model: ModelDescription,
    /// The data.
    pub data: DataDescription,
    /// The training settings.
    pub train: TrainConfig,
}

/// The folder of a run.
///
/// | file | holds |
/// |---|---|
/// | `config.toml` | the [`RunConfig`] |
/// | `metrics.jsonl` | an [`EpochMetrics`] a line |
/// | `model.safetensors` | the weights of the last checkpoint |
/// | `best.safetensors` | those of the best epoch, if requested |
/// | `checkpoint-NNNNN/` | weights, optimizer and state after epoch N |
/// | `images.jsonl` | of a folder of photographs, the part, class, SHA-256 and path of each |
/// | `.lock` | the process that works on the run |
///
/// Creating or resuming a run locks it until the value and all its clones are dropped; a run that
/// is only [opened](Self::open) can be read meanwhile, and is locked for training.
///
/// A checkpoint is renamed into place when it is complete, and only then is the previous one
/// removed; so whenever a run is interrupted, one complete checkpoint of one epoch remains. Files
/// beside it are brought into line with it when the run is resumed.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    config: RunConfig,
    lock: Option<Arc<Lock>>,
}

impl RunFolder {
    /// Starts a new run in `path`, which is created if missing.
    ///
    /// # Errors
    ///
    /// [`TrainError::RunExists`] if it already holds a run, [`TrainError::InUse`] if another
    /// process is starting one, [`TrainError::BadOption`] for bad settings, [`TrainError::Io`] if
    /// the folder cannot be written to.
    pub fn create(path: impl Into<PathBuf>, config: RunConfig) -> Result<Self, TrainError> {
        let path = path.into();
        config.train.validate()?;
        files::create_folders(&path).map_err(TrainError::io(&path, "create"))?;
        Self::begin(path, config)
    }

    /// Starts a new run in a folder that must not exist yet: of several processes that try at once,
    /// one succeeds.
    ///
    /// # Errors
    ///
    /// The errors of [`create`](Self::create); [`TrainError::RunExists`] also for a folder without a
    /// run.
    pub fn create_new(path: impl Into<PathBuf>, config: RunConfig) -> Result<Self, TrainError> {
        let path = path.into();
        config.train.validate()?;
        let folders = path.parent().map_or(Ok(()), files::create_folders);
        match folders.and_then(|()| files::create_new_folder(&path)) {
            Ok(()) => Self::begin(path, config),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(TrainError::RunExists(path))
            }
            Err(error) => Err(TrainError::io(&path, "create")(error)),
        }
    }

    fn begin(path: PathBuf, config: RunConfig) -> Result<Self, TrainError> {
        let lock = lock(&path)?;
        if path.join(CONFIG).exists() {
            return Err(TrainError::RunExists(path));
        }
        let run = Self {
            path,
            config,
            lock: Some(lock),
        };
        run.write_config()?;
        Ok(run)
    }

    /// Opens the run in `path` with its original settings.
    ///
    /// # Errors
    ///
    /// [`TrainError::NoRun`] if there is none, [`TrainError::Damaged`] if its settings cannot be
    /// read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TrainError> {
        let path = path.into();
        let file = path.join(CONFIG);
        let Some(text) = read_if_there(&file)? else {
            return Err(TrainError::NoRun(path));
        };
        let config: RunConfig =
            toml::from_str(&text).map_err(|error| TrainError::damaged(&file, error.message()))?;
        config.train.validate()?;
        Ok(Self {
            path,
            config,
            lock: None,
        })
    }

    /// Opens the run in `path` to resume it with `config`, which must equal its original settings
    /// except for the number of epochs.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`TrainError::InUse`] if another process works on it, and
    /// [`TrainError::Changed`] naming the first setting that differs.
    pub fn resume(path: impl Into<PathBuf>, config: RunConfig) -> Result<Self, TrainError> {
        Self::resume_under(path.into(), config, &[EPOCHS])
    }

    /// Like [`resume`](Self::resume), but the learning rate schedule may differ: the remaining
    /// epochs use the new one, as if the run had had it from the start.
    ///
    /// # Errors
    ///
    /// The errors of [`resume`](Self::resume).
    pub fn resume_rescheduled(
        path: impl Into<PathBuf>,
        config: RunConfig,
    ) -> Result<Self, TrainError> {
        Self::resume_under(path.into(), config, &[EPOCHS, SCHEDULE])
    }

    fn resume_under(
        path: PathBuf,
        config: RunConfig,
        may_change: &[&str],
    ) -> Result<Self, TrainError> {
        config.train.validate()?;
        // Leaves no lock in a folder without a run.
        Self::open(&path)?;
        let lock = lock(&path)?;
        let mut run = Self::open(path)?;
        run.lock = Some(lock);
        run.check_same(&config, may_change)?;
        if run.config != config {
            run.config = config;
            run.write_config()?;
        }
        Ok(run)
    }

    /// Locks the run for the lifetime of the returned value; a run that is already locked shares
    /// its lock.
    pub(super) fn hold(&self) -> Result<Arc<Lock>, TrainError> {
        match &self.lock {
            Some(lock) => Ok(lock.clone()),
            None => lock(&self.path),
        }
    }

    /// The number of epochs before the latest checkpoint; 0 without one.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] if the folder cannot be listed.
    pub fn finished_epochs(&self) -> Result<usize, TrainError> {
        Ok(Checkpoint::latest(&self.path)?.map_or(0, |checkpoint| checkpoint.epoch()))
    }

    /// The images of the run's folder of photographs and their parts; none for other data, and for
    /// runs from before this was recorded.
    ///
    /// # Errors
    ///
    /// [`TrainError::Damaged`] if the list cannot be read.
    pub fn images(&self) -> Result<Option<ImageList>, TrainError> {
        image_list::read(&self.path.join(IMAGES))
    }

    /// Rejects the images of `data` if the run was started with others, in another order, or in
    /// other parts.
    ///
    /// # Errors
    ///
    /// [`TrainError::ImagesChanged`] with the differences, [`TrainError::Damaged`] if the list of
    /// the run cannot be read.
    pub fn check_images(&self, data: &DataSet) -> Result<(), TrainError> {
        self.unlisted_images(data).map(|_| ())
    }

    /// Records the images of `data` if there is no list yet, or checks them like
    /// [`check_images`](Self::check_images).
    pub(super) fn keep_images(&self, data: &DataSet) -> Result<(), TrainError> {
        match self.unlisted_images(data)? {
            Some(list) => image_list::write(&self.path.join(IMAGES), list),
            None => Ok(()),
        }
    }

    /// The images of `data` if they are not recorded yet.
    fn unlisted_images<'a>(&self, data: &'a DataSet) -> Result<Option<&'a ImageList>, TrainError> {
        let Some(list) = &data.list else {
            return Ok(None);
        };
        let changed = |changes: String| TrainError::ImagesChanged {
            path: self.path.clone(),
            data: data.name.clone(),
            changes,
        };
        match self.images()? {
            Some(then) if list.trains_as(&then) => Ok(None),
            Some(then) => {
                let changes = list.changes_since(&then);
                Err(changed(match changes.is_none() {
                    true => "image names or numbers of copies changed".into(),
                    false => changes.to_string(),
                }))
            }
            None if list.division == Division::ByContent && self.finished_epochs()? > 0 => {
                Err(changed(format!(
                    "the run has no {IMAGES}, so it was split by position and not by content"
                )))
            }
            None => Ok(Some(list)),
        }
    }

    /// The path of the folder.
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

    /// The weights of the best epoch, if the run keeps them.
    pub fn best_weights_path(&self) -> PathBuf {
        self.path.join(BEST)
    }

    /// Loads the weights of the last checkpoint into a network built as [`RunConfig::model`] says,
    /// and returns it in evaluation mode.
    ///
    /// # Errors
    ///
    /// The errors of [`load_model_weights`].
    pub fn load_model<M: Module>(&self, model: M) -> Result<M, TrainError> {
        load_model_weights(&self.weights_path(), model)
    }

    /// The metrics of all epochs so far, read from `metrics.jsonl` (and so exact up to the last bit
    /// of a number); none before the first has finished. An incomplete last line is left out.
    ///
    /// # Errors
    ///
    /// [`TrainError::Damaged`] naming a line that cannot be read.
    pub fn metrics(&self) -> Result<Vec<EpochMetrics>, TrainError> {
        let path = self.path.join(METRICS);
        let Some(text) = read_if_there(&path)? else {
            return Ok(Vec::new());
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

    /// Rejects training settings that differ from those of the run.
    pub(super) fn check_train_config(&self, train: &TrainConfig) -> Result<(), TrainError> {
        let config = RunConfig {
            train: train.clone(),
            ..self.config.clone()
        };
        self.check_same(&config, &[])
    }

    /// Reads the latest checkpoint, if there is one, and makes the other files agree with it.
    /// Without one `model` and `optimizer` are dropped and must be created again.
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

    /// Appends a line to `metrics.jsonl`.
    pub(super) fn add_metrics(&self, metrics: &EpochMetrics) -> Result<(), TrainError> {
        let path = self.path.join(METRICS);
        let line = json_line(&path, metrics)?;
        files::append(&path, line.as_bytes()).map_err(TrainError::io(&path, "write"))
    }

    /// Writes a checkpoint, then removes the previous one.
    pub(super) fn save_checkpoint<M: Module>(
        &self,
        trained_on: &TrainedOn,
        model: &M,
        optimizer: &ModuleOptimizer,
        state: &RunState,
    ) -> Result<(), TrainError> {
        let about = (&self.config.model, trained_on);
        let checkpoint = Checkpoint::write(&self.path, about, model, optimizer, state)?;
        copy_atomically(&checkpoint.weights(), &self.weights_path())?;
        checkpoint.remove_others(&self.path)
    }

    /// Saves the weights as the best so far.
    pub(super) fn save_best<M: Module>(
        &self,
        trained_on: &TrainedOn,
        model: &M,
    ) -> Result<(), TrainError> {
        let path = self.best_weights_path();
        save_trained_weights(&path, model, &self.config.model, trained_on)
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

/// Locks the folder of a run.
fn lock(path: &Path) -> Result<Arc<Lock>, TrainError> {
    match Lock::folder(path) {
        Ok(lock) => Ok(Arc::new(lock)),
        Err(LockError::Held(holder)) => Err(TrainError::InUse {
            path: path.to_path_buf(),
            holder,
        }),
        Err(LockError::Io(error)) => Err(TrainError::io(path, "lock")(error)),
    }
}
