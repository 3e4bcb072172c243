//! Convolution through the spectrum, as one operation.

mod autodiff;
mod flex;
mod spec;

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::{Slice, Tensor};

use super::backend::Planes;
use super::{
    Axes, Conjugate, ConvSpec, Empty, Half, MixSpec, RealTransform, check_dtypes, has_kernels,
    portable, zero_pad,
};
use spec::Factor;
pub use spec::{FftConvAxis, FftConvSpec};

/// Cross-correlation with zero padding at stride 1, through the spectrum:
///
/// ```text
/// y[b,o,n] = Σ_{i,t} w[o,i,t] · x_padded[b,i, n + t]
/// ```
///
/// as `irfft(rfft(x)·conj(rfft(w)))`, of the whole signal or of tiles that overlap. On the kernels padding, tiles and
/// cropping are part of the transforms, which skip what is zero or not kept, and the gradient of the weight is
/// transformed no further than its taps. Elsewhere it is one transform of the whole signal.
///
/// # Shapes
/// - `x`: `[batch, channels_in, spatial…]`, the spec's `signal` samples along each axis
/// - `weight`: `[channels_out, channels_in / groups, taps…]`, the spec's `extent`
/// - output: `[batch, channels_out, spatial out…]`, the spec's `outputs`
pub fn fft_conv<const D: usize>(x: Tensor<D>, weight: Tensor<D>, conv: FftConvSpec) -> Tensor<D> {
    check_dtypes(x.dtype(), weight.dtype());
    if let Some(half) = Half::of(&x) {
        let y = fft_conv(half.widen(x), half.widen(weight), conv);
        return half.round(y);
    }
    if !has_kernels(&x) || x.dims().contains(&0) {
        return fft_conv_portable(x, weight, &conv);
    }
    Tensor::from_dispatch(<Dispatch as FftConvOps>::spectral_fft_conv(
        x.into_dispatch(),
        weight.into_dispatch(),
        conv,
    ))
}

/// The same in ordinary tensor operations.
pub fn fft_conv_portable<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    conv: &FftConvSpec,
) -> Tensor<D> {
    let dims = core::array::from_fn(|axis| match axis {
        0 => x.dims()[0],
        1 => weight.dims()[0],
        _ => conv.axes[axis - 2].outputs(),
    });
    // An empty signal with zeros around it has outputs.
    if dims.contains(&0) {
        return Empty::of(x).and(weight).tensor(dims);
    }
    let sizes: Vec<usize> = conv
        .axes
        .iter()
        .map(|axis| crate::conv::next_smooth(axis.least_grid()))
        .collect();
    let padding: [(usize, usize); D] = core::array::from_fn(|axis| match axis {
        0 | 1 => (0, 0),
        _ => {
            let at = &conv.axes[axis - 2];
            (at.padding.0, sizes[axis - 2] - at.signal - at.padding.0)
        }
    });
    let x = x.pad(padding, 0.0);
    let transform = RealTransform::new(Axes::Last(D - 2), sizes[D - 3], 1.0);
    let weight = portable::rfft(zero_pad(weight, &sizes), transform);
    let spec = ConvSpec {
        spatial: D - 2,
        mix: MixSpec {
            groups: conv.groups,
            conjugate: Conjugate::Response,
        },
        saved: conv.saved,
    };
    let kept: [Slice; D] = core::array::from_fn(|axis| match axis {
        0 | 1 => Slice::full(),
        _ => Slice::new(0, Some(conv.axes[axis - 2].outputs() as isize), 1),
    });
    portable::spectral_conv(x, weight, spec).slice(kept)
}

/// The parts of the operation and of its adjoint, without differentiation.
pub trait FftConvPrimitives: Backend {
    /// Spectrum of a factor.
    fn prim_fft_conv_spectrum(
        factor: FloatTensor<Self>,
        which: Factor,
        conv: &FftConvSpec,
    ) -> Planes<Self>;

    /// The output, of the spectra of both factors.
    fn prim_fft_conv(
        x: Planes<Self>,
        weight: Planes<Self>,
        conv: &FftConvSpec,
    ) -> FloatTensor<Self>;

    /// Spectrum of the output's gradient, weighted as both gradients need it.
    fn prim_fft_conv_grad(grad: FloatTensor<Self>, conv: &FftConvSpec) -> Planes<Self>;

    /// Gradient for the input.
    fn prim_fft_conv_input(
        grad: Planes<Self>,
        weight: Planes<Self>,
        conv: &FftConvSpec,
    ) -> FloatTensor<Self>;

    /// Gradient for the weight.
    fn prim_fft_conv_weight(
        x: Planes<Self>,
        grad: Planes<Self>,
        conv: &FftConvSpec,
    ) -> FloatTensor<Self>;
}

/// The operation that Burn dispatches by device.
#[backend_extension(Flex, Autodiff)]
pub trait FftConvOps: Backend {
    /// Convolution through the spectrum.
    fn spectral_fft_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: FftConvSpec,
    ) -> FloatTensor<Self>;
}
