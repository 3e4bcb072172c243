//! The table of `spectral bench`.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, Table};

use super::output;
use crate::bench::Report;

/// The table and what it was measured on.
pub(super) fn text(reports: &[Report]) -> String {
    let Some(first) = reports.first() else {
        return String::new();
    };
    let body = match &first.peer {
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
    if let Some(peer) = &first.peer {
        lines.insert(
            1,
            format!("× fwd, × f+b: {peer} over ours; its faster form and malloc."),
        );
    }
    format!("{body}\n{}\n", lines.join("\n"))
}

fn alone(reports: &[Report]) -> Table {
    let mut table = output::table(["case", "fwd", "f+b", "limit f+b", "× limit", "peak MB"]);
    for report in reports {
        table.add_row([
            Cell::new(&report.case),
            number(Some(report.fwd_ms)),
            number(Some(report.fwdbwd_ms)),
            number(Some(report.limit_ms)),
            number(Some(report.times_limit)),
            number(report.peak_mb),
        ]);
    }
    keep_names(&mut table);
    table
}

fn beside(reports: &[Report]) -> Table {
    let header = [
        "case",
        "fwd",
        "f+b",
        "their fwd",
        "their f+b",
        "× fwd",
        "× f+b",
        "× limit",
        "MB",
        "their MB",
    ];
    let mut table = output::table(header);
    for report in reports {
        table.add_row([
            Cell::new(&report.case),
            number(Some(report.fwd_ms)),
            number(Some(report.fwdbwd_ms)),
            number(report.peer_fwd_ms),
            number(report.peer_fwdbwd_ms),
            number(report.ratio_fwd),
            number(report.ratio_fwdbwd),
            number(Some(report.times_limit)),
            number(report.peak_mb),
            number(report.peer_peak_mb),
        ]);
    }
    keep_names(&mut table);
    table
}

/// A case's name is there to be copied, so it stays in one piece; the numbers move together.
fn keep_names(table: &mut Table) {
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    if let Some(names) = table.column_mut(0) {
        names.set_constraint(ColumnConstraint::ContentWidth);
    }
}

fn number(value: Option<f64>) -> Cell {
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
