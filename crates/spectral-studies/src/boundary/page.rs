//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{Line, Report, Value};

use super::borders::{Beyond, Taps};
use super::measure::{Continued, DIRECT_TAPS, SAME, Wrapped};
use super::time::Timed;
use super::{Figures, Timing};
use crate::kit::shown::{Pictured, pictured};
use crate::kit::{Chart, Page, line, row};
use crate::{StudyError, StudyRun};

#[derive(Serialize)]
struct PageFigures {
    sets: Vec<SetFigures>,
    /// Times of a training step with zero padding relative to those without, over the layers.
    cost: Option<Cost>,
    rounds: usize,
    /// Relative differences below this do not count.
    same: f64,
    /// The largest kernel that is computed directly as well.
    direct_taps: usize,
}

#[derive(Serialize)]
struct SetFigures {
    set: String,
    size: [usize; 2],
    channels: usize,
    images: usize,
    /// Pixels left out on each side for the true continuation.
    margin: usize,
    pictured: Pictured,
    /// The smallest smooth kernel above 1×1 and the largest, on whole images.
    small: Option<Around>,
    large: Option<Around>,
    /// The largest error of padded transforms.
    padded: Option<f64>,
    /// The largest kernel against the true continuation, and the errors of a smooth one by method,
    /// from the lowest.
    true_kernel: usize,
    true_errors: Vec<(&'static str, f64)>,
    shown: Vec<ShownFigures>,
}

/// How far wrap-around is from zero padding.
#[derive(Serialize)]
struct Around {
    kernel: usize,
    error: f64,
    differ: f64,
}

#[derive(Serialize)]
struct ShownFigures {
    strip: String,
    taps: &'static str,
    kernel: usize,
}

#[derive(Serialize)]
struct Cost {
    least: f64,
    most: f64,
    layers: usize,
}

pub(super) fn page(
    run: &StudyRun<'_>,
    sets: Vec<Figures>,
    timing: &Timing,
    times: &[Timed],
) -> Result<Report, StudyError> {
    let mut page = Page::new();
    page.table("times", times.iter().flat_map(time_rows));
    let figures = PageFigures {
        sets: sets.into_iter().map(|of| set(&mut page, of)).collect(),
        cost: cost(times),
        rounds: timing.rounds,
        same: SAME,
        direct_taps: DIRECT_TAPS,
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

fn square(side: usize) -> String {
    format!("{side}×{side}")
}

/// The exhibits of a set, and what the sentences say.
fn set(page: &mut Page, of: Figures) -> SetFigures {
    let set = &of.set;
    page.table(format!("{set}/wrapped"), of.wrapped.iter().map(wrapped_row));
    page.table(format!("{set}/true"), true_rows(&of.continued));
    let side = of.size[0].min(of.size[1]);
    let is_whole = |row: &&Wrapped| row.taps == Taps::Smooth && row.size[0] == side;
    let smooth: Vec<&Wrapped> = of.wrapped.iter().filter(is_whole).collect();
    let lines = (smooth.iter().filter(|row| row.kernel > 1)).enumerate();
    let lines = lines.map(|(color, row)| by_distance(square(row.kernel), color, &row.by_distance));
    page.chart(format!("{set}/wrapped"), Chart::lines(lines));
    let true_kernel = of.continued.iter().map(|row| row.kernel).max().unwrap_or(0);
    let largest: Vec<&Continued> = (Beyond::ALL.into_iter())
        .filter_map(|beyond| find(&of.continued, Taps::Smooth, true_kernel, beyond))
        .collect();
    let lines = largest.iter().enumerate();
    let lines = lines.map(|(color, row)| by_distance(row.beyond.name(), color, &row.by_distance));
    page.chart(format!("{set}/true"), Chart::lines(lines));
    let mut true_errors: Vec<(&str, f64)> = (largest.iter())
        .map(|row| (row.beyond.name(), row.error))
        .collect();
    true_errors.sort_by(|a, b| a.1.total_cmp(&b.1));
    let around = |row: &&Wrapped| Around {
        kernel: row.kernel,
        error: row.error,
        differ: row.differ,
    };
    let mut shown = Vec::new();
    for (index, one) in of.shown.into_iter().enumerate() {
        let strip = format!("{set}/{index}");
        page.strip(&strip, one.pictures);
        shown.push(ShownFigures {
            strip,
            taps: one.taps.name(),
            kernel: one.kernel,
        });
    }
    SetFigures {
        size: of.size,
        channels: of.channels,
        images: of.extent.images,
        margin: of.extent.margin,
        pictured: pictured(set),
        small: smooth.iter().find(|row| row.kernel > 1).map(around),
        large: smooth.last().map(around),
        padded: (smooth.iter())
            .filter_map(|row| row.mended)
            .reduce(f64::max),
        true_kernel,
        true_errors,
        shown,
        set: of.set.clone(),
    }
}

/// Errors by distance from the border.
fn by_distance(name: impl Into<String>, color: usize, errors: &[f64]) -> Line {
    let points = errors.iter().enumerate();
    line(
        name,
        color,
        points.map(|(distance, error)| (distance as f64, *error)),
    )
}

fn wrapped_row(row: &Wrapped) -> Vec<Value> {
    row![
        row.taps.name(),
        square(row.size[0]),
        square(row.kernel),
        row.error,
        100.0 * row.differ,
        100.0 * row.touched,
        row.mended,
    ]
}

fn find(rows: &[Continued], taps: Taps, kernel: usize, beyond: Beyond) -> Option<&Continued> {
    let mut rows = rows.iter();
    rows.find(|row| (row.taps, row.kernel, row.beyond) == (taps, kernel, beyond))
}

/// One row per kernel, with the error of each method.
fn true_rows(all: &[Continued]) -> impl Iterator<Item = Vec<Value>> {
    let first = all.iter().filter(|row| row.beyond == Beyond::ALL[0]);
    first.map(|row| {
        let error = |beyond| find(all, row.taps, row.kernel, beyond).map(|row| row.error);
        let [wrap, zeros, edge, mirror] = Beyond::ALL.map(error);
        row![
            row.taps.name(),
            square(row.kernel),
            wrap,
            zeros,
            edge,
            mirror
        ]
    })
}

fn cost(times: &[Timed]) -> Option<Cost> {
    let ratios = times.iter().filter_map(|timed| {
        let pass = timed.passes.iter().find(|pass| pass.learns)?;
        Some(pass.seconds[1] / pass.seconds[0])
    });
    let ratios: Vec<f64> = ratios.filter(|ratio| ratio.is_finite()).collect();
    Some(Cost {
        least: ratios.iter().copied().min_by(f64::total_cmp)?,
        most: ratios.iter().copied().max_by(f64::total_cmp)?,
        layers: ratios.len(),
    })
}

fn time_rows(timed: &Timed) -> impl Iterator<Item = Vec<Value>> {
    let layer = format!(
        "{0}→{0}, {1}×{1}, batch {2}",
        timed.channels, timed.size, timed.batch
    );
    timed.passes.iter().map(move |pass| {
        let [around, zeros] = pass.seconds;
        row![
            layer.as_str(),
            square(timed.kernel),
            match pass.learns {
                true => "forward and backward",
                false => "forward",
            },
            1e3 * around,
            1e3 * zeros,
            zeros / around,
        ]
    })
}
