//! The figures as a page.

use spectral_lab::report::{
    ChartKind, EpochReport, Line, ModelReport, Point, Report, SectionChart, SectionTable, Value,
};

use crate::kit::Parts as Section;

use super::super::StudyInfo;
use super::super::comparison::{Trained, percent};
use super::Group;
use super::depth::depth;
use super::widths::{Width, sweep};

/// The accuracy on the training images in the last epoch, as seen while the weights moved.
pub(super) fn train_accuracy(run: &ModelReport) -> f64 {
    run.history
        .last()
        .map_or(f64::NAN, |epoch| epoch.train_accuracy)
}

pub(super) fn page(study: &StudyInfo, digits: Group, colors: Group, widths: &[Width]) -> Report {
    let mut sections = vec![Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            "Every network is trained alike: Adam at 0.001 with weight decay 0.0005 along a cosine, digits \
             in mini-batches of 100, color images of 64, no augmentation, for as many epochs as the curves \
             show. The source trains with RMSprop at 0.004 for 1,000 and 600 epochs."
                .into(),
        ],
        ..Section::default()
    }];
    let mut summary = Vec::new();
    let groups = [digits, colors];
    for group in &groups {
        summary.extend(group.compared.against_baseline());
        summary.extend(fixation_finding(group));
        sections.push(group.compared.differences());
        sections.push(fixation(group));
        sections.push(depth(group));
    }
    sections.push(sweep(widths));
    Report {
        title: "Networks on spectra beside their spatial twins".into(),
        summary,
        sections: sections.into_iter().map(Into::into).collect(),
        data_sets: (groups.into_iter())
            .map(|group| group.compared.into_data_set())
            .collect(),
        ..Report::default()
    }
}

fn fixed(group: &Group) -> impl Iterator<Item = &Trained> {
    let models = group.fixation.iter();
    models.filter_map(|name| group.compared.find(name))
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
            group.compared.data.name,
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
                points: (trained.curve(figure).into_iter())
                    .map(|at| Point {
                        y: 100.0 * at.y,
                        ..at
                    })
                    .collect(),
            });
        }
    }
    Section {
        heading: format!("Weight fixation on {}", group.compared.data.name),
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
    use super::super::super::comparison::tests::compared;
    use super::*;

    pub(in crate::cemnet) fn group() -> Group {
        Group {
            compared: compared(),
            fixation: vec!["net".into()],
            gradients: Vec::new(),
        }
    }

    #[test]
    fn the_gap_is_what_training_images_are_better_by() {
        let section = fixation(&group());
        assert_eq!(section.tables[0].rows[0][3].shown(), "9.00 ± 2.00");
    }
}
