//! The figures as a page.

use crate::report::{
    ChartKind, EpochReport, Line, ModelReport, Point, Report, Section, SectionChart, SectionTable,
    Spread, Value, chance::margin_of_mean, combine_seeds,
};

use super::super::StudyInfo;
use super::depth::depth;
use super::widths::{Width, sweep};
use super::{Group, Trained};

impl Trained {
    pub(super) fn mean(&self, figure: fn(&ModelReport) -> f64) -> f64 {
        self.runs.iter().map(figure).sum::<f64>() / self.runs.len().max(1) as f64
    }

    fn spread(&self, figure: fn(&ModelReport) -> f64) -> Option<Spread> {
        Spread::of(self.runs.iter().map(figure))
    }
}

/// The accuracy on the training images in the last epoch, as seen while the weights moved.
pub(super) fn train_accuracy(run: &ModelReport) -> f64 {
    run.history
        .last()
        .map_or(f64::NAN, |epoch| epoch.train_accuracy)
}

pub(super) fn page(study: &StudyInfo, digits: Group, colours: Group, widths: &[Width]) -> Report {
    let mut sections = vec![Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            "Every network is trained alike: Adam at 0.001 with weight decay 0.0005 along a cosine, digits \
             in mini-batches of 100, colour images of 64, no augmentation, for as many epochs as the curves \
             show. The source trains with RMSprop at 0.004 for 1,000 and 600 epochs."
                .into(),
        ],
        ..Section::default()
    }];
    let mut summary = Vec::new();
    let groups = [digits, colours];
    for group in &groups {
        if let Some(finding) = against_twin(group) {
            summary.push(finding);
        }
        summary.extend(fixation_finding(group));
        sections.push(differences(group));
        sections.push(fixation(group));
        sections.push(depth(group));
    }
    sections.push(sweep(widths));
    Report {
        title: "Networks on spectra beside their spatial twins".into(),
        summary,
        sections,
        data_sets: groups.into_iter().map(data_set).collect(),
        ..Report::default()
    }
}

/// The comparison as every other one is shown.
fn data_set(group: Group) -> crate::report::DataSetReport {
    let seeds = &group.seeds;
    let models = group
        .models
        .into_iter()
        .map(|trained| combine_seeds(seeds.iter().copied().zip(trained.runs).collect()));
    crate::report::DataSetReport {
        models: models.collect(),
        ..group.data
    }
}

/// A share in per cent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share).replace('-', "−")
}

/// A difference of shares in points.
fn points(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{:.2}", (100.0 * value).abs())
}

/// Accuracy of a network minus that of the twin, seed by seed.
fn paired(trained: &Trained, twin: &Trained) -> Vec<f64> {
    let pairs = trained.runs.iter().zip(&twin.runs);
    pairs
        .map(|(run, twin)| run.accuracy - twin.accuracy)
        .collect()
}

fn against_twin(group: &Group) -> Option<String> {
    let (twin, others) = group.models.split_first()?;
    let set = &group.data.name;
    let mut parts = Vec::new();
    for other in others {
        let differences = paired(other, twin);
        let mean = differences.iter().sum::<f64>() / differences.len().max(1) as f64;
        let spread = Spread::of(differences.into_iter());
        let how = spread.map_or_else(String::new, |spread| {
            format!(" ± {:.2}", 100.0 * margin_of_mean(spread))
        });
        parts.push(format!("{} {}{how}", other.model, points(mean)));
    }
    let interval = match group.seeds.len() {
        2.. => " (± 95 % interval of the mean of paired differences)",
        _ => "",
    };
    Some(format!(
        "On {set}, {} names {:.2} % of unseen images rightly; against it, in points{interval}: {}.",
        twin.model,
        100.0 * twin.mean(|run| run.accuracy),
        parts.join(", ")
    ))
}

fn differences(group: &Group) -> Section {
    let twin = group.models.first();
    let rows = group.models.iter().map(|trained| {
        let accuracies = trained.runs.iter().map(|run| percent(run.accuracy));
        let differences = twin.map_or_else(Vec::new, |twin| paired(trained, twin));
        let of_mean = Spread::of(differences.iter().copied());
        let std = trained
            .spread(|run| run.accuracy)
            .map(|spread| 100.0 * spread.std);
        let is_twin = twin.is_some_and(|twin| twin.model == trained.model);
        let each: Vec<String> = differences.iter().map(|value| points(*value)).collect();
        vec![
            trained.model.as_str().into(),
            accuracies.collect::<Vec<_>>().join(", ").into(),
            percent(trained.mean(|run| run.accuracy)).into(),
            std.into(),
            if is_twin {
                "–".into()
            } else {
                each.join(", ").into()
            },
            match of_mean {
                Some(spread) if !is_twin => format!(
                    "{} ± {:.2}",
                    points(spread.mean),
                    100.0 * margin_of_mean(spread)
                )
                .into(),
                _ => "–".into(),
            },
        ]
    });
    let twin = twin.map_or("", |twin| &twin.model);
    Section {
        heading: format!("Against {twin} on {}", group.data.name),
        tables: vec![SectionTable {
            title: "Accuracy on unseen images (%), seed by seed".into(),
            columns: vec![
                "network".into(),
                "each seed".into(),
                "mean".into(),
                "deviation".into(),
                format!("minus {twin}, each seed"),
                "mean difference".into(),
            ],
            rows: rows.collect(),
            note: format!(
                "Seeds {}. Equal seeds see the same images in the same order. ±: the 95 % interval of \
                 the mean difference, by Student's distribution.",
                group
                    .seeds
                    .iter()
                    .map(u64::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }],
        ..Section::default()
    }
}

/// Mean over the seeds, epoch by epoch.
fn curve(trained: &Trained, figure: fn(&EpochReport) -> f64) -> Vec<Point> {
    let epochs = trained
        .runs
        .iter()
        .map(|run| run.history.len())
        .min()
        .unwrap_or(0);
    let mean = |epoch: usize| {
        let sum: f64 = trained
            .runs
            .iter()
            .map(|run| figure(&run.history[epoch]))
            .sum();
        sum / trained.runs.len() as f64
    };
    (0..epochs)
        .map(|epoch| Point {
            x: (epoch + 1) as f64,
            y: 100.0 * mean(epoch),
        })
        .collect()
}

fn fixed(group: &Group) -> impl Iterator<Item = &Trained> {
    let models = group.fixation.iter();
    models.filter_map(|name| group.models.iter().find(|trained| trained.model == *name))
}

/// How far a network does better on what it has seen.
fn gap(run: &ModelReport) -> f64 {
    train_accuracy(run) - run.accuracy
}

fn fixation_finding(group: &Group) -> Option<String> {
    let mut parts = Vec::new();
    for trained in fixed(group) {
        parts.push(format!(
            "{} {:.2} % ({:.2} % on what it trains on)",
            trained.model,
            100.0 * trained.mean(|run| run.accuracy),
            100.0 * trained.mean(train_accuracy)
        ));
    }
    (!parts.is_empty()).then(|| {
        format!(
            "Weight fixation on {}: {}.",
            group.data.name,
            parts.join(", ")
        )
    })
}

fn fixation(group: &Group) -> Section {
    let rows = fixed(group).map(|trained| {
        let best = trained.mean(|run| {
            run.history
                .iter()
                .map(|epoch| epoch.test_accuracy)
                .fold(f64::NAN, f64::max)
        });
        let with_std = |figure: fn(&ModelReport) -> f64| -> Value {
            let mean = percent(trained.mean(figure));
            match trained.spread(figure) {
                Some(spread) => format!("{mean} ± {}", percent(spread.std)).into(),
                None => mean.into(),
            }
        };
        vec![
            trained.model.as_str().into(),
            with_std(train_accuracy),
            with_std(|run| run.accuracy),
            with_std(gap),
            percent(best).into(),
        ]
    });
    let rows = rows.collect();
    let mut lines = Vec::new();
    for (index, trained) in fixed(group).enumerate() {
        for (what, dashed, figure) in [
            (
                "unseen",
                false,
                (|epoch: &EpochReport| epoch.test_accuracy) as fn(&EpochReport) -> f64,
            ),
            ("training", true, |epoch: &EpochReport| epoch.train_accuracy),
        ] {
            lines.push(Line {
                name: format!("{}, {what}", trained.model),
                group: index,
                dashed,
                points: curve(trained, figure),
            });
        }
    }
    Section {
        heading: format!("Weight fixation on {}", group.data.name),
        text: vec![
            "The same network whose weights are projected on small kernels after every step, learned as \
             the taps of such kernels, held to them by a penalty, or free."
                .into(),
        ],
        tables: vec![SectionTable {
            title: "Accuracy (%) after the last epoch".into(),
            columns: ["network", "training images", "unseen images", "gap", "best epoch"]
                .map(String::from)
                .to_vec(),
            rows,
            note: "±: standard deviation over the seeds. Training accuracy is counted while the weights \
                   move, with noise on; the gap is what it exceeds that of unseen images by."
                .into(),
        }],
        charts: vec![SectionChart {
            title: "Accuracy (%) by epoch".into(),
            note: "Solid: unseen images; dashed: training images. Means over the seeds.".into(),
            kind: ChartKind::Lines {
                x: "epoch".into(),
                logarithmic: false,
                lines,
            },
            file: None,
        }],
        ..Section::default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::DataSetReport;

    fn run(accuracy: f64, train_accuracy: f64) -> ModelReport {
        ModelReport {
            accuracy,
            params: 10,
            history: vec![EpochReport {
                epoch: 1,
                train_accuracy,
                test_accuracy: accuracy,
                ..EpochReport::default()
            }],
            ..ModelReport::default()
        }
    }

    pub(in crate::study::cemnet) fn group() -> Group {
        let trained = |model: &str, accuracies: [f64; 3]| Trained {
            model: model.into(),
            runs: accuracies.map(|accuracy| run(accuracy, 1.0)).to_vec(),
        };
        Group {
            data: DataSetReport {
                name: "mnist".into(),
                ..DataSetReport::default()
            },
            seeds: vec![0, 1, 2],
            models: vec![
                trained("twin", [0.90, 0.92, 0.94]),
                trained("net", [0.89, 0.91, 0.93]),
                trained("net-half", [0.8, 0.8, 0.8]),
            ],
            fixation: vec!["net".into()],
            gradients: Vec::new(),
        }
    }

    #[test]
    fn differences_are_taken_seed_by_seed() {
        let finding = against_twin(&group()).unwrap();
        assert!(finding.contains("twin names 92.00 %"), "{finding}");
        // The same difference with every seed has no spread, however much the seeds differ.
        assert!(finding.contains("net −1.00 ± 0.00"), "{finding}");
    }

    #[test]
    fn the_gap_is_what_training_images_are_better_by() {
        let section = fixation(&group());
        assert_eq!(section.tables[0].rows[0][3].shown(), "9.00 ± 2.00");
    }
}
