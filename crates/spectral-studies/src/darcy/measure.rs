//! Errors on both grids.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::data::fields::Fields;

use super::Extent;
use super::data::{Darcy, FINE, Lazy, SYMMETRY};
use super::five_point::Permeability;
use super::linear::Linear;
use crate::kit::field_network::{Course, Training, pairs};
use crate::kit::grids::{Interpolation, every, relative_l2};
use crate::{StudyError, StudyRun};

/// Mean relative L2 errors on the test samples of a map from permeability to solution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Errors {
    /// On the grid that was trained on.
    pub(super) coarse: f64,
    /// On the finer grid, unchanged; none of a map that only has its own grid.
    pub(super) fine: Option<f64>,
    /// On the finer grid, from every second point and interpolated by lines, trigonometric polynomials and sines.
    pub(super) linear: f64,
    pub(super) fourier: f64,
    pub(super) sine: f64,
}

impl Errors {
    fn of(
        data: &Darcy,
        runs_on_fine: bool,
        predict: &dyn Fn(&Fields) -> Result<Fields, StudyError>,
    ) -> Result<Self, StudyError> {
        let [inputs, targets] = pairs(data.test());
        let [fine_inputs, fine_targets] = pairs(data.fine_test());
        let half = predict(&every(fine_inputs, 2))?;
        let interpolated = |way: Interpolation| relative_l2(&way.apply(&half, FINE), fine_targets);
        let fine = match runs_on_fine {
            true => Some(relative_l2(&predict(fine_inputs)?, fine_targets)),
            false => None,
        };
        Ok(Self {
            coarse: relative_l2(&predict(inputs)?, targets),
            fine,
            linear: interpolated(Interpolation::Linear),
            fourier: interpolated(Interpolation::Fourier),
            sine: interpolated(Interpolation::Sine),
        })
    }
}

/// A trained network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Trained {
    pub(super) course: Course,
    pub(super) errors: Errors,
    /// What it predicts for the first test sample, on both grids.
    pub(super) example: [Vec<f32>; 2],
}

/// Trains a network with a seed.
pub(super) fn trained(
    run: &mut StudyRun<'_>,
    name: &str,
    training: &Training,
    extent: &Extent,
    data: &Lazy,
) -> Result<Trained, StudyError> {
    let step = format!("{name}-seed-{}", training.config.seed);
    let settings = json!({"training": training, "data": of(extent, data)});
    run.step(&step, settings, |run| {
        let data = data.get(run)?;
        let trained = training.run(run, &data.set)?;
        let predict = |inputs: &Fields| trained.predict(inputs);
        let first = |samples| -> Result<Vec<f32>, StudyError> {
            Ok(trained.predict(&first(pairs(samples)[0]))?.values)
        };
        Ok(Trained {
            errors: Errors::of(data, true, &predict)?,
            example: [first(data.test())?, first(data.fine_test())?],
            course: trained.course.clone(),
        })
    })
}

/// What can be done without a network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Simple {
    /// The five-point scheme, its two numbers, and seconds per solution.
    pub(super) permeability: Permeability,
    pub(super) solver: Errors,
    pub(super) seconds: f64,
    /// What it gives for the first test sample.
    pub(super) example: Vec<f32>,
    /// The best linear map.
    pub(super) linear: Errors,
    /// The mean of the training solutions.
    pub(super) mean: Errors,
}

/// What can be done without a network.
pub(super) fn simple(
    run: &mut StudyRun<'_>,
    extent: &Extent,
    data: &Lazy,
) -> Result<Simple, StudyError> {
    run.step("simple", of(extent, data), |run| {
        let data = data.get(run)?;
        let permeability = Permeability::fit(&data.set.train, extent.fitted);
        let inputs = pairs(data.test())[0];
        let start = Instant::now();
        let solutions = permeability.predict(inputs);
        let seconds = start.elapsed().as_secs_f64() / inputs.len() as f64;
        let linear = Linear::fit(&data.set.train, SYMMETRY, run.seed())?;
        let mean = mean(pairs(&data.set.train)[1]);
        let constant = |inputs: &Fields| Fields {
            values: mean.repeat(inputs.len()),
            shape: inputs.shape.clone(),
        };
        Ok(Simple {
            permeability,
            solver: Errors::of(data, true, &|inputs| Ok(permeability.predict(inputs)))?,
            seconds,
            example: solutions.sample(0).to_vec(),
            linear: Errors::of(data, false, &|inputs| Ok(linear.predict(inputs)))?,
            mean: Errors::of(data, false, &|inputs| Ok(constant(inputs)))?,
        })
    })
}

fn mean(fields: &Fields) -> Vec<f32> {
    let size = fields.values.len() / fields.len();
    let sum = |point: usize| -> f64 {
        let values = fields.values[point..].iter().step_by(size);
        values.map(|value| f64::from(*value)).sum()
    };
    (0..size)
        .map(|point| (sum(point) / fields.len() as f64) as f32)
        .collect()
}

/// The first test sample: input and target on both grids.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Example {
    pub(super) inputs: [Vec<f32>; 2],
    pub(super) targets: [Vec<f32>; 2],
}

/// The first test sample.
pub(super) fn example(
    run: &mut StudyRun<'_>,
    extent: &Extent,
    data: &Lazy,
) -> Result<Example, StudyError> {
    run.step("example", of(extent, data), |run| {
        let data = data.get(run)?;
        let [coarse, fine] = [data.test(), data.fine_test()].map(pairs);
        let side = |side: usize| [coarse[side], fine[side]].map(|fields| first(fields).values);
        Ok(Example {
            inputs: side(0),
            targets: side(1),
        })
    })
}

/// The first sample alone.
fn first(fields: &Fields) -> Fields {
    let mut shape = fields.shape.clone();
    shape[0] = 1;
    Fields {
        values: fields.sample(0).to_vec(),
        shape,
    }
}

/// What the samples are, as the settings of a step.
pub(super) fn of(extent: &Extent, data: &Lazy) -> serde_json::Value {
    json!({
        "source": data.source(),
        "train": extent.train,
        "test": extent.test,
        "solver": extent.solver,
        "fitted": extent.fitted,
    })
}
