//! A layer that is ready to be timed.

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};

use super::cotangent::backward;

/// A layer with its input, ready to be timed.
pub trait Subject {
    /// The forward pass without gradients; its output is dropped.
    fn forward(&self);

    /// A forward and a backward pass: the gradients of the input and of every parameter, from a
    /// fixed random cotangent, are computed and dropped.
    fn both(&self);

    /// Numbers that are learned.
    fn parameters(&self) -> usize;
}

/// A module with and without autodiff, and what goes in.
struct Ready<const D: usize, M> {
    plain: M,
    tracked: M,
    run: fn(&M, Tensor<D>) -> Tensor<D>,
    input: Tensor<D>,
    leaf: Tensor<D>,
    cotangent: Tensor<D>,
}

/// Makes a module ready for a standard normal input.
///
/// `module` is on a CPU device without autodiff.
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
