//! Gradient descent.

use burn::optim::{Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};
use burn_spectral::ops::optimizer::{self, SgdStep};

use super::{record, restore};

/// Gradient descent with an L2 penalty, like [`burn::optim::Sgd`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sgd {
    pub(crate) momentum: Option<Momentum>,
    pub(crate) penalty: f32,
}

/// Constants of the momentum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Momentum {
    pub(crate) factor: f32,
    pub(crate) dampening: f64,
    pub(crate) nesterov: bool,
}

/// The velocity, if there is momentum; recorded like [`burn::optim::SgdState`].
#[derive(Clone, Debug)]
pub(crate) struct Velocity<const D: usize>(Option<Tensor<D>>);

impl<const D: usize> Velocity<D> {
    const NEST: &str = "momentum";
    const LEAF: &str = "velocity";
}

impl<const D: usize> RecordState for Velocity<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        if let Some(velocity) = &self.0 {
            record(out, [prefix, Self::NEST, Self::LEAF], velocity);
        }
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self(restore(src, [prefix, Self::NEST, Self::LEAF], device)))
    }
}

impl Optimizer for Sgd {
    type State<const D: usize> = Velocity<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let mut step = SgdStep {
            velocity: [0.0, 1.0],
            look_ahead: [1.0, 0.0],
            rate: lr,
            penalty: f64::from(self.penalty),
        };
        let mut velocity = state.and_then(|state| state.0);
        if let Some(momentum) = self.momentum {
            let factor = f64::from(momentum.factor);
            if momentum.nesterov {
                step.look_ahead = [factor, 1.0];
            }
            match velocity {
                Some(_) => step.velocity = [factor, 1.0 - momentum.dampening],
                // The first gradient is not dampened.
                None => velocity = Some(grad.zeros_like()),
            }
        }
        let (old, used) = match self.momentum {
            Some(_) => (None, velocity),
            None => (velocity, None),
        };
        let (tensor, velocity) = optimizer::sgd(tensor, grad, used, &step);
        (tensor, Some(Velocity(velocity.or(old))))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        Velocity(state.0.map(|velocity| velocity.to_device(device)))
    }
}
