//! Reports of what was trained: a [`Report`] holds plain values, which are taken from data sets, networks and outcomes
//! here.

mod fields;

use std::path::Path;

use burn::tensor::Device;

use crate::data::{self, DataSet, Images};
use crate::model::{FilterProbe, InputSpec, Network, probe_filters};
use crate::report::{
    DataSetReport, EpochReport, FilterReport, Grid, ModelReport, Picture, Report, ReportError,
    check_writable, write_html, write_json, write_markdown,
};
use crate::train::{
    Ending, EpochMetrics, Feeding, TrainConfig, TrainError, TrainOutcome, reconstruct,
};

pub use fields::{ShowError, field_report, show_predictions};

/// Maximum number of sample images per data set.
const MAX_SAMPLES: usize = 20;

/// The figures of a run; the caller adds the names.
pub fn figures<M>(outcome: &TrainOutcome<M>) -> ModelReport {
    let mut report = ModelReport {
        accuracy: f64::NAN,
        precision: f64::NAN,
        recall: f64::NAN,
        f1: f64::NAN,
        loss: f64::NAN,
        epoch_s: median(
            outcome
                .history
                .iter()
                .map(|epoch| epoch.timing.train_seconds),
        ),
        images_per_s: median(
            outcome
                .history
                .iter()
                .map(|epoch| epoch.timing.images_per_second),
        ),
        history: outcome.history.iter().map(epoch_report).collect(),
        ..ModelReport::default()
    };
    if let Some(evaluation) = &outcome.evaluation {
        report.loss = evaluation.loss;
        report.l2 = evaluation.errors.map(|errors| errors.l2);
        report.h1 = evaluation.errors.map(|errors| errors.h1);
        if let Some(scores) = evaluation.scores() {
            report.accuracy = scores.accuracy;
            report.precision = scores.precision;
            report.recall = scores.recall;
            report.f1 = scores.f1;
        }
        if let Some(confusion) = &evaluation.confusion {
            report.confusion = confusion.rows().to_vec();
        }
    }
    match outcome.ending {
        Ending::Completed => {}
        Ending::Stopped { epoch } => report.notes.push(format!("Stopped after epoch {epoch}.")),
        Ending::Diverged { epoch, step, loss } => {
            report.history.push(diverged_epoch(epoch, loss));
            report.notes.push(format!(
                "Diverged in epoch {epoch}, at mini-batch {step} of the run: loss {loss}."
            ));
        }
    }
    report
}

fn epoch_report(epoch: &EpochMetrics) -> EpochReport {
    EpochReport {
        epoch: epoch.epoch,
        seconds: epoch.timing.train_seconds,
        train_loss: epoch.train_loss,
        train_accuracy: epoch.train_accuracy.unwrap_or(f64::NAN),
        test_loss: epoch.test_loss,
        test_accuracy: epoch.test_accuracy().unwrap_or(f64::NAN),
        learning_rate: epoch.learning_rate,
        images_per_s: epoch.timing.images_per_second,
        l2: epoch.errors.map(|errors| errors.l2),
        h1: epoch.errors.map(|errors| errors.h1),
    }
}

/// The epoch that did not finish.
fn diverged_epoch(epoch: usize, loss: f64) -> EpochReport {
    EpochReport {
        epoch,
        seconds: f64::NAN,
        train_loss: loss,
        train_accuracy: f64::NAN,
        test_loss: f64::NAN,
        test_accuracy: f64::NAN,
        learning_rate: f64::NAN,
        images_per_s: f64::NAN,
        ..EpochReport::default()
    }
}

/// The median, which is robust against one disturbed epoch; NaN for an empty list.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[middle],
        _ => 0.5 * (values[middle - 1] + values[middle]),
    }
}

/// Impulse responses of a network's first layer.
pub fn filters(
    network: &Network,
    input: &InputSpec,
    count: usize,
    device: &Device,
) -> Vec<FilterReport> {
    let Some((filter, size)) = network.first_filter(input.size()) else {
        return Vec::new();
    };
    let probes = probe_filters(filter, input.channels, size, count, device);
    probes.into_iter().map(filter_report).collect()
}

fn filter_report(probe: FilterProbe) -> FilterReport {
    let grid = |values| Grid {
        rows: probe.rows,
        cols: probe.columns,
        values,
    };
    FilterReport {
        label: format!("layer 1, filter {}", probe.channel + 1),
        kernel: grid(probe.kernel),
        magnitude: grid(probe.magnitude),
        phase: Some(grid(probe.phase)),
    }
}

/// A data set without models yet.
pub fn data_report(data: &DataSet) -> DataSetReport {
    let color = if data.train.channels == 1 {
        "gray"
    } else {
        "color"
    };
    let images = format!("{}×{} pixels, {color}", data.train.height, data.train.width);
    let description = match data::info(&data.name) {
        Some(info) => format!("{} {images}.", sentence(info.summary)),
        None => format!("A folder of photographs. {images}."),
    };
    DataSetReport {
        name: data.name.clone(),
        description,
        classes: data.classes.clone(),
        train_count: data.train.len(),
        test_count: data.test.len(),
        samples: samples(data),
        ..DataSetReport::default()
    }
}

/// The first test image of each class.
fn samples(data: &DataSet) -> Vec<Picture> {
    sample_indices(data)
        .into_iter()
        .map(|index| {
            let class = usize::from(data.test.labels[index as usize]);
            picture(&data.test, index as usize, data.classes[class].clone())
        })
        .collect()
}

/// Indices of the samples in the test set.
fn sample_indices(data: &DataSet) -> Vec<u32> {
    let first = |class| {
        let mut labels = data.test.labels.iter();
        let at = labels.position(|label| usize::from(*label) == class)?;
        u32::try_from(at).ok()
    };
    (0..data.classes.len())
        .take(MAX_SAMPLES)
        .filter_map(first)
        .collect()
}

/// Reconstructions of the samples by a network trained to reconstruct images.
///
/// # Errors
/// If the network does not accept the images.
pub fn rebuilt(
    network: &Network,
    data: &DataSet,
    config: &TrainConfig,
) -> Result<Vec<Picture>, TrainError> {
    let images = data.test.subset(&sample_indices(data))?;
    let feeding = Feeding {
        normalize: &config.normalize,
        batch_size: MAX_SAMPLES,
    };
    let rebuilt = reconstruct(network, &images, config.loss, feeding)?;
    Ok((0..rebuilt.len())
        .map(|index| {
            let class = usize::from(rebuilt.labels[index]);
            picture(&rebuilt, index, data.classes[class].clone())
        })
        .collect())
}

/// One image with its channels side by side.
pub fn picture(images: &Images, index: usize, label: String) -> Picture {
    let planes = images.image(index);
    let plane = images.height * images.width;
    let pixels = (0..plane)
        .flat_map(|pixel| (0..images.channels).map(move |channel| planes[channel * plane + pixel]))
        .collect();
    Picture {
        label,
        rows: images.height,
        cols: images.width,
        channels: images.channels,
        pixels,
    }
}

/// A phrase as a sentence.
fn sentence(phrase: &str) -> String {
    let mut characters = phrase.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

/// Rejects a folder that [`write()`] could not write to; it is created if missing.
///
/// # Errors
/// If a file of the report cannot be written there.
pub fn check(folder: &Path) -> Result<(), ReportError> {
    for name in ["report.json", "report.md", "report.html"] {
        check_writable(&folder.join(name))?;
    }
    Ok(())
}

/// Writes `report.html`, `report.json` and `report.md`.
///
/// # Errors
/// If a file cannot be written.
pub fn write(report: &Report, folder: &Path) -> Result<(), ReportError> {
    write_json(report, folder.join("report.json"))?;
    write_markdown(report, folder.join("report.md"))?;
    write_html(report, folder.join("report.html"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        assert_eq!(median([3.0, 1.0, 100.0].into_iter()), 3.0);
        assert_eq!(median([3.0, 1.0, 100.0, 2.0].into_iter()), 2.5);
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn the_channels_of_a_pixel_come_to_lie_side_by_side() {
        let images = Images {
            pixels: vec![1, 2, 3, 4, 5, 6],
            channels: 3,
            height: 1,
            width: 2,
            labels: vec![0],
        };
        assert_eq!(
            picture(&images, 0, String::new()).pixels,
            [1, 3, 5, 2, 4, 6]
        );
    }

    #[test]
    fn a_sentence_begins_large_and_ends_with_a_stop() {
        assert_eq!(sentence("ten digits"), "Ten digits.");
    }
}
