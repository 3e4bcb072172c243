//! Gradients held against finite differences.

use burn::tensor::{DType, Device, Tensor};

use super::{assert_close, noise, tensor, values};

/// Length of a central difference. Every loss here is at most quadratic in any one input value, so
/// that the difference is exact but for rounding, and a long step rounds least.
const STEP: f64 = 0.25;

/// Asserts that the gradients of a loss with respect to flat inputs are its central differences,
/// in f64 and relative to their size; with and without gradient checkpointing.
#[track_caller]
pub fn assert_gradients(what: &str, sizes: &[usize], loss: impl Fn(&[Tensor<1>]) -> Tensor<1>) {
    let points: Vec<Vec<f64>> = sizes
        .iter()
        .zip(100..)
        .map(|(&size, seed)| noise(size, seed))
        .collect();
    let inputs = |device: &Device| -> Vec<Tensor<1>> {
        let input = |point: &Vec<f64>| tensor(point, [point.len()], DType::F64, device);
        points.iter().map(input).collect()
    };

    let device = Device::flex();
    let at = |index: usize, element: usize, step: f64| {
        let mut moved = points[index].clone();
        moved[element] += step;
        let mut inputs = inputs(&device);
        inputs[index] = tensor(&moved, [moved.len()], DType::F64, &device);
        values(loss(&inputs))[0]
    };
    let slope = |i, e| (at(i, e, STEP) - at(i, e, -STEP)) / (2.0 * STEP);
    let elements = |index| (0..sizes[index]).map(move |element| (index, element));
    // All inputs as one vector: a gradient that vanishes but for rounding has no scale of its own.
    let want: Vec<f64> = (0..sizes.len())
        .flat_map(elements)
        .map(|(i, e)| slope(i, e))
        .collect();

    for device in [
        device.clone().autodiff(),
        device.autodiff().gradient_checkpointing(),
    ] {
        let leaves: Vec<Tensor<1>> = inputs(&device)
            .into_iter()
            .map(Tensor::require_grad)
            .collect();
        // A loss that depends on no input, as the imaginary part at length 1, has no graph.
        let nothing = leaves.iter().map(|leaf| leaf.clone().sum() * 0.0);
        let gradients = nothing
            .fold(loss(&leaves), |sum, zero| sum + zero)
            .backward();
        let got = leaves
            .iter()
            .flat_map(|leaf| values(leaf.grad(&gradients).unwrap()));
        assert_close(what, &got.collect::<Vec<_>>(), &want, 1e-10);
    }
}

/// `Σ weight·y²/2 + weight'·y` with fixed weights: a loss whose gradient tells outputs apart and
/// depends on them.
pub fn weigh<const D: usize>(y: Tensor<D>, seed: u64) -> Tensor<1> {
    let dims = y.dims();
    let device = y.device();
    let weight = |seed| {
        tensor(
            &noise(dims.iter().product(), seed),
            dims,
            DType::F64,
            &device,
        )
    };
    let (square, plain) = (weight(seed), weight(seed + 1));
    (y.clone() * y.clone() * square * 0.5 + y * plain).sum()
}
