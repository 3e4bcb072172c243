//! `spectral bench`: times of layers and training steps beside a peer's and what the machine allows.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use burn::tensor::Device;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::positive;
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

/// Threads when none are given.
const THREADS: usize = 2;

/// The environment's word for the Python to run peers with.
const PYTHON: &str = "TORCH_PYTHON";

/// Time layers and training steps beside PyTorch
#[derive(Debug, Args)]
#[command(after_help = "\
Times are medians in milliseconds, in float32: forward without gradients, and
forward and backward with the gradients of the input and of every parameter.
They run on 2 threads unless --threads says otherwise.

The limit is the least time that forward and backward can take here, by the
rates of arithmetic and memory measured at the start. The memory is the peak of
a fresh process, above what it held before. $SPECTRAL_MACHINE_NAME, if set,
replaces the processor's name in tables and reports.

With a peer, ours and theirs run in turns, theirs with the system's malloc and
with one that keeps its pages; the faster counts.

A step is forward, loss, backward and the optimizer's update, by the recipe of
the network, on a batch in memory. PyTorch's Adam is timed fused and foreach,
its convolutions with channels first and last; the fastest counts.

Layers for --layer, with --shape and their options:
  conv          BxCxHxW   --out N --kernel N --groups N
  kk            BxCxHxW   --out N     (KKLayer as published)
  dense         BxCxHxW   --out N     (a weight per channel pair and frequency)
  depthwise     BxCxHxW               (a weight per channel and frequency)
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
  spectral bench --layer conv --shape 8x64x96x96 --kernel 21 --groups 64
  spectral bench --sweep 24 --threads 1 --peer torch --json")]
pub(super) struct BenchArgs {
    /// Only this case; may be given several times
    #[arg(long = "case", value_name = "NAME", value_parser = case_name, group = "what")]
    cases: Vec<String>,
    /// A layer of your own sizes
    #[arg(long, value_name = "LAYER", requires = "shape", group = "what")]
    layer: Option<String>,
    /// So many other shapes, drawn by --seed, worst
    /// first
    #[arg(long, value_name = "N", value_parser = sweep_size, group = "what", verbatim_doc_comment)]
    sweep: Option<usize>,
    /// A training step of a network, or of all that are
    /// usually timed; may be given several times
    #[arg(
        long = "step", value_name = "MODEL", value_parser = bench_step::model,
        num_args = 0..=1, default_missing_value = bench_step::ALL, group = "what",
        verbatim_doc_comment
    )]
    pub(super) steps: Vec<String>,
    /// Names of the cases
    #[arg(long, group = "what")]
    list: bool,
    /// A layer as JSON, whose memory is measured in this process.
    #[arg(long, hide = true, group = "what")]
    peak_of: Option<String>,
    /// A network, the memory of whose step is measured in this process.
    #[arg(long, hide = true, group = "what")]
    peak_of_step: Option<String>,
    /// Images of a step [default: those of the recipe]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(super) batch: Option<usize>,
    /// Shape of the layer's input, such as 64x16x28x28
    #[arg(long, value_name = "SIZES", value_parser = sizes, requires = "layer")]
    shape: Option<Sizes>,
    /// Output channels [default: those of the input]
    #[arg(long, value_name = "N", value_parser = positive, requires = "layer")]
    out: Option<usize>,
    /// Taps of a convolution each way, odd [default: 3]
    #[arg(long, value_name = "N", value_parser = positive, requires = "layer")]
    kernel: Option<usize>,
    /// Groups of a convolution [default: 1]
    #[arg(long, value_name = "N", value_parser = positive, requires = "layer")]
    groups: Option<usize>,
    /// Kept modes, rows at each end by columns
    /// [default: 12]
    #[arg(long, value_name = "RxC", value_parser = sizes, requires = "layer", verbatim_doc_comment)]
    modes: Option<Sizes>,
    /// What to time in turns with ours
    #[arg(long, value_name = "NAME")]
    peer: Option<Peer>,
    /// Python with PyTorch
    /// [default: $TORCH_PYTHON, or python3]
    #[arg(long, value_name = "PROGRAM", requires = "peer", verbatim_doc_comment)]
    python: Option<PathBuf>,
    /// Seconds of samples a number
    /// [default: 0.25; 0.05 in a sweep, 1 for a step]
    #[arg(long, value_name = "S", value_parser = seconds, verbatim_doc_comment)]
    pub(super) seconds: Option<f64>,
}

/// What can run beside us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// PyTorch's forms of the same layers
    Torch,
}

/// Numbers joined by `x`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sizes(Vec<usize>);

fn sizes(text: &str) -> Result<Sizes, String> {
    let sizes: Result<_, _> = text.split('x').map(positive).collect();
    sizes
        .map(Sizes)
        .map_err(|_| "expected sizes of at least 1 joined by x, such as 64x16x28x28".into())
}

/// The most shapes of a sweep.
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
        _ => Err("expected seconds from 0 to 3600".into()),
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
        let message = "bench times the CPU alone: leave --device out";
        return Err(CliError::Usage(message.into()));
    }
    let is_step = !args.steps.is_empty() || args.peak_of_step.is_some();
    if args.batch.is_some() && !is_step {
        return Err(CliError::Usage("--batch goes with --step alone".into()));
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
    serde_json::from_str(spec).map_err(|error| CliError::Usage(format!("no layer: {error}")))
}

impl BenchArgs {
    fn chosen(&self, context: &Context) -> Result<Vec<Case>, CliError> {
        if let Some(layer) = &self.layer {
            let modes = match self.modes.as_ref().map(|modes| &modes.0[..]) {
                None => None,
                Some([both]) => Some([*both; 2]),
                Some([rows, columns]) => Some([*rows, *columns]),
                Some(_) => {
                    let message = "--modes takes one number or two joined by x, such as 12x13";
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

    /// The Python to run peers with.
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

    /// Starts what is to run in turns with ours, if anything.
    pub(super) fn start_peers(&self, threads: usize) -> Result<Option<Peers>, BenchError> {
        match self.peer {
            Some(Peer::Torch) => Peers::start(&self.python(), threads).map(Some),
            None => Ok(None),
        }
    }
}

/// A bar that counts what has been timed.
pub(super) fn progress(count: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {elapsed}  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Times the cases; a sweep's come with the worst first.
fn measure(args: &BenchArgs, cases: &[Case], threads: usize) -> Result<Vec<Report>, CliError> {
    let bar = progress(cases.len());
    bar.set_message("measuring the machine");
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
            // What was measured so far is not lost for a peer that ran out of memory.
            Err(error @ BenchError::Peer { .. }) if bench.peers.is_some() => {
                tell(&format!("{}: timed alone: {error}", case.name));
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

/// The memory of a layer at its peak, measured by this program in a process of its own.
fn peak_in_a_process(spec: &Spec, threads: usize) -> Result<Option<f64>, BenchError> {
    let layer = serde_json::to_string(spec).map_err(|error| no_memory(error.to_string()))?;
    peak_by(threads, &["--peak-of", &layer])
}

/// What `spectral bench` prints with these arguments in a process of its own.
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
