//! The operation on Burn's Flex backend, over the kernels.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
use burn::tensor::Shape;
use spectral_kernels::{BinWeight, PrunedFft};

use super::super::backend::Planes;
use super::super::buffer::{self, Pooled};
use super::super::flex::{Contiguous, filled_planes, planar, planes, with_dtype};
use super::spec::Factor;
use super::{FftConvOps, FftConvPrimitives, FftConvSpec};

/// The two leading sizes.
fn leading(shape: &Shape) -> [usize; 2] {
    [shape[0], shape[1]]
}

/// Factor of the inverse transform.
fn inverse(conv: &FftConvSpec) -> f64 {
    1.0 / conv.points() as f64
}

/// Spectrum of a real tensor.
fn rfft(
    signal: FlexTensor,
    fft: &PrunedFft,
    shape: &Shape,
    scale: f64,
    weight: BinWeight,
) -> Planes<Flex> {
    let signal = Contiguous::new(signal);
    with_dtype!(signal.0, E => filled_planes::<E>(shape, |out| {
        let batch = shape[0] * shape[1];
        fft.rfftn(batch, scale as E, weight, signal.slice::<E>(), out);
    }))
}

/// Real tensor of a spectrum that `fill` writes.
fn irfft<E: Pooled + spectral_kernels::Scalar>(
    spectrum: Planes<Flex>,
    fft: &PrunedFft,
    shape: &Shape,
    scale: f64,
    weight: BinWeight,
) -> FlexTensor {
    let spectrum = planes(spectrum);
    let mut out = buffer::take::<E>(shape.num_elements());
    let batch = shape[0] * shape[1];
    let scale = <E as spectral_kernels::Scalar>::of(scale);
    fft.irfftn(batch, scale, weight, planar::<E>(&spectrum), &mut out);
    buffer::into_tensor(out, shape)
}

impl FftConvPrimitives for Flex {
    fn prim_fft_conv_spectrum(
        factor: FlexTensor,
        which: Factor,
        conv: &FftConvSpec,
    ) -> Planes<Flex> {
        let shape = conv.spectrum_shape(leading(&factor.shape()), which);
        rfft(factor, &conv.factor(which), &shape, 1.0, BinWeight::One)
    }

    fn prim_fft_conv(x: Planes<Flex>, weight: Planes<Flex>, conv: &FftConvSpec) -> FlexTensor {
        let (x_shape, taps) = (x.0.shape(), leading(&weight.0.shape()));
        let channels = [x_shape[0], taps[0]];
        let contraction = conv.contraction(x_shape[0], taps);
        let (x, weight) = (planes(x), planes(weight));
        with_dtype!(x[0].0, E => {
            let shape = conv.spectrum_shape(channels, Factor::Signal);
            let mixed = filled_planes::<E>(&shape, |out| {
                contraction.forward(planar::<E>(&x), planar::<E>(&weight), out);
            });
            // What the output does not need makes room for it.
            drop((x, weight));
            let shape = conv.shape(channels, |axis| axis.outputs());
            irfft::<E>(mixed, &conv.output(), &shape, inverse(conv), BinWeight::One)
        })
    }

    fn prim_fft_conv_grad(grad: FlexTensor, conv: &FftConvSpec) -> Planes<Flex> {
        let shape = conv.spectrum_shape(leading(&grad.shape()), Factor::Signal);
        rfft(
            grad,
            &conv.output(),
            &shape,
            inverse(conv),
            BinWeight::Double,
        )
    }

    fn prim_fft_conv_input(
        grad: Planes<Flex>,
        weight: Planes<Flex>,
        conv: &FftConvSpec,
    ) -> FlexTensor {
        let (batch, taps) = (grad.0.shape()[0], leading(&weight.0.shape()));
        let channels = [batch, taps[1] * conv.groups];
        let contraction = conv.contraction(batch, taps);
        let (grad, weight) = (planes(grad), planes(weight));
        with_dtype!(grad[0].0, E => {
            let shape = conv.spectrum_shape(channels, Factor::Signal);
            let mixed = filled_planes::<E>(&shape, |out| {
                contraction.adjoint_input(planar::<E>(&grad), planar::<E>(&weight), out);
            });
            drop((grad, weight));
            let shape = conv.shape(channels, |axis| axis.signal);
            irfft::<E>(mixed, &conv.factor(Factor::Signal), &shape, 1.0, BinWeight::Halve)
        })
    }

    fn prim_fft_conv_weight(x: Planes<Flex>, grad: Planes<Flex>, conv: &FftConvSpec) -> FlexTensor {
        let (inputs, outputs) = (x.0.shape()[1], grad.0.shape()[1]);
        let taps = [outputs, inputs / conv.groups];
        let contraction = conv.contraction(x.0.shape()[0], taps);
        let (x, grad) = (planes(x), planes(grad));
        with_dtype!(x[0].0, E => {
            let shape = conv.spectrum_shape(taps, Factor::Taps);
            let mixed = filled_planes::<E>(&shape, |out| {
                contraction.adjoint_response(planar::<E>(&x), planar::<E>(&grad), out);
            });
            drop((x, grad));
            let shape = conv.shape(taps, |axis| axis.extent);
            irfft::<E>(mixed, &conv.factor(Factor::Taps), &shape, 1.0, BinWeight::Halve)
        })
    }
}

impl FftConvOps for Flex {
    fn spectral_fft_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: FftConvSpec,
    ) -> FloatTensor<Self> {
        let weight = Self::prim_fft_conv_spectrum(weight, Factor::Taps, &conv);
        let x = Self::prim_fft_conv_spectrum(x, Factor::Signal, &conv);
        Self::prim_fft_conv(x, weight, &conv)
    }
}
