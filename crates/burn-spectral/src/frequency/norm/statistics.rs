//! Statistics of a batch and of a run, a channel each.

use burn::module::{Flag, Param, RunningState};
use burn::tensor::{Device, Tensor};

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

/// Moves a running statistic towards that of a batch.
pub(super) fn update<const D: usize>(
    running: &RunningState<Tensor<D>>,
    batch: Tensor<D>,
    momentum: f64,
) {
    let old = running.value_sync().to_device(&batch.device());
    let moved = old * (1.0 - momentum) + batch.detach() * momentum;
    running.update(moved.detach());
}

/// A statistic a channel as `[1, channels, 1, 1]`.
pub(super) fn per_channel(values: Tensor<1>) -> Tensor<4> {
    let [channels] = values.dims();
    values.reshape([1, channels, 1, 1])
}

/// The bin of frequency zero, `[batch, channels, 1, 1]`.
pub(super) fn constant<const D: usize>(part: &Tensor<D>) -> Tensor<D> {
    part.clone().narrow(D - 2, 0, 1).narrow(D - 1, 0, 1)
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
    // The bin of frequency zero is left out rather than centred in place: it may be far larger than
    // all others, and nothing is lost by cancellation.
    let sums = spectrum.clone().norm_sqr().sum_dim(0);
    (sums * weights).sum_dim(2).sum_dim(3)
}
