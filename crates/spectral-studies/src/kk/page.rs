//! The figures as a page.

use spectral_lab::report::{
    Bar, ChartKind, ModelReport, Report, Section, SectionChart, SectionTable, Strip, Value, count,
};

use super::super::StudyInfo;
use super::super::comparison::{Compared, Trained, points};
use super::super::shown::{is_shown, note};
use super::literal::Written;
use super::{Extent, FULL, First, Group, Mistake};

/// Seconds of an epoch on a T4, as the source has them; of the last it says "over 20 minutes".
const ON_T4: [(&str, f64, &str); 3] = [
    ("cnn", 19.0, "19"),
    ("kk1", 50.0, "50"),
    ("kk2", 1200.0, "over 1,200"),
];

/// Colors of the bars: spatial, published, repaired, free.
fn color(model: &str) -> usize {
    match model {
        "cnn" => 2,
        "kk1" | "kk2" => 1,
        "kk1-repaired" | "kk2-repaired" => 3,
        _ => 4,
    }
}

pub(super) fn page(study: &StudyInfo, written: &[Written], groups: Vec<Group>) -> Report {
    let mut sections = vec![question(study, &FULL)];
    let mut summary = Vec::new();
    summary.extend(
        groups
            .first()
            .and_then(|group| time_finding(&group.compared)),
    );
    summary.extend(loops_finding(written));
    for group in &groups {
        summary.extend(group.compared.against_baseline());
    }
    summary.extend(groups.first().and_then(|group| layer_finding(&group.first)));
    sections.extend(groups.first().map(|group| times(&group.compared)));
    sections.push(loops(written));
    for group in &groups {
        sections.push(with_bars(group.compared.differences(), &group.compared));
        sections.push(first_layers(group));
        sections.push(mistakes(group));
    }
    Report {
        title: "KKLayer, published and repaired".into(),
        summary,
        sections,
        data_sets: (groups.into_iter())
            .map(|group| group.compared.into_data_set())
            .collect(),
        ..Report::default()
    }
}

fn question(study: &StudyInfo, full: &Extent) -> Section {
    Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            format!(
                "The networks differ in their first two layers alone. cnn: 3×3 convolutions. kk1, kk2: \
                 KKLayer as published in place of the first, of the first two; -repaired: a causal \
                 Kramers-Kronig response, which is what its name promises; free1, free2: a free complex \
                 weight a frequency. After the source: mini-batches of 64, Adam at 0.001 with weight \
                 decay 0.0005, pixels from −1 to 1, no augmentation; {} epochs in full. The source has \
                 Fashion-MNIST alone, a T4, and one run.",
                full.epochs
            ),
        ],
        ..Section::default()
    }
}

fn time_finding(compared: &Compared) -> Option<String> {
    let cnn = compared.find("cnn")?.mean(|run| run.epoch_s);
    let mut parts = Vec::new();
    for (model, t4, _) in &ON_T4[1..] {
        let ours = compared.find(model)?.mean(|run| run.epoch_s);
        let least = if *model == "kk2" { "over " } else { "" };
        parts.push(format!(
            "{model} takes {:.2} times as long as cnn (source: {least}{:.1})",
            ours / cnn,
            t4 / ON_T4[0].1
        ));
    }
    Some(format!(
        "An epoch of the {} images of {}: {}.",
        count(compared.data.train_count),
        compared.data.name,
        parts.join(", ")
    ))
}

fn loops_finding(written: &[Written]) -> Option<String> {
    let last = written.last()?;
    Some(format!(
        "KKLayer from {} to {} channels, a forward and a backward pass: {:.0} times as long by the loops of \
         its code, {} transforms, as computed by what it is; both give the same numbers (they differ by \
         {:.0e}).",
        last.channels[0],
        last.channels[1],
        last.seconds[0] / last.seconds[1],
        2 * last.channels[0] * last.channels[1],
        last.difference
    ))
}

fn layer_finding(first: &[First]) -> Option<String> {
    let kk = first.iter().find(|first| first.model == "kk1")?;
    Some(format!(
        "After training, the KKLayer of kk1 is: {} (residual {:.0e}). {} of its {} parameters cannot change \
         the output, and it throws away {:.0} % of the energy that it computes.",
        kk.equivalent,
        kk.residual,
        kk.dead,
        kk.parameters,
        100.0 * kk.discarded
    ))
}

fn times(compared: &Compared) -> Section {
    let cnn = compared.find("cnn").map(|cnn| cnn.mean(|run| run.epoch_s));
    let row = |trained: &Trained| -> Vec<Value> {
        let ours = trained.mean(|run| run.epoch_s);
        let theirs = ON_T4.iter().find(|(model, ..)| *model == trained.model);
        vec![
            trained.model.as_str().into(),
            ours.into(),
            cnn.map(|cnn| ours / cnn).into(),
            theirs.map_or("–", |(_, _, text)| text).into(),
            theirs.map(|(_, seconds, _)| seconds / ON_T4[0].1).into(),
        ]
    };
    Section {
        heading: "Time of an epoch".into(),
        tables: vec![SectionTable {
            title: format!(
                "{} images of {}",
                count(compared.data.train_count),
                compared.data.name
            ),
            columns: [
                "network",
                "here (s)",
                "× cnn",
                "source, on a T4 (s)",
                "× its cnn",
            ]
            .map(String::from)
            .to_vec(),
            rows: compared.models.iter().map(row).collect(),
            note:
                "Here: the median over the epochs, the mean over the seeds. The source trains on \
                   60,000 images of Fashion-MNIST; of kk2 it says over 20 minutes."
                    .into(),
        }],
        ..Section::default()
    }
}

fn loops(written: &[Written]) -> Section {
    let row = |one: &Written| -> Vec<Value> {
        vec![
            format!("{}→{}", one.channels[0], one.channels[1]).into(),
            format!("{}×{}", one.size[0], one.size[1]).into(),
            (2 * one.channels[0] * one.channels[1]).to_string().into(),
            (1e3 * one.seconds[0]).into(),
            (1e3 * one.seconds[1]).into(),
            (one.seconds[0] / one.seconds[1]).into(),
            one.difference.into(),
        ]
    };
    let batch = written.first().map_or(0, |one| one.batch);
    Section {
        heading: "The idea or the code".into(),
        text: vec![
            "The published code transforms the input and brings a product back once for every pair of \
             channels. The layer here is the same function: α + iβ is one number for all frequencies, so \
             the real part of the product with the conjugated spectrum is α times the image, reversed."
                .into(),
        ],
        tables: vec![SectionTable {
            title: format!("Both passes of one layer on {batch} images"),
            columns: [
                "channels",
                "size",
                "transforms of the loops",
                "loops (ms)",
                "layer (ms)",
                "×",
                "difference",
            ]
            .map(String::from)
            .to_vec(),
            rows: written.iter().map(row).collect(),
            note: "Medians of runs in turns, the loops with the transforms of this library. Difference: \
                   ‖a − b‖/‖b‖ of the outputs."
                .into(),
        }],
        ..Section::default()
    }
}

/// The differences, with a bar a network.
fn with_bars(section: Section, compared: &Compared) -> Section {
    let bar = |trained: &Trained| Bar {
        name: trained.model.clone(),
        value: 100.0 * trained.mean(|run| run.accuracy),
        group: color(&trained.model),
    };
    let best = (compared.models.iter()).max_by(|a, b| {
        a.mean(|run| run.accuracy)
            .total_cmp(&b.mean(|run| run.accuracy))
    });
    let spectral = compared.models[1..]
        .iter()
        .map(|trained| trained.minus(&compared.models[0]))
        .map(|differences| differences.iter().sum::<f64>() / differences.len().max(1) as f64)
        .fold(f64::NEG_INFINITY, f64::max);
    let best = best.map(|best| {
        format!(
            "The best mean is that of {}; the best network that is not {} differs from it by {} points.",
            best.model,
            compared.models[0].model,
            points(spectral)
        )
    });
    Section {
        text: best.into_iter().collect(),
        charts: vec![SectionChart {
            title: format!("Accuracy on unseen images of {} (%)", compared.data.name),
            note: "Means over the seeds. Higher is better.".into(),
            kind: ChartKind::Bars {
                logarithmic: false,
                bars: compared.models.iter().map(bar).collect(),
            },
            file: None,
        }],
        ..section
    }
}

fn first_layers(group: &Group) -> Section {
    let row = |first: &First| -> Vec<Value> {
        vec![
            first.model.as_str().into(),
            first.equivalent.as_str().into(),
            first.residual.into(),
            first.by_three.into(),
            first.parameters.to_string().into(),
            first.dead.to_string().into(),
            (100.0 * first.discarded).into(),
        ]
    };
    Section {
        heading: format!("First layers after training on {}", group.compared.data.name),
        text: note(&group.compared.data.name).into_iter().collect(),
        tables: vec![SectionTable {
            title: "What they turned out to be".into(),
            columns: [
                "network",
                "nearest ordinary operation",
                "residual",
                "of the best 3×3",
                "parameters",
                "dead",
                "thrown away (%)",
            ]
            .map(String::from)
            .to_vec(),
            rows: group.first.iter().map(row).collect(),
            note: "Residual: ‖f(x) − g(x)‖/‖f(x)‖ on random images, 0 is the same function. Dead: \
                   parameters that cannot change the output. Thrown away: the share of the energy of the \
                   complex numbers computed that the real part leaves out."
                .into(),
        }],
        strips: (group.features.iter())
            .filter(|(_, pictures)| !pictures.is_empty())
            .map(|(model, pictures)| Strip {
                title: format!(
                    "{model}: an image, and the first channels of what the first layer makes of it; red \
                     above zero, blue below"
                ),
                pictures: pictures.clone(),
                file: None,
            })
            .collect(),
        ..Section::default()
    }
}

/// Pairs of classes that are shown.
const CONFUSED: usize = 5;

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

fn mistakes(group: &Group) -> Section {
    let classes = &group.compared.data.classes;
    let mut rows = Vec::new();
    for (model, _) in &group.mistakes {
        let trained = group.compared.find(model);
        let Some(run) = trained.and_then(|trained| trained.runs.first()) else {
            continue;
        };
        for (images, of, truth, named) in confused(run) {
            rows.push(vec![
                model.as_str().into(),
                classes[truth].as_str().into(),
                classes[named].as_str().into(),
                images.to_string().into(),
                Value::from(100.0 * images as f64 / of.max(1) as f64),
            ]);
        }
    }
    let set = &group.compared.data.name;
    let mut text = vec![
        "What networks of the first seed confuse most often, and the unseen images that they misname with \
         the highest probability. The whole confusion matrices are in the HTML page and in the JSON file."
            .into(),
    ];
    let mut tables = vec![SectionTable {
        title: "Classes most often taken for another".into(),
        columns: [
            "network",
            "class",
            "taken for",
            "images",
            "of the class (%)",
        ]
        .map(String::from)
        .to_vec(),
        rows,
        note: "The five most frequent confusions of each network.".into(),
    }];
    if !is_shown(set) {
        text.push(format!(
            "The images themselves are left out: no license is stated that lets images of {set} be \
             published."
        ));
        tables.push(most_confident(&group.mistakes));
    }
    let strips = group.mistakes.iter().map(|(model, mistakes)| Strip {
        title: model.clone(),
        pictures: mistakes
            .iter()
            .filter_map(|one| one.picture.clone())
            .collect(),
        file: None,
    });
    Section {
        heading: format!("Mistakes on {set}"),
        text,
        tables,
        strips: strips.filter(|strip| !strip.pictures.is_empty()).collect(),
        ..Section::default()
    }
}

/// Mistakes in words.
fn most_confident(mistakes: &[(String, Vec<Mistake>)]) -> SectionTable {
    let rows = mistakes.iter().flat_map(|(model, mistakes)| {
        mistakes.iter().map(move |mistake| {
            let [is, named] = &mistake.classes;
            vec![
                model.as_str().into(),
                is.as_str().into(),
                named.as_str().into(),
                format!("{:.0}", 100.0 * mistake.probability).into(),
            ]
        })
    });
    SectionTable {
        title: "Images misclassified with the highest probability".into(),
        columns: ["network", "class", "taken for", "probability (%)"]
            .map(String::from)
            .to_vec(),
        rows: rows.collect(),
        note: "Single test images, the highest probability of the wrong class first.".into(),
    }
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
