//! What the training loop needs of a network.

use burn::Tensor;
use burn::module::Module;

/// A network that gives one logit per class for each image.
///
/// Dropout and batch normalisation follow the state of the module: [`fit`](super::fit) switches
/// it with [`Module::train`], evaluation with [`Module::valid`].
pub trait Classifier: Module {
    /// Logits `[batch, classes]` of images `[batch, channels, height, width]`.
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;
}
