//! `spectral bench --rollout`: times rollouts of neural operators, against PyTorch.

use super::bench::{BenchArgs, progress};
use super::bench_table::number;
use super::error::CliError;
use super::layout::{NumberRow, number_tables, width, wrapped};
use super::output::{print, print_json, say};
use super::provenance;
use spectral_lab::bench::{OperatorCase, RolloutBench, RolloutReport, RolloutSpec};

/// Default seconds to sample each number.
const SECONDS: f64 = 1.0;

/// Parses the name of an operator.
pub(super) fn operator(text: &str) -> Result<String, String> {
    match OperatorCase::find(text) {
        Ok(case) => Ok(case.name.into()),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn run(args: &BenchArgs, json: bool, threads: usize) -> Result<(), CliError> {
    let bar = progress(args.rollouts.len());
    let mut bench = RolloutBench {
        peers: args.start_peers(threads)?,
        seconds: args.seconds.unwrap_or(SECONDS),
        threads,
        machine: provenance::machine(),
    };
    let mut reports = Vec::new();
    for name in &args.rollouts {
        let spec = RolloutSpec {
            batch: args.batch.unwrap_or(1),
            ..RolloutSpec::new(name)?
        };
        bar.set_message(name.clone());
        reports.push(bench.run(&spec, &mut |line| bar.suspend(|| say(line)))?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    match json {
        true => print_json(&reports),
        false => print(&text(&reports, width())),
    }
}

/// The table and the machine it was measured on, in lines of at most `width` characters.
fn text(reports: &[RolloutReport], width: usize) -> String {
    let Some(first) = reports.first() else {
        return String::new();
    };
    let mut lines = vec![format!("ms: medians of {} steps", first.steps)];
    if let Some(peer) = &first.peer {
        lines.push(format!(
            "×: {peer} time over Spectral time; its fastest variant:"
        ));
    }
    lines.extend(reports.iter().filter_map(fastest));
    lines.push(first.machine.clone());
    lines.push(format!("threads {}", first.threads));
    if reports.iter().any(|report| report.noisy) {
        lines.push("* median above twice the minimum: the machine was busy, measure again".into());
    }
    let lines: Vec<String> = lines.iter().map(|line| wrapped(line, width)).collect();
    format!("{}\n{}\n", table(reports, width), lines.join("\n"))
}

/// The peer's fastest variant.
fn fastest(report: &RolloutReport) -> Option<String> {
    let best = report.peers.first()?;
    Some(format!("{}: {}, {}", report.case, best.form, best.malloc))
}

fn table(reports: &[RolloutReport], width: usize) -> String {
    let has_peer = reports.iter().any(|report| report.peer_ms.is_some());
    let headers: &[&str] = match has_peer {
        true => &["ms", "their\nms", "×"],
        false => &["ms"],
    };
    let rows: Vec<NumberRow> = reports
        .iter()
        .map(|report| {
            let mark = if report.noisy { "*" } else { "" };
            let values = [Some(report.ms), report.peer_ms, report.ratio];
            let numbers = values
                .iter()
                .take(headers.len())
                .map(|value| number(*value));
            let name = format!("{} {}{mark}", report.case, report.shape[0]);
            (name, numbers.collect())
        })
        .collect();
    number_tables("rollout, batch", headers, &rows, width)
}
