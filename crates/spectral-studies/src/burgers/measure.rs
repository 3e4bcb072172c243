//! Errors at several resolutions.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::data::fields::{Fields, Samples};

use super::Extent;
use super::data::Lazy;
use super::exact::{self, Complex, coefficients, each, highest, product, values};
use crate::kit::field_network::{Course, Training, pairs};
use crate::kit::grids::{Interpolation, relative_l2};
use crate::{StudyError, StudyRun};

/// The error of a map on a grid.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct At {
    pub(super) points: usize,
    /// Of the map on that grid.
    pub(super) direct: f64,
    /// Of the map on the grid of training, its output interpolated.
    pub(super) interpolated: f64,
}

/// A trained network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Trained {
    pub(super) course: Course,
    pub(super) errors: Vec<At>,
    /// What it predicts for the first test sample on the grid of the paper.
    pub(super) example: Vec<f32>,
}

/// Trains a network with a seed.
pub(super) fn trained(
    run: &mut StudyRun<'_>,
    training: &Training,
    extent: &Extent,
    data: &Lazy,
) -> Result<Trained, StudyError> {
    let step = format!("{}-seed-{}", training.network, training.config.seed);
    let settings = json!({"training": training, "data": of(extent)});
    run.step(&step, settings, |run| {
        let data = data.get(run)?;
        let trained = training.run(run, &data.set)?;
        let coarse = trained.predict(pairs(&data.set.tests[0].samples)[0])?;
        let at = |points: usize| {
            let test = data.test(points);
            let [inputs, targets] = pairs(&test);
            let interpolated = Interpolation::Fourier.apply(&coarse, points);
            Ok(At {
                points,
                direct: relative_l2(&trained.predict(inputs)?, targets),
                interpolated: relative_l2(&interpolated, targets),
            })
        };
        let errors =
            (extent.grids.iter().map(|points| at(*points))).collect::<Result<_, StudyError>>()?;
        let first = Interpolation::Fourier
            .apply(&coarse, extent.solver)
            .sample(0)
            .to_vec();
        Ok(Trained {
            errors,
            example: first,
            course: trained.course.clone(),
        })
    })
}

/// Errors of maps that are not trained by gradients.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Simple {
    /// The initial state.
    pub(super) persistence: f64,
    /// The solution of the heat equation.
    pub(super) heat: f64,
    /// One complex factor for each mode, fitted by least squares.
    pub(super) least_squares: f64,
    /// The closed form by the number of points, with seconds per solution.
    pub(super) closed: Vec<Closed>,
    /// The first test sample: initial state, solution, and that of the heat equation.
    pub(super) example: [Vec<f32>; 3],
}

/// The closed form on a grid, its result interpolated to that of the paper.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Closed {
    pub(super) points: usize,
    pub(super) error: f64,
    pub(super) seconds: f64,
}

/// What can be done without a network, on the grid of the paper.
pub(super) fn simple(
    run: &mut StudyRun<'_>,
    extent: &Extent,
    data: &Lazy,
) -> Result<Simple, StudyError> {
    run.step("simple", of(extent), |run| {
        let data = data.get(run)?;
        let test = data.test(extent.solver);
        let [inputs, targets] = pairs(&test);
        let factors = fitted(&data.set.train);
        let apply = |start: &[f64]| {
            let modes = coefficients(start, factors.len() - 1);
            let moved: Vec<Complex> = modes
                .into_iter()
                .zip(&factors)
                .map(|(mode, factor)| product(mode, *factor))
                .collect();
            values(&moved, start.len())
        };
        let closed = extent.closed.iter().map(|points| {
            let test = data.test(*points);
            let start = Instant::now();
            let found = each(pairs(&test)[0], exact::cole_hopf);
            let seconds = start.elapsed().as_secs_f64() / found.len() as f64;
            let found = Interpolation::Fourier.apply(&found, extent.solver);
            Closed {
                points: *points,
                error: relative_l2(&found, targets),
                seconds,
            }
        });
        let heat = each(inputs, exact::heat);
        let first = |fields: &Fields| fields.sample(0).to_vec();
        Ok(Simple {
            persistence: relative_l2(inputs, targets),
            heat: relative_l2(&heat, targets),
            least_squares: relative_l2(&each(inputs, apply), targets),
            closed: closed.collect(),
            example: [first(inputs), first(targets), first(&heat)],
        })
    })
}

/// For each mode the factor `Σ conj(a) b / Σ |a|²` of the coefficients `a` of inputs and `b` of targets.
fn fitted(samples: &Samples) -> Vec<Complex> {
    let [inputs, targets] = pairs(samples);
    let most = highest(inputs.shape[2]);
    let modes = |fields: &Fields, index: usize| {
        let sample: Vec<f64> = fields
            .sample(index)
            .iter()
            .map(|value| f64::from(*value))
            .collect();
        coefficients(&sample, most)
    };
    let mut sums = vec![([0.0; 2], 0.0); most + 1];
    for index in 0..inputs.len() {
        let both = modes(inputs, index).into_iter().zip(modes(targets, index));
        for ((up, down), ([re, im], target)) in sums.iter_mut().zip(both) {
            let [a, b] = product([re, -im], target);
            *up = [up[0] + a, up[1] + b];
            *down += re * re + im * im;
        }
    }
    let factor = |(up, down): (Complex, f64)| match down > 0.0 {
        true => up.map(|part| part / down),
        false => [0.0; 2],
    };
    sums.into_iter().map(factor).collect()
}

/// What the samples are, as the settings of a step.
fn of(extent: &Extent) -> serde_json::Value {
    json!({
        "train": extent.train,
        "test": extent.test,
        "solver": extent.solver,
        "finest": extent.finest,
        "points": extent.points,
        "grids": extent.grids,
        "closed": extent.closed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_propagator_is_found() {
        let inputs = Fields {
            values: (0..10 * 16u32)
                .map(|i| ((i * i + 3 * i / 7) % 11) as f32 - 5.0)
                .collect(),
            shape: vec![10, 1, 16],
        };
        let targets = each(&inputs, exact::heat);
        let found = fitted(&Samples::Pairs { inputs, targets });
        for (k, [re, im]) in found.into_iter().enumerate() {
            assert!(
                (re - exact::decay(k)).abs() < 1e-6 && im.abs() < 1e-6,
                "{k}: {re} {im}"
            );
        }
    }
}
