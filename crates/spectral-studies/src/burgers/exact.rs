//! What is known about the solution of Burgers' equation without learning: its linear part, and all of it.

use std::f64::consts::TAU;

use spectral_lab::data::fields::Fields;

/// The viscosity of the data, and the time of the solution.
pub(super) const VISCOSITY: f64 = 0.1;
pub(super) const TIME: f64 = 1.0;

/// A complex number: real and imaginary part.
pub(super) type Complex = [f64; 2];

pub(super) fn product([a, b]: Complex, [c, d]: Complex) -> Complex {
    [a * c - b * d, a * d + b * c]
}

/// The coefficients `c_k` of `u(x) = Σ c_k exp(2πikx)` for `k` from 0 to `most`, of values at the points `i/n`.
pub(super) fn coefficients(values: &[f64], most: usize) -> Vec<Complex> {
    let n = values.len();
    let table = circle(n);
    let coefficient = |k: usize| {
        let terms = values.iter().enumerate().map(|(i, value)| {
            let [cos, sin] = table[k * i % n];
            [value * cos, -value * sin]
        });
        let [re, im] = terms.fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
        [re / n as f64, im / n as f64]
    };
    (0..=most).map(coefficient).collect()
}

/// The real function of these coefficients, those of negative `k` being conjugate, at `n` points.
pub(super) fn values(coefficients: &[Complex], n: usize) -> Vec<f64> {
    let table = circle(n);
    let value = |i: usize| {
        let terms = coefficients.iter().enumerate().map(|(k, [re, im])| {
            let [cos, sin] = table[k * i % n];
            let twice = if k == 0 { 1.0 } else { 2.0 };
            twice * (re * cos - im * sin)
        });
        terms.sum::<f64>()
    };
    (0..n).map(value).collect()
}

/// `exp(2πi j/n)`.
fn circle(n: usize) -> Vec<Complex> {
    let angle = |j: usize| TAU * j as f64 / n as f64;
    (0..n).map(|j| [angle(j).cos(), angle(j).sin()]).collect()
}

/// The decay of mode `k` of the heat equation.
pub(super) fn decay(k: usize) -> f64 {
    (-VISCOSITY * (TAU * k as f64).powi(2) * TIME).exp()
}

/// The highest mode that a grid resolves.
pub(super) fn highest(n: usize) -> usize {
    (n - 1) / 2
}

/// The solution of the heat equation.
pub(super) fn heat(start: &[f64]) -> Vec<f64> {
    let mut modes = coefficients(start, highest(start.len()));
    decayed(&mut modes);
    values(&modes, start.len())
}

/// Coefficients after the heat equation.
fn decayed(modes: &mut [Complex]) {
    for (k, [re, im]) in modes.iter_mut().enumerate() {
        *re *= decay(k);
        *im *= decay(k);
    }
}

/// The solution of Burgers' equation by the transformation of Hopf (1950) and Cole (1951): `u = −2ν θ_x/θ`, where `θ`
/// solves the heat equation from `θ = exp(−∫u/2ν)`. For states of mean zero, as those of the data: a mean that few
/// points seem to have is dropped.
pub(super) fn cole_hopf(start: &[f64]) -> Vec<f64> {
    let n = start.len();
    let most = highest(n);
    let mut integral = coefficients(start, most);
    integral[0] = [0.0; 2];
    for (k, mode) in integral.iter_mut().enumerate().skip(1) {
        *mode = product(*mode, [0.0, -1.0 / (TAU * k as f64)]);
    }
    let potential = values(&integral, n).into_iter();
    let potential: Vec<f64> = potential
        .map(|value| (-value / (2.0 * VISCOSITY)).exp())
        .collect();
    let mut theta = coefficients(&potential, most);
    decayed(&mut theta);
    let slope: Vec<Complex> = (theta.iter().enumerate())
        .map(|(k, mode)| product(*mode, [0.0, TAU * k as f64]))
        .collect();
    let both = values(&slope, n).into_iter().zip(values(&theta, n));
    both.map(|(slope, theta)| -2.0 * VISCOSITY * slope / theta)
        .collect()
}

/// A map applied to each sample of lines with one channel.
pub(super) fn each(fields: &Fields, map: impl Fn(&[f64]) -> Vec<f64>) -> Fields {
    let one = |index: usize| {
        let sample: Vec<f64> = fields
            .sample(index)
            .iter()
            .map(|value| f64::from(*value))
            .collect();
        map(&sample).into_iter().map(|value| value as f32)
    };
    Fields {
        values: (0..fields.len()).flat_map(one).collect(),
        shape: fields.shape.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_give_the_values_back() {
        for n in [9, 12] {
            let wave = |i: usize| 0.5 + (TAU * 2.0 * i as f64 / n as f64 + 0.3).sin();
            let start: Vec<f64> = (0..n).map(wave).collect();
            let back = values(&coefficients(&start, highest(n)), n);
            assert!(start.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }

    #[test]
    fn a_solution_of_one_wave_of_theta_is_met() {
        // θ = 1 + b exp(−ν(2π)²t) cos(2πx), at time 0 and at TIME.
        let n = 64;
        let of = |amplitude: f64| -> Vec<f64> {
            let at = |i: usize| {
                let (sin, cos) = (TAU * i as f64 / n as f64).sin_cos();
                2.0 * VISCOSITY * TAU * amplitude * sin / (1.0 + amplitude * cos)
            };
            (0..n).map(at).collect()
        };
        let found = cole_hopf(&of(0.4));
        for (a, b) in found.iter().zip(of(0.4 * decay(1))) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
        // A mean is dropped.
        let raised: Vec<f64> = of(0.4).into_iter().map(|u| u + 0.5).collect();
        for (a, b) in cole_hopf(&raised).iter().zip(&found) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn heat_decays_each_wave() {
        let start: Vec<f64> = (0..16).map(|i| (TAU * f64::from(i) / 16.0).cos()).collect();
        for (a, b) in heat(&start).iter().zip(&start) {
            assert!((a - b * decay(1)).abs() < 1e-12);
        }
    }
}
