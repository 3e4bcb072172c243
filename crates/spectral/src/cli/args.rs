//! Arguments that several subcommands share.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::device::Backend;
use super::paths::unicode_path;
use spectral_lab::data::fields::is_field_set;
use spectral_lab::data::{self, Augment, DataError, DataOptions};
use spectral_lab::model::operator::find_operator;
use spectral_lab::model::{self, ModelError};
use spectral_lab::train::{Recipe, TrainError};

/// Options of every subcommand.
#[derive(Debug, Args)]
pub(super) struct GlobalArgs {
    /// Print JSON on stdout and nothing else
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Seed for data, weights and shuffling [default: 0]
    // TOML integers are signed.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub(super) seed: Option<u64>,
    /// Number of threads [default: one per processor]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
    /// Compute device; GPU backends are
    /// build features
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        default_value = "cpu",
        verbatim_doc_comment
    )]
    pub(super) device: Backend,
}

/// Which part of a data set to use, and where it is stored.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Data")]
#[serde(default, deny_unknown_fields)]
pub(super) struct DataArgs {
    /// Folder with one subfolder per data set; searched
    /// before $SPECTRAL_DATA and the cache
    #[arg(long, value_name = "DIR", value_parser = unicode_path, verbatim_doc_comment)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_dir: Option<PathBuf>,
    /// Training images or samples
    /// [default: all; 10000 if generated]
    #[arg(long, value_name = "N", value_parser = positive, verbatim_doc_comment)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) train_count: Option<usize>,
    /// Test images or samples
    /// [default: all; 2000 if generated, a tenth of fields]
    #[arg(long, value_name = "N", value_parser = positive, verbatim_doc_comment)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) test_count: Option<usize>,
    /// Size to crop and resize photographs to
    /// [default: 150x150]
    #[arg(long, value_name = "HxW", value_parser = size, verbatim_doc_comment)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<(usize, usize)>,
}

impl DataArgs {
    /// Converts to the options of [`data::load`].
    pub(super) fn options(&self, seed: u64) -> DataOptions {
        DataOptions {
            data_dir: self.data_dir.clone(),
            seed,
            train_count: self.train_count,
            test_count: self.test_count,
            size: self.size,
            ..DataOptions::default()
        }
    }

    /// Returns these options, with those not set taken from `fallback`.
    pub(super) fn or(&self, fallback: Self) -> Self {
        Self {
            data_dir: self.data_dir.clone().or(fallback.data_dir),
            train_count: self.train_count.or(fallback.train_count),
            test_count: self.test_count.or(fallback.test_count),
            size: self.size.or(fallback.size),
        }
    }
}

/// Parses a number of at least 1.
pub(super) fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("not an integer".into()),
    }
}

/// Parses the name of a network of images.
pub(super) fn model_name(text: &str) -> Result<String, ModelError> {
    model::find(text).map(|info| info.name.to_string())
}

/// Parses the name of a network of images or of fields.
pub(super) fn any_model_name(text: &str) -> Result<String, ModelError> {
    match find_operator(text) {
        Ok(info) => Ok(info.name.to_string()),
        Err(_) => model_name(text),
    }
}

/// Parses the name of a recipe.
pub(super) fn recipe_name(text: &str) -> Result<String, TrainError> {
    Recipe::find(text).map(|recipe| recipe.name.to_string())
}

/// Parses the name of an augmentation preset.
pub(super) fn augment_name(text: &str) -> Result<String, String> {
    match Augment::preset(text) {
        Some(_) => Ok(text.to_string()),
        None => Err(format!(
            "unknown preset; available: {}",
            Augment::presets().join(", ")
        )),
    }
}

/// Parses a seed that TOML can hold: its integers are signed.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(seed) if i64::try_from(seed).is_ok() => Ok(seed),
        _ => Err("expected an integer from 0 to 2^63 − 1".into()),
    }
}

/// Parses the name of a set of images or of fields, `folder:PATH` or `npz:FILE`.
pub(super) fn any_data_name(text: &str) -> Result<String, DataError> {
    match is_field_set(text) {
        true => Ok(text.to_string()),
        false => data_name(text),
    }
}

/// Parses the name of a set of images, or `folder:PATH`.
pub(super) fn data_name(text: &str) -> Result<String, DataError> {
    if text.starts_with("folder:") || data::info(text).is_some() {
        return Ok(text.to_string());
    }
    Err(DataError::UnknownSet {
        name: text.into(),
        accepted: data::catalog().iter().map(|set| set.name).collect(),
    })
}

/// Parses height and width, as in `64x48`.
pub(super) fn size(text: &str) -> Result<(usize, usize), String> {
    let accepted = || "expected HEIGHTxWIDTH, such as 64x64".to_string();
    let (height, width) = text.split_once('x').ok_or_else(accepted)?;
    let side = |text| positive(text).map_err(|_| accepted());
    Ok((side(height)?, side(width)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_height_by_width() {
        assert_eq!(size("64x48"), Ok((64, 48)));
        for bad in ["64", "x", "0x3", "3x", "-1x2", "1x2x3"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_was_said_now_goes_before_what_was_said_then() {
        let then = DataArgs {
            train_count: Some(1),
            test_count: Some(2),
            ..DataArgs::default()
        };
        let now = DataArgs {
            test_count: Some(3),
            ..DataArgs::default()
        };
        let both = now.or(then);
        assert_eq!((both.train_count, both.test_count), (Some(1), Some(3)));
    }

    #[test]
    fn names_are_checked_against_what_there_is() {
        assert!(model_name("cnn").is_ok() && model_name("resnet").is_err());
        assert!(data_name("glyphs").is_ok() && data_name("folder:x").is_ok());
        assert!(
            data_name("imagenet")
                .unwrap_err()
                .to_string()
                .contains("glyphs")
        );
    }
}
