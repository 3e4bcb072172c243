//! A solution of Burgers' equation.

use super::Solution;

/// A decaying solution of the viscous Burgers equation in one to three dimensions by the Cole–Hopf transformation,
/// `u = −2ν ∇θ/θ`, where `θ = 1 + b exp(−ν|k|²t) Π_a cos(k_a x_a)` solves the heat equation.
///
/// Sources: Hopf, *The partial differential equation u_t + u u_x = μ u_xx* (1950); Cole (1951).
#[derive(Clone, Debug, PartialEq)]
pub struct ColeHopf {
    /// The viscosity `ν`.
    pub viscosity: f64,
    /// The amplitude `b`, between −1 and 1; near ±1 the solution is steep.
    pub amplitude: f64,
    /// The wavenumbers `k_a`, multiples of `2π/L`, one per dimension.
    pub wavenumbers: Vec<f64>,
}

impl Solution for ColeHopf {
    fn channels(&self) -> usize {
        self.wavenumbers.len()
    }

    fn value(&self, channel: usize, x: &[f64], t: f64) -> f64 {
        let squared: f64 = self.wavenumbers.iter().map(|k| k * k).sum();
        let amplitude = self.amplitude * (-self.viscosity * squared * t).exp();
        let axes = || self.wavenumbers.iter().zip(x).enumerate();
        let product: f64 = axes().map(|(_, (k, x))| (k * x).cos()).product();
        let slope: f64 = axes()
            .map(|(axis, (k, x))| {
                if axis == channel {
                    -k * (k * x).sin()
                } else {
                    (k * x).cos()
                }
            })
            .product();
        -2.0 * self.viscosity * amplitude * slope / (1.0 + amplitude * product)
    }
}
