//! What a run folder records about an operator network and its fields.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::super::args::DataArgs;
use super::super::error::CliError;
use super::super::field_args::FieldArgs;
use spectral_lab::data::fields::{FieldScaling, FieldSet, Samples};
use spectral_lab::model::operator::{OperatorInput, OperatorSpec};
use spectral_lab::operate::FieldNetwork;
use spectral_lab::train::{
    DataDescription, FieldDescription, Loss, ModelDescription, RunConfig, Scaling, TrainConfig,
};

/// Everything besides its name that using an operator network requires; saved with its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct OperatorSettings {
    /// What it was built for.
    pub(in crate::cli) operator: OperatorSpec,
    /// The training loss.
    pub(in crate::cli) loss: Loss,
    /// The scaling of inputs and targets.
    pub(in crate::cli) scaling: Scaling,
}

impl OperatorSettings {
    /// Checks that a network of these settings and its scaling accept samples.
    pub(super) fn check(&self, network: &FieldNetwork, samples: &Samples) -> Result<(), CliError> {
        self.scaling.inputs.check(&samples.input_shape())?;
        self.scaling.targets.check(&samples.target_shape())?;
        Ok(network.check(&samples.input_shape())?)
    }
}

/// The requested data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FieldDataSettings {
    /// The seed of the run.
    pub(super) seed: u64,
    /// Options of all data.
    #[serde(flatten)]
    pub(super) data: DataArgs,
    /// Options of fields.
    pub(super) fields: FieldArgs,
}

/// The name of a set of fields for people: of a file, its name without folders and ending.
pub(super) fn short_name(data: &str) -> &str {
    let Some(path) = data.strip_prefix("npz:") else {
        return data;
    };
    let stem = Path::new(path).file_stem();
    stem.and_then(|stem| stem.to_str()).unwrap_or(path)
}

/// The fields that a network of this set maps.
pub(super) fn input_of(data: &FieldSet) -> OperatorInput {
    OperatorInput {
        channels: [data.train.input_shape()[0], data.train.target_shape()[0]],
        sizes: data.train.sizes(),
        boundary: data.boundary,
    }
}

/// The scaling that `config` asks for, fitted to the training samples.
pub(super) fn scaling_of(config: &TrainConfig, data: &FieldSet) -> Scaling {
    let kinds = [config.scaling.inputs, config.scaling.targets];
    let [inputs, targets] = FieldScaling::fit(kinds, &data.train);
    Scaling { inputs, targets }
}

/// The settings of a run of that network on that data.
pub(super) fn run_config(
    model: &str,
    settings: OperatorSettings,
    data: &FieldSet,
    wanted: FieldDataSettings,
    train: &TrainConfig,
) -> Result<RunConfig, CliError> {
    let failed = |error: toml::ser::Error| CliError::Failed(format!("cannot write TOML: {error}"));
    let input = input_of(data);
    Ok(RunConfig {
        model: ModelDescription {
            name: model.into(),
            settings: Table::try_from(settings).map_err(failed)?,
        },
        data: DataDescription {
            name: data.name.clone(),
            train_images: data.train.len(),
            test_images: data.tests[0].samples.len(),
            fields: Some(FieldDescription {
                channels: input.channels,
                sizes: input.sizes,
                steps: data.train.steps(),
            }),
            settings: Table::try_from(wanted).map_err(failed)?,
            ..DataDescription::default()
        },
        train: train.clone(),
    })
}
