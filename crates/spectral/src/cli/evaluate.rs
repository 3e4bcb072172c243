//! `spectral evaluate`: evaluates a saved network on test images, optionally at another size.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::args::{DataArgs, size};
use super::checkpoint::Loaded;
use super::context::Context;
use super::error::CliError;
use super::field_args::FieldArgs;
use super::fields;
use super::output::{print, print_json};
use super::paths::path_text;
use super::test_images::{TestArgs, TestImages, judge, test_images};
use spectral_lab::data::resized;
use spectral_lab::model::InputSpec;

/// Evaluate a saved network, optionally at another size
#[derive(Debug, Args)]
#[command(
    after_help = "Evaluates the network on the test set, as after each epoch of training. With
--size the images are first resampled (photographs from the original files) and
the network runs at that size with its weights unchanged; networks tied to their
training size report an error. The baseline to beat is
--resample-to-training-size, which resamples those images back and runs the
network at its training size; any network can do this.
Images of a folder that the network was trained on are never tested, even if the
folder was moved or images were renamed, added or removed since.

Examples:
  spectral evaluate runs/cnn-glyphs-0
  spectral evaluate runs/cnn-mnist-0 --size 56x56 --json
  spectral evaluate runs/cnn-mnist-0 --size 56x56 --resample-to-training-size
  spectral evaluate model.safetensors --data cifar-10 --size 41x37"
)]
pub(super) struct EvaluateArgs {
    /// Run folder, or the model.safetensors of one
    #[arg(value_name = "RUN_OR_CHECKPOINT")]
    source: PathBuf,
    #[command(flatten)]
    test: TestArgs,
    /// Resample the images to this size
    /// [default: the training size]
    #[arg(long, value_name = "HxW", value_parser = size, verbatim_doc_comment)]
    size: Option<(usize, usize)>,
    /// Resample the images of --size back to the
    /// training size and run the network there
    #[arg(long, requires = "size", verbatim_doc_comment)]
    resample_to_training_size: bool,
    /// Use the weights of the best epoch, if the run kept them
    #[arg(long)]
    best: bool,
    #[command(flatten)]
    fields: FieldArgs,
}

pub(super) fn run(args: &EvaluateArgs, context: &Context) -> Result<(), CliError> {
    if fields::is_operator_run(&args.source) {
        if args.size.is_some() {
            return Err(CliError::Usage(
                "--size resamples images; an operator is evaluated on other grids with test samples on \
                 them: --test-data FILE"
                    .into(),
            ));
        }
        let test = fields::TestFields {
            data: args.test.data.as_ref(),
            data_args: DataArgs {
                data_dir: args.test.data_dir.clone(),
                test_count: args.test.test_count,
                ..DataArgs::default()
            },
            fields: &args.fields,
        };
        return fields::evaluate(&args.source, args.best, &test, context);
    }
    let loaded = Loaded::from(&args.source, args.best, context)?;
    let trained = &loaded.settings.input;
    let size = args.size.unwrap_or((trained.height, trained.width));
    let (height, width) = match args.resample_to_training_size {
        true => (trained.height, trained.width),
        false => size,
    };
    let input = InputSpec {
        height,
        width,
        ..trained.clone()
    };
    // Before loading any data, since this is instant.
    loaded.network.check(&input)?;
    let TestImages {
        data,
        images,
        notes,
    } = test_images(&args.test, &loaded, size, context)?;
    let images = match args.resample_to_training_size {
        true => resized(&images, (height, width))?,
        false => images,
    };
    let evaluation = judge(&loaded.network, &loaded, &images)?;
    if !evaluation.loss.is_finite() {
        return Err(CliError::Failed(format!(
            "the loss is {}: the network's outputs are not finite",
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
            "run_at": [height, width],
            "loss": evaluation.loss,
            "accuracy": scores.map(|scores| scores.accuracy),
            "precision": scores.map(|scores| scores.precision),
            "recall": scores.map(|scores| scores.recall),
            "f1": scores.map(|scores| scores.f1),
            "seconds": evaluation.seconds,
            "notes": notes,
        }));
    }
    let how = match args.resample_to_training_size {
        true => "resampled to the training size of",
        false => "trained at",
    };
    let mut text = format!(
        "{} on {} test images of {data}, {}x{} pixels ({how} {}x{})\n  loss      {:.4}\n",
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
