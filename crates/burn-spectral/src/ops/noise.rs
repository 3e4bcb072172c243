//! Multiplicative normal noise, as one operation that keeps none of it.

use burn::backend::TensorMetadata;
use burn::tensor::{Distribution, Tensor};
use spectral_kernels::NormalNoise;

use fused_layers::operation::flex::{Contiguous, filled};
use fused_layers::operation::{
    FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply, has_kernels,
};

/// `y = x·(1 + deviation·n)`, every number with a standard normal `n` of its own.
///
/// Differentiable by `x`; what is drawn counts as a constant. It follows from Burn's random state: on the kernels a seed is
/// drawn from it, and the noise is made again for the gradient.
///
/// # Shapes
/// - input and output: any
pub fn normal_noise<const D: usize>(x: Tensor<D>, deviation: f64) -> Tensor<D> {
    let fallback = |x: Tensor<D>| {
        let noise = x.random_like(Distribution::Normal(1.0, deviation));
        x * noise
    };
    if !has_kernels(&x) {
        return fallback(x);
    }
    let seed = seed(&x);
    let noise = Noise(NormalNoise { seed, deviation });
    apply(noise, x, |_, x| fallback(x))
}

/// Sixty-four bits from Burn's random state.
fn seed<const D: usize>(like: &Tensor<D>) -> u64 {
    let parts = Tensor::<1>::random([4], Distribution::Uniform(0.0, 1.0), &like.device().inner());
    parts.into_data().iter::<f64>().fold(0, |seed: u64, part| {
        (seed << 16) ^ (part * f64::from(1 << 24)) as u64
    })
}

/// Its own adjoint.
#[derive(Clone, Copy, Debug)]
struct Noise(NormalNoise);

impl Noise {
    fn multiply(self, x: FlexTensor) -> FlexTensor {
        let shape = x.shape();
        let x = Contiguous::new(x);
        filled!(x, &shape, |y| self.0.multiply(x.slice(), y))
    }
}

impl KernelOperation<1, 1> for Noise {
    const INPUTS: Names = &["input"];
    type Saved = ();

    fn forward(&self, [x]: Tensors<1>, _: [bool; 1]) -> Forward<(), 1> {
        Forward::new([self.multiply(x)], ())
    }

    fn adjoint(self, _: (), [grad]: Tensors<1>, _: [bool; 1]) -> Gradients<1> {
        [Some(self.multiply(grad))]
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
