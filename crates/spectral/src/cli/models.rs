//! `spectral models`: lists the networks.

use burn_spectral::summary::{Summary, count_parameters};
use clap::Args;
use comfy_table::{Cell, CellAlignment, Table};
use serde::Serialize;

use super::args::model_name;
use super::context::Context;
use super::error::CliError;
use super::layout::{keep_names_whole, prose_width, width, wrapped};
use super::output::{self, print, print_json};
use spectral_lab::model::{self, InputSpec, ModelInfo};

/// List the networks, or the layers of one
#[derive(Debug, Args)]
#[command(
    after_help = "Parameters are counted at the input size of the network's source, which is shown
with the layers of a network.

Examples:
  spectral models
  spectral models kk2 --json"
)]
pub(super) struct ModelsArgs {
    /// Show only this network
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
    /// Its layers, if it was requested by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Summary>,
}

impl Entry {
    fn of(info: &ModelInfo, is_alone: bool, context: &Context) -> Result<Self, CliError> {
        let input = info.input.clone();
        let network = model::build(info.name, &input, &context.device)?;
        // Counted without drawing the weights, as some networks have millions.
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
    let mut table = output::table(["name", "parameters", "dead", "description"]);
    keep_names_whole(&mut table);
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
        Some(summary) => format!("\n{}", layers(summary)),
        None => String::new(),
    };
    let lines = [
        format!("{}: {}", entry.name, entry.summary),
        format!("  baseline:   {}", entry.baseline),
        format!("  recipe:     {}", entry.recipe),
        format!(
            "  parameters: {}, of which {} are dead (cannot change the output)",
            entry.params, entry.dead_params
        ),
        format!("  (for {height}x{width} pixels, {channels} channels, {classes} classes)"),
    ];
    let columns = prose_width();
    let fitted = lines.map(|line| match line.chars().count() <= columns {
        true => line + "\n",
        false => wrapped(&line, columns) + "\n",
    });
    fitted.concat() + &layers
}

/// The table of layers, with multi-line cells where the terminal is narrow.
fn layers(summary: &Summary) -> String {
    let text = summary.to_string();
    let widest = text.lines().map(|line| line.chars().count()).max();
    if widest.unwrap_or(0) <= width() {
        return text;
    }
    let mut table = output::table(["layer", "kind", "output", "trainable", "multiply-adds"]);
    let right = |number: u64| Cell::new(number).set_alignment(CellAlignment::Right);
    for row in summary.layers() {
        table.add_row([
            Cell::new(&row.name),
            Cell::new(&row.kind),
            Cell::new(&row.output),
            right(row.parameters.trainable as u64),
            right(row.multiply_adds),
        ]);
    }
    table.add_row([
        Cell::new("total"),
        Cell::new(""),
        Cell::new(summary.output()),
        right(summary.parameters().trainable as u64),
        right(summary.multiply_adds()),
    ]);
    format!("{table}\n")
}
