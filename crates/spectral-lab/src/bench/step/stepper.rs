//! The step of any network.

use std::time::Instant;

use burn::tensor::Tensor;

use crate::model::trainable;
use crate::train::{Learner, TrainConfig, Trainable};

/// A network in training.
pub(super) struct Stepper<M> {
    /// None only during a step.
    pub(super) learner: Option<Learner<M>>,
    config: TrainConfig,
}

impl<M: Trainable> Stepper<M> {
    /// A network with the optimizer and the learning rate of `config`.
    pub(super) fn new(network: M, config: &TrainConfig) -> Self {
        Self {
            learner: Some(Learner {
                model: network.train(),
                optimizer: config.optimizer.build(),
            }),
            config: config.clone(),
        }
    }

    /// Runs a step and returns the milliseconds of its four parts: forward, loss, backward, and
    /// optimizer.
    pub(super) fn step<T>(
        &mut self,
        forward: impl FnOnce(&M) -> T,
        loss: impl FnOnce(T) -> Tensor<1>,
    ) -> [f64; 4] {
        let learner = self.learner.take().expect("a step returns the network");
        let mut clock = Clock::default();
        let outputs = forward(&learner.model);
        clock.part();
        let loss = learner.objective(loss(outputs));
        clock.part();
        let gradients = loss.backward();
        clock.part();
        let rate = self.config.learning_rate;
        self.learner = Some(learner.update(gradients, rate, self.config.clipping));
        clock.part();
        clock.parts
    }

    /// Number of trainable parameters.
    pub(super) fn parameters(&self) -> usize {
        self.learner
            .as_ref()
            .map_or(0, |learner| trainable(&learner.model))
    }
}

/// Milliseconds of consecutive parts.
struct Clock {
    parts: [f64; 4],
    index: usize,
    since: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            parts: [0.0; 4],
            index: 0,
            since: Instant::now(),
        }
    }
}

impl Clock {
    /// Ends a part and starts the next.
    fn part(&mut self) {
        let now = Instant::now();
        self.parts[self.index] = (now - self.since).as_secs_f64() * 1e3;
        self.index += 1;
        self.since = now;
    }
}
