//! Random initial conditions. Each is one file; all are drawn by [`draw`].
//!
//! Sample `i` of a seed is a function of the seed and `i` alone: its random numbers are stream `i` of ChaCha8. So it is
//! bit-identical for any number of threads and however many samples are drawn together. Random numbers are assigned to
//! modes from low to high frequencies, so that a sample is the same function on every grid, up to the modes that the
//! grid resolves.

mod fourier_series;
mod gaussian;
mod modes;
mod neumann;

use std::ops::Range;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

pub use fourier_series::{FourierSeries, Scaling};
pub use gaussian::GaussianField;
pub use neumann::{NeumannField, Permeability};

use crate::error::PdeError;
use crate::grid::{Grid, check_elements};

/// A probability distribution of states on a periodic grid.
pub trait InitialCondition: Send + Sync {
    /// Checks the parameters; called before anything else.
    ///
    /// # Errors
    /// If a parameter is out of range, or the grid is too coarse.
    fn check(&self, grid: &Grid) -> Result<(), PdeError>;

    /// Writes one sample of one channel, `[points…]`. The parameters have been checked.
    fn sample(&self, grid: &Grid, rng: &mut ChaCha8Rng, output: &mut [f64]);
}

/// The random numbers of one sample: stream `sample` of ChaCha8 with this seed.
pub fn sample_rng(seed: u64, sample: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(sample);
    rng
}

/// Draws a range of samples, `[samples, channels, points…]`, in parallel. Channels are independent.
///
/// ```
/// use spectral_pde::Grid;
/// use spectral_pde::initial::{GaussianField, draw};
///
/// let grid = Grid::cube(1, 1024, 1.0)?;
/// let all = draw(&GaussianField::burgers(), &grid, 1, 0, 0..10)?;
/// let some = draw(&GaussianField::burgers(), &grid, 1, 0, 4..6)?;
/// assert_eq!(all[4 * 1024..6 * 1024], some);
/// # Ok::<(), spectral_pde::PdeError>(())
/// ```
///
/// # Errors
/// If a parameter is out of range, or there are more than 2³¹ values.
pub fn draw(
    initial: &dyn InitialCondition,
    grid: &Grid,
    channels: usize,
    seed: u64,
    samples: Range<u64>,
) -> Result<Vec<f64>, PdeError> {
    initial.check(grid)?;
    let count = usize::try_from(samples.end.saturating_sub(samples.start)).unwrap_or(usize::MAX);
    let elements = check_elements("samples", &[count, channels, grid.points()])?;
    let mut all = vec![0.0; elements];
    if elements > 0 {
        all.par_chunks_exact_mut(channels * grid.points())
            .enumerate()
            .for_each(|(index, state)| {
                let mut rng = sample_rng(seed, samples.start + index as u64);
                for output in state.chunks_exact_mut(grid.points()) {
                    initial.sample(grid, &mut rng, output);
                }
            });
    }
    Ok(all)
}
