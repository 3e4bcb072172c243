//! Pairs of permeability and solution on grids of 16×16 and 32×32 points.

use std::cell::OnceCell;

use serde::{Deserialize, Serialize};

use spectral_lab::data::DataError;
use spectral_lab::data::fields::{
    Boundary, FieldOptions, FieldSet, FieldSymmetry, Fields, NamedSamples, Samples, load_fields,
};
use spectral_lab::simulate::{Request, Simulation, Values};

use super::Extent;
use crate::kit::grids::every_of;
use crate::{StudyError, StudyRun};

/// Points per axis of the grid that is trained on, and of the finer one.
pub(super) const COARSE: usize = 16;
pub(super) const FINE: usize = 32;

/// How the grid lies: point `i` of `n` at `i/n`.
pub(super) const SYMMETRY: FieldSymmetry = FieldSymmetry::SquareHalfOpen;

/// Where pairs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Source {
    /// The files of the small Darcy set.
    Published,
    /// The solver.
    Solver,
}

/// Pairs of one source on both grids.
pub(super) struct Darcy {
    /// On the coarse grid; the first test samples are on it as well, the second on the fine one.
    pub(super) set: FieldSet,
    /// Training samples on the fine grid; none of the published set.
    pub(super) fine: Option<Samples>,
}

impl Darcy {
    pub(super) fn test(&self) -> &Samples {
        &self.set.tests[0].samples
    }

    pub(super) fn fine_test(&self) -> &Samples {
        &self.set.tests[1].samples
    }
}

/// Pairs that are made when they are first asked for.
pub(super) struct Lazy {
    source: Source,
    extent: Extent,
    found: OnceCell<Darcy>,
}

impl Lazy {
    pub(super) fn new(source: Source, extent: Extent) -> Self {
        Self {
            source,
            extent,
            found: OnceCell::new(),
        }
    }

    pub(super) fn source(&self) -> Source {
        self.source
    }

    pub(super) fn get(&self, run: &StudyRun<'_>) -> Result<&Darcy, StudyError> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let made = match self.source {
            Source::Published => published(run, &self.extent)?,
            Source::Solver => solved(run.seed(), &self.extent)?,
        };
        Ok(self.found.get_or_init(|| made))
    }
}

/// The published set if its files are there, else the solver.
pub(super) fn choose(run: &mut StudyRun<'_>, extent: &Extent) -> Result<Source, StudyError> {
    run.step("source", "darcy", |run| match published(run, extent) {
        Ok(_) => Ok(Source::Published),
        Err(StudyError::Data(DataError::MissingFiles { .. })) => Ok(Source::Solver),
        Err(error) => Err(error),
    })
}

fn published(run: &StudyRun<'_>, extent: &Extent) -> Result<Darcy, StudyError> {
    let options = FieldOptions {
        data_dir: run.data_dir().map(Into::into),
        train_count: Some(extent.train),
        test_count: Some(extent.test),
        ..FieldOptions::default()
    };
    let set = load_fields("darcy", &options)?;
    Ok(Darcy { set, fine: None })
}

/// Solutions on a finer grid, at the points of both grids; inputs are 0 and 1 as those of the published set.
fn solved(seed: u64, extent: &Extent) -> Result<Darcy, StudyError> {
    let points = extent.solver;
    let request = Request {
        seed,
        // With both ends.
        points: Some(points + 1),
        ..Request::new("darcy", extent.train + extent.test)
    };
    let simulation = Simulation::new(&request)?;
    let parameters = &simulation.settings().parameters;
    let middle = ((parameters["low"] + parameters["high"]) / 2.0) as f32;
    let arrays = simulation.run(&|_| {})?;
    let field = |index: usize, of: &dyn Fn(f32) -> f32| {
        let values = match &arrays[index].values {
            Values::F32(values) => values.clone(),
            Values::F64(values) => values.iter().map(|value| *value as f32).collect(),
        };
        let rows = values.chunks_exact((points + 1).pow(2));
        let inner = rows.flat_map(|plane| {
            let rows = plane.chunks_exact(points + 1).take(points);
            rows.flat_map(|row| &row[..points])
        });
        Fields {
            values: inner.map(|value| of(*value)).collect(),
            shape: vec![extent.train + extent.test, 1, points, points],
        }
    };
    let samples = Samples::Pairs {
        inputs: field(0, &|a| f32::from(a > middle)),
        targets: field(1, &|u| u),
    };
    let grids = [COARSE, FINE].map(|size| {
        let mut train = every_of(&samples, points / size);
        let test = train.split_off(extent.train);
        (train, test)
    });
    let [(train, test), (fine, fine_test)] = grids;
    let named = |name: &str, samples| NamedSamples {
        name: name.into(),
        samples,
    };
    Ok(Darcy {
        set: FieldSet {
            name: "darcy".into(),
            train,
            tests: vec![named("test", test), named("test-32", fine_test)],
            boundary: Boundary::Other,
            lengths: Some(vec![1.0; 2]),
            equation: None,
        },
        fine: Some(fine),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::field_network::pairs;
    use crate::kit::grids::every;

    #[test]
    fn the_grids_of_the_solver_are_nested_and_lie_as_the_symmetry_says() {
        let extent = Extent {
            train: 2,
            test: 1,
            solver: 64,
            ..Extent::tiny()
        };
        let made = solved(3, &extent).unwrap();
        let fine = made.fine.as_ref().unwrap();
        assert_eq!(
            (made.set.train.len(), made.test().len(), fine.len()),
            (2, 1, 2)
        );
        for (coarse, fine) in pairs(&made.set.train).into_iter().zip(pairs(fine)) {
            assert_eq!(*coarse, every(fine, 2));
        }
        let [inputs, targets] = pairs(&made.set.train);
        assert!(inputs.values.iter().all(|value| [0.0, 1.0].contains(value)));
        // Zero on the sides of the grid at 0, not on those before 1.
        let u = targets.sample(0);
        assert!((0..COARSE).all(|i| u[i] == 0.0 && u[i * COARSE] == 0.0));
        assert!(u[COARSE * COARSE - COARSE + 8] > 0.0);
    }
}
