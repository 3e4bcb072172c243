//! One operator network trained on one set of fields.

use super::super::context::Context;
use super::super::error::CliError;
use super::settings::{OperatorSettings, input_of, scaling_of};
use spectral_lab::assemble;
use spectral_lab::data::fields::FieldSet;
use spectral_lab::model::operator::{ArchitectureRequest, find_operator};
use spectral_lab::operate::{self, FieldNetwork};
use spectral_lab::report::{Goal, ModelReport};
use spectral_lab::train::{Ending, ProgressReporter, RunFolder, TrainConfig};

/// A network to train on fields.
pub(in crate::cli) struct FieldTrial<'a> {
    /// The network's name in the registry.
    pub(in crate::cli) model: &'a str,
    /// Its size and scaling.
    pub(in crate::cli) settings: OperatorSettings,
    /// The data to train on.
    pub(in crate::cli) data: &'a FieldSet,
    /// The settings.
    pub(in crate::cli) config: &'a TrainConfig,
}

/// The outcome of training.
pub(in crate::cli) struct FieldOutcome {
    /// The network.
    pub(in crate::cli) network: FieldNetwork,
    /// The figures.
    pub(in crate::cli) report: ModelReport,
    /// How it ended.
    pub(in crate::cli) ending: Ending,
}

impl<'a> FieldTrial<'a> {
    /// A new network for the data, with scaling fitted to them. Rejects a network or a scaling that does not accept
    /// the training samples or those that each epoch is tested on, before a run folder is created.
    pub(in crate::cli) fn new(
        model: &'a str,
        size: ArchitectureRequest,
        data: &'a FieldSet,
        config: &'a TrainConfig,
        context: &Context,
    ) -> Result<Self, CliError> {
        let settings = OperatorSettings {
            operator: find_operator(model)?.spec(&input_of(data), size)?,
            loss: config.loss,
            scaling: scaling_of(config, data),
        };
        let network = FieldNetwork::build(model, &settings.operator, &context.device)?;
        for samples in [&data.train, &data.tests[0].samples] {
            settings.check(&network, samples)?;
        }
        Ok(Self {
            model,
            settings,
            data,
            config,
        })
    }

    /// Trains, with progress on stderr under the name `title`. Equal seeds start from equal weights, whatever
    /// was trained before.
    pub(in crate::cli) fn run(
        &self,
        title: &str,
        run: Option<&RunFolder>,
        context: &Context,
    ) -> Result<FieldOutcome, CliError> {
        let info = find_operator(self.model)?;
        let spec = &self.settings.operator;
        context.device.seed(self.config.seed);
        let network = FieldNetwork::build(info.name, spec, &context.device)?;
        let mut progress = ProgressReporter::new(title);
        let data = (self.data, &self.settings.scaling);
        let outcome = operate::fit(network, data, self.config, run, &mut progress)?;
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
            network: outcome.model,
            report,
            ending: outcome.ending,
        })
    }
}
