//! Inspections as an HTML page with pictures.

use burn_spectral::inspect::MapReport;

use super::Inspection;
use super::entries::{residual, sections};
use super::text::candidates;
use crate::report::{FigureSection, Grid, LayerReport, LayersReport, PairPictures, Provenance};

/// Pairs of channels shown per layer.
const PAIRS: usize = 6;

/// The phase is not shown for magnitudes below this share of the largest.
const SILENT: f64 = 1e-5;

/// The page of one or several inspections.
pub fn page(title: &str, inspections: &[Inspection], provenance: Provenance) -> LayersReport {
    let lead = match inspections {
        [one] if one.is_equal => format!("Equivalent to: {}.", one.equivalent.kind),
        [one] => format!(
            "No flip, shift or convolution is equivalent; the nearest, {}, has a residual of {}.",
            one.equivalent.kind,
            residual(one.equivalent.residual)
        ),
        several => {
            let equal = several.iter().filter(|one| one.is_equal).count();
            format!(
                "{equal} of {} layers are equivalent to a flip, a shift or a convolution.",
                several.len()
            )
        }
    };
    LayersReport {
        title: title.into(),
        lead,
        layers: inspections.iter().map(layer).collect(),
        provenance,
    }
}

fn layer(inspection: &Inspection) -> LayerReport {
    let map = &inspection.map;
    let [channels, height, width] = inspection.shape;
    let sections = sections(inspection)
        .into_iter()
        .map(|section| FigureSection {
            title: section.title.into(),
            figures: (section.entries.into_iter())
                .map(|entry| [entry.label.into(), entry.value, entry.note])
                .collect(),
        });
    LayerReport {
        name: inspection.layer.clone(),
        summary: format!(
            "{}; {channels} to {} channels, {height}×{width} images.",
            inspection.summary, inspection.outputs
        ),
        sections: sections.collect(),
        pairs: pairs(map, inspection.equivalent.flip),
        gain: grid(map, &map.response.centered(&map.response.gain())),
        candidates: (candidates(inspection).into_iter())
            .map(|candidate| [candidate.kind.clone(), residual(candidate.residual)])
            .collect(),
    }
}

/// The first pairs of channels, output by output.
fn pairs(map: &MapReport, flip: bool) -> Vec<PairPictures> {
    let [inputs, outputs] = map.channels;
    let all = (0..outputs).flat_map(|output| (0..inputs).map(move |input| [output, input]));
    let response = &map.response;
    all.take(PAIRS)
        .map(|[output, input]| {
            let magnitude = response.magnitude(output, input);
            let largest = magnitude.iter().copied().fold(0.0, f64::max);
            let phase: Vec<f64> = (response.phase(output, input).into_iter().zip(&magnitude))
                .map(|(phase, magnitude)| match *magnitude <= SILENT * largest {
                    true => f64::NAN,
                    false => phase,
                })
                .collect();
            let flip = if flip { ", after the flip" } else { "" };
            PairPictures {
                label: format!("channel {} to {}{flip}", input + 1, output + 1),
                kernel: grid(map, &map.kernel.centered(output, input)),
                magnitude: grid(map, &response.centered(&magnitude)),
                phase: grid(map, &response.centered(&phase)),
            }
        })
        .collect()
}

fn grid(map: &MapReport, values: &[f64]) -> Grid {
    Grid {
        rows: map.size[0],
        cols: map.size[1],
        values: values.iter().map(|value| *value as f32).collect(),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::super::{Request, inspect_layer};
    use super::*;
    use crate::report::layers_html;

    #[test]
    fn a_layer_has_a_page_with_its_kernels() {
        let request = Request {
            layer: "kk".into(),
            shape: Some([2, 6, 7]),
            ..Request::default()
        };
        let inspection = inspect_layer(&request, &Device::flex()).unwrap();
        let report = page("kk", &[inspection], Provenance::default());
        assert_eq!(report.lead, "Equivalent to: flip, then 1x1 convolution.");
        let kernel = &report.layers[0].pairs[0].kernel;
        let points: Vec<usize> = (0..42).filter(|&i| kernel.values[i] != 0.0).collect();
        assert_eq!(points, [3 * 7 + 3], "one point in the middle");
        let html = layers_html(&report).unwrap();
        assert!(html.contains("conv.response.beta: 4"));
    }
}
