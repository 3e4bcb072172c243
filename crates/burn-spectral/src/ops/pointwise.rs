//! Channels mixed by the same real weights at every sample, as one operation.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use spectral_kernels::Pointwise;

use super::fallback;
use fused_layers::operation::flex::{Contiguous, filled};
use fused_layers::operation::{
    Factors, FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply,
};

/// A pointwise convolution of `[batch, channels, spatial…]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PointwiseSpec {
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
    let spec = PointwiseSpec { groups, reversed };
    apply(spec, (x, weight), |_, (x, weight)| {
        fallback::mix_constant(x, weight, groups, reversed)
    })
}

/// Saved are the factors and the shapes of both.
impl KernelOperation<2, 1> for PointwiseSpec {
    const INPUTS: Names = &["input", "weight"];
    type Saved = (Factors<FlexTensor>, [Shape; 2]);

    fn forward(&self, inputs: Tensors<2>, tracked: [bool; 2]) -> Forward<Self::Saved, 1> {
        let shapes = inputs.each_ref().map(|input| input.shape());
        let saved = Factors::of(&inputs[0], &inputs[1], tracked);
        let mut shape = shapes[0].clone();
        shape[1] = shapes[1][0];
        let [x, w] = inputs.map(Contiguous::new);
        let kernel = self.kernel(&shapes[0], &shapes[1]);
        let y = filled!(x, &shape, |out| kernel.forward(x.slice(), w.slice(), out));
        Forward::new([y], (saved, shapes))
    }

    fn adjoint(
        self,
        (factors, [signal, weight]): Self::Saved,
        [grad]: Tensors<1>,
        _: [bool; 2],
    ) -> Gradients<2> {
        let kernel = self.kernel(&signal, &weight);
        let grad = Contiguous::new(grad);
        let gw = factors.x.map(Contiguous::new).map(|x| {
            filled!(x, &weight, |out| {
                kernel.adjoint_weight(x.slice(), grad.slice(), out);
            })
        });
        let gx = factors.weight.map(Contiguous::new).map(|w| {
            filled!(w, &signal, |out| {
                kernel.adjoint_input(grad.slice(), w.slice(), out);
            })
        });
        [gx, gw]
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
                    |x, w| fallback::mix_constant(x, w, groups, reversed),
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
