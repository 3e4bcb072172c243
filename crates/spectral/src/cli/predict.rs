//! `spectral predict`: classifies image files.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::checkpoint::Loaded;
use super::context::Context;
use super::error::CliError;
use super::fields::reject_operator;
use super::output::{print, print_json, say};
use super::paths;
use super::run_settings::ModelSettings;
use spectral_lab::data::{Images, read_photo};
use spectral_lab::limits;
use spectral_lab::model::InputSpec;
use spectral_lab::train::{Feeding, Target, predict};

/// Classes shown per image.
const TOP: usize = 3;

/// Maximum batch size; smaller for large images.
const BATCH: usize = 64;

/// Classify image files
#[derive(Debug, Args)]
#[command(
    after_help = "Accepts JPEG and PNG of any size. Images are composited on white where
transparent, rotated upright, center-cropped, resized and converted to gray or
RGB as the network requires. An image that cannot be read is reported on stderr
and sets the exit code to 1; the others are still classified.

Examples:
  spectral predict runs/cnn-glyphs-0 seven.png
  spectral predict model.safetensors photos/*.jpg --json"
)]
pub(super) struct PredictArgs {
    /// Run folder, or the model.safetensors of one
    #[arg(value_name = "RUN_OR_CHECKPOINT")]
    source: PathBuf,
    /// Image files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Use the weights of the best epoch, if the run kept them
    #[arg(long)]
    best: bool,
}

#[derive(Serialize)]
struct Prediction {
    #[serde(serialize_with = "paths::serialize")]
    file: PathBuf,
    class: String,
    probability: f32,
    top: Vec<Candidate>,
}

#[derive(Serialize)]
struct Candidate {
    class: String,
    probability: f32,
}

pub(super) fn run(args: &PredictArgs, context: &Context) -> Result<(), CliError> {
    reject_operator(&args.source, "predict")?;
    let loaded = Loaded::from(&args.source, args.best, context)?;
    if loaded.settings.target != Target::Label {
        return Err(CliError::Failed(format!(
            "{}: {} was trained to reconstruct images and cannot classify",
            args.source.display(),
            loaded.name
        )));
    }
    let input = &loaded.settings.input;
    let mut predictions = Vec::new();
    let mut failed = 0;
    let image = limits::product(input.shape());
    // At least 1, and no more than 64.
    let batch = (limits::BATCH / image).clamp(1, BATCH as u64) as usize;
    for files in args.files.chunks(batch) {
        let mut good = Vec::new();
        let mut pixels = Vec::new();
        for file in files {
            match read_photo(file, input.channels, (input.height, input.width)) {
                Ok(bytes) => {
                    good.push(file);
                    pixels.extend(bytes);
                }
                Err(error) => {
                    failed += 1;
                    let error = CliError::from(error);
                    say(&format!("error: {}", error.message().unwrap_or_default()));
                }
            }
        }
        let found = classify(&loaded, &good, pixels)?;
        if let Some(bad) = found.iter().find(|found| !found.probability.is_finite()) {
            return Err(CliError::Failed(format!(
                "{}: the probability is {}: the network's outputs are not finite",
                bad.file.display(),
                bad.probability
            )));
        }
        predictions.extend(found);
    }
    if context.json {
        print_json(&predictions)?;
    } else {
        print(&lines(&predictions))?;
    }
    match failed {
        0 => Ok(()),
        _ => Err(CliError::Failed(format!(
            "{failed} of {} images could not be read",
            args.files.len()
        ))),
    }
}

fn classify(
    loaded: &Loaded,
    files: &[&PathBuf],
    pixels: Vec<u8>,
) -> Result<Vec<Prediction>, CliError> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let ModelSettings {
        input,
        class_names,
        normalize,
        ..
    } = &loaded.settings;
    let InputSpec {
        channels,
        height,
        width,
        ..
    } = *input;
    let images = Images {
        pixels,
        channels,
        height,
        width,
        labels: vec![0; files.len()],
    };
    let feeding = Feeding {
        normalize,
        batch_size: BATCH,
    };
    let probabilities = predict(&loaded.network, &images, feeding)?;
    let name = |class: usize| {
        class_names
            .get(class)
            .cloned()
            .unwrap_or_else(|| class.to_string())
    };
    Ok(files
        .iter()
        .enumerate()
        .map(|(index, file)| {
            let top: Vec<Candidate> = probabilities
                .top(index, TOP)
                .into_iter()
                .map(|(class, probability)| Candidate {
                    class: name(class),
                    probability,
                })
                .collect();
            Prediction {
                file: file.to_path_buf(),
                class: top
                    .first()
                    .map(|first| first.class.clone())
                    .unwrap_or_default(),
                probability: top.first().map_or(f32::NAN, |first| first.probability),
                top,
            }
        })
        .collect())
}

fn lines(predictions: &[Prediction]) -> String {
    predictions
        .iter()
        .map(|prediction| {
            let top: Vec<String> = prediction
                .top
                .iter()
                .map(|candidate| {
                    format!("{} {:.1} %", candidate.class, 100.0 * candidate.probability)
                })
                .collect();
            format!("{}: {}\n", prediction.file.display(), top.join(", "))
        })
        .collect()
}
