//! The operator of the demo: two networks learn a step of Burgers' equation and are rolled out.

use super::context::Context;
use super::error::CliError;
use super::fields::{FieldTrial, REFERENCE};
use super::output::say;
use spectral_lab::assemble;
use spectral_lab::model::operator::ArchitectureRequest;
use spectral_lab::operate::{linear_propagator, roll_out, simulated};
use spectral_lab::report::{DataSetReport, Section};
use spectral_lab::rollout::{Run, report_sections};
use spectral_lab::simulate::Request;
use spectral_lab::train::{Recipe, TrainConfig};

/// The spatial baseline and the neural operator.
const MODELS: [&str; 2] = ["resnet", "fno"];

/// About as many parameters in each.
const PARAMETERS: usize = 20_000;

/// Trajectories, those of them for testing, and epochs.
pub(super) struct OperatorExtent {
    pub(super) trajectories: usize,
    pub(super) test: usize,
    pub(super) epochs: usize,
}

/// The equation: from one frame to the next, a wave of the largest height moves by 20 points.
fn request(extent: &OperatorExtent, seed: u64) -> Request {
    Request {
        points: Some(128),
        dt: Some(2e-3),
        every: Some(80),
        frames: Some(20),
        initial: "fourier:5,1".parse().ok(),
        parameters: [("viscosity", 5e-3)].into(),
        seed,
        ..Request::new("burgers", extent.trajectories)
    }
}

/// Trains the networks; their figures, and the rollout beside the truth.
pub(super) fn operator(
    extent: &OperatorExtent,
    context: &Context,
) -> Result<(DataSetReport, Vec<Section>), CliError> {
    let seed = context.seed();
    let data = simulated(&request(extent, seed), extent.test)?;
    say(&format!(
        "burgers: solved {} trajectories of {} steps on 128 points",
        extent.trajectories,
        data.train.steps()
    ));
    let mut config = TrainConfig {
        seed,
        ..Recipe::find("operator")?.config()
    };
    config.set_epochs(extent.epochs);
    let mut report = assemble::field_report(&data)?;
    let samples = &data.tests[0].samples;
    let linear = linear_propagator(&data, samples, &context.device)?;
    let mut results = Vec::new();
    for model in MODELS {
        let size = ArchitectureRequest {
            parameters: Some(PARAMETERS),
            ..ArchitectureRequest::default()
        };
        let trial = FieldTrial::new(model, size, &data, &config, context)?;
        let outcome = trial.run(&format!("{model} on burgers"), None, context)?;
        report.models.push(outcome.report);
        results.push(roll_out(
            &outcome.network,
            &trial.settings.scaling,
            (samples, samples.steps()),
            linear.as_ref(),
            &context.device,
        )?);
    }
    let runs: Vec<Run<'_>> = (MODELS.iter().zip(&results))
        .map(|(name, results)| Run { name, results })
        .collect();
    Ok((report, report_sections(&runs, REFERENCE)?))
}
