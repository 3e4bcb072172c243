//! Exponential Runge–Kutta methods as tables of coefficient functions.

use std::f64::consts::PI;

use num_complex::Complex64;

use crate::error::{PdeError, expect_finite};

/// A function of `z = L·dt`.
pub type CoefficientFunction = fn(Complex64) -> Complex64;

/// One row of a [`Tableau`]: the stage (or the step itself)
/// `exp(c·z)·u + dt·Σ_j w_j(z)·N_j`, where `N_j` is the nonlinear function of stage `j` and stage 0 is `u`.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The time of the stage, as a fraction of the step.
    pub c: f64,
    /// The weights of `N_0, N_1, …`; `None` is zero.
    pub weights: &'static [Option<CoefficientFunction>],
}

/// An explicit exponential Runge–Kutta method for `u' = L u + N(u)`.
///
/// The last row is the step, the others are the stages after the first. A method is its table: to add one, write its
/// rows. For example, the Lawson–Euler method, `exp(z)·(u + dt·N(u))`:
///
/// ```
/// use spectral_pde::{Row, Tableau};
///
/// static LAWSON: Tableau = Tableau {
///     name: "Lawson–Euler",
///     order: 1,
///     rows: &[Row { c: 1.0, weights: &[Some(|z| z.exp())] }],
/// };
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tableau {
    /// The name of the method.
    pub name: &'static str,
    /// Its order of convergence.
    pub order: u32,
    /// Stages 1, 2, …, and the step.
    pub rows: &'static [Row],
}

impl Tableau {
    /// Checks that the method is explicit.
    pub(crate) fn check(&self) -> Result<(), PdeError> {
        let bad = |row, weights| PdeError::Method {
            method: self.name,
            rows: self.rows.len(),
            row,
            weights,
        };
        if self.rows.is_empty() {
            return Err(bad(0, 0));
        }
        for (i, row) in self.rows.iter().enumerate() {
            expect_finite("the time of a stage", row.c)?;
            if row.weights.len() > i + 1 {
                return Err(bad(i, row.weights.len()));
            }
        }
        Ok(())
    }
}

/// Exponential Euler: Cox and Matthews (2002), equation 4.
pub static ETDRK1: Tableau = Tableau {
    name: "ETDRK1",
    order: 1,
    rows: &[Row {
        c: 1.0,
        weights: &[Some(phi1)],
    }],
};

/// Cox and Matthews (2002), equation 22.
pub static ETDRK2: Tableau = Tableau {
    name: "ETDRK2",
    order: 2,
    rows: &[
        Row {
            c: 1.0,
            weights: &[Some(phi1)],
        },
        Row {
            c: 1.0,
            weights: &[Some(|z| phi1(z) - phi2(z)), Some(phi2)],
        },
    ],
};

/// Cox and Matthews (2002), equations 23 to 25.
pub static ETDRK3: Tableau = Tableau {
    name: "ETDRK3",
    order: 3,
    rows: &[
        Row {
            c: 0.5,
            weights: &[Some(half_phi1)],
        },
        Row {
            c: 1.0,
            weights: &[Some(|z| -phi1(z)), Some(|z| 2.0 * phi1(z))],
        },
        Row {
            c: 1.0,
            weights: &[Some(first), Some(|z| 4.0 * middle(z)), Some(last)],
        },
    ],
};

/// Cox and Matthews (2002), equations 26 to 29. Their third stage starts from the first,
/// `exp(z/2)·a + …`; here `a` is substituted.
pub static ETDRK4: Tableau = Tableau {
    name: "ETDRK4",
    order: 4,
    rows: &[
        Row {
            c: 0.5,
            weights: &[Some(half_phi1)],
        },
        Row {
            c: 0.5,
            weights: &[None, Some(half_phi1)],
        },
        Row {
            c: 1.0,
            weights: &[
                Some(|z| half_phi1(z) * ((z / 2.0).exp() - 1.0)),
                None,
                Some(|z| 2.0 * half_phi1(z)),
            ],
        },
        Row {
            c: 1.0,
            weights: &[
                Some(first),
                Some(|z| 2.0 * middle(z)),
                Some(|z| 2.0 * middle(z)),
                Some(last),
            ],
        },
    ],
};

/// All methods, in the order of their convergence.
pub static METHODS: [&Tableau; 4] = [&ETDRK1, &ETDRK2, &ETDRK3, &ETDRK4];

/// `(e^z − 1)/z`
fn phi1(z: Complex64) -> Complex64 {
    (z.exp() - 1.0) / z
}

/// `(e^z − 1 − z)/z²`
fn phi2(z: Complex64) -> Complex64 {
    (z.exp() - 1.0 - z) / (z * z)
}

/// `(e^{z/2} − 1)/z`
fn half_phi1(z: Complex64) -> Complex64 {
    ((z / 2.0).exp() - 1.0) / z
}

/// `(−4 − z + e^z(4 − 3z + z²))/z³`
fn first(z: Complex64) -> Complex64 {
    (-4.0 - z + z.exp() * (4.0 - 3.0 * z + z * z)) / (z * z * z)
}

/// `(2 + z + e^z(z − 2))/z³`
fn middle(z: Complex64) -> Complex64 {
    (2.0 + z + z.exp() * (z - 2.0)) / (z * z * z)
}

/// `(−4 − 3z − z² + e^z(4 − z))/z³`
fn last(z: Complex64) -> Complex64 {
    (-4.0 - 3.0 * z - z * z + z.exp() * (4.0 - z)) / (z * z * z)
}

/// Number of points of the contour.
const CONTOUR_POINTS: usize = 32;
/// Radius of the contour. No point of it is nearer than 1 to the origin, where the formulas lose digits.
const CONTOUR_RADIUS: f64 = 2.0;

/// Value of an entire function at `z` whose formula cancels near the origin.
///
/// Inside the unit circle it is the mean over a circle around `z`, which is Cauchy's integral by the trapezoidal rule
/// (Kassam and Trefethen, 2005): with 32 points on a circle of radius 2 its error is below the rounding error. Outside,
/// the formula itself is accurate.
pub(crate) fn evaluate(function: CoefficientFunction, z: Complex64) -> Complex64 {
    if z.norm_sqr() >= 1.0 {
        return function(z);
    }
    let sum: Complex64 = (0..CONTOUR_POINTS)
        .map(|j| {
            let angle = 2.0 * PI * (j as f64 + 0.5) / CONTOUR_POINTS as f64;
            function(z + Complex64::from_polar(CONTOUR_RADIUS, angle))
        })
        .sum();
    let mean = sum / CONTOUR_POINTS as f64;
    // Of a function with real coefficients.
    if z.im == 0.0 { mean.re.into() } else { mean }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums a power series `Σ z^j·coefficient(j)`.
    fn series(z: Complex64, coefficient: impl Fn(i32) -> f64) -> Complex64 {
        let mut power = Complex64::ONE;
        let mut sum = Complex64::ZERO;
        for j in 0..40 {
            sum += power * coefficient(j);
            power *= z;
        }
        sum
    }

    fn inverse_factorial(n: i32) -> f64 {
        (1..=n).map(|i| 1.0 / f64::from(i)).product()
    }

    #[test]
    fn coefficients_agree_with_their_power_series() {
        let f = inverse_factorial;
        for z in [
            Complex64::new(0.0, 0.0),
            Complex64::new(-1e-9, 0.0),
            Complex64::new(-0.3, 0.0),
            Complex64::new(-1.0, 0.0),
            Complex64::new(0.0, 1e-4),
            Complex64::new(0.0, 0.999),
            Complex64::new(0.1, -2.0),
            Complex64::new(-3.0, 0.0),
        ] {
            let cases: [(CoefficientFunction, Complex64); 6] = [
                (phi1, series(z, |j| f(j + 1))),
                (phi2, series(z, |j| f(j + 2))),
                (half_phi1, series(z, |j| f(j + 1) * 0.5_f64.powi(j + 1))),
                (
                    first,
                    series(z, |j| 4.0 * f(j + 3) - 3.0 * f(j + 2) + f(j + 1)),
                ),
                (middle, series(z, |j| f(j + 2) - 2.0 * f(j + 3))),
                (last, series(z, |j| 4.0 * f(j + 3) - f(j + 2))),
            ];
            for (i, (function, expected)) in cases.into_iter().enumerate() {
                let error = (evaluate(function, z) - expected).norm();
                assert!(error < 1e-14, "function {i} at {z}: {error:e}");
            }
        }
    }

    #[test]
    fn tables_that_are_not_explicit_methods_are_rejected() {
        let table = |rows| Tableau {
            name: "a table",
            order: 1,
            rows,
        };
        assert!(table(&[]).check().is_err());
        let implicit = table(&[Row {
            c: 1.0,
            weights: &[None, Some(phi1)],
        }]);
        let text = implicit.check().unwrap_err().to_string();
        assert!(text.contains("row 0 has 2 weights"), "{text}");
    }

    #[test]
    fn weights_are_consistent() {
        // At z = 0 the weights of the step are those of a classical method and sum to 1, and those of a stage to c.
        for method in METHODS {
            for (i, row) in method.rows.iter().enumerate() {
                let sum: Complex64 = (row.weights.iter().flatten())
                    .map(|&w| evaluate(w, Complex64::ZERO))
                    .sum();
                assert!(
                    (sum - row.c).norm() < 1e-14,
                    "{} row {i}: {sum}",
                    method.name
                );
            }
            method.check().unwrap();
        }
    }
}
