//! Laminar Kolmogorov flow.

use super::Solution;

/// Kolmogorov flow from rest before it becomes unstable: `ω = −γκ cos(κy) (1 − exp(−λt))/λ` with `λ = νκ² + μ`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaminarKolmogorov {
    /// The amplitude `γ` of the force on the velocity.
    pub amplitude: f64,
    /// The wavenumber `κ` of the force.
    pub wavenumber: f64,
    /// The viscosity `ν`; `λ` must be positive.
    pub viscosity: f64,
    /// The drag `μ`.
    pub drag: f64,
}

impl Solution for LaminarKolmogorov {
    fn value(&self, _channel: usize, x: &[f64], t: f64) -> f64 {
        let k = self.wavenumber;
        let rate = self.viscosity * k * k + self.drag;
        let growth = -(-rate * t).exp_m1() / rate;
        -self.amplitude * k * (k * x[1]).cos() * growth
    }
}
