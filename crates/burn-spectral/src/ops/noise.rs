//! Multiplicative normal noise, as one operation that keeps none of it.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind, unary},
};
use burn::backend::flex::FlexTensor;
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::{Distribution, Tensor};
use spectral_kernels::NormalNoise;

use super::buffer;
use super::flex::{Contiguous, with_dtype};
use super::has_kernels;

/// `y = x·(1 + deviation·n)`, every number with a standard normal `n` of its own.
///
/// Differentiable by `x`; what is drawn counts as a constant. It follows from Burn's random state: on the kernels a seed is
/// drawn from it, and the noise is made again for the gradient.
///
/// # Shapes
/// - input and output: any
pub fn normal_noise<const D: usize>(x: Tensor<D>, deviation: f64) -> Tensor<D> {
    if !has_kernels(&x) {
        let noise = x.random_like(Distribution::Normal(1.0, deviation));
        return x * noise;
    }
    let noise = NormalNoise {
        seed: seed(&x),
        deviation,
    };
    Tensor::from_dispatch(<Dispatch as NoiseOps>::spectral_normal_noise(
        x.into_dispatch(),
        noise,
    ))
}

/// Sixty-four bits from Burn's random state.
fn seed<const D: usize>(like: &Tensor<D>) -> u64 {
    let parts = Tensor::<1>::random([4], Distribution::Uniform(0.0, 1.0), &like.device().inner());
    parts.into_data().iter::<f64>().fold(0, |seed: u64, part| {
        (seed << 16) ^ (part * f64::from(1 << 24)) as u64
    })
}

/// The operation, without differentiation; its own adjoint.
pub trait NoisePrimitives: Backend {
    /// The product.
    fn prim_normal_noise(x: FloatTensor<Self>, noise: NormalNoise) -> FloatTensor<Self>;
}

/// The operation that Burn dispatches by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait NoiseOps: Backend {
    /// The product.
    fn spectral_normal_noise(x: FloatTensor<Self>, noise: NormalNoise) -> FloatTensor<Self>;
}

impl NoisePrimitives for Flex {
    fn prim_normal_noise(x: FlexTensor, noise: NormalNoise) -> FlexTensor {
        let shape = x.shape();
        let x = Contiguous::new(x);
        with_dtype!(x.0, E => {
            let mut y = buffer::take::<E>(shape.num_elements());
            noise.multiply(x.slice::<E>(), &mut y);
            buffer::into_tensor(y, &shape)
        })
    }
}

impl NoiseOps for Flex {
    fn spectral_normal_noise(x: FlexTensor, noise: NormalNoise) -> FlexTensor {
        Self::prim_normal_noise(x, noise)
    }
}

#[derive(Debug)]
struct Multiplied;

impl<B: NoisePrimitives> Backward<B, 1> for Multiplied {
    type State = NormalNoise;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            B::prim_normal_noise(grad, ops.state)
        });
    }
}

impl<B: NoisePrimitives, C: CheckpointStrategy> NoiseOps for Autodiff<B, C> {
    fn spectral_normal_noise(x: FloatTensor<Self>, noise: NormalNoise) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let output = B::prim_normal_noise(x, noise);
        match Multiplied.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(noise, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    #[test]
    fn the_gradient_is_the_noise_of_the_forward_pass() {
        let device = Device::flex().autodiff();
        for dtype in [DType::F32, DType::F64] {
            let x = Tensor::<3>::ones([3, 5, 701], (&device, dtype)).require_grad();
            let y = normal_noise(x.clone(), 0.25);
            let gradients = y.clone().sum().backward();
            let slope = x.grad(&gradients).unwrap();
            let difference = (slope - y.clone().inner()).abs().max();
            assert_eq!(difference.into_scalar::<f64>(), 0.0);
            let other = normal_noise(x, 0.25);
            assert!((y - other).abs().max().into_scalar::<f64>() > 0.1);
        }
    }
}
