//! `spectral compare` on fields.

use std::path::PathBuf;

use super::super::claims::{claim, claim_first_new};
use super::super::compare::{CompareArgs, existing, new_folders};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::output::say;
use super::super::results::show_comparison;
use super::super::schedule_notes::schedule_notes;
use super::settings::{FieldDataSettings, OperatorSettings, run_config, short_name};
use super::trial::FieldTrial;
use spectral_lab::assemble;
use spectral_lab::data::fields::load_fields;
use spectral_lab::report::ModelReport;
use spectral_lab::train::{RunConfig, RunFolder, TrainConfig};

/// A network from one seed, and where its run is kept.
struct Wanted {
    model: String,
    settings: OperatorSettings,
    seed: u64,
    folder: PathBuf,
    config: RunConfig,
}

/// Trains several operator networks on one set of fields and compares them.
pub(in crate::cli) fn compare(args: &CompareArgs, context: &Context) -> Result<(), CliError> {
    let seed = context.seed();
    let config = args.training.over_recipe_of(&args.models, seed)?;
    let data = load_fields(&args.data, &args.fields.options(&args.data_args))?;
    let seeds = match args.seeds.as_slice() {
        [] => vec![seed],
        seeds => seeds.to_vec(),
    };
    for note in schedule_notes(&config, data.train.len(), 0..config.epochs)? {
        say(&note);
    }
    // All networks first, so that one that does not accept the data does not stop a comparison halfway.
    let mut networks = Vec::new();
    for model in &args.models {
        let trial = FieldTrial::new(model, args.size.request(), &data, &config, context)?;
        networks.push((model, trial.settings));
    }
    let claim = match &args.out {
        Some(folder) => claim(folder)?,
        None => claim_first_new(new_folders(short_name(&data.name)))?,
    };
    let out = claim.folder.clone();
    assemble::check(&out)?;
    let mut wanted = Vec::new();
    for &seed in &seeds {
        let config = TrainConfig {
            seed,
            ..config.clone()
        };
        for (model, settings) in &networks {
            let name = match args.seeds.is_empty() {
                true => (*model).clone(),
                false => format!("{model}-seed-{seed}"),
            };
            let stored = FieldDataSettings {
                seed,
                data: args.data_args.clone(),
                fields: args.fields.clone(),
            };
            wanted.push(Wanted {
                model: (*model).clone(),
                settings: settings.clone(),
                seed,
                folder: out.join("runs").join(name),
                config: run_config(model, settings.clone(), &data, stored, &config)?,
            });
        }
    }
    let mut runs = Vec::new();
    for wanted in &wanted {
        let run = existing(&wanted.folder, args.resume)?;
        runs.push(match run {
            Some(_) => Some(RunFolder::resume(&wanted.folder, wanted.config.clone())?),
            None => None,
        });
    }
    // By seed, not by network, so that disturbances of the machine affect all networks alike.
    let mut reports: Vec<Vec<(u64, ModelReport)>> = vec![Vec::new(); networks.len()];
    for (number, (wanted, run)) in wanted.into_iter().zip(runs).enumerate() {
        let run = match run {
            Some(run) => run,
            None => RunFolder::create(&wanted.folder, wanted.config)?,
        };
        let mut title = format!("{} on {}", wanted.model, args.data);
        if seeds.len() > 1 {
            title.push_str(&format!(", seed {},", wanted.seed));
        }
        let trial = FieldTrial {
            model: &wanted.model,
            settings: wanted.settings,
            data: &data,
            config: &run.config().train,
        };
        let report = trial.run(&title, Some(&run), context)?.report;
        reports[number % networks.len()].push((wanted.seed, report));
    }
    let title = format!("{} on {}", args.models.join(", "), args.data);
    show_comparison(
        reports,
        assemble::field_report(&data)?,
        (title, &out),
        context,
    )
}
