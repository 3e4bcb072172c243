//! Pairs of the states of Burgers' equation at times 0 and 1.

use std::cell::OnceCell;

use spectral_lab::data::fields::{Boundary, FieldSet, Fields, NamedSamples, Samples};
use spectral_lab::simulate::{Array, Request, Simulation, Values};

use super::Extent;
use crate::kit::grids::every_of;
use crate::{StudyError, StudyRun};

/// Pairs for training and testing.
pub(super) struct Burgers {
    /// On the grid of training; the test samples as well.
    pub(super) set: FieldSet,
    /// Test samples on the finest grid.
    finest: Samples,
}

impl Burgers {
    /// Test samples on a grid of `points` points, a divisor of the finest grid's.
    pub(super) fn test(&self, points: usize) -> Samples {
        every_of(&self.finest, self.finest.sizes()[0] / points)
    }
}

/// Pairs that are made when they are first asked for.
pub(super) struct Lazy {
    extent: Extent,
    found: OnceCell<Burgers>,
}

impl Lazy {
    pub(super) fn new(extent: Extent) -> Self {
        Self {
            extent,
            found: OnceCell::new(),
        }
    }

    pub(super) fn get(&self, run: &StudyRun<'_>) -> Result<&Burgers, StudyError> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let made = solved(run.seed(), &self.extent)?;
        Ok(self.found.get_or_init(|| made))
    }
}

/// Solves for training and, from another seed, for testing.
fn solved(seed: u64, extent: &Extent) -> Result<Burgers, StudyError> {
    let samples = |count, points, seed| -> Result<Samples, StudyError> {
        let request = Request {
            points: Some(points),
            seed,
            ..Request::new("burgers", count)
        };
        let mut arrays = Simulation::new(&request)?.run(&|_| {})?.into_iter();
        let mut next = || arrays.next().map(fields).unwrap_or_default();
        Ok(Samples::Pairs {
            inputs: next(),
            targets: next(),
        })
    };
    let finest = samples(extent.test, extent.finest, seed.wrapping_add(1))?;
    let train = samples(extent.train, extent.solver, seed)?;
    let test = every_of(&finest, extent.finest / extent.points);
    Ok(Burgers {
        set: FieldSet {
            name: "burgers".into(),
            train: every_of(&train, extent.solver / extent.points),
            tests: vec![NamedSamples {
                name: "test".into(),
                samples: test,
            }],
            boundary: Boundary::Periodic,
            lengths: Some(vec![1.0]),
            equation: None,
        },
        finest,
    })
}

fn fields(array: Array) -> Fields {
    Fields {
        shape: array.shape,
        values: match array.values {
            Values::F32(values) => values,
            Values::F64(values) => values.into_iter().map(|value| value as f32).collect(),
        },
    }
}
