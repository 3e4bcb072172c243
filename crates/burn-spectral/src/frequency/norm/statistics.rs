//! Batch and running statistics, one per channel.

use burn::module::{Flag, Param};
use burn::tensor::{DType, Device, Tensor};

use crate::ops::Half;
use crate::scaled::smallest_normal;
use crate::{ComplexTensor, SpectralError};

use super::super::spectrum_grid::SpectrumGrid;

/// Checks the channels of a shape `[batch, channels, …]`.
pub(super) fn check_channels(expected: usize, dims: &[usize]) -> Result<(), SpectralError> {
    match dims.get(1) == Some(&expected) {
        true => Ok(()),
        false => Err(SpectralError::Channels {
            expected,
            got: dims.to_vec(),
        }),
    }
}

/// Whether a layer takes the statistics of its batch, by the convention of Burn's `BatchNorm`.
pub(super) fn is_training(device: &Device, training: &Param<Flag>) -> bool {
    device.is_autodiff() && training.is_enabled()
}

/// One statistic per channel as `[1, channels, 1, 1]`.
pub(super) fn per_channel(values: Tensor<1>) -> Tensor<4> {
    let [channels] = values.dims();
    values.reshape([1, channels, 1, 1])
}

/// The bin of frequency zero, `[batch, channels, 1, 1]`.
pub(super) fn constant<const D: usize>(part: &Tensor<D>) -> Tensor<D> {
    part.clone().narrow(D - 2, 0, 1).narrow(D - 1, 0, 1)
}

/// What the values of each channel are divided by before they are squared and summed: 1, or for
/// values whose squares would leave the range of the precision, the largest of them. A constant: what
/// it scales, the statistic undoes.
///
/// # Shapes
/// - input: `[batch, channels, …]`, with elements
/// - output: `[1, channels, 1, …]`
pub(super) fn unit<const D: usize>(x: &ComplexTensor<D>) -> Tensor<D> {
    let [re, im] = [&x.re, &x.im].map(largest);
    unit_of(re.max_pair(im))
}

/// [`unit`] of the values of one part.
pub(super) fn unit_of_part<const D: usize>(part: &Tensor<D>) -> Tensor<D> {
    unit_of(largest(part))
}

fn largest<const D: usize>(part: &Tensor<D>) -> Tensor<D> {
    let magnitude = part.clone().detach().abs();
    (0..D)
        .filter(|axis| *axis != 1)
        .fold(magnitude, |largest, axis| largest.max_dim(axis))
}

fn unit_of<const D: usize>(largest: Tensor<D>) -> Tensor<D> {
    let fits = largest.clone().lower_equal_elem(limit(largest.dtype()));
    largest.mask_fill(fits, 1.0)
}

/// Up to where a statistic takes values as they are: the fourth power of a value enters a determinant, and a batch adds
/// up many of them.
pub(super) fn limit(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 1e70,
        _ => 1e8,
    }
}

/// `Σ_b Σ_k c_k·|X_k|²`, a channel each, with or without the bin of frequency zero.
///
/// # Shapes
/// - output: `[1, channels, 1, 1]`
pub(super) fn energy(
    spectrum: &ComplexTensor<4>,
    grid: SpectrumGrid,
    with_constant: bool,
) -> Tensor<4> {
    let (device, dtype) = (spectrum.device(), spectrum.re.dtype());
    let mut weights = grid.weights(&device, dtype);
    if !with_constant {
        weights = weights - grid.constant_bin(&device, dtype);
    }
    // The bin of frequency zero is left out rather than centered in place: it may be far larger than
    // all others, and nothing is lost by cancellation.
    let sums = spectrum.clone().norm_sqr().sum_dim(0);
    (sums * weights).sum_dim(2).sum_dim(3)
}

/// A variance plus epsilon, both in units of `unit²`. Of large values epsilon may vanish there, and a
/// variance of zero is still divided by.
pub(super) fn with_epsilon<const D: usize>(
    variance: Tensor<D>,
    unit: &Tensor<D>,
    epsilon: f64,
) -> Tensor<D> {
    variance + epsilon_in(unit, epsilon)
}

/// Epsilon in units of `unit²`, its square no less than the smallest normal number.
pub(super) fn epsilon_in<const D: usize>(unit: &Tensor<D>, epsilon: f64) -> Tensor<D> {
    let least = smallest_normal(unit.dtype()).sqrt();
    (unit.clone().recip().square() * epsilon).clamp_min(least)
}

/// A parameter or a statistic in the precision that a layer computes in: f32 for half precision.
pub(super) fn wide<const D: usize>(values: Tensor<D>) -> Tensor<D> {
    match Half::of(&values) {
        Some(half) => half.widen(values),
        None => values,
    }
}
