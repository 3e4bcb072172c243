//! The viscous Burgers equation.

use num_complex::Complex64;

use super::{add_product, square};
use crate::error::{PdeError, expect_nonnegative};
use crate::grid::{Grid, Wavenumber};
use crate::pde::{Nonlinear, Pde};

/// The viscous Burgers equation in one to three dimensions, `u_t + (u·∇)u = ν Δu`.
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
    /// Number of spatial dimensions, 1 to 3.
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
        if !(1..=3).contains(&self.dimensions) {
            return Err(PdeError::Parameter {
                name: "the number of dimensions of the Burgers equation",
                value: self.dimensions as f64,
                accepted: "1 to 3 are accepted",
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
        // The fields are the channels, and then the gradients of each.
        let d = self.dimensions;
        let mut term = Nonlinear::new(d, move |fields, products| {
            for (channel, product) in products.iter_mut().enumerate() {
                product.fill(0.0);
                for axis in 0..d {
                    let slope = fields[d + channel * d + axis];
                    add_product(product, fields[axis], slope);
                }
            }
        });
        for channel in 0..d {
            term = term.field(channel, |_| Complex64::ONE);
        }
        for channel in 0..d {
            for axis in 0..d {
                term = term.field(channel, move |k| k.derivative(axis, 1));
            }
            term = term.output(channel, channel, |_| -Complex64::ONE);
        }
        Some(term)
    }
}
