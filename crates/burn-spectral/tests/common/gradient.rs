//! Gradients held against finite differences.

use burn::tensor::{DType, Device, Tensor};

use super::{assert_close, noise, tensor, values};

/// Length of a central difference. Every loss here is at most quadratic in any one input value, so
/// that the difference is exact but for rounding, and a long step rounds least.
const STEP: f64 = 0.25;

/// Asserts that the gradients of a loss with respect to flat inputs are its central differences,
/// in f64 and relative to their size.
#[track_caller]
pub fn assert_gradients(
    what: &str,
    sizes: &[usize],
    device: &Device,
    loss: impl Fn(&[Tensor<1>]) -> Tensor<1>,
) {
    let points: Vec<Vec<f64>> = sizes
        .iter()
        .zip(100..)
        .map(|(&size, seed)| noise(size, seed))
        .collect();
    let leaf = |point: &Vec<f64>| tensor::<1>(point, [point.len()], DType::F64, device);
    let leaves: Vec<Tensor<1>> = points.iter().map(|point| leaf(point).require_grad()).collect();
    // A loss that depends on no input, as the imaginary part at length 1, has no graph of its own.
    let nothing = leaves.iter().map(|leaf| leaf.clone().sum() * 0.0);
    let gradients = nothing.fold(loss(&leaves), |sum, zero| sum + zero).backward();

    // All inputs as one vector: a gradient that vanishes but for rounding has no scale of its own.
    let (mut got, mut want) = (Vec::new(), Vec::new());
    for (index, point) in points.iter().enumerate() {
        let at = |element: usize, step: f64| {
            let mut inputs: Vec<Tensor<1>> = points.iter().map(leaf).collect();
            let mut moved = point.clone();
            moved[element] += step;
            inputs[index] = leaf(&moved);
            values(loss(&inputs))[0]
        };
        let slope = |element| (at(element, STEP) - at(element, -STEP)) / (2.0 * STEP);
        want.extend((0..point.len()).map(slope));
        got.extend(values(leaves[index].grad(&gradients).unwrap()));
    }
    assert_close(what, &got, &want, 1e-10);
}

/// `Σ weight·y²/2 + weight'·y` with fixed weights: a loss whose gradient tells outputs apart and
/// depends on them.
pub fn weigh<const D: usize>(y: Tensor<D>, seed: u64) -> Tensor<1> {
    let dims = y.dims();
    let device = y.device();
    let weight = |seed| tensor(&noise(dims.iter().product(), seed), dims, DType::F64, &device);
    let (square, plain) = (weight(seed), weight(seed + 1));
    (y.clone() * y.clone() * square * 0.5 + y * plain).sum()
}
