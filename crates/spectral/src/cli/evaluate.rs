//! `spectral evaluate`: a saved network on test images, also of another size.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::args::size;
use super::checkpoint::Loaded;
use super::context::Context;
use super::error::CliError;
use super::output::{print, print_json};
use super::paths::path_text;
use super::test_images::{TestArgs, judge, test_images};
use crate::model::InputSpec;

/// Evaluate a saved network, also at another size
#[derive(Debug, Args)]
#[command(
    after_help = "Runs the network on the test part of a data set as training does after each
epoch. With --size the images are resampled first, photographs from their
originals, and the network runs on them with the weights it has; one that is
bound to the size it was trained at says so.

Examples:
  spectral evaluate runs/cnn-glyphs-0
  spectral evaluate runs/cnn-mnist-0 --size 56x56 --json
  spectral evaluate model.safetensors --data cifar-10 --size 41x37"
)]
pub(super) struct EvaluateArgs {
    /// A run folder, or the model.safetensors of one
    #[arg(value_name = "RUN_OR_CHECKPOINT")]
    source: PathBuf,
    #[command(flatten)]
    test: TestArgs,
    /// Resample the images to this size
    /// [default: the size of training]
    #[arg(long, value_name = "HxW", value_parser = size, verbatim_doc_comment)]
    size: Option<(usize, usize)>,
    /// Use the weights of the run's best epoch, if it kept them
    #[arg(long)]
    best: bool,
}

pub(super) fn run(args: &EvaluateArgs, context: &Context) -> Result<(), CliError> {
    let loaded = Loaded::from(&args.source, args.best, context)?;
    let trained = &loaded.settings.input;
    let size = args.size.unwrap_or((trained.height, trained.width));
    let input = InputSpec {
        height: size.0,
        width: size.1,
        ..trained.clone()
    };
    // Before any data are read: this takes no time.
    loaded.network.check(&input)?;
    let (data, images) = test_images(&args.test, &loaded, size, context)?;
    let evaluation = judge(&loaded.network, &loaded, &images)?;
    if !evaluation.loss.is_finite() {
        return Err(CliError::Failed(format!(
            "the loss is {}: the outputs of the network are not finite",
            evaluation.loss
        )));
    }
    if context.json {
        let scores = evaluation.scores();
        return print_json(&json!({
            "source": path_text(&args.source),
            "model": loaded.name,
            "data": data,
            "images": images.len(),
            "trained_size": [trained.height, trained.width],
            "size": [size.0, size.1],
            "loss": evaluation.loss,
            "accuracy": scores.map(|scores| scores.accuracy),
            "precision": scores.map(|scores| scores.precision),
            "recall": scores.map(|scores| scores.recall),
            "f1": scores.map(|scores| scores.f1),
            "seconds": evaluation.seconds,
        }));
    }
    let mut text = format!(
        "{} on {} test images of {data}, {}x{} pixels (trained at {}x{})\n  loss      {:.4}\n",
        loaded.name,
        images.len(),
        size.0,
        size.1,
        trained.height,
        trained.width,
        evaluation.loss
    );
    if let Some(scores) = evaluation.scores() {
        text.push_str(&format!(
            "  accuracy  {:.2} %\n  F1        {:.2} %\n",
            100.0 * scores.accuracy,
            100.0 * scores.f1
        ));
    }
    print(&text)
}
