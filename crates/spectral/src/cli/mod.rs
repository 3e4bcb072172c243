//! The `spectral` command: one file per subcommand.
//!
//! Progress goes to stderr. Results go to stdout: a table, or with `--json` JSON and nothing else.
//! Exit code: 0 on success, 1 on failure, 2 for an invalid command line.

mod advise;
mod args;
mod bake;
mod bench;
mod bench_rollout;
mod bench_step;
mod bench_table;
mod checkpoint;
mod claims;
mod compare;
mod context;
mod data;
mod data_fields;
mod data_make;
mod demo;
mod demo_operator;
mod device;
mod error;
mod evaluate;
mod field_args;
mod fields;
mod inspect;
mod layout;
mod models;
mod output;
mod overlay;
mod parts;
mod paths;
mod predict;
mod provenance;
mod results;
mod run_settings;
mod schedule_notes;
mod settings;
mod sources;
mod step_table;
mod study;
mod test_images;
mod train;
mod trial;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use args::GlobalArgs;
use burn::tensor::Device;
use context::Context;
use error::CliError;

use spectral_lab::limits;
use spectral_lab::model;
use spectral_lab::train::{DataDescription, ModelDescription};

/// Train, compare and explain frequency-domain neural networks
#[derive(Debug, Parser)]
#[command(
    name = "spectral",
    version,
    after_help = "Without a command, runs the demo: learns an operator, trains four networks on
two generated data sets and writes a report.

`~` at the start of a path is the home folder, also in --run=~/x and
folder:~/photos.

Examples:
  spectral
  spectral compare --models cnn,free2 --data glyphs
  spectral train --model fno --data npz:mine.npz
  spectral models --json"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    demo: demo::DemoArgs,
    #[command(flatten)]
    global: GlobalArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Train(Box<train::TrainArgs>),
    Compare(Box<compare::CompareArgs>),
    Evaluate(evaluate::EvaluateArgs),
    Rollout(fields::RolloutArgs),
    Predict(predict::PredictArgs),
    Inspect(inspect::InspectArgs),
    Study(study::StudyArgs),
    Advise(advise::AdviseArgs),
    Models(models::ModelsArgs),
    Data(data::DataCommandArgs),
    Bench(bench::BenchArgs),
}

/// Runs the command line `arguments`, starting with the program's name, and returns the exit code.
pub fn run<I>(arguments: I) -> ExitCode
where
    I: IntoIterator,
    I::Item: Into<OsString> + Clone,
{
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let arguments = match paths::expand_home(arguments, std::env::home_dir()) {
        Ok(arguments) => arguments,
        Err(error) => return failed(&error),
    };
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version arrive here too. If they cannot be printed, there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match execute(cli, &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Prints the error and returns its exit code.
fn failed(error: &CliError) -> ExitCode {
    if let Some(message) = error.message() {
        output::say(&format!("error: {message}"));
    }
    error.exit_code()
}

/// Whether the settings of a network and its data are valid, for fuzzing. Builds a small network.
pub(crate) fn takes_settings(model: &ModelDescription, data: &DataDescription) -> bool {
    let (Ok(settings), Ok(_)) = (
        run_settings::ModelSettings::of(model),
        run_settings::DataSettings::of(data),
    ) else {
        return false;
    };
    let input = settings.input;
    let is_small = limits::product(input.shape()) <= 4096 && input.classes <= 64;
    let is_large = limits::product(input.shape()) > limits::IMAGE;
    match is_small || is_large {
        true => model::build(&model.name, &input, &Device::flex()).is_ok(),
        false => model::find(&model.name).is_ok(),
    }
}

fn execute(cli: Cli, arguments: &[OsString]) -> Result<(), CliError> {
    let context = Context::new(&cli.global, arguments)?;
    if cli.command.is_some() && cli.demo != demo::DemoArgs::default() {
        let message = "demo options must come alone or after 'demo', not before another command";
        return Err(CliError::Usage(message.into()));
    }
    match cli.command.unwrap_or(Command::Demo(cli.demo)) {
        Command::Demo(args) => demo::run(&args, &context),
        Command::Train(args) => train::run(&args, &context),
        Command::Compare(args) => compare::run(&args, &context),
        Command::Evaluate(args) => evaluate::run(&args, &context),
        Command::Rollout(args) => fields::rollout(&args, &context),
        Command::Predict(args) => predict::run(&args, &context),
        Command::Inspect(args) => inspect::run(&args, &context),
        Command::Study(args) => study::run(&args, &context),
        Command::Advise(args) => advise::run(&args, &context),
        Command::Models(args) => models::run(&args, &context),
        Command::Data(args) => data::run(&args, &context),
        Command::Bench(args) => bench::run(&args, &context),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_shows_an_example_and_fits_eighty_columns() {
        fn check(command: &mut clap::Command) {
            let name = command.get_name().to_string();
            let help = command.render_long_help().to_string();
            assert!(help.contains("Example"), "{name}");
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{name}: {line}");
            }
            let own = |command: &&mut clap::Command| command.get_name() != "help";
            command.get_subcommands_mut().filter(own).for_each(check);
        }
        let mut command = Cli::command();
        // Hands the shared options down to the subcommands.
        command.build();
        check(&mut command);
    }
}
