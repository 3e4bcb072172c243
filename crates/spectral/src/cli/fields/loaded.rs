//! A trained operator network from a run folder or a file of weights.

use std::path::{Path, PathBuf};

use super::super::args::DataArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::field_args::FieldArgs;
use super::super::output::say;
use super::settings::{FieldDataSettings, OperatorSettings};
use spectral_lab::data::fields::{FieldSet, Samples, load_fields};
use spectral_lab::model::operator::find_operator;
use spectral_lab::operate::FieldNetwork;
use spectral_lab::train::{
    ModelDescription, RunFolder, check_finite_weights, converted_precisions, load_model_weights,
    read_model_description,
};

/// Whether a run folder or a file of weights holds an operator network. What cannot be read does not; whoever reads
/// it next says so.
pub(in crate::cli) fn is_operator_run(source: &Path) -> bool {
    let name = match source.is_dir() {
        true => RunFolder::open(source)
            .ok()
            .map(|run| run.config().model.name.clone()),
        false => (read_model_description(source).ok().flatten()).map(|model| model.name),
    };
    name.is_some_and(|name| find_operator(&name).is_ok())
}

/// An error if `source` holds an operator network, which `command` does not take.
pub(in crate::cli) fn reject_operator(source: &Path, command: &str) -> Result<(), CliError> {
    match is_operator_run(source) {
        true => Err(CliError::Usage(format!(
            "'spectral {command}' takes networks of images; {} holds an operator network, for which \
             there are 'spectral evaluate' and 'spectral rollout'",
            source.display()
        ))),
        false => Ok(()),
    }
}

/// A loaded operator network.
pub(super) struct LoadedOperator {
    /// The network.
    pub(super) network: FieldNetwork,
    /// Its name in the registry.
    pub(super) name: String,
    /// Its size, scaling and loss.
    pub(super) settings: OperatorSettings,
    /// Its run, if the source was a run folder.
    pub(super) run: Option<RunFolder>,
}

impl LoadedOperator {
    /// Loads a run folder, with its latest or best weights, or a file of weights.
    pub(super) fn from(source: &Path, best: bool, context: &Context) -> Result<Self, CliError> {
        let (weights, description, run): (PathBuf, ModelDescription, _) = match source.is_dir() {
            true => {
                let run = RunFolder::open(source)?;
                let weights = match best {
                    true => run.best_weights_path(),
                    false => run.weights_path(),
                };
                (weights, run.config().model.clone(), Some(run))
            }
            false if best => {
                let message = format!("--best needs a run folder; {} is not one", source.display());
                return Err(CliError::Usage(message));
            }
            false => {
                let description = read_model_description(source)?.ok_or_else(|| {
                    CliError::file(
                        source,
                        "not saved by this program: no network name in the metadata",
                    )
                })?;
                (source.to_path_buf(), description, None)
            }
        };
        let settings: OperatorSettings = description
            .settings
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| CliError::file(&weights, error.message()))?;
        let network = FieldNetwork::build(&description.name, &settings.operator, &context.device)?;
        let network = load_model_weights(&weights, network)?;
        check_finite_weights(&weights)?;
        for dtype in converted_precisions(&weights)? {
            let file = weights.display();
            say(&format!("{file}: converting {dtype} weights to F32"));
        }
        Ok(Self {
            network,
            name: description.name,
            settings,
            run,
        })
    }

    /// Checks that the network and its scaling accept samples.
    pub(super) fn check(&self, samples: &Samples) -> Result<(), CliError> {
        self.settings.check(&self.network, samples)
    }

    /// The data named, or those of the run, with options that are not given taken from the run.
    pub(super) fn data(
        &self,
        name: Option<&String>,
        data: &DataArgs,
        fields: &FieldArgs,
    ) -> Result<FieldSet, CliError> {
        let stored = self.run.as_ref().map(|run| &run.config().data);
        let set = match name.or_else(|| Some(&stored?.name)) {
            Some(set) => set,
            None => return Err(CliError::Usage("--data is missing".into())),
        };
        // The options of the run apply to its own data only.
        let own = match stored.filter(|stored| stored.name == *set) {
            Some(stored) => stored
                .settings
                .clone()
                .try_into()
                .map_err(|error: toml::de::Error| CliError::Failed(error.message().into()))?,
            None => FieldDataSettings::default(),
        };
        let options = fields.or(own.fields).options(&data.or(own.data));
        let set = load_fields(set, &options)?;
        let [inputs, targets] = self.settings.operator.channels;
        let shape = [set.train.input_shape()[0], set.train.target_shape()[0]];
        if shape != [inputs, targets] || set.train.axes() != self.settings.operator.sizes.len() {
            return Err(CliError::Failed(format!(
                "{} maps {inputs} channels to {targets} on {} axes, but {} has {} and {} on {}",
                self.name,
                self.settings.operator.sizes.len(),
                set.name,
                shape[0],
                shape[1],
                set.train.axes()
            )));
        }
        Ok(set)
    }
}
