//! Between images and their full spectra, at the cost of a half-spectrum.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use spectral_kernels::{BinWeight, Direction, HermitianSpectra};

use super::fallback;
use super::planes::{ContiguousPlanes, Planes, filled_planes};
use super::spec::{Axes, ComplexTransform, RealTransform};
use super::transform::{irfft_planes, rfft_planes};
use crate::ComplexTensor;
use fused_layers::operation::{Forward, Gradients, KernelOperation, Names, Tensors, apply};

/// Full spectrum of a real image, `X = scale·DFT(x)`: the half that a real transform gives, and the mirror images of the
/// rest.
///
/// # Shapes
/// - input: `[…, height, width]`; output the same
pub fn fft2_of_real<const D: usize>(image: Tensor<D>, scale: f64) -> ComplexTensor<D> {
    apply(OfReal { scale }, image, |_, image| {
        of_real_fallback(image, scale)
    })
}

/// Real part of the image of a full spectrum, `x = scale·Re DFT⁻¹(X)` without the factor 1/N: the real transform of the
/// spectrum's Hermitian part.
///
/// # Shapes
/// - input: `[…, height, width]`; output the same
pub fn real_of_ifft2<const D: usize>(spectrum: ComplexTensor<D>, scale: f64) -> Tensor<D> {
    apply(RealOf { scale }, spectrum, |_, spectrum| {
        real_of_fallback(spectrum, scale)
    })
}

/// [`fft2_of_real`] as a complex transform.
fn of_real_fallback<const D: usize>(image: Tensor<D>, scale: f64) -> ComplexTensor<D> {
    let zeros = image.zeros_like();
    let transform = ComplexTransform {
        axes: Axes::Last(2),
        direction: Direction::Forward,
        scale,
    };
    fallback::fft(ComplexTensor::new(image, zeros), transform)
}

/// [`real_of_ifft2`] as a complex transform.
fn real_of_fallback<const D: usize>(spectrum: ComplexTensor<D>, scale: f64) -> Tensor<D> {
    let transform = ComplexTransform {
        axes: Axes::Last(2),
        direction: Direction::Inverse,
        scale,
    };
    fallback::fft(spectrum, transform).re
}

/// The transform of an image of that shape.
fn transform(shape: &Shape, scale: f64) -> RealTransform {
    RealTransform::new(Axes::Last(2), shape[shape.num_dims() - 1], scale)
}

fn spectra(shape: &Shape) -> HermitianSpectra {
    let (count, size) = shape[..].split_at(shape.num_dims() - 2);
    HermitianSpectra {
        count: count.iter().product(),
        size: [size[0], size[1]],
    }
}

/// [`HermitianSpectra::symmetrize`].
fn symmetrize(spectrum: Planes, factor: f64) -> Planes {
    let shape = spectrum[0].shape();
    let half = transform(&shape, 1.0).spectrum_shape(&shape);
    let spectrum = ContiguousPlanes::new(spectrum);
    filled_planes!(spectrum, E, &half, |out| {
        spectra(&shape).symmetrize(factor as E, spectrum.planar(), out);
    })
}

/// [`HermitianSpectra::complete`] of the half-spectra of images of that shape.
fn complete(half: Planes, shape: &Shape, factor: f64) -> Planes {
    let half = ContiguousPlanes::new(half);
    filled_planes!(half, E, shape, |out| {
        spectra(shape).complete(factor as E, half.planar(), out);
    })
}

#[derive(Clone, Debug)]
struct OfReal {
    scale: f64,
}

impl KernelOperation<1, 2> for OfReal {
    const INPUTS: Names = &["image"];
    type Saved = ();

    fn forward(&self, [image]: Tensors<1>, _: [bool; 1]) -> Forward<(), 2> {
        let shape = image.shape();
        let half = rfft_planes(image, transform(&shape, self.scale));
        Forward::new(complete(half, &shape, 1.0), ())
    }

    fn adjoint(self, _: (), grad: Planes, _: [bool; 1]) -> Gradients<1> {
        let transform = transform(&grad[0].shape(), self.scale).with_weight(BinWeight::Halve);
        [Some(irfft_planes(symmetrize(grad, 1.0), transform))]
    }
}

#[derive(Clone, Debug)]
struct RealOf {
    scale: f64,
}

impl KernelOperation<2, 1> for RealOf {
    const INPUTS: Names = &["real part", "imaginary part"];
    type Saved = ();

    fn forward(&self, spectrum: Planes, _: [bool; 2]) -> Forward<(), 1> {
        let transform = transform(&spectrum[0].shape(), self.scale);
        Forward::new([irfft_planes(symmetrize(spectrum, 0.5), transform)], ())
    }

    fn adjoint(self, _: (), [grad]: Tensors<1>, _: [bool; 2]) -> Gradients<2> {
        let shape = grad.shape();
        let transform = transform(&shape, self.scale).with_weight(BinWeight::Double);
        complete(rfft_planes(grad, transform), &shape, 0.5).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Distribution};

    const SIZES: [[usize; 2]; 8] = [
        [1, 1],
        [1, 6],
        [7, 1],
        [4, 4],
        [5, 7],
        [28, 28],
        [13, 8],
        [2, 2],
    ];

    fn random(dims: [usize; 4], device: &Device) -> Tensor<4> {
        Tensor::random(dims, Distribution::Uniform(-1.0, 1.0), (device, DType::F64))
    }

    fn largest(tensor: Tensor<4>) -> f64 {
        tensor.abs().max().into_scalar::<f64>()
    }

    #[test]
    fn both_agree_with_complex_transforms_as_do_their_gradients() {
        let device = Device::flex().autodiff();
        for [height, width] in SIZES {
            for [batch, channels] in [[1, 1], [3, 2]] {
                let dims = [batch, channels, height, width];
                let draw = || random(dims, &device).require_grad();
                let (image, weights) = (draw(), [draw(), draw()]);
                let value = |spectrum: ComplexTensor<4>| {
                    (spectrum.re * weights[0].clone() + spectrum.im * weights[1].clone()).sum()
                };
                let ours = fft2_of_real(image.clone(), 0.7);
                let theirs = of_real_fallback(image.clone(), 0.7);
                assert!(
                    largest(ours.re.clone() - theirs.re.clone()) < 1e-10,
                    "{dims:?}"
                );
                assert!(
                    largest(ours.im.clone() - theirs.im.clone()) < 1e-10,
                    "{dims:?}"
                );
                let [ours, theirs] =
                    [ours, theirs].map(|spectrum| image.grad(&value(spectrum).backward()).unwrap());
                assert!(largest(ours - theirs) < 1e-10, "{dims:?}");

                let spectrum = || ComplexTensor::new(weights[0].clone(), weights[1].clone());
                let (ours, theirs) = (
                    real_of_ifft2(spectrum(), 0.3),
                    real_of_fallback(spectrum(), 0.3),
                );
                assert!(largest(ours.clone() - theirs.clone()) < 1e-10, "{dims:?}");
                let [ours, theirs] =
                    [ours, theirs].map(|output| (output * image.clone()).sum().backward());
                for part in &weights {
                    // Of one sample the imaginary part does not count.
                    let of = |gradients| {
                        part.grad(gradients)
                            .unwrap_or_else(|| part.zeros_like().inner())
                    };
                    assert!(largest(of(&ours) - of(&theirs)) < 1e-10, "{dims:?}");
                }
            }
        }
    }
}
