//! The interface of a network of images for the training loop.

use burn::Tensor;

use super::trainable::Trainable;

/// A network with one row of outputs per image: one logit per class, or, if it reconstructs its
/// input ([`Target::Image`](super::Target::Image)), one value per pixel and channel.
pub trait Classifier: Trainable {
    /// Outputs `[batch, outputs]` for images `[batch, channels, height, width]`: as many as
    /// classes, or `channels·height·width`.
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;
}
