//! Options of loading fields that several subcommands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::args::{DataArgs, positive};
use super::paths::unicode_path;
use spectral_lab::data::DataError;
use spectral_lab::data::fields::{Boundary, FieldOptions, field_sets, is_field_set};

/// How to read a set of fields, and what else to test on.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Fields")]
#[serde(default, deny_unknown_fields)]
pub(super) struct FieldArgs {
    /// Another file of test samples; may be repeated, and
    /// may have another resolution
    #[arg(long, value_name = "FILE", value_parser = unicode_path, verbatim_doc_comment)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) test_file: Vec<PathBuf>,
    /// Boundary of the domain, periodic or other [default:
    /// from the settings beside the file, else other]
    #[arg(
        long,
        value_name = "NAME",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) boundary: Option<BoundaryName>,
    /// Spatial axes, 1 to 3, where an array's shape allows
    /// two readings
    #[arg(long, value_name = "N", value_parser = positive, verbatim_doc_comment)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) axes: Option<usize>,
}

/// The boundary of a domain, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BoundaryName {
    Periodic,
    Other,
}

impl From<BoundaryName> for Boundary {
    fn from(name: BoundaryName) -> Self {
        match name {
            BoundaryName::Periodic => Self::Periodic,
            BoundaryName::Other => Self::Other,
        }
    }
}

impl FieldArgs {
    /// Converts to the options of [`load_fields`](spectral_lab::data::fields::load_fields).
    pub(super) fn options(&self, data: &DataArgs) -> FieldOptions {
        FieldOptions {
            data_dir: data.data_dir.clone(),
            train_count: data.train_count,
            test_count: data.test_count,
            test_files: self.test_file.clone(),
            boundary: self.boundary.map(Boundary::from),
            axes: self.axes,
        }
    }

    /// These options, with those not set taken from `fallback`.
    pub(super) fn or(&self, fallback: Self) -> Self {
        Self {
            test_file: match self.test_file.is_empty() {
                true => fallback.test_file,
                false => self.test_file.clone(),
            },
            boundary: self.boundary.or(fallback.boundary),
            axes: self.axes.or(fallback.axes),
        }
    }
}

/// Parses the name of a set of fields, or `npz:FILE`.
pub(super) fn field_name(text: &str) -> Result<String, DataError> {
    match is_field_set(text) {
        true => Ok(text.to_string()),
        false => Err(DataError::UnknownSet {
            name: text.into(),
            accepted: (field_sets().iter().map(|set| set.name))
                .chain(["npz:FILE"])
                .collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_a_file() {
        let args = FieldArgs {
            axes: Some(2),
            test_file: vec!["a.npz".into()],
            boundary: Some(BoundaryName::Periodic),
            ..FieldArgs::default()
        };
        let text = toml::to_string(&args).unwrap();
        assert_eq!(toml::from_str::<FieldArgs>(&text).unwrap(), args, "{text}");
        assert_eq!(
            args.options(&DataArgs::default()).boundary,
            Some(Boundary::Periodic)
        );
    }

    #[test]
    fn names_are_checked_against_what_there_is() {
        assert!(field_name("darcy").is_ok() && field_name("npz:a.npz").is_ok());
        let error = field_name("glyphs").unwrap_err().to_string();
        assert!(error.contains("darcy, npz:FILE"), "{error}");
    }
}
