//! Linear equations with constant coefficients, which every stepper solves exactly.

use num_complex::Complex64;

use crate::error::{PdeError, expect_finite, expect_nonnegative};
use crate::grid::{Grid, Wavenumber};
use crate::pde::Pde;

/// Advection, `u_t + c u_x = 0`: the initial state moves at speed `c` and keeps its shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advection {
    /// The speed `c`, in units of length/time.
    pub speed: f64,
}

impl Pde for Advection {
    fn name(&self) -> String {
        "advection".to_string()
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn check(&self, _grid: &Grid) -> Result<(), PdeError> {
        expect_finite("the speed", self.speed)
    }

    fn symbol(&self, _channel: usize, k: &Wavenumber) -> Complex64 {
        -self.speed * k.derivative(0, 1)
    }
}

/// Diffusion, `u_t = ν u_xx`: the mode `k` decays as `exp(−νk²t)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diffusion {
    /// The diffusivity `ν ≥ 0`, in units of length²/time.
    pub diffusivity: f64,
}

impl Pde for Diffusion {
    fn name(&self) -> String {
        "diffusion".to_string()
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn check(&self, _grid: &Grid) -> Result<(), PdeError> {
        expect_nonnegative("the diffusivity", self.diffusivity)
    }

    fn symbol(&self, _channel: usize, k: &Wavenumber) -> Complex64 {
        (self.diffusivity * k.laplacian()).into()
    }
}

/// Advection and diffusion, `u_t + c u_x = ν u_xx`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdvectionDiffusion {
    /// The speed `c`, in units of length/time.
    pub speed: f64,
    /// The diffusivity `ν ≥ 0`, in units of length²/time.
    pub diffusivity: f64,
}

impl Pde for AdvectionDiffusion {
    fn name(&self) -> String {
        "advection-diffusion".to_string()
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn check(&self, _grid: &Grid) -> Result<(), PdeError> {
        expect_finite("the speed", self.speed)?;
        expect_nonnegative("the diffusivity", self.diffusivity)
    }

    fn symbol(&self, _channel: usize, k: &Wavenumber) -> Complex64 {
        -self.speed * k.derivative(0, 1) + self.diffusivity * k.laplacian()
    }
}

/// Dispersion, `u_t + ξ u_xxx = 0`: the mode `k` moves at speed `−ξk²`, so that short waves overtake long ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dispersion {
    /// The dispersivity `ξ`, in units of length³/time.
    pub dispersivity: f64,
}

impl Pde for Dispersion {
    fn name(&self) -> String {
        "dispersion".to_string()
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn check(&self, _grid: &Grid) -> Result<(), PdeError> {
        expect_finite("the dispersivity", self.dispersivity)
    }

    fn symbol(&self, _channel: usize, k: &Wavenumber) -> Complex64 {
        -self.dispersivity * k.derivative(0, 3)
    }
}
