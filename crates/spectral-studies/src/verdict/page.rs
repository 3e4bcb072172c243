//! The figures as a page.

use spectral_lab::report::chance::{Verdict, compare, compare_seeds};
use spectral_lab::report::{
    Bar, ChartKind, DataSetReport, ModelReport, Report, SectionChart, SectionTable, Value, count,
};

use crate::kit::Parts as Section;

use super::super::StudyInfo;
use super::super::comparison::{Trained, percent, points};
use super::plan::Plan;
use super::{Group, PAIRS, PLAIN, Pair};

/// How a spectral network differs from its twin.
struct Difference {
    /// In accuracy.
    by: f64,
    verdict: Verdict,
}

impl Difference {
    /// Of means over equally many seeds, judged on so many images.
    fn of(spectral: &Trained, spatial: &Trained, images: usize) -> Self {
        let accuracy = |run: &ModelReport| run.accuracy;
        let (by, verdict) = match (spectral.spread(accuracy), spatial.spread(accuracy)) {
            (Some(a), Some(b)) => compare_seeds(a, b, images),
            _ => compare(spectral.mean(accuracy), spatial.mean(accuracy), images),
        };
        Self { by, verdict }
    }

    fn shown(&self) -> String {
        let beyond = match self.verdict {
            Verdict::Alike => "",
            _ => " *",
        };
        format!("{}{beyond}", points(self.by))
    }
}

impl Group {
    fn images(&self) -> usize {
        self.compared.data.test_count
    }

    fn pair(&self, pair: &Pair) -> Option<(&Trained, &Trained)> {
        let spectral = self.compared.find(pair.spectral)?;
        Some((spectral, self.compared.find(pair.spatial)?))
    }

    /// At equal parameters and epochs.
    fn at_equal_size(&self, pair: &Pair) -> Option<Difference> {
        let (spectral, spatial) = self.pair(pair)?;
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
}

pub(super) fn page(study: &StudyInfo, plan: &Plan, groups: &[Group]) -> Report {
    let mut sections = vec![question(study, plan, groups), matrix(groups)];
    sections.push(reasons(groups));
    sections.extend(groups.iter().map(|group| pairs(plan, group)));
    Report {
        title: "Should it be spectral?".into(),
        summary: findings(groups),
        sections: sections.into_iter().map(Into::into).collect(),
        data_sets: groups.iter().map(data_set).collect(),
        ..Report::default()
    }
}

/// All networks of a set, the plain one first, which times are compared with.
fn data_set(group: &Group) -> DataSetReport {
    let mut set = group.compared.clone().into_data_set();
    set.models.sort_by_key(|model| model.model != PLAIN);
    set
}

/// Which pairs of a set the spectral network wins by more than chance.
fn wins(group: &Group, at: impl Fn(usize) -> Option<Difference>, verdict: Verdict) -> Vec<String> {
    let won = PAIRS.iter().enumerate().filter_map(|(index, pair)| {
        let difference = at(index)?;
        (difference.verdict == verdict).then(|| match group.pair(pair) {
            Some(_) => format!("{} {}", pair.spectral, points(difference.by)),
            None => pair.spectral.into(),
        })
    });
    won.collect()
}

fn listed(wins: &[String]) -> String {
    match wins.is_empty() {
        true => "none".into(),
        false => wins.join(", "),
    }
}

fn findings(groups: &[Group]) -> Vec<String> {
    let mut findings = Vec::new();
    let (mut better, mut worse, mut all) = (0, 0, 0);
    for group in groups {
        for (index, pair) in PAIRS.iter().enumerate() {
            let sizes = group.at_equal_size(pair);
            for difference in sizes.into_iter().chain(group.at_equal_time(index)) {
                all += 1;
                better += usize::from(difference.verdict == Verdict::Better);
                worse += usize::from(difference.verdict == Verdict::Worse);
            }
        }
    }
    findings.push(format!(
        "Of {all} comparisons of a spectral network with its spatial twin the spectral one wins {better} by \
         more than chance and loses {worse}; the others are level."
    ));
    for group in groups {
        let size = |index: usize| group.at_equal_size(&PAIRS[index]);
        let time = |index| group.at_equal_time(index);
        let accuracy = |trained: &&Trained| trained.mean(|run| run.accuracy);
        let best = |is_spectral: bool| {
            let models = group.compared.models.iter();
            models
                .filter(|trained| {
                    PAIRS.iter().any(|pair| pair.spectral == trained.model) == is_spectral
                })
                .max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)))
        };
        let mut text = format!(
            "{}: spectral networks that win at equal parameters: {}; that lose: {}. At equal time, win: {}; \
             lose: {}.",
            group.part.name,
            listed(&wins(group, size, Verdict::Better)),
            listed(&wins(group, size, Verdict::Worse)),
            listed(&wins(group, time, Verdict::Better)),
            listed(&wins(group, time, Verdict::Worse)),
        );
        if let (Some(spectral), Some(spatial)) = (best(true), best(false)) {
            text += &format!(
                " The best spectral network is {} ({} %), the best spatial one {} ({} %).",
                spectral.model,
                percent(accuracy(&spectral)),
                spatial.model,
                percent(accuracy(&spatial))
            );
        }
        findings.push(text);
    }
    findings
}

fn question(study: &StudyInfo, plan: &Plan, groups: &[Group]) -> Section {
    let extent = &plan.extent;
    let sets: Vec<String> = (groups.iter())
        .map(|group| {
            let data = &group.compared.data;
            let size = group.part.size.map_or_else(String::new, |(height, width)| {
                format!(", made {height}×{width}")
            });
            format!(
                "{} ({} to train on, {} to test{size})",
                data.name,
                count(data.train_count),
                count(data.test_count)
            )
        })
        .collect();
    Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!(
                "Eight spectral networks, each beside a spatial twin of as many parameters: the channels of \
                 the plain network are scaled until it has them, at the size of the images. Sets: {}. \
                 Mini-batches of 64, Adam at 0.001 with weight decay 0.0005 along a cosine over the epochs, \
                 pixels from −1 to 1, no augmentation; {} epochs, {} seeds.",
                sets.join("; "),
                extent.epochs,
                extent.seeds
            ),
            "At equal time the faster network of a pair is trained again, for as many epochs as fit into the \
             time that the slower one takes for its own (ten times as many at most), by the paces measured \
             before the first training."
                .into(),
        ],
        ..Section::default()
    }
}

/// Networks against sets.
fn matrix(groups: &[Group]) -> Section {
    let mut columns = vec!["spectral network".to_string(), "spatial twin".into()];
    columns.extend(groups.iter().map(|group| group.part.name.clone()));
    let rows = PAIRS.iter().enumerate().map(|(index, pair)| {
        let mut row: Vec<Value> = vec![pair.spectral.into(), pair.spatial.into()];
        for group in groups {
            let both = [group.at_equal_size(pair), group.at_equal_time(index)];
            let both = both.map(|one| one.map_or("–".into(), |difference| difference.shown()));
            row.push(both.join(" / ").into());
        }
        row
    });
    let bars = groups.iter().enumerate().map(|(index, group)| {
        let bar = |pair: &Pair| {
            group.at_equal_size(pair).map(|difference| Bar {
                name: pair.spectral.into(),
                value: 100.0 * difference.by,
                group: index,
            })
        };
        SectionChart {
            title: format!(
                "{}: accuracy of the spectral network minus that of its twin (points)",
                group.part.name
            ),
            note: "At equal parameters and epochs, means over the seeds. To the right, the spectral network \
                   is better."
                .into(),
            kind: ChartKind::Bars {
                logarithmic: false,
                bars: PAIRS.iter().filter_map(bar).collect(),
            },
            file: None,
        }
    });
    Section {
        heading: "Spectral minus spatial".into(),
        tables: vec![SectionTable {
            title: "Accuracy of the spectral network minus that of its spatial twin, in points".into(),
            columns,
            rows: rows.collect(),
            note: "At equal parameters and epochs / at equal parameters and time. *: more than chance, at 95 %, by Welch's test with the chance of which images are tested \
                   added."
                .into(),
        }],
        charts: bars.collect(),
        ..Section::default()
    }
}

fn reasons(groups: &[Group]) -> Section {
    let mut rows = Vec::new();
    for group in groups {
        for (index, pair) in PAIRS.iter().enumerate() {
            let (Some(reach), Some(difference)) = (&group.reach[index], group.at_equal_size(pair))
            else {
                continue;
            };
            let share = |share: f64| Value::from(100.0 * share);
            let optional = |value: Option<f64>| Value::from(value.map(|share| 100.0 * share));
            rows.push(vec![
                group.part.name.as_str().into(),
                pair.spectral.into(),
                difference.shown().into(),
                reach.radius.into(),
                optional(reach.within[0]),
                optional(reach.within[1]),
                share(reach.wrapped),
                reach.by_three.into(),
            ]);
        }
    }
    Section {
        heading: "Why".into(),
        text: vec![
            "What a spectral filter can do that a 3×3 convolution cannot is to look further. How far the \
             first filters do look after training, beside what they win or lose: where a network wins and \
             its filters reach, reach is what the twin lacks; where it loses although they reach, it had \
             nothing to look for there; where they stay small, it has learned a small convolution."
                .into(),
        ],
        tables: vec![SectionTable {
            title: "First filters after training, first seed".into(),
            columns: [
                "set",
                "network",
                "minus its twin",
                "radius (pixels)",
                "within 3×3 (%)",
                "within 7×7 (%)",
                "round the border (%)",
                "residual of the best 3×3",
            ]
            .map(String::from)
            .to_vec(),
            rows,
            note: "Radius: how far the energy of the kernels lies from the pixel, root mean square. Within: \
                   the share of that energy. Residual: ‖f(x) − g(x)‖/‖f(x)‖ on random images, 0 is the same \
                   function. Networks whose first filters are no map from images to images are left out."
                .into(),
        }],
        ..Section::default()
    }
}

fn pairs(plan: &Plan, group: &Group) -> Section {
    let rows = PAIRS.iter().enumerate().filter_map(|(index, pair)| {
        let (spectral, spatial) = group.pair(pair)?;
        let params = |trained: &Trained| {
            let first = trained.runs.first();
            first
                .map_or("–".into(), |run| run.params.to_string())
                .into()
        };
        let accuracy = |trained: &Trained| -> Value {
            let mean = percent(trained.mean(|run| run.accuracy));
            match trained.spread(|run| run.accuracy) {
                Some(spread) => format!("{mean} ± {}", percent(spread.std)).into(),
                None => mean.into(),
            }
        };
        let longer = &group.longer[index];
        Some(vec![
            pair.spectral.into(),
            params(spectral),
            accuracy(spectral),
            pair.spatial.into(),
            params(spatial),
            accuracy(spatial),
            (spectral.mean(|run| run.epoch_s) / spatial.mean(|run| run.epoch_s)).into(),
            longer.as_ref().map_or("–".into(), |longer| {
                format!("{}, {} epochs", longer.trained.model, longer.epochs).into()
            }),
            longer
                .as_ref()
                .map_or("–".into(), |longer| accuracy(&longer.trained)),
        ])
    });
    Section {
        heading: format!("All pairs on {}", group.part.name),
        tables: vec![SectionTable {
            title: format!("Accuracy on unseen images (%) after {} epochs", plan.extent.epochs),
            columns: [
                "spectral network",
                "parameters",
                "accuracy",
                "spatial twin",
                "parameters",
                "accuracy",
                "time, × twin",
                "at equal time",
                "accuracy",
            ]
            .map(String::from)
            .to_vec(),
            rows: rows.collect(),
            note: "±: standard deviation over the seeds. Time: of an epoch, spectral over spatial. At equal \
                   time: the faster of both, trained for longer."
                .into(),
        }],
        ..Section::default()
    }
}
