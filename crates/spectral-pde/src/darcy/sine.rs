//! The inverse of the discrete Laplacian with Dirichlet boundaries, by sine transforms.

use std::f64::consts::PI;

use spectral_kernels::{Axis, BinWeight, PlanarMut, rfft_axis};

/// `(−Δ_h)^−1` on the `m × m` interior points of the unit square, `h = 1/(m+1)`.
pub struct InverseLaplacian {
    m: usize,
    /// Eigenvalues of the one-dimensional operator, `4/h² sin²(πk/(2(m+1)))`.
    eigenvalues: Vec<f64>,
}

impl InverseLaplacian {
    pub fn new(m: usize) -> Self {
        let h = 1.0 / (m + 1) as f64;
        let eigenvalue = |k: usize| (2.0 / h * (0.5 * PI * k as f64 * h).sin()).powi(2);
        InverseLaplacian {
            m,
            eigenvalues: (1..=m).map(eigenvalue).collect(),
        }
    }

    /// Applies the operator to a field `[m, m]`.
    pub fn apply(&self, field: &[f64]) -> Vec<f64> {
        let m = self.m;
        let rows = sine_sums(m, 1, m, field);
        let mut spectrum = sine_sums(1, m, m, &rows);
        // The transform is its own inverse up to (m+1)/2 per axis.
        let norm = (2.0 / (m + 1) as f64).powi(2);
        for (row, a) in spectrum.chunks_exact_mut(m).zip(&self.eigenvalues) {
            for (value, b) in row.iter_mut().zip(&self.eigenvalues) {
                *value *= norm / (a + b);
            }
        }
        let rows = sine_sums(m, 1, m, &spectrum);
        sine_sums(1, m, m, &rows)
    }
}

/// `out[o, k, i] = Σ_j in[o, j, i] sin(πjk/(m+1))`, `1 ≤ j, k ≤ m`, for arrays `[outer, m, inner]`: minus the imaginary
/// part of a transform of the values padded with zeros to `2(m+1)`.
fn sine_sums(outer: usize, inner: usize, m: usize, input: &[f64]) -> Vec<f64> {
    let axis = Axis {
        outer,
        len: 2 * (m + 1),
        inner,
    };
    let line = m * inner;
    let mut padded = vec![0.0; axis.elements()];
    let planes = padded.chunks_exact_mut(axis.len * inner);
    for (to, from) in planes.zip(input.chunks_exact(line)) {
        to[inner..inner + line].copy_from_slice(from);
    }
    let mut re = vec![0.0; axis.half_elements()];
    let mut im = vec![0.0; axis.half_elements()];
    let to = PlanarMut {
        re: &mut re,
        im: &mut im,
    };
    rfft_axis(axis, -1.0, BinWeight::One, &padded, to);
    im.chunks_exact((m + 2) * inner)
        .flat_map(|plane| &plane[inner..inner + line])
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_undoes_the_five_point_laplacian() {
        for m in [1, 2, 5, 12] {
            let u: Vec<f64> = (0..m * m)
                .map(|i| ((i * 37 + 11) % 17) as f64 - 8.0)
                .collect();
            let at = |i: isize, j: isize| {
                let inside = |i| (0..m as isize).contains(&i);
                if inside(i) && inside(j) {
                    u[i as usize * m + j as usize]
                } else {
                    0.0
                }
            };
            let h2 = ((m + 1) * (m + 1)) as f64;
            let mut laplacian = Vec::new();
            for i in 0..m as isize {
                for j in 0..m as isize {
                    let around = at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1);
                    laplacian.push(h2 * (4.0 * at(i, j) - around));
                }
            }
            let back = InverseLaplacian::new(m).apply(&laplacian);
            for (a, b) in back.iter().zip(&u) {
                assert!((a - b).abs() < 1e-11, "{m}: {a} {b}");
            }
        }
    }
}
