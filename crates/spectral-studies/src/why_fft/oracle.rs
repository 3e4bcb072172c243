//! Transforms of square images from their definition, in f64.

use std::f64::consts::TAU;

use rayon::prelude::*;

/// Complex numbers as two planes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plane {
    pub(super) re: Vec<f64>,
    pub(super) im: Vec<f64>,
}

/// Bins of the half-spectrum of so many samples.
pub(super) fn bins(n: usize) -> usize {
    n / 2 + 1
}

/// How often a bin of the half-spectrum is in the full one, itself or as its conjugate.
fn copies(n: usize, column: usize) -> f64 {
    match column == 0 || 2 * column == n {
        true => 1.0,
        false => 2.0,
    }
}

/// `Σ_j z_j exp(∓2πi jk/n)` along the rows of `[rows, n]`.
fn along_rows(z: &Plane, n: usize, sign: f64) -> Plane {
    let roots: Vec<(f64, f64)> = (0..n)
        .map(|k| {
            let angle = TAU * k as f64 / n as f64;
            (angle.cos(), sign * angle.sin())
        })
        .collect();
    let rows = z.re.par_chunks_exact(n).zip(z.im.par_chunks_exact(n));
    let sums: Vec<(f64, f64)> = rows
        .flat_map_iter(|(re, im)| {
            let roots = &roots;
            (0..n).map(move |k| {
                let (mut sum_re, mut sum_im, mut turn) = (0.0, 0.0, 0);
                for (re, im) in re.iter().zip(im) {
                    let (cos, sin) = roots[turn];
                    sum_re += re * cos - im * sin;
                    sum_im += re * sin + im * cos;
                    // jk mod n, so that no angle grows.
                    turn += k;
                    if turn >= n {
                        turn -= n;
                    }
                }
                (sum_re, sum_im)
            })
        })
        .collect();
    let (re, im) = sums.into_iter().unzip();
    Plane { re, im }
}

fn transposed(z: &Plane, n: usize) -> Plane {
    let turn = |part: &[f64]| {
        let columns = (0..n).flat_map(|column| (0..n).map(move |row| (row, column)));
        columns
            .map(|(row, column)| part[row * n + column])
            .collect()
    };
    Plane {
        re: turn(&z.re),
        im: turn(&z.im),
    }
}

/// The complex transform of an `n × n` image, unscaled, `sign` −1 for the usual one.
fn dft2(z: &Plane, n: usize, sign: f64) -> Plane {
    let rows = along_rows(z, n, sign);
    transposed(&along_rows(&transposed(&rows, n), n, sign), n)
}

/// The half-spectrum `[n, n/2 + 1]` of a real image `[n, n]`.
pub(super) fn rfft2(x: &[f64], n: usize) -> Plane {
    let full = dft2(
        &Plane {
            re: x.to_vec(),
            im: vec![0.0; x.len()],
        },
        n,
        -1.0,
    );
    let half = |part: &[f64]| {
        let rows = part.chunks_exact(n);
        rows.flat_map(|row| row[..bins(n)].to_vec()).collect()
    };
    Plane {
        re: half(&full.re),
        im: half(&full.im),
    }
}

/// A half-spectrum times `factor(column)`, with zeros for the other bins.
fn widened(half: &Plane, n: usize, factor: impl Fn(usize) -> f64) -> Plane {
    let widen = |part: &[f64]| {
        let at = |row: usize, column: usize| match column < bins(n) {
            true => factor(column) * part[row * bins(n) + column],
            false => 0.0,
        };
        let places = (0..n).flat_map(|row| (0..n).map(move |column| (row, column)));
        places.map(|(row, column)| at(row, column)).collect()
    };
    Plane {
        re: widen(&half.re),
        im: widen(&half.im),
    }
}

/// What a gradient on the half-spectrum is on the image: `Re Σ_k g_k exp(+2πi jk/n)`.
pub(super) fn rfft2_gradient(gradient: &Plane, n: usize) -> Vec<f64> {
    dft2(&widened(gradient, n, |_| 1.0), n, 1.0).re
}

/// The real image of a half-spectrum, with the factor `1/n²`; whatever is not Hermitian is dropped.
pub(super) fn irfft2(half: &Plane, n: usize) -> Vec<f64> {
    let scale = 1.0 / (n * n) as f64;
    dft2(
        &widened(half, n, |column| scale * copies(n, column)),
        n,
        1.0,
    )
    .re
}

/// What a gradient on the image is on the half-spectrum that [`irfft2`] took.
pub(super) fn irfft2_gradient(gradient: &[f64], n: usize) -> Plane {
    let scale = 1.0 / (n * n) as f64;
    let mut half = rfft2(gradient, n);
    for part in [&mut half.re, &mut half.im] {
        for (index, value) in part.iter_mut().enumerate() {
            *value *= scale * copies(n, index % bins(n));
        }
    }
    half
}

impl Plane {
    /// The parts, real before imaginary.
    pub(super) fn joined(self) -> Vec<f64> {
        [self.re, self.im].concat()
    }

    /// The parts of [`joined`](Self::joined).
    pub(super) fn split(values: &[f64]) -> Self {
        let (re, im) = values.split_at(values.len() / 2);
        Self {
            re: re.to_vec(),
            im: im.to_vec(),
        }
    }

    /// Element-wise product with `a`, or with its conjugate.
    pub(super) fn times(&self, a: &Self, conjugate: bool) -> Self {
        let sign = if conjugate { -1.0 } else { 1.0 };
        let pairs = || {
            let these = self.re.iter().zip(&self.im);
            these.zip(a.re.iter().zip(&a.im))
        };
        Self {
            re: pairs()
                .map(|((re, im), (a_re, a_im))| re * a_re - sign * im * a_im)
                .collect(),
            im: pairs()
                .map(|((re, im), (a_re, a_im))| im * a_re + sign * re * a_im)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        for (x, y) in a.iter().zip(b) {
            assert!((x - y).abs() < 1e-12, "{a:?} is not {b:?}");
        }
    }

    #[test]
    fn two_by_two_is_that_worked_by_hand() {
        let half = rfft2(&[1.0, 2.0, 3.0, 5.0], 2);
        close(&half.re, &[11.0, -3.0, -5.0, 1.0]);
        close(&half.im, &[0.0; 4]);
        close(&irfft2(&half, 2), &[1.0, 2.0, 3.0, 5.0]);
    }

    #[test]
    fn three_points_have_the_phases_of_thirds_of_a_turn() {
        // A point at row 0, column 1: exp(−2πi·l/3) in every row.
        let mut x = [0.0; 9];
        x[1] = 1.0;
        let half = rfft2(&x, 3);
        close(&half.re, &[1.0, -0.5, 1.0, -0.5, 1.0, -0.5]);
        let sin = 0.75_f64.sqrt();
        close(&half.im, &[0.0, -sin, 0.0, -sin, 0.0, -sin]);
    }

    #[test]
    fn gradients_are_the_transposed_maps() {
        for n in [2, 3, 4, 5] {
            let series = |count: usize, step: f64| -> Vec<f64> {
                (0..count).map(|i| (step * (i * i) as f64).sin()).collect()
            };
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let (x, half) = (series(n * n, 0.7), series(2 * n * bins(n), 0.3));
            let forward = dot(&rfft2(&x, n).joined(), &half);
            let back = dot(&x, &rfft2_gradient(&Plane::split(&half), n));
            assert!((forward - back).abs() < 1e-11, "{n}");
            let forward = dot(&irfft2(&Plane::split(&half), n), &x);
            let back = dot(&half, &irfft2_gradient(&x, n).joined());
            assert!((forward - back).abs() < 1e-12, "{n}");
        }
    }

    #[test]
    fn products_are_complex() {
        let one = |re, im| Plane {
            re: vec![re],
            im: vec![im],
        };
        assert_eq!(one(1.0, 2.0).times(&one(3.0, -1.0), false), one(5.0, 5.0));
        assert_eq!(one(1.0, 2.0).times(&one(3.0, -1.0), true), one(1.0, 7.0));
    }
}
