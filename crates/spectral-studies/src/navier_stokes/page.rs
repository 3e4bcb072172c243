//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{ColorScale, Line, Picture, Report, ReportError, Value, count};

use super::record::{Frame, Record};
use super::{BATCH, Baselines, Figures, PARAMETERS, Run, Trained};
use crate::kit::emulation::{Errors, LARGEST, Parts};
use crate::kit::{Chart, Page, line, row, spread};
use crate::{StudyError, StudyRun};

/// Steps that the geometric mean is over.
const AVERAGED: usize = 20;

/// Error of a rollout up to which its steps are counted.
const LIMIT: f64 = 0.5;

/// Names for readers and colors, in the order of the networks.
const TITLES: [(&str, usize); 3] = [("ResNet", 2), ("U-Net", 4), ("FNO", 1)];

/// The place of the FNO.
const FNO: usize = 2;

#[derive(Serialize)]
struct PageFigures {
    parameters: usize,
    points: usize,
    parts: Parts,
    steps: usize,
    seeds: u64,
    updates: usize,
    batch: usize,
    averaged: usize,
    limit: f64,
    largest: f64,
    interval: f64,
    warm_up: f64,
    /// Cells that the flow moves in a step, the root mean square.
    cells: f64,
    slowest: &'static str,
    /// Seconds of every network at equal time.
    seconds: f64,
    equal: Standing,
    longer: Standing,
    linear: f64,
    persistence: f64,
    /// Steps of the spectra.
    spectra: Vec<usize>,
    /// The range of all colors.
    colors: String,
    networks: Vec<&'static str>,
}

/// Which network is best, and the factor between it and the next or the FNO.
#[derive(Serialize)]
struct Standing {
    best: &'static str,
    is_fno: bool,
    /// Geometric means of the errors, in the order of the networks.
    errors: Vec<f64>,
    /// The error of the second best, or of the FNO where it is not the best, over the best.
    ratio: f64,
    /// The network of that error.
    other: &'static str,
}

fn average(errors: &Errors) -> f64 {
    errors.geometric_mean(AVERAGED)
}

/// The mean over seeds of a figure.
fn mean(runs: &[Run], of: impl Fn(&Errors) -> f64) -> f64 {
    let sum: f64 = runs.iter().map(|run| of(&run.emulated.errors)).sum();
    sum / runs.len() as f64
}

/// Both comparisons, with the runs of each.
type Of = fn(&Trained) -> &Vec<Run>;
const COMPARISONS: [(&str, Of); 2] = [
    ("equal", |trained| &trained.equal),
    ("longer", |trained| &trained.longer),
];

pub(super) fn page(run: &StudyRun<'_>, of: &Figures) -> Result<Report, StudyError> {
    let mut page = Page::new();
    let colors = exhibits(&mut page, of)?;
    let steps = of.extent.parts.test.steps;
    let updates = of.plan.amount.epochs * updates_per_epoch(of);
    let slowest = (0..TITLES.len()).max_by(|a, b| of.paces[*a].total_cmp(&of.paces[*b]));
    let slowest = slowest.unwrap_or(0);
    let cell = of.flow.length() / of.extent.points as f64;
    let figures = PageFigures {
        parameters: PARAMETERS,
        points: of.extent.points,
        parts: of.extent.parts,
        steps,
        seeds: of.plan.amount.seeds,
        updates,
        batch: BATCH,
        averaged: AVERAGED.min(steps),
        limit: LIMIT,
        largest: LARGEST,
        interval: of.flow.interval(),
        warm_up: of.flow.warm_up_time(),
        cells: of.baselines.speed * of.flow.interval() / cell,
        slowest: TITLES[slowest].0,
        seconds: updates as f64 * of.paces[slowest],
        equal: standing(of, COMPARISONS[0].1),
        longer: standing(of, COMPARISONS[1].1),
        linear: average(&of.baselines.linear),
        persistence: average(&of.baselines.persistence),
        spectra: spectra(&of.baselines.truth),
        colors,
        networks: TITLES.iter().map(|title| title.0).collect(),
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

fn updates_per_epoch(of: &Figures) -> usize {
    of.extent.parts.train.pairs().div_ceil(BATCH)
}

fn standing(of: &Figures, runs: Of) -> Standing {
    let errors: Vec<f64> = (of.trained.iter())
        .map(|trained| mean(runs(trained), average))
        .collect();
    let mut order: Vec<usize> = (0..errors.len()).collect();
    order.sort_by(|a, b| errors[*a].total_cmp(&errors[*b]));
    let best = order[0];
    let other = if best == FNO { order[1] } else { FNO };
    Standing {
        best: TITLES[best].0,
        is_fno: best == FNO,
        ratio: errors[other] / errors[best],
        other: TITLES[other].0,
        errors,
    }
}

/// Steps whose spectra are shown: the first, one in the middle, and the last.
fn spectra(truth: &Record) -> Vec<usize> {
    let steps: Vec<usize> = truth.frames.iter().map(|frame| frame.step).collect();
    let mut shown: Vec<usize> = [0, steps.len() / 2, steps.len().saturating_sub(1)]
        .iter()
        .filter_map(|at| steps.get(*at).copied())
        .collect();
    shown.dedup();
    shown
}

fn exhibits(page: &mut Page, of: &Figures) -> Result<String, StudyError> {
    page.table("networks", network_rows(of));
    for (name, runs) in COMPARISONS {
        page.chart(format!("{name}/steps"), steps_chart(of, runs));
        page.table(format!("{name}/errors"), error_rows(of, runs));
    }
    for step in spectra(&of.baselines.truth) {
        page.chart(format!("spectrum/{step}"), spectrum_chart(of, step));
    }
    Ok(pictures(page, of)?)
}

fn network_rows(of: &Figures) -> impl Iterator<Item = Vec<Value>> {
    TITLES.iter().enumerate().map(|(index, (title, _))| {
        let (sized, pace) = (&of.networks[index], of.paces[index]);
        let architecture = sized.spec.architecture;
        let updates = updates_per_epoch(of);
        let modes = super::NETWORKS[index].modes.map(|_| architecture.modes);
        row![
            *title,
            sized.name,
            architecture.layers.to_string(),
            architecture.width.to_string(),
            modes.map_or("–".to_string(), |modes| modes.to_string()),
            count(sized.parameters),
            1e3 * pace,
            count(of.plan.amount.epochs * updates),
            pace * (of.plan.amount.epochs * updates) as f64,
            count(of.plan.epochs[index] * updates),
        ]
    })
}

/// Errors of all models: after the first step, after ten and the last, their geometric mean, and the steps within the
/// limit.
fn error_rows(of: &Figures, runs: Of) -> Vec<Vec<Value>> {
    let last = of.extent.parts.test.steps;
    let figures: [&dyn Fn(&Errors) -> f64; 5] = [
        &|errors| errors.after(1),
        &|errors| errors.after(10.min(last)),
        &|errors| errors.last(),
        &average,
        &|errors| errors.steps_within(LIMIT) as f64,
    ];
    let networks = TITLES.iter().zip(&of.trained).map(|((title, _), trained)| {
        let cells = figures.iter().map(|figure| {
            let errors = runs(trained).iter().map(|run| &run.emulated.errors);
            spread(&errors.map(figure).collect::<Vec<_>>())
        });
        std::iter::once(Value::from(*title)).chain(cells).collect()
    });
    let Baselines {
        linear,
        persistence,
        ..
    } = &of.baselines;
    let baselines = [("linear propagator", linear), ("persistence", persistence)];
    let baselines = baselines.map(|(title, errors)| {
        let cells = figures.iter().map(|figure| Value::from(figure(errors)));
        std::iter::once(Value::from(title)).chain(cells).collect()
    });
    networks.chain(baselines).collect()
}

/// Errors by step.
fn steps_chart(of: &Figures, runs: Of) -> Chart {
    let steps = 1..=of.extent.parts.test.steps;
    let networks = TITLES.iter().zip(&of.trained).map(|((title, color), of)| {
        let points = steps
            .clone()
            .map(|step| (step as f64, mean(runs(of), |errors| errors.after(step))));
        line(*title, *color, points)
    });
    let Baselines {
        linear,
        persistence,
        ..
    } = &of.baselines;
    let baselines = [
        ("linear propagator", 3, linear),
        ("persistence", 0, persistence),
    ];
    let baselines = baselines.map(|(title, color, errors)| Line {
        dashed: true,
        ..line(
            title,
            color,
            steps.clone().map(|step| (step as f64, errors.after(step))),
        )
    });
    Chart::lines(networks.chain(baselines)).logarithmic()
}

fn frame(record: &Record, step: usize) -> Option<&Frame> {
    record.frames.iter().find(|frame| frame.step == step)
}

/// Spectra after a number of steps, at equal time; of the first seed.
fn spectrum_chart(of: &Figures, step: usize) -> Chart {
    // Without the mean, which has no place on a logarithmic axis.
    let points = |record: &Record| -> Vec<(f64, f64)> {
        let spectrum = frame(record, step).map_or(&[][..], |frame| &frame.spectrum);
        let waves = spectrum.iter().enumerate().skip(1);
        waves.map(|(wave, power)| (wave as f64, *power)).collect()
    };
    let truth = line("truth", 0, points(&of.baselines.truth));
    let networks = TITLES.iter().zip(&of.trained).map(|((title, color), of)| {
        let first = of.longer.first();
        line(
            *title,
            *color,
            first.map_or(Vec::new(), |run| points(&run.record)),
        )
    });
    Chart::lines(std::iter::once(truth).chain(networks)).double_logarithmic()
}

/// The first test trajectory, its predictions at equal time and their differences from it; returns the range of colors.
fn pictures(page: &mut Page, of: &Figures) -> Result<String, ReportError> {
    let truth = &of.baselines.truth.frames;
    let side = of.extent.points;
    let fields = |frames: &[Frame]| -> Vec<Vec<f32>> {
        frames.iter().map(|frame| frame.field.clone()).collect()
    };
    let true_fields = fields(truth);
    let predictions: Vec<Vec<Vec<f32>>> = (of.trained.iter())
        .filter_map(|trained| trained.longer.first())
        .map(|run| fields(&run.record.frames))
        .collect();
    let differences: Vec<Vec<Vec<f32>>> = (predictions.iter())
        .map(|frames| {
            let pairs = frames.iter().zip(&true_fields);
            pairs.map(|(p, u)| difference(p, u)).collect()
        })
        .collect();
    let scale = ColorScale::symmetric(true_fields.iter().map(Vec::as_slice));
    let strip = |scale: &ColorScale, frames: &[Vec<f32>]| -> Result<Vec<Picture>, ReportError> {
        let labeled = frames.iter().zip(truth);
        labeled
            .map(|(field, of)| scale.picture(field, side, side, format!("step {}", of.step)))
            .collect()
    };
    page.strip("truth", strip(&scale, &true_fields)?);
    for (index, (title, _)) in TITLES.iter().enumerate() {
        let [prediction, difference] =
            [&predictions, &differences].map(|all| all.get(index).map_or(&[][..], Vec::as_slice));
        page.strip(format!("{title}/prediction"), strip(&scale, prediction)?);
        // The same colors: a difference as large as the flow looks as large.
        page.strip(format!("{title}/difference"), strip(&scale, difference)?);
    }
    Ok(scale.describe())
}

fn difference(prediction: &[f32], truth: &[f32]) -> Vec<f32> {
    prediction.iter().zip(truth).map(|(p, u)| p - u).collect()
}
