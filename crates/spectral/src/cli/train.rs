//! `spectral train`: trains one network on one data set and keeps the run in a folder.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::args::{DataArgs, any_data_name, any_model_name};
use super::context::Context;
use super::error::CliError;
use super::field_args::FieldArgs;
use super::fields::{self, SizeArgs};
use super::output::{print, print_json, say, tell_notes};
use super::parts::{division_of, say_left_out};
use super::results::{Trained, show_run};
use super::run_settings::{DataSettings, fitted, folder_name, run_config};
use super::schedule_notes::schedule_notes;
use super::settings::{self, TrainingArgs};
use super::trial::{Outcome, Trial};
use spectral_lab::assemble;
use spectral_lab::data::{DataOptions, DataSet, Division, load};
use spectral_lab::train::{RunConfig, RunFolder, TrainConfig, TrainError};

/// Filters shown in a run's report.
const FILTERS: usize = 8;

/// Train one network on one data set
#[derive(Debug, Args)]
#[command(
    after_help = "A run folder holds the settings, metrics, weights, a report, and everything that
--resume needs to continue after the last finished epoch exactly as without the
interruption. Equal settings and seeds give equal results for any number of
threads.

Examples:
  spectral train --model free2 --data glyphs --epochs 3
  spectral train --model cnn --data fashion-mnist --data-dir ~/data \\
      --optimizer sgd --lr 0.1 --momentum 0.9 --schedule cosine
  spectral train --resume runs/free2-glyphs-0 --epochs 10
  spectral train --model cats-gaussian --data cats-vs-dogs
  spectral train --model autoencoder-gaussian --data mnist --epochs 5
  spectral train --model fno --data npz:burgers.npz --epochs 20
  spectral train --print-config --recipe autoencoder > settings.toml"
)]
pub(super) struct TrainArgs {
    /// Network to train; see 'spectral models'
    #[arg(long, value_name = "NAME", value_parser = any_model_name,
          required_unless_present_any = ["resume", "print_config"])]
    pub(super) model: Option<String>,
    /// Data set, folder:PATH, or npz:FILE of fields; see
    /// 'spectral data'
    #[arg(long, value_name = "NAME", value_parser = any_data_name,
          required_unless_present_any = ["resume", "print_config"], verbatim_doc_comment)]
    pub(super) data: Option<String>,
    /// Folder for the run
    /// [default: runs/MODEL-DATA-SEED]
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "resume",
        verbatim_doc_comment
    )]
    pub(super) run: Option<PathBuf>,
    /// Resume the run in this folder with its settings;
    /// only --epochs, --schedule, --warmup and --data-dir
    /// may differ
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    pub(super) resume: Option<PathBuf>,
    /// Print the settings as TOML, for --config
    #[arg(long, conflicts_with = "resume")]
    print_config: bool,
    #[command(flatten)]
    pub(super) data_args: DataArgs,
    #[command(flatten)]
    pub(super) fields: FieldArgs,
    #[command(flatten)]
    pub(super) size: SizeArgs,
    #[command(flatten)]
    pub(super) training: TrainingArgs,
}

pub(super) fn run(args: &TrainArgs, context: &Context) -> Result<(), CliError> {
    if args.print_config {
        let config = args.training.over_recipe_of(&args.model, context.seed())?;
        if context.json {
            return print_json(&json!({ "train": config }));
        }
        return print(&settings::file(&config)?);
    }
    if args.is_about_fields()? {
        return fields::train(args, context);
    }
    let mut plan = match &args.resume {
        Some(folder) => Plan::resumed(args, folder, context)?,
        None => Plan::new(args, context)?,
    };
    let options = DataOptions {
        division: plan.division,
        ..plan.data_args.options(plan.data_seed)
    };
    let data = load(&plan.data, &options)?;
    tell_notes(&plan.data, &options);
    say_left_out(&data);
    plan.train = fitted(plan.train, &data);
    plan.check_schedule(&data)?;
    let stored = DataSettings {
        seed: plan.data_seed,
        wanted: plan.stored_data_args.clone(),
    };
    let config = run_config(&plan.model, &data, stored, &plan.train)?;
    let trial = Trial {
        model: &plan.model,
        data: &data,
        config: &plan.train,
        run: None,
        filters: FILTERS,
    };
    trial.check(context)?;
    let run = match &args.resume {
        Some(folder) => resume(folder, config, &data, args.training.reschedules())?,
        None => create(args.run.clone(), &plan.default_folder(), config)?,
    };
    say(&format!("run folder: {}", run.path().display()));
    let trial = Trial {
        run: Some(&run),
        ..trial
    };
    let title = format!("{} on {}", plan.model, plan.data);
    let Outcome { report, ending } = trial.run(&title, context)?;
    let trained = Trained { report, ending };
    show_run(trained, assemble::data_report(&data), &run, title, context)
}

impl TrainArgs {
    fn is_about_fields(&self) -> Result<bool, CliError> {
        match (&self.resume, &self.data) {
            (Some(folder), _) => Ok(fields::is_operator_run(folder)),
            (None, Some(data)) => fields::is_about_fields(self.model.as_slice(), data),
            (None, None) => Ok(false),
        }
    }
}

/// What to train, on which data.
struct Plan {
    model: String,
    data: String,
    /// The data to load now.
    data_args: DataArgs,
    /// The data as recorded in the run folder; the location of the files may differ.
    stored_data_args: DataArgs,
    data_seed: u64,
    /// How a folder is split.
    division: Division,
    train: TrainConfig,
    /// Epochs already finished.
    finished: usize,
}

impl Plan {
    fn new(args: &TrainArgs, context: &Context) -> Result<Self, CliError> {
        let seed = context.seed();
        let missing = |what: &str| CliError::Usage(format!("missing --{what}"));
        Ok(Self {
            train: args.training.over_recipe_of(&args.model, seed)?,
            model: args.model.clone().ok_or_else(|| missing("model"))?,
            data: args.data.clone().ok_or_else(|| missing("data"))?,
            data_args: args.data_args.clone(),
            stored_data_args: args.data_args.clone(),
            data_seed: seed,
            division: Division::default(),
            finished: 0,
        })
    }

    /// The settings a run was started with, overridden by those given now, so that the run folder
    /// can reject what must not differ.
    fn resumed(args: &TrainArgs, folder: &Path, context: &Context) -> Result<Self, CliError> {
        let run = RunFolder::open(folder)?;
        let stored = run.config();
        let data = DataSettings::of(&stored.data).map_err(|error| CliError::file(folder, error))?;
        let data_args = args.data_args.or(data.wanted.clone());
        let seed = context.given_seed.unwrap_or(stored.train.seed);
        let mut train = args.training.over(&stored.train, seed)?;
        let finished = run.finished_epochs()?;
        if train.epochs <= finished {
            say(&format!(
                "{}: {finished} epochs are finished and {} requested: nothing is left to train; \
                 use --epochs to train more",
                folder.display(),
                train.epochs
            ));
            train.epochs = finished;
        }
        Ok(Self {
            model: args
                .model
                .clone()
                .unwrap_or_else(|| stored.model.name.clone()),
            data: args
                .data
                .clone()
                .unwrap_or_else(|| stored.data.name.clone()),
            stored_data_args: DataArgs {
                data_dir: data.wanted.data_dir,
                ..data_args.clone()
            },
            data_args,
            data_seed: context.given_seed.unwrap_or(data.seed),
            division: division_of(&run)?,
            train,
            finished,
        })
    }

    /// Prints notes about epochs outside the schedule; an error if they would change nothing.
    fn check_schedule(&self, data: &DataSet) -> Result<(), CliError> {
        let epochs = self.finished..self.train.epochs;
        for note in schedule_notes(&self.train, data.train.len(), epochs)? {
            say(&note);
        }
        Ok(())
    }

    fn default_folder(&self) -> PathBuf {
        let data = folder_name(&self.data);
        Path::new("runs").join(format!("{}-{data}-{}", self.model, self.train.seed))
    }
}

/// Opens the run to resume, if its images have not changed.
fn resume(
    folder: &Path,
    config: RunConfig,
    data: &DataSet,
    reschedules: bool,
) -> Result<RunFolder, CliError> {
    // Before comparing settings, which include the number of images: this error tells which images
    // differ.
    RunFolder::open(folder)?.check_images(data)?;
    Ok(match reschedules {
        true => RunFolder::resume_rescheduled(folder, config)?,
        false => RunFolder::resume(folder, config)?,
    })
}

/// Creates the given folder, or a new one named like `default`.
pub(super) fn create(
    folder: Option<PathBuf>,
    default: &Path,
    config: RunConfig,
) -> Result<RunFolder, CliError> {
    if let Some(folder) = folder {
        return Ok(RunFolder::create(folder, config)?);
    }
    let mut folder = default.to_path_buf();
    for number in 2.. {
        match RunFolder::create_new(&folder, config.clone()) {
            Err(TrainError::RunExists(_)) => {}
            created => return Ok(created?),
        }
        folder.set_file_name(format!(
            "{}-{number}",
            default.file_name().unwrap_or_default().to_string_lossy()
        ));
    }
    Err(CliError::Failed(
        "no free name left for the run folder".into(),
    ))
}
