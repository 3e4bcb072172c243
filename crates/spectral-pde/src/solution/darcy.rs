//! A manufactured solution of Darcy's equation.

use std::f64::consts::PI;

/// A smooth solution of `−∇·(a ∇u) = f` on the unit square with `u = 0` on the boundary, made by choosing
/// `u = sin(πx) sin(2πy)` and `a = 2 + cos(πx) + ½ sin(3y)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ManufacturedDarcy;

impl ManufacturedDarcy {
    /// The permeability `a`, between 0.5 and 3.5.
    pub fn permeability(&self, x: f64, y: f64) -> f64 {
        2.0 + (PI * x).cos() + 0.5 * (3.0 * y).sin()
    }

    /// The solution `u`.
    pub fn solution(&self, x: f64, y: f64) -> f64 {
        (PI * x).sin() * (2.0 * PI * y).sin()
    }

    /// The source `f = −(a_x u_x + a_y u_y + a Δu)`.
    pub fn source(&self, x: f64, y: f64) -> f64 {
        let a_x = -PI * (PI * x).sin();
        let a_y = 1.5 * (3.0 * y).cos();
        let u_x = PI * (PI * x).cos() * (2.0 * PI * y).sin();
        let u_y = 2.0 * PI * (PI * x).sin() * (2.0 * PI * y).cos();
        let laplacian = -5.0 * PI * PI * self.solution(x, y);
        -(a_x * u_x + a_y * u_y + self.permeability(x, y) * laplacian)
    }

    /// A function at `x = i/(n−1)`, `[points, points]`, for [`Darcy`](crate::darcy::Darcy).
    pub fn sample(points: usize, function: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let at = |i: usize| i as f64 / (points as f64 - 1.0);
        (0..points * points)
            .map(|index| function(at(index / points), at(index % points)))
            .collect()
    }
}
