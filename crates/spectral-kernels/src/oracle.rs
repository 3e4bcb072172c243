//! Naive discrete Fourier transforms in `f64`: a slow and simple test oracle.
//!
//! Angles are reduced (`jk mod n`) before the cosine is computed, so that the only error is that of the summation.

use std::f64::consts::TAU;

/// Planar complex data: real parts, imaginary parts.
pub type Spectrum = (Vec<f64>, Vec<f64>);

fn roots(n: usize, sign: f64) -> Vec<(f64, f64)> {
    (0..n)
        .map(|k| {
            let angle = TAU * k as f64 / n as f64;
            (angle.cos(), sign * angle.sin())
        })
        .collect()
}

/// Naive transform along one axis of an array `[outer, n, inner]`: `X[k] = Σ_j x[j] exp(∓2πi jk/n)`. Unscaled in both
/// directions; `inverse` selects the positive exponent.
///
/// # Panics
/// If a slice is too short for the shape.
pub fn dft_axis(
    outer: usize,
    n: usize,
    inner: usize,
    inverse: bool,
    re: &[f64],
    im: &[f64],
) -> Spectrum {
    let roots = roots(n, if inverse { 1.0 } else { -1.0 });
    let mut out = (vec![0.0; outer * n * inner], vec![0.0; outer * n * inner]);
    for o in 0..outer {
        for k in 0..n {
            for i in 0..inner {
                let (mut sum_re, mut sum_im) = (0.0, 0.0);
                for j in 0..n {
                    let at = (o * n + j) * inner + i;
                    let (c, s) = roots[j * k % n];
                    sum_re += re[at] * c - im[at] * s;
                    sum_im += re[at] * s + im[at] * c;
                }
                out.0[(o * n + k) * inner + i] = sum_re;
                out.1[(o * n + k) * inner + i] = sum_im;
            }
        }
    }
    out
}

/// Complex transform of one signal. Unscaled in both directions.
pub fn dft(inverse: bool, re: &[f64], im: &[f64]) -> Spectrum {
    dft_axis(1, re.len(), 1, inverse, re, im)
}

/// The first `n/2 + 1` bins of the transform of one real signal. Unscaled.
pub fn real_dft(x: &[f64]) -> Spectrum {
    real_dft_nd(1, &[x.len()], x)
}

/// Inverse real transform, `x[j] = Σ_k c_k Re(X[k] exp(2πi jk/n))` over the half-spectrum of `n` real samples.
/// Unscaled.
///
/// `c_k` is 1 for `k = 0` and (for even `n`) `k = n/2`, and 2 elsewhere. The imaginary part of the former bins is
/// ignored.
pub fn inverse_real_dft(n: usize, re: &[f64], im: &[f64]) -> Vec<f64> {
    inverse_real_dft_nd(1, &[n], re, im)
}

/// Complex transform over the last `sizes.len()` axes. Unscaled in both directions.
pub fn dft_nd(batch: usize, sizes: &[usize], inverse: bool, re: &[f64], im: &[f64]) -> Spectrum {
    let mut data = (re.to_vec(), im.to_vec());
    for (axis, &n) in sizes.iter().enumerate() {
        let outer = batch * sizes[..axis].iter().product::<usize>();
        let inner = sizes[axis + 1..].iter().product();
        data = dft_axis(outer, n, inner, inverse, &data.0, &data.1);
    }
    data
}

/// Real transform over the last `sizes.len()` axes, with a half-spectrum on the last: shape `[batch, …, n/2 + 1]`.
/// Unscaled.
pub fn real_dft_nd(batch: usize, sizes: &[usize], x: &[f64]) -> Spectrum {
    let n = sizes[sizes.len() - 1];
    let bins = n / 2 + 1;
    let (re, im) = dft_nd(batch, sizes, false, x, &vec![0.0; x.len()]);
    let half = |full: &[f64]| {
        full.chunks_exact(n)
            .flat_map(|row| row[..bins].to_vec())
            .collect()
    };
    (half(&re), half(&im))
}

/// Inverse of [`real_dft_nd`] up to the factor `1/N`: complex over the leading axes, then real over the last.
///
/// Defined for any input, Hermitian or not: the last step ignores the imaginary part of its self-conjugate bins.
pub fn inverse_real_dft_nd(batch: usize, sizes: &[usize], re: &[f64], im: &[f64]) -> Vec<f64> {
    let (leading, n) = (&sizes[..sizes.len() - 1], sizes[sizes.len() - 1]);
    let bins = n / 2 + 1;
    let (mut re, mut im) = (re.to_vec(), im.to_vec());
    for (axis, &len) in leading.iter().enumerate() {
        let outer = batch * leading[..axis].iter().product::<usize>();
        let inner = leading[axis + 1..].iter().product::<usize>() * bins;
        (re, im) = dft_axis(outer, len, inner, true, &re, &im);
    }
    let roots = roots(n, 1.0);
    let rows = batch * leading.iter().product::<usize>();
    let mut out = vec![0.0; rows * n];
    for row in 0..rows {
        for j in 0..n {
            out[row * n + j] = (0..bins)
                .map(|k| {
                    let weight = if k == 0 || 2 * k == n { 1.0 } else { 2.0 };
                    let (c, s) = roots[j * k % n];
                    weight * (re[row * bins + k] * c - im[row * bins + k] * s)
                })
                .sum();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        for (x, y) in a.iter().zip(b) {
            assert!((x - y).abs() < 1e-13, "{a:?} is not {b:?}");
        }
    }

    #[test]
    fn an_impulse_becomes_a_flat_spectrum() {
        let (re, im) = dft(false, &[1.0, 0.0, 0.0, 0.0, 0.0], &[0.0; 5]);
        close(&re, &[1.0; 5]);
        close(&im, &[0.0; 5]);
    }

    #[test]
    fn four_points_match_the_transform_done_by_hand() {
        let (re, im) = dft(false, &[1.0, 2.0, 3.0, 4.0], &[0.0; 4]);
        close(&re, &[10.0, -2.0, -2.0, -2.0]);
        close(&im, &[0.0, 2.0, 0.0, -2.0]);
    }

    #[test]
    fn a_positive_frequency_lands_in_its_own_bin() {
        let n = 6;
        let wave: Vec<(f64, f64)> = (0..n)
            .map(|j| (TAU * 2.0 * j as f64 / n as f64).sin_cos())
            .collect();
        let re: Vec<f64> = wave.iter().map(|w| w.1).collect();
        let im: Vec<f64> = wave.iter().map(|w| w.0).collect();
        let out = dft(false, &re, &im);
        close(&out.0, &[0.0, 0.0, 6.0, 0.0, 0.0, 0.0]);
        close(&out.1, &[0.0; 6]);
    }

    #[test]
    fn the_real_pair_is_the_identity_times_the_number_of_points() {
        for sizes in [vec![5], vec![6], vec![3, 4], vec![2, 3, 5]] {
            let points: usize = sizes.iter().product();
            let x: Vec<f64> = (0..2 * points)
                .map(|i| ((i * i) as f64 * 0.37).sin())
                .collect();
            let (re, im) = real_dft_nd(2, &sizes, &x);
            let back = inverse_real_dft_nd(2, &sizes, &re, &im);
            close(
                &back.iter().map(|v| v / points as f64).collect::<Vec<_>>(),
                &x,
            );
        }
    }

    #[test]
    fn the_imaginary_part_of_the_first_bin_is_dropped() {
        close(&inverse_real_dft(4, &[0.0; 3], &[1.0, 0.0, 1.0]), &[0.0; 4]);
    }
}
