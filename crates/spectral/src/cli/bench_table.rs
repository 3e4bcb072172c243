//! The table of `spectral bench`.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::output;
use crate::bench::Report;

/// The table and what it was measured on.
pub(super) fn text(reports: &[Report]) -> String {
    let Some(first) = reports.first() else {
        return String::new();
    };
    let peer = reports.iter().find_map(|report| report.peer.as_ref());
    let body = match peer {
        Some(_) => beside(reports),
        None => alone(reports),
    };
    let mut lines = vec![
        "ms, medians; f+b: forward and backward. × limit: f+b over the least it can take.".into(),
        format!(
            "{}, threads {}: {:.0} GFLOP/s, {:.1} GB/s",
            first.machine, first.threads, first.gflops_per_s, first.gb_per_s
        ),
    ];
    if let Some(peer) = peer {
        lines.insert(
            1,
            format!("× fwd, × f+b: {peer} over ours; its faster form and malloc."),
        );
    }
    if reports.iter().any(Report::is_noisy) {
        lines.push("* a median above twice the shortest: something else ran, measure again".into());
    }
    format!("{body}\n{}\n", lines.join("\n"))
}

/// A column: its header, and what it shows of a report.
type Column = (&'static str, fn(&Report) -> Option<f64>);

fn alone(reports: &[Report]) -> Table {
    fill(
        reports,
        &[
            ("fwd", |report| Some(report.fwd_ms)),
            ("f+b", |report| Some(report.fwdbwd_ms)),
            ("limit\nf+b", |report| Some(report.limit_ms)),
            ("×\nlimit", |report| Some(report.times_limit)),
            ("peak\nMB", |report| report.peak_mb),
        ],
    )
}

fn beside(reports: &[Report]) -> Table {
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
    )
}

/// The columns that have something to show, after the case's name.
fn fill(reports: &[Report], columns: &[Column]) -> Table {
    let shows = |(_, of): &&Column| reports.iter().any(|report| of(report).is_some());
    let columns: Vec<&Column> = columns.iter().filter(shows).collect();
    let mut table = output::table(["case"]);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(
        ["case"]
            .into_iter()
            .chain(columns.iter().map(|(name, _)| *name)),
    );
    for report in reports {
        let numbers = columns.iter().map(|(_, of)| number(of(report)));
        let mark = if report.is_noisy() { "*" } else { "" };
        table.add_row(
            [Cell::new(format!("{}{mark}", report.case))]
                .into_iter()
                .chain(numbers),
        );
    }
    // The style parts columns by a space, which is enough for names in one piece to fit.
    for column in table.column_iter_mut() {
        column.set_padding((0, 0));
    }
    table
}

pub(super) fn number(value: Option<f64>) -> Cell {
    Cell::new(value.map_or("–".into(), short)).set_alignment(CellAlignment::Right)
}

/// Three digits or so, in five characters while it is below 100 000.
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
