//! Gradients by depth, as a part of the page.

use spectral_lab::report::{ChartKind, Line, Point, SectionChart, SectionTable};

use crate::kit::Parts as Section;

use super::gradients::LayerGradient;
use super::{Gradients, Group};

/// Gradients over weights, layer by layer.
pub(super) fn depth(group: &Group) -> Section {
    let mut charts = Vec::new();
    for (state, layers) in [
        (
            "fresh",
            (|of: &Gradients| &of.fresh) as fn(&Gradients) -> &Vec<LayerGradient>,
        ),
        ("trained", |of: &Gradients| &of.trained),
    ] {
        let lines = group.gradients.iter().enumerate().map(|(index, of)| Line {
            name: of.model.clone(),
            group: index,
            dashed: false,
            points: (layers(of).iter().enumerate())
                .map(|(layer, of)| Point {
                    x: (layer + 1) as f64,
                    y: of.relative(),
                })
                .collect(),
        });
        charts.push(SectionChart {
            title: format!("Gradient over weight, {state} network, logarithmic"),
            note: "Root mean squares of each layer's weights and of their gradient.".into(),
            kind: ChartKind::Lines {
                x: "layer, from the image on".into(),
                logarithmic: true,
                lines: lines.collect(),
            },
            file: None,
        });
    }
    let mut rows = Vec::new();
    for of in &group.gradients {
        for (fresh, trained) in of.fresh.iter().zip(&of.trained) {
            rows.push(vec![
                of.model.as_str().into(),
                fresh.layer.as_str().into(),
                fresh.weight.into(),
                fresh.relative().into(),
                trained.weight.into(),
                trained.relative().into(),
            ]);
        }
    }
    Section {
        heading: format!("Gradients by depth on {}", group.compared.data.name),
        tables: vec![SectionTable {
            title: "Gradient over weight, layer by layer".into(),
            columns: [
                "network",
                "layer",
                "weight, fresh",
                "gradient/weight, fresh",
                "weight, trained",
                "gradient/weight, trained",
            ]
            .map(String::from)
            .to_vec(),
            rows,
            note: "Root mean squares over all weights of a layer, its parts together, offsets and \
                   normalization left out; the gradient of one large batch in training mode. FullSpectrum \
                   weights of a spectrum and taps of a kernel have units of their own, so compare \
                   layers of one network, or networks of one kind of weight."
                .into(),
        }],
        charts,
        ..Section::default()
    }
}
