//! Running statistics of batches.

use burn::module::RunningState;
use burn::tensor::{DType, Tensor};

/// Moves a running statistic towards that of a batch, by the share `momentum` of the way.
///
/// It is computed in the batch's precision and kept in its own. There it stays finite: a statistic
/// out of range is the largest number in it, from which later batches can move it.
pub fn update<const D: usize>(running: &RunningState<Tensor<D>>, batch: Tensor<D>, momentum: f64) {
    let (device, dtype) = (batch.device(), batch.dtype());
    let old = running.value_sync().to_device(&device);
    let kept = old.dtype();
    let moved = old.cast(dtype) * (1.0 - momentum) + batch.detach() * momentum;
    running.update(within(moved, kept).cast(kept).detach());
}

/// The values at the nearest finite ones of a dtype.
fn within<const D: usize>(values: Tensor<D>, dtype: DType) -> Tensor<D> {
    match dtype.finfo() {
        Some(info) => values.clamp(info.min, info.max),
        None => values,
    }
}
