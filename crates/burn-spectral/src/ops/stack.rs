//! A stack of layers that each filter the sum of the one before, rectified, as one operation.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use spectral_kernels::{DenseGradients, DenseHead};

use super::fallback;
use super::planes::{ContiguousPlanes, PlanesBuffer, parts};
use super::spec::StackSpec;
use crate::ComplexTensor;
use fused_layers::operation::flex::{Contiguous, filled, with_dtype};
use fused_layers::operation::{
    Forward, Gradients, KernelOperation, Names, Tensors, apply, buffer, first,
};

/// The last layer of a stack in the manner of Wood and Larson (2021), every layer of which filters
/// the sum of its inputs and rectifies: with `ρ(z) = relu(re z) + i·relu(im z)`,
/// `S_l = Σ_o ρ(S_{l−1}·R_{l,o})` and `Y_o = ρ(S_{L−1}·R_{L,o})`.
///
/// Only one complex number per frequency passes from layer to layer, and no frequency meets another.
/// On the kernels the layers between are neither stored nor read: the adjoint computes them again.
///
/// # Shapes
/// - `s`: `[batch, 1, bins…]`, the sum of the input's channels
/// - `responses`: `[Σ filters, 1, bins…]`, those of all layers, first layer first
/// - output: `[batch, 2·filters, bins…]`, the real parts of the last layer's channels, then their
///   imaginary parts: the order of [`FlattenSpectrum`](crate::frequency::FlattenSpectrum)
pub fn rectified_stack<const D: usize>(
    s: ComplexTensor<D>,
    responses: ComplexTensor<D>,
    stack: StackSpec,
) -> Tensor<D> {
    apply::<4, 1, _, _, _>(stack, (s, responses), |stack, (s, responses)| {
        fallback::rectified_stack(s, responses, &stack)
    })
}

/// The product of the flattened output of [`rectified_stack`] with the weights of a dense head. On
/// the kernels that output is not stored either.
///
/// # Shapes
/// - `s`, `responses`: as for [`rectified_stack`]
/// - `weight`: `[2·filters·bins, units]`
/// - output: `[batch, units]`
pub fn rectified_stack_dense<const D: usize>(
    s: ComplexTensor<D>,
    responses: ComplexTensor<D>,
    weight: Tensor<2>,
    stack: StackSpec,
) -> Tensor<2> {
    let arguments = (s, responses, weight);
    apply::<5, 1, _, _, _>(stack, arguments, |stack, (s, responses, weight)| {
        fallback::rectified_stack_dense(s, responses, weight, &stack)
    })
}

/// The inputs are the spectrum, the responses and, if there are five, the weight of the head. Saved are all of them: the
/// adjoint computes the layers again.
impl<const I: usize> KernelOperation<I, 1> for StackSpec {
    const INPUTS: Names = &["input", "input", "responses", "responses", "weight"];
    type Saved = Tensors<I>;

    fn forward(&self, inputs: Tensors<I>, _: [bool; I]) -> Forward<Self::Saved, 1> {
        let shapes = inputs.each_ref().map(|input| input.shape());
        let (kernel, saved) = (self.kernel(&shapes[0]), inputs.clone());
        let (s, responses, weight) = take_apart(inputs);
        let y = match weight {
            Some(weight) => {
                let units = shapes[4][1];
                filled!(s, &Shape::new([shapes[0][0], units]), |sums| {
                    let head = DenseHead {
                        units,
                        weight: weight.slice(),
                    };
                    kernel.forward_dense(s.planar(), responses.planar(), &head, sums);
                })
            }
            None => {
                let mut shape = shapes[0].clone();
                shape[1] = 2 * self.outputs();
                filled!(s, &shape, |out| {
                    kernel.forward(s.planar(), responses.planar(), out);
                })
            }
        };
        Forward::new([y], saved)
    }

    fn adjoint(self, saved: Self::Saved, [grad]: Tensors<1>, tracked: [bool; I]) -> Gradients<I> {
        let shapes = saved.each_ref().map(|input| input.shape());
        let (s, responses, weight) = take_apart(saved);
        let (kernel, grad) = (self.kernel(&shapes[0]), Contiguous::new(grad));
        with_dtype!(s, E => {
            let mut gs = (tracked[0] || tracked[1]).then(|| PlanesBuffer::<E>::new(&shapes[0]));
            let mut gr = PlanesBuffer::<E>::new(&shapes[2]);
            let (s, responses, grad) = (s.planar(), responses.planar(), grad.slice());
            let into = gs.as_mut().map(PlanesBuffer::planar_mut);
            let gw = match &weight {
                Some(weight) => {
                    let head = DenseHead { units: shapes[4][1], weight: weight.slice() };
                    let mut gw = buffer::take::<E>(shapes[4].num_elements());
                    let gradients = DenseGradients { sums: grad, weight: &mut gw };
                    kernel.adjoint_dense(s, responses, &head, gradients, into, gr.planar_mut());
                    Some(buffer::into_tensor(gw, &shapes[4]))
                }
                None => {
                    kernel.adjoint(s, responses, grad, into, gr.planar_mut());
                    None
                }
            };
            let [s_re, s_im] = parts(gs.map(|gs| gs.into_planes(&shapes[0])));
            let [r_re, r_im] = gr.into_planes(&shapes[2]).map(Some);
            first([s_re, s_im, r_re, r_im, gw])
        })
    }
}

/// The spectrum, the responses and the weight of the head.
fn take_apart<const I: usize>(
    inputs: Tensors<I>,
) -> (ContiguousPlanes, ContiguousPlanes, Option<Contiguous>) {
    let mut inputs = inputs.into_iter();
    let [s, responses] = core::array::from_fn(|_| {
        let part = |_| inputs.next().expect("four parts");
        ContiguousPlanes::new(core::array::from_fn(part))
    });
    (s, responses, inputs.next().map(Contiguous::new))
}
