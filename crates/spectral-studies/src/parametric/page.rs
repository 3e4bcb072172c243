//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{Report, Value, count};

use super::pace::{Pace, Reached};
use super::scale::Cost;
use super::sight::Sight;
use super::{Figures, LEVELS, NOTHING_LEARNED, PUBLISHED, SCALED};
use crate::kit::comparison::{Compared, PerSeed, Standing, percent};
use crate::kit::shown::{Pictured, is_shown, pictured};
use crate::kit::{Chart, Page, Table, line, row};
use crate::{StudyError, StudyRun};

/// Accuracies that the source's notebook printed, of one trial.
const SOURCE: [(&str, f64); 2] = [("cats-spatial", 0.506), ("cats-fourier", 0.652)];

/// Networks whose change by frequency is drawn.
const DRAWN: [&str; 4] = [
    "cats-spatial",
    "cats-fourier",
    "cats-gaussian",
    "cats-gaussian-repaired",
];

/// Which of the frequencies is drawn.
const DRAWN_FREQUENCY: usize = 2;

#[derive(Serialize)]
struct PageFigures {
    set: String,
    train: usize,
    test: usize,
    classes: usize,
    epochs: usize,
    thumbnails: Baseline,
    /// The loss of the one answer that is best for all images, and the losses to be reached.
    constant: f64,
    losses: Vec<f64>,
    levels: [f64; 6],
    /// Training images that the loss is read on, and steps between two readings.
    probing: [usize; 2],
    learned: Vec<Learned>,
    first: Vec<First>,
    batch: usize,
    rounds: usize,
    scaling: Scaling,
    seen: Option<Seen>,
    /// Whether images have colors of their own, and not those of three gray ones.
    has_colors: bool,
    /// The first class, and the labels of the pictures whose outputs for it are shown.
    class: String,
    labels: Vec<String>,
    is_shown: bool,
    pictured: Pictured,
    standing: Standing,
    deep: Standing,
}

/// The best ridge regression on thumbnails, beside the networks.
#[derive(Serialize)]
struct Baseline {
    side: usize,
    accuracy: f64,
    /// How many sides were tried.
    sides: usize,
    /// Networks with a lower mean accuracy, of all.
    below: usize,
    networks: usize,
    best: String,
    best_accuracy: f64,
}

/// When a network is better than a constant prediction, as medians over the seeds.
#[derive(Serialize)]
struct Learned {
    model: String,
    /// None unless every seed is.
    steps: Option<f64>,
    seconds: Option<f64>,
    reached: usize,
    seeds: usize,
}

/// The networks that reach a loss first.
#[derive(Serialize)]
struct First {
    loss: f64,
    by_steps: String,
    by_time: String,
}

/// How time grows from the smallest to the largest image.
#[derive(Serialize)]
struct Scaling {
    from: usize,
    to: usize,
    growth: Vec<(&'static str, f64)>,
    /// The time of a step of the convolutional network, relative to that of others.
    ratios: Vec<(&'static str, f64)>,
    /// Filter parameters of networks that have as many at every size.
    filters: Vec<(&'static str, usize)>,
    params: Vec<(&'static str, usize)>,
}

/// What the published networks cannot tell apart, and the others can: the largest figure of the former,
/// the least and the largest of the latter.
#[derive(Serialize)]
struct Seen {
    elsewhere: f64,
    others_elsewhere: [f64; 2],
    colors: f64,
    others_colors: [f64; 2],
    contrast: f64,
    others_contrast: f64,
}

pub(super) fn page(run: &StudyRun<'_>, of: Figures) -> Result<Report, StudyError> {
    let missing = || StudyError::Failed("parametric: nothing was measured".into());
    let data = &of.compared.data;
    let (set, classes) = (data.name.clone(), data.classes.len());
    let constant = nothing_learned(classes);
    let losses = LEVELS.map(|level| level * constant);
    let runs = of.compared.models.iter().flat_map(|trained| &trained.runs);
    let mut page = Page::new();
    let thumbnails = of.thumbnails.iter();
    page.table(
        "thumbnails",
        thumbnails.map(|of| {
            row![
                format!("{0}×{0}", of.side),
                of.weights.to_string(),
                percent(of.accuracy)
            ]
        }),
    );
    paces(&mut page, &of.paced, &losses);
    costs(&mut page, &of);
    sights(&mut page, &of);
    page.table("source", beside_source(&of.compared));
    let figures = PageFigures {
        train: data.train_count,
        test: data.test_count,
        classes,
        epochs: runs.map(|run| run.history.len()).max().unwrap_or(0),
        thumbnails: baseline(&of).ok_or_else(missing)?,
        constant,
        losses: losses.to_vec(),
        levels: LEVELS,
        probing: of.extent.probing,
        learned: of.paced.iter().map(|of| learned(of, constant)).collect(),
        first: losses[NOTHING_LEARNED..]
            .iter()
            .filter_map(|loss| first(&of.paced, *loss))
            .collect(),
        batch: of.extent.batch,
        rounds: of.extent.rounds,
        scaling: scaling(&of.costs).ok_or_else(missing)?,
        seen: seen(&of.sights),
        has_colors: of.has_colors,
        class: data.classes.first().cloned().unwrap_or_default(),
        labels: of.pictures.iter().map(|of| of.label.clone()).collect(),
        is_shown: is_shown(&set),
        pictured: pictured(&set),
        set,
        standing: page.comparison("standing", of.compared),
        deep: page.comparison("deep", of.deep),
    };
    page.strip("colors", of.pictures);
    page.render(run, include_str!("page.md.jinja"), &figures)
}

/// The squared error of the one answer that is best for all images, where classes are alike in number.
fn nothing_learned(classes: usize) -> f64 {
    let share = 1.0 / classes.max(1) as f64;
    share * (1.0 - share)
}

fn baseline(of: &Figures) -> Option<Baseline> {
    let thumbnails = of.thumbnails.iter();
    let ridge = thumbnails.max_by(|one, two| one.accuracy.total_cmp(&two.accuracy))?;
    let models = of.compared.models.iter();
    let networks: Vec<(&str, f64)> = models
        .map(|trained| (&*trained.model, trained.mean(|run| run.accuracy)))
        .collect();
    let (best, best_accuracy) = networks.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let below = networks
        .iter()
        .filter(|(_, accuracy)| *accuracy < ridge.accuracy);
    Some(Baseline {
        side: ridge.side,
        accuracy: ridge.accuracy,
        sides: of.thumbnails.len(),
        below: below.count(),
        networks: networks.len(),
        best: (*best).into(),
        best_accuracy: *best_accuracy,
    })
}

fn learned(of: &PerSeed<Pace>, constant: f64) -> Learned {
    Learned {
        model: of.model.clone(),
        steps: of.middle(constant, |at| at.steps as f64),
        seconds: of.middle(constant, |at| at.seconds),
        reached: of.reaches(constant).iter().flatten().count(),
        seeds: of.seeds.len(),
    }
}

/// The first of those that reach it from every seed.
fn first(all: &[PerSeed<Pace>], loss: f64) -> Option<First> {
    let first = |figure: fn(Reached) -> f64| {
        let times = all
            .iter()
            .filter_map(|of| Some((of, of.middle(loss, figure)?)));
        let first = times.min_by(|a, b| a.1.total_cmp(&b.1));
        first.map(|(of, _)| of.model.clone())
    };
    Some(First {
        loss,
        by_steps: first(|at| at.steps as f64)?,
        by_time: first(|at| at.seconds)?,
    })
}

/// Losses by step, and when fixed ones are reached.
fn paces(page: &mut Page, all: &[PerSeed<Pace>], losses: &[f64]) {
    let reached = |of: &PerSeed<Pace>, shown: fn(Reached) -> String| {
        let mut row = row![of.model.as_str()];
        for loss in losses {
            let each = of.reaches(*loss).into_iter();
            let each = each.map(|at| at.map_or_else(|| "–".into(), shown));
            row.push(each.collect::<Vec<_>>().join(", ").into());
        }
        row
    };
    page.table(
        "steps",
        all.iter().map(|of| {
            let mut row = reached(of, |at| at.steps.to_string());
            row.push(of.last().into());
            row
        }),
    );
    page.table(
        "seconds",
        all.iter().map(|of| {
            let mut row = reached(of, |at| format!("{:.2}", at.seconds));
            row.push(of.step_seconds().map(|seconds| 1e3 * seconds).into());
            row
        }),
    );
    let lines = all.iter().enumerate().map(|(group, of)| of.line(group));
    page.chart("paces", Chart::lines(lines).logarithmic());
}

/// The costs of a network, the smallest image first.
fn of_model<'a>(costs: &'a [Cost], model: &str) -> Vec<&'a Cost> {
    let mut own: Vec<&Cost> = costs.iter().filter(|cost| cost.model == model).collect();
    own.sort_by_key(|cost| cost.side);
    own
}

fn costs(page: &mut Page, of: &Figures) {
    let batch = of.extent.batch;
    let own = SCALED.map(|model| of_model(&of.costs, model));
    page.table(
        "costs",
        own.iter().flatten().map(|cost| {
            let pixels = (batch * cost.side * cost.side) as f64;
            row![
                cost.model.as_str(),
                format!("{0}×{0}", cost.side),
                1e3 * cost.seconds,
                1e9 * cost.seconds / pixels,
                count(cost.filter_params),
                count(cost.params),
                cost.multiply_adds as f64 / 1e6,
            ]
        }),
    );
    let lines = SCALED.iter().zip(&own).enumerate();
    let lines = lines.map(|(group, (model, own))| {
        let points = own
            .iter()
            .map(|cost| (cost.side as f64, 1e3 * cost.seconds));
        line(*model, group, points)
    });
    page.chart("costs", Chart::lines(lines).logarithmic());
}

fn scaling(costs: &[Cost]) -> Option<Scaling> {
    let at = |model: &str| of_model(costs, model).last().copied();
    let [spatial, fourier, linear, gaussian] = PUBLISHED;
    let own = at(spatial)?;
    let mut growth = Vec::new();
    for model in SCALED {
        let all = of_model(costs, model);
        growth.push((model, all.last()?.seconds / all.first()?.seconds));
    }
    let mut ratios = Vec::new();
    for model in [fourier, linear, gaussian] {
        ratios.push((model, own.seconds / at(model)?.seconds));
    }
    let (mut filters, mut params) = (Vec::new(), Vec::new());
    for model in [linear, gaussian] {
        filters.push((model, at(model)?.filter_params));
    }
    for model in [linear, gaussian, spatial, fourier] {
        params.push((model, at(model)?.params));
    }
    Some(Scaling {
        from: of_model(costs, spatial).first()?.side,
        to: own.side,
        growth,
        ratios,
        filters,
        params,
    })
}

fn seen(sights: &[Sight]) -> Option<Seen> {
    // The published networks of spectra.
    let is_published = |sight: &&Sight| PUBLISHED[1..].contains(&sight.model.as_str());
    let (published, others): (Vec<&Sight>, Vec<&Sight>) = sights.iter().partition(is_published);
    let ends = |of: &[&Sight], figure: fn(&Sight) -> f64| {
        let figures = of.iter().map(|sight| figure(sight));
        figures.fold([f64::INFINITY, 0.0], |[low, high], value| {
            [low.min(value), high.max(value)]
        })
    };
    (!published.is_empty() && !others.is_empty()).then(|| Seen {
        elsewhere: ends(&published, Sight::most_elsewhere)[1],
        others_elsewhere: ends(&others, Sight::elsewhere),
        colors: ends(&published, Sight::recolored)[1],
        others_colors: ends(&others, Sight::recolored),
        contrast: ends(&published, |sight| sight.contrast)[1],
        others_contrast: ends(&others, |sight| sight.contrast)[1],
    })
}

fn sights(page: &mut Page, of: &Figures) {
    page.table(
        "sights",
        of.sights.iter().map(|sight| {
            let all = sight.leaks.first().map_or(0, |leak| leak.of);
            row![
                sight.model.as_str(),
                100.0 * sight.elsewhere(),
                format!("{:.0} of {all}", sight.changed()),
                sight.colors.permuted,
                sight.colors.exchanged,
                sight.contrast,
            ]
        }),
    );
    page.table(
        "answers",
        of.sights.iter().map(|sight| {
            let mut row = row![sight.model.as_str()];
            let answers = sight.answers.iter();
            let answers = answers.map(|answer| format!("{answer:+.4}").replace('-', "−"));
            row.extend(answers.map(Value::from));
            row
        }),
    );
    let drawn = DRAWN.iter().filter_map(|name| {
        let sight = of.sights.iter().find(|sight| sight.model == *name)?;
        let mut picture = sight.leaks.get(DRAWN_FREQUENCY)?.picture.clone();
        picture.label = (*name).into();
        Some(picture)
    });
    page.strip("leaks", drawn.collect());
}

/// The source's own figures beside ours.
fn beside_source(compared: &Compared) -> Table {
    let rows = compared.models.iter().map(|trained| {
        let source = SOURCE.iter().find(|(model, _)| *model == trained.model);
        let mut accuracy = percent(trained.mean(|run| run.accuracy));
        if let Some(spread) = trained.spread(|run| run.accuracy) {
            accuracy = format!("{accuracy} ± {}", percent(spread.std));
        }
        row![
            trained.model.as_str(),
            source.map_or_else(|| "–".into(), |(_, accuracy)| percent(*accuracy)),
            accuracy,
            trained.runs.len().to_string(),
        ]
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_classes_half_is_the_best_answer_for_all() {
        assert_eq!(nothing_learned(2), 0.25);
        assert!((nothing_learned(10) - 0.09).abs() < 1e-12);
    }
}
