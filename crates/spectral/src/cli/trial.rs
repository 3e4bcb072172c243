//! One network trained on one data set.

use super::context::Context;
use super::error::CliError;
use super::run_settings::input_of;
use spectral_lab::assemble;
use spectral_lab::data::DataSet;
use spectral_lab::model;
use spectral_lab::report::{Goal, ModelReport};
use spectral_lab::train::{Ending, ProgressReporter, RunFolder, Target, TrainConfig, fit};

/// A network to train on a data set.
pub(super) struct Trial<'a> {
    /// The network's name in the registry.
    pub(super) model: &'a str,
    /// The data to train on.
    pub(super) data: &'a DataSet,
    /// The settings.
    pub(super) config: &'a TrainConfig,
    /// The run folder, if any.
    pub(super) run: Option<&'a RunFolder>,
    /// How many of its filters to show.
    pub(super) filters: usize,
}

/// The outcome of training.
pub(super) struct Outcome {
    /// The figures.
    pub(super) report: ModelReport,
    /// How it ended.
    pub(super) ending: Ending,
}

impl Trial<'_> {
    /// Rejects a network that does not accept the data, before a run folder is created.
    pub(super) fn check(&self, context: &Context) -> Result<(), CliError> {
        let input = input_of(self.data, self.config.target);
        model::build(self.model, &input, &context.device)?;
        Ok(())
    }

    /// Trains, with progress on stderr under the name `title`. Equal seeds start from equal
    /// weights, whatever was trained before.
    pub(super) fn run(&self, title: &str, context: &Context) -> Result<Outcome, CliError> {
        let info = model::find(self.model)?;
        let input = input_of(self.data, self.config.target);
        context.device.seed(self.config.seed);
        let network = model::build(info.name, &input, &context.device)?;
        let params = model::trainable(&network);
        let dead_params = network.dead_parameters();
        let mut progress = ProgressReporter::new(title);
        let outcome = fit(network, self.data, self.config, self.run, &mut progress)?;
        drop(progress);

        let mut report = assemble::figures(&outcome);
        if self.config.target == Target::Image {
            report.goal = Goal::Rebuild;
            if report.loss.is_finite() {
                report.rebuilt = assemble::rebuilt(&outcome.model, self.data, self.config)?;
            }
        }
        report.model = info.name.into();
        report.summary = format!("{}.", info.summary);
        report.data = self.data.name.clone();
        report.params = params;
        report.dead_params = dead_params;
        report.filters = assemble::filters(&outcome.model, &input, self.filters, &context.device);
        Ok(Outcome {
            report,
            ending: outcome.ending,
        })
    }
}
