//! `spectral bench --step`: times training steps, against PyTorch.

use super::bench::{BenchArgs, peak_by, progress};
use super::error::CliError;
use super::layout::width;
use super::output::{print, print_json, say};
use super::provenance;
use super::step_table;
use spectral_lab::bench::{
    BenchError, OperatorCase, STEPS, StepBench, StepNetwork, StepReport, StepSpec, peak_of_step,
};

/// The name that stands for the default selection of steps.
pub(super) const ALL: &str = "all";

/// Default seconds to sample each number.
const SECONDS: f64 = 1.0;

/// Parses the name of a network, or of the default selection.
pub(super) fn model(text: &str) -> Result<String, String> {
    if text == ALL {
        return Ok(text.into());
    }
    match StepNetwork::find(text) {
        Ok(network) => Ok(network.name().into()),
        Err(error) => {
            let operators: Vec<&str> = OperatorCase::all().iter().map(|case| case.name).collect();
            Err(format!("{error}; {}; or {ALL}", operators.join(", ")))
        }
    }
}

pub(super) fn run(args: &BenchArgs, json: bool, threads: usize) -> Result<(), CliError> {
    let specs = chosen(&args.steps, args.batch)?;
    let reports = measure(args, &specs, threads)?;
    match json {
        true => print_json(&reports),
        false => print(&step_table::text(&reports, width())),
    }
}

/// Prints the peak memory of a step in this process.
pub(super) fn print_peak(model: &str, batch: Option<usize>) -> Result<(), CliError> {
    print_json(&peak_of_step(&StepSpec::new(model, batch)?)?)
}

/// The steps of these names, without duplicates.
fn chosen(names: &[String], batch: Option<usize>) -> Result<Vec<StepSpec>, BenchError> {
    let mut chosen: Vec<&str> = Vec::new();
    for name in names {
        let named: &[&str] = match name == ALL {
            true => &STEPS,
            false => &[name],
        };
        for name in named {
            if !chosen.contains(name) {
                chosen.push(name);
            }
        }
    }
    let specs = chosen.into_iter();
    specs.map(|name| StepSpec::new(name, batch)).collect()
}

fn measure(
    args: &BenchArgs,
    specs: &[StepSpec],
    threads: usize,
) -> Result<Vec<StepReport>, CliError> {
    let bar = progress(specs.len());
    let peak = |spec: &StepSpec| {
        let batch = spec.config.batch_size.to_string();
        let words = ["--peak-of-step", spec.name(), "--batch", &batch];
        peak_by(threads, &words)
    };
    let mut bench = StepBench {
        peers: args.start_peers(threads)?,
        seconds: args.seconds.unwrap_or(SECONDS),
        peak: Some(&peak),
        threads,
        machine: provenance::machine(),
    };
    let mut reports = Vec::new();
    for spec in specs {
        bar.set_message(spec.name());
        let mut tell = |line: &str| bar.suspend(|| say(line));
        let report = match bench.run(spec, &mut tell) {
            // A peer that runs out of memory must not lose the results so far.
            Err(error @ BenchError::Peer { .. }) if bench.peers.is_some() => {
                tell(&format!("{}: timed without the peer: {error}", spec.name()));
                bench.peers = None;
                let report = bench.run(spec, &mut tell)?;
                bench.peers = args.start_peers(threads)?;
                report
            }
            report => report?,
        };
        reports.push(report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(reports)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(given: &[&str]) -> Vec<&'static str> {
        let given: Vec<String> = given.iter().map(|name| name.to_string()).collect();
        let specs = chosen(&given, Some(2)).unwrap().into_iter();
        specs.map(|spec| spec.name()).collect()
    }

    #[test]
    fn all_stands_for_the_usual_steps_and_none_is_timed_twice() {
        assert_eq!(names(&["vgg", "cnn", "vgg"]), ["vgg", "cnn"]);
        assert_eq!(names(&["all"]), STEPS);
        let mut expected = vec!["fft-only"];
        expected.extend(STEPS);
        assert_eq!(names(&["fft-only", "all", "cnn"]), expected);
    }

    #[test]
    fn an_unknown_network_is_told_the_known_ones_and_all() {
        let error = model("resnet").unwrap_err();
        assert!(
            error.contains("lenet") && error.ends_with("fno-64; or all"),
            "{error}"
        );
        assert_eq!(model("all").as_deref(), Ok("all"));
        assert_eq!(model("vgg").as_deref(), Ok("vgg"));
        assert_eq!(model("fno-64").as_deref(), Ok("fno-64"));
    }
}
