//! `spectral compare`: several networks on one data set.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{DataArgs, data_name, model_name, seed};
use super::assemble;
use super::context::Context;
use super::error::CliError;
use super::findings::findings;
use super::layout::width;
use super::output::{print, print_json, say, tell_notes};
use super::run_settings::{DataSettings, fitted, folder_name, run_config};
use super::settings::TrainingArgs;
use super::trial::Trial;
use crate::data::load;
use crate::report::{ModelReport, Report, combine_seeds, compare_json, table};
use crate::train::{RunConfig, RunFolder, TrainConfig, TrainError};

/// Filters shown of each network.
const FILTERS: usize = 4;

/// Train several networks on one data set and compare them
#[derive(Debug, Args)]
#[command(
    after_help = "Every network sees the same images in the same order and begins from the same
seed; the first one is what the others are measured by. Prints a table and
writes report.html, report.json and report.md, with the runs beside them. Times
are medians over the epochs. Networks that go by different recipes need one
named. Under --seeds the figures are means over the seeds,
with their standard deviation; the data stay those of --seed.

Examples:
  spectral compare --models cnn,kk2,kk2-repaired,free2 --data glyphs
  spectral compare --models cnn,kk1 --data fashion-mnist --epochs 5 --json
  spectral compare --models cnn,free2 --data textures --seeds 0,1,2
  spectral compare --models cnn,kk1 --data glyphs --out here --resume"
)]
pub(super) struct CompareArgs {
    /// Networks, separated by commas
    #[arg(long, value_name = "A,B,…", required = true, value_delimiter = ',', value_parser = model_name)]
    models: Vec<String>,
    /// A data set, or folder:PATH; see 'spectral data'
    #[arg(long, value_name = "NAME", value_parser = data_name)]
    data: String,
    /// Train each network from each of these seeds
    /// [default: the one of --seed]
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', value_parser = seed, verbatim_doc_comment)]
    seeds: Vec<u64>,
    /// Folder for report and runs
    /// [default: a new one in runs/]
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    out: Option<PathBuf>,
    /// Go on with the comparison in --out: finished
    /// networks are kept, one cut off continues
    #[arg(long, requires = "out", verbatim_doc_comment)]
    resume: bool,
    #[command(flatten)]
    data_args: DataArgs,
    #[command(flatten)]
    training: TrainingArgs,
}

pub(super) fn run(args: &CompareArgs, context: &Context) -> Result<(), CliError> {
    for (index, name) in args.models.iter().enumerate() {
        if args.models[..index].contains(name) {
            return Err(CliError::Usage(format!("--models names '{name}' twice")));
        }
    }
    for (index, seed) in args.seeds.iter().enumerate() {
        if args.seeds[..index].contains(seed) {
            return Err(CliError::Usage(format!("--seeds names {seed} twice")));
        }
    }
    let seed = context.seed();
    let config = args.training.over_recipe_of(&args.models, seed)?;
    let options = args.data_args.options(seed);
    let data = load(&args.data, &options)?;
    tell_notes(&args.data, &options);
    let wanted = DataSettings {
        seed,
        wanted: args.data_args.clone(),
    };
    let out = match &args.out {
        Some(folder) => folder.clone(),
        None => unused_folder(&data.name),
    };

    let config = fitted(config, &data);
    let seeds = match args.seeds.as_slice() {
        [] => vec![seed],
        seeds => seeds.to_vec(),
    };
    // All folders first: a name that is taken should not stop a comparison halfway.
    let mut runs = Vec::new();
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
            let folder = out.join("runs").join(name);
            runs.push((model, seed, open(&folder, run, args.resume)?));
        }
    }

    // Seed by seed and not network by network, so that what disturbs the machine meets all alike.
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
    let mut data_report = assemble::data_report(&data);
    data_report.models = reports.into_iter().map(combine_seeds).collect();
    let mut report = Report {
        title: format!("{} on {}", args.models.join(", "), args.data),
        data_sets: vec![data_report],
        ..Report::default()
    };
    report.summary = findings(&report);
    report.provenance = context.provenance(seed);
    assemble::write(&report, &out)?;

    if context.json {
        say(&table(&report, width()));
        print_json(&compare_json(&report))?;
    } else {
        print(&format!("\n{}\n", table(&report, width())))?;
    }
    say(&format!("report: {}", out.join("report.html").display()));
    Ok(())
}

fn open(folder: &Path, config: RunConfig, resume: bool) -> Result<RunFolder, CliError> {
    if resume {
        match RunFolder::resume(folder, config.clone()) {
            Err(TrainError::NoRun(_)) => {}
            opened => return Ok(opened?),
        }
    }
    match RunFolder::create(folder, config) {
        Err(TrainError::RunExists(path)) => Err(CliError::Failed(format!(
            "{} already holds a run; go on with it by --resume, or choose another --out",
            path.display()
        ))),
        created => Ok(created?),
    }
}

/// A folder in `runs/` that is not there yet.
fn unused_folder(data: &str) -> PathBuf {
    let data = folder_name(data);
    let name = |number| match number {
        1 => format!("compare-{data}"),
        _ => format!("compare-{data}-{number}"),
    };
    let mut folders = (1..).map(|number| Path::new("runs").join(name(number)));
    folders.find(|folder| !folder.exists()).unwrap_or_default()
}
