//! The Korteweg–de Vries equation.

use num_complex::Complex64;

use super::square;
use crate::error::{PdeError, expect_finite};
use crate::grid::{Grid, Wavenumber};
use crate::pde::{Nonlinear, Pde};

/// The Korteweg–de Vries equation, `u_t + a u u_x + b u_xxx = 0`, for waves on shallow water.
///
/// The default, `a = 6` and `b = 1`, is the usual form. Its solitary waves keep their shape and pass through each other.
/// Mass `∫u` and momentum `∫u²` are conserved.
///
/// Source: Korteweg and de Vries (1895); Zabusky and Kruskal (1965), who solved it with `a = 1`, `b = 0.022²`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KortewegDeVries {
    /// The factor `a` of the nonlinear term, in units of 1/(time·`u`)·length.
    pub convection: f64,
    /// The dispersivity `b`, in units of length³/time.
    pub dispersivity: f64,
}

impl Default for KortewegDeVries {
    fn default() -> Self {
        KortewegDeVries {
            convection: 6.0,
            dispersivity: 1.0,
        }
    }
}

impl Pde for KortewegDeVries {
    fn name(&self) -> String {
        "Korteweg–de Vries".to_string()
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn check(&self, _grid: &Grid) -> Result<(), PdeError> {
        expect_finite("the convection coefficient", self.convection)?;
        expect_finite("the dispersivity", self.dispersivity)
    }

    fn symbol(&self, _channel: usize, k: &Wavenumber) -> Complex64 {
        -self.dispersivity * k.derivative(0, 3)
    }

    fn nonlinear(&self) -> Option<Nonlinear> {
        let factor = -0.5 * self.convection;
        Some(
            Nonlinear::new(1, square)
                .field(0, |_| Complex64::ONE)
                .output(0, 0, move |k| factor * k.derivative(0, 1)),
        )
    }
}
