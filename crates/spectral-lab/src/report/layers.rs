//! Inspected layers as one self-contained page.

use std::path::Path;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use super::{ColorMap, Grid, Provenance, ReportError, format, pictures, write};

/// The results of inspecting layers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LayersReport {
    /// The headline.
    pub title: String,
    /// The main finding, in a sentence.
    pub lead: String,
    /// One entry per layer.
    pub layers: Vec<LayerReport>,
    /// How to reproduce this report.
    pub provenance: Provenance,
}

/// The results for one layer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LayerReport {
    /// Its name.
    pub name: String,
    /// A description with its sizes.
    pub summary: String,
    /// Its results.
    pub sections: Vec<FigureSection>,
    /// Pictures of its kernels and responses.
    pub pairs: Vec<PairPictures>,
    /// The gain over frequencies, all channels together, frequency zero in the middle.
    pub gain: Grid,
    /// Ordinary operations, with their residuals.
    pub candidates: Vec<[String; 2]>,
}

/// A group of results.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FigureSection {
    /// The heading.
    pub title: String,
    /// Label, value, and explanation.
    pub figures: Vec<[String; 3]>,
}

/// Pictures of one pair of channels, offset and frequency zero in the middle.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PairPictures {
    /// The pair.
    pub label: String,
    /// Taps.
    pub kernel: Grid,
    /// Magnitudes of the response.
    pub magnitude: Grid,
    /// Phases in radians; NaN where there is none.
    pub phase: Grid,
}

#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    lead: &'a str,
    style: &'static str,
    diverging: String,
    sequential: String,
    cyclic: String,
    layers: Vec<LayerView<'a>>,
    provenance: &'a Provenance,
    elapsed: String,
}

#[derive(Serialize)]
struct LayerView<'a> {
    name: &'a str,
    summary: &'a str,
    sections: &'a [FigureSection],
    pairs: Vec<PairView<'a>>,
    gain: GridView,
    candidates: &'a [[String; 2]],
}

#[derive(Serialize)]
struct PairView<'a> {
    label: &'a str,
    grids: [GridView; 3],
}

#[derive(Serialize)]
struct GridView {
    uri: String,
    label: String,
    caption: &'static str,
    largest: String,
    rows: usize,
    cols: usize,
}

impl GridView {
    fn new(
        grid: &Grid,
        map: ColorMap,
        label: String,
        caption: &'static str,
    ) -> Result<Self, ReportError> {
        Ok(Self {
            uri: pictures::grid_uri(grid, map, &label)?,
            largest: match map {
                ColorMap::Cyclic => String::new(),
                _ => format::significant(f64::from(pictures::largest(grid))),
            },
            rows: grid.rows,
            cols: grid.cols,
            label,
            caption,
        })
    }
}

fn layer(report: &LayerReport) -> Result<LayerView<'_>, ReportError> {
    let pair = |pair: &'_ PairPictures| -> Result<[GridView; 3], ReportError> {
        let label = |what: &str| format!("{}, {}: {what}", report.name, pair.label);
        Ok([
            GridView::new(&pair.kernel, ColorMap::Diverging, label("kernel"), "kernel")?,
            GridView::new(
                &pair.magnitude,
                ColorMap::Sequential,
                label("magnitude"),
                "magnitude",
            )?,
            GridView::new(&pair.phase, ColorMap::Cyclic, label("phase"), "phase")?,
        ])
    };
    let pairs = report.pairs.iter().map(|pictures| {
        Ok(PairView {
            label: &pictures.label,
            grids: pair(pictures)?,
        })
    });
    let label = format!("{}: gain over frequencies", report.name);
    Ok(LayerView {
        name: &report.name,
        summary: &report.summary,
        sections: &report.sections,
        pairs: pairs.collect::<Result<_, ReportError>>()?,
        gain: GridView::new(&report.gain, ColorMap::Sequential, label, "gain")?,
        candidates: &report.candidates,
    })
}

/// The page: style and images are inside, and there is no script.
///
/// # Errors
/// [`ReportError`] naming the grid that is wrong.
pub fn layers_html(report: &LayersReport) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    environment.add_template("layers", include_str!("layers.html.jinja"))?;
    let page = Page {
        title: &report.title,
        lead: &report.lead,
        style: include_str!("style.css"),
        diverging: ColorMap::Diverging.gradient(),
        sequential: ColorMap::Sequential.gradient(),
        cyclic: ColorMap::Cyclic.gradient(),
        layers: report.layers.iter().map(layer).collect::<Result<_, _>>()?,
        provenance: &report.provenance,
        elapsed: format::duration(report.provenance.elapsed_s),
    };
    Ok(environment.get_template("layers")?.render(Serde(page))?)
}

/// Writes [`layers_html`] to a file, atomically.
///
/// # Errors
/// The errors of [`layers_html`], and [`ReportError::Write`].
pub fn write_layers_html(report: &LayersReport, path: impl AsRef<Path>) -> Result<(), ReportError> {
    write::write(path.as_ref(), &layers_html(report)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(values: &[f32]) -> Grid {
        Grid {
            rows: 1,
            cols: values.len(),
            values: values.to_vec(),
        }
    }

    fn report() -> LayersReport {
        LayersReport {
            title: "A <layer>".into(),
            lead: "It flips.".into(),
            layers: vec![LayerReport {
                name: "kk".into(),
                summary: "KKLayer".into(),
                sections: vec![FigureSection {
                    title: "Where it looks".into(),
                    figures: vec![["radius".into(), "0 pixels".into(), "stays in place".into()]],
                }],
                pairs: vec![PairPictures {
                    label: "1 to 1".into(),
                    kernel: grid(&[0.0, -2.0]),
                    magnitude: grid(&[2.0, 2.0]),
                    phase: grid(&[3.0, f32::NAN]),
                }],
                gain: grid(&[1.0, 1.5]),
                candidates: vec![["1x1 convolution".into(), "0".into()]],
            }],
            provenance: Provenance::default(),
        }
    }

    #[test]
    fn the_page_has_every_figure_and_needs_nothing_from_outside() {
        let page = layers_html(&report()).unwrap();
        for text in [
            "A &lt;layer&gt;",
            "It flips.",
            "0 pixels",
            "stays in place",
            "1x1 convolution",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert_eq!(page.matches("data:image/png;base64,").count(), 4);
        for outside in ["http:", "https:", "<link", "<script", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_grid_that_is_not_full_is_named() {
        let mut report = report();
        report.layers[0].pairs[0].phase.rows = 2;
        let message = layers_html(&report).unwrap_err().to_string();
        assert!(message.contains("kk, 1 to 1: phase"), "{message}");
    }
}
