//! Many simulations from random initial states.

use std::ops::Range;

use rayon::prelude::*;

use crate::darcy::Darcy;
use crate::error::PdeError;
use crate::grid::check_elements;
use crate::initial::{InitialCondition, Permeability, draw, sample_rng};
use crate::stepper::Stepper;

/// Trajectories of random initial states, in parallel.
///
/// Sample `i` depends on the seed and `i` alone, bit by bit: not on the number of threads, nor on the range that is
/// computed.
///
/// ```
/// use spectral_pde::equations::Burgers;
/// use spectral_pde::initial::GaussianField;
/// use spectral_pde::{Dealiasing, ETDRK4, Ensemble, Grid, Stepper};
///
/// // Pairs u(0), u(1) of Burgers' equation as in Li et al. (2021), here on 256 points.
/// let grid = Grid::cube(1, 256, 1.0)?;
/// let pde = Burgers { viscosity: 0.1, dimensions: 1 };
/// let stepper = Stepper::new(&pde, &grid, 5e-3, &ETDRK4, Dealiasing::TwoThirds)?;
/// let ensemble = Ensemble {
///     stepper: &stepper,
///     initial: &GaussianField::burgers(),
///     seed: 0,
///     frames: 1,
///     interval: 200,
/// };
/// let pairs = ensemble.run(0..20, &|_done| {})?;
/// assert_eq!(pairs.len(), 20 * 2 * 256);
/// # Ok::<(), spectral_pde::PdeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Ensemble<'a> {
    /// The equation, grid, method and step.
    pub stepper: &'a Stepper,
    /// The law of the initial states.
    pub initial: &'a dyn InitialCondition,
    /// The seed.
    pub seed: u64,
    /// Number of states to record after the initial one.
    pub frames: usize,
    /// Number of steps before each.
    pub interval: usize,
}

impl Ensemble<'_> {
    /// Computes a range of samples, `[samples, frames + 1, channels, points…]`; frame 0 is the initial state. `progress`
    /// is called with numbers of samples that are newly done, which add up to all.
    ///
    /// # Errors
    /// If a parameter of the initial states is out of range, a result has more than 2³¹ values, or a solution diverges;
    /// of several errors, that of the first sample.
    pub fn run(
        &self,
        samples: Range<u64>,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Vec<f64>, PdeError> {
        let grid = self.stepper.grid();
        let channels = self.stepper.channels();
        let state = channels * grid.points();
        let count = count(&samples);
        let record = check_elements("a trajectory", &[self.frames.saturating_add(1), state])?;
        let elements = check_elements("an ensemble", &[count, record])?;
        self.initial.check(grid)?;
        let mut all = vec![0.0; elements];
        if elements == 0 {
            return Ok(all);
        }
        // Lines of one dimension share vector registers; larger grids fill them alone.
        let together = if grid.dimensions() == 1 { 8 } else { 1 };
        let results: Vec<Result<(), PdeError>> = all
            .par_chunks_mut(together * record)
            .enumerate()
            .map(|(chunk, output)| {
                let batch = output.len() / record;
                let first = samples.start + (chunk * together) as u64;
                let range = first..first + batch as u64;
                let u0 = draw(self.initial, grid, channels, self.seed, range)?;
                let frames = (self.stepper).trajectory(batch, &u0, self.frames, self.interval)?;
                for (item, record) in output.chunks_exact_mut(record).enumerate() {
                    let (start, rest) = record.split_at_mut(state);
                    start.copy_from_slice(&u0[item * state..(item + 1) * state]);
                    let len = rest.len();
                    rest.copy_from_slice(&frames[item * len..(item + 1) * len]);
                }
                progress(batch);
                Ok(())
            })
            .collect();
        results.into_iter().collect::<Result<(), PdeError>>()?;
        Ok(all)
    }
}

/// Random permeabilities and the solutions of Darcy's equation with the source `f = 1` (Li et al., 2021), in parallel.
#[derive(Clone, Copy)]
pub struct DarcyEnsemble<'a> {
    /// The solver, with its grid.
    pub darcy: &'a Darcy,
    /// The law of the permeabilities.
    pub permeability: Permeability,
    /// The seed.
    pub seed: u64,
}

impl DarcyEnsemble<'_> {
    /// Computes a range of samples: permeabilities and solutions, `[samples, points, points]` each. `progress` is as for
    /// [`Ensemble::run`].
    ///
    /// # Errors
    /// If a parameter of the permeabilities is out of range, a result has more than 2³¹ values, or a system is not solved.
    pub fn run(
        &self,
        samples: Range<u64>,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(Vec<f64>, Vec<f64>), PdeError> {
        let n = self.darcy.points();
        let elements = check_elements("an ensemble", &[count(&samples), n, n])?;
        let source = vec![1.0; n * n];
        let (mut a, mut u) = (vec![0.0; elements], vec![0.0; elements]);
        let results: Vec<Result<(), PdeError>> = (a.par_chunks_exact_mut(n * n))
            .zip(u.par_chunks_exact_mut(n * n))
            .enumerate()
            .map(|(index, (a, u))| {
                let mut rng = sample_rng(self.seed, samples.start + index as u64);
                a.copy_from_slice(&self.permeability.sample(n, &mut rng)?);
                u.copy_from_slice(&self.darcy.solve(a, &source)?);
                progress(1);
                Ok(())
            })
            .collect();
        results.into_iter().collect::<Result<(), PdeError>>()?;
        Ok((a, u))
    }
}

fn count(samples: &Range<u64>) -> usize {
    usize::try_from(samples.end.saturating_sub(samples.start)).unwrap_or(usize::MAX)
}
