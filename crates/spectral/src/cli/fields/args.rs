//! The size of an operator network on the command line.

use clap::Args;

use super::super::args::positive;
use spectral_lab::model::operator::ArchitectureRequest;

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
    /// Choose the width for about N parameters
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
