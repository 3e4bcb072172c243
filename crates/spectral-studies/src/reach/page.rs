//! The figures of the page.

use std::collections::BTreeMap;

use serde::Serialize;

use spectral_lab::report::{Line, Report, Value, count};

use super::{BATCH, Figures, Measured, NETWORKS, PAIR, PARAMETERS};
use crate::kit::emulation::{Emulated, Errors, LARGEST, Parts};
use crate::kit::{Chart, Page, line, row, spread};
use crate::{StudyError, StudyRun};

/// Steps that the geometric mean is over, as in the source.
const AVERAGED: usize = 100;

/// Error of a rollout up to which its steps are counted.
const LIMIT: f64 = 0.5;

/// Error of one step that the training time is measured to.
const GOAL: f64 = 0.01;

/// Error of persistence below which a solution is back at its start.
const RETURNED: f64 = 1e-3;

/// Cells per step of which the page shows errors by step, beside the other flows.
const SHOWN: [f64; 3] = [0.5, 10.5, 20.0];

/// Cells per step from which on information travels far.
const FAR: f64 = 10.0;

/// Names for readers and colors, in the order of the networks.
const TITLES: [(&str, usize); 5] = [
    ("ResNet", 2),
    ("dilated ResNet", 5),
    ("U-Net", 4),
    ("FNO", 1),
    ("local FNO", 6),
];

/// Cells per step, network, and error after 200 steps as the source's figure shows it; none above 1.
const PUBLISHED: [(f64, usize, Option<f64>); 12] = [
    (0.5, 0, Some(0.08)),
    (0.5, 1, Some(0.29)),
    (0.5, 2, Some(0.41)),
    (0.5, 3, Some(0.18)),
    (2.5, 0, Some(0.28)),
    (2.5, 1, Some(0.31)),
    (2.5, 2, Some(0.45)),
    (2.5, 3, Some(0.16)),
    (10.5, 0, None),
    (10.5, 1, None),
    (10.5, 2, Some(0.58)),
    (10.5, 3, Some(0.19)),
];

#[derive(Serialize)]
struct PageFigures {
    parameters: usize,
    steps: usize,
    parts: Parts,
    seeds: u64,
    updates: usize,
    batch: usize,
    averaged: usize,
    limit: f64,
    goal: f64,
    largest: f64,
    linear: Linear,
    /// Speeds that the findings name.
    ends: Vec<Speed>,
    equal: Equal,
    others: Vec<Other>,
    /// Titles of all cases, in the order of the tables.
    cases: Vec<String>,
    /// Cases whose errors are shown by step.
    shown: Vec<Shown>,
    /// Cases whose solution is back at its start after the last step.
    returned: Vec<String>,
    /// The case of the learning curves.
    learning: String,
    has_published: bool,
    kdv: Times,
    ks: Times,
}

/// The linear propagator on advection.
#[derive(Serialize)]
struct Linear {
    most: f64,
    /// Whether it is better than every network at every speed.
    wins: bool,
}

/// The pair of networks at one speed.
#[derive(Serialize)]
struct Speed {
    cells: f64,
    is_far: bool,
    pair: [f64; 2],
    /// The better one of the pair, and the error of the other one over its.
    better: usize,
    ratio: f64,
    /// The error of the slower one of the pair at equal time.
    stopped: f64,
    best: &'static str,
    lowest: f64,
}

/// The comparison at equal time.
#[derive(Serialize)]
struct Equal {
    titles: [&'static str; 2],
    slower: usize,
    ratio: f64,
    /// Updates of the slower one.
    updates: usize,
    /// Seconds of both.
    seconds: f64,
    /// Whether the slower one was stopped at all.
    is_stopped: bool,
}

/// A flow other than advection.
#[derive(Serialize)]
struct Other {
    title: String,
    best: &'static str,
    lowest: f64,
    pair: [f64; 2],
    linear: f64,
    persistence: f64,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    title: String,
}

/// How a flow is sampled in time.
#[derive(Serialize, Default)]
struct Times {
    length: f64,
    interval: f64,
    warm_up: f64,
}

/// The mean over seeds of a figure.
fn mean(trained: &[Emulated], of: impl Fn(&Errors) -> f64) -> f64 {
    let sum: f64 = trained.iter().map(|run| of(&run.errors)).sum();
    sum / trained.len() as f64
}

pub(super) fn page(run: &StudyRun<'_>, of: &Figures) -> Result<Report, StudyError> {
    let mut page = Page::new();
    exhibits(&mut page, of);
    let steps = of.extent.parts.test.steps;
    let updates = |epochs: usize| epochs * of.extent.parts.train.pairs().div_ceil(BATCH);
    let advection: Vec<&Measured> = (of.measured.iter())
        .filter(|of| of.case.cells.is_some())
        .collect();
    let [first, second] = PAIR.map(|network| of.paces[network]);
    let slower = of.plan.slower;
    let figures = PageFigures {
        parameters: PARAMETERS,
        steps,
        parts: of.extent.parts,
        seeds: of.plan.amount.seeds,
        updates: updates(of.plan.amount.epochs),
        batch: BATCH,
        averaged: AVERAGED.min(steps),
        limit: LIMIT,
        goal: GOAL,
        largest: LARGEST,
        linear: Linear {
            most: (advection.iter()).fold(0.0, |most, of| most.max(of.baselines.linear.last())),
            wins: advection
                .iter()
                .all(|of| of.baselines.linear.last() < best(of, Errors::last).1),
        },
        ends: (advection.iter())
            .filter_map(|of| speed(of, slower))
            .filter(|of| of.is_far || of.cells == SHOWN[0])
            .collect(),
        equal: Equal {
            titles: PAIR.map(|network| TITLES[network].0),
            slower,
            ratio: first.max(second) / first.min(second),
            updates: updates(of.plan.epochs),
            seconds: updates(of.plan.amount.epochs) as f64 * first.min(second),
            is_stopped: of.plan.epochs < of.plan.amount.epochs,
        },
        others: (of.measured.iter())
            .filter(|of| of.case.cells.is_none())
            .map(other)
            .collect(),
        cases: of.measured.iter().map(|of| of.case.title.clone()).collect(),
        shown: shown(of)
            .map(|of| Shown {
                name: of.case.name.clone(),
                title: of.case.title.clone(),
            })
            .collect(),
        returned: (of.measured.iter())
            .filter(|of| of.baselines.persistence.last() < RETURNED)
            .map(|of| of.case.title.clone())
            .collect(),
        learning: learning(of).map_or(String::new(), |of| of.case.title.clone()),
        has_published: published(of).next().is_some(),
        kdv: times(of, "kdv"),
        ks: times(of, "kuramoto-sivashinsky"),
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

/// The network of the least mean figure, and that figure.
fn best(of: &Measured, figure: impl Fn(&Errors) -> f64) -> (&'static str, f64) {
    let means = of.trained.iter().map(|trained| mean(trained, &figure));
    let named = TITLES.iter().map(|title| title.0).zip(means);
    named
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or(("none", f64::NAN))
}

fn speed(of: &Measured, slower: usize) -> Option<Speed> {
    let cells = of.case.cells?;
    let pair = PAIR.map(|network| mean(&of.trained[network], Errors::last));
    let better = usize::from(pair[1] < pair[0]);
    let (best, lowest) = best(of, Errors::last);
    Some(Speed {
        cells,
        is_far: cells >= FAR,
        pair,
        better,
        ratio: pair[1 - better] / pair[better],
        stopped: match of.stopped.is_empty() {
            true => pair[slower],
            false => mean(&of.stopped, Errors::last),
        },
        best,
        lowest,
    })
}

fn other(of: &Measured) -> Other {
    let average = |errors: &Errors| errors.geometric_mean(AVERAGED);
    let (best, lowest) = best(of, average);
    Other {
        title: of.case.title.clone(),
        best,
        lowest,
        pair: PAIR.map(|network| mean(&of.trained[network], average)),
        linear: average(&of.baselines.linear),
        persistence: average(&of.baselines.persistence),
    }
}

fn times(of: &Figures, name: &str) -> Times {
    let found = of.measured.iter().find(|of| of.case.name == name);
    found.map_or(Times::default(), |of| Times {
        length: of.case.flow.length(),
        interval: of.case.flow.interval(),
        warm_up: of.case.flow.warm_up_time(),
    })
}

/// The cases whose errors are shown by step.
fn shown(of: &Figures) -> impl Iterator<Item = &Measured> {
    (of.measured.iter()).filter(|of| of.case.cells.is_none_or(|cells| SHOWN.contains(&cells)))
}

/// The case of the learning curves: the first at which information travels far.
fn learning(of: &Figures) -> Option<&Measured> {
    (of.measured.iter()).find(|of| of.case.cells.is_some_and(|cells| cells >= FAR))
}

/// Published figures of speeds that were measured, with what was measured.
fn published(of: &Figures) -> impl Iterator<Item = (f64, usize, Option<f64>, &Measured)> {
    PUBLISHED.iter().filter_map(|&(cells, network, error)| {
        let found = of.measured.iter().find(|of| of.case.cells == Some(cells));
        Some((cells, network, error, found?))
    })
}

fn exhibits(page: &mut Page, of: &Figures) {
    page.table("networks", network_rows(of));
    page.chart("advection", advection_chart(of));
    for (name, steps) in [("last", None), ("first", Some(1))] {
        let figure = |errors: &Errors| steps.map_or(errors.last(), |step| errors.after(step));
        page.table(name, error_rows(of, figure));
    }
    page.table(
        "average",
        error_rows(of, |errors| errors.geometric_mean(AVERAGED)),
    );
    page.table(
        "within",
        error_rows(of, |errors| errors.steps_within(LIMIT) as f64),
    );
    for of in shown(of) {
        page.chart(format!("{}/steps", of.case.name), steps_chart(of));
    }
    page.table("times", time_rows(of));
    page.chart("times", times_chart(of));
    if let Some(case) = learning(of) {
        page.chart("learning", learning_chart(case, &of.paces));
    }
    page.table("equal", of.measured.iter().map(|case| equal_row(of, case)));
    let published: Vec<_> = published(of).map(published_row).collect();
    if !published.is_empty() {
        page.table("published", published);
    }
}

fn network_rows(of: &Figures) -> impl Iterator<Item = Vec<Value>> {
    let updates = of.plan.amount.epochs * of.extent.parts.train.pairs().div_ceil(BATCH);
    let networks = of.networks.iter().zip(&of.paces).zip(TITLES).zip(NETWORKS);
    networks.map(move |(((sized, pace), (title, _)), network)| {
        let architecture = sized.spec.architecture;
        let modes = network.modes.map_or("–".into(), |modes| modes.to_string());
        row![
            title,
            sized.name,
            architecture.layers.to_string(),
            architecture.width.to_string(),
            modes,
            count(sized.parameters),
            1e3 * pace,
            pace * updates as f64,
        ]
    })
}

/// A figure of all models, one column per case.
fn error_rows(of: &Figures, figure: impl Fn(&Errors) -> f64) -> Vec<Vec<Value>> {
    let networks = TITLES.iter().enumerate().map(|(network, (title, _))| {
        let cells = of.measured.iter().map(|of| {
            let runs = of.trained[network].iter();
            spread(&runs.map(|run| figure(&run.errors)).collect::<Vec<_>>())
        });
        std::iter::once(Value::from(*title)).chain(cells).collect()
    });
    let baselines = ["linear propagator", "persistence"]
        .into_iter()
        .enumerate()
        .map(|(index, title)| {
            let cells = of.measured.iter().map(|of| {
                let both = [&of.baselines.linear, &of.baselines.persistence];
                Value::from(figure(both[index]))
            });
            std::iter::once(Value::from(title)).chain(cells).collect()
        });
    networks.chain(baselines).collect()
}

fn dashed(line: Line) -> Line {
    Line {
        dashed: true,
        ..line
    }
}

/// Errors after the last step by speed.
fn advection_chart(of: &Figures) -> Chart {
    let points = |value: &dyn Fn(&Measured) -> f64| -> Vec<(f64, f64)> {
        let cases = of.measured.iter();
        cases
            .filter_map(|of| Some((of.case.cells?, value(of))))
            .collect()
    };
    let networks = TITLES.iter().enumerate().map(|(network, (title, color))| {
        let value = |of: &Measured| mean(&of.trained[network], Errors::last);
        line(*title, *color, points(&value))
    });
    // The linear propagator would need an axis of eight decades.
    let still = points(&|of| of.baselines.persistence.last());
    let still = dashed(line("persistence", 0, still));
    Chart::lines(networks.chain([still])).double_logarithmic()
}

/// Errors by step.
fn steps_chart(of: &Measured) -> Chart {
    let networks = TITLES.iter().enumerate().map(|(network, (title, color))| {
        let steps = 1..=of.baselines.linear.mean.len();
        let trained = &of.trained[network];
        let points = steps.map(|step| (step as f64, mean(trained, |errors| errors.after(step))));
        line(*title, *color, points)
    });
    let numbered = |errors: &Errors| -> Vec<(f64, f64)> {
        let steps = errors.mean.iter().enumerate();
        steps
            .map(|(step, error)| ((step + 1) as f64, *error))
            .collect()
    };
    let still = dashed(line("persistence", 0, numbered(&of.baselines.persistence)));
    // On advection it would need an axis of eight decades.
    let linear = (of.case.cells.is_none())
        .then(|| dashed(line("linear propagator", 3, numbered(&of.baselines.linear))));
    Chart::lines(networks.chain([still]).chain(linear)).double_logarithmic()
}

/// Seconds of training until the error of one step was at most the goal: the median over seeds, none if it is that of a
/// training that did not get there.
fn seconds_to_goal(of: &Measured, network: usize, pace: f64) -> Option<f64> {
    let runs = of.trained[network].iter();
    let mut updates: Vec<f64> = runs
        .map(|run| {
            run.updates_to(GOAL)
                .map_or(f64::INFINITY, |updates| updates as f64)
        })
        .collect();
    updates.sort_by(f64::total_cmp);
    let median = updates.get(updates.len() / 2)?;
    median.is_finite().then_some(median * pace)
}

fn time_rows(of: &Figures) -> impl Iterator<Item = Vec<Value>> {
    TITLES.iter().enumerate().map(|(network, (title, _))| {
        let cells = of.measured.iter();
        let cells = cells.map(|case| seconds_to_goal(case, network, of.paces[network]).into());
        std::iter::once(Value::from(*title)).chain(cells).collect()
    })
}

fn times_chart(of: &Figures) -> Chart {
    Chart::lines(TITLES.iter().enumerate().map(|(network, (title, color))| {
        let points = of.measured.iter().filter_map(|case| {
            let seconds = seconds_to_goal(case, network, of.paces[network]);
            Some((case.case.cells?, seconds.unwrap_or(f64::NAN)))
        });
        line(*title, *color, points)
    }))
    .double_logarithmic()
}

/// Errors of one step by seconds of training.
fn learning_chart(of: &Measured, paces: &[f64]) -> Chart {
    Chart::lines(TITLES.iter().enumerate().map(|(network, (title, color))| {
        let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for point in of.trained[network].iter().flat_map(|run| &run.curve) {
            let (sum, count) = sums.entry(point.updates).or_default();
            *sum += point.error;
            *count += 1.0;
        }
        let points = sums
            .into_iter()
            .map(|(updates, (sum, count))| (updates as f64 * paces[network], sum / count));
        line(*title, *color, points)
    }))
    .double_logarithmic()
}

/// The pair at equal updates and at equal time.
fn equal_row(of: &Figures, case: &Measured) -> Vec<Value> {
    let values = |trained: &[Emulated]| {
        let errors = trained.iter().map(|run| run.errors.last());
        spread(&errors.collect::<Vec<_>>())
    };
    let [first, second] = PAIR.map(|network| values(&case.trained[network]));
    let stopped = match case.stopped.is_empty() {
        true => values(&case.trained[PAIR[of.plan.slower]]),
        false => values(&case.stopped),
    };
    row![case.case.title.clone(), first, second, stopped]
}

fn published_row((cells, network, error, of): (f64, usize, Option<f64>, &Measured)) -> Vec<Value> {
    let ours = of.trained[network].iter().map(|run| run.errors.last());
    row![
        format!("{cells}"),
        TITLES[network].0,
        error.map_or(Value::from("above 1"), Value::from),
        spread(&ours.collect::<Vec<_>>()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_figures_are_of_networks_and_speeds_of_the_study() {
        for (cells, network, _) in PUBLISHED {
            assert!(super::super::EXTENT.full.cells.contains(&cells));
            assert!(network < NETWORKS.len());
        }
        assert_eq!(TITLES.len(), NETWORKS.len());
    }
}
