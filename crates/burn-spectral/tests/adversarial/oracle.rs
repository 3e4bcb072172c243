//! The loops that layers are compared with.

use burn::tensor::DType;

/// Output and gradients of a map that is linear in its weights and in its input.
pub struct Bilinear {
    pub y: Vec<f64>,
    pub x_gradient: Vec<f64>,
    pub weight_gradient: Vec<f64>,
}

/// Receives the terms `c·w[j]·x[i]` of the outputs `y[o]`, as `(o, j, i, c)`.
pub type Terms<'a> = &'a mut dyn FnMut(usize, usize, usize, f64);

/// Adds up the terms that `all` gives: into the outputs, and times the cotangents into the gradients.
pub fn bilinear(weight: &[f64], x: &[f64], cotangent: &[f64], all: impl Fn(Terms<'_>)) -> Bilinear {
    let mut sums = Bilinear {
        y: vec![0.0; cotangent.len()],
        x_gradient: vec![0.0; x.len()],
        weight_gradient: vec![0.0; weight.len()],
    };
    all(&mut |o, j, i, c| {
        sums.y[o] += c * weight[j] * x[i];
        sums.x_gradient[i] += c * weight[j] * cotangent[o];
        sums.weight_gradient[j] += c * cotangent[o] * x[i];
    });
    sums
}

/// Multiplicity of a bin of the half-spectrum of `n` samples.
pub fn multiplicity(bin: usize, n: usize) -> f64 {
    match bin == 0 || 2 * bin == n {
        true => 1.0,
        false => 2.0,
    }
}

/// `2π·Σ_a k_a·n_a/N_a`, each term within one turn.
pub fn angle(bins: [usize; 3], place: [usize; 3], sizes: [usize; 3]) -> f64 {
    let turns: f64 = (0..3)
        .map(|axis| (bins[axis] * place[axis] % sizes[axis]) as f64 / sizes[axis] as f64)
        .sum();
    core::f64::consts::TAU * turns
}

/// Every place of a grid, in row-major order.
pub fn places(sizes: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let [depth, height, width] = sizes;
    (0..depth * height * width).map(move |index| {
        [
            index / width / height,
            index / width % height,
            index % width,
        ]
    })
}

/// The row-major index of a place.
pub fn index(place: [usize; 3], sizes: [usize; 3]) -> usize {
    (place[0] * sizes[1] + place[1]) * sizes[2] + place[2]
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// Compares values with those of a sum of products of two factors, whose norms say how large an error rounding makes.
pub fn compare(
    what: &str,
    got: &[f64],
    want: &[f64],
    factors: [&[f64]; 2],
    dtype: DType,
) -> Result<(), String> {
    if got.len() != want.len() {
        return Err(format!("{what}: {} values, not {}", got.len(), want.len()));
    }
    let relative = match dtype {
        DType::F64 => 1e-13,
        _ => 2e-6,
    };
    let most = relative * (norm(factors[0]) * norm(factors[1])).max(1e-30);
    // NaN is wrong too.
    let wrong = |(got, want): (&f64, &f64)| {
        let error = (got - want).abs();
        error.is_nan() || error > most
    };
    match got.iter().zip(want).position(wrong) {
        None => Ok(()),
        Some(at) => Err(format!(
            "{what}[{at}] is {}, not {} (within {most:e})",
            got[at], want[at]
        )),
    }
}
