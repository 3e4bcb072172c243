//! Operator networks trained within a step, and what they predict.

use serde::{Deserialize, Serialize};

use burn::tensor::Device;
use spectral_lab::data::fields::{FieldScaling, FieldSet, Fields, Samples};
use spectral_lab::model::operator::{OperatorSpec, find_operator};
use spectral_lab::operate::{FieldNetwork, fit};
use spectral_lab::train::{Ending, Scaling, TrainConfig};

use crate::{StudyError, StudyRun};

/// Samples that are predicted at a time.
const BATCH: usize = 64;

/// A network and how it is trained, as the settings of a step.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Training {
    /// Its name in the registry.
    pub(crate) network: &'static str,
    /// Its size.
    pub(crate) spec: OperatorSpec,
    /// How it is trained; the seed is that of the weights as well.
    pub(crate) config: TrainConfig,
}

/// A trained network.
pub(crate) struct Trained {
    network: FieldNetwork,
    scaling: Scaling,
    device: Device,
    /// How the training went.
    pub(crate) course: Course,
}

/// How a training went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Course {
    /// Trainable parameters.
    pub(crate) parameters: usize,
    /// Seconds of training, without evaluation.
    pub(crate) seconds: f64,
    /// Mean training loss in each epoch.
    pub(crate) losses: Vec<f64>,
    /// Relative L2 error on the test samples after each epoch.
    pub(crate) errors: Vec<f64>,
}

impl Training {
    /// Trains on `set`.
    ///
    /// # Errors
    /// [`StudyError::Failed`] if the loss becomes infinite, and what building and training fail with.
    pub(crate) fn run(&self, run: &StudyRun<'_>, set: &FieldSet) -> Result<Trained, StudyError> {
        let device = run.device().clone();
        let kinds = [self.config.scaling.inputs, self.config.scaling.targets];
        let [inputs, targets] = FieldScaling::fit(kinds, &set.train);
        let scaling = Scaling { inputs, targets };
        device.seed(self.config.seed);
        let network = FieldNetwork::build(self.network, &self.spec, &device)?;
        let outcome = fit(network, (set, &scaling), &self.config, None, &mut ())?;
        if let Ending::Diverged { epoch, .. } = outcome.ending {
            return Err(StudyError::Failed(format!(
                "{}, seed {}: the loss became infinite in epoch {epoch}",
                self.network, self.config.seed
            )));
        }
        let history = outcome.history;
        let error = |metrics: &spectral_lab::train::EpochMetrics| {
            metrics.errors.map_or(f64::NAN, |errors| errors.l2)
        };
        Ok(Trained {
            network: outcome.model,
            scaling,
            device,
            course: Course {
                parameters: find_operator(self.network)?.parameters(&self.spec)?,
                seconds: history
                    .iter()
                    .map(|metrics| metrics.timing.train_seconds)
                    .sum(),
                losses: history.iter().map(|metrics| metrics.train_loss).collect(),
                errors: history.iter().map(error).collect(),
            },
        })
    }
}

impl Trained {
    /// What the network predicts for these inputs.
    ///
    /// # Errors
    /// If the results cannot be read from the device.
    pub(crate) fn predict(&self, inputs: &Fields) -> Result<Fields, StudyError> {
        let size: usize = inputs.shape[1..].iter().product();
        let mut values = Vec::new();
        for part in inputs.values.chunks(BATCH * size) {
            let shape = [&[part.len() / size], &inputs.shape[1..]].concat();
            let found = self
                .network
                .predict(&self.scaling, part.to_vec(), shape, &self.device);
            values.extend(found?);
        }
        let space: usize = inputs.shape[2..].iter().product();
        let mut shape = inputs.shape.clone();
        shape[1] = values.len() / (inputs.len() * space).max(1);
        Ok(Fields { values, shape })
    }
}

/// Inputs and targets of pairs.
///
/// # Panics
/// If the samples are trajectories.
pub(crate) fn pairs(samples: &Samples) -> [&Fields; 2] {
    match samples {
        Samples::Pairs { inputs, targets } => [inputs, targets],
        Samples::Trajectories(_) => panic!("expected pairs, found trajectories"),
    }
}
