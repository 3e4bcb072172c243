//! The simplest thing that solves the problem: finite differences on the points of the data.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use spectral_lab::data::fields::{Fields, Samples};

use super::cholesky::Cholesky;
use crate::kit::field_network::pairs;
use crate::kit::grids::relative_l2;

/// Largest ratio, and its inverse, of the two permeabilities that are tried.
const LARGEST: f64 = 64.0;

/// Ratios that are tried before the best is refined.
const COARSE: usize = 25;

/// Steps of the refinement.
const REFINED: usize = 20;

/// The solution of `−∇·(a ∇u) = 1` on the unit square, `u = 0` on the boundary, at the points `i/n` of `a`.
///
/// The permeability of a face is the harmonic mean of that of the points beside it, as the flux through two
/// layers has it. At `x = 1`, where there is no point, the permeability is that of the point before.
pub(super) fn solve(n: usize, a: &[f64]) -> Vec<f64> {
    let m = n - 1;
    let at = |i: usize, j: usize| a[i.min(n - 1) * n + j.min(n - 1)];
    let face = |p: (usize, usize), q: (usize, usize)| {
        let (a, b) = (at(p.0, p.1), at(q.0, q.1));
        2.0 * a * b / (a + b)
    };
    let point = |unknown: usize| (unknown / m + 1, unknown % m + 1);
    let entry = |row: usize, column: usize| {
        let (i, j) = point(row);
        let up_or_left = |p| face((i, j), p);
        match row - column {
            0 => {
                let neighbors = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)];
                neighbors.map(|p| face((i, j), p)).iter().sum()
            }
            1 if j > 1 => -up_or_left((i, j - 1)),
            apart if apart == m => -up_or_left((i - 1, j)),
            _ => 0.0,
        }
    };
    let mut interior = vec![1.0 / (n * n) as f64; m * m];
    Cholesky::new(m * m, m, entry)
        .expect("permeabilities above zero make the matrix positive definite")
        .solve(&mut interior);
    let mut u = vec![0.0; n * n];
    for (row, values) in interior.chunks_exact(m).enumerate() {
        u[(row + 1) * n + 1..(row + 2) * n].copy_from_slice(values);
    }
    u
}

/// The two numbers that are not known from the inputs 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Permeability {
    /// The permeability of the input 1 divided by that of the input 0.
    pub(super) ratio: f64,
    /// The factor of the solution for permeabilities 1 and `ratio`.
    pub(super) scale: f64,
    /// The relative error on the samples it was fitted to.
    pub(super) fitted: f64,
}

impl Permeability {
    /// The numbers of least error on the first `count` samples.
    pub(super) fn fit(samples: &Samples, count: usize) -> Self {
        let mut samples = samples.clone();
        samples.truncate(count);
        let of = |logarithm: f64| Self::with_ratio(logarithm.exp(), &samples);
        let step = 2.0 * LARGEST.ln() / (COARSE - 1) as f64;
        let tried = (0..COARSE).map(|index| index as f64 * step - LARGEST.ln());
        let best = tried.min_by(|a, b| of(*a).fitted.total_cmp(&of(*b).fitted));
        let best = best.unwrap_or(0.0);
        // Golden-section search between the neighbors.
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        let (mut low, mut high) = (best - step, best + step);
        for _ in 0..REFINED {
            let [left, right] = [high - golden * (high - low), low + golden * (high - low)];
            match of(left).fitted < of(right).fitted {
                true => high = right,
                false => low = left,
            }
        }
        of((low + high) / 2.0)
    }

    /// The scale that minimizes the sum of squared relative errors.
    fn with_ratio(ratio: f64, samples: &Samples) -> Self {
        let unscaled = Self {
            ratio,
            scale: 1.0,
            fitted: 0.0,
        };
        let [inputs, targets] = pairs(samples);
        let mut found = unscaled.predict(inputs);
        let sums = (0..targets.len()).map(|index| {
            let (u, y) = (found.sample(index), targets.sample(index));
            let dot = |a: &[f32], b: &[f32]| -> f64 {
                a.iter()
                    .zip(b)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum()
            };
            let size = dot(y, y);
            (dot(u, y) / size, dot(u, u) / size)
        });
        let (up, down) = sums.fold((0.0, 0.0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        let scale = up / down;
        found
            .values
            .iter_mut()
            .for_each(|value| *value *= scale as f32);
        Self {
            scale,
            fitted: relative_l2(&found, targets),
            ..unscaled
        }
    }

    /// Solutions for inputs 0 and 1.
    pub(super) fn predict(&self, inputs: &Fields) -> Fields {
        let n = inputs.shape[2];
        let solution = |index: usize| {
            let of = |value: &f32| if *value > 0.5 { self.ratio } else { 1.0 };
            let a: Vec<f64> = inputs.sample(index).iter().map(of).collect();
            let u = solve(n, &a).into_iter();
            u.map(|value| (self.scale * value) as f32)
                .collect::<Vec<f32>>()
        };
        let all: Vec<Vec<f32>> = (0..inputs.len()).into_par_iter().map(solution).collect();
        Fields {
            values: all.concat(),
            shape: inputs.shape.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// `−Δu = 1` on the unit square as a sum of sines.
    fn torsion(x: f64, y: f64) -> f64 {
        let odd = || (0..40).map(|k| f64::from(2 * k + 1));
        let term =
            |k: f64, l: f64| (PI * k * x).sin() * (PI * l * y).sin() / (k * l * (k * k + l * l));
        16.0 / PI.powi(4)
            * odd()
                .map(|k| odd().map(|l| term(k, l)).sum::<f64>())
                .sum::<f64>()
    }

    #[test]
    fn a_constant_permeability_has_the_known_solution_up_to_second_order() {
        let error = |n: usize| {
            let u = solve(n, &vec![2.0; n * n]);
            let at = |i: usize| i as f64 / n as f64;
            (0..n * n)
                .map(|p| (u[p] - torsion(at(p / n), at(p % n)) / 2.0).abs())
                .fold(0.0, f64::max)
        };
        let order = (error(8) / error(16)).log2();
        assert!((order - 2.0).abs() < 0.15, "{order}");
    }

    #[test]
    fn exchanged_axes_give_the_exchanged_solution_and_less_permeability_more_pressure() {
        let n = 12;
        let a: Vec<f64> = (0..n * n)
            .map(|p| if p % n < 5 { 1.0 } else { 7.0 })
            .collect();
        let exchanged: Vec<f64> = (0..n * n).map(|p| a[p % n * n + p / n]).collect();
        let (u, v) = (solve(n, &a), solve(n, &exchanged));
        for p in 0..n * n {
            assert!((u[p] - v[p % n * n + p / n]).abs() < 1e-14);
        }
        assert!(u[6 * n + 3] > 2.0 * u[6 * n + 9]);
    }

    #[test]
    fn both_numbers_are_found_again() {
        let n = 8;
        let inputs = Fields {
            values: (0..6 * n * n)
                .map(|p| f32::from((p * p / 7 + p / 5) % 3 == 0))
                .collect(),
            shape: vec![6, 1, n, n],
        };
        let truth = Permeability {
            ratio: 11.0,
            scale: 30.0,
            fitted: 0.0,
        };
        let targets = truth.predict(&inputs);
        let found = Permeability::fit(&Samples::Pairs { inputs, targets }, 6);
        assert!((found.ratio - 11.0).abs() < 0.01, "{found:?}");
        assert!((found.scale - 30.0).abs() < 0.03, "{found:?}");
        assert!(found.fitted < 1e-3, "{found:?}");
    }
}
