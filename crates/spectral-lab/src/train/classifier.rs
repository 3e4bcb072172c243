//! What the training loop needs of a network.

use burn::Tensor;
use burn::module::Module;

/// A network that gives a row of outputs for each image: one logit per class, or, if it is to
/// rebuild its input ([`Target::Image`](super::Target::Image)), one value per pixel and channel.
///
/// Dropout and batch normalization follow the state of the module: [`fit`](super::fit) switches
/// it with [`Module::train`], evaluation with [`Module::valid`].
pub trait Classifier: Module {
    /// Outputs `[batch, outputs]` of images `[batch, channels, height, width]`: as many as there are
    /// classes, or `channels·height·width`.
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;

    /// What is added to the loss in training, `[1]`; nothing by default.
    fn penalty(&self) -> Option<Tensor<1>> {
        None
    }

    /// The network after the optimizer has moved its weights: the place of a constraint on them.
    #[must_use]
    fn after_step(self) -> Self {
        self
    }
}
