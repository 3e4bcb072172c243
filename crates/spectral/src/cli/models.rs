//! `spectral models`: the networks there are.

use burn_spectral::summary::{Summary, count_parameters};
use clap::Args;
use comfy_table::{Cell, CellAlignment, ColumnConstraint, Table};
use serde::Serialize;

use super::args::model_name;
use super::context::Context;
use super::error::CliError;
use super::output::{self, print, print_json};
use crate::model::{self, InputSpec, ModelInfo};

/// List the networks, or the layers of one
#[derive(Debug, Args)]
#[command(
    after_help = "Parameters are counted at the input that a network's source used, which the
card of one network names.

Examples:
  spectral models
  spectral models kk2 --json"
)]
pub(super) struct ModelsArgs {
    /// Only this one
    #[arg(value_parser = model_name)]
    name: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    params: usize,
    fixed_params: usize,
    dead_params: usize,
    baseline: &'static str,
    recipe: &'static str,
    summary: &'static str,
    input: InputSpec,
    /// Its layers, where it is asked for by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Summary>,
}

impl Entry {
    fn of(info: &ModelInfo, is_alone: bool, context: &Context) -> Result<Self, CliError> {
        let input = info.input.clone();
        let network = model::build(info.name, &input, &context.device)?;
        // Counted without drawing the weights: some networks have millions.
        let parameters = count_parameters(&network);
        Ok(Self {
            name: info.name,
            params: parameters.trainable,
            fixed_params: parameters.fixed,
            dead_params: network.dead_parameters(),
            baseline: info.baseline,
            recipe: info.recipe,
            summary: info.summary,
            network: is_alone.then(|| network.summary(&input)).transpose()?,
            input,
        })
    }
}

pub(super) fn run(args: &ModelsArgs, context: &Context) -> Result<(), CliError> {
    let entries: Vec<Entry> = match &args.name {
        Some(name) => vec![Entry::of(model::find(name)?, true, context)?],
        None => model::models()
            .iter()
            .map(|info| Entry::of(info, false, context))
            .collect::<Result<_, _>>()?,
    };
    if context.json {
        return print_json(&entries);
    }
    match (&args.name, entries.as_slice()) {
        (Some(_), [entry]) => print(&card(entry)),
        _ => print(&format!("{}\n", table(&entries))),
    }
}

fn table(entries: &[Entry]) -> Table {
    let mut table = output::table(["name", "parameters", "dead", "what it is"]);
    // A name is there to be copied, so it stays in one piece.
    if let Some(names) = table.column_mut(0) {
        names.set_constraint(ColumnConstraint::ContentWidth);
    }
    for entry in entries {
        table.add_row([
            Cell::new(entry.name),
            Cell::new(entry.params).set_alignment(CellAlignment::Right),
            Cell::new(entry.dead_params).set_alignment(CellAlignment::Right),
            Cell::new(entry.summary),
        ]);
    }
    table
}

fn card(entry: &Entry) -> String {
    let InputSpec {
        channels,
        height,
        width,
        classes,
    } = entry.input;
    let layers = match &entry.network {
        Some(summary) => format!("\n{summary}"),
        None => String::new(),
    };
    format!(
        "{}: {}\n  baseline:   {}\n  recipe:     {}\n  parameters: {}, of which {} cannot change \
         the output\n  (at {height}x{width} pixels, channels {channels}, classes {classes})\n",
        entry.name, entry.summary, entry.baseline, entry.recipe, entry.params, entry.dead_params
    ) + &layers
}
