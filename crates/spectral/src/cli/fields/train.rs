//! `spectral train` on fields.

use std::path::{Path, PathBuf};

use super::super::args::DataArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::field_args::FieldArgs;
use super::super::output::say;
use super::super::results::{Trained, show_run};
use super::super::run_settings::folder_name;
use super::super::schedule_notes::schedule_notes;
use super::super::train::{TrainArgs, create};
use super::args::SizeArgs;
use super::settings::{FieldDataSettings, OperatorSettings, run_config, short_name};
use super::trial::{FieldOutcome, FieldTrial};
use spectral_lab::assemble;
use spectral_lab::data::fields::load_fields;
use spectral_lab::train::{RunFolder, TrainConfig};

/// Trains one operator network and keeps the run in a folder.
pub(in crate::cli) fn train(args: &TrainArgs, context: &Context) -> Result<(), CliError> {
    if args.resume.is_some() && args.size != SizeArgs::default() {
        return Err(CliError::Usage(
            "the size of a network cannot change when its run is resumed: --width, --layers, --modes \
             and --parameters belong to a new run"
                .into(),
        ));
    }
    let plan = match &args.resume {
        Some(folder) => Plan::resumed(args, folder, context)?,
        None => Plan::new(args, context)?,
    };
    let data = load_fields(&plan.data, &plan.fields.options(&plan.data_args))?;
    let mut trial = FieldTrial::new(
        &plan.model,
        args.size.request(),
        &data,
        &plan.train,
        context,
    )?;
    if let Some(settings) = plan.settings {
        trial.settings = settings;
    }
    for note in schedule_notes(
        &plan.train,
        data.train.len(),
        plan.finished..plan.train.epochs,
    )? {
        say(&note);
    }
    let wanted = FieldDataSettings {
        seed: plan.train.seed,
        data: plan.stored_data_args,
        fields: plan.stored_fields,
    };
    let config = run_config(
        &plan.model,
        trial.settings.clone(),
        &data,
        wanted,
        &plan.train,
    )?;
    let run = match &args.resume {
        Some(folder) if args.training.reschedules() => {
            RunFolder::resume_rescheduled(folder, config)?
        }
        Some(folder) => RunFolder::resume(folder, config)?,
        None => {
            let data = folder_name(short_name(&plan.data));
            let name = format!("{}-{data}-{}", plan.model, plan.train.seed);
            create(args.run.clone(), &Path::new("runs").join(name), config)?
        }
    };
    say(&format!("run folder: {}", run.path().display()));
    let title = format!("{} on {}", plan.model, plan.data);
    let FieldOutcome { report, ending, .. } = trial.run(&title, Some(&run), context)?;
    let trained = Trained { report, ending };
    show_run(
        trained,
        assemble::field_report(&data)?,
        &run,
        title,
        context,
    )
}

/// What to train, on which data.
struct Plan {
    model: String,
    data: String,
    /// The data to load now.
    data_args: DataArgs,
    fields: FieldArgs,
    /// The data as recorded in the run folder; the location of the files may differ.
    stored_data_args: DataArgs,
    stored_fields: FieldArgs,
    /// The network as the run has it; none for a new run.
    settings: Option<OperatorSettings>,
    train: TrainConfig,
    /// Epochs already finished.
    finished: usize,
}

impl Plan {
    fn new(args: &TrainArgs, context: &Context) -> Result<Self, CliError> {
        let missing = |what: &str| CliError::Usage(format!("missing --{what}"));
        Ok(Self {
            train: args.training.over_recipe_of(&args.model, context.seed())?,
            model: args.model.clone().ok_or_else(|| missing("model"))?,
            data: args.data.clone().ok_or_else(|| missing("data"))?,
            data_args: args.data_args.clone(),
            fields: args.fields.clone(),
            stored_data_args: args.data_args.clone(),
            stored_fields: args.fields.clone(),
            settings: None,
            finished: 0,
        })
    }

    fn resumed(args: &TrainArgs, folder: &Path, context: &Context) -> Result<Self, CliError> {
        let run = RunFolder::open(folder)?;
        let stored = run.config();
        let damaged = |error: toml::de::Error| CliError::file(folder, error.message());
        let settings: OperatorSettings =
            stored.model.settings.clone().try_into().map_err(damaged)?;
        let data: FieldDataSettings = stored.data.settings.clone().try_into().map_err(damaged)?;
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
        let data_args = args.data_args.or(data.data.clone());
        let fields = args.fields.or(data.fields);
        let data_dir: Option<PathBuf> = data.data.data_dir;
        Ok(Self {
            model: (args.model.clone()).unwrap_or_else(|| stored.model.name.clone()),
            data: (args.data.clone()).unwrap_or_else(|| stored.data.name.clone()),
            stored_data_args: DataArgs {
                data_dir,
                ..data_args.clone()
            },
            stored_fields: fields.clone(),
            data_args,
            fields,
            settings: Some(settings),
            train,
            finished,
        })
    }
}
