//! A network applied to its own output.

use burn::tensor::Tensor;

/// The states `step(start)`, `step(step(start))`, … as an iterator.
///
/// A state is computed when it is asked for, and only the latest is kept, so that memory does not grow with the number
/// of steps. Nothing is detached: on an autodiff device, with tracked parameters, each state carries the graph of all
/// before it. For inference use a network on a plain device (Burn's `valid()`).
///
/// # Shapes
/// - `start` and every state: as `step` takes and returns them, `[batch, channels, spatial…]`
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::rollout;
///
/// let start = Tensor::<3>::ones([1, 1, 8], &Device::flex());
/// let sums: Vec<f32> = rollout(|state| state * 2.0, start, 3)
///     .map(|state| state.sum().into_scalar())
///     .collect();
/// assert_eq!(sums, [16.0, 32.0, 64.0]);
/// ```
pub fn rollout<const D: usize>(
    mut step: impl FnMut(Tensor<D>) -> Tensor<D>,
    start: Tensor<D>,
    steps: usize,
) -> impl Iterator<Item = Tensor<D>> {
    let mut state = Some(start);
    (0..steps).map_while(move |_| {
        // Handed over rather than lent, so that the step may reuse its memory.
        let next = step(state.take()?);
        state = Some(next.clone());
        Some(next)
    })
}
