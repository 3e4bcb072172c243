//! One network trained on the coarse grid, on the fine one, and on both in turns.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};
use serde_json::json;

use burn_spectral::operator::{Derivative, relative_h1};
use spectral_lab::data::Batches;
use spectral_lab::data::fields::{FieldScaling, Fields, Samples};
use spectral_lab::model::operator::{OperatorNetwork, find_operator};
use spectral_lab::train::{Learner, Operator, Scaled, Scaling, Scheduler, TrainConfig};

use super::data::{FINE, Lazy};
use super::measure::of;
use super::{Extent, published_spec, published_training};
use crate::kit::field_network::pairs;
use crate::kit::grids::{Interpolation, every, relative_l2};
use crate::{StudyError, StudyRun};

/// The grids that a network is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Grids {
    Coarse,
    Fine,
    Both,
}

impl Grids {
    pub(super) const ALL: [Self; 3] = [Self::Coarse, Self::Fine, Self::Both];

    /// The name of a step.
    fn name(self) -> &'static str {
        match self {
            Self::Coarse => "coarse",
            Self::Fine => "fine",
            Self::Both => "both",
        }
    }
}

/// Errors of a network trained on one or both grids.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Trained {
    pub(super) grids: Grids,
    /// On the coarse and on the fine grid.
    pub(super) coarse: f64,
    pub(super) fine: f64,
    /// On the fine grid, from every second point and interpolated by sines.
    pub(super) interpolated: f64,
    pub(super) seconds: f64,
}

/// Trains with all choices of grids and seeds.
pub(super) fn measured(
    run: &mut StudyRun<'_>,
    extent: &Extent,
    data: &Lazy,
) -> Result<Vec<Trained>, StudyError> {
    let mut all = Vec::new();
    for grids in Grids::ALL {
        for seed in 0..extent.seeds {
            let config = published_training(extent, seed).config;
            let step = format!("grids-{}-seed-{seed}", grids.name());
            let settings = json!({"grids": grids, "train": config, "data": of(extent, data)});
            all.push(run.step(&step, settings, |run| one(run, grids, &config, data))?);
        }
    }
    Ok(all)
}

fn one(
    run: &StudyRun<'_>,
    grids: Grids,
    config: &TrainConfig,
    data: &Lazy,
) -> Result<Trained, StudyError> {
    let data = data.get(run)?;
    let fine = data.fine.as_ref();
    let fine =
        fine.ok_or_else(|| StudyError::Failed("no training samples on the finer grid".into()))?;
    let coarse = &data.set.train;
    let (sets, first): (&[&Samples], _) = match grids {
        Grids::Coarse => (&[coarse], coarse),
        Grids::Fine => (&[fine], fine),
        Grids::Both => (&[coarse, fine], coarse),
    };
    let [inputs, targets] =
        FieldScaling::fit([config.scaling.inputs, config.scaling.targets], first);
    let scaling = Scaling { inputs, targets };
    let start = std::time::Instant::now();
    let model = train(run, sets, &scaling, config)?;
    let seconds = start.elapsed().as_secs_f64();
    let predict = |inputs: &Fields| predicted(run, &model, &scaling, inputs);
    let [inputs, targets] = pairs(data.test());
    let [fine_inputs, fine_targets] = pairs(data.fine_test());
    let half = predict(&every(fine_inputs, 2))?;
    Ok(Trained {
        grids,
        coarse: relative_l2(&predict(inputs)?, targets),
        fine: relative_l2(&predict(fine_inputs)?, fine_targets),
        interpolated: relative_l2(&Interpolation::Sine.apply(&half, FINE), fine_targets),
        seconds,
    })
}

/// Trains as [`fit_fields`](spectral_lab::train::fit_fields) does, but takes the batches of an epoch from the
/// sets in turns.
fn train(
    run: &StudyRun<'_>,
    sets: &[&Samples],
    scaling: &Scaling,
    config: &TrainConfig,
) -> Result<OperatorNetwork<4>, StudyError> {
    let device = run.device().clone().autodiff();
    device.seed(config.seed);
    let model: OperatorNetwork<4> =
        find_operator("fno-mlp")?.build(&published_spec(), run.device())?;
    let mut learner = Learner {
        model: model.train(),
        optimizer: config.optimizer.build(),
    };
    let count = sets[0].len();
    let steps = count.div_ceil(config.batch_size) as u64;
    let scheduler = Scheduler::new(config.schedule, config.learning_rate, steps);
    let mut step = 0;
    for epoch in 1..=config.epochs {
        for indices in &Batches::shuffled(count, config.batch_size, config.seed, epoch as u64)? {
            let samples = sets[step as usize % sets.len()];
            let (mut inputs, mut targets) = (Vec::new(), Vec::new());
            samples.fill(indices, &mut inputs, &mut targets)?;
            let tensor = |values, shape: Vec<usize>| {
                let data = TensorData::new(values, [&[indices.len()], &shape[..]].concat());
                Tensor::<4>::from_data(data, &device)
            };
            let inputs = tensor(inputs, samples.input_shape());
            let targets = tensor(targets, samples.target_shape());
            let outputs = learner.model.forward(scaling.inputs.apply(inputs));
            let derivative = Derivative::FiniteDifference { periodic: true };
            let loss = relative_h1(outputs, scaling.targets.apply(targets), derivative);
            learner = learner.update(loss.backward(), scheduler.rate(step), config.clipping);
            step += 1;
        }
    }
    Ok(learner.model.valid())
}

fn predicted(
    run: &StudyRun<'_>,
    model: &OperatorNetwork<4>,
    scaling: &Scaling,
    inputs: &Fields,
) -> Result<Fields, StudyError> {
    let data = TensorData::new(inputs.values.clone(), inputs.shape.clone());
    let fields = Tensor::<4>::from_data(data, run.device());
    let outputs = Scaled { model, scaling }.forward(fields);
    let values = outputs.try_into_vec_as();
    Ok(Fields {
        values: values.map_err(|error| StudyError::Device(format!("{error:?}")))?,
        shape: inputs.shape.clone(),
    })
}
