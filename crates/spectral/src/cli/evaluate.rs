//! `spectral evaluate`: a saved network on test images, also of another size.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::args::{data_name, positive, size};
use super::checkpoint::Loaded;
use super::context::Context;
use super::error::CliError;
use super::output::{print, print_json};
use super::run_settings::DataSettings;
use crate::data::{self, DataOptions, Images, Origin, load, resized};
use crate::model::InputSpec;
use crate::train::{Evaluation, Feeding, Target, Task, evaluate};

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
    /// A data set, or folder:PATH
    /// [default: that of the run]
    #[arg(long, value_name = "NAME", value_parser = data_name, verbatim_doc_comment)]
    data: Option<String>,
    /// Folder with one folder a data set, searched
    /// before $SPECTRAL_DATA and the cache
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    data_dir: Option<PathBuf>,
    /// Test images [default: as many as the run had, or
    /// all]
    #[arg(long, value_name = "N", value_parser = positive, verbatim_doc_comment)]
    test_count: Option<usize>,
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
    let (data, images) = test_images(args, &loaded, size, context)?;
    let evaluation = judge(&loaded, &images)?;
    if !evaluation.loss.is_finite() {
        return Err(CliError::Failed(format!(
            "the loss is {}: the outputs of the network are not finite",
            evaluation.loss
        )));
    }
    if context.json {
        let scores = evaluation.scores();
        return print_json(&json!({
            "source": args.source,
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

/// The name of the data, and their test images at the size wanted.
fn test_images(
    args: &EvaluateArgs,
    loaded: &Loaded,
    size: (usize, usize),
    context: &Context,
) -> Result<(String, Images), CliError> {
    let run = loaded.run.as_ref();
    let name = args
        .data
        .clone()
        .or_else(|| Some(run?.data.name.clone()))
        .ok_or_else(|| CliError::Usage("--data is missing".into()))?;
    // What the run was told of its data holds for those data alone.
    let stored = match run.filter(|run| run.data.name == name) {
        Some(run) => DataSettings::of(&run.data)
            .map_err(|error| CliError::file(&args.source, error.message()))?,
        None => DataSettings::default(),
    };
    let photographs = data::info(&name).is_none_or(|info| info.origin == Origin::Folder);
    let options = DataOptions {
        data_dir: args.data_dir.clone().or(stored.wanted.data_dir),
        seed: context.given_seed.unwrap_or(stored.seed),
        // Nothing is trained.
        train_count: Some(1),
        test_count: args.test_count.or(stored.wanted.test_count),
        size: photographs.then_some(size),
    };
    let set = load(&name, &options)?;
    let input = &loaded.settings.input;
    if set.test.channels != input.channels {
        return Err(CliError::Failed(format!(
            "{} takes images of {} channels; those of {name} have {}",
            loaded.name, input.channels, set.test.channels
        )));
    }
    let classes = loaded.settings.class_names.len();
    if loaded.settings.target == Target::Label && set.classes.len() != classes {
        return Err(CliError::Failed(format!(
            "{} tells {classes} classes apart; {name} has {}",
            loaded.name,
            set.classes.len()
        )));
    }
    Ok((name, resized(&set.test, size)?))
}

fn judge(loaded: &Loaded, images: &Images) -> Result<Evaluation, CliError> {
    /// Images evaluated at a time when no run says how many.
    const BATCH: usize = 64;
    let settings = &loaded.settings;
    let task = Task {
        target: settings.target,
        loss: settings.loss,
        classes: settings.class_names.len(),
    };
    let run = loaded.run.as_ref();
    let feeding = Feeding {
        normalise: &settings.normalise,
        batch_size: run.map_or(BATCH, |run| run.train.eval_batch_size),
    };
    Ok(evaluate(&loaded.network, images, task, feeding)?)
}
