//! Results of a run as an HTML page, Markdown, a table or JSON.
//!
//! A [`Report`] holds plain values only: it knows neither tensors nor networks, so whoever trained
//! something fills one in and chooses a format:
//!
//! * [`to_html`], [`write_html`]: one self-contained page (no network, no script needed) with tables, learning curves,
//!   confusion matrices, learned filters, sample images and predicted fields;
//! * [`to_markdown`], [`write_markdown`]: the same figures as text;
//! * [`to_json`], [`write_json`]: everything, and [`compare_json`]: one flat object per model;
//! * [`table()`]: a table for a terminal of 80 columns.
//!
//! A [`LayersReport`] holds the results of inspecting layers; [`layers_html`] renders it as a page.
//!
//! A run may diverge, so every metric may be NaN or infinite. Such values are shown as missing,
//! sorted last, written as JSON `null` and read back as NaN.

mod axis;
pub mod chance;
mod charts;
mod combine;
mod confusion;
mod error;
mod field;
mod findings;
#[cfg(test)]
pub(crate) mod fixture;
mod format;
mod goal;
mod html;
mod json;
mod layers;
mod legend;
mod lines;
mod markdown;
mod palette;
mod pictures;
mod rank;
mod section;
mod seeds;
mod table;
mod view;
mod write;

use serde::{Deserialize, Serialize};

pub use combine::combine_seeds;
pub use error::ReportError;
pub use field::{ColorScale, field_picture};
pub use findings::findings;
pub use format::{count, duration, significant};
pub use goal::Goal;
pub use html::{to_html, write_html};
pub use json::{compare_json, to_json, write_json};
pub use layers::{
    FigureSection, LayerReport, LayersReport, PairPictures, layers_html, write_layers_html,
};
pub use markdown::{to_markdown, write_markdown};
pub use palette::ColorMap;
pub use pictures::{grid_png, picture_png};
pub use section::{
    Bar, Block, ChartKind, Line, PictureRow, PictureTable, Point, Section, SectionChart,
    SectionTable, Strip, Value, fill_sections, write_section_files,
};
pub use seeds::{SeedReport, Spread};
pub use table::table;
pub use write::{check_writable, write as write_text};

/// The complete results of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Report {
    /// The headline.
    pub title: String,
    /// The findings: paragraphs of plain text, the most important first.
    pub summary: Vec<String>,
    /// How to reproduce this report.
    pub provenance: Provenance,
    /// Sections besides the comparisons, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// One entry per data set, in order.
    pub data_sets: Vec<DataSetReport>,
}

/// The provenance of a report, enough to run it again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// The command line, as typed.
    pub command: String,
    /// The commit of the source tree, when known.
    pub commit: Option<String>,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The processor or accelerator.
    pub machine: String,
    /// Number of threads.
    pub threads: usize,
    /// Names and versions of the relevant software.
    pub versions: Vec<(String, String)>,
    /// When the run began, as text.
    pub date: String,
    /// Wall-clock time of the whole run, in seconds.
    #[serde(deserialize_with = "json::number")]
    pub elapsed_s: f64,
}

/// One data set and the models trained on it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DataSetReport {
    /// The short name, such as `glyphs`.
    pub name: String,
    /// A description of the data, in a sentence or two.
    pub description: String,
    /// Class names, in the order of the rows and columns of [`ModelReport::confusion`]; empty for
    /// [`Goal::Predict`].
    pub classes: Vec<String>,
    /// Number of training examples.
    pub train_count: usize,
    /// Number of test examples.
    pub test_count: usize,
    /// A few example images, or input fields of test samples.
    pub samples: Vec<Picture>,
    /// The true output fields of [`samples`](Self::samples); empty unless the goal is
    /// [`Goal::Predict`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Picture>,
    /// The models. The first one is the baseline that times are compared with.
    pub models: Vec<ModelReport>,
}

impl DataSetReport {
    /// The goal of its models; the same for all.
    pub fn goal(&self) -> Goal {
        self.models
            .first()
            .map_or_else(Goal::default, |model| model.goal)
    }
}

/// One trained model with its results.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModelReport {
    /// The short name, such as `cnn`.
    pub model: String,
    /// A description, in a sentence.
    pub summary: String,
    /// The name of the data set.
    pub data: String,
    /// Its goal.
    #[serde(default)]
    pub goal: Goal,
    /// Number of trainable parameters, dead ones included.
    pub params: usize,
    /// How many of them are dead (cannot change the output).
    pub dead_params: usize,
    /// Test accuracy, 0 to 1. This and the other results are means if there are several
    /// [`seeds`](Self::seeds).
    #[serde(deserialize_with = "json::number")]
    pub accuracy: f64,
    /// Precision on the test set, 0 to 1: the mean over the classes, weighted by class size.
    #[serde(deserialize_with = "json::number")]
    pub precision: f64,
    /// Recall on the test set, 0 to 1, weighted likewise.
    #[serde(deserialize_with = "json::number")]
    pub recall: f64,
    /// F1 on the test set, 0 to 1, weighted likewise.
    #[serde(deserialize_with = "json::number")]
    pub f1: f64,
    /// Mean relative L2 error on the test samples; only of models that predict fields.
    #[serde(
        rename = "relative_l2",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub l2: Option<f64>,
    /// Mean relative H1 error on the test samples, which also compares the gradients of the fields;
    /// only of models that predict fields.
    #[serde(
        rename = "relative_h1",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub h1: Option<f64>,
    /// Mean loss on the test set.
    #[serde(deserialize_with = "json::number")]
    pub loss: f64,
    /// Median training time per epoch, in seconds.
    #[serde(deserialize_with = "json::number")]
    pub epoch_s: f64,
    /// Training images, or samples, per second.
    #[serde(deserialize_with = "json::number")]
    pub images_per_s: f64,
    /// Confusion matrix of the test images, true classes as rows and predicted classes as columns,
    /// in the order of [`DataSetReport::classes`]; empty if there is none.
    pub confusion: Vec<Vec<u64>>,
    /// Results per seed; empty if there was only one. The matrix, the epochs and all pictures are
    /// those of the first.
    #[serde(default)]
    pub seeds: Vec<SeedReport>,
    /// The epochs, oldest first.
    pub history: Vec<EpochReport>,
    /// Some learned filters.
    pub filters: Vec<FilterReport>,
    /// Its reconstructions of [`DataSetReport::samples`], or its predictions of
    /// [`DataSetReport::targets`]; empty for [`Goal::Classify`].
    #[serde(default)]
    pub rebuilt: Vec<Picture>,
    /// Its predictions minus [`DataSetReport::targets`]; empty unless its goal is
    /// [`Goal::Predict`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Picture>,
    /// Notes for the reader, one sentence each.
    pub notes: Vec<String>,
}

impl ModelReport {
    /// The first epoch whose training loss is not a finite number.
    pub fn diverged_at(&self) -> Option<usize> {
        self.history
            .iter()
            .find(|epoch| !epoch.train_loss.is_finite())
            .map(|epoch| epoch.epoch)
    }

    /// Whether training or testing gave numbers that are not finite.
    pub fn diverged(&self) -> bool {
        self.diverged_at().is_some() || !self.loss.is_finite() || !self.score().is_finite()
    }

    /// The main metric: the accuracy, the loss if it reconstructs images, or the relative L2 error if
    /// it predicts fields.
    pub fn score(&self) -> f64 {
        match self.goal {
            Goal::Classify => self.accuracy,
            Goal::Rebuild => self.loss,
            Goal::Predict => self.l2.unwrap_or(f64::NAN),
        }
    }

    /// The spread of [`score`](Self::score) over the seeds, if there are several.
    pub fn spread(&self) -> Option<Spread> {
        Spread::of(self.seeds.iter().map(|seed| match self.goal {
            Goal::Classify => seed.accuracy,
            Goal::Rebuild => seed.loss,
            Goal::Predict => seed.l2.unwrap_or(f64::NAN),
        }))
    }
}

/// The metrics of one epoch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EpochReport {
    /// The epoch's number, from 1.
    pub epoch: usize,
    /// Training time of this epoch, in seconds, without testing.
    #[serde(deserialize_with = "json::number")]
    pub seconds: f64,
    /// Mean training loss.
    #[serde(deserialize_with = "json::number")]
    pub train_loss: f64,
    /// Training accuracy, 0 to 1.
    #[serde(deserialize_with = "json::number")]
    pub train_accuracy: f64,
    /// Mean test loss.
    #[serde(deserialize_with = "json::number")]
    pub test_loss: f64,
    /// Test accuracy, 0 to 1.
    #[serde(deserialize_with = "json::number")]
    pub test_accuracy: f64,
    /// Mean relative L2 error on the test samples; only of models that predict fields.
    #[serde(
        rename = "relative_l2",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub l2: Option<f64>,
    /// Mean relative H1 error on the test samples; only of models that predict fields.
    #[serde(
        rename = "relative_h1",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub h1: Option<f64>,
    /// The learning rate at the end of the epoch.
    #[serde(deserialize_with = "json::number")]
    pub learning_rate: f64,
    /// Training images, or samples, per second.
    #[serde(deserialize_with = "json::number")]
    pub images_per_s: f64,
}

/// One learned filter, in space and frequency.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FilterReport {
    /// Its label, such as `layer 1, filter 3`.
    pub label: String,
    /// The impulse response, signed.
    pub kernel: Grid,
    /// The magnitude |H| of the frequency response, with zero frequency (DC) in the center.
    pub magnitude: Grid,
    /// The phase of the frequency response in radians, −π to π, shifted likewise.
    pub phase: Option<Grid>,
}

/// A matrix of numbers, drawn as a color map.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Grid {
    /// Number of rows, at least 1.
    pub rows: usize,
    /// Number of columns, at least 1.
    pub cols: usize,
    /// `rows · cols` values, row by row.
    #[serde(deserialize_with = "json::numbers")]
    pub values: Vec<f32>,
}

/// A small image.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Picture {
    /// Its label, such as its class.
    pub label: String,
    /// Height in pixels, at least 1.
    pub rows: usize,
    /// Width in pixels, at least 1.
    pub cols: usize,
    /// 1 for gray, 3 for red, green and blue.
    pub channels: usize,
    /// `rows · cols · channels` bytes, row by row, with interleaved channels.
    pub pixels: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_diverges_where_its_training_loss_stops_being_finite() {
        let mut model = fixture::model("cnn", 0.9);
        assert_eq!(model.diverged_at(), None);
        assert!(!model.diverged());
        model.history[2].train_loss = f64::INFINITY;
        model.history[3].train_loss = f64::NAN;
        assert_eq!(model.diverged_at(), Some(3));
        assert!(model.diverged());
    }

    #[test]
    fn a_model_that_rebuilds_is_judged_by_its_loss_and_needs_no_accuracy() {
        let model = fixture::rebuilding("conv", 0.0625);
        assert!(!model.diverged());
        assert_eq!(model.score(), 0.0625);
    }

    #[test]
    fn a_model_that_predicts_is_judged_by_its_relative_error() {
        let model = fixture::predicting("fno", 0.084);
        assert!(!model.diverged());
        assert_eq!(model.score(), 0.084);
        let lost = ModelReport { l2: None, ..model };
        assert!(lost.diverged());
    }

    #[test]
    fn a_model_whose_test_loss_is_not_finite_has_diverged() {
        let mut model = fixture::model("cnn", 0.9);
        model.loss = f64::NAN;
        assert_eq!(model.diverged_at(), None);
        assert!(model.diverged());
    }
}
