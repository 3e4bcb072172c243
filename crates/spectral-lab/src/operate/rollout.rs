//! Operators applied again and again to their own output.

use burn::tensor::{Device, Tensor, TensorData};
use burn_spectral::operator;

use super::network::{FieldNetwork, each};
use super::propagator::Propagator;
use crate::data::fields::Samples;
use crate::rollout::{Accumulator, RolloutError, RolloutOptions, RolloutResults};
use crate::train::{Operator, Scaled, Scaling, TrainError};

/// Why a rollout failed.
#[derive(Debug, thiserror::Error)]
pub enum RollOutError {
    /// The network did not run.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The states do not fit each other.
    #[error(transparent)]
    Rollout(#[from] RolloutError),
}

/// Rolls a network out from the first state of each trajectory and compares it with the others, for at most
/// `steps` steps; one state of each is kept at a time. `reference` is another emulator to compare with.
///
/// # Errors
/// [`TrainError::WrongField`] if the network has other output than input channels.
pub fn roll_out(
    network: &FieldNetwork,
    scaling: &Scaling,
    (samples, steps): (&Samples, usize),
    reference: Option<&Propagator>,
    device: &Device,
) -> Result<RolloutResults, RollOutError> {
    let shape = [&[samples.count()], &samples.input_shape()[..]].concat();
    let steps = steps.min(samples.steps());
    let start = states(samples, 0);
    let options = RolloutOptions::new(&shape, steps);
    let mut accumulator = Accumulator::new(&shape, &start, options)?;
    let mut referred = start.clone();
    let mut compare = |step: usize, predicted: &[f32]| {
        let truth = states(samples, step);
        match reference {
            Some(next) => {
                referred = next(std::mem::take(&mut referred))?;
                accumulator.push_with_reference(step, &truth, predicted, &referred)?;
            }
            None => accumulator.push(step, &truth, predicted)?,
        }
        Ok::<_, RollOutError>(())
    };
    let start = (start, shape);
    each_state(network, scaling, start, steps, device, &mut compare)?;
    Ok(accumulator.finish())
}

/// The states of all trajectories at one time.
fn states(samples: &Samples, time: usize) -> Vec<f32> {
    (0..samples.count())
        .flat_map(|index| samples.state(index, time))
        .copied()
        .collect()
}

/// What is done with the state after each step, numbered from 1.
type Seen<'a, E> = &'a mut dyn FnMut(usize, &[f32]) -> Result<(), E>;

/// Applies a network `steps` times to states `[sample, channel, space…]`, and hands each new one to `seen` with
/// its number, from 1. One state is kept at a time.
///
/// # Errors
/// [`TrainError::WrongField`] if the network has other output than input channels, and what `seen` returns.
pub fn each_state<E: From<TrainError>>(
    network: &FieldNetwork,
    scaling: &Scaling,
    (start, shape): (Vec<f32>, Vec<usize>),
    steps: usize,
    device: &Device,
    seen: Seen<'_, E>,
) -> Result<(), E> {
    let start = TensorData::new(start, shape);
    each!(network, model => {
        let model = Scaled { model, scaling };
        steps_of(model, Tensor::from_data(start, device), steps, seen)
    })
}

fn steps_of<const D: usize, M: Operator<D>, E: From<TrainError>>(
    model: Scaled<'_, M>,
    start: Tensor<D>,
    steps: usize,
    seen: Seen<'_, E>,
) -> Result<(), E> {
    let dims = start.dims();
    let next = |state| model.forward(state);
    for (step, state) in (1..).zip(operator::rollout(next, start, steps)) {
        if state.dims() != dims {
            let wrong = TrainError::WrongField {
                outputs: state.dims()[1..].to_vec(),
                targets: dims[1..].to_vec(),
            };
            return Err(wrong.into());
        }
        let values: Vec<f32> = state
            .try_into_vec_as()
            .map_err(|error| TrainError::Device(format!("{error:?}")))?;
        seen(step, &values)?;
    }
    Ok(())
}
