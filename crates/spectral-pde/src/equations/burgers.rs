//! The viscous Burgers equation.

use num_complex::Complex64;

use super::{square, sum_of_two_products};
use crate::error::{PdeError, expect_nonnegative};
use crate::grid::{Grid, Wavenumber};
use crate::pde::{Nonlinear, Pde};

/// The viscous Burgers equation in one or two dimensions, `u_t + (u·∇)u = ν Δu`.
///
/// The state has one channel per dimension. In one dimension the nonlinear term is computed in conservative form,
/// `−½(u²)_x`. Positive values move to the right and steepen into smooth shocks of width about `ν/|u|`, which the grid
/// must resolve.
///
/// Source: Bateman (1915); Burgers, *A mathematical model illustrating the theory of turbulence* (1948).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burgers {
    /// The viscosity `ν ≥ 0`, in units of length²/time.
    pub viscosity: f64,
    /// Number of spatial dimensions, 1 or 2.
    pub dimensions: usize,
}

impl Pde for Burgers {
    fn name(&self) -> String {
        "Burgers".to_string()
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn channels(&self) -> usize {
        self.dimensions
    }

    fn check(&self, _grid: &Grid) -> Result<(), PdeError> {
        if !(1..=2).contains(&self.dimensions) {
            return Err(PdeError::Parameter {
                name: "the number of dimensions of the Burgers equation",
                value: self.dimensions as f64,
                accepted: "1 and 2 are accepted",
            });
        }
        expect_nonnegative("the viscosity", self.viscosity)
    }

    fn symbol(&self, _channel: usize, k: &Wavenumber) -> Complex64 {
        (self.viscosity * k.laplacian()).into()
    }

    fn nonlinear(&self) -> Option<Nonlinear> {
        if self.dimensions == 1 {
            let term = Nonlinear::new(1, square)
                .field(0, |_| Complex64::ONE)
                .output(0, 0, |k| -0.5 * k.derivative(0, 1));
            return Some(term);
        }
        // Fields: u, v, u_x, u_y, v_x, v_y.
        let mut term = Nonlinear::new(2, |fields, products| {
            sum_of_two_products([0, 2, 1, 3], fields, products[0]);
            sum_of_two_products([0, 4, 1, 5], fields, products[1]);
        })
        .field(0, |_| Complex64::ONE)
        .field(1, |_| Complex64::ONE);
        for channel in 0..2 {
            for axis in 0..2 {
                term = term.field(channel, move |k| k.derivative(axis, 1));
            }
            term = term.output(channel, channel, |_| -Complex64::ONE);
        }
        Some(term)
    }
}
