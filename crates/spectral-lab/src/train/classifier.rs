//! The interface of a network for the training loop.

use burn::Tensor;
use burn::module::Module;

/// A network with one row of outputs per image: one logit per class, or, if it reconstructs its
/// input ([`Target::Image`](super::Target::Image)), one value per pixel and channel.
///
/// Dropout and batch normalization follow the mode of the module: [`fit`](super::fit) switches it
/// with [`Module::train`], evaluation with [`Module::valid`].
pub trait Classifier: Module {
    /// Outputs `[batch, outputs]` for images `[batch, channels, height, width]`: as many as
    /// classes, or `channels·height·width`.
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;

    /// A penalty added to the training loss, `[1]`; none by default.
    fn penalty(&self) -> Option<Tensor<1>> {
        None
    }

    /// The network after an optimizer step: the place to constrain its weights.
    #[must_use]
    fn after_step(self) -> Self {
        self
    }
}
