//! The state that an optimizer step changes.

use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Gradients, Tensor};

use super::clipping::Clipping;
use super::trainable::Trainable;

/// A network in training and its optimizer.
pub struct Learner<M> {
    /// The network, with autodiff.
    pub model: M,
    /// The optimizer and its state.
    pub optimizer: ModuleOptimizer,
}

impl<M: Trainable> Learner<M> {
    /// The objective of a step: the loss plus the network's penalty, if it has one.
    pub fn objective(&self, loss: Tensor<1>) -> Tensor<1> {
        match self.model.penalty() {
            Some(penalty) => loss + penalty,
            None => loss,
        }
    }

    /// Finishes a step: clips the gradients of all parameters and updates the weights with this
    /// learning rate.
    pub fn update(self, gradients: Gradients, rate: f64, clipping: Clipping) -> Self {
        let Self {
            model,
            mut optimizer,
        } = self;
        let gradients = GradientsParams::from_grads(gradients, &model);
        let gradients = clipping.apply(gradients, &model);
        let model = optimizer.step(rate, model, gradients).after_step();
        Self { model, optimizer }
    }
}
