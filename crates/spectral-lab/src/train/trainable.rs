//! What the training loop asks of any network.

use burn::Tensor;
use burn::module::Module;

/// A network that the training loop can train, whatever it maps to what.
///
/// Dropout and batch normalization follow the mode of the module: training switches it with
/// [`Module::train`], evaluation with [`Module::valid`].
pub trait Trainable: Module {
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
