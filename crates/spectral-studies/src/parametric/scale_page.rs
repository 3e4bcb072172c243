//! What a step costs by the size of the image, as a part of the page.

use spectral_lab::report::{ChartKind, Line, Point, SectionChart, SectionTable, Value, count};

use crate::kit::Parts as Section;

use super::scale::Cost;
use super::{Figures, SCALED};

/// The costs of a network, the smallest image first.
fn of_model<'a>(costs: &'a [Cost], model: &str) -> Vec<&'a Cost> {
    let mut own: Vec<&Cost> = costs.iter().filter(|cost| cost.model == model).collect();
    own.sort_by_key(|cost| cost.side);
    own
}

fn milliseconds(cost: &Cost) -> f64 {
    1e3 * cost.seconds
}

/// How time and parameters grow.
pub(super) fn findings(of: &Figures) -> Vec<String> {
    let mut growth = Vec::new();
    let mut sides = None;
    for model in SCALED {
        let own = of_model(&of.costs, model);
        if let [first, .., last] = own[..] {
            sides = Some([first.side, last.side]);
            let times = Value::from(last.seconds / first.seconds).shown();
            growth.push(format!("{times} for {model}"));
        }
    }
    let Some([from, to]) = sides else {
        return Vec::new();
    };
    let pixels = (to as f64 / from as f64).powi(2);
    let mut findings = vec![format!(
        "Scalable? From {from}×{from} to {to}×{to}, {pixels:.0} times the pixels, a training step takes this \
         many times as long: {}.",
        growth.join(", ")
    )];
    let at = |model: &str| of_model(&of.costs, model).last().copied();
    if let (Some(spatial), Some(fourier), Some(linear), Some(gaussian)) = (
        at("cats-spatial"),
        at("cats-fourier"),
        at("cats-linear"),
        at("cats-gaussian"),
    ) {
        let ratios = [fourier, linear, gaussian].map(|cost| spatial.seconds / cost.seconds);
        findings.push(format!(
            "At {to}×{to} a step of the convolutional network takes {:.1} times as long as one of \
             cats-fourier, {:.1} of cats-linear, {:.1} of cats-gaussian. The filters of cats-linear and \
             cats-gaussian have {} and {} parameters at every size; with the head the networks have {} \
             and {} there, cats-spatial {}, cats-fourier {}.",
            ratios[0],
            ratios[1],
            ratios[2],
            linear.filter_params,
            gaussian.filter_params,
            count(linear.params),
            count(gaussian.params),
            count(spatial.params),
            count(fourier.params)
        ));
    }
    findings
}

/// Time of a step, parameters and multiply-adds by size.
pub(super) fn section(of: &Figures) -> Section {
    let rows = SCALED.iter().flat_map(|model| {
        let own = of_model(&of.costs, model);
        let rows = own.into_iter().map(|cost| -> Vec<Value> {
            let pixels = (of.batch * cost.side * cost.side) as f64;
            vec![
                cost.model.as_str().into(),
                format!("{0}×{0}", cost.side).into(),
                milliseconds(cost).into(),
                (1e9 * cost.seconds / pixels).into(),
                count(cost.filter_params).into(),
                count(cost.params).into(),
                (cost.multiply_adds as f64 / 1e6).into(),
            ]
        });
        rows.collect::<Vec<_>>()
    });
    let rows = rows.collect();
    let lines = SCALED.iter().enumerate().map(|(group, model)| Line {
        name: (*model).into(),
        group,
        dashed: false,
        points: of_model(&of.costs, model)
            .into_iter()
            .map(|cost| Point {
                x: cost.side as f64,
                y: milliseconds(cost),
            })
            .collect(),
    });
    Section {
        heading: "Scalable?".into(),
        text: vec![format!(
            "A training step (forward, backward, update) on {} random images of three colors and two \
             classes, the median of {} steps, the networks in turns in one process; among the sides \
             are an odd and a prime one. The filters of linear and Gaussian responses have as many \
             parameters at every size, and 3×3 convolutions too; a free weight per frequency has not, \
             and the dense head, which all share, grows with the pixels.",
            of.batch, of.rounds
        )],
        tables: vec![SectionTable {
            title: "A training step by the size of the image".into(),
            columns: [
                "network",
                "size",
                "step (ms)",
                "ns a pixel",
                "filter parameters",
                "all parameters",
                "multiply-adds an image (millions)",
            ]
            .map(String::from)
            .to_vec(),
            rows,
            note: "Times are of one machine, ratios of networks matter. Multiply-adds: forward, of one \
                   image, layer by layer as published; a fused form computes fewer."
                .into(),
        }],
        charts: vec![SectionChart {
            title: "Time of a training step (ms), logarithmic".into(),
            note: format!("{} images a step. Lower is better.", of.batch),
            kind: ChartKind::Lines {
                x: "height and width (pixels)".into(),
                logarithmic: true,
                lines: lines.collect(),
            },
            file: None,
        }],
        ..Section::default()
    }
}
