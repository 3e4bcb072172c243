//! A trained network from a run folder or a file of weights.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::error::CliError;
use super::output::say;
use super::run_settings::ModelSettings;
use spectral_lab::model::{self, Network};
use spectral_lab::train::{
    ModelDescription, RunFolder, TrainedOn, check_finite_weights, converted_precisions,
    load_model_weights, read_model_description, read_trained_on,
};

/// A loaded network.
pub(super) struct Loaded {
    /// The network, built for its training size.
    pub(super) network: Network,
    /// Its name in the registry.
    pub(super) name: String,
    /// The run folder or the file.
    pub(super) source: PathBuf,
    /// Its input shape, classes and preprocessing.
    pub(super) settings: ModelSettings,
    /// Its run, if the source was a run folder.
    pub(super) run: Option<RunFolder>,
    /// The file of weights.
    pub(super) weights: PathBuf,
    /// The data it was trained on, if the weights record it.
    pub(super) trained_on: Option<TrainedOn>,
}

impl Loaded {
    /// Loads a run folder, with its latest or best weights, or a file of weights.
    pub(super) fn from(source: &Path, best: bool, context: &Context) -> Result<Self, CliError> {
        let (weights, description, run): (PathBuf, ModelDescription, _) = if source.is_dir() {
            let run = RunFolder::open(source)?;
            let weights = if best {
                run.best_weights_path()
            } else {
                run.weights_path()
            };
            (weights, run.config().model.clone(), Some(run))
        } else {
            if best {
                let message = format!("--best needs a run folder; {} is not one", source.display());
                return Err(CliError::Usage(message));
            }
            let description = read_model_description(source)?.ok_or_else(|| {
                CliError::file(
                    source,
                    "not saved by this program: no network name \
                    in the metadata",
                )
            })?;
            (source.to_path_buf(), description, None)
        };
        let settings = ModelSettings::of(&description).map_err(|error| {
            CliError::file(
                &weights,
                format!("not a network of this program: {}", error.message()),
            )
        })?;
        let network = model::build(&description.name, &settings.input, &context.device)?;
        let network = load_model_weights(&weights, network)?;
        check_finite_weights(&weights)?;
        for dtype in converted_precisions(&weights)? {
            let file = weights.display();
            say(&format!("{file}: converting {dtype} weights to F32"));
        }
        Ok(Self {
            network,
            name: description.name,
            source: source.to_path_buf(),
            settings,
            run,
            trained_on: read_trained_on(&weights)?,
            weights,
        })
    }
}
