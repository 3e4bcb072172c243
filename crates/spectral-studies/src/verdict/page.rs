//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::chance::{Verdict, compare, compare_seeds};
use spectral_lab::report::{Bar, DataSetReport, ModelReport, Report, Value};

use super::plan::{Extent, Plan};
use super::reach::Reach;
use super::{BATCH, Group, MOST_LONGER, PAIRS, PLAIN, Pair};
use crate::kit::comparison::{Trained, percent, points};
use crate::kit::{Chart, Page, row};
use crate::{StudyError, StudyRun};

#[derive(Serialize)]
struct Figures {
    extent: Extent,
    batch: usize,
    /// The most times as many epochs at equal time.
    most_longer: f64,
    /// Of all sets, at equal parameters and at equal time.
    all: Tally,
    sets: Vec<SetFigures>,
}

#[derive(Serialize)]
struct SetFigures {
    name: String,
    train: usize,
    test: usize,
    /// Where the images are resized.
    size: Option<(usize, usize)>,
    at_equal_size: Tally,
    at_equal_time: Tally,
    /// The networks with the highest mean test accuracy.
    best_spectral: Option<Best>,
    best_spatial: Option<Best>,
}

#[derive(Serialize)]
struct Best {
    model: String,
    accuracy: f64,
}

/// How spectral networks differ from their twins.
#[derive(Serialize)]
struct Tally {
    pairs: usize,
    /// The significantly better ones.
    better: Vec<&'static str>,
    /// How many are significantly worse.
    worse: usize,
}

impl Tally {
    fn of(all: &[(&Pair, Difference)]) -> Self {
        let are = |verdict| {
            let all = all.iter().filter(move |(_, one)| one.verdict == verdict);
            all.map(|(pair, _)| pair.spectral)
        };
        Self {
            pairs: all.len(),
            better: are(Verdict::Better).collect(),
            worse: are(Verdict::Worse).count(),
        }
    }
}

/// How a spectral network differs from its twin.
struct Difference {
    /// In accuracy.
    by: f64,
    verdict: Verdict,
}

impl Difference {
    /// Of means over equally many seeds, judged on so many images.
    fn of(spectral: &Trained, spatial: &Trained, images: usize) -> Self {
        let (by, verdict) = match (spectral.spread(accuracy), spatial.spread(accuracy)) {
            (Some(a), Some(b)) => compare_seeds(a, b, images),
            _ => compare(spectral.mean(accuracy), spatial.mean(accuracy), images),
        };
        Self { by, verdict }
    }

    /// In points, with a star where it is significant.
    fn shown(&self) -> String {
        let star = match self.verdict {
            Verdict::Alike => "",
            _ => " *",
        };
        format!("{}{star}", points(self.by))
    }
}

impl Group {
    fn pair(&self, pair: &Pair) -> Option<(&Trained, &Trained)> {
        let spectral = self.compared.find(pair.spectral)?;
        Some((spectral, self.compared.find(pair.spatial)?))
    }

    /// At equal parameters and epochs.
    fn at_equal_size(&self, index: usize) -> Option<Difference> {
        let (spectral, spatial) = self.pair(&PAIRS[index])?;
        Some(Difference::of(spectral, spatial, self.images()))
    }

    /// At equal parameters and time.
    fn at_equal_time(&self, index: usize) -> Option<Difference> {
        let pair = &PAIRS[index];
        let (mut spectral, mut spatial) = self.pair(pair)?;
        if let Some(longer) = &self.longer[index] {
            match longer.trained.model == pair.spectral {
                true => spectral = &longer.trained,
                false => spatial = &longer.trained,
            }
        }
        Some(Difference::of(spectral, spatial, self.images()))
    }

    /// Test images.
    fn images(&self) -> usize {
        self.compared.data.test_count
    }

    /// The best network of those that are spectral, or of the others.
    fn best(&self, is_spectral: bool) -> Option<Best> {
        let kind = |model: &str| PAIRS.iter().any(|pair| pair.spectral == model) == is_spectral;
        let models = self.compared.models.iter();
        let means = models
            .filter(|trained| kind(&trained.model))
            .map(|trained| Best {
                model: trained.model.clone(),
                accuracy: trained.mean(accuracy),
            });
        means.max_by(|a, b| a.accuracy.total_cmp(&b.accuracy))
    }
}

pub(super) fn page(
    run: &StudyRun<'_>,
    plan: &Plan,
    groups: Vec<Group>,
) -> Result<Report, StudyError> {
    let mut page = Page::new();
    page.table(
        "differences",
        (0..PAIRS.len()).map(|pair| differences(&groups, pair)),
    );
    page.table("reach", groups.iter().flat_map(reaches));
    let (mut sets, mut all) = (Vec::new(), Vec::new());
    for (color, group) in groups.into_iter().enumerate() {
        let name = group.part.name.clone();
        page.chart(format!("{name}/differences"), chart(&group, color));
        page.table(
            format!("{name}/pairs"),
            (0..PAIRS.len()).filter_map(|pair| pair_row(&group, pair)),
        );
        let pairs = || PAIRS.iter().enumerate();
        let size = pairs().filter_map(|(at, pair)| Some((pair, group.at_equal_size(at)?)));
        let time = pairs().filter_map(|(at, pair)| Some((pair, group.at_equal_time(at)?)));
        let [size, time]: [Vec<_>; 2] = [size.collect(), time.collect()];
        sets.push(SetFigures {
            train: group.compared.data.train_count,
            test: group.images(),
            size: group.part.size,
            at_equal_size: Tally::of(&size),
            at_equal_time: Tally::of(&time),
            best_spectral: group.best(true),
            best_spatial: group.best(false),
            name,
        });
        all.extend(size.into_iter().chain(time));
        page.data_set(data_set(group));
    }
    let figures = Figures {
        extent: plan.extent,
        batch: BATCH,
        most_longer: MOST_LONGER,
        all: Tally::of(&all),
        sets,
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

fn accuracy(run: &ModelReport) -> f64 {
    run.accuracy
}

/// All networks of a set, the plain one first, which times are compared with.
fn data_set(group: Group) -> DataSetReport {
    let mut set = group.compared.into_data_set();
    set.models.sort_by_key(|model| model.model != PLAIN);
    set
}

/// A pair on all sets, at equal parameters and at equal time.
fn differences(groups: &[Group], index: usize) -> Vec<Value> {
    let pair = &PAIRS[index];
    let on_sets = groups.iter().map(|group| {
        let both = [group.at_equal_size(index), group.at_equal_time(index)];
        let both = both.map(|one| one.map_or("–".into(), |difference| difference.shown()));
        Value::from(both.join(" / "))
    });
    row![pair.spectral, pair.spatial]
        .into_iter()
        .chain(on_sets)
        .collect()
}

fn chart(group: &Group, color: usize) -> Chart {
    Chart::bars(PAIRS.iter().enumerate().filter_map(|(index, pair)| {
        Some(Bar {
            name: pair.spectral.into(),
            value: 100.0 * group.at_equal_size(index)?.by,
            group: color,
        })
    }))
}

fn reaches(group: &Group) -> impl Iterator<Item = Vec<Value>> {
    let rows = PAIRS.iter().zip(&group.reach).enumerate();
    rows.filter_map(|(index, (pair, reach))| {
        let Reach {
            radius,
            within: [three, seven],
            wrapped,
            by_three,
        } = reach.as_ref()?;
        let share = |share: &Option<f64>| share.map(|share| 100.0 * share);
        Some(row![
            group.part.name.as_str(),
            pair.spectral,
            group.at_equal_size(index)?.shown(),
            *radius,
            share(three),
            share(seven),
            100.0 * wrapped,
            *by_three,
        ])
    })
}

fn pair_row(group: &Group, index: usize) -> Option<Vec<Value>> {
    let pair = &PAIRS[index];
    let (spectral, spatial) = group.pair(pair)?;
    let params = |trained: &Trained| {
        let first = trained.runs.first();
        first.map_or("–".into(), |run| run.params.to_string())
    };
    let mean = |trained: &Trained| trained.mean_and_std(accuracy, percent);
    let epoch_s = |trained: &Trained| trained.mean(|run| run.epoch_s);
    let (longer, longer_mean) = match &group.longer[index] {
        Some(longer) => (
            format!("{}, {} epochs", longer.trained.model, longer.epochs),
            mean(&longer.trained),
        ),
        None => ("–".into(), "–".into()),
    };
    Some(row![
        pair.spectral,
        params(spectral),
        mean(spectral),
        pair.spatial,
        params(spatial),
        mean(spatial),
        epoch_s(spectral) / epoch_s(spatial),
        longer,
        longer_mean,
    ])
}
