//! One operator network trained on one set of fields.

use super::super::context::Context;
use super::super::error::CliError;
use super::settings::OperatorSettings;
use spectral_lab::assemble;
use spectral_lab::data::fields::FieldSet;
use spectral_lab::model::operator::find_operator;
use spectral_lab::operate::{self, FieldNetwork};
use spectral_lab::report::{Goal, ModelReport};
use spectral_lab::train::{Ending, ProgressReporter, RunFolder, TrainConfig};

/// A network to train on fields.
pub(super) struct FieldTrial<'a> {
    /// The network's name in the registry.
    pub(super) model: &'a str,
    /// Its size and scaling.
    pub(super) settings: &'a OperatorSettings,
    /// The data to train on.
    pub(super) data: &'a FieldSet,
    /// The settings.
    pub(super) config: &'a TrainConfig,
    /// The run folder, if any.
    pub(super) run: Option<&'a RunFolder>,
}

/// The outcome of training.
pub(super) struct FieldOutcome {
    /// The figures.
    pub(super) report: ModelReport,
    /// How it ended.
    pub(super) ending: Ending,
}

impl FieldTrial<'_> {
    /// Trains, with progress on stderr under the name `title`. Equal seeds start from equal weights, whatever
    /// was trained before.
    pub(super) fn run(&self, title: &str, context: &Context) -> Result<FieldOutcome, CliError> {
        let info = find_operator(self.model)?;
        let spec = &self.settings.operator;
        context.device.seed(self.config.seed);
        let network = FieldNetwork::build(info.name, spec, &context.device)?;
        let mut progress = ProgressReporter::new(title);
        let data = (self.data, &self.settings.scaling);
        let outcome = operate::fit(network, data, self.config, self.run, &mut progress)?;
        drop(progress);
        let mut report = assemble::figures(&outcome);
        report.goal = Goal::Predict;
        report.model = info.name.into();
        report.summary = format!("{}.", info.summary);
        report.data = self.data.name.clone();
        report.params = info.parameters(spec)?;
        if report.loss.is_finite() {
            assemble::show_predictions(&mut report, &outcome.model, data, &context.device)?;
        }
        Ok(FieldOutcome {
            report,
            ending: outcome.ending,
        })
    }
}
