//! Convolution through the spectrum, as one operation.

mod spec;

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Slice, Tensor};
use spectral_kernels::{BinWeight, Conjugate};

use super::planes::{ContiguousPlanes, Planes, filled_planes};
use super::spec::{Axes, ConvSpec, MixSpec, RealTransform};
use super::transform::{PrunedTransform, SavedSignal, analyzed};
use super::{fallback, zero_pad};
use fused_layers::operation::{
    Empty, Factors, FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply,
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
    apply(conv, (x, weight), |conv, (x, weight)| {
        fft_conv_fallback(x, weight, &conv)
    })
}

/// [`fft_conv`] in ordinary tensor operations.
pub fn fft_conv_fallback<const D: usize>(
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
        return Empty::of((x, weight)).tensor(dims);
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
    let weight = fallback::rfft(zero_pad(weight, &sizes), transform);
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
    fallback::spectral_conv(x, weight, spec).slice(kept)
}

/// The two leading sizes.
fn leading(tensor: &FlexTensor) -> [usize; 2] {
    let shape = tensor.shape();
    [shape[0], shape[1]]
}

impl FftConvSpec {
    /// Spectrum of a factor.
    fn spectrum(&self, tensor: FlexTensor, factor: Factor) -> Planes {
        let shape = self.spectrum_shape(leading(&tensor), factor);
        PrunedTransform::new(self.factor(factor), 1.0, BinWeight::One).rfft(tensor, &shape)
    }

    /// Factor of the inverse transform.
    fn inverse(&self) -> f64 {
        1.0 / self.points() as f64
    }

    /// The output, from the spectra of both factors.
    fn output_of(&self, x: Planes, weight: Planes) -> FlexTensor {
        let ([batch, _], taps) = (leading(&x[0]), leading(&weight[0]));
        let channels = [batch, taps[0]];
        let shape = self.spectrum_shape(channels, Factor::Signal);
        let [x, weight] = [x, weight].map(ContiguousPlanes::new);
        let matmul = self.contraction(batch, taps);
        let mixed = filled_planes!(x, &shape, |out| {
            matmul.forward(x.planar(), weight.planar(), out);
        });
        // What the output does not need makes room for it.
        drop((x, weight));
        let shape = self.shape(channels, |axis| axis.outputs());
        PrunedTransform::new(self.output(), self.inverse(), BinWeight::One).irfft(mixed, &shape)
    }

    /// The gradient for the input, from the spectra of the output's gradient and the weight.
    fn input_gradient(&self, grad: Planes, weight: Planes) -> FlexTensor {
        let ([batch, _], taps) = (leading(&grad[0]), leading(&weight[0]));
        let channels = [batch, taps[1] * self.groups];
        let shape = self.spectrum_shape(channels, Factor::Signal);
        let [grad, weight] = [grad, weight].map(ContiguousPlanes::new);
        let matmul = self.contraction(batch, taps);
        let mixed = filled_planes!(grad, &shape, |out| {
            matmul.adjoint_input(grad.planar(), weight.planar(), out);
        });
        drop((grad, weight));
        let shape = self.shape(channels, |axis| axis.signal);
        PrunedTransform::new(self.factor(Factor::Signal), 1.0, BinWeight::Halve)
            .irfft(mixed, &shape)
    }

    /// The gradient for the weight, from the spectra of the input and the output's gradient.
    fn weight_gradient(&self, x: Planes, grad: Planes) -> FlexTensor {
        let ([batch, inputs], [_, outputs]) = (leading(&x[0]), leading(&grad[0]));
        let taps = [outputs, inputs / self.groups];
        let shape = self.spectrum_shape(taps, Factor::Taps);
        let [x, grad] = [x, grad].map(ContiguousPlanes::new);
        let matmul = self.contraction(batch, taps);
        let mixed = filled_planes!(x, &shape, |out| {
            matmul.adjoint_response(x.planar(), grad.planar(), out);
        });
        drop((x, grad));
        let shape = self.shape(taps, |axis| axis.extent);
        PrunedTransform::new(self.factor(Factor::Taps), 1.0, BinWeight::Halve).irfft(mixed, &shape)
    }
}

/// Saved are the factors.
impl KernelOperation<2, 1> for FftConvSpec {
    const INPUTS: Names = &["input", "weight"];
    type Saved = Factors<SavedSignal>;

    fn has_kernel(&self, x: &Shape) -> bool {
        x.num_elements() > 0
    }

    fn forward(&self, [x, weight]: Tensors<2>, tracked: [bool; 2]) -> Forward<Self::Saved, 1> {
        let analyzed = |tensor, factor, saves: bool| {
            analyzed(tensor, saves.then_some(self.saved), |tensor| {
                self.spectrum(tensor, factor)
            })
        };
        let (weight, saved_weight) = analyzed(weight, Factor::Taps, tracked[0]);
        let (x, saved_x) = analyzed(x, Factor::Signal, tracked[1]);
        let saved = Factors {
            x: saved_x,
            weight: saved_weight,
        };
        Forward::new([self.output_of(x, weight)], saved)
    }

    fn adjoint(self, saved: Self::Saved, [grad]: Tensors<1>, _: [bool; 2]) -> Gradients<2> {
        let shape = self.spectrum_shape(leading(&grad), Factor::Signal);
        let grad = PrunedTransform::new(self.output(), self.inverse(), BinWeight::Double)
            .rfft(grad, &shape);
        let gw = saved.x.map(|x| {
            let x = x.spectrum(|x| self.spectrum(x, Factor::Signal));
            self.weight_gradient(x, grad.clone())
        });
        let gx = saved.weight.map(|weight| {
            let weight = weight.spectrum(|weight| self.spectrum(weight, Factor::Taps));
            self.input_gradient(grad, weight)
        });
        [gx, gw]
    }
}
