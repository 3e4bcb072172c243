//! `spectral study`: reproduces a published result.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comfy_table::Cell;
use serde_json::json;

use super::args::DataArgs;
use super::context::Context;
use super::error::CliError;
use super::layout::{keep_names_whole, prose_width, width, wrapped};
use super::output::{self, print, print_json, say};
use super::paths::path_text;
use super::run_settings::{DataSettings, fitted, run_config};
use super::trial::Trial;
use spectral_lab::assemble;
use spectral_lab::data::DataSet;
use spectral_lab::report::{DataSetReport, ModelReport, Provenance, table};
use spectral_lab::train::{RunFolder, TrainError};
use spectral_studies::{self, Job, Lab, StudyError, StudyInfo, StudyOptions, StudyOutcome};

/// Reproduce a published result
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "A study has a folder with the result of each step, the runs of its networks, and
a page as report.html, report.md and report.json. An interrupted study resumes
when it is started again, and gives the same results. Without data files,
generated images take their place.

Examples:
  spectral study --list
  spectral study commute --quick
  spectral study cemnet --out cemnet --seed 1
  spectral study verdict --budget 2
  spectral study render cemnet --out cemnet"
)]
pub(super) struct StudyArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// Name of the study; see --list
    #[arg(value_parser = study_name, required_unless_present = "list")]
    name: Option<&'static StudyInfo>,
    /// List the studies
    #[arg(long, conflicts_with = "name")]
    list: bool,
    /// Run on fewer images and epochs: at most two
    /// minutes on two cores
    #[arg(long, verbatim_doc_comment)]
    quick: bool,
    /// Hours of training to plan, for `verdict`
    /// [default: 1]
    #[arg(long, value_name = "HOURS", verbatim_doc_comment)]
    budget: Option<f64>,
    /// Folder for the study
    /// [default: runs/study-NAME, with -quick and the
    /// seed where they are given]
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    out: Option<PathBuf>,
    /// Folder with one subfolder per data set; searched
    /// before $SPECTRAL_DATA and the cache
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Rebuild the page of a study without measuring
    Render(RenderArgs),
}

#[derive(Debug, Args)]
#[command(
    after_help = "The page is rebuilt from the results that the steps of the study left in its
folder. A step that has not been measured yet is an error.

Examples:
  spectral study render commute
  spectral study render kk --out kk --template page.md.jinja"
)]
struct RenderArgs {
    /// Name of the study; see `study --list`
    #[arg(value_parser = study_name)]
    name: &'static StudyInfo,
    /// Folder of the study
    /// [default: runs/study-NAME, with the seed where
    /// it is given]
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    out: Option<PathBuf>,
    /// Use this page template in place of the study's
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Hours planned for `verdict`
    /// [default: 1]
    #[arg(long, value_name = "HOURS", verbatim_doc_comment)]
    budget: Option<f64>,
}

/// Parses the name of a study.
fn study_name(name: &str) -> Result<&'static StudyInfo, StudyError> {
    spectral_studies::find(name)
}

pub(super) fn run(args: &StudyArgs, context: &Context) -> Result<(), CliError> {
    if let Some(Action::Render(args)) = &args.action {
        return render(args, context);
    }
    let Some(info) = args.name else {
        return list(context);
    };
    let options = StudyOptions {
        quick: args.quick,
        seed: context.seed(),
        data_dir: args.data_dir.clone(),
        budget: args.budget,
        template: None,
    };
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => default_folder(info.name, args.quick, context.given_seed),
    };
    say(&format!("study folder: {}", folder.display()));
    let outcome = info.run(&folder, &options, &context.device, &Here { context })?;
    tell(info, &folder, &outcome, context)
}

fn render(args: &RenderArgs, context: &Context) -> Result<(), CliError> {
    let info = args.name;
    let options = StudyOptions {
        budget: args.budget,
        template: args.template.clone(),
        ..StudyOptions::default()
    };
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => default_folder(info.name, false, context.given_seed),
    };
    let outcome = info.render(&folder, &options, &context.device, &Here { context })?;
    tell(info, &folder, &outcome, context)
}

/// Prints what a study came to.
fn tell(
    info: &StudyInfo,
    folder: &Path,
    outcome: &StudyOutcome,
    context: &Context,
) -> Result<(), CliError> {
    let StudyOutcome { report, results } = outcome;
    if context.json {
        print_json(&json!({
            "study": info,
            "folder": path_text(folder),
            "findings": report.summary,
            "results": results,
        }))?;
    } else {
        let mut text = format!("\n{}\n", report.title);
        for finding in &report.summary {
            text.push_str(&format!("\n{}\n", wrapped(finding, prose_width())));
        }
        if !report.data_sets.is_empty() {
            text.push_str(&format!("\n{}", table(report, width())));
        }
        print(&text)?;
    }
    say(&format!("report: {}", folder.join("report.html").display()));
    Ok(())
}

fn list(context: &Context) -> Result<(), CliError> {
    let studies = spectral_studies::studies();
    if context.json {
        return print_json(&studies);
    }
    let mut table = output::table(["name", "what it measures", "source"]);
    keep_names_whole(&mut table);
    for study in studies {
        table.add_row([study.name, study.summary, study.source].map(Cell::new));
    }
    print(&format!("{table}\n"))
}

fn default_folder(name: &str, quick: bool, seed: Option<u64>) -> PathBuf {
    let quick = if quick { "-quick" } else { "" };
    let seed = seed.map_or_else(String::new, |seed| format!("-seed-{seed}"));
    Path::new("runs").join(format!("study-{name}{quick}{seed}"))
}

/// The lab of this invocation.
struct Here<'a> {
    context: &'a Context,
}

impl Here<'_> {
    fn trained(&self, job: &Job<'_>) -> Result<ModelReport, CliError> {
        let wanted = DataSettings {
            seed: job.options.seed,
            wanted: DataArgs {
                train_count: job.options.train_count,
                test_count: job.options.test_count,
                size: job.options.size,
                // The location of the files may change when a study is resumed.
                data_dir: None,
            },
        };
        let train = fitted(job.config.clone(), job.data);
        let config = run_config(job.model, job.data, wanted, &train)?;
        let trial = Trial {
            model: job.model,
            data: job.data,
            config: &train,
            run: None,
            filters: 0,
        };
        let run = match RunFolder::resume(job.folder, config.clone()) {
            Err(TrainError::NoRun(_)) => {
                trial.check(self.context)?;
                RunFolder::create(job.folder, config)?
            }
            opened => opened?,
        };
        let trial = Trial {
            run: Some(&run),
            ..trial
        };
        let title = format!("{} on {}, seed {}", job.model, job.data.name, train.seed);
        Ok(trial.run(&title, self.context)?.report)
    }
}

impl Lab for Here<'_> {
    fn train(&self, job: &Job<'_>) -> Result<ModelReport, StudyError> {
        self.trained(job).map_err(|error| match error {
            CliError::Data(error) => error.into(),
            CliError::Model(error) => error.into(),
            CliError::Train(error) => error.into(),
            other => StudyError::Failed(other.message().unwrap_or_default()),
        })
    }

    fn describe(&self, data: &DataSet) -> DataSetReport {
        assemble::data_report(data)
    }

    fn provenance(&self) -> Provenance {
        self.context.provenance(self.context.seed())
    }

    fn say(&self, line: &str) {
        say(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_after_what_makes_studies_differ() {
        let folder = |quick, seed| default_folder("commute", quick, seed);
        assert_eq!(folder(false, None), Path::new("runs/study-commute"));
        assert_eq!(
            folder(true, Some(2)),
            Path::new("runs/study-commute-quick-seed-2")
        );
    }
}
