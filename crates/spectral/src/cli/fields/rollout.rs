//! `spectral rollout`: an operator applied again and again to its own output, beside the truth.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::args::{DataArgs, any_data_name, positive};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::field_args::FieldArgs;
use super::super::output::{print, print_json, say};
use super::super::paths::path_text;
use super::loaded::LoadedOperator;
use spectral_lab::assemble;
use spectral_lab::operate;
use spectral_lab::report::Report;
use spectral_lab::rollout::{Run, report_sections};

/// The name of the simplest emulator.
pub(in crate::cli) const REFERENCE: &str = "fitted linear map";

/// Roll a trained operator out over test trajectories
#[derive(Debug, Args)]
#[command(
    after_help = "Applies the network to the first state of each test trajectory, then to its own
output, and compares every step with the truth. Writes report.html, report.md
and report.json into rollout/ in the run folder: the relative L2 error over time
beside persistence (the first state for all times) and, on periodic domains, a
linear map fitted to the training trajectories (one number per Fourier mode);
energy spectra, errors per frequency band, and pictures of truth, prediction and
difference.

Examples:
  spectral rollout runs/fno-npz-kdv.npz-0
  spectral rollout runs/fno-npz-kdv.npz-0 --steps 50 --test-file long.npz --json"
)]
pub(in crate::cli) struct RolloutArgs {
    /// Run folder of an operator, or the
    /// model.safetensors of one
    #[arg(value_name = "RUN_OR_CHECKPOINT", verbatim_doc_comment)]
    source: PathBuf,
    /// Data set or npz:FILE with trajectories
    /// [default: that of the run]
    #[arg(long, value_name = "NAME", value_parser = any_data_name, verbatim_doc_comment)]
    data: Option<String>,
    /// Steps [default: as many as the trajectories have]
    #[arg(long, value_name = "N", value_parser = positive)]
    steps: Option<usize>,
    /// Folder for the page [default: the run folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Use the weights of the best epoch, if the run kept
    /// them
    #[arg(long, verbatim_doc_comment)]
    best: bool,
    #[command(flatten)]
    data_args: DataArgs,
    #[command(flatten)]
    fields: FieldArgs,
}

pub(in crate::cli) fn run(args: &RolloutArgs, context: &Context) -> Result<(), CliError> {
    let loaded = LoadedOperator::from(&args.source, args.best, context)?;
    let data = loaded.data(args.data.as_ref(), &args.data_args, &args.fields)?;
    // Test samples given now go before those of the training file.
    let named = match args.fields.test_file.is_empty() {
        true => &data.tests[0],
        false => &data.tests[data.tests.len() - args.fields.test_file.len()],
    };
    let samples = &named.samples;
    if samples.steps() == 1 {
        return Err(CliError::Failed(format!(
            "{} has pairs, which have one step: a rollout needs trajectories `u`, [sample, time, \
             channel, space...]",
            data.name
        )));
    }
    let out = match (&args.out, args.source.is_dir()) {
        (Some(out), _) => out.clone(),
        (None, true) => args.source.clone(),
        (None, false) => {
            return Err(CliError::Usage(
                "--out is missing: a file of weights has no folder for the page".into(),
            ));
        }
    };
    let folder = out.join("rollout");
    assemble::check(&folder)?;
    loaded.check(samples)?;
    let steps = args.steps.unwrap_or(samples.steps());
    if steps > samples.steps() {
        return Err(CliError::Usage(format!(
            "--steps {steps} is more than the {} steps of the trajectories of {}",
            samples.steps(),
            data.name
        )));
    }
    say(&format!(
        "{}: rolling out {steps} steps of {} trajectories",
        loaded.name,
        samples.count()
    ));
    let linear = operate::linear_propagator(&data, samples, &context.device)?;
    let results = operate::roll_out(
        &loaded.network,
        &loaded.settings.scaling,
        (samples, steps),
        linear.as_ref(),
        &context.device,
    )?;
    let run = Run {
        name: &loaded.name,
        results: &results,
    };
    let report = Report {
        title: format!("Rollout of {} on {}", loaded.name, data.name),
        sections: report_sections(&[run], REFERENCE)?,
        provenance: context.provenance(context.seed()),
        ..Report::default()
    };
    assemble::write(&report, &folder)?;
    let curve = &results.prediction;
    if context.json {
        print_json(&json!({
            "source": path_text(&args.source),
            "model": loaded.name,
            "data": data.name,
            "test": named.name,
            "trajectories": samples.count(),
            "results": results,
        }))?;
    } else {
        let shown: Vec<usize> = [1, 10, 50, 100, 200]
            .into_iter()
            .filter(|step| *step < steps)
            .chain([steps])
            .collect();
        let mut text = format!(
            "{} on {} trajectories of {} ({})\n  step  relative L2 error  persistence  {}\n",
            loaded.name,
            samples.count(),
            data.name,
            named.name,
            results.reference.as_ref().map_or("", |_| REFERENCE)
        );
        for step in shown {
            text.push_str(&format!(
                "  {step:>4}  {:>17.4e}  {:>11.4e}",
                curve.mean[step - 1],
                results.persistence.mean[step - 1]
            ));
            if let Some(reference) = &results.reference {
                text.push_str(&format!("  {:>17.4e}", reference.mean[step - 1]));
            }
            text.push('\n');
        }
        print(&text)?;
    }
    say(&format!("report: {}", folder.join("report.html").display()));
    Ok(())
}
