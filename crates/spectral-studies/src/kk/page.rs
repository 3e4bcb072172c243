//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{Bar, ModelReport, Report, Value};

use super::literal::Written;
use super::{EXTENT, First, Group, Mistake};
use crate::kit::comparison::{Compared, Standing, Trained};
use crate::kit::shown::{Pictured, is_shown, pictured};
use crate::kit::{Chart, Page, Table, row};
use crate::{StudyError, StudyRun};

/// Seconds per epoch on a T4, from the source; for the last it says "over 20 minutes".
const ON_T4: [(&str, f64, &str); 3] = [
    ("cnn", 19.0, "19"),
    ("kk1", 50.0, "50"),
    ("kk2", 1200.0, "over 1,200"),
];

/// Pairs of classes that are shown.
const CONFUSED: usize = 5;

#[derive(Serialize)]
struct Figures<'a> {
    full_epochs: usize,
    time: Time,
    loops: Loops,
    /// The first layer of kk1.
    layer: Option<&'a First>,
    groups: &'a [GroupFigures],
}

/// Training time per epoch on the first set.
#[derive(Serialize)]
struct Time {
    set: String,
    images: usize,
    models: Vec<TimeRatio>,
}

/// A time relative to that of cnn.
#[derive(Serialize)]
struct TimeRatio {
    name: &'static str,
    here: f64,
    source: f64,
    /// Whether the source gives a bound.
    at_least: bool,
}

/// The last of the layers that are timed in both ways.
#[derive(Serialize)]
struct Loops {
    batch: usize,
    inputs: usize,
    outputs: usize,
    transforms: usize,
    ratio: f64,
    difference: f64,
}

#[derive(Serialize)]
struct GroupFigures {
    standing: Standing,
    /// The model with the highest mean test accuracy.
    best: String,
    /// The largest mean difference from the baseline.
    best_other: f64,
    pictured: Pictured,
    shows_mistakes: bool,
    /// Models whose channels and whose mistakes are shown.
    features: Vec<String>,
    mistaken: Vec<String>,
}

pub(super) fn page(
    run: &StudyRun<'_>,
    written: &[Written],
    groups: Vec<Group>,
) -> Result<Report, StudyError> {
    let mut page = Page::new();
    page.table("loops", written.iter().map(loops_row));
    let mut first = Vec::new();
    let mut time = None;
    let mut figures = Vec::new();
    for group in groups {
        if time.is_none() {
            page.table("epochs", epochs(&group.compared));
            time = Some(times(&group.compared));
            first.clone_from(&group.first);
        }
        figures.push(of_group(&mut page, group));
    }
    let (Some(time), Some(loops)) = (time, written.last().map(loops)) else {
        return Err(StudyError::Failed("kk: nothing was measured".into()));
    };
    let figures = Figures {
        full_epochs: EXTENT.full.epochs,
        time,
        loops,
        layer: first.iter().find(|first| first.model == "kk1"),
        groups: &figures,
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

fn epoch_s(trained: &Trained) -> f64 {
    trained.mean(|run| run.epoch_s)
}

fn accuracy(trained: &Trained) -> f64 {
    trained.mean(|run| run.accuracy)
}

/// The time per epoch of cnn, which all are compared with.
fn baseline_s(compared: &Compared) -> f64 {
    compared.find("cnn").map_or(f64::NAN, epoch_s)
}

fn times(compared: &Compared) -> Time {
    let ratio = |&(name, source, text): &(&'static str, f64, &str)| {
        Some(TimeRatio {
            name,
            here: epoch_s(compared.find(name)?) / baseline_s(compared),
            source: source / ON_T4[0].1,
            at_least: text.starts_with("over"),
        })
    };
    Time {
        set: compared.data.name.clone(),
        images: compared.data.train_count,
        models: ON_T4[1..].iter().filter_map(ratio).collect(),
    }
}

fn epochs(compared: &Compared) -> Table {
    let rows = compared.models.iter().map(|trained| {
        let source = ON_T4.iter().find(|(model, ..)| *model == trained.model);
        row![
            trained.model.as_str(),
            epoch_s(trained),
            epoch_s(trained) / baseline_s(compared),
            source.map_or("–", |(_, _, text)| text),
            source.map(|(_, seconds, _)| seconds / ON_T4[0].1),
        ]
    });
    rows.collect()
}

/// Transforms that the loops take.
fn transforms(of: &Written) -> usize {
    2 * of.channels[0] * of.channels[1]
}

fn loops(of: &Written) -> Loops {
    Loops {
        batch: of.batch,
        inputs: of.channels[0],
        outputs: of.channels[1],
        transforms: transforms(of),
        ratio: of.seconds[0] / of.seconds[1],
        difference: of.difference,
    }
}

fn loops_row(of: &Written) -> Vec<Value> {
    row![
        format!("{}→{}", of.channels[0], of.channels[1]),
        format!("{}×{}", of.size[0], of.size[1]),
        transforms(of).to_string(),
        1e3 * of.seconds[0],
        1e3 * of.seconds[1],
        of.seconds[0] / of.seconds[1],
        of.difference,
    ]
}

/// The exhibits of a data set, and what the sentences say.
fn of_group(page: &mut Page, group: Group) -> GroupFigures {
    let set = group.compared.data.name.clone();
    let models = &group.compared.models;
    let best = (models.iter()).max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)));
    let best = best.map_or_else(String::new, |best| best.model.clone());
    page.chart(
        format!("{set}/accuracy"),
        Chart::bars(models.iter().map(bar)),
    );
    page.table(format!("{set}/layers"), group.first.iter().map(layer_row));
    page.table(format!("{set}/confusions"), confusions(&group));
    let shows_mistakes = is_shown(&set);
    if !shows_mistakes {
        page.table(format!("{set}/mistakes"), most_confident(&group.mistakes));
    }
    let mut features = Vec::new();
    for (model, pictures) in group.features {
        page.strip(format!("{set}/features of {model}"), pictures);
        features.push(model);
    }
    let mut mistaken = Vec::new();
    for (model, mistakes) in group.mistakes {
        let pictures = mistakes.into_iter().filter_map(|one| one.picture);
        page.strip(format!("{set}/mistakes of {model}"), pictures.collect());
        mistaken.push(model);
    }
    let standing = page.comparison(&set, group.compared);
    let means = standing.others.iter().map(|other| other.mean);
    GroupFigures {
        best,
        best_other: means.fold(f64::NEG_INFINITY, f64::max),
        pictured: pictured(&set),
        shows_mistakes,
        features,
        mistaken,
        standing,
    }
}

/// The accuracy in the color of its kind: spatial, published, repaired, free.
fn bar(trained: &Trained) -> Bar {
    Bar {
        name: trained.model.clone(),
        value: 100.0 * accuracy(trained),
        group: match trained.model.as_str() {
            "cnn" => 2,
            "kk1" | "kk2" => 1,
            "kk1-repaired" | "kk2-repaired" => 3,
            _ => 4,
        },
    }
}

fn layer_row(first: &First) -> Vec<Value> {
    row![
        first.model.as_str(),
        first.equivalent.as_str(),
        first.residual,
        first.by_three,
        first.parameters.to_string(),
        first.dead.to_string(),
        100.0 * first.discarded,
    ]
}

/// The pairs of classes that a network confuses most: how many images, of how many, which and with
/// which.
fn confused(run: &ModelReport) -> Vec<(u64, u64, usize, usize)> {
    let rows = run.confusion.iter().enumerate();
    let mut pairs: Vec<(u64, u64, usize, usize)> = rows
        .flat_map(|(truth, row)| {
            let of = row.iter().sum();
            let wrong = row
                .iter()
                .enumerate()
                .filter(move |(named, _)| *named != truth);
            wrong.map(move |(named, count)| (*count, of, truth, named))
        })
        .collect();
    pairs.sort_by_key(|(count, _, truth, named)| (std::cmp::Reverse(*count), *truth, *named));
    pairs.truncate(CONFUSED);
    pairs
}

fn confusions(group: &Group) -> Table {
    let classes = &group.compared.data.classes;
    let models = group.mistakes.iter();
    let runs = models.filter_map(|(model, _)| {
        let run = group.compared.find(model)?.runs.first()?;
        Some((model, run))
    });
    let rows = runs.flat_map(|(model, run)| {
        let pairs = confused(run).into_iter();
        pairs.map(move |(images, of, truth, named)| {
            row![
                model.as_str(),
                classes[truth].as_str(),
                classes[named].as_str(),
                images.to_string(),
                100.0 * images as f64 / of.max(1) as f64,
            ]
        })
    });
    rows.collect()
}

/// Mistakes in words.
fn most_confident(mistakes: &[(String, Vec<Mistake>)]) -> Table {
    let rows = mistakes.iter().flat_map(|(model, mistakes)| {
        mistakes.iter().map(move |mistake| {
            let [is, named] = &mistake.classes;
            row![
                model.as_str(),
                is.as_str(),
                named.as_str(),
                format!("{:.0}", 100.0 * mistake.probability),
            ]
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusions_are_ranked_by_their_number_and_leave_out_what_is_right() {
        let run = ModelReport {
            confusion: vec![vec![90, 7, 3], vec![9, 80, 0], vec![0, 0, 5]],
            ..ModelReport::default()
        };
        let found = confused(&run);
        assert_eq!(found[..3], [(9, 89, 1, 0), (7, 100, 0, 1), (3, 100, 0, 2)]);
        assert_eq!(found.len(), CONFUSED);
    }
}
