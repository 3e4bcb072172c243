//! What an optimizer step changes.

use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Gradients, Tensor};

use super::classifier::Classifier;
use super::clipping::Clipping;

/// A network in training and its optimizer.
pub struct Learner<M> {
    /// The network, with automatic differentiation.
    pub model: M,
    /// The optimizer with its state.
    pub optimizer: ModuleOptimizer,
}

impl<M: Classifier> Learner<M> {
    /// What a step makes small: the loss and the network's penalty, if it has one.
    pub fn objective(&self, loss: Tensor<1>) -> Tensor<1> {
        match self.model.penalty() {
            Some(penalty) => loss + penalty,
            None => loss,
        }
    }

    /// The end of a step: the gradients of every parameter, clipped, move the weights at this
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
