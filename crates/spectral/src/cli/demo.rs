//! `spectral demo`, and `spectral` alone: an operator, and four networks on two embedded data sets.

use std::path::PathBuf;

use clap::Args;

use super::args::positive;
use super::context::Context;
use super::demo_operator::{OperatorExtent, operator};
use super::error::CliError;
use super::layout::width;
use super::output::{print, print_json, say};
use super::settings;
use super::trial::Trial;
use spectral_lab::assemble;
use spectral_lab::data::{DataOptions, load};
use spectral_lab::report::{Report, compare_json, findings, table};
use spectral_lab::train::TrainConfig;

/// The spatial baseline, and three spectral networks of different kinds.
const MODELS: [&str; 4] = ["cnn", "kk2", "kk2-repaired", "free2"];

/// The embedded data sets.
const SETS: [&str; 2] = ["glyphs", "textures"];

/// Filters shown per network.
const FILTERS: usize = 4;

/// Length of the demo.
struct Extent {
    train_count: usize,
    test_count: usize,
    epochs: usize,
    operator: OperatorExtent,
}

/// About 40 seconds on two cores.
const FULL: Extent = Extent {
    train_count: 10_000,
    test_count: 2000,
    epochs: 3,
    operator: OperatorExtent {
        trajectories: 60,
        test: 10,
        epochs: 16,
    },
};

/// About 15 seconds on two cores.
const QUICK: Extent = Extent {
    train_count: 3000,
    test_count: 1000,
    epochs: 2,
    operator: OperatorExtent {
        trajectories: 30,
        test: 5,
        epochs: 6,
    },
};

/// Default folder of the report.
const OUT: &str = "report";

/// Learn an operator, compare four classifiers, and write a report
#[derive(Debug, Default, PartialEq, Args)]
#[command(
    after_help = "Solves Burgers' equation, trains resnet and fno on its time step and rolls them
out; then trains cnn, kk2 (KKLayer as published), kk2-repaired and free2 on
glyphs and textures. Prints tables and writes report.html, report.json and
report.md. Needs no data files; takes about a minute on two cores.

Examples:
  spectral demo
  spectral demo --quick --out look"
)]
pub(super) struct DemoArgs {
    /// Folder for the report [default: report]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Use fewer images and epochs (15 seconds)
    #[arg(long)]
    quick: bool,
    /// Number of epochs [default: 3; quick: 2]
    #[arg(long, value_name = "N", value_parser = positive)]
    epochs: Option<usize>,
    /// Training images per data set
    /// [default: 10000; quick: 3000]
    #[arg(long, value_name = "N", value_parser = positive, verbatim_doc_comment)]
    train_count: Option<usize>,
}

pub(super) fn run(args: &DemoArgs, context: &Context) -> Result<(), CliError> {
    let extent = if args.quick { QUICK } else { FULL };
    let config = TrainConfig {
        epochs: args.epochs.unwrap_or(extent.epochs),
        seed: context.seed(),
        ..settings::defaults()
    };
    let options = DataOptions {
        seed: context.seed(),
        train_count: Some(args.train_count.unwrap_or(extent.train_count)),
        test_count: Some(extent.test_count),
        ..DataOptions::default()
    };
    let out = args.out.clone().unwrap_or_else(|| OUT.into());
    assemble::check(&out)?;
    let mut report = Report {
        title: "Spectral and spatial networks compared".into(),
        ..Report::default()
    };
    let (operators, sections) = operator(&extent.operator, context)?;
    report.sections = sections;
    report.data_sets.push(operators);
    for set in SETS {
        let data = load(set, &options)?;
        say(&format!(
            "{set}: generating {} training and {} test images from seed {}",
            data.train.len(),
            data.test.len(),
            context.seed()
        ));
        let mut data_report = assemble::data_report(&data);
        for model in MODELS {
            let trial = Trial {
                model,
                data: &data,
                config: &config,
                run: None,
                filters: FILTERS,
            };
            data_report
                .models
                .push(trial.run(&format!("{model} on {set}"), context)?.report);
        }
        report.data_sets.push(data_report);
    }
    report.summary = findings(&report);
    report.provenance = context.provenance(context.seed());
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
