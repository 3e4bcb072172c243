//! GELU, and GELU of a sum, each as one operation.

use burn::backend::TensorMetadata;
use burn::tensor::{Tensor, activation};

use crate::kernels;
use crate::operation::flex::{Contiguous, filled, new_tensor, with_dtype};
use crate::operation::{FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply};

/// GELU, exact, element by element: `x·Φ(x)`, where `Φ` is the distribution function of the standard normal distribution
/// (Hendrycks and Gimpel, 2016), as `burn::tensor::activation::gelu`.
///
/// On the kernels both passes are one pass over memory each. At `−∞` the result is 0, the limit; that of
/// [`fallback`] is NaN.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use fused_layers::ops::gelu;
///
/// let x = Tensor::<1>::from_floats([0.0, 1.0], &Device::flex());
/// let y = gelu(x).try_into_vec_as::<f32>().unwrap();
/// assert_eq!(y, [0.0, 0.841_344_7]);
/// ```
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    apply(Gelu, x, |_, x| fallback(x))
}

/// [`gelu`] in Burn's operations.
pub fn fallback<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::gelu(x)
}

/// `gelu(a + b)` in one pass, as where the branches of a residual layer meet. Both inputs have the same gradient.
///
/// On the kernels the sum is not stored, only the derivative there, and that only if an input is tracked.
///
/// # Shapes
/// - `a`, `b`: any, the same
/// - output: the same
///
/// # Panics
/// When the shapes differ.
pub fn add_gelu<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    let (shape, other) = (a.dims(), b.dims());
    assert_eq!(
        shape, other,
        "add_gelu: expected summands of the same shape, got {shape:?} and {other:?}"
    );
    apply(AddGelu, (a, b), |_, (a, b)| add_gelu_fallback(a, b))
}

/// [`add_gelu`] in Burn's operations.
pub fn add_gelu_fallback<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    activation::gelu(a + b)
}

#[derive(Clone, Debug)]
struct Gelu;

/// Saved is the input.
impl KernelOperation<1, 1> for Gelu {
    const INPUTS: Names = &["input"];
    type Saved = Option<FlexTensor>;

    fn forward(&self, [x]: Tensors<1>, [tracked]: [bool; 1]) -> Forward<Self::Saved, 1> {
        let x = Contiguous::new(x);
        let y = filled!(x, &x.shape(), |y| kernels::gelu(x.slice(), y));
        Forward::new([y], tracked.then_some(x.0))
    }

    fn adjoint(self, saved: Self::Saved, [grad]: Tensors<1>, _: [bool; 1]) -> Gradients<1> {
        let grad = Contiguous::new(grad);
        [saved.map(Contiguous::new).map(|x| {
            filled!(x, &x.shape(), |gx| {
                kernels::gelu_adjoint(x.slice(), grad.slice(), gx);
            })
        })]
    }
}

#[derive(Clone, Debug)]
struct AddGelu;

/// Saved is the derivative at the sum.
impl KernelOperation<2, 1> for AddGelu {
    const INPUTS: Names = &["first summand", "second summand"];
    type Saved = Option<FlexTensor>;

    fn forward(&self, inputs: Tensors<2>, tracked: [bool; 2]) -> Forward<Self::Saved, 1> {
        let shape = inputs[0].shape();
        let [a, b] = inputs.map(Contiguous::new);
        with_dtype!(a, E => {
            let (a, b) = (a.slice::<E>(), b.slice::<E>());
            let mut derivative = None;
            let y = new_tensor::<E>(&shape, |y| match tracked.contains(&true) {
                true => {
                    derivative = Some(new_tensor::<E>(&shape, |derivative| {
                        kernels::add_gelu(a, b, y, Some(derivative));
                    }));
                }
                false => kernels::add_gelu(a, b, y, None),
            });
            Forward::new([y], derivative)
        })
    }

    fn adjoint(self, saved: Self::Saved, [grad]: Tensors<1>, tracked: [bool; 2]) -> Gradients<2> {
        let grad = Contiguous::new(grad);
        let gradient = saved.map(Contiguous::new).map(|derivative| {
            filled!(derivative, &derivative.shape(), |g| {
                kernels::scale_gradient(derivative.slice(), grad.slice(), g);
            })
        });
        tracked.map(|tracked| gradient.clone().filter(|_| tracked))
    }
}
