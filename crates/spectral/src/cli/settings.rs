//! Training settings: recipe, file, flags and `--set`, each overriding the previous.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::args::{augment_name, positive, recipe_name};
use super::error::CliError;
use super::overlay::{assignment, nested, overlay};
use spectral_lab::data::Augment;
use spectral_lab::model;
use spectral_lab::model::operator::find_operator;
use spectral_lab::train::{Recipe, TrainConfig, recipes};

/// The default settings: the first recipe, the lab's own.
pub(super) fn defaults() -> TrainConfig {
    recipes()[0].config()
}

/// The recipe of operator networks.
pub(super) const OPERATOR: &str = "operator";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OptimizerName {
    Adam,
    Adamw,
    Sgd,
    Rmsprop,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum DecayName {
    Constant,
    Step,
    Cosine,
    Plateau,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LossName {
    CrossEntropy,
    MeanSquaredError,
    BinaryCrossEntropy,
    RelativeL2,
    RelativeH1,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScalingName {
    None,
    Channel,
    Point,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TargetName {
    Label,
    Image,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum NormalizeName {
    ZeroOne,
    SymmetricOne,
    PerChannel,
}

/// Training options.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Training")]
pub(super) struct TrainingArgs {
    /// Start from the settings of a recipe: lab, or a
    /// published experiment: cats-vs-dogs,
    /// cifar-10-notebook, autoencoder, cemnet;
    /// operator, darcy, burgers for fields
    /// [default: the network's own]
    #[arg(long, value_name = "NAME", value_parser = recipe_name, verbatim_doc_comment)]
    recipe: Option<String>,
    /// Number of epochs [default: 5]
    #[arg(long, value_name = "N", value_parser = positive)]
    epochs: Option<usize>,
    /// Batch size [default: 64]
    #[arg(long, value_name = "N", value_parser = positive)]
    batch_size: Option<usize>,
    /// Optimizer: adam (default, with weight decay
    /// 5e-4), adamw, sgd or rmsprop
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    optimizer: Option<OptimizerName>,
    /// Learning rate [default: 1e-3]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    lr: Option<f64>,
    /// L2 penalty (decoupled for adamw)
    #[arg(long, value_name = "LAMBDA", allow_negative_numbers = true)]
    weight_decay: Option<f64>,
    /// Momentum for sgd and rmsprop
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    momentum: Option<f64>,
    /// Loss: cross-entropy (default),
    /// mean-squared-error or binary-cross-entropy; of
    /// fields relative-l2 (default), relative-h1 or
    /// mean-squared-error
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    loss: Option<LossName>,
    /// Training target: label (default), or image to
    /// reconstruct the input
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    target: Option<TargetName>,
    /// Normalization of pixel values: symmetric-one
    /// (default, -1..1), zero-one, or per-channel
    /// (with mean and standard deviation of the
    /// training images)
    #[arg(
        long,
        alias = "normalise",
        value_enum,
        value_name = "NAME",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    normalize: Option<NormalizeName>,
    /// Scaling of input fields to mean 0 and standard
    /// deviation 1: channel (default), point or none
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    scale_inputs: Option<ScalingName>,
    /// The same of target fields
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    scale_targets: Option<ScalingName>,
    /// Augmentation of training images: none (default),
    /// cats-vs-dogs (rotate, shift, flip) or cifar
    /// (crop, flip, color jitter)
    #[arg(long, value_name = "NAME", value_parser = augment_name, verbatim_doc_comment)]
    augment: Option<String>,
    /// Learning rate schedule: constant (default), step
    /// (a tenth after each third of the epochs), cosine
    /// (down to 0 over the epochs), plateau (a tenth
    /// when the test loss stops falling)
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    schedule: Option<DecayName>,
    /// Epochs of linear warm-up from 0
    #[arg(long, value_name = "EPOCHS", value_parser = positive)]
    warmup: Option<usize>,
    /// Clip the global gradient norm (L2)
    #[arg(
        long,
        value_name = "LIMIT",
        group = "clip",
        allow_negative_numbers = true
    )]
    clip_norm: Option<f64>,
    /// Clip the gradient norm (L2) of each parameter
    #[arg(
        long,
        value_name = "LIMIT",
        group = "clip",
        allow_negative_numbers = true
    )]
    clip_each: Option<f64>,
    /// Clip each element of the gradients
    #[arg(
        long,
        value_name = "LIMIT",
        group = "clip",
        allow_negative_numbers = true
    )]
    clip_value: Option<f64>,
    /// Read settings from a TOML file, as printed by
    /// 'spectral train --print-config'; the config.toml
    /// of a run works too
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    config: Option<PathBuf>,
    /// Set any setting by its name in that file, such as
    /// optimizer.epsilon=1e-7; may be repeated
    #[arg(long, value_name = "NAME=VALUE", verbatim_doc_comment)]
    set: Vec<String>,
}

/// The file of `--config`: a run's `config.toml` also has its model and data.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    #[serde(default)]
    train: Table,
    #[serde(default, skip_serializing)]
    #[allow(dead_code)]
    model: Table,
    #[serde(default, skip_serializing)]
    #[allow(dead_code)]
    data: Table,
}

impl TrainingArgs {
    /// The recipe of the networks with these options and that seed applied.
    pub(super) fn over_recipe_of<'a>(
        &self,
        models: impl IntoIterator<Item = &'a String>,
        seed: u64,
    ) -> Result<TrainConfig, CliError> {
        if self.recipe.is_some() {
            return self.over(&defaults(), seed);
        }
        let infos: Vec<(&str, &str)> = models
            .into_iter()
            .map(|name| recipe_of(name))
            .collect::<Result<_, _>>()?;
        let Some((first, others)) = infos.split_first() else {
            return self.over(&defaults(), seed);
        };
        let (name, recipe) = first;
        if let Some((other, theirs)) = others.iter().find(|(_, theirs)| theirs != recipe) {
            return Err(CliError::Usage(format!(
                "'{name}' uses recipe {recipe} and '{other}' uses {theirs}: choose one for both \
                 with --recipe"
            )));
        }
        self.over(&self.recipe_config(Recipe::find(recipe)?), seed)
    }

    /// `base`, or the recipe given, with these options and that seed applied.
    pub(super) fn over(&self, base: &TrainConfig, seed: u64) -> Result<TrainConfig, CliError> {
        let wrong =
            |error: &dyn std::fmt::Display| CliError::Usage(format!("training settings: {error}"));
        let recipe = self.recipe.as_deref().map(Recipe::find).transpose()?;
        let base = recipe.map_or_else(|| base.clone(), |recipe| self.recipe_config(recipe));
        let mut settings = Table::try_from(&base).map_err(|error| wrong(&error))?;
        if let Some(path) = &self.config {
            overlay(&mut settings, read(path)?);
        }
        for (name, value) in self.flags() {
            overlay(&mut settings, nested(name, value));
        }
        if let Some(decay) = self.schedule {
            let decay = self.decay(decay, &settings);
            overlay(&mut settings, nested("schedule.decay", decay.into()));
        }
        for text in &self.set {
            overlay(&mut settings, assignment(text)?);
        }
        let mut config: TrainConfig = Value::Table(settings)
            .try_into()
            .map_err(|error| wrong(&error))?;
        config.seed = seed;
        config.validate().map_err(|error| wrong(&error))?;
        Ok(config)
    }

    /// The settings of a recipe. A cosine over all of its epochs is one over all of those asked for.
    fn recipe_config(&self, recipe: &Recipe) -> TrainConfig {
        let mut config = recipe.config();
        if let Some(epochs) = self.epochs {
            config.set_epochs(epochs);
        }
        config
    }

    /// Whether a learning rate schedule was given, whatever the run had before.
    pub(super) fn reschedules(&self) -> bool {
        let names_schedule = |text: &String| text.starts_with("schedule");
        self.schedule.is_some() || self.warmup.is_some() || self.set.iter().any(names_schedule)
    }

    /// The settings of the flags that were given.
    fn flags(&self) -> Vec<(&'static str, Value)> {
        let count = |value: usize| Value::Integer(i64::try_from(value).unwrap_or(i64::MAX));
        let clipping = |kind: &str, limit: f64| {
            Value::Table(Table::from_iter([
                ("kind".to_string(), kind.into()),
                ("limit".to_string(), limit.into()),
            ]))
        };
        let given = [
            ("epochs", self.epochs.map(count)),
            ("batch_size", self.batch_size.map(count)),
            ("learning_rate", self.lr.map(Value::Float)),
            ("optimizer.kind", self.optimizer.map(|name| spelled(&name))),
            (
                "optimizer.weight_decay",
                self.weight_decay.map(Value::Float),
            ),
            ("optimizer.momentum", self.momentum.map(Value::Float)),
            ("loss.kind", self.loss.map(|name| spelled(&name))),
            ("target", self.target.map(|name| spelled(&name))),
            ("normalize", self.normalize.map(|name| spelled(&name))),
            (
                "scaling.inputs",
                self.scale_inputs.map(|name| spelled(&name)),
            ),
            (
                "scaling.targets",
                self.scale_targets.map(|name| spelled(&name)),
            ),
            ("augment", self.augment.as_deref().and_then(augmentation)),
            ("schedule.warmup.over.epochs", self.warmup.map(count)),
            (
                "clipping",
                self.clip_norm.map(|l| clipping("global-norm", l)),
            ),
            ("clipping", self.clip_each.map(|l| clipping("norm", l))),
            ("clipping", self.clip_value.map(|l| clipping("value", l))),
        ];
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// A decay that fits the number of epochs.
    fn decay(&self, name: DecayName, settings: &Table) -> Table {
        let epochs = settings
            .get("epochs")
            .and_then(Value::as_integer)
            .unwrap_or(1);
        // Given now, or what the resumed run started with.
        let warmup = settings
            .get("schedule")
            .and_then(|schedule| schedule.get("warmup")?.get("over")?.get("epochs"))
            .and_then(Value::as_integer)
            .unwrap_or(0);
        let mut decay = Table::from_iter([("kind".to_string(), spelled(&name))]);
        match name {
            DecayName::Constant | DecayName::Plateau => {}
            DecayName::Step => {
                decay.insert("epochs".into(), ((epochs - warmup) / 3).max(1).into());
                decay.insert("gamma".into(), 0.1.into());
            }
            DecayName::Cosine => {
                let over = nested("epochs", (epochs - warmup).max(1).into());
                decay.insert("over".into(), over.into());
            }
        }
        decay
    }
}

/// The name of a network and of its recipe.
fn recipe_of(name: &str) -> Result<(&'static str, &'static str), CliError> {
    match find_operator(name) {
        Ok(info) => Ok((info.name, OPERATOR)),
        Err(_) => Ok(model::find(name).map(|info| (info.name, info.recipe))?),
    }
}

/// All settings of a preset.
fn augmentation(name: &str) -> Option<Value> {
    Value::try_from(Augment::preset(name)?).ok()
}

/// A `--config` file with these settings.
pub(super) fn file(config: &TrainConfig) -> Result<String, CliError> {
    let failed = |error: toml::ser::Error| CliError::Failed(format!("cannot write TOML: {error}"));
    let file = SettingsFile {
        train: Table::try_from(config).map_err(failed)?,
        model: Table::new(),
        data: Table::new(),
    };
    toml::to_string(&file).map_err(failed)
}

fn read(path: &Path) -> Result<Table, CliError> {
    let text = fs::read_to_string(path).map_err(CliError::io(path))?;
    let file: SettingsFile = toml::from_str(&text).map_err(|error| CliError::file(path, error))?;
    Ok(file.train)
}

/// A value's name on the command line, which is also its name in a file.
fn spelled(value: &impl ValueEnum) -> Value {
    let name = value.to_possible_value();
    Value::String(name.map_or_else(String::new, |name| name.get_name().to_string()))
}

#[cfg(test)]
mod tests;
