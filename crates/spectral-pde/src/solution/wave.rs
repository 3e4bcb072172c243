//! Waves of linear equations.

use super::Solution;

/// A wave of `u_t + c u_x + ξ u_xxx = ν u_xx`: `u = A exp(−νk²t) sin(kx − (ck − ξk³)t + φ)`.
///
/// With two of the coefficients zero it solves advection, diffusion or dispersion alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearWave {
    /// The amplitude `A`.
    pub amplitude: f64,
    /// The wavenumber `k`, a multiple of `2π/L`.
    pub wavenumber: f64,
    /// The phase `φ`.
    pub phase: f64,
    /// The speed `c`.
    pub speed: f64,
    /// The diffusivity `ν`.
    pub diffusivity: f64,
    /// The dispersivity `ξ`.
    pub dispersivity: f64,
}

impl Solution for LinearWave {
    fn value(&self, _channel: usize, x: &[f64], t: f64) -> f64 {
        let k = self.wavenumber;
        let frequency = self.speed * k - self.dispersivity * k.powi(3);
        let decay = (-self.diffusivity * k * k * t).exp();
        self.amplitude * decay * (k * x[0] - frequency * t + self.phase).sin()
    }
}
