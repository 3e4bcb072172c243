//! Arguments of the commands on fields.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::super::args::{DataArgs, positive};
use super::super::paths::unicode_path;
use spectral_lab::data::fields::{Boundary, FieldOptions};
use spectral_lab::model::operator::ArchitectureRequest;

/// A boundary as named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum BoundaryName {
    Periodic,
    Other,
}

/// Options of data sets of fields.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Fields")]
#[serde(default, deny_unknown_fields)]
pub(in crate::cli) struct FieldArgs {
    /// Boundary of the domain: periodic or other
    /// [default: from the settings beside the file,
    /// else other]
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) boundary: Option<BoundaryName>,
    /// Spatial axes, where shapes allow two readings
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) axes: Option<u8>,
    /// File of test samples; may be repeated
    #[arg(long, value_name = "FILE", value_parser = unicode_path)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::cli) test_data: Vec<PathBuf>,
}

impl FieldArgs {
    /// Converts to the options of loading.
    pub(in crate::cli) fn options(&self, data: &DataArgs) -> FieldOptions {
        FieldOptions {
            data_dir: data.data_dir.clone(),
            train_count: data.train_count,
            test_count: data.test_count,
            test_files: self.test_data.clone(),
            boundary: self.boundary.map(|name| match name {
                BoundaryName::Periodic => Boundary::Periodic,
                BoundaryName::Other => Boundary::Other,
            }),
            axes: self.axes.map(usize::from),
        }
    }

    /// These options, with those not set taken from `fallback`.
    pub(in crate::cli) fn or(&self, fallback: Self) -> Self {
        Self {
            boundary: self.boundary.or(fallback.boundary),
            axes: self.axes.or(fallback.axes),
            test_data: match self.test_data.is_empty() {
                true => fallback.test_data,
                false => self.test_data.clone(),
            },
        }
    }
}

/// The size of an operator network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Operator networks")]
pub(in crate::cli) struct SizeArgs {
    /// Channels of the hidden layers
    #[arg(long, value_name = "N", value_parser = positive, conflicts_with = "parameters")]
    width: Option<usize>,
    /// Number of blocks
    #[arg(long, value_name = "N", value_parser = positive)]
    layers: Option<usize>,
    /// Frequencies kept along each axis
    #[arg(long, value_name = "N", value_parser = positive)]
    modes: Option<usize>,
    /// Choose the width for about so many parameters
    #[arg(long, value_name = "N", value_parser = positive)]
    parameters: Option<usize>,
}

impl SizeArgs {
    /// What is asked for.
    pub(in crate::cli) fn request(&self) -> ArchitectureRequest {
        ArchitectureRequest {
            width: self.width,
            layers: self.layers,
            modes: self.modes,
            parameters: self.parameters,
        }
    }
}
