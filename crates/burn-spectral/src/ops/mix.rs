//! Channels mixed bin by bin, and the convolution that does so between two transforms.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use spectral_kernels::BinWeight;

use super::fallback;
use super::planes::{ContiguousPlanes, Planes, filled_planes, parts};
use super::spec::{ConvSpec, MixSpec};
use super::transform::{SavedSignal, analyzed, irfft_planes, rfft_planes};
use crate::ComplexTensor;
use fused_layers::operation::{
    Factors, Forward, Gradients, KernelOperation, Names, Tensors, apply,
};

/// Mixes the channels of a spectrum, bin by bin:
/// `y[b,o,k] = Σ_i r[o,i,k] · x[b,i,k]`, with `r` or `x` conjugated on request.
///
/// # Shapes
/// - `x`: `[batch, channels_in, bins…]`
/// - `response`: `[channels_out, channels_in / groups, bins…]`
/// - output: `[batch, channels_out, bins…]`
pub fn mix<const D: usize>(
    x: ComplexTensor<D>,
    response: ComplexTensor<D>,
    mix: MixSpec,
) -> ComplexTensor<D> {
    apply(mix, (x, response), |_, (x, response)| {
        fallback::mix(x, response, mix)
    })
}

/// Circular convolution by the spectrum, `y = irfft(mix(rfft(x), response))`, as one operation.
///
/// Its adjoint, with `N` samples, `G = rfft(grad_y)` and `X = rfft(x)` unnormalized, is
/// `grad_x = irfft(conj(R)ᵀ·G)` and `grad_R = (c_k/N)·Σ_batch conj(X)·G`, where `c_k` is 1 on the
/// first and, for an even length, the last bin of the half-spectrum axis and 2 elsewhere.
///
/// # Shapes
/// - `x`: `[batch, channels_in, spatial…]`
/// - `response`: `[channels_out, channels_in / groups, spatial…]`, half-spectrum on the last axis
/// - output: `[batch, channels_out, spatial…]`
pub fn spectral_conv<const D: usize>(
    x: Tensor<D>,
    response: ComplexTensor<D>,
    conv: ConvSpec,
) -> Tensor<D> {
    apply(conv, (x, response), |_, (x, response)| {
        fallback::spectral_conv(x, response, conv)
    })
}

/// [`MixSpec`] on the kernels, and its adjoints.
impl MixSpec {
    pub(super) fn output(self, x: Planes, response: Planes) -> Planes {
        let (mut shape, response_shape) = (x[0].shape(), response[0].shape());
        let matmul = self.contraction(shape[0], &response_shape);
        shape[1] = response_shape[0];
        let [x, response] = [x, response].map(ContiguousPlanes::new);
        filled_planes!(x, &shape, |out| {
            matmul.forward(x.planar(), response.planar(), out);
        })
    }

    pub(super) fn adjoint_input(self, grad: Planes, response: Planes) -> Planes {
        let (mut shape, response_shape) = (grad[0].shape(), response[0].shape());
        let matmul = self.contraction(shape[0], &response_shape);
        shape[1] = response_shape[1] * self.groups;
        let [grad, response] = [grad, response].map(ContiguousPlanes::new);
        filled_planes!(grad, &shape, |out| {
            matmul.adjoint_input(grad.planar(), response.planar(), out);
        })
    }

    pub(super) fn adjoint_response(self, x: Planes, grad: Planes) -> Planes {
        let mut shape = x[0].shape();
        let batch = shape[0];
        shape[0] = grad[0].shape()[1];
        shape[1] /= self.groups;
        let matmul = self.contraction(batch, &shape);
        let [x, grad] = [x, grad].map(ContiguousPlanes::new);
        filled_planes!(x, &shape, |out| {
            matmul.adjoint_response(x.planar(), grad.planar(), out);
        })
    }
}

impl KernelOperation<4, 2> for MixSpec {
    const INPUTS: Names = &["input", "input", "response", "response"];
    type Saved = Factors<Planes>;

    fn forward(&self, inputs: Tensors<4>, tracked: [bool; 4]) -> Forward<Self::Saved, 2> {
        let [x_re, x_im, r_re, r_im] = inputs;
        let (x, response) = ([x_re, x_im], [r_re, r_im]);
        let tracked = [tracked[0] || tracked[1], tracked[2] || tracked[3]];
        let saved = Factors::of(&x, &response, tracked);
        Forward::new(self.output(x, response), saved)
    }

    fn adjoint(self, saved: Self::Saved, grad: Planes, _: [bool; 4]) -> Gradients<4> {
        let gx = saved
            .weight
            .map(|response| self.adjoint_input(grad.clone(), response));
        let gr = saved.x.map(|x| self.adjoint_response(x, grad));
        let ([x_re, x_im], [r_re, r_im]) = (parts(gx), parts(gr));
        [x_re, x_im, r_re, r_im]
    }
}

/// Saved are the factors and the input's shape.
impl KernelOperation<3, 1> for ConvSpec {
    const INPUTS: Names = &["input", "response", "response"];
    type Saved = (Factors<SavedSignal, Planes>, Shape);

    fn forward(&self, [x, r_re, r_im]: Tensors<3>, tracked: [bool; 3]) -> Forward<Self::Saved, 1> {
        let (signal, response) = (x.shape(), [r_re, r_im]);
        let keep = (tracked[1] || tracked[2]).then_some(self.saved);
        let (spectrum, x) = analyzed(x, keep, |x| rfft_planes(x, self.analysis(&signal)));
        let weight = tracked[0].then(|| response.clone());
        let mixed = self.mix.output(spectrum, response);
        let output = irfft_planes(mixed, self.synthesis(&signal));
        Forward::new([output], (Factors { x, weight }, signal))
    }

    fn adjoint(
        self,
        (factors, signal): Self::Saved,
        [grad]: Tensors<1>,
        _: [bool; 3],
    ) -> Gradients<3> {
        let (analysis, synthesis) = (self.analysis(&signal), self.synthesis(&signal));
        let grad = rfft_planes(grad, synthesis.with_weight(BinWeight::Double));
        let gr = factors.x.map(|x| {
            let spectrum = x.spectrum(|x| rfft_planes(x, analysis));
            self.mix.adjoint_response(spectrum, grad.clone())
        });
        let gx = factors.weight.map(|response| {
            let mixed = self.mix.adjoint_input(grad, response);
            irfft_planes(mixed, analysis.with_weight(BinWeight::Halve))
        });
        let [r_re, r_im] = parts(gr);
        [gx, r_re, r_im]
    }
}
