//! Solvers for partial differential equations, in f64 on plain slices: data for learning solution operators.
//!
//! - **Periodic, time-dependent equations** `u_t = L u + N(u)`: pseudo-spectral in space, exponential time differencing
//!   Runge–Kutta methods of order 1 to 4 in time. An equation is a [`Pde`]: the symbol of a linear operator plus a
//!   [`Nonlinear`] function; a method is a [`Tableau`]; a [`Stepper`] takes any of both. See [`equations`].
//! - **Darcy flow** on the unit square: [`darcy`].
//! - **Random initial states**, identical bit by bit for a seed: [`initial`]; many simulations at once: [`Ensemble`].
//! - **Analytic solutions**: [`solution`].
//!
//! # Conventions
//!
//! - **Layout**: row-major, `[batch, channel, points…]`; trajectories are `[batch, frame, channel, points…]`.
//! - **Units**: lengths are those of the [`Grid`], times those of the coefficients.
//! - **Errors**: every input is checked; nothing panics on bad values. See [`PdeError`].
//! - **Reproducibility**: results do not depend, in any bit, on the number of threads or on the other entries of a batch.
//!   Between processors with other vector instructions they can differ in the last bits.
//!
//! # Example
//!
//! The Kuramoto–Sivashinsky equation, eight random initial states, 20 frames each:
//!
//! ```
//! use spectral_pde::equations::KuramotoSivashinsky;
//! use spectral_pde::initial::{FourierSeries, draw};
//! use spectral_pde::{Dealiasing, ETDRK4, Grid, Stepper};
//!
//! let grid = Grid::cube(1, 128, 60.0)?;
//! let stepper = Stepper::new(&KuramotoSivashinsky, &grid, 0.1, &ETDRK4, Dealiasing::TwoThirds)?;
//! let u0 = draw(&FourierSeries::default(), &grid, 1, 0, 0..8)?;
//! let trajectories = stepper.trajectory(8, &u0, 20, 10)?;
//! assert_eq!(trajectories.len(), 8 * 20 * 128);
//! # Ok::<(), spectral_pde::PdeError>(())
//! ```
//!
//! # Sources
//!
//! Cox and Matthews, *Exponential time differencing for stiff systems* (2002, doi 10.1006/jcph.2002.6995); Kassam and
//! Trefethen, *Fourth-order time-stepping for stiff PDEs* (2005, doi 10.1137/S1064827502410633); Li et al., *Fourier
//! Neural Operator for Parametric Partial Differential Equations* (2021, arXiv 2010.08895). Trajectories are tested
//! against exponax (Koehler et al., 2024, arXiv 2411.00180).
#![warn(missing_docs)]

pub mod darcy;
mod dealiasing;
mod ensemble;
pub mod equations;
mod error;
mod grid;
pub mod initial;
mod pde;
mod planes;
mod pseudo;
pub mod solution;
mod stepper;
mod table;
mod tableau;
mod transform;

pub use dealiasing::Dealiasing;
pub use ensemble::{DarcyEnsemble, Ensemble};
pub use error::PdeError;
pub use grid::{Grid, Wavenumber};
pub use pde::{Nonlinear, Pde};
pub use stepper::{Simulation, Stepper};
pub use tableau::{CoefficientFunction, ETDRK1, ETDRK2, ETDRK3, ETDRK4, METHODS, Row, Tableau};

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
