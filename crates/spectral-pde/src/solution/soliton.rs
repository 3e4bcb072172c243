//! The solitary wave of the Korteweg–de Vries equation.

use super::Solution;
use crate::equations::KortewegDeVries;

/// The solitary wave of `u_t + a u u_x + b u_xxx = 0` on a periodic domain of length `L`:
/// `u = (3c/a) sech²(½√(c/b) (x − ct − x₀))`, at the nearest image.
///
/// Its neglected tails have the relative size `4 exp(−½√(c/b) L)`, which must be small. Source: Korteweg and de Vries
/// (1895).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Soliton {
    /// The equation, with `a ≠ 0`.
    pub equation: KortewegDeVries,
    /// The speed `c`, of the sign of `b`.
    pub speed: f64,
    /// The position `x₀` of the crest at time 0.
    pub position: f64,
    /// The length `L` of the domain.
    pub length: f64,
}

impl Solution for Soliton {
    fn value(&self, _channel: usize, x: &[f64], t: f64) -> f64 {
        let distance = x[0] - self.position - self.speed * t;
        let distance = distance - self.length * (distance / self.length).round();
        let inverse_width = 0.5 * (self.speed / self.equation.dispersivity).sqrt();
        3.0 * self.speed / self.equation.convection / (inverse_width * distance).cosh().powi(2)
    }
}
