//! The sweep of widths.

use spectral_lab::report::{ChartKind, Line, Point, SectionChart, SectionTable, Value};

use crate::kit::Parts as Section;

use super::super::comparison::percent;
use super::Group;
use super::page::train_accuracy;

/// One network of the sweep.
pub(super) struct Width {
    model: String,
    width: String,
    params: usize,
    accuracy: f64,
    train_accuracy: f64,
    epoch_s: f64,
}

/// The networks of the sweep; those that only the sweep needs leave the comparison.
pub(super) fn take_widths(
    group: &mut Group,
    swept: &[&str],
    widths: &[&str],
    compared: &str,
) -> Vec<Width> {
    let mut found = Vec::new();
    for base in swept {
        for width in widths {
            let name = format!("{base}{width}");
            let Some(at) = group.compared.models.iter().position(|t| t.model == name) else {
                continue;
            };
            let trained = &group.compared.models[at];
            found.push(Width {
                model: (*base).into(),
                width: match width.trim_start_matches('-') {
                    "" => "whole".into(),
                    width => width.into(),
                },
                params: trained.runs.first().map_or(0, |run| run.params),
                accuracy: trained.mean(|run| run.accuracy),
                train_accuracy: trained.mean(train_accuracy),
                epoch_s: trained.mean(|run| run.epoch_s),
            });
            let is_only_swept = *width != compared && !group.fixation.contains(&name);
            if is_only_swept {
                group.compared.models.remove(at);
            }
        }
    }
    found
}

/// Accuracy by parameters.
pub(super) fn sweep(widths: &[Width]) -> Section {
    let mut names: Vec<&str> = Vec::new();
    for width in widths {
        if !names.contains(&width.model.as_str()) {
            names.push(&width.model);
        }
    }
    let lines = names.iter().enumerate().map(|(index, name)| {
        let mut points: Vec<Point> = (widths.iter())
            .filter(|width| width.model == *name)
            .map(|width| Point {
                x: (width.params as f64).log10(),
                y: 100.0 * width.accuracy,
            })
            .collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        Line {
            name: (*name).into(),
            group: index,
            dashed: false,
            points,
        }
    });
    let rows = widths.iter().map(|width| {
        vec![
            width.model.as_str().into(),
            width.width.as_str().into(),
            Value::Number(Some(width.params as f64)),
            percent(width.train_accuracy).into(),
            percent(width.accuracy).into(),
            width.epoch_s.into(),
        ]
    });
    Section {
        heading: "Widths".into(),
        tables: vec![SectionTable {
            title: "Accuracy (%) by width".into(),
            columns: [
                "network",
                "width",
                "parameters",
                "training",
                "unseen",
                "epoch (s)",
            ]
            .map(String::from)
            .to_vec(),
            rows: rows.collect(),
            note: "Half and quarter: channels and dense units of every layer.".into(),
        }],
        charts: vec![SectionChart {
            title: "Accuracy on unseen images (%) by parameters".into(),
            note: "To the right, networks with more parameters: 6 is a million.".into(),
            kind: ChartKind::Lines {
                x: "decimal logarithm of the parameters".into(),
                logarithmic: false,
                lines: lines.collect(),
            },
            file: None,
        }],
        ..Section::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::tests::group;
    use super::*;

    #[test]
    fn a_network_of_the_sweep_alone_leaves_the_comparison() {
        let mut group = group();
        let widths = take_widths(&mut group, &["net"], &["", "-half"], "");
        assert_eq!(widths.len(), 2);
        assert_eq!(widths[1].width, "half");
        let left: Vec<&str> = group
            .compared
            .models
            .iter()
            .map(|t| t.model.as_str())
            .collect();
        assert_eq!(left, ["twin", "net"]);
    }
}
