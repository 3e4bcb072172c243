//! Fields on the nested grids `x = i/n`, `0 ≤ i < n`: taken from a finer grid, and interpolated to one.

use std::f64::consts::PI;

use spectral_lab::data::fields::{Fields, Samples};

/// How values between the points of a grid are found. Each is exact at the points, and separable: one axis
/// after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interpolation {
    /// A straight line from point to point, to zero at `x = 1`.
    Linear,
    /// The trigonometric polynomial of period 1 through the points.
    Fourier,
    /// The sum of sines through the points, zero at `x = 0` and `x = 1`: Fourier interpolation of the odd
    /// extension. The value at `x = 0` is not used.
    Sine,
}

impl Interpolation {
    /// The weights of `from` points for the value at `x`.
    fn weights(self, from: usize, x: f64) -> Vec<f64> {
        let n = from as f64;
        let weight = |point: usize| {
            let at = point as f64 / n;
            match self {
                Self::Linear => (1.0 - n * (x - at).abs()).max(0.0),
                Self::Fourier => {
                    let waves =
                        (1..from.div_ceil(2)).map(|k| 2.0 * (2.0 * PI * k as f64 * (x - at)).cos());
                    let highest = match from % 2 {
                        0 => (PI * n * (x - at)).cos(),
                        _ => 0.0,
                    };
                    (1.0 + waves.sum::<f64>() + highest) / n
                }
                Self::Sine => {
                    let wave = |k: usize| (PI * k as f64 * at).sin() * (PI * k as f64 * x).sin();
                    2.0 / n * (1..from).map(wave).sum::<f64>()
                }
            }
        };
        (0..from).map(weight).collect()
    }

    /// Fields on a grid of `to` points along each axis.
    pub(crate) fn apply(self, fields: &Fields, to: usize) -> Fields {
        let mut values: Vec<f64> = fields
            .values
            .iter()
            .map(|value| f64::from(*value))
            .collect();
        let mut shape = fields.shape.clone();
        for axis in 2..shape.len() {
            let from = shape[axis];
            let rows: Vec<Vec<f64>> = (0..to)
                .map(|point| self.weights(from, point as f64 / to as f64))
                .collect();
            let inner: usize = shape[axis + 1..].iter().product();
            let line = |lines: &[f64], row: &[f64], offset: usize| -> f64 {
                let along = lines[offset..].iter().step_by(inner.max(1));
                along.zip(row).map(|(value, weight)| value * weight).sum()
            };
            values = (values.chunks_exact(from * inner))
                .flat_map(|lines| {
                    let rows = &rows;
                    rows.iter()
                        .flat_map(move |row| (0..inner).map(move |offset| line(lines, row, offset)))
                })
                .collect();
            shape[axis] = to;
        }
        Fields {
            values: values.into_iter().map(|value| value as f32).collect(),
            shape,
        }
    }
}

/// Every `step`-th point along each axis.
pub(crate) fn every(fields: &Fields, step: usize) -> Fields {
    let mut shape = fields.shape.clone();
    let mut values = fields.values.clone();
    for axis in 2..shape.len() {
        let inner: usize = shape[axis + 1..].iter().product();
        values = (values.chunks_exact(shape[axis] * inner))
            .flat_map(|lines| lines.chunks_exact(inner).step_by(step).flatten())
            .copied()
            .collect();
        shape[axis] = shape[axis].div_ceil(step);
    }
    Fields { values, shape }
}

/// Every `step`-th point of pairs along each axis.
///
/// # Panics
/// If the samples are trajectories.
pub(crate) fn every_of(samples: &Samples, step: usize) -> Samples {
    let Samples::Pairs { inputs, targets } = samples else {
        panic!("pairs are subsampled, not trajectories")
    };
    Samples::Pairs {
        inputs: every(inputs, step),
        targets: every(targets, step),
    }
}

/// The mean over the samples of `‖p − u‖ / ‖u‖`.
///
/// # Panics
/// If the shapes differ.
pub(crate) fn relative_l2(predictions: &Fields, targets: &Fields) -> f64 {
    assert_eq!(predictions.shape, targets.shape, "shapes of fields");
    let error = |index: usize| {
        let pairs = predictions.sample(index).iter().zip(targets.sample(index));
        let (difference, size) = pairs.fold((0.0, 0.0), |(difference, size), (p, u)| {
            let (p, u) = (f64::from(*p), f64::from(*u));
            (difference + (p - u).powi(2), size + u.powi(2))
        });
        (difference / size).sqrt()
    };
    (0..targets.len()).map(error).sum::<f64>() / targets.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One sample and channel of a function on a square.
    fn plane(n: usize, of: impl Fn(f64, f64) -> f64) -> Fields {
        let at = |i: usize| i as f64 / n as f64;
        Fields {
            values: (0..n * n)
                .map(|i| of(at(i / n), at(i % n)) as f32)
                .collect(),
            shape: vec![1, 1, n, n],
        }
    }

    fn largest_difference(a: &Fields, b: &Fields) -> f32 {
        assert_eq!(a.shape, b.shape);
        let pairs = a.values.iter().zip(&b.values);
        pairs.fold(0.0, |largest, (a, b)| (a - b).abs().max(largest))
    }

    #[test]
    fn functions_of_each_basis_are_interpolated_exactly() {
        let sine = |x: f64, y: f64| (PI * 3.0 * x).sin() * (PI * 2.0 * y).sin();
        let wave = |x: f64, y: f64| 0.3 + (2.0 * PI * (2.0 * x + y)).cos() + (2.0 * PI * y).sin();
        for n in [7, 8] {
            let fine = |of: &dyn Fn(f64, f64) -> f64| plane(3 * n, of);
            let found = Interpolation::Sine.apply(&plane(n, sine), 3 * n);
            assert!(largest_difference(&found, &fine(&sine)) < 1e-5);
            let found = Interpolation::Fourier.apply(&plane(n, wave), 3 * n);
            assert!(largest_difference(&found, &fine(&wave)) < 1e-5);
        }
        // Linear along each axis, zero at 1.
        let tent = |x: f64, y: f64| (1.0 - x) * (1.0 - y);
        let found = Interpolation::Linear.apply(&plane(4, tent), 8);
        assert!(largest_difference(&found, &plane(8, tent)) < 1e-6);
    }

    #[test]
    fn interpolation_keeps_the_points_it_comes_from() {
        let coarse = plane(6, |x, y| x * (1.0 - x) * y * (1.0 - y) * (1.0 + x));
        for way in [
            Interpolation::Linear,
            Interpolation::Fourier,
            Interpolation::Sine,
        ] {
            let back = every(&way.apply(&coarse, 18), 3);
            assert!(largest_difference(&back, &coarse) < 1e-6, "{way:?}");
        }
    }

    #[test]
    fn lines_are_fields_too() {
        let line = Fields {
            values: (0..8)
                .map(|i| (2.0 * PI * f64::from(i) / 8.0).sin() as f32)
                .collect(),
            shape: vec![1, 1, 8],
        };
        let fine = Interpolation::Fourier.apply(&line, 16);
        assert_eq!(fine.shape, [1, 1, 16]);
        assert!((f64::from(fine.values[1]) - (PI / 8.0).sin()).abs() < 1e-6);
        assert_eq!(every(&fine, 2).shape, [1, 1, 8]);
    }

    #[test]
    fn the_error_is_relative_to_each_sample() {
        let targets = Fields {
            values: vec![3.0, 4.0, 0.0, 1.0],
            shape: vec![2, 1, 2],
        };
        let predictions = Fields {
            values: vec![3.0, 9.0, 0.0, 0.5],
            shape: vec![2, 1, 2],
        };
        assert!((relative_l2(&predictions, &targets) - 0.75).abs() < 1e-12);
    }
}
