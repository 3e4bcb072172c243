//! The table of `spectral bench`.

use super::layout::{NumberRow, number_tables, wrapped};
use spectral_lab::bench::Report;

/// The table and the machine it was measured on, in lines of at most `width` characters.
pub(super) fn text(reports: &[Report], width: usize) -> String {
    let Some(first) = reports.first() else {
        return String::new();
    };
    let peer = reports.iter().find_map(|report| report.peer.as_ref());
    let body = match peer {
        Some(_) => beside(reports, width),
        None => alone(reports, width),
    };
    let mut lines = vec![
        "ms: medians; f+b: forward and backward pass. × limit: f+b over the hardware limit.".into(),
        first.machine.clone(),
        format!(
            "threads {}: {:.0} GFLOP/s, {:.1} GB/s",
            first.threads, first.gflops_per_s, first.gb_per_s
        ),
    ];
    if let Some(peer) = peer {
        lines.insert(
            1,
            format!(
                "× fwd, × f+b: {peer} time over Spectral time; its fastest variant and malloc."
            ),
        );
    }
    if reports.iter().any(Report::is_noisy) {
        lines.push("* median above twice the minimum: the machine was busy, measure again".into());
    }
    let lines: Vec<String> = lines.iter().map(|line| wrapped(line, width)).collect();
    format!("{body}\n{}\n", lines.join("\n"))
}

/// A column: its header, and its value in a report.
type Column = (&'static str, fn(&Report) -> Option<f64>);

fn alone(reports: &[Report], width: usize) -> String {
    fill(
        reports,
        &[
            ("fwd", |report| Some(report.fwd_ms)),
            ("f+b", |report| Some(report.fwdbwd_ms)),
            ("limit\nf+b", |report| Some(report.limit_ms)),
            ("×\nlimit", |report| Some(report.times_limit)),
            ("peak\nMB", |report| report.peak_mb),
        ],
        width,
    )
}

fn beside(reports: &[Report], width: usize) -> String {
    fill(
        reports,
        &[
            ("fwd", |report| Some(report.fwd_ms)),
            ("f+b", |report| Some(report.fwdbwd_ms)),
            ("their\nfwd", |report| report.peer_fwd_ms),
            ("their\nf+b", |report| report.peer_fwdbwd_ms),
            ("×\nfwd", |report| report.ratio_fwd),
            ("×\nf+b", |report| report.ratio_fwdbwd),
            ("×\nlimit", |report| Some(report.times_limit)),
            ("peak\nMB", |report| report.peak_mb),
            ("their\nMB", |report| report.peer_peak_mb),
        ],
        width,
    )
}

/// The columns with a value in some report, after the case's name.
fn fill(reports: &[Report], columns: &[Column], width: usize) -> String {
    let shows = |(_, of): &&Column| reports.iter().any(|report| of(report).is_some());
    let columns: Vec<&Column> = columns.iter().filter(shows).collect();
    let headers: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let rows: Vec<NumberRow> = reports
        .iter()
        .map(|report| {
            let mark = if report.is_noisy() { "*" } else { "" };
            let numbers = columns.iter().map(|(_, of)| number(of(report)));
            (format!("{}{mark}", report.case), numbers.collect())
        })
        .collect();
    number_tables("case", &headers, &rows, width)
}

pub(super) fn number(value: Option<f64>) -> String {
    value.map_or("–".into(), short)
}

/// About three digits, in five characters below 100 000.
fn short(value: f64) -> String {
    match value {
        _ if !value.is_finite() => "–".into(),
        _ if value < 0.1 => format!("{value:.3}"),
        _ if value < 9.995 => format!("{value:.2}"),
        _ if value < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0123, 0.5, 9.996, 99.96, 1234.5].map(short);
        assert_eq!(shown, ["0.012", "0.50", "10.0", "100", "1234"]);
    }
}
