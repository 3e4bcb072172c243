//! Between images and their full spectra, at the cost of a half-spectrum.

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
use spectral_kernels::{BinWeight, Direction, HermitianSpectra};

use crate::ComplexTensor;

use super::autodiff::{Adjoint, record_two};
use super::backend::{Planes, SpectralPrimitives};
use super::flex::{filled_planes, planar, planes, with_dtype};
use super::spec::{Axes, ComplexTransform, RealTransform};
use super::{Half, has_kernels, portable as transforms};

/// Full spectrum of a real image, `X = scale·DFT(x)`: the half that a real transform gives, and the mirror images of the
/// rest.
///
/// # Shapes
/// - input: `[…, height, width]`; output the same
pub fn fft2_of_real<const D: usize>(image: Tensor<D>, scale: f64) -> ComplexTensor<D> {
    if let Some(half) = Half::of(&image) {
        return half.round_parts(fft2_of_real(half.widen(image), scale));
    }
    if !has_kernels(&image) {
        return portable_of_real(image, scale);
    }
    let (re, im) =
        <Dispatch as FullSpectrumOps>::spectral_fft2_of_real(image.into_dispatch(), scale);
    ComplexTensor::new(Tensor::from_dispatch(re), Tensor::from_dispatch(im))
}

/// Real part of the image of a full spectrum, `x = scale·Re DFT⁻¹(X)` without the factor 1/N: the real transform of the
/// spectrum's Hermitian part.
///
/// # Shapes
/// - input: `[…, height, width]`; output the same
pub fn real_of_ifft2<const D: usize>(spectrum: ComplexTensor<D>, scale: f64) -> Tensor<D> {
    if let Some(half) = Half::of(&spectrum.re) {
        return half.round(real_of_ifft2(half.widen_parts(spectrum), scale));
    }
    if !has_kernels(&spectrum.re) {
        return portable_real_of(spectrum, scale);
    }
    Tensor::from_dispatch(<Dispatch as FullSpectrumOps>::spectral_real_of_ifft2(
        spectrum.re.into_dispatch(),
        spectrum.im.into_dispatch(),
        scale,
    ))
}

/// [`fft2_of_real`] as a complex transform.
pub fn portable_of_real<const D: usize>(image: Tensor<D>, scale: f64) -> ComplexTensor<D> {
    let zeros = image.zeros_like();
    let transform = ComplexTransform {
        axes: Axes::Last(2),
        direction: Direction::Forward,
        scale,
    };
    transforms::fft(ComplexTensor::new(image, zeros), transform)
}

/// [`real_of_ifft2`] as a complex transform.
pub fn portable_real_of<const D: usize>(spectrum: ComplexTensor<D>, scale: f64) -> Tensor<D> {
    let transform = ComplexTransform {
        axes: Axes::Last(2),
        direction: Direction::Inverse,
        scale,
    };
    transforms::fft(spectrum, transform).re
}

/// The transform of an image of that shape.
fn transform(shape: &Shape, scale: f64) -> RealTransform {
    RealTransform::new(Axes::Last(2), shape[shape.num_dims() - 1], scale)
}

/// The maps between full and half-spectra, without differentiation.
pub trait FullSpectrumPrimitives: SpectralPrimitives {
    /// [`HermitianSpectra::symmetrize`].
    fn prim_symmetrize(spectrum: Planes<Self>, factor: f64) -> Planes<Self>;

    /// [`HermitianSpectra::complete`] of the half-spectra of images of that shape.
    fn prim_complete(half: Planes<Self>, shape: &Shape, factor: f64) -> Planes<Self>;
}

fn spectra(shape: &Shape) -> HermitianSpectra {
    let (count, size) = shape[..].split_at(shape.num_dims() - 2);
    HermitianSpectra {
        count: count.iter().product(),
        size: [size[0], size[1]],
    }
}

impl FullSpectrumPrimitives for Flex {
    fn prim_symmetrize(spectrum: Planes<Flex>, factor: f64) -> Planes<Flex> {
        let shape = spectrum.0.shape();
        let half = transform(&shape, 1.0).spectrum_shape(&shape);
        let spectrum = planes(spectrum);
        with_dtype!(spectrum[0].0, E => filled_planes::<E>(&half, |out| {
            spectra(&shape).symmetrize(factor as E, planar(&spectrum), out);
        }))
    }

    fn prim_complete(half: Planes<Flex>, shape: &Shape, factor: f64) -> Planes<Flex> {
        let half = planes(half);
        with_dtype!(half[0].0, E => filled_planes::<E>(shape, |out| {
            spectra(shape).complete(factor as E, planar(&half), out);
        }))
    }
}

/// The operations that Burn dispatches by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait FullSpectrumOps: Backend {
    /// Full spectrum of a real image.
    fn spectral_fft2_of_real(
        image: FloatTensor<Self>,
        scale: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Real part of the image of a full spectrum.
    fn spectral_real_of_ifft2(
        re: FloatTensor<Self>,
        im: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self>;
}

fn forward<B: FullSpectrumPrimitives>(image: FloatTensor<B>, scale: f64) -> Planes<B> {
    let shape = image.shape();
    let half = B::prim_rfft(image, transform(&shape, scale));
    B::prim_complete(half, &shape, 1.0)
}

fn inverse<B: FullSpectrumPrimitives>(spectrum: Planes<B>, scale: f64) -> FloatTensor<B> {
    let transform = transform(&spectrum.0.shape(), scale);
    B::prim_irfft(B::prim_symmetrize(spectrum, 0.5), transform)
}

impl FullSpectrumOps for Flex {
    fn spectral_fft2_of_real(image: FlexTensor, scale: f64) -> (FlexTensor, FlexTensor) {
        forward::<Flex>(image, scale)
    }

    fn spectral_real_of_ifft2(re: FlexTensor, im: FlexTensor, scale: f64) -> FlexTensor {
        inverse::<Flex>((re, im), scale)
    }
}

/// Adjoint of [`forward`].
#[derive(Clone, Debug)]
struct OfReal(f64);

impl<B: FullSpectrumPrimitives> Adjoint<B, 1> for OfReal {
    fn pull_back(self, grad: Planes<B>) -> [Option<FloatTensor<B>>; 1] {
        let transform = transform(&grad.0.shape(), self.0).with_weight(BinWeight::Halve);
        let half = B::prim_symmetrize(grad, 1.0);
        [Some(B::prim_irfft(half, transform))]
    }
}

#[derive(Debug)]
struct RealOf;

impl<B: FullSpectrumPrimitives> Backward<B, 2> for RealOf {
    type State = f64;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let shape = grad.shape();
        let transform = transform(&shape, ops.state).with_weight(BinWeight::Double);
        let half = B::prim_rfft(grad, transform);
        let (re, im) = B::prim_complete(half, &shape, 0.5);
        for (node, grad) in ops.parents.into_iter().zip([re, im]) {
            if let Some(node) = node {
                grads.register::<B>(node.id, grad);
            }
        }
    }
}

impl<B: FullSpectrumPrimitives, C: CheckpointStrategy> FullSpectrumOps for Autodiff<B, C> {
    fn spectral_fft2_of_real(
        image: FloatTensor<Self>,
        scale: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (image, node) = image.into_parts();
        let output = forward::<B>(image, scale);
        record_two::<B, C, _, 1>([node], OfReal(scale), output)
    }

    fn spectral_real_of_ifft2(
        re: FloatTensor<Self>,
        im: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self> {
        let ((re, re_node), (im, im_node)) = (re.into_parts(), im.into_parts());
        let output = inverse::<B>((re, im), scale);
        match RealOf
            .prepare::<C>([re_node, im_node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(scale, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
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
                let theirs = portable_of_real(image.clone(), 0.7);
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
                    portable_real_of(spectrum(), 0.3),
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
