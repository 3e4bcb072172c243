//! `spectral models`: lists the networks.

use burn_spectral::summary::{Summary, count_parameters};
use clap::Args;
use comfy_table::{Cell, CellAlignment, Table};
use serde::Serialize;

use super::args::any_model_name;
use super::context::Context;
use super::error::CliError;
use super::layout::{keep_names_whole, prose_width, width, wrapped};
use super::output::{self, print, print_json};
use super::settings::OPERATOR;
use spectral_lab::data::fields::Boundary;
use spectral_lab::model::operator::{
    ArchitectureRequest, OperatorInfo, OperatorInput, find_operator, operators,
};
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
    #[arg(value_parser = any_model_name)]
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

/// An operator network, with its size in one dimension.
#[derive(Serialize)]
struct OperatorEntry {
    name: &'static str,
    params: usize,
    summary: &'static str,
    source: &'static str,
    recipe: &'static str,
    input: &'static str,
}

/// Points of the grid for which the parameters of operator networks are counted.
const POINTS: usize = 128;

impl OperatorEntry {
    fn of(info: &OperatorInfo) -> Result<Self, CliError> {
        let input = OperatorInput {
            channels: [1, 1],
            sizes: vec![POINTS],
            boundary: Boundary::Periodic,
        };
        let spec = info.spec(&input, ArchitectureRequest::default())?;
        Ok(Self {
            name: info.name,
            params: info.parameters(&spec)?,
            summary: info.summary,
            source: info.source,
            recipe: OPERATOR,
            input: "fields on 1 to 3 axes",
        })
    }
}

/// An entry of either list.
#[derive(Serialize)]
#[serde(untagged)]
enum Any {
    Image(Box<Entry>),
    Operator(OperatorEntry),
}

pub(super) fn run(args: &ModelsArgs, context: &Context) -> Result<(), CliError> {
    let operators: Vec<OperatorEntry> = match &args.name {
        Some(name) => find_operator(name)
            .iter()
            .map(|info| OperatorEntry::of(info))
            .collect::<Result<_, _>>()?,
        None => operators()
            .iter()
            .map(OperatorEntry::of)
            .collect::<Result<_, _>>()?,
    };
    if let (Some(_), [entry]) = (&args.name, operators.as_slice()) {
        return match context.json {
            true => print_json(&[entry]),
            false => print(&operator_card(entry)),
        };
    }
    let entries: Vec<Entry> = match &args.name {
        Some(name) => vec![Entry::of(model::find(name)?, true, context)?],
        None => model::models()
            .iter()
            .map(|info| Entry::of(info, false, context))
            .collect::<Result<_, _>>()?,
    };
    if context.json {
        let images = entries.into_iter().map(|entry| Any::Image(Box::new(entry)));
        let all: Vec<Any> = images
            .chain(operators.into_iter().map(Any::Operator))
            .collect();
        return print_json(&all);
    }
    match (&args.name, entries.as_slice()) {
        (Some(_), [entry]) => print(&card(entry)),
        _ => print(&format!(
            "Networks of images\n{}\n\nNetworks from fields to fields\n{}\n",
            table(&entries),
            operator_table(&operators)
        )),
    }
}

fn operator_table(entries: &[OperatorEntry]) -> Table {
    let mut table = output::table(["name", "parameters", "description"]);
    keep_names_whole(&mut table);
    for entry in entries {
        table.add_row([
            Cell::new(entry.name),
            Cell::new(entry.params).set_alignment(CellAlignment::Right),
            Cell::new(entry.summary),
        ]);
    }
    table
}

fn operator_card(entry: &OperatorEntry) -> String {
    let lines = [
        format!("{}: {}", entry.name, entry.summary),
        format!("  source:     {}", entry.source),
        format!("  recipe:     {}", entry.recipe),
        format!(
            "  parameters: {} on {POINTS} points of a periodic axis",
            entry.params
        ),
    ];
    fitted(lines)
}

/// Lines broken where they are wider than prose.
fn fitted<const N: usize>(lines: [String; N]) -> String {
    let columns = prose_width();
    let fitted = lines.map(|line| match line.chars().count() <= columns {
        true => line + "\n",
        false => wrapped(&line, columns) + "\n",
    });
    fitted.concat()
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
    fitted(lines) + &layers
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
