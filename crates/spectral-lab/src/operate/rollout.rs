//! Operators applied again and again to their own output.

use burn::tensor::{Device, Tensor, TensorData};
use burn_spectral::operator;

use super::network::{FieldNetwork, each};
use crate::train::{Operator, Scaled, Scaling, TrainError};

/// Applies a network `steps` times to states `[sample, channel, space…]`, and hands each new one to `seen` with
/// its number, from 1. One state is kept at a time.
///
/// # Errors
/// [`TrainError::WrongField`] if the network has other output than input channels, and what `seen` returns.
pub fn roll_out(
    network: &FieldNetwork,
    scaling: &Scaling,
    (start, shape): (Vec<f32>, Vec<usize>),
    steps: usize,
    device: &Device,
    seen: &mut dyn FnMut(usize, &[f32]) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let start = TensorData::new(start, shape);
    each!(network, model => {
        let model = Scaled { model, scaling };
        steps_of(model, Tensor::from_data(start, device), steps, seen)
    })
}

fn steps_of<const D: usize, M: Operator<D>>(
    model: Scaled<'_, M>,
    start: Tensor<D>,
    steps: usize,
    seen: &mut dyn FnMut(usize, &[f32]) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let dims = start.dims();
    let next = |state| model.forward(state);
    for (step, state) in (1..).zip(operator::rollout(next, start, steps)) {
        if state.dims() != dims {
            return Err(TrainError::WrongField {
                outputs: state.dims()[1..].to_vec(),
                targets: dims[1..].to_vec(),
            });
        }
        let values: Vec<f32> = state
            .try_into_vec_as()
            .map_err(|error| TrainError::Device(format!("{error:?}")))?;
        seen(step, &values)?;
    }
    Ok(())
}
