//! Networks of a number of parameters, and their training.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use spectral_lab::data::fields::{FieldScaling, FieldSet, Samples};
use spectral_lab::model::operator::{
    ArchitectureRequest, OperatorInput, OperatorSpec, find_operator,
};
use spectral_lab::operate::{FieldNetwork, fit};
use spectral_lab::train::{
    Decay, Ending, Recipe, Scaling, ScheduleConfig, Span, TrainConfig, Warmup,
};

use super::errors::{Errors, roll_out};
use crate::StudyError;

/// A network of the registry, but for its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) name: &'static str,
    /// Blocks or levels; none for its own.
    pub(crate) layers: Option<usize>,
    /// Modes per axis, of a network that has them; none for its own.
    pub(crate) modes: Option<usize>,
}

/// A network whose width is chosen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sized {
    pub(crate) name: &'static str,
    pub(crate) spec: OperatorSpec,
    /// A complex one counts as two.
    pub(crate) parameters: usize,
}

impl Network {
    /// The width whose number of parameters is nearest to `parameters`.
    pub(crate) fn sized(
        &self,
        input: &OperatorInput,
        parameters: usize,
    ) -> Result<Sized, StudyError> {
        let info = find_operator(self.name)?;
        let request = ArchitectureRequest {
            layers: self.layers,
            modes: self.modes,
            parameters: Some(parameters),
            ..ArchitectureRequest::default()
        };
        let spec = info.spec(input, request)?;
        Ok(Sized {
            name: self.name,
            parameters: info.parameters(&spec)?,
            spec,
        })
    }
}

/// The `emulator` recipe for `epochs` epochs of `pairs` pairs in batches of `batch`; a fifth of the updates are warm-up, as
/// in the source.
pub(crate) fn emulator(
    epochs: usize,
    pairs: usize,
    batch: usize,
    seed: u64,
) -> Result<TrainConfig, StudyError> {
    let updates = (epochs * pairs.div_ceil(batch)) as u64;
    let warm_up = updates / 5;
    Ok(TrainConfig {
        epochs,
        batch_size: batch,
        seed,
        schedule: ScheduleConfig {
            warmup: Some(Warmup {
                over: Span::Steps(warm_up),
                start: 0.0,
            }),
            decay: Decay::Cosine {
                over: Span::Steps((updates - warm_up).max(1)),
                floor: 0.0,
            },
        },
        ..Recipe::find("emulator")?.config()
    })
}

/// A training and its rollouts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Emulated {
    pub(crate) parameters: usize,
    pub(crate) updates: u64,
    /// Wall-clock time of the updates.
    pub(crate) seconds: f64,
    /// Whether the loss was not finite at some time.
    pub(crate) diverged: bool,
    /// Errors of one step on the validation trajectories, in the order of training.
    pub(crate) curve: Vec<Curve>,
    /// Errors of the rollouts on the test trajectories.
    pub(crate) errors: Errors,
}

/// How far a training was.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Curve {
    pub(crate) updates: u64,
    /// Wall-clock time of the updates so far.
    pub(crate) seconds: f64,
    /// The mean relative L2 error of one step.
    pub(crate) error: f64,
}

impl Emulated {
    /// Updates until the error of one step first was at most `error`.
    pub(crate) fn updates_to(&self, error: f64) -> Option<u64> {
        let reached = self.curve.iter().find(|point| point.error <= error);
        reached.map(|point| point.updates)
    }
}

/// Trains a network on the trajectories of `data` and predicts those of `test`; `seen` is called with each step of the
/// predictions. Weights are drawn from the seed of `config`.
pub(crate) fn train(
    network: &Sized,
    (data, test): (&FieldSet, &Samples),
    config: &TrainConfig,
    device: &Device,
    seen: impl FnMut(usize, &[f32]),
) -> Result<Emulated, StudyError> {
    device.seed(config.seed);
    let model = FieldNetwork::build(network.name, &network.spec, device)?;
    let kinds = [config.scaling.inputs, config.scaling.targets];
    let [inputs, targets] = FieldScaling::fit(kinds, &data.train);
    let scaling = Scaling { inputs, targets };
    let outcome = fit(model, (data, &scaling), config, None, &mut ())?;
    let mut seconds = 0.0;
    let curve: Vec<Curve> = (outcome.history.iter())
        .map(|epoch| {
            seconds += epoch.timing.train_seconds;
            Curve {
                updates: epoch.step,
                seconds,
                error: epoch.errors.map_or(f64::INFINITY, |errors| errors.l2),
            }
        })
        // JSON has no other numbers.
        .filter(|point| point.error.is_finite())
        .collect();
    let shape = [&[test.count()], &test.input_shape()[..]].concat();
    let step = |states: Vec<f32>| {
        let next = outcome
            .model
            .predict(&scaling, states, shape.clone(), device);
        Ok(next?)
    };
    Ok(Emulated {
        parameters: network.parameters,
        updates: outcome.history.last().map_or(0, |epoch| epoch.step),
        seconds,
        diverged: matches!(outcome.ending, Ending::Diverged { .. }),
        curve,
        errors: roll_out(test, step, seen)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::baseline::persistence;
    use super::super::flow::{Count, Flow, Parts};
    use super::*;
    use spectral_lab::simulate::Request;

    #[test]
    fn the_recipe_of_the_source_is_that_of_eighty_epochs() {
        let source = Recipe::find("emulator").unwrap().config();
        let config = emulator(80, 50 * 50, 20, 0).unwrap();
        assert_eq!(config, source);
        // A single update has a schedule as well.
        emulator(1, 1, 20, 3).unwrap().validate().unwrap();
    }

    #[test]
    fn an_emulator_learns_and_its_rollout_begins_with_what_was_validated() {
        let request = Request {
            points: Some(32),
            ..Request::new("advection", 1)
        };
        let parts = Parts {
            train: Count::new(10, 10),
            validation: Count::new(2, 2),
            test: Count::new(2, 2),
        };
        let flow = Flow::new(request, 0, parts).unwrap();
        let network = Network {
            name: "fno",
            layers: Some(1),
            modes: Some(6),
        };
        let sized = network.sized(&flow.input(), 1_000).unwrap();
        let config = emulator(60, parts.train.pairs(), 20, 1).unwrap();
        let set = flow.set().unwrap();
        let test = &set.tests[0].samples;
        let mut steps = Vec::new();
        let device = Device::flex();
        let of = train(&sized, (set, test), &config, &device, |step, _| {
            steps.push(step);
        });
        let of = of.unwrap();
        assert_eq!((of.updates, of.diverged, steps), (300, false, vec![1, 2]));
        assert_eq!(of.curve.len(), 60);
        assert!(of.updates_to(1e9) == Some(5) && of.updates_to(0.0).is_none());
        let first = persistence(test).unwrap().after(1);
        assert!(of.errors.after(1) < 0.5 * first, "{:?}", of.errors);
    }
}
