//! The dense layer.

use burn::nn::Linear;
use burn::tensor::{DType, Tensor};

use super::Activation;
use crate::operation::Empty;
use crate::ops;

/// The output of [`Linear::forward`].
///
/// # Shapes
/// - `x`: `[…, inputs]`
/// - output: `[…, outputs]`
///
/// # Panics
/// If the last axis of `x` is not the layer's input size.
///
/// # Example
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Device, Distribution, Tensor};
/// use fused_layers::spatial;
///
/// let device = Device::flex();
/// let layer = LinearConfig::new(84, 10).init(&device);
/// let x = Tensor::<2>::random([100, 84], Distribution::Default, &device);
/// let difference = spatial::linear(&layer, x.clone()) - layer.forward(x);
/// assert!(difference.abs().max().into_scalar::<f32>() < 1e-5);
/// ```
#[track_caller]
pub fn linear<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    linear_with(layer, Activation::Identity, x)
}

/// The layer, then an activation, as one operation. The derivative of the activation at zero is its slope.
///
/// # Shapes
/// - `x`: `[…, inputs]`
/// - output: `[…, outputs]`
///
/// # Panics
/// If the last axis of `x` is not the layer's input size, or the activation's slope is negative or not finite.
#[track_caller]
pub fn linear_with<const D: usize>(
    layer: &Linear,
    activation: Activation,
    x: Tensor<D>,
) -> Tensor<D> {
    assert!(
        activation.is_valid(),
        "a dense layer with {activation:?}: expected a finite slope of 0 or more"
    );
    let weight = layer.weight.val();
    let bias = layer.bias.as_ref().map(|bias| bias.val());
    let ([inputs, outputs], mut dims) = (weight.dims(), x.dims());
    let rows = dims[..D - 1].iter().product();
    assert_eq!(
        dims[D - 1],
        inputs,
        "a dense layer of {inputs} inputs: expected as many on the last axis, got shape {dims:?}"
    );
    dims[D - 1] = outputs;
    if rows == 0 || inputs == 0 || outputs == 0 {
        // Nothing to compute, and a size of zero means something else to a reshape.
        if rows * outputs == 0 {
            let empty = match weight.dtype() {
                DType::QFloat(_) => Empty::of(x),
                _ => Empty::of(x).and(weight),
            };
            return match bias {
                Some(bias) => empty.and(bias),
                None => empty,
            }
            .tensor(dims);
        }
        let zeros = Tensor::zeros(dims, (&x.device(), x.dtype()));
        return match bias {
            Some(bias) if inputs == 0 => zeros + bias.unsqueeze(),
            _ => zeros,
        };
    }
    if matches!(weight.dtype(), DType::QFloat(_)) {
        let sums = layer.forward(x);
        return match activation {
            Activation::Identity => sums,
            Activation::LeakyRelu { slope } => burn::tensor::activation::leaky_relu(sums, slope),
        };
    }
    let x = x.reshape([rows, inputs]);
    ops::linear(x, weight, bias, activation).reshape(dims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::{Module, Param};
    use burn::nn::LinearConfig;
    use burn::tensor::activation::leaky_relu;
    use burn::tensor::{Device, Distribution, Gradients};

    fn draw<const D: usize>(shape: [usize; D], dtype: DType) -> Tensor<D> {
        let device = Device::flex().autodiff();
        let spread = Distribution::Uniform(-1.0, 1.0);
        Tensor::random(shape, spread, (&device, dtype)).require_grad()
    }

    fn layer([inputs, outputs]: [usize; 2], bias: bool, dtype: DType) -> Linear {
        Linear {
            weight: Param::from_tensor(draw([inputs, outputs], dtype)),
            bias: bias.then(|| Param::from_tensor(draw([outputs], dtype))),
        }
    }

    #[track_caller]
    fn assert_close<const D: usize>(got: Tensor<D>, expected: Tensor<D>, what: &str) {
        let limit = if got.dtype() == DType::F64 {
            1e-13
        } else {
            1e-4
        };
        assert_eq!(got.dims(), expected.dims());
        let worst: f64 = (got - expected).abs().max().into_scalar();
        assert!(worst <= limit, "{what}: off by {worst}");
    }

    #[test]
    fn outputs_and_gradients_are_those_of_burn() {
        for dtype in [DType::F32, DType::F64] {
            for [rows, inputs, outputs] in [[1, 1, 1], [1, 7, 3], [5, 13, 67], [65, 300, 10]] {
                for bias in [false, true] {
                    for activation in [
                        Activation::Identity,
                        Activation::RELU,
                        Activation::LeakyRelu { slope: 0.1 },
                    ] {
                        let what = format!("{rows}×{inputs}→{outputs}, {activation:?}");
                        let layer = layer([inputs, outputs], bias, dtype);
                        let (x, g) = (draw([rows, inputs], dtype), draw([rows, outputs], dtype));
                        let ours = linear_with(&layer, activation, x.clone());
                        let theirs = match activation {
                            Activation::Identity => layer.forward(x.clone()),
                            Activation::LeakyRelu { slope } => {
                                leaky_relu(layer.forward(x.clone()), slope)
                            }
                        };
                        assert_close(ours.clone(), theirs.clone(), &what);
                        let g = g.detach();
                        let [ours, theirs] =
                            [ours, theirs].map(|y| (y * g.clone()).sum().backward());
                        let both = |of: &dyn Fn(&Gradients) -> Tensor<2>| {
                            assert_close(of(&ours), of(&theirs), &what);
                        };
                        both(&|g| x.grad(g).unwrap());
                        both(&|g| layer.weight.val().grad(g).unwrap());
                        if let Some(bias) = &layer.bias {
                            both(&|g| bias.val().grad(g).unwrap().unsqueeze());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn only_what_is_tracked_gets_a_gradient() {
        let layer = layer([4, 3], true, DType::F32);
        let x = Tensor::from_inner(draw([2, 4], DType::F32).inner());
        let gradients = linear(&layer, x.clone()).sum().backward();
        assert!(x.grad(&gradients).is_none());
        assert!(layer.weight.val().grad(&gradients).is_some());

        let frozen = layer.clone().no_grad();
        let x = draw([2, 4], DType::F32);
        let gradients = linear(&frozen, x.clone()).sum().backward();
        assert!(x.grad(&gradients).is_some());
        assert!(frozen.weight.val().grad(&gradients).is_none());
    }

    #[test]
    fn leading_axes_are_rows_and_may_be_empty() {
        let device = Device::flex();
        let layer = LinearConfig::new(3, 2).init(&device);
        let x = Tensor::<3>::random([2, 5, 3], Distribution::Default, &device);
        assert_close(linear(&layer, x.clone()), layer.forward(x), "three axes");
        let x = Tensor::<1>::random([3], Distribution::Default, &device);
        assert_close(linear(&layer, x.clone()), layer.forward(x), "one axis");
        let empty = Tensor::<2>::zeros([0, 3], &device);
        assert_eq!(linear(&layer, empty).dims(), [0, 2]);
    }

    #[test]
    #[should_panic(
        expected = "a dense layer of 3 inputs: expected as many on the last axis, got shape [1, 4]"
    )]
    fn an_input_of_another_size_is_refused() {
        let device = Device::flex();
        let layer = LinearConfig::new(3, 2).init(&device);
        linear(&layer, Tensor::<2>::zeros([1, 4], &device));
    }
}
