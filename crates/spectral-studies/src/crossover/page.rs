//! The figures as a page.

use spectral_lab::advise::{Crossover, Way, picks};
use spectral_lab::report::{
    ChartKind, Line, Point, Report, Section, SectionChart, SectionTable, Value,
};

use super::super::StudyInfo;
use super::Extent;

/// Colors of direct and of spectral convolution.
const DIRECT: usize = 2;
const SPECTRAL: usize = 1;

pub(super) fn page(study: &StudyInfo, extent: &Extent, all: &[Crossover]) -> Report {
    let kernels: Vec<String> = extent.kernels.iter().map(ToString::to_string).collect();
    let mut sections = vec![
        Section {
            heading: "The question".into(),
            text: vec![
                study.question.into(),
                format!("Source: {}.", study.source),
                format!(
                    "A forward and a backward pass of a two-dimensional convolution with the gradients of \
                     input and weight, zeros around the image so that its size stays, float32, at kernels \
                     of {}. Each time is the median of {} to {} runs after one to warm up; what takes \
                     longer than {} s is not repeated and has no time. Predicted times are those of the \
                     cost model by which a layer chooses, fitted once on one machine: on another, or a \
                     busy one, ratios count.",
                    kernels.join(", "),
                    extent.budget.runs.0,
                    extent.budget.runs.1,
                    extent.budget.patience
                ),
            ],
            ..Section::default()
        },
        overview(all),
    ];
    sections.extend(all.iter().map(family));
    Report {
        title: "Direct or by FFT".into(),
        summary: findings(all),
        sections,
        ..Report::default()
    }
}

fn kernel(from: Option<usize>) -> String {
    from.map_or("none".into(), |kernel| format!("{kernel}×{kernel}"))
}

/// What the figures say, in sentences.
fn findings(all: &[Crossover]) -> Vec<String> {
    let from: Vec<usize> = all.iter().filter_map(|one| one.measured_from).collect();
    let mut findings = Vec::new();
    if let (Some(least), Some(most)) = (from.iter().min(), from.iter().max()) {
        findings.push(format!(
            "Through the spectrum a convolution is faster from kernels of {} on at the earliest, of {} \
             at the latest, of those measured; in {} of {} families from some kernel on.",
            kernel(Some(*least)),
            kernel(Some(*most)),
            from.len(),
            all.len()
        ));
    }
    let picks = picks(all);
    let mut text = format!(
        "Of {} convolutions the cost model picks the fastest algorithm {} times.",
        picks.of, picks.right
    );
    if picks.right < picks.of {
        text += &format!(
            " Otherwise its pick takes {:.2} times as long as the fastest in the mean, {:.2} times at \
             worst.",
            picks.mean_loss, picks.worst_loss
        );
    }
    findings.push(text);
    findings
}

fn overview(all: &[Crossover]) -> Section {
    let row = |one: &Crossover| -> Vec<Value> {
        vec![
            one.family.name.as_str().into(),
            kernel(one.measured_from).into(),
            kernel(one.predicted_from).into(),
        ]
    };
    Section {
        heading: "Where the crossover lies".into(),
        tables: vec![SectionTable {
            title: "The smallest kernel from which on the spectrum is always faster".into(),
            columns: ["convolution", "measured", "predicted"].map(String::from).to_vec(),
            rows: all.iter().map(row).collect(),
            note: "Of the kernels that were measured; none where direct convolution wins at the largest."
                .into(),
        }],
        ..Section::default()
    }
}

/// The least of what `value` picks from the ways that are direct, or from the others, with the name
/// of the way.
fn least(
    ways: &[Way],
    is_direct: bool,
    value: impl Fn(&Way) -> Option<f64>,
) -> Option<(&str, f64)> {
    let ways = ways
        .iter()
        .filter(|way| (way.algorithm == "direct") == is_direct);
    let values = ways.filter_map(|way| Some((way.algorithm.as_str(), value(way)?)));
    values.min_by(|a, b| a.1.total_cmp(&b.1))
}

fn family(one: &Crossover) -> Section {
    let measured = |way: &Way| way.fwdbwd_ms;
    let predicted = |way: &Way| Some(way.predicted_fwdbwd_ms);
    let rows = one.cases.iter().map(|case| {
        let time = |is_direct, value: fn(&Way) -> Option<f64>| {
            Value::from(least(&case.ways, is_direct, value).map(|(_, ms)| ms))
        };
        let best = least(&case.ways, false, measured).or(least(&case.ways, false, predicted));
        let chosen = case.ways.iter().find(|way| way.chosen);
        vec![
            format!("{0}×{0}", case.kernel).into(),
            time(true, measured),
            time(true, predicted),
            time(false, measured),
            time(false, predicted),
            best.map_or("–", |(name, _)| name).into(),
            chosen.map_or("–", |way| way.algorithm.as_str()).into(),
            case.loss().into(),
        ]
    });
    let line = |name: &str, group, is_direct, value: fn(&Way) -> Option<f64>, dashed| Line {
        name: name.into(),
        group,
        dashed,
        points: (one.cases.iter())
            .map(|case| Point {
                x: case.kernel as f64,
                y: least(&case.ways, is_direct, value).map_or(f64::NAN, |(_, ms)| ms),
            })
            .collect(),
    };
    Section {
        heading: one.family.name.clone(),
        tables: vec![SectionTable {
            title: "Milliseconds of a forward and a backward pass".into(),
            columns: [
                "kernel",
                "direct",
                "direct, predicted",
                "by FFT",
                "by FFT, predicted",
                "as",
                "chosen",
                "loss",
            ]
            .map(String::from)
            .to_vec(),
            rows: rows.collect(),
            note: "By FFT: the faster of one transform of the whole image and of tiles. Chosen: what the \
                   layer takes by itself. Loss: the time of that one over the shortest measured."
                .into(),
        }],
        charts: vec![SectionChart {
            title: "Milliseconds by kernel size, logarithmic".into(),
            note: "Orange is direct, blue by FFT; dashes are predicted. Lower is better.".into(),
            kind: ChartKind::Lines {
                x: "kernel, taps a side".into(),
                logarithmic: true,
                lines: vec![
                    line("direct", DIRECT, true, measured, false),
                    line("by FFT", SPECTRAL, false, measured, false),
                    line("direct, predicted", DIRECT, true, predicted, true),
                    line("by FFT, predicted", SPECTRAL, false, predicted, true),
                ],
            },
            file: None,
        }],
        ..Section::default()
    }
}
