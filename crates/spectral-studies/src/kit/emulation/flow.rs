//! Trajectories of an equation.

use std::cell::OnceCell;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use spectral_lab::data::fields::{Boundary, FieldSet, Fields, NamedSamples, Samples};
use spectral_lab::model::operator::OperatorInput;
use spectral_lab::simulate::{Request, Settings, Simulation, Values};

use crate::StudyError;

/// A number of trajectories, and steps of each; at least two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) trajectories: usize,
    pub(crate) steps: usize,
}

impl Count {
    pub(crate) const fn new(trajectories: usize, steps: usize) -> Self {
        Self {
            trajectories,
            steps,
        }
    }

    /// Pairs of successive states.
    pub(crate) fn pairs(self) -> usize {
        self.trajectories * self.steps
    }
}

/// How many trajectories there are to train on, to follow the training on, and to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parts {
    pub(crate) train: Count,
    pub(crate) validation: Count,
    pub(crate) test: Count,
}

/// The place of the trajectories to predict among the tests of a set.
const TEST: usize = 1;

/// Trajectories of one equation on a periodic grid, computed when they are first used.
pub(crate) struct Flow {
    /// Equation, grid, time steps and initial law; number of trajectories, frames and seed are those of each part.
    request: Request,
    /// States at the start of a trajectory that are left out.
    warm_up: usize,
    parts: Parts,
    settings: Settings,
    set: OnceCell<FieldSet>,
}

impl Flow {
    /// # Errors
    /// If the settings are not accepted.
    pub(crate) fn new(request: Request, warm_up: usize, parts: Parts) -> Result<Self, StudyError> {
        let training = part_request(&request, warm_up, parts.train, 0);
        let settings = Simulation::new(&training)?.settings().clone();
        Ok(Self {
            request,
            warm_up,
            parts,
            settings,
            set: OnceCell::new(),
        })
    }

    /// What the trajectories follow from.
    pub(crate) fn settings(&self) -> Value {
        json!({
            "simulation": self.settings,
            "warm_up": self.warm_up,
            "parts": self.parts,
        })
    }

    /// Time from one state to the next.
    pub(crate) fn interval(&self) -> f64 {
        self.settings
            .time
            .map_or(f64::NAN, |time| time.dt * time.every as f64)
    }

    /// Length of the domain.
    pub(crate) fn length(&self) -> f64 {
        self.settings.length.unwrap_or(f64::NAN)
    }

    /// Time that is left out at the start of a trajectory.
    pub(crate) fn warm_up_time(&self) -> f64 {
        self.warm_up as f64 * self.interval()
    }

    /// What networks are built for: one channel on the grid.
    pub(crate) fn input(&self) -> OperatorInput {
        OperatorInput {
            channels: [1, 1],
            sizes: vec![self.settings.points; self.settings.dimensions],
            boundary: Boundary::Periodic,
        }
    }

    /// The trajectories to train on, with those to follow the training on as the first test.
    pub(crate) fn set(&self) -> Result<&FieldSet, StudyError> {
        if self.set.get().is_none() {
            // Only this thread has access.
            let _ = self.set.set(self.simulate()?);
        }
        let set = self.set.get();
        set.ok_or_else(|| StudyError::Failed("the trajectories are gone".into()))
    }

    /// The trajectories to predict.
    pub(crate) fn test(&self) -> Result<&Samples, StudyError> {
        Ok(&self.set()?.tests[TEST].samples)
    }

    fn simulate(&self) -> Result<FieldSet, StudyError> {
        let Parts {
            train,
            validation,
            test,
        } = self.parts;
        let named = |name: &str, samples| NamedSamples {
            name: name.into(),
            samples,
        };
        Ok(FieldSet {
            name: self.request.equation.clone(),
            train: self.trajectories(train, 0)?,
            tests: vec![
                named("validation", self.trajectories(validation, 1)?),
                named("test", self.trajectories(test, 2)?),
            ],
            boundary: Boundary::Periodic,
            lengths: Some(vec![self.length(); self.settings.dimensions]),
            equation: None,
        })
    }

    fn trajectories(&self, count: Count, part: u64) -> Result<Samples, StudyError> {
        let request = part_request(&self.request, self.warm_up, count, part);
        let arrays = Simulation::new(&request)?.run(&|_| {})?;
        let array = arrays.into_iter().next();
        let Some((shape, Values::F32(values))) = array.map(|array| (array.shape, array.values))
        else {
            return Err(StudyError::Failed("the solver gave no f32 array".into()));
        };
        let fields = Fields { values, shape };
        Ok(Samples::Trajectories(without_first(fields, self.warm_up)))
    }
}

/// The request of a part; each has a seed of its own.
fn part_request(request: &Request, warm_up: usize, count: Count, part: u64) -> Request {
    Request {
        count: count.trajectories,
        frames: Some(warm_up + count.steps),
        seed: request.seed.wrapping_mul(3).wrapping_add(part),
        ..request.clone()
    }
}

/// Trajectories, `[trajectory, time, …]`, without their first states.
fn without_first(fields: Fields, states: usize) -> Fields {
    let Fields { values, mut shape } = fields;
    let state: usize = shape[2..].iter().product();
    let trajectories = values.chunks_exact(shape[1] * state);
    let values = trajectories.flat_map(|all| &all[states * state..]).copied();
    shape[1] -= states;
    Fields {
        values: values.collect(),
        shape,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(warm_up: usize) -> Flow {
        let request = Request {
            points: Some(16),
            ..Request::new("advection", 1)
        };
        let parts = Parts {
            train: Count::new(2, 3),
            validation: Count::new(1, 2),
            test: Count::new(1, 4),
        };
        Flow::new(request, warm_up, parts).unwrap()
    }

    #[test]
    fn parts_are_of_the_sizes_asked_for_and_share_no_trajectory() {
        let flow = flow(0);
        let set = flow.set().unwrap();
        let shape = |samples: &Samples| (samples.count(), samples.steps(), samples.sizes());
        assert_eq!(shape(&set.train), (2, 3, vec![16]));
        assert_eq!(shape(&set.tests[0].samples), (1, 2, vec![16]));
        assert_eq!(shape(flow.test().unwrap()), (1, 4, vec![16]));
        let starts = [
            set.train.state(0, 0),
            set.train.state(1, 0),
            set.tests[0].samples.state(0, 0),
            flow.test().unwrap().state(0, 0),
        ];
        for (index, start) in starts.iter().enumerate() {
            assert!(starts[..index].iter().all(|other| other != start));
        }
        assert_eq!(flow.interval(), 0.1);
    }

    #[test]
    fn the_warm_up_is_the_start_of_the_same_trajectory() {
        let (whole, cut) = (flow(0), flow(2));
        let [whole, cut] = [&whole, &cut].map(|flow| flow.set().unwrap().train.clone());
        assert_eq!(cut.steps(), 3);
        for (a, b) in whole.state(1, 3).iter().zip(cut.state(1, 1)) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
    }
}
