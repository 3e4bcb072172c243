//! Differentiable operations on the CPU kernels: one trait, one registration.
//!
//! A [`KernelOperation`] says what it computes and what its adjoint computes, on the tensors of Burn's Flex backend.
//! [`apply`] does the rest, the same for all of them: it checks dtypes, runs in f32 what comes in half precision, takes
//! the fallback where there are no kernels, lets Burn dispatch, and records the backward step.
//!
//! # Design
//! Burn dispatches an extension by the method of a trait and fixes the number of a backward step's inputs in its type.
//! So there is one method (`KernelBackend::run`) and one backward step, both generic over
//! the operation and its numbers of inputs and outputs. Nothing is erased: an operation takes its inputs apart as an
//! array, and what it saves has a type of its own.
//!
//! Without the feature `autodiff` no backward step is recorded; without `flex`, Burn's CPU backend, every operation takes
//! its fallback, and [`FlexTensor`] is a type without values, so that operations compile as they are.
//!
//! # Example
//! ```
//! use burn::tensor::{Device, Tensor};
//! use fused_layers::operation::flex::{Contiguous, filled};
//! use fused_layers::operation::{
//!     FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply,
//! };
//!
//! /// Multiplies by a number.
//! #[derive(Clone, Debug)]
//! struct Scale(f32);
//!
//! impl Scale {
//!     fn run(&self, x: FlexTensor) -> FlexTensor {
//!         let x = Contiguous::new(x);
//!         filled!(x, E, &x.shape(), |y| {
//!             for (y, x) in y.iter_mut().zip(x.slice::<E>()) {
//!                 *y = x * E::from(self.0);
//!             }
//!         })
//!     }
//! }
//!
//! impl KernelOperation<1, 1> for Scale {
//!     const INPUTS: Names = &["input"];
//!     type Saved = ();
//!
//!     fn forward(&self, [x]: Tensors<1>, _: [bool; 1]) -> Forward<(), 1> {
//!         Forward::new([self.run(x)], ())
//!     }
//!
//!     fn adjoint(self, _: (), [grad]: Tensors<1>, _: [bool; 1]) -> Gradients<1> {
//!         [Some(self.run(grad))]
//!     }
//! }
//!
//! fn scale<const D: usize>(x: Tensor<D>, factor: f32) -> Tensor<D> {
//!     apply(Scale(factor), x, |_, x| x * factor)
//! }
//!
//! let x = Tensor::<1>::from_floats([1.0, 2.0], &Device::flex().autodiff()).require_grad();
//! let gradients = scale(x.clone(), 3.0).sum().backward();
//! assert_eq!(x.grad(&gradients).unwrap().sum().into_scalar::<f32>(), 6.0);
//! ```

#[cfg(not(feature = "flex"))]
mod absent;
mod apply;
#[cfg(all(feature = "flex", feature = "autodiff"))]
mod backward;
pub mod buffer;
mod empty;
pub mod flex;
mod group;
mod half;
#[cfg(feature = "flex")]
mod record;
#[cfg(test)]
mod tests;

use core::fmt::Debug;

use burn::tensor::Shape;

#[cfg(not(feature = "flex"))]
pub use absent::FlexTensor;
pub use apply::{apply, apply_optional, check_dtypes, has_kernels, is_cpu};
#[cfg(feature = "flex")]
pub use burn::backend::flex::FlexTensor;
pub use empty::{Empty, cat, narrow};
pub use group::TensorGroup;
pub use half::Half;

/// Tensors of the CPU backend.
pub type Tensors<const N: usize> = [FlexTensor; N];

/// Gradients of `N` inputs, of those that are tracked.
pub type Gradients<const N: usize> = [Option<FlexTensor>; N];

/// Names of inputs.
pub type Names = &'static [&'static str];

/// An operation on the CPU kernels with `I` inputs and `O` differentiable outputs, all f32 or all f64.
///
/// Both passes take their tensors by value: what is dropped early makes room for what comes next.
pub trait KernelOperation<const I: usize, const O: usize>: Clone + Debug + Send + 'static {
    /// Names of the inputs, for errors.
    const INPUTS: Names;

    /// What the forward pass keeps for the adjoint. An input belongs here only where another input whose gradient needs
    /// it is tracked.
    type Saved: Clone + Debug + Send + 'static;

    /// Whether the kernels serve a first input of this shape; the fallback serves all others.
    fn has_kernel(&self, _first: &Shape) -> bool {
        true
    }

    /// The outputs. `tracked` says which inputs a gradient may be asked for; none without autodiff.
    fn forward(&self, inputs: Tensors<I>, tracked: [bool; I]) -> Forward<Self::Saved, O>;

    /// Gradients of the inputs from those of the outputs. Called at most once, and only if an input is tracked;
    /// gradients of untracked inputs are ignored and should not be computed.
    fn adjoint(self, saved: Self::Saved, gradients: Tensors<O>, tracked: [bool; I])
    -> Gradients<I>;
}

/// The gradients of the first `I` inputs, for operations that take optional ones.
pub fn first<const I: usize>(
    gradients: impl IntoIterator<Item = Option<FlexTensor>>,
) -> Gradients<I> {
    let mut gradients = gradients.into_iter();
    core::array::from_fn(|_| gradients.next().flatten())
}

/// What a bilinear operation saves: each factor, if the other is tracked.
#[derive(Clone, Debug)]
pub struct Factors<X, W = X> {
    /// The input.
    pub x: Option<X>,
    /// The weight.
    pub weight: Option<W>,
}

impl<X: Clone, W: Clone> Factors<X, W> {
    /// Saves each factor, if the other is tracked.
    pub fn of(x: &X, weight: &W, [x_tracked, weight_tracked]: [bool; 2]) -> Self {
        Self {
            x: weight_tracked.then(|| x.clone()),
            weight: x_tracked.then(|| weight.clone()),
        }
    }
}

/// What a forward pass returns.
#[derive(Debug)]
pub struct Forward<S, const O: usize> {
    /// The differentiable outputs.
    pub outputs: [FlexTensor; O],
    /// Further outputs; see [`with_statistics`](Self::with_statistics).
    pub statistics: Vec<FlexTensor>,
    /// What is kept for the adjoint.
    pub saved: S,
}

impl<S, const O: usize> Forward<S, O> {
    /// The differentiable outputs, and what is kept for the adjoint.
    pub fn new(outputs: [FlexTensor; O], saved: S) -> Self {
        Self {
            outputs,
            statistics: Vec::new(),
            saved,
        }
    }

    /// Further outputs that are constants to the gradient, and stay in f32 where the others are rounded to half
    /// precision.
    pub fn with_statistics(self, statistics: Vec<FlexTensor>) -> Self {
        Self { statistics, ..self }
    }
}
