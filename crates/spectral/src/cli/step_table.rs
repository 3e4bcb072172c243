//! The tables of `spectral bench --step`.

use super::bench_table::number;
use super::layout::{NumberRow, number_tables, wrapped};
use spectral_lab::bench::{Parts, StepReport};

/// The tables and the machine they were measured on, in lines of at most `width` characters.
pub(super) fn text(reports: &[StepReport], width: usize) -> String {
    let Some(first) = reports.first() else {
        return String::new();
    };
    let peer = reports.iter().find_map(|report| report.peer.as_ref());
    let mut lines = vec![first.machine.clone(), format!("threads {}", first.threads)];
    if let Some(peer) = peer {
        lines.insert(
            0,
            format!("×: {peer} time over Spectral time for the whole step; its fastest variant:"),
        );
        lines.splice(1..1, reports.iter().filter_map(fastest));
    }
    if reports.iter().any(|report| report.noisy) {
        lines.push("* median above twice the minimum: the machine was busy, measure again".into());
    }
    let lines: Vec<String> = lines.iter().map(|line| indented(line, width)).collect();
    format!(
        "{}\nMilliseconds per part of a step (medians):\n{}\n{}\n",
        whole(reports, width),
        parts(reports, width),
        lines.join("\n")
    )
}

/// Wraps a line at `width` characters, keeping its indentation.
fn indented(line: &str, width: usize) -> String {
    let indent = &line[..line.len() - line.trim_start().len()];
    let text = wrapped(line, width.saturating_sub(indent.len()));
    let lines: Vec<String> = text.lines().map(|line| format!("{indent}{line}")).collect();
    lines.join("\n")
}

/// The peer's fastest variant.
fn fastest(report: &StepReport) -> Option<String> {
    let best = report.peers.first()?;
    let layout = match best.channels_last {
        true => ", channels last",
        false => "",
    };
    Some(format!(
        "  {}: {}, {} optimizer, {}{layout}",
        report.case, best.form, best.optimizer, best.malloc
    ))
}

/// A column: its header, and its value in a report.
type Column = (&'static str, fn(&StepReport) -> Option<f64>);

fn whole(reports: &[StepReport], width: usize) -> String {
    fill(
        reports,
        &[
            ("ms", |report| Some(report.fwdbwd_ms)),
            ("/s", |report| Some(report.images_per_s)),
            ("their\nms", |report| report.peer_fwdbwd_ms),
            ("their\n/s", |report| report.peer_images_per_s),
            ("×", |report| report.ratio),
            ("peak\nMB", |report| report.peak_mb),
            ("their\nMB", |report| report.peer_peak_mb),
        ],
        width,
    )
}

fn parts(reports: &[StepReport], width: usize) -> String {
    fn theirs(report: &StepReport, of: fn(&Parts) -> f64) -> Option<f64> {
        report.peer_parts.as_ref().map(of)
    }
    fill(
        reports,
        &[
            ("fwd", |report| Some(report.parts.forward_ms)),
            ("loss", |report| Some(report.parts.loss_ms)),
            ("bwd", |report| Some(report.parts.backward_ms)),
            ("opt", |report| Some(report.parts.optimizer_ms)),
            ("their\nfwd", |report| {
                theirs(report, |parts| parts.forward_ms)
            }),
            ("their\nloss", |report| {
                theirs(report, |parts| parts.loss_ms)
            }),
            ("their\nbwd", |report| {
                theirs(report, |parts| parts.backward_ms)
            }),
            ("their\nopt", |report| {
                theirs(report, |parts| parts.optimizer_ms)
            }),
        ],
        width,
    )
}

/// The columns with a value in some report, after the network's name.
fn fill(reports: &[StepReport], columns: &[Column], width: usize) -> String {
    let shows = |(_, of): &&Column| reports.iter().any(|report| of(report).is_some());
    let columns: Vec<&Column> = columns.iter().filter(shows).collect();
    let headers: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let rows: Vec<NumberRow> = reports
        .iter()
        .map(|report| {
            let mark = if report.noisy { "*" } else { "" };
            let numbers = columns.iter().map(|(_, of)| number(of(report)));
            let name = format!("{} {}{mark}", report.case, report.batch);
            (name, numbers.collect())
        })
        .collect();
    number_tables("step, batch", &headers, &rows, width)
}
