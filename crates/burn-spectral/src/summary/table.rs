//! The table of a network's layers.

use burn::module::Module;
use serde::Serialize;

use crate::SpectralError;

use super::{FeatureShape, Parameters, Summarize, count_parameters};

/// A layer of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SummaryRow {
    /// Name that it has in the network.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Shape of its output, without the batch.
    pub output: FeatureShape,
    /// Its parameters.
    #[serde(flatten)]
    pub parameters: Parameters,
    /// Multiply-adds for one input.
    pub multiply_adds: u64,
}

/// The layers of a network in the order in which data passes through them.
///
/// It prints as a table with the totals in its last line. The [module](crate::summary) has an
/// example and says what is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    input: FeatureShape,
    layers: Vec<SummaryRow>,
}

impl Summary {
    /// A network without layers, for inputs of the given shape, without the batch.
    pub fn new(input: impl Into<FeatureShape>) -> Self {
        Self {
            input: input.into(),
            layers: Vec::new(),
        }
    }

    /// Adds a layer, which meets the output of the one before.
    ///
    /// # Errors
    /// If the layer does not take that shape.
    pub fn layer<L: Summarize + Module>(
        self,
        name: impl Into<String>,
        layer: &L,
    ) -> Result<Self, SpectralError> {
        let trace = layer.trace(self.output())?;
        Ok(self.row(SummaryRow {
            name: name.into(),
            kind: layer.kind(),
            output: trace.output,
            parameters: count_parameters(layer),
            multiply_adds: trace.multiply_adds,
        }))
    }

    /// Adds a step that is no module: a mean over an axis, a sum with an earlier output.
    pub fn step(
        self,
        name: impl Into<String>,
        kind: impl Into<String>,
        output: impl Into<FeatureShape>,
    ) -> Self {
        self.row(SummaryRow {
            name: name.into(),
            kind: kind.into(),
            output: output.into(),
            parameters: Parameters::default(),
            multiply_adds: 0,
        })
    }

    /// Adds a row as it is.
    pub fn row(mut self, row: SummaryRow) -> Self {
        self.layers.push(row);
        self
    }

    /// Shape of the inputs, without the batch.
    pub fn input(&self) -> &FeatureShape {
        &self.input
    }

    /// Shape of what the last layer gives; that of the input where there is none.
    pub fn output(&self) -> &FeatureShape {
        self.layers.last().map_or(&self.input, |row| &row.output)
    }

    /// The layers in their order.
    pub fn layers(&self) -> &[SummaryRow] {
        &self.layers
    }

    /// Parameters of all layers. A layer that is added twice counts twice.
    pub fn parameters(&self) -> Parameters {
        let parameters = self.layers.iter().map(|row| row.parameters);
        parameters.fold(Parameters::default(), |sum, own| Parameters {
            trainable: sum.trainable + own.trainable,
            fixed: sum.fixed + own.fixed,
        })
    }

    /// Multiply-adds of all layers for one input.
    pub fn multiply_adds(&self) -> u64 {
        self.layers.iter().map(|row| row.multiply_adds).sum()
    }
}

/// The columns; the first three are words.
const HEADER: [&str; 6] = [
    "layer",
    "kind",
    "output",
    "trainable",
    "fixed",
    "multiply-adds",
];

impl core::fmt::Display for Summary {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let line = |name: &str, kind: &str, output: &FeatureShape, sums: (Parameters, u64)| {
            let (parameters, multiply_adds) = sums;
            [
                name.to_string(),
                kind.to_string(),
                output.to_string(),
                grouped(parameters.trainable as u64),
                grouped(parameters.fixed as u64),
                grouped(multiply_adds),
            ]
        };
        let mut input = line("input", "", &self.input, Default::default());
        input[3..].fill(String::new());
        let rows = self.layers.iter().map(|row| {
            let sums = (row.parameters, row.multiply_adds);
            line(&row.name, &row.kind, &row.output, sums)
        });
        let sums = (self.parameters(), self.multiply_adds());
        let total = line("total", "", self.output(), sums);
        let body: Vec<_> = core::iter::once(input).chain(rows).collect();

        let header = HEADER.map(String::from);
        let all = || body.iter().chain([&header, &total]);
        let widths: [usize; 6] = core::array::from_fn(|column| {
            let width = |row: &[String; 6]| row[column].chars().count();
            all().map(width).max().unwrap_or(0)
        });
        let rule = "─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1));
        let write_row = |f: &mut core::fmt::Formatter<'_>, row: &[String; 6]| {
            let cells = row.iter().zip(widths).enumerate();
            let cells: Vec<String> = cells
                .map(|(column, (cell, width))| match column < 3 {
                    true => format!("{cell:<width$}"),
                    false => format!("{cell:>width$}"),
                })
                .collect();
            writeln!(f, "{}", cells.join("  ").trim_end())
        };
        write_row(f, &header)?;
        writeln!(f, "{rule}")?;
        for row in &body {
            write_row(f, row)?;
        }
        writeln!(f, "{rule}")?;
        write_row(f, &total)
    }
}

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Flatten;
    use super::*;
    use burn::nn::conv::Conv2dConfig;
    use burn::nn::{BatchNormConfig, LinearConfig};
    use burn::tensor::Device;

    fn summary() -> Summary {
        let device = Device::flex();
        Summary::new([1, 6, 6])
            .layer("conv", &Conv2dConfig::new([1, 100], [3, 3]).init(&device))
            .and_then(|summary| summary.layer("norm", &BatchNormConfig::new(100).init(&device)))
            .and_then(|summary| summary.layer("flatten", &Flatten))
            .and_then(|summary| summary.layer("head", &LinearConfig::new(1600, 2).init(&device)))
            .unwrap()
    }

    #[test]
    fn the_table_is_aligned_and_ends_with_the_totals() {
        let want = "\
layer    kind       output   trainable  fixed  multiply-adds
────────────────────────────────────────────────────────────
input               1×6×6
conv     Conv2d     100×4×4      1,000      0         14,400
norm     BatchNorm  100×4×4        200    200          1,600
flatten  Flatten    1600             0      0              0
head     Linear     2            3,202      0          3,200
────────────────────────────────────────────────────────────
total               2            4,402    200         19,200
";
        assert_eq!(summary().to_string(), want);
    }

    #[test]
    fn it_serializes_with_shapes_and_counts() {
        let json = serde_json::to_value(summary()).unwrap();
        let head = &json["layers"][3];
        assert_eq!(head["trainable"], 3202);
        assert_eq!(head["output"]["dims"][0], 2);
        assert_eq!(json["layers"][1]["fixed"], 200);
    }
}
