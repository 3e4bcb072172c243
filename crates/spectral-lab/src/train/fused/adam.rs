//! Adam and AdamW.

use burn::optim::{AdamState, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Tensor};
use burn_spectral::ops::optimizer::{self, AdamMoments, AdamStep};

/// Constants of the moments, rounded to `f32` like Burn's; derived values are rounded where Burn
/// rounds them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments {
    pub(crate) beta_1: f32,
    pub(crate) beta_2: f32,
    pub(crate) epsilon: f32,
    pub(crate) amsgrad: bool,
}

/// Adam with an L2 penalty, like [`burn::optim::Adam`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adam {
    pub(crate) moments: Moments,
    pub(crate) penalty: f32,
}

/// Adam with decoupled weight decay, like [`burn::optim::AdamW`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamW {
    pub(crate) moments: Moments,
    pub(crate) weight_decay: f32,
}

impl Moments {
    /// `1 − βᵗ` of both moments.
    fn biases(&self, time: usize) -> [f32; 2] {
        [self.beta_1, self.beta_2].map(|beta| 1.0 - beta.powi(time as i32))
    }

    /// A step without L2 penalty or weight decay.
    fn step(&self, rate: f64, epsilon: f64) -> AdamStep {
        AdamStep {
            mean: [self.beta_1, 1.0 - self.beta_1].map(f64::from),
            square: [self.beta_2, 1.0 - self.beta_2].map(f64::from),
            rate,
            epsilon,
            penalty: 0.0,
            decay: 1.0,
        }
    }

    fn update<const D: usize>(
        &self,
        weights: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdaptiveMomentumState<D>>,
        step: impl FnOnce(usize) -> AdamStep,
    ) -> (Tensor<D>, AdaptiveMomentumState<D>) {
        let zeros = || gradient.zeros_like();
        let (time, mean, square, mut largest) = match state {
            Some(state) => (
                state.time + 1,
                state.moment_1,
                state.moment_2,
                state.max_moment_2,
            ),
            None => (1, zeros(), zeros(), None),
        };
        let kept = match self.amsgrad {
            true => Some(largest.take().unwrap_or_else(zeros)),
            false => None,
        };
        let moments = AdamMoments {
            mean,
            square,
            largest: kept,
        };
        let (weights, moments) = optimizer::adam(weights, gradient, moments, &step(time));
        let state = AdaptiveMomentumState {
            time,
            moment_1: moments.mean,
            moment_2: moments.square,
            max_moment_2: moments.largest.or(largest),
        };
        (weights, state)
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let step = |time| {
            let [mean, square] = self.moments.biases(time);
            let root = square.sqrt();
            let rate = lr * f64::from(root / mean);
            AdamStep {
                penalty: f64::from(self.penalty),
                ..self
                    .moments
                    .step(rate, f64::from(self.moments.epsilon * root))
            }
        };
        let state = state.map(|state| state.momentum);
        let (tensor, momentum) = self.moments.update(tensor, grad, state, step);
        (tensor, Some(AdamState { momentum }))
    }

    fn to_device<const D: usize>(mut state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}

impl Optimizer for AdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let step = |time| {
            let [mean, square] = self.moments.biases(time).map(f64::from);
            let root = square.sqrt();
            AdamStep {
                decay: 1.0 - lr * f64::from(self.weight_decay),
                ..self
                    .moments
                    .step(lr * root / mean, f64::from(self.moments.epsilon) * root)
            }
        };
        let state = state.map(|state| state.momentum);
        let (tensor, momentum) = self.moments.update(tensor, grad, state, step);
        (tensor, Some(AdamWState { momentum }))
    }

    fn to_device<const D: usize>(mut state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}
