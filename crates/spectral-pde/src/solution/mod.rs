//! Analytic solutions, as oracles for solvers and for trained networks.
//!
//! ```
//! use spectral_pde::equations::Diffusion;
//! use spectral_pde::solution::{LinearWave, Solution, relative_error};
//! use spectral_pde::{Dealiasing, ETDRK1, Grid, Stepper};
//!
//! let wave = LinearWave {
//!     amplitude: 1.0,
//!     wavenumber: std::f64::consts::TAU,
//!     phase: 0.0,
//!     speed: 0.0,
//!     diffusivity: 0.1,
//!     dispersivity: 0.0,
//! };
//! let grid = Grid::cube(1, 32, 1.0)?;
//! let pde = Diffusion { diffusivity: 0.1 };
//! let stepper = Stepper::new(&pde, &grid, 0.25, &ETDRK1, Dealiasing::None)?;
//! let u = stepper.trajectory(1, &wave.sample(&grid, 0.0), 1, 2)?;
//! assert!(relative_error(&u, &wave.sample(&grid, 0.5)) < 1e-13);
//! # Ok::<(), spectral_pde::PdeError>(())
//! ```

mod cole_hopf;
mod darcy;
mod kolmogorov;
mod soliton;
mod taylor_green;
mod wave;

pub use cole_hopf::ColeHopf;
pub use darcy::ManufacturedDarcy;
pub use kolmogorov::LaminarKolmogorov;
pub use soliton::Soliton;
pub use taylor_green::TaylorGreen;
pub use wave::LinearWave;

use crate::grid::Grid;

/// A solution of an equation, in closed form.
pub trait Solution {
    /// Number of fields.
    fn channels(&self) -> usize {
        1
    }

    /// The value of a field at position `x` and time `t`.
    fn value(&self, channel: usize, x: &[f64], t: f64) -> f64;

    /// The state on a grid, `[channels, points…]`.
    fn sample(&self, grid: &Grid, t: f64) -> Vec<f64> {
        (0..self.channels())
            .flat_map(|channel| grid.sample(|x| self.value(channel, x, t)))
            .collect()
    }
}

/// The relative L2 error `‖a − b‖/‖b‖` of an approximation `a`, over all values.
///
/// It is infinite or not a number if `b` is zero. Values beyond the shorter of the two are not compared.
pub fn relative_error(a: &[f64], b: &[f64]) -> f64 {
    let difference: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    let size: f64 = b.iter().map(|b| b * b).sum();
    (difference / size).sqrt()
}
