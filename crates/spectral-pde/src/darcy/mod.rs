//! Steady Darcy flow on the unit square.

mod sine;

use sine::InverseLaplacian;

use crate::error::{PdeError, expect_positive, expect_values};

/// Solves `−∇·(a ∇u) = f` on the unit square with `u = 0` on the boundary.
///
/// All fields are `[points, points]` at `x = i/(n−1)`, both boundaries included. Fluxes use the mean of the two adjacent
/// values of `a` (the five-point scheme of Li et al., 2021), with an error of second order for smooth `a`. The system is
/// solved by conjugate gradients, preconditioned by the inverse Laplacian (fast sine transforms), so that the number of
/// iterations depends on the ratio `max a / min a` but not on the grid: about 20 for a ratio of 4.
///
/// ```
/// use spectral_pde::darcy::Darcy;
///
/// let darcy = Darcy::new(65)?;
/// let solution = darcy.solve(&[1.0; 65 * 65], &[1.0; 65 * 65])?;
/// // The maximum of the solution of −Δu = 1.
/// assert!((solution[32 * 65 + 32] - 0.07367).abs() < 1e-4);
/// # Ok::<(), spectral_pde::PdeError>(())
/// ```
pub struct Darcy {
    points: usize,
    tolerance: f64,
    max_iterations: usize,
    preconditioner: InverseLaplacian,
}

/// Largest number of points per axis.
pub(crate) const MOST_POINTS: usize = 1 << 13;

impl Darcy {
    /// Prepares grids of `points` × `points`, 3 to 8192, for a relative residual of 1e-10 in at most 1,000 iterations.
    ///
    /// # Errors
    /// If the number of points is out of range.
    pub fn new(points: usize) -> Result<Self, PdeError> {
        if !(3..=MOST_POINTS).contains(&points) {
            return Err(PdeError::Points {
                axis: 0,
                points,
                least: 3,
                most: MOST_POINTS,
            });
        }
        Ok(Darcy {
            points,
            tolerance: 1e-10,
            max_iterations: 1000,
            preconditioner: InverseLaplacian::new(points - 2),
        })
    }

    /// Sets the relative residual `‖f − A u‖/‖f‖` to reach, and the largest number of iterations.
    ///
    /// # Errors
    /// If the tolerance is not positive.
    pub fn with_tolerance(
        mut self,
        tolerance: f64,
        max_iterations: usize,
    ) -> Result<Self, PdeError> {
        expect_positive("the tolerance", tolerance)?;
        self.tolerance = tolerance;
        self.max_iterations = max_iterations;
        Ok(self)
    }

    /// Number of points per axis.
    pub fn points(&self) -> usize {
        self.points
    }

    /// The solution for a permeability `a > 0` and a source `f`. Boundary values of `f` are not used.
    ///
    /// # Errors
    /// If a length is wrong, a value is not finite or a permeability not positive, or the iterations do not converge.
    pub fn solve(&self, a: &[f64], f: &[f64]) -> Result<Vec<f64>, PdeError> {
        let n = self.points;
        expect_values("the permeability", n * n, a)?;
        expect_values("the source", n * n, f)?;
        if let Some(&value) = a.iter().find(|&&value| value <= 0.0) {
            expect_positive("a permeability", value)?;
        }
        let operator = Operator::new(n, a);
        let b = interior(n, f);
        let u = self.conjugate_gradients(&operator, &b)?;
        let mut solution = vec![0.0; n * n];
        for (row, values) in u.chunks_exact(n - 2).enumerate() {
            let start = (row + 1) * n + 1;
            solution[start..start + n - 2].copy_from_slice(values);
        }
        Ok(solution)
    }

    /// Preconditioned conjugate gradients (Hestenes and Stiefel, 1952).
    fn conjugate_gradients(&self, operator: &Operator, b: &[f64]) -> Result<Vec<f64>, PdeError> {
        let mut u = vec![0.0; b.len()];
        let size = dot(b, b).sqrt();
        if size == 0.0 {
            return Ok(u);
        }
        let mut r = b.to_vec();
        let mut z = self.preconditioner.apply(&r);
        let mut p = z.clone();
        let mut product = vec![0.0; b.len()];
        let mut rz = dot(&r, &z);
        for _ in 0..self.max_iterations {
            operator.apply(&p, &mut product);
            let step = rz / dot(&p, &product);
            add(&mut u, step, &p);
            add(&mut r, -step, &product);
            if dot(&r, &r).sqrt() <= self.tolerance * size {
                return Ok(u);
            }
            z = self.preconditioner.apply(&r);
            let next = dot(&r, &z);
            let factor = next / rz;
            rz = next;
            for (p, z) in p.iter_mut().zip(&z) {
                *p = z + factor * *p;
            }
        }
        Err(PdeError::NotConverged {
            iterations: self.max_iterations,
            residual: dot(&r, &r).sqrt() / size,
            tolerance: self.tolerance,
        })
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `y += factor·x`
fn add(y: &mut [f64], factor: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

/// The interior of a field `[n, n]`.
fn interior(n: usize, field: &[f64]) -> Vec<f64> {
    (1..n - 1)
        .flat_map(|row| &field[row * n + 1..row * n + n - 1])
        .copied()
        .collect()
}

/// The five-point scheme on the `m × m` interior points.
struct Operator {
    m: usize,
    /// Permeabilities of the edges along axis 0, divided by `h²`: `[m + 1, m]`.
    along_rows: Vec<f64>,
    /// The same along axis 1: `[m, m + 1]`.
    along_columns: Vec<f64>,
}

impl Operator {
    fn new(n: usize, a: &[f64]) -> Self {
        let m = n - 2;
        let half = 0.5 * ((n - 1) * (n - 1)) as f64;
        let at = |i: usize, j: usize| a[i * n + j];
        let mut along_rows = Vec::with_capacity((m + 1) * m);
        let mut along_columns = Vec::with_capacity((m + 1) * m);
        for i in 0..=m {
            for j in 1..=m {
                along_rows.push(half * (at(i, j) + at(i + 1, j)));
            }
        }
        for i in 1..=m {
            for j in 0..=m {
                along_columns.push(half * (at(i, j) + at(i, j + 1)));
            }
        }
        Operator {
            m,
            along_rows,
            along_columns,
        }
    }

    /// `out = A u`.
    fn apply(&self, u: &[f64], out: &mut [f64]) {
        let m = self.m;
        let zeros = vec![0.0; m];
        for (i, out) in out.chunks_exact_mut(m).enumerate() {
            let row = &u[i * m..(i + 1) * m];
            let above = if i > 0 {
                &u[(i - 1) * m..i * m]
            } else {
                &zeros
            };
            let below = if i + 1 < m {
                &u[(i + 1) * m..(i + 2) * m]
            } else {
                &zeros
            };
            let north = &self.along_rows[i * m..(i + 1) * m];
            let south = &self.along_rows[(i + 1) * m..(i + 2) * m];
            let sides = &self.along_columns[i * (m + 1)..(i + 1) * (m + 1)];
            for j in 0..m {
                let left = if j > 0 { row[j - 1] } else { 0.0 };
                let right = if j + 1 < m { row[j + 1] } else { 0.0 };
                let center = row[j];
                out[j] = north[j] * (center - above[j])
                    + south[j] * (center - below[j])
                    + sides[j] * (center - left)
                    + sides[j + 1] * (center - right);
            }
        }
    }
}
