//! The Taylor–Green vortex.

use super::Solution;

/// The Taylor–Green vortex in two dimensions, `ω = 2κA cos(κx) cos(κy) exp(−2νκ²t)`, with the velocity
/// `(u, v) = A (−cos(κx) sin(κy), sin(κx) cos(κy)) exp(−2νκ²t)`.
///
/// Source: Taylor and Green, *Mechanism of the production of small eddies from large ones* (1937).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaylorGreen {
    /// The largest velocity `A`.
    pub amplitude: f64,
    /// The wavenumber `κ`, a multiple of `2π/L`.
    pub wavenumber: f64,
    /// The viscosity `ν`.
    pub viscosity: f64,
}

impl Solution for TaylorGreen {
    fn value(&self, _channel: usize, x: &[f64], t: f64) -> f64 {
        let k = self.wavenumber;
        let decay = (-2.0 * self.viscosity * k * k * t).exp();
        2.0 * k * self.amplitude * decay * (k * x[0]).cos() * (k * x[1]).cos()
    }
}
