//! What a run folder keeps of network and data, enough to make both again.

use serde::{Deserialize, Serialize};
use toml::Table;

use super::args::DataArgs;
use super::error::CliError;
use spectral_lab::data::{DataSet, Normalize};
use spectral_lab::model::InputSpec;
use spectral_lab::train::{
    DataDescription, Loss, ModelDescription, RunConfig, Target, TrainConfig,
};

/// Everything beside its name that using a network takes; kept with its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ModelSettings {
    /// Shape of the images, number of classes.
    pub(super) input: InputSpec,
    /// The class of each output.
    pub(super) class_names: Vec<String>,
    /// What its outputs are compared with.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) target: Target,
    /// How bytes become numbers.
    #[serde(alias = "normalise")]
    pub(super) normalize: Normalize,
    /// What it was trained to make small.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) loss: Loss,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ModelSettings {
    /// Those of the network described.
    pub(super) fn of(model: &ModelDescription) -> Result<Self, toml::de::Error> {
        model.settings.clone().try_into()
    }
}

/// What was asked for of a data set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct DataSettings {
    /// The seed of its making or division.
    pub(super) seed: u64,
    /// The rest.
    #[serde(flatten)]
    pub(super) wanted: DataArgs,
}

impl DataSettings {
    /// Those of the data described.
    pub(super) fn of(data: &DataDescription) -> Result<Self, toml::de::Error> {
        data.settings.clone().try_into()
    }
}

/// The shape of a set's images and the number of outputs: its classes, or its pixels if they are to
/// be rebuilt.
pub(super) fn input_of(data: &DataSet, target: Target) -> InputSpec {
    InputSpec {
        channels: data.train.channels,
        height: data.train.height,
        width: data.train.width,
        classes: match target {
            Target::Label => data.classes.len(),
            Target::Image => data.train.image_len(),
        },
    }
}

/// Settings whose normalization has the constants of the training images, if it takes any.
pub(super) fn fitted(config: TrainConfig, data: &DataSet) -> TrainConfig {
    TrainConfig {
        normalize: config.normalize.fitted(&data.train),
        ..config
    }
}

/// The settings of a run of that network on that data.
pub(super) fn run_config(
    model: &str,
    data: &DataSet,
    wanted: DataSettings,
    train: &TrainConfig,
) -> Result<RunConfig, CliError> {
    let failed = |error: toml::ser::Error| CliError::Failed(format!("cannot write TOML: {error}"));
    let settings = ModelSettings {
        input: input_of(data, train.target),
        class_names: data.classes.clone(),
        target: train.target,
        normalize: train.normalize.clone(),
        loss: train.loss,
    };
    Ok(RunConfig {
        model: ModelDescription {
            name: model.into(),
            settings: Table::try_from(settings).map_err(failed)?,
        },
        data: DataDescription {
            settings: Table::try_from(wanted).map_err(failed)?,
            ..DataDescription::of(data)
        },
        train: train.clone(),
    })
}

/// The longest part of a folder's name that stands for a data set, in bytes: what a file system takes,
/// 255, less room for the network and numbers.
const LONGEST: usize = 120;

/// A data set's name as part of a folder's; of a long one, its end.
pub(super) fn folder_name(data: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let name = data.chars().map(|c| if plain(c) { c } else { '-' });
    let mut kept: Vec<char> = Vec::new();
    let mut bytes = 0;
    for c in name.rev() {
        bytes += c.len_utf8();
        if bytes > LONGEST {
            break;
        }
        kept.push(c);
    }
    kept.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::data::{DataOptions, load};

    #[test]
    fn a_folder_within_a_name_makes_no_folder() {
        assert_eq!(folder_name("folder:../a b"), "folder-..-a-b");
    }

    #[test]
    fn a_long_name_is_cut_to_its_end() {
        for letter in ["x", "é", "水"] {
            let name = folder_name(&format!("folder:/{}/photos", letter.repeat(300)));
            assert!(name.ends_with("-photos"), "{name}");
            assert!((LONGEST - 3..=LONGEST).contains(&name.len()), "{name}");
        }
    }

    #[test]
    fn what_a_run_keeps_comes_back() {
        let options = DataOptions {
            train_count: Some(10),
            test_count: Some(10),
            ..DataOptions::default()
        };
        let data = load("textures", &options).unwrap();
        let wanted = DataSettings {
            seed: 3,
            wanted: DataArgs {
                train_count: Some(10),
                size: Some((8, 9)),
                ..DataArgs::default()
            },
        };
        let config = run_config("kk1", &data, wanted.clone(), &TrainConfig::default()).unwrap();
        let text = toml::to_string(&config).unwrap();
        let back: RunConfig = toml::from_str(&text).unwrap();
        assert_eq!(DataSettings::of(&back.data).unwrap(), wanted);
        let model = ModelSettings::of(&back.model).unwrap();
        assert_eq!(model.input, input_of(&data, Target::Label));
        assert_eq!(model.class_names, data.classes);
    }

    #[test]
    fn the_constants_of_normalization_are_those_of_the_training_images() {
        let options = DataOptions {
            train_count: Some(10),
            test_count: Some(10),
            ..DataOptions::default()
        };
        let data = load("textures", &options).unwrap();
        let config = TrainConfig {
            normalize: Normalize::PerChannelOfTraining,
            ..TrainConfig::default()
        };
        let expected = Normalize::per_channel_of(&data.train);
        assert_eq!(fitted(config, &data).normalize, expected);
        assert_ne!(Normalize::per_channel_of(&data.test), expected);
        let plain = TrainConfig::default();
        assert_eq!(fitted(plain.clone(), &data), plain);
    }
}
