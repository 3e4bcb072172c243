//! The test images that a saved network is evaluated on.

use std::path::PathBuf;

use clap::Args;

use super::args::{any_data_name, positive};
use super::checkpoint::Loaded;
use super::context::Context;
use super::error::CliError;
use super::output::{say, tell_notes};
use super::parts::{Parts, is_folder};
use super::run_settings::DataSettings;
use spectral_lab::data::{DataOptions, Images, load, resized, same_set};
use spectral_lab::model::Network;
use spectral_lab::train::{Evaluation, Feeding, Target, Task, evaluate};

/// Test data options.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Data set or folder:PATH
    /// [default: that of the run]
    #[arg(long, value_name = "NAME", value_parser = any_data_name, verbatim_doc_comment)]
    pub(super) data: Option<String>,
    /// Folder with one subfolder per data set; searched
    /// before $SPECTRAL_DATA and the cache
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    pub(super) data_dir: Option<PathBuf>,
    /// Test images [default: as many as the run had, or
    /// all]
    #[arg(long, value_name = "N", value_parser = positive, verbatim_doc_comment)]
    pub(super) test_count: Option<usize>,
}

/// Test images at the requested size.
pub(super) struct TestImages {
    /// The name of the data.
    pub(super) data: String,
    /// The images.
    pub(super) images: Images,
    /// Notes about them.
    pub(super) notes: Vec<String>,
}

/// The images to evaluate a network on; none that it was trained on.
pub(super) fn test_images(
    args: &TestArgs,
    loaded: &Loaded,
    size: (usize, usize),
    context: &Context,
) -> Result<TestImages, CliError> {
    let run = loaded.run.as_ref().map(|run| &run.config().data);
    let name = args
        .data
        .clone()
        .or_else(|| Some(run?.name.clone()))
        .ok_or_else(|| CliError::Usage("--data is missing".into()))?;
    // The options of the run apply to its own data only.
    let run = run.filter(|data| same_set(&data.name, &name));
    let stored = match run {
        Some(data) => DataSettings::of(data)
            .map_err(|error| CliError::file(&loaded.source, error.message()))?,
        None => DataSettings::default(),
    };
    let mut options = DataOptions {
        data_dir: args.data_dir.clone().or(stored.wanted.data_dir),
        seed: context.given_seed.unwrap_or(stored.seed),
        // Nothing is trained.
        train_count: Some(1),
        test_count: args.test_count.or(stored.wanted.test_count),
        size: is_folder(&name).then_some(size),
        ..DataOptions::default()
    };
    let parts = match is_folder(&name) {
        true => Some(Parts::of(
            loaded,
            run.is_some(),
            context.given_seed,
            &mut options,
        )?),
        false => None,
    };
    let set = load(&name, &options)?;
    tell_notes(&name, &options);
    let input = &loaded.settings.input;
    if set.test.channels != input.channels {
        return Err(CliError::Failed(format!(
            "{} takes images with {} channels, but those of {name} have {}",
            loaded.name, input.channels, set.test.channels
        )));
    }
    if loaded.settings.target == Target::Label {
        check_classes(
            &loaded.name,
            &loaded.settings.class_names,
            &name,
            &set.classes,
        )?;
    }
    let notes = match parts {
        Some(parts) => parts.notes(&set)?,
        None => Vec::new(),
    };
    for note in &notes {
        say(&format!("{name}: {note}"));
    }
    Ok(TestImages {
        images: resized(&set.test, size)?,
        data: name,
        notes,
    })
}

/// Rejects data whose classes differ from those of the network.
fn check_classes(
    model: &str,
    learned: &[String],
    data: &str,
    found: &[String],
) -> Result<(), CliError> {
    if found.len() != learned.len() {
        return Err(CliError::Failed(format!(
            "{model} has {} classes, but {data} has {}",
            learned.len(),
            found.len()
        )));
    }
    let mut classes = learned.iter().zip(found).enumerate();
    match classes.find(|(_, (learned, found))| learned != found) {
        None => Ok(()),
        Some((index, (learned, found))) => Err(CliError::Failed(format!(
            "class {} is '{learned}' in {model} but '{found}' in {data}: use data with the classes \
             it was trained on",
            index + 1
        ))),
    }
}

/// Evaluates a network on them.
pub(super) fn judge(
    network: &Network,
    loaded: &Loaded,
    images: &Images,
) -> Result<Evaluation, CliError> {
    /// Evaluation batch size if no run gives one.
    const BATCH: usize = 64;
    let settings = &loaded.settings;
    let task = Task {
        target: settings.target,
        loss: settings.loss,
        classes: settings.class_names.len(),
    };
    let run = loaded.run.as_ref();
    let feeding = Feeding {
        normalize: &settings.normalize,
        batch_size: run.map_or(BATCH, |run| run.config().train.eval_batch_size),
    };
    Ok(evaluate(network, images, task, feeding)?)
}
