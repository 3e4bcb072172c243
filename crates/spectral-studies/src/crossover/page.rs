//! The figures of the page.

use serde::Serialize;

use spectral_lab::advise::{Crossover, Picks, Way, picks};
use spectral_lab::report::{Line, Report, Value};

use super::Extent;
use crate::kit::{Chart, Page, line, row};
use crate::{StudyError, StudyRun};

/// Colors of direct and of FFT convolution.
const DIRECT: usize = 2;
const SPECTRAL: usize = 1;

#[derive(Serialize)]
struct Figures<'a> {
    kernels: &'a [usize],
    /// The fewest and the most runs of a time.
    runs: (usize, usize),
    /// Seconds after which a pass is not repeated.
    patience: f64,
    families: Vec<&'a str>,
    /// Families with a crossover, and the smallest and the largest kernel where it lies.
    crossing: usize,
    earliest: Option<usize>,
    latest: Option<usize>,
    picks: Picks,
}

pub(super) fn page(
    run: &StudyRun<'_>,
    extent: &Extent,
    all: &[Crossover],
) -> Result<Report, StudyError> {
    let mut page = Page::new();
    page.table("crossovers", all.iter().map(crossover));
    for one in all {
        let name = format!("{}/times", one.family.name);
        page.table(&name, times(one));
        page.chart(&name, chart(one));
    }
    let from: Vec<usize> = all.iter().filter_map(|one| one.measured_from).collect();
    let figures = Figures {
        kernels: &extent.kernels,
        runs: extent.budget.runs,
        patience: extent.budget.patience,
        families: all.iter().map(|one| one.family.name.as_str()).collect(),
        crossing: from.len(),
        earliest: from.iter().copied().min(),
        latest: from.iter().copied().max(),
        picks: picks(all),
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

fn kernel(side: usize) -> String {
    format!("{side}×{side}")
}

fn crossover(one: &Crossover) -> Vec<Value> {
    let from = |from: Option<usize>| from.map_or("none".into(), kernel);
    row![
        one.family.name.as_str(),
        from(one.measured_from),
        from(one.predicted_from),
    ]
}

/// What is timed.
type Time = fn(&Way) -> Option<f64>;
const MEASURED: Time = |way| way.fwdbwd_ms;
const PREDICTED: Time = |way| Some(way.predicted_fwdbwd_ms);

/// The shortest time of the ways that are direct, or of the others, with the name of the way.
fn least(ways: &[Way], is_direct: bool, time: Time) -> Option<(&str, f64)> {
    let ways = ways
        .iter()
        .filter(|way| (way.algorithm == "direct") == is_direct);
    let times = ways.filter_map(|way| Some((way.algorithm.as_str(), time(way)?)));
    times.min_by(|a, b| a.1.total_cmp(&b.1))
}

fn times(one: &Crossover) -> impl Iterator<Item = Vec<Value>> {
    one.cases.iter().map(|case| {
        let ms = |is_direct, time| least(&case.ways, is_direct, time).map(|(_, ms)| ms);
        let best = least(&case.ways, false, MEASURED).or(least(&case.ways, false, PREDICTED));
        let chosen = case.ways.iter().find(|way| way.chosen);
        row![
            kernel(case.kernel),
            ms(true, MEASURED),
            ms(true, PREDICTED),
            ms(false, MEASURED),
            ms(false, PREDICTED),
            best.map_or("–", |(name, _)| name),
            chosen.map_or("–", |way| way.algorithm.as_str()),
            case.loss(),
        ]
    })
}

fn chart(one: &Crossover) -> Chart {
    let drawn = |name, color, is_direct, time: Time, dashed| {
        let points = one.cases.iter().map(|case| {
            let ms = least(&case.ways, is_direct, time).map_or(f64::NAN, |(_, ms)| ms);
            (case.kernel as f64, ms)
        });
        Line {
            dashed,
            ..line(name, color, points)
        }
    };
    Chart::lines([
        drawn("direct", DIRECT, true, MEASURED, false),
        drawn("FFT", SPECTRAL, false, MEASURED, false),
        drawn("direct, predicted", DIRECT, true, PREDICTED, true),
        drawn("FFT, predicted", SPECTRAL, false, PREDICTED, true),
    ])
    .logarithmic()
}
