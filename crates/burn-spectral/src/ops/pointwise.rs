//! Channels mixed by the same real weights at every sample, as one operation.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::flex::FlexTensor;
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::{Shape, Tensor};
use spectral_kernels::Pointwise;

use super::flex::{Contiguous, with_dtype};
use super::{Half, buffer, check_dtypes, has_kernels, portable};

/// A pointwise convolution of `[batch, channels, spatial…]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointwiseSpec {
    groups: usize,
    /// Whether the signal is first reversed circularly on every spatial axis.
    reversed: bool,
}

impl PointwiseSpec {
    fn kernel<'a>(&self, signal: &'a Shape, weight: &Shape) -> Pointwise<'a> {
        Pointwise {
            batch: signal[0],
            groups: self.groups,
            in_per_group: weight[1],
            out_per_group: weight[0] / self.groups,
            sizes: &signal[2..],
            reversed: self.reversed,
        }
    }
}

/// Mixes channels by one real weight at every sample, `y[b,o,n] = Σ_i w[o,i]·x[b,i,n]`: what a
/// spectral convolution comes to whose response is the same at every frequency. Reversed, it takes
/// `x[b,i,−n mod N]`: the input's spectrum conjugated.
///
/// # Shapes
/// - `x`: `[batch, channels_in, spatial…]`
/// - `weight`: `[channels_out, channels_in / groups]`
/// - output: `[batch, channels_out, spatial…]`
pub fn mix_constant<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    groups: usize,
    reversed: bool,
) -> Tensor<D> {
    check_dtypes(x.dtype(), weight.dtype());
    if let Some(half) = Half::of(&x) {
        let y = mix_constant(half.widen(x), half.widen(weight), groups, reversed);
        return half.round(y);
    }
    if !has_kernels(&x) {
        return portable::mix_constant(x, weight, groups, reversed);
    }
    let spec = PointwiseSpec { groups, reversed };
    Tensor::from_dispatch(<Dispatch as PointwiseOps>::spectral_pointwise(
        x.into_dispatch(),
        weight.into_dispatch(),
        spec,
    ))
}

/// The operation and its adjoints without differentiation.
pub trait PointwisePrimitives: Backend {
    /// The output.
    fn prim_pointwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        spec: PointwiseSpec,
    ) -> FloatTensor<Self>;

    /// The gradient for the input.
    fn prim_pointwise_input(
        grad: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        spec: PointwiseSpec,
    ) -> FloatTensor<Self>;

    /// The gradient for the weight, whose shape is `[channels_out, channels_in / groups]`.
    fn prim_pointwise_weight(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        spec: PointwiseSpec,
    ) -> FloatTensor<Self>;
}

/// The operation as Burn dispatches it by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait PointwiseOps: Backend {
    /// A pointwise convolution.
    fn spectral_pointwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        spec: PointwiseSpec,
    ) -> FloatTensor<Self>;
}

impl PointwisePrimitives for Flex {
    fn prim_pointwise(x: FlexTensor, weight: FlexTensor, spec: PointwiseSpec) -> FlexTensor {
        let (signal, mut shape) = (x.shape(), x.shape());
        let kernel = spec.kernel(&signal, &weight.shape());
        shape[1] = weight.shape()[0];
        let (x, weight) = (Contiguous::new(x), Contiguous::new(weight));
        with_dtype!(x.0, E => {
            let mut out = buffer::take::<E>(shape.num_elements());
            kernel.forward(x.slice::<E>(), weight.slice::<E>(), &mut out);
            buffer::into_tensor(out, &shape)
        })
    }

    fn prim_pointwise_input(
        grad: FlexTensor,
        weight: FlexTensor,
        spec: PointwiseSpec,
    ) -> FlexTensor {
        let (signal, mut shape) = (grad.shape(), grad.shape());
        let kernel = spec.kernel(&signal, &weight.shape());
        shape[1] = weight.shape()[1] * spec.groups;
        let (grad, weight) = (Contiguous::new(grad), Contiguous::new(weight));
        with_dtype!(grad.0, E => {
            let mut out = buffer::take::<E>(shape.num_elements());
            kernel.adjoint_input(grad.slice::<E>(), weight.slice::<E>(), &mut out);
            buffer::into_tensor(out, &shape)
        })
    }

    fn prim_pointwise_weight(x: FlexTensor, grad: FlexTensor, spec: PointwiseSpec) -> FlexTensor {
        let signal = x.shape();
        let shape = Shape::new([grad.shape()[1], signal[1] / spec.groups]);
        let kernel = spec.kernel(&signal, &shape);
        let (x, grad) = (Contiguous::new(x), Contiguous::new(grad));
        with_dtype!(x.0, E => {
            let mut out = buffer::take::<E>(shape.num_elements());
            kernel.adjoint_weight(x.slice::<E>(), grad.slice::<E>(), &mut out);
            buffer::into_tensor(out, &shape)
        })
    }
}

impl PointwiseOps for Flex {
    fn spectral_pointwise(x: FlexTensor, weight: FlexTensor, spec: PointwiseSpec) -> FlexTensor {
        Self::prim_pointwise(x, weight, spec)
    }
}

/// Each factor, kept for the gradient of the other if that one is learned.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    x: Option<FloatTensor<B>>,
    weight: Option<FloatTensor<B>>,
    spec: PointwiseSpec,
}

#[derive(Debug)]
struct Step;

impl<B: PointwisePrimitives> Backward<B, 2> for Step {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let State { x, weight, spec } = ops.state;
        let [x_node, weight_node] = ops.parents;
        if let (Some(node), Some(x)) = (weight_node, x) {
            let gradient = B::prim_pointwise_weight(x, grad.clone(), spec);
            grads.register::<B>(node.id, gradient);
        }
        if let (Some(node), Some(weight)) = (x_node, weight) {
            grads.register::<B>(node.id, B::prim_pointwise_input(grad, weight, spec));
        }
    }
}

impl<B: PointwisePrimitives, C: CheckpointStrategy> PointwiseOps for Autodiff<B, C> {
    fn spectral_pointwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        spec: PointwiseSpec,
    ) -> FloatTensor<Self> {
        let learns = [&x, &weight].map(|tensor| tensor.is_tracked());
        let ((x, x_node), (weight, weight_node)) = (x.into_parts(), weight.into_parts());
        let output = B::prim_pointwise(x.clone(), weight.clone(), spec);
        match Step
            .prepare::<C>([x_node, weight_node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let state = State {
                    x: learns[1].then_some(x),
                    weight: learns[0].then_some(weight),
                    spec,
                };
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Distribution};

    /// Output and gradients for a random cotangent.
    fn all(mix: impl Fn(Tensor<4>, Tensor<2>) -> Tensor<4>, leaves: &Leaves) -> [Vec<f64>; 3] {
        let (x, weight) = (
            leaves.x.clone().require_grad(),
            leaves.weight.clone().require_grad(),
        );
        let y = mix(x.clone(), weight.clone());
        let gradients = (y.clone() * leaves.cotangent.clone()).sum().backward();
        let values = |data: burn::tensor::TensorData| data.try_into_vec::<f64>().unwrap();
        [
            values(y.inner().into_data()),
            values(x.grad(&gradients).unwrap().into_data()),
            values(weight.grad(&gradients).unwrap().into_data()),
        ]
    }

    struct Leaves {
        x: Tensor<4>,
        weight: Tensor<2>,
        cotangent: Tensor<4>,
    }

    #[test]
    fn kernels_agree_with_tensor_ops() {
        let device = Device::flex().autodiff();
        let random = |shape: [usize; 4]| {
            Tensor::<4>::random(shape, Distribution::Default, (&device, DType::F64))
        };
        for (groups, [inputs, outputs], [height, width]) in [
            (1, [16, 32], [7, 7]),
            (3, [6, 3], [5, 4]),
            (1, [1, 1], [1, 13]),
        ] {
            for reversed in [false, true] {
                let leaves = Leaves {
                    x: random([3, inputs, height, width]),
                    weight: random([1, 1, outputs, inputs / groups])
                        .reshape([outputs, inputs / groups]),
                    cotangent: random([3, outputs, height, width]),
                };
                let kernels = all(|x, w| mix_constant(x, w, groups, reversed), &leaves);
                let tensor_ops = all(
                    |x, w| portable::mix_constant(x, w, groups, reversed),
                    &leaves,
                );
                for (got, expected) in kernels.iter().flatten().zip(tensor_ops.iter().flatten()) {
                    assert!((got - expected).abs() < 1e-12, "{got} {expected}");
                }
            }
        }
    }

    #[test]
    fn only_what_is_learned_gets_a_gradient() {
        let device = Device::flex().autodiff();
        let x = Tensor::<4>::ones([2, 3, 4, 4], &device);
        let weight = Tensor::<2>::ones([5, 3], &device).require_grad();
        let gradients = mix_constant(x.clone(), weight.clone(), 1, true)
            .sum()
            .backward();
        assert_eq!(
            weight.grad(&gradients).unwrap().sum().into_scalar::<f32>(),
            480.0
        );
        assert!(x.grad(&gradients).is_none());
    }
}
