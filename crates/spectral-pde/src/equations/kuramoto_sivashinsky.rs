//! The Kuramoto–Sivashinsky equation.

use num_complex::Complex64;

use super::square;
use crate::error::PdeError;
use crate::grid::{Grid, Wavenumber};
use crate::pde::{Nonlinear, Pde};

/// The Kuramoto–Sivashinsky equation in conservative form, `u_t + u u_x + u_xx + u_xxxx = 0`.
///
/// Modes with `|k| < 1` grow, shorter ones decay, and the nonlinear term passes energy from the first to the second:
/// on domains longer than about 20 the solution is chaotic. The mean is conserved.
///
/// Source: Kuramoto (1978); Sivashinsky (1977); the test case of Kassam and Trefethen (2005) has length `32π`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KuramotoSivashinsky;

impl Pde for KuramotoSivashinsky {
    fn name(&self) -> String {
        "Kuramoto–Sivashinsky".to_string()
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn check(&self, _grid: &Grid) -> Result<(), PdeError> {
        Ok(())
    }

    fn symbol(&self, _channel: usize, k: &Wavenumber) -> Complex64 {
        -k.derivative(0, 2) - k.derivative(0, 4)
    }

    fn nonlinear(&self) -> Option<Nonlinear> {
        Some(
            Nonlinear::new(1, square)
                .field(0, |_| Complex64::ONE)
                .output(0, 0, |k| -0.5 * k.derivative(0, 1)),
        )
    }
}
