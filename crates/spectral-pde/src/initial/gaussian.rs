//! Gaussian random fields on periodic grids.

use num_complex::Complex64;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::InitialCondition;
use super::modes::{Waves, for_each_mode, is_resolved};
use crate::error::{PdeError, expect_positive};
use crate::grid::Grid;

/// A Gaussian random field without a mean, with the law `N(0, σ²(−Δ + τ²I)^−α)` on a periodic domain of volume `V`:
///
/// `u(x) = Σ_m √(2/V) σ (|k_m|² + τ²)^{−α/2} (ξ_m cos(k_m·x) + η_m sin(k_m·x))`
///
/// over one of each pair `±m` of the modes below the Nyquist mode, with independent standard normal `ξ_m`, `η_m`. The
/// mean is zero, as in the data of Li et al., *Fourier Neural Operator for Parametric Partial Differential Equations*
/// (2021, arXiv 2010.08895).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianField {
    /// The amplitude `σ`.
    pub scale: f64,
    /// The inverse length `τ`, in units of 1/length.
    pub inverse_length: f64,
    /// The exponent `α`; samples are continuous functions if it exceeds half the number of dimensions.
    pub power: f64,
}

impl GaussianField {
    /// The initial states of Burgers' equation, `N(0, 625(−Δ + 25I)^−2)`, on the unit interval (Li et al., 2021, section
    /// 5.1).
    pub fn burgers() -> Self {
        GaussianField {
            scale: 25.0,
            inverse_length: 5.0,
            power: 2.0,
        }
    }

    /// The initial vorticity as Li et al. (2021, section 5.3) state it, `N(0, 7^{3/2}(−Δ + 49I)^−2.5)`, on the unit
    /// square. Their published program draws larger fields: [`Self::vorticity_as_generated`].
    pub fn vorticity() -> Self {
        GaussianField {
            scale: 7_f64.powf(0.75),
            inverse_length: 7.0,
            power: 2.5,
        }
    }

    /// The initial vorticity as the published program of Li et al. draws it, `N(0, 7³(−Δ + 49I)^−2.5)`, on the unit
    /// square: there `7^{3/2}` multiplies the field (`sigma = tau**(0.5*(2*alpha − dim))` in `random_fields.py`), not
    /// its covariance.
    pub fn vorticity_as_generated() -> Self {
        GaussianField {
            scale: 7_f64.powf(1.5),
            ..Self::vorticity()
        }
    }

    /// Standard deviation of the coefficient of a normalized mode, `σ (|k|² + τ²)^{−α/2}`.
    pub(crate) fn deviation(&self, k_squared: f64) -> f64 {
        self.scale * (k_squared + self.inverse_length.powi(2)).powf(-0.5 * self.power)
    }

    /// Checks the parameters.
    pub(crate) fn check_parameters(&self) -> Result<(), PdeError> {
        expect_positive("the scale of a Gaussian field", self.scale)?;
        expect_positive(
            "the inverse length of a Gaussian field",
            self.inverse_length,
        )?;
        expect_positive("the power of a Gaussian field", self.power)
    }
}

impl InitialCondition for GaussianField {
    fn check(&self, _grid: &Grid) -> Result<(), PdeError> {
        self.check_parameters()
    }

    fn sample(&self, grid: &Grid, rng: &mut ChaCha8Rng, output: &mut [f64]) {
        let mut waves = Waves::new(grid);
        let norm = (2.0 / grid.lengths().iter().product::<f64>()).sqrt();
        let most = grid.sizes().iter().map(|n| (n - 1) / 2).max().unwrap_or(0);
        for_each_mode(grid.dimensions(), most, |mode| {
            let xi: f64 = StandardNormal.sample(rng);
            let eta: f64 = StandardNormal.sample(rng);
            if is_resolved(grid, mode) {
                let deviation = norm * self.deviation(grid.mode(mode).squared());
                waves.add(mode, Complex64::new(xi, -eta) * deviation);
            }
        });
        waves.write(output);
    }
}
