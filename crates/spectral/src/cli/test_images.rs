//! The test images that a saved network is judged on.

use std::path::PathBuf;

use clap::Args;

use super::args::{data_name, positive};
use super::checkpoint::Loaded;
use super::context::Context;
use super::error::CliError;
use super::output::tell_notes;
use super::run_settings::DataSettings;
use crate::data::{self, DataOptions, Images, Origin, load, resized};
use crate::model::Network;
use crate::train::{Evaluation, Feeding, Target, Task, evaluate};

/// Which images.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// A data set, or folder:PATH
    /// [default: that of the run]
    #[arg(long, value_name = "NAME", value_parser = data_name, verbatim_doc_comment)]
    pub(super) data: Option<String>,
    /// Folder with one folder a data set, searched
    /// before $SPECTRAL_DATA and the cache
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    pub(super) data_dir: Option<PathBuf>,
    /// Test images [default: as many as the run had, or
    /// all]
    #[arg(long, value_name = "N", value_parser = positive, verbatim_doc_comment)]
    pub(super) test_count: Option<usize>,
}

/// The name of the data, and their test images at the size wanted.
pub(super) fn test_images(
    args: &TestArgs,
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
            .map_err(|error| CliError::file(&loaded.source, error.message()))?,
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
    tell_notes(&name, &options);
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

/// How a network of that kind does on them.
pub(super) fn judge(
    network: &Network,
    loaded: &Loaded,
    images: &Images,
) -> Result<Evaluation, CliError> {
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
    Ok(evaluate(network, images, task, feeding)?)
}
