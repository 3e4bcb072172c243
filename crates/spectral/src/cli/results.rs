//! The results of training: reports in the run folder, a table or JSON on stdout.

use std::path::Path;

use serde_json::json;

use super::context::Context;
use super::error::CliError;
use super::layout::width;
use super::output::{print, print_json, say};
use super::paths::path_text;
use spectral_lab::assemble;
use spectral_lab::report::{
    DataSetReport, ModelReport, Report, combine_seeds, compare_json, findings, table,
};
use spectral_lab::train::{Ending, RunFolder};

/// A trained network, and how its run ended.
pub(super) struct Trained {
    /// The figures.
    pub(super) report: ModelReport,
    /// How it ended.
    pub(super) ending: Ending,
}

/// Writes the report of one run and prints it; an error if the run diverged.
pub(super) fn show_run(
    Trained { report, ending }: Trained,
    data: DataSetReport,
    run: &RunFolder,
    title: String,
    context: &Context,
) -> Result<(), CliError> {
    let (history, seed) = (report.history.clone(), run.config().train.seed);
    let report = whole(title, data, vec![report], seed, context);
    assemble::write(&report, run.path())?;
    let shown = if context.json {
        say(&table(&report, width()));
        let mut result = compare_json(&report)[0].take();
        result["run"] = json!(path_text(run.path()));
        result["seed"] = json!(seed);
        result["history"] = json!(history);
        print_json(&result)
    } else {
        print(&format!("\n{}\n", table(&report, width())))
    };
    say_report(run.path());
    match ending {
        Ending::Diverged { epoch, step, loss } => Err(CliError::Failed(format!(
            "the run diverged in epoch {epoch}, at mini-batch {step}: the loss was {loss}; try a \
             lower --lr or --clip-norm"
        ))),
        Ending::Completed | Ending::Stopped { .. } => shown,
    }
}

/// Writes the report of a comparison and prints it: of each network its results by seed.
pub(super) fn show_comparison(
    models: Vec<Vec<(u64, ModelReport)>>,
    data: DataSetReport,
    (title, out): (String, &Path),
    context: &Context,
) -> Result<(), CliError> {
    let models = models.into_iter().map(combine_seeds).collect();
    let report = whole(title, data, models, context.seed(), context);
    assemble::write(&report, out)?;
    if context.json {
        say(&table(&report, width()));
        print_json(&compare_json(&report))?;
    } else {
        print(&format!("\n{}\n", table(&report, width())))?;
    }
    say_report(out);
    Ok(())
}

fn whole(
    title: String,
    mut data: DataSetReport,
    models: Vec<ModelReport>,
    seed: u64,
    context: &Context,
) -> Report {
    data.models = models;
    let mut report = Report {
        title,
        data_sets: vec![data],
        ..Report::default()
    };
    report.summary = findings(&report);
    report.provenance = context.provenance(seed);
    report
}

fn say_report(folder: &Path) {
    say(&format!("report: {}", folder.join("report.html").display()));
}
