//! `spectral bench`: times layers, training steps and rollouts, against PyTorch and against hardware limits.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use burn::tensor::Device;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::positive;
use super::bench_rollout;
use super::bench_step;
use super::bench_table;
use super::context::Context;
use super::error::CliError;
use super::layout::width;
use super::output::{print, print_json, say};
use super::provenance;
use spectral_lab::bench::{
    Bench, BenchError, Case, Options, Peers, Rates, Report, Spec, case, cases, peak_of, sweep,
};

/// Default number of threads.
const THREADS: usize = 2;

/// Environment variable with the Python interpreter for the peer.
const PYTHON: &str = "TORCH_PYTHON";

/// Time layers and training steps against PyTorch
#[derive(Debug, Args)]
#[command(after_help = "\
Times are medians in milliseconds, in float32: the forward pass without
gradients, and forward and backward pass with gradients of the input and all
parameters. They use 2 threads unless --threads is given.

The limit is the least time that forward and backward pass can take on this
machine, from its arithmetic and memory throughput, measured at the start.
Memory is the peak of a fresh process above its starting level.
$SPECTRAL_MACHINE_NAME, if set, replaces the processor name in the output.

With a peer, Spectral and the peer take turns. The peer runs with the system's
malloc and with one that keeps freed pages; the faster counts.

A step is forward pass, loss, backward pass and optimizer update by the
network's recipe, on a batch in memory. PyTorch's Adam is timed fused and
foreach, its convolutions channels-first and channels-last; the fastest counts.

fno-darcy and fno-64 are neural operators of the neuraloperator library's form,
for --step and --rollout; the peer is that library, and the same network in
plain PyTorch.

Layers for --layer, with --shape and their options:
  conv          BxCxHxW   --out N --kernel N --groups N
  kk            BxCxHxW   --out N     (KKLayer as published)
  dense         BxCxHxW   --out N     (weight per channel pair and frequency)
  depthwise     BxCxHxW               (weight per channel and frequency)
  modes         BxCxHxW   --out N --modes RxC      (Fourier neural operator)
  gaussian      BxCxHxW   --out N     (shared by the input channels)
  globalfilter  BxHxWxC               (GFNet)
  longconv      BxCxL                 (causal, kernel as long as the signal)
  transform     BxCxL or BxCxHxW      (rfft and irfft over L or HxW)

Examples:
  spectral bench
  spectral bench --peer torch --python ~/venv/bin/python
  spectral bench --step --peer torch
  spectral bench --step cnn --step lenet --batch 128 --json
  spectral bench --step fno-darcy --step fno-64 --peer torch
  spectral bench --rollout fno-64 --peer torch
  spectral bench --layer conv --shape 8x64x96x96 --kernel 21 --groups 64
  spectral bench --sweep 24 --threads 1 --peer torch --json")]
pub(super) struct BenchArgs {
    /// Time only this case; may be repeated
    #[arg(long = "case", value_name = "NAME", value_parser = case_name, group = "what")]
    cases: Vec<String>,
    /// Time a layer of given sizes
    #[arg(long, value_name = "LAYER", requires = "shape", group = "what")]
    layer: Option<String>,
    /// Time N random shapes, drawn by --seed, worst
    /// result first
    #[arg(long, value_name = "N", value_parser = sweep_size, group = "what", verbatim_doc_comment)]
    sweep: Option<usize>,
    /// Time the training step of a network, or of the
    /// default selection; may be repeated
    #[arg(
        long = "step", value_name = "MODEL", value_parser = bench_step::model,
        num_args = 0..=1, default_missing_value = bench_step::ALL, group = "what",
        verbatim_doc_comment
    )]
    pub(super) steps: Vec<String>,
    /// Time 1,000 steps of a neural operator applied to
    /// its own output; may be repeated
    #[arg(
        long = "rollout", value_name = "MODEL", value_parser = bench_rollout::operator,
        group = "what", verbatim_doc_comment
    )]
    pub(super) rollouts: Vec<String>,
    /// List the cases
    #[arg(long, group = "what")]
    list: bool,
    /// A layer as JSON whose memory is measured in this process.
    #[arg(long, hide = true, group = "what")]
    peak_of: Option<String>,
    /// A network whose step's memory is measured in this process.
    #[arg(long, hide = true, group = "what")]
    peak_of_step: Option<String>,
    /// Batch size of a step [default: the recipe's], or of
    /// a rollout [default: 1]
    #[arg(long, value_name = "N", value_parser = positive, verbatim_doc_comment)]
    pub(super) batch: Option<usize>,
    /// Input shape of the layer, such as 64x16x28x28
    #[arg(long, value_name = "SIZES", value_parser = sizes, requires = "layer")]
    shape: Option<Sizes>,
    /// Output channels [default: input channels]
    #[arg(long, value_name = "N", value_parser = positive, requires = "layer")]
    out: Option<usize>,
    /// Kernel size of a convolution, odd [default: 3]
    #[arg(long, value_name = "N", value_parser = positive, requires = "layer")]
    kernel: Option<usize>,
    /// Groups of a convolution [default: 1]
    #[arg(long, value_name = "N", value_parser = positive, requires = "layer")]
    groups: Option<usize>,
    /// Kept modes: rows at each end by columns
    /// [default: 12]
    #[arg(long, value_name = "RxC", value_parser = sizes, requires = "layer", verbatim_doc_comment)]
    modes: Option<Sizes>,
    /// Implementation to compare with
    #[arg(long, value_name = "NAME")]
    peer: Option<Peer>,
    /// Python interpreter with PyTorch
    /// [default: $TORCH_PYTHON, or python3]
    #[arg(long, value_name = "PROGRAM", requires = "peer", verbatim_doc_comment)]
    python: Option<PathBuf>,
    /// Seconds to sample each number
    /// [default: 0.25; 0.05 in a sweep, 1 for a step or
    /// a rollout]
    #[arg(long, value_name = "S", value_parser = seconds, verbatim_doc_comment)]
    pub(super) seconds: Option<f64>,
}

/// Implementations to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// The same layers in PyTorch
    Torch,
}

/// Parses numbers joined by `x`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sizes(Vec<usize>);

fn sizes(text: &str) -> Result<Sizes, String> {
    let sizes: Result<_, _> = text.split('x').map(positive).collect();
    sizes
        .map(Sizes)
        .map_err(|_| "expected sizes of at least 1 joined by x, such as 64x16x28x28".into())
}

/// Maximum number of shapes in a sweep.
const SWEEP: usize = 100_000;

fn sweep_size(text: &str) -> Result<usize, String> {
    match positive(text)? {
        count @ 1..=SWEEP => Ok(count),
        _ => Err(format!("must be at most {SWEEP}")),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds from 0 to 3600".into()),
    }
}

fn case_name(text: &str) -> Result<String, BenchError> {
    case(text).map(|case| case.name)
}

pub(super) fn run(args: &BenchArgs, context: &Context) -> Result<(), CliError> {
    if args.list {
        return list(context);
    }
    if context.device != Device::flex() {
        let message = "bench runs on the CPU only: omit --device";
        return Err(CliError::Usage(message.into()));
    }
    let takes_batch =
        !args.steps.is_empty() || !args.rollouts.is_empty() || args.peak_of_step.is_some();
    if args.batch.is_some() && !takes_batch {
        return Err(CliError::Usage("--batch needs --step or --rollout".into()));
    }
    let threads = context.threads_or(THREADS)?;
    if let Some(spec) = &args.peak_of {
        return print_json(&peak_of(&parsed(spec)?)?);
    }
    if let Some(model) = &args.peak_of_step {
        return bench_step::print_peak(model, args.batch);
    }
    if !args.steps.is_empty() {
        return bench_step::run(args, context.json, threads);
    }
    if !args.rollouts.is_empty() {
        return bench_rollout::run(args, context.json, threads);
    }
    let cases = args.chosen(context)?;
    let reports = measure(args, &cases, threads)?;
    if context.json {
        return print_json(&reports);
    }
    print(&bench_table::text(&reports, width()))
}

fn list(context: &Context) -> Result<(), CliError> {
    let names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    match context.json {
        true => print_json(&names),
        false => print(&(names.join("\n") + "\n")),
    }
}

fn parsed(spec: &str) -> Result<Spec, CliError> {
    serde_json::from_str(spec).map_err(|error| CliError::Usage(format!("not a layer: {error}")))
}

impl BenchArgs {
    fn chosen(&self, context: &Context) -> Result<Vec<Case>, CliError> {
        if let Some(layer) = &self.layer {
            let modes = match self.modes.as_ref().map(|modes| &modes.0[..]) {
                None => None,
                Some([both]) => Some([*both; 2]),
                Some([rows, columns]) => Some([*rows, *columns]),
                Some(_) => {
                    let message = "--modes expects one number, or two joined by x such as 12x13";
                    return Err(CliError::Usage(message.into()));
                }
            };
            let options = Options {
                layer: layer.clone(),
                shape: self
                    .shape
                    .as_ref()
                    .map_or_else(Vec::new, |sizes| sizes.0.clone()),
                out: self.out,
                kernel: self.kernel,
                groups: self.groups,
                modes,
            };
            let spec = options
                .spec()
                .map_err(|error| CliError::Usage(error.to_string()))?;
            return Ok(vec![Case::own(spec)]);
        }
        if let Some(count) = self.sweep {
            return Ok(sweep(count, context.seed()));
        }
        if self.cases.is_empty() {
            return Ok(cases());
        }
        Ok(self
            .cases
            .iter()
            .map(|name| case(name))
            .collect::<Result<_, _>>()?)
    }

    /// The Python interpreter for the peer.
    fn python(&self) -> PathBuf {
        self.python
            .clone()
            .or_else(|| {
                env::var_os(PYTHON)
                    .filter(|path| !path.is_empty())
                    .map(PathBuf::from)
            })
            .unwrap_or_else(|| "python3".into())
    }

    /// Starts the peer, if one was given.
    pub(super) fn start_peers(&self, threads: usize) -> Result<Option<Peers>, BenchError> {
        match self.peer {
            Some(Peer::Torch) => Peers::start(&self.python(), threads).map(Some),
            None => Ok(None),
        }
    }
}

/// A progress bar that counts finished cases.
pub(super) fn progress(count: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {elapsed}  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Times the cases; a sweep is sorted, worst ratio first.
fn measure(args: &BenchArgs, cases: &[Case], threads: usize) -> Result<Vec<Report>, CliError> {
    let bar = progress(cases.len());
    bar.set_message("measuring arithmetic and memory throughput");
    let peers = args.start_peers(threads)?;
    let rates = Rates::measure(threads);
    let is_sweep = args.sweep.is_some();
    let peak = |spec: &Spec| peak_in_a_process(spec, threads);
    let mut bench = Bench {
        rates,
        peers,
        seconds: args.seconds.unwrap_or(if is_sweep { 0.05 } else { 0.25 }),
        peak: if is_sweep { None } else { Some(&peak) },
        machine: provenance::machine(),
    };
    let mut reports = Vec::new();
    for case in cases {
        bar.set_message(case.name.clone());
        let mut tell = |line: &str| bar.suspend(|| say(line));
        let report = match bench.run(case, &mut tell) {
            // A peer that runs out of memory must not lose the results so far.
            Err(error @ BenchError::Peer { .. }) if bench.peers.is_some() => {
                tell(&format!("{}: timed without the peer: {error}", case.name));
                bench.peers = None;
                let report = bench.run(case, &mut tell)?;
                bench.peers = args.start_peers(threads)?;
                report
            }
            report => report?,
        };
        reports.push(report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    if is_sweep {
        let badness = |report: &Report| report.worst_ratio().unwrap_or(1.0 / report.times_limit);
        reports.sort_by(|a, b| badness(a).total_cmp(&badness(b)));
    }
    Ok(reports)
}

/// Peak memory of a layer, measured by this program in a separate process.
fn peak_in_a_process(spec: &Spec, threads: usize) -> Result<Option<f64>, BenchError> {
    let layer = serde_json::to_string(spec).map_err(|error| no_memory(error.to_string()))?;
    peak_by(threads, &["--peak-of", &layer])
}

/// Runs `spectral bench` with these arguments in a separate process and returns its output.
pub(super) fn peak_by(threads: usize, arguments: &[&str]) -> Result<Option<f64>, BenchError> {
    let program = env::current_exe().map_err(|error| no_memory(error.to_string()))?;
    let output = Command::new(program)
        .args(["bench", "--threads", &threads.to_string()])
        .args(arguments)
        .output()
        .map_err(|error| no_memory(error.to_string()))?;
    match serde_json::from_slice(&output.stdout) {
        Ok(peak) if output.status.success() => Ok(peak),
        _ => Err(no_memory(
            String::from_utf8_lossy(&output.stderr).trim().into(),
        )),
    }
}

fn no_memory(reason: String) -> BenchError {
    BenchError::Peer {
        program: "the process that measures memory".into(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_numbers_joined_by_x() {
        assert_eq!(sizes("64x16x28x28"), Ok(Sizes(vec![64, 16, 28, 28])));
        assert_eq!(sizes("12"), Ok(Sizes(vec![12])));
        for bad in ["", "x", "3x", "3x0", "3*4", "-1x2"] {
            assert!(sizes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn seconds_are_bounded() {
        assert_eq!(seconds("0.5"), Ok(0.5));
        assert!(sweep_size("100000").is_ok() && sweep_size("100001").is_err());
        assert!(seconds("-1").is_err() && seconds("NaN").is_err() && seconds("1e9").is_err());
    }
}
