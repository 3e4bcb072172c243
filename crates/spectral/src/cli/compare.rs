//! `spectral compare`: several networks on one data set.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{DataArgs, any_data_name, any_model_name, seed};
use super::claims::{claim, claim_first_new};
use super::context::Context;
use super::error::CliError;
use super::field_args::FieldArgs;
use super::fields::{self, SizeArgs};
use super::output::{say, tell_notes};
use super::parts::{division_of, say_left_out};
use super::results::show_comparison;
use super::run_settings::{DataSettings, fitted, folder_name, run_config};
use super::schedule_notes::schedule_notes;
use super::settings::TrainingArgs;
use super::trial::Trial;
use spectral_lab::assemble;
use spectral_lab::data::{DataOptions, DataSet, Division, load};
use spectral_lab::report::ModelReport;
use spectral_lab::train::{RunConfig, RunFolder, TrainConfig, TrainError};

/// Filters shown per network.
const FILTERS: usize = 4;

/// Train several networks on one data set and compare them
#[derive(Debug, Args)]
#[command(
    after_help = "All networks train on the same images in the same order, from the same seed;
the first is the baseline of the comparison. Prints a table and writes
report.html, report.json and report.md, with the run folders beside them. Times
are medians over the epochs. Networks with different recipes need --recipe.
With --seeds, results are means with standard deviations over the seeds; the
data stay those of --seed.

Examples:
  spectral compare --models cnn,kk2,kk2-repaired,free2 --data glyphs
  spectral compare --models cnn,kk1 --data fashion-mnist --epochs 5 --json
  spectral compare --models cnn,free2 --data textures --seeds 0,1,2
  spectral compare --models cnn,kk1 --data glyphs --out here --resume
  spectral compare --models resnet,fno --data npz:kdv.npz --parameters 32000"
)]
pub(super) struct CompareArgs {
    /// Comma-separated list of networks
    #[arg(long, value_name = "A,B,…", required = true, value_delimiter = ',', value_parser = any_model_name)]
    pub(super) models: Vec<String>,
    /// Data set, folder:PATH, or npz:FILE of fields; see
    /// 'spectral data'
    #[arg(long, value_name = "NAME", value_parser = any_data_name, verbatim_doc_comment)]
    pub(super) data: String,
    /// Train each network once per seed of this list
    /// [default: the one of --seed]
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', value_parser = seed, verbatim_doc_comment)]
    pub(super) seeds: Vec<u64>,
    /// Folder for the report and the runs
    /// [default: a new one in runs/]
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    pub(super) out: Option<PathBuf>,
    /// Resume the comparison in --out: finished
    /// networks are kept, interrupted ones continue
    #[arg(long, requires = "out", verbatim_doc_comment)]
    pub(super) resume: bool,
    #[command(flatten)]
    pub(super) data_args: DataArgs,
    #[command(flatten)]
    pub(super) fields: FieldArgs,
    #[command(flatten)]
    pub(super) size: SizeArgs,
    #[command(flatten)]
    pub(super) training: TrainingArgs,
}

pub(super) fn run(args: &CompareArgs, context: &Context) -> Result<(), CliError> {
    for (index, name) in args.models.iter().enumerate() {
        if args.models[..index].contains(name) {
            return Err(CliError::Usage(format!("--models lists '{name}' twice")));
        }
    }
    for (index, seed) in args.seeds.iter().enumerate() {
        if args.seeds[..index].contains(seed) {
            return Err(CliError::Usage(format!("--seeds lists {seed} twice")));
        }
    }
    if fields::is_about_fields(&args.models, &args.data)? {
        return fields::compare(args, context);
    }
    let seed = context.seed();
    let config = args.training.over_recipe_of(&args.models, seed)?;
    let options = DataOptions {
        division: args.division()?,
        ..args.data_args.options(seed)
    };
    let data = load(&args.data, &options)?;
    tell_notes(&args.data, &options);
    say_left_out(&data);
    let wanted = DataSettings {
        seed,
        wanted: args.data_args.clone(),
    };
    let config = fitted(config, &data);
    let seeds = match args.seeds.as_slice() {
        [] => vec![seed],
        seeds => seeds.to_vec(),
    };
    for note in schedule_notes(&config, data.train.len(), 0..config.epochs)? {
        say(&note);
    }
    // Check all networks and folders first, so that a network that does not accept the data, or a
    // folder that exists, does not stop a comparison halfway or leave folders behind.
    for model in &args.models {
        let trial = Trial {
            model,
            data: &data,
            config: &config,
            run: None,
            filters: FILTERS,
        };
        trial.check(context)?;
    }
    let claim = match &args.out {
        Some(folder) => claim(folder)?,
        None => claim_first_new(new_folders(&data.name))?,
    };
    let out = claim.folder.clone();
    assemble::check(&out)?;
    let mut wanted_runs = Vec::new();
    for &seed in &seeds {
        let config = TrainConfig {
            seed,
            ..config.clone()
        };
        for model in &args.models {
            let name = match args.seeds.is_empty() {
                true => model.clone(),
                false => format!("{model}-seed-{seed}"),
            };
            let run = run_config(model, &data, wanted.clone(), &config)?;
            wanted_runs.push((model, seed, out.join("runs").join(name), run));
        }
    }
    let mut resumed = Vec::new();
    for (.., folder, config) in &wanted_runs {
        resumed.push(resume(folder, config, args.resume, &data)?);
    }
    let mut runs = Vec::new();
    for ((model, seed, folder, config), resumed) in wanted_runs.into_iter().zip(resumed) {
        let run = match resumed {
            Some(run) => run,
            None => RunFolder::create(folder, config)?,
        };
        runs.push((model, seed, run));
    }

    // By seed, not by network, so that disturbances of the machine affect all networks alike.
    let mut reports: Vec<Vec<(u64, ModelReport)>> = vec![Vec::new(); args.models.len()];
    for (number, (model, seed, run)) in runs.iter().enumerate() {
        let trial = Trial {
            model,
            data: &data,
            config: &run.config().train,
            run: Some(run),
            filters: FILTERS,
        };
        let mut title = format!("{model} on {}", args.data);
        if seeds.len() > 1 {
            title.push_str(&format!(", seed {seed},"));
        }
        let report = trial.run(&title, context)?.report;
        reports[number % args.models.len()].push((*seed, report));
    }
    let title = format!("{} on {}", args.models.join(", "), args.data);
    show_comparison(
        reports,
        assemble::data_report(&data),
        (title, &out),
        context,
    )
}

impl CompareArgs {
    /// How a folder of photographs is split: as in the existing runs.
    fn division(&self) -> Result<Division, CliError> {
        let Some(out) = self.out.as_ref().filter(|_| self.resume) else {
            return Ok(Division::default());
        };
        let Ok(entries) = fs::read_dir(out.join("runs")) else {
            return Ok(Division::default());
        };
        for entry in entries.flatten() {
            match RunFolder::open(entry.path()) {
                Err(TrainError::NoRun(_)) => {}
                run => return division_of(&run?),
            }
        }
        Ok(Division::default())
    }
}

/// The run in a folder, if there is one; an error if it must not be resumed.
fn resume(
    folder: &Path,
    config: &RunConfig,
    resume: bool,
    data: &DataSet,
) -> Result<Option<RunFolder>, CliError> {
    let Some(run) = existing(folder, resume)? else {
        return Ok(None);
    };
    run.check_images(data)?;
    Ok(Some(RunFolder::resume(folder, config.clone())?))
}

/// The run in a folder, if there is one; an error if `resume` does not allow one.
pub(super) fn existing(folder: &Path, resume: bool) -> Result<Option<RunFolder>, CliError> {
    match RunFolder::open(folder) {
        Err(TrainError::NoRun(_)) => Ok(None),
        Err(error) => Err(error.into()),
        Ok(_) if !resume => Err(CliError::Failed(format!(
            "{} already holds a run; add --resume to continue it, or choose another --out",
            folder.display()
        ))),
        Ok(run) => Ok(Some(run)),
    }
}

/// Folders in `runs/`, in the order in which they are tried.
pub(super) fn new_folders(data: &str) -> impl Iterator<Item = PathBuf> {
    let data = folder_name(data);
    (1..=u32::MAX).map(move |number| {
        Path::new("runs").join(match number {
            1 => format!("compare-{data}"),
            _ => format!("compare-{data}-{number}"),
        })
    })
}
