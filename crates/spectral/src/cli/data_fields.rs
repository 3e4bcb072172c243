//! `spectral data inspect`: what a set of fields holds.

use clap::Args;
use comfy_table::{Cell, CellAlignment};
use serde::Serialize;

use super::args::DataArgs;
use super::context::Context;
use super::error::CliError;
use super::field_args::{FieldArgs, field_name};
use super::output::{print, print_json, table};
use spectral_lab::data::fields::{
    Boundary, FieldEquation, FieldSet, FieldStatistics, Samples, load_fields,
};

/// Print shapes, ranges and boundary of fields
#[derive(Debug, Args)]
#[command(after_help = "Arrays of a .npz file:
  x, y            pairs, [sample, channel, space...]
  u               trajectories, [sample, time, channel, space...]
  x_test, y_test, u_test
                  test samples; without them, the last tenth
Without the channel axis, there is one channel.

Examples:
  spectral data inspect npz:burgers.npz
  spectral data inspect npz:mine.npz --axes 2 --boundary periodic")]
pub(super) struct FieldsInspectArgs {
    /// npz:FILE (.npz, or .npy with trajectories) or darcy
    #[arg(value_parser = field_name)]
    name: String,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    fields: FieldArgs,
}

/// What a set of fields holds.
#[derive(Serialize)]
struct Description<'a> {
    name: &'a str,
    kind: &'static str,
    boundary: Boundary,
    lengths: Option<&'a [f64]>,
    equation: Option<&'a FieldEquation>,
    parts: Vec<Part<'a>>,
}

/// Training samples, or those of a test.
#[derive(Serialize)]
struct Part<'a> {
    name: &'a str,
    samples: usize,
    states: Option<usize>,
    pairs: usize,
    sides: Vec<Side>,
}

/// Inputs, targets or states.
#[derive(Serialize)]
struct Side {
    name: &'static str,
    /// `[channel, space…]`.
    shape: Vec<usize>,
    #[serde(flatten)]
    statistics: FieldStatistics,
}

impl<'a> Description<'a> {
    fn of(set: &'a FieldSet) -> Self {
        let tests = set.tests.iter().map(|test| part(&test.name, &test.samples));
        Self {
            name: &set.name,
            kind: match set.train {
                Samples::Pairs { .. } => "pairs",
                Samples::Trajectories(_) => "trajectories",
            },
            boundary: set.boundary,
            lengths: set.lengths.as_deref(),
            equation: set.equation.as_ref(),
            parts: std::iter::once(part("train", &set.train))
                .chain(tests)
                .collect(),
        }
    }
}

fn part<'a>(name: &'a str, samples: &Samples) -> Part<'a> {
    let [inputs, targets] = samples.statistics();
    let side = |name, shape, statistics| Side {
        name,
        shape,
        statistics,
    };
    let (states, sides) = match samples {
        Samples::Pairs { .. } => (
            None,
            vec![
                side("input", samples.input_shape(), inputs),
                side("target", samples.target_shape(), targets),
            ],
        ),
        Samples::Trajectories(_) => (
            Some(samples.steps() + 1),
            vec![side("state", samples.input_shape(), inputs)],
        ),
    };
    Part {
        name,
        samples: samples.count(),
        states,
        pairs: samples.len(),
        sides,
    }
}

pub(super) fn run(args: &FieldsInspectArgs, context: &Context) -> Result<(), CliError> {
    let set = load_fields(&args.name, &args.fields.options(&args.data))?;
    let description = Description::of(&set);
    if context.json {
        return print_json(&description);
    }
    let mut text = format!(
        "{}: {}, {} boundary",
        description.name,
        description.kind,
        description.boundary.name()
    );
    if let Some(lengths) = description.lengths {
        let lengths: Vec<String> = lengths.iter().map(|length| number(*length)).collect();
        text += &format!(", domain {}", lengths.join(" x "));
    }
    if let Some(equation) = description.equation {
        text += &format!(", {}", equation.name);
    }
    let mut table = table([
        "part", "samples", "values", "channel", "grid", "mean", "std", "min", "max",
    ]);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    for part in &description.parts {
        for side in &part.sides {
            let samples = match part.states {
                Some(states) => format!("{} x {states}", part.samples),
                None => part.samples.to_string(),
            };
            let grid: Vec<String> = side.shape[1..].iter().map(usize::to_string).collect();
            for channel in 0..side.shape[0] {
                let FieldStatistics {
                    mean,
                    std,
                    min,
                    max,
                } = &side.statistics;
                let values = [mean, std, min, max].map(|of| right(number(of[channel].into())));
                let mut row = vec![
                    Cell::new(part.name),
                    right(samples.clone()),
                    Cell::new(side.name),
                    right(channel.to_string()),
                    right(grid.join("x")),
                ];
                row.extend(values);
                table.add_row(row);
            }
        }
    }
    print(&format!("{text}\n{table}\n"))
}

/// A number in four digits.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if (1e-3..1e5).contains(&size) => {
            let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
            format!("{value:.digits$}")
        }
        _ => format!("{value:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.123456, "-0.1235"),
            (std::f64::consts::TAU, "6.283"),
            (12345.6, "12346"),
            (1e-9, "1.000e-9"),
            (0.00123456, "0.001235"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
