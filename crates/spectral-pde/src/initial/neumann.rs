//! Gaussian random fields with Neumann boundary conditions, and permeabilities made of them.

use std::f64::consts::PI;

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use spectral_kernels::{Axis, BinWeight, Planar, irfft_axis};

use super::GaussianField;
use crate::darcy::MOST_POINTS;
use crate::error::{PdeError, expect_positive};

/// A Gaussian random field without a mean on the unit square, with the law `N(0, σ²(−Δ + τ²I)^−α)` where `Δ` has zero
/// Neumann boundary conditions:
///
/// `u(x, y) = Σ_{(k,l) ≠ (0,0)} σ (π²(k² + l²) + τ²)^{−α/2} ξ_kl φ_k(x) φ_l(y)`, `φ_0 = 1`, `φ_k(x) = √2 cos(πkx)`,
///
/// with independent standard normal `ξ_kl` and `0 ≤ k, l < n`, sampled at `x = i/(n−1)`, both boundaries included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeumannField(pub GaussianField);

impl NeumannField {
    /// One sample, `[points, points]`.
    ///
    /// # Errors
    /// If a parameter is not positive, or the number of points is not from 3 to 8192.
    pub fn sample(&self, points: usize, rng: &mut ChaCha8Rng) -> Result<Vec<f64>, PdeError> {
        self.0.check_parameters()?;
        if !(3..=MOST_POINTS).contains(&points) {
            return Err(PdeError::Points {
                axis: 0,
                points,
                least: 3,
                most: MOST_POINTS,
            });
        }
        let mut coefficients = vec![0.0; points * points];
        let mut set = |k: usize, l: usize, rng: &mut ChaCha8Rng| {
            let xi: f64 = StandardNormal.sample(rng);
            let norm = |k| if k == 0 { 1.0 } else { 2.0_f64.sqrt() };
            let squared = PI * PI * (k * k + l * l) as f64;
            coefficients[k * points + l] = xi * norm(k) * norm(l) * self.0.deviation(squared);
        };
        // By shells of equal max(k, l), so that a finer grid adds modes and changes none.
        for shell in 1..points {
            for l in 0..shell {
                set(shell, l, rng);
            }
            for k in 0..=shell {
                set(k, shell, rng);
            }
        }
        let rows = cosine_sums(points, 1, points, &coefficients);
        Ok(cosine_sums(1, points, points, &rows))
    }
}

/// `out[o, i, j] = Σ_k in[o, k, j] cos(πki/(n−1))` for arrays `[outer, n, inner]`.
fn cosine_sums(outer: usize, inner: usize, n: usize, input: &[f64]) -> Vec<f64> {
    let axis = Axis {
        outer,
        len: 2 * (n - 1),
        inner,
    };
    let zeros = vec![0.0; input.len()];
    let mut all = vec![0.0; axis.elements()];
    let from = Planar {
        re: input,
        im: &zeros,
    };
    // Halving undoes the doubling of bins that stand for their mirror images too.
    irfft_axis(axis, 1.0, BinWeight::Halve, from, &mut all);
    all.chunks_exact(axis.len * inner)
        .flat_map(|plane| &plane[..n * inner])
        .copied()
        .collect()
}

/// A random permeability for Darcy flow with two values: `high` where a [`NeumannField`] is at least zero, `low`
/// elsewhere.
///
/// The default, 12 and 3 by the sign of `N(0, (−Δ + 9I)^−2)`, is that of Li et al. (2021, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Permeability {
    /// The value where the field is negative.
    pub low: f64,
    /// The value where it is not.
    pub high: f64,
    /// The field.
    pub field: NeumannField,
}

impl Default for Permeability {
    fn default() -> Self {
        Permeability {
            low: 3.0,
            high: 12.0,
            field: NeumannField(GaussianField {
                scale: 1.0,
                inverse_length: 3.0,
                power: 2.0,
            }),
        }
    }
}

impl Permeability {
    /// One sample at `x = i/(n−1)`, `[points, points]`.
    ///
    /// # Errors
    /// If a value is not positive, or as [`NeumannField::sample`].
    pub fn sample(&self, points: usize, rng: &mut ChaCha8Rng) -> Result<Vec<f64>, PdeError> {
        expect_positive("the low permeability", self.low)?;
        expect_positive("the high permeability", self.high)?;
        let mut field = self.field.sample(points, rng)?;
        for value in &mut field {
            *value = if *value >= 0.0 { self.high } else { self.low };
        }
        Ok(field)
    }
}
