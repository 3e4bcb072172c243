//! A layer ready to be timed.

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};

use super::cotangent::backward;

/// A layer with its input, ready to be timed.
pub trait Subject {
    /// Runs the forward pass without gradients and drops its output.
    fn forward(&self);

    /// Runs a forward and backward pass: computes and drops the gradients of the input and all
    /// parameters for a fixed random cotangent.
    fn both(&self);

    /// Number of trainable parameters.
    fn parameters(&self) -> usize;
}

/// A module with and without autodiff, and its input.
struct Ready<const D: usize, M> {
    plain: M,
    tracked: M,
    run: fn(&M, Tensor<D>) -> Tensor<D>,
    input: Tensor<D>,
    leaf: Tensor<D>,
    cotangent: Tensor<D>,
}

/// Prepares a module for a standard normal input.
///
/// `module` must be on a CPU device without autodiff.
pub(super) fn subject<const D: usize, M: Module + 'static>(
    module: M,
    shape: [usize; D],
    run: fn(&M, Tensor<D>) -> Tensor<D>,
) -> Box<dyn Subject> {
    let device = Device::flex();
    let noise =
        |shape, device: &Device| Tensor::random(shape, Distribution::Normal(0.0, 1.0), device);
    let input: Tensor<D> = noise(shape, &device);
    let outputs = run(&module, input.clone()).dims();
    let learning = device.autodiff();
    let leaf = input.clone().autodiff().require_grad();
    Box::new(Ready {
        tracked: module.clone().train(),
        plain: module,
        run,
        input,
        leaf,
        cotangent: noise(outputs, &learning),
    })
}

impl<const D: usize, M: Module> Subject for Ready<D, M> {
    fn forward(&self) {
        (self.run)(&self.plain, self.input.clone());
    }

    fn both(&self) {
        let output = (self.run)(&self.tracked, self.leaf.clone());
        backward(output, self.cotangent.clone());
    }

    fn parameters(&self) -> usize {
        self.plain.num_params()
    }
}
