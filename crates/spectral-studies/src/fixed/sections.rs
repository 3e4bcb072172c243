//! Accuracies, times and pictures.

use spectral_lab::report::{Bar, ChartKind, SectionChart, SectionTable, Spread, Strip, Value};

use crate::kit::Parts as Section;

use super::super::comparison::percent;
use super::cost::{FILTERS, Timed};
use super::example::{Example, SIDE};
use super::page::mean_points;
use super::{Group, Timing};

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// A network of either kind.
struct Row {
    name: String,
    filters: &'static str,
    filter_parameters: usize,
    parameters: usize,
    accuracies: Vec<f64>,
    /// In per cent.
    moved: Option<f64>,
    /// Its color.
    group: usize,
}

fn rows(group: &Group) -> Vec<Row> {
    let published = group.compared.models.iter().zip(&group.filters);
    let published = published.map(|(trained, &filter_parameters)| Row {
        name: trained.model.clone(),
        filters: if filter_parameters > 0 {
            "learn"
        } else {
            "given"
        },
        filter_parameters,
        parameters: trained.runs.first().map_or(0, |run| run.params),
        accuracies: trained.runs.iter().map(|run| run.accuracy).collect(),
        moved: None,
        group: usize::from(filter_parameters == 0),
    });
    let controls = group.controls.iter().filter_map(|found| {
        let first = found.seeds.first()?;
        let is_free = found.control.released().is_some();
        Some(Row {
            name: found.control.name().into(),
            filters: found.control.filters(),
            filter_parameters: first.filter_parameters,
            parameters: first.parameters,
            accuracies: found.seeds.iter().map(|seed| seed.accuracy).collect(),
            moved: is_free.then(|| 100.0 * found.mean(|seed| seed.moved)),
            group: if is_free { 2 } else { 3 },
        })
    });
    published.chain(controls).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

pub(super) fn accuracy(group: &Group) -> Section {
    let rows = rows(group);
    let baseline = rows
        .first()
        .map_or_else(Vec::new, |row| row.accuracies.clone());
    let cells = rows.iter().map(|row| -> Vec<Value> {
        let accuracy = percent(mean(&row.accuracies));
        let accuracy = match Spread::of(row.accuracies.iter().copied()) {
            Some(spread) => format!("{accuracy} ± {}", percent(spread.std)),
            None => accuracy,
        };
        let pairs = row.accuracies.iter().zip(&baseline);
        let differences: Vec<f64> = pairs.map(|(one, other)| one - other).collect();
        vec![
            row.name.as_str().into(),
            row.filters.into(),
            row.filter_parameters.to_string().into(),
            row.parameters.to_string().into(),
            accuracy.into(),
            mean_points(&differences).into(),
            row.moved.into(),
        ]
    });
    let bars = rows.iter().map(|row| Bar {
        name: row.name.clone(),
        value: 100.0 * mean(&row.accuracies),
        group: row.group,
    });
    Section {
        heading: format!("Accuracy on {}", group.compared.data.name),
        tables: vec![SectionTable {
            title: "Given, random and learned filters".into(),
            columns: columns(&[
                "network",
                "filters",
                "parameters in filters",
                "in all",
                "accuracy (%)",
                "minus fixed-conv",
                "filters moved (%)",
            ]),
            rows: cells.collect(),
            note: "Accuracy on unseen images, ± standard deviation over the seeds; differences in points, ± \
                   95 % interval of their mean. Moved: how far training took released filters from where \
                   they began, of their length. pixels: max-pool and head alone."
                .into(),
        }],
        charts: vec![SectionChart {
            title: "Accuracy (%)".into(),
            note: "Black: the convolution; blue: given filters; orange: the same set free; green: controls.".into(),
            kind: ChartKind::Bars {
                logarithmic: false,
                bars: bars.collect(),
            },
            file: None,
        }],
        ..Section::default()
    }
}

pub(super) fn costs(timing: Timing, timed: &[Timed]) -> Section {
    let fixed = timed.first().map_or([f64::NAN; 2], |timed| timed.seconds);
    let rows = timed.iter().map(|timed| -> Vec<Value> {
        let [forward, both] = timed.seconds;
        vec![
            timed.layer.as_str().into(),
            timed.parameters.to_string().into(),
            (1e3 * forward).into(),
            (1e3 * both).into(),
            (forward / fixed[0]).into(),
            (both / fixed[1]).into(),
        ]
    });
    let bars = timed.iter().enumerate().map(|(index, timed)| Bar {
        name: timed.layer.clone(),
        value: timed.seconds[0] / fixed[0],
        group: index.min(2),
    });
    Section {
        heading: format!("The cost at {0}×{0}", timing.size),
        text: vec![format!(
            "From one channel to {FILTERS}, {} images, medians of {} runs in turns in one process. Fourier: \
             transform, product with spectra that were computed before, and back; the kernels are as large as \
             the image. Set free, it has the same products to make, and one more for the gradient of its \
             filters.",
            timing.batch, timing.rounds
        )],
        tables: vec![SectionTable {
            title: "A layer, forward and with its gradients".into(),
            columns: columns(&[
                "layer",
                "learn",
                "forward (ms)",
                "both (ms)",
                "over fixed: forward",
                "both",
            ]),
            rows: rows.collect(),
            note: "Learn: parameters. Both: forward and backward with the gradients of the input and of what \
                   learns. Over fixed: times divided by that of the first row. On a busy machine ratios say \
                   more than times."
                .into(),
        }],
        charts: vec![SectionChart {
            title: "Time forward over that of the fixed Fourier filter, logarithmic".into(),
            note: "Black: fixed; blue: released; orange: convolutions tap by tap. Shorter is faster.".into(),
            kind: ChartKind::Bars {
                logarithmic: true,
                bars: bars.collect(),
            },
            file: None,
        }],
        ..Section::default()
    }
}

pub(super) fn pictures(of: &Example) -> Section {
    let shape = |dims: &[usize]| -> String {
        let dims: Vec<String> = dims.iter().map(usize::to_string).collect();
        dims.join("×")
    };
    let [image, filter, result] = &of.shapes;
    Section {
        heading: "The filter of the example as it is".into(),
        text: vec![format!(
            "numpy.sinc(mgrid/64) of the two coordinates of a {SIDE}×{SIDE} image is no filter of two \
             dimensions but two images, of shape {}: one varies along the height alone, one along the width \
             alone. Broadcast against an image of {}, the product of the spectra gives {}. As a kernel each of \
             them is constant along one axis, so that all that is left of the image there is its mean; and \
             its peak, the place of no shift, lies in the middle instead of at the first sample, so that the \
             result comes out moved by half the image, around the borders.",
            shape(filter),
            shape(image),
            shape(result)
        )],
        tables: vec![SectionTable {
            title: "What it does to two images".into(),
            columns: columns(&["figure", "value"]),
            rows: vec![
                vec![
                    "as published, beside the same kernels around their peaks: relative difference".into(),
                    of.as_published.into(),
                ],
                vec![
                    format!("the same, moved back by {} pixels each way", SIDE / 2).into(),
                    of.moved_by_half.into(),
                ],
                vec![
                    "energy that varies along the axis where the filter is constant (%)".into(),
                    (100.0 * of.along_constant).into(),
                ],
                vec![
                    "the same of the images themselves (%)".into(),
                    (100.0 * of.of_image).into(),
                ],
            ],
            note: "Of the energy less the mean; the larger one of the two filters.".into(),
        }],
        strips: (of.strips.iter().zip(1..))
            .map(|(pictures, number)| Strip {
                title: format!(
                    "Image {number}: filters red above zero and blue below, results from 0 to their largest value"
                ),
                pictures: pictures.clone(),
                file: None,
            })
            .collect(),
        ..Section::default()
    }
}
