//! `spectral advise`: which algorithm to use for a convolution.

use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::{Cell, CellAlignment};

use super::args::positive;
use super::claims::check_output;
use super::context::Context;
use super::error::CliError;
use super::layout::{prose_width, wrapped};
use super::output::{print, print_json, say, table};
use spectral_lab::advise::{Advice, Budget, Crossover, Question, crossovers, picks, plot};
use spectral_lab::files;

/// Recommend direct or FFT evaluation of a convolution
#[derive(Debug, Args)]
#[command(
    after_help = "Times are for float32, `same` zero padding and no bias. In training, a layer
picks the algorithm marked * by itself.

Examples:
  spectral advise --shape 4x32x128x128 --out 32 --kernel 31
  spectral advise --shape 8x64x64x64 --out 64 --groups 64 --kernel 13 --json
  spectral advise --crossover crossover.svg --threads 2"
)]
pub(super) struct AdviseArgs {
    /// Batch, channels, height and width of the input
    #[arg(long, value_name = "BxCxHxW", value_parser = shape, required_unless_present = "crossover")]
    shape: Option<[usize; 4]>,
    /// Output channels [default: input channels]
    #[arg(long, value_name = "N", value_parser = positive)]
    out: Option<usize>,
    /// Height and width of the kernel
    #[arg(long, value_name = "K", value_parser = positive, required_unless_present = "crossover")]
    kernel: Option<usize>,
    /// Groups of a grouped convolution
    #[arg(long, value_name = "G", value_parser = positive, default_value = "1")]
    groups: usize,
    /// Stride
    #[arg(long, value_name = "S", value_parser = positive, default_value = "1")]
    stride: usize,
    /// Recompute spectra in the backward pass
    #[arg(long)]
    recompute: bool,
    /// Measure the kernel size from which FFT is faster
    /// for many shapes (minutes); plot to this file
    #[arg(
        long,
        value_name = "FILE.svg",
        verbatim_doc_comment,
        conflicts_with_all = ["shape", "kernel", "out", "groups", "stride", "recompute"]
    )]
    crossover: Option<PathBuf>,
}

/// Four sizes, as `4x32x128x128`.
fn shape(text: &str) -> Result<[usize; 4], String> {
    let accepted = || "expected BATCHxCHANNELSxHEIGHTxWIDTH, such as 4x32x128x128".to_string();
    let sizes: Vec<usize> = text
        .split('x')
        .map(|size| positive(size).map_err(|_| accepted()))
        .collect::<Result<_, _>>()?;
    sizes.try_into().map_err(|_| accepted())
}

pub(super) fn run(args: &AdviseArgs, context: &Context) -> Result<(), CliError> {
    if let Some(path) = &args.crossover {
        return sweep(path, context);
    }
    let (Some([batch, inputs, height, width]), Some(kernel)) = (args.shape, args.kernel) else {
        return Err(CliError::Usage(
            "missing --shape and --kernel, or --crossover".into(),
        ));
    };
    let question = Question {
        batch,
        inputs,
        outputs: args.out.unwrap_or(inputs),
        groups: args.groups,
        size: [height, width],
        kernel,
        stride: args.stride,
        recompute: args.recompute,
    };
    let advice = question
        .advise(&context.device, Budget::default())
        .map_err(|error| CliError::Usage(error.to_string()))?;
    match context.json {
        true => print_json(&advice),
        false => print(&describe(&advice)),
    }
}

fn milliseconds(ms: Option<f64>) -> String {
    match ms {
        None => "too long".into(),
        Some(ms) if ms < 1.0 => format!("{ms:.3}"),
        Some(ms) if ms < 100.0 => format!("{ms:.1}"),
        Some(ms) => format!("{ms:.0}"),
    }
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn describe(advice: &Advice) -> String {
    let mut rows = table([
        "algorithm",
        "fwd ms",
        "predicted",
        "fwd+bwd ms",
        "predicted",
        "memory MB",
    ]);
    for way in &advice.ways {
        let mark = if way.chosen { " *" } else { "" };
        rows.add_row([
            Cell::new(format!("{}{mark}", way.algorithm)),
            right(milliseconds(way.fwd_ms)),
            right(milliseconds(Some(way.predicted_fwd_ms))),
            right(milliseconds(way.fwdbwd_ms)),
            right(milliseconds(Some(way.predicted_fwdbwd_ms))),
            right(format!("{:.1}", way.memory_bytes as f64 / 1e6)),
        ]);
    }
    let from = match advice.fft_from_kernel {
        Some(kernel) => format!(
            "Predicted: FFT is fastest for kernels of {kernel}×{kernel} and \
            larger."
        ),
        None => "Predicted: FFT is not fastest for any kernel up to twice the image size.".into(),
    };
    format!("{rows}\n{}\n", wrapped(&from, prose_width()))
}

fn sweep(path: &Path, context: &Context) -> Result<(), CliError> {
    check_output(path)?;
    let budget = Budget {
        seconds: 0.1,
        runs: (3, 20),
        patience: 0.8,
    };
    let all = crossovers(&context.device, budget, |family| say(&family.name))
        .map_err(|error| CliError::Failed(error.to_string()))?;
    let svg =
        plot(&all).map_err(|error| CliError::Failed(format!("cannot draw the chart: {error}")))?;
    files::write(path, svg.as_bytes()).map_err(CliError::io(path))?;
    match context.json {
        true => print_json(&all),
        false => print(&crossover_table(&all)),
    }
}

fn crossover_table(all: &[Crossover]) -> String {
    let mut text = String::from(
        "| convolution | FFT faster from kernel size, measured | predicted |\n|:--|--:|--:|\n",
    );
    let kernel = |k: Option<usize>| k.map_or("none".into(), |k| k.to_string());
    for crossover in all {
        text += &format!(
            "| {} | {} | {} |\n",
            crossover.family.name,
            kernel(crossover.measured_from),
            kernel(crossover.predicted_from)
        );
    }
    let picks = picks(all);
    text += &format!(
        "\nThe cost model picks the fastest algorithm for {1} of {0} convolutions; otherwise\nits pick \
         takes {2:.2} times as long as the fastest on average, {3:.2} times at worst.\n",
        picks.of, picks.right, picks.mean_loss, picks.worst_loss
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_four_sizes() {
        assert_eq!(shape("4x32x128x96"), Ok([4, 32, 128, 96]));
        for bad in ["", "4x32x128", "4x32x0x1", "4x32x1x1x1", "axbxcxd"] {
            assert!(shape(bad).is_err(), "{bad}");
        }
    }
}
