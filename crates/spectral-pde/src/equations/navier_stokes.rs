//! The Navier–Stokes equations in two dimensions, for the vorticity.

use std::f64::consts::TAU;

use num_complex::Complex64;

use super::add_product;
use crate::error::{PdeError, expect_finite, expect_nonnegative};
use crate::grid::{Grid, Wavenumber};
use crate::pde::{Nonlinear, Pde};

/// An external force on the vorticity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Forcing {
    /// None: the flow decays.
    #[default]
    None,
    /// `f = 0.1 (sin(2π(x + y)) + cos(2π(x + y)))`, for the unit square (Li et al., *Fourier Neural Operator*, 2021,
    /// section 5.3).
    Diagonal,
    /// Kolmogorov flow: the curl of the force `(γ sin(κy), 0)` on the velocity, `f = −γκ cos(κy)`.
    Kolmogorov {
        /// The wavenumber `κ`, in radians per unit length: a multiple of `2π/L`.
        wavenumber: f64,
        /// The amplitude `γ` of the force on the velocity.
        amplitude: f64,
    },
}

/// The incompressible Navier–Stokes equations in two dimensions for the vorticity `ω = v_x − u_y`:
///
/// `ω_t + u ω_x + v ω_y = ν Δω − μ ω + f`, with `(u, v) = (ψ_y, −ψ_x)` and `−Δψ = ω`.
///
/// Axis 0 is `x`, axis 1 is `y`. The mean vorticity of a periodic flow is zero; a mean in the initial state has no
/// velocity and only decays by the drag. Without drag and force, the energy `½∫|u|²` and the enstrophy `½∫ω²` decrease
/// at the rates `ν∫ω²` and `ν∫|∇ω|²`.
///
/// Sources: Li et al. (2021) for [`Forcing::Diagonal`]; Chandler and Kerswell (2013, doi 10.1017/jfm.2013.122) for
/// Kolmogorov flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NavierStokes {
    /// The viscosity `ν ≥ 0`, in units of length²/time.
    pub viscosity: f64,
    /// The linear drag `μ ≥ 0`, in units of 1/time.
    pub drag: f64,
    /// The force.
    pub forcing: Forcing,
}

impl Pde for NavierStokes {
    fn name(&self) -> String {
        "Navier–Stokes".to_string()
    }

    fn dimensions(&self) -> usize {
        2
    }

    fn check(&self, grid: &Grid) -> Result<(), PdeError> {
        expect_nonnegative("the viscosity", self.viscosity)?;
        expect_nonnegative("the drag", self.drag)?;
        if let Forcing::Diagonal = self.forcing {
            for &length in grid.lengths() {
                if (length - length.round()).abs() > 1e-9 {
                    return Err(PdeError::Parameter {
                        name: "a grid length",
                        value: length,
                        accepted: "the diagonal force is periodic on whole lengths",
                    });
                }
            }
        }
        if let Forcing::Kolmogorov {
            wavenumber,
            amplitude,
        } = self.forcing
        {
            expect_finite("the forcing wavenumber", wavenumber)?;
            expect_finite("the forcing amplitude", amplitude)?;
            let waves = wavenumber * grid.lengths()[1] / TAU;
            if (waves - waves.round()).abs() > 1e-9 * waves.abs() {
                return Err(PdeError::Parameter {
                    name: "the forcing wavenumber",
                    value: wavenumber,
                    accepted: "multiples of 2π divided by the length of axis 1 are accepted",
                });
            }
        }
        Ok(())
    }

    fn symbol(&self, _channel: usize, k: &Wavenumber) -> Complex64 {
        (self.viscosity * k.laplacian() - self.drag).into()
    }

    fn nonlinear(&self) -> Option<Nonlinear> {
        // Fields: u, v, ω_x, ω_y.
        let term = Nonlinear::new(1, |fields, products| {
            products[0].fill(0.0);
            add_product(products[0], fields[0], fields[2]);
            add_product(products[0], fields[1], fields[3]);
        })
        .field(0, |k| k.derivative(1, 1) * inverse_laplacian(k))
        .field(0, |k| -k.derivative(0, 1) * inverse_laplacian(k))
        .field(0, |k| k.derivative(0, 1))
        .field(0, |k| k.derivative(1, 1))
        .output(0, 0, |_| -Complex64::ONE);
        Some(match self.forcing {
            Forcing::None => term,
            Forcing::Diagonal => term.force(0, |x| {
                let angle = TAU * (x[0] + x[1]);
                0.1 * (angle.sin() + angle.cos())
            }),
            Forcing::Kolmogorov {
                wavenumber,
                amplitude,
            } => term.force(0, move |x| {
                -amplitude * wavenumber * (wavenumber * x[1]).cos()
            }),
        })
    }
}

/// The symbol of `(−Δ)^−1` on fields without a mean.
fn inverse_laplacian(k: &Wavenumber) -> f64 {
    if k.is_mean() { 0.0 } else { 1.0 / k.squared() }
}
