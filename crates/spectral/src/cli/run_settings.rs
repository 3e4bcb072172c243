//! What a run folder records about network and data, enough to rebuild both.

use serde::{Deserialize, Serialize};
use toml::Table;

use super::args::DataArgs;
use super::error::CliError;
use spectral_lab::data::{DataSet, Normalize};
use spectral_lab::model::InputSpec;
use spectral_lab::train::{
    DataDescription, Loss, ModelDescription, RunConfig, Target, TrainConfig,
};

/// Everything besides its name that using a network requires; saved with its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ModelSettings {
    /// Image shape and number of classes.
    pub(super) input: InputSpec,
    /// The class of each output.
    pub(super) class_names: Vec<String>,
    /// The target of its outputs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) target: Target,
    /// How pixel values are normalized.
    #[serde(alias = "normalise")]
    pub(super) normalize: Normalize,
    /// The training loss.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) loss: Loss,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ModelSettings {
    /// Reads the settings of a network description.
    pub(super) fn of(model: &ModelDescription) -> Result<Self, toml::de::Error> {
        model.settings.clone().try_into()
    }
}

/// The requested data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct DataSettings {
    /// The seed of generation or splitting.
    pub(super) seed: u64,
    /// The other options.
    #[serde(flatten)]
    pub(super) wanted: DataArgs,
}

impl DataSettings {
    /// Reads the settings of a data description.
    pub(super) fn of(data: &DataDescription) -> Result<Self, toml::de::Error> {
        data.settings.clone().try_into()
    }
}

/// The shape of a data set's images and the number of outputs: the classes, or the pixels if images
/// are to be reconstructed.
pub(super) fn input_of(data: &DataSet, target: Target) -> InputSpec {
    InputSpec {
        channels: data.train.channels,
        height: data.train.height,
        width: data.train.width,
        classes: match target {
            Target::Image => data.train.image_len(),
            Target::Label | Target::Field => data.classes.len(),
        },
    }
}

/// Settings with the normalization constants fitted to the training images, if it has any.
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

/// Maximum length in bytes of a data set's name within a folder name: the file system's limit of
/// 255, less room for the network and numbers.
const LONGEST: usize = 120;

/// A data set's name as part of a folder name; of a long one, its end.
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
