//! Equations. Each is one file: parameters, symbol, nonlinear function.
//!
//! ```
//! use spectral_pde::equations::{Forcing, NavierStokes};
//! use spectral_pde::initial::{GaussianField, draw};
//! use spectral_pde::{Dealiasing, ETDRK4, Grid, Stepper};
//!
//! // Two-dimensional turbulence as in Li et al. (2021), two samples.
//! let pde = NavierStokes { viscosity: 1e-3, drag: 0.0, forcing: Forcing::Diagonal };
//! let grid = Grid::cube(2, 32, 1.0)?;
//! let stepper = Stepper::new(&pde, &grid, 0.02, &ETDRK4, Dealiasing::TwoThirds)?;
//! let w0 = draw(&GaussianField::vorticity(), &grid, 1, 0, 0..2)?;
//! let w = stepper.trajectory(2, &w0, 4, 50)?;
//! assert_eq!(w.len(), 2 * 4 * 32 * 32);
//! # Ok::<(), spectral_pde::PdeError>(())
//! ```

mod burgers;
mod korteweg_de_vries;
mod kuramoto_sivashinsky;
mod linear;
mod navier_stokes;

pub use burgers::Burgers;
pub use korteweg_de_vries::KortewegDeVries;
pub use kuramoto_sivashinsky::KuramotoSivashinsky;
pub use linear::{Advection, AdvectionDiffusion, Diffusion, Dispersion};
pub use navier_stokes::{Forcing, NavierStokes};

/// `products[0] = fields[0]²`
fn square(fields: &[&[f64]], products: &mut [&mut [f64]]) {
    for (p, u) in products[0].iter_mut().zip(fields[0]) {
        *p = u * u;
    }
}

/// `product += a·b`
fn add_product(product: &mut [f64], a: &[f64], b: &[f64]) {
    for ((p, a), b) in product.iter_mut().zip(a).zip(b) {
        *p += a * b;
    }
}
