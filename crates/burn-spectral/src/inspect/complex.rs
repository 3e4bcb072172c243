//! Complex outputs of layers that return the real part.

use burn::tensor::Tensor;

use crate::conv::SpectralConv2d;
use crate::error::OrPanic;
use crate::ops::{self, Conjugate, MixSpec};
use crate::published::KkLayer;
use crate::response::{Coupling, FrequencyResponse, Value, evaluate};
use crate::{ComplexTensor, FrequencyGrid, Norm, fft};

use super::discarded::complex_irfft2;

/// The complex images of which a spectral convolution gives the real part, offsets left out: every
/// number of its response counts, also where it breaks the symmetry that a real image needs.
///
/// A constant response counts by its real part, as [`Response::Constant`](crate::response::Response)
/// holds no other; [`kk_before_real_part`] has all of KKLayer.
///
/// # Shapes
/// - input: `[batch, channels_in, height, width]`
/// - output: `[batch, channels_out, height, width]`
///
/// # Panics
/// Where the layer's `forward` does.
#[track_caller]
pub fn before_real_part<R: FrequencyResponse<4>>(
    layer: &SpectralConv2d<R>,
    images: Tensor<4>,
) -> ComplexTensor<4> {
    let dims = images.dims();
    let grid = layer.check(dims).or_panic();
    let [outputs, _] = layer.response.channels();
    let images = match layer.coupling {
        Coupling::Shared => images.sum_dim(1),
        _ => images,
    };
    let mix = MixSpec {
        groups: layer.coupling.groups([layer.channels_in, outputs]),
        conjugate: layer.conjugate.into(),
    };
    let response = match evaluate(&layer.response, &grid) {
        Value::Spectrum(response) => response,
        Value::Constant(weight) => constant(weight, &grid),
    };
    let spectrum = fft::rfft2(images, Norm::Backward);
    complex_irfft2(spectrum.map_complex(|z| ops::mix(z, response, mix)))
}

/// The complex images of which KKLayer gives the real part, `ifft2(Σ_i (α + iβ)·conj(fft2(x_i)))`.
///
/// # Shapes
/// As [`before_real_part`].
pub fn kk_before_real_part(layer: &KkLayer, images: Tensor<4>) -> ComplexTensor<4> {
    let [_, _, height, width] = images.dims();
    let weight = |weight: Tensor<2>| {
        let [outputs, inputs] = weight.dims();
        let weight = weight.reshape([outputs, inputs, 1, 1]);
        weight.expand([outputs, inputs, height, width])
    };
    let response = &layer.conv.response;
    let response = ComplexTensor::new(weight(response.alpha.val()), weight(response.beta.val()));
    let mix = MixSpec {
        groups: 1,
        conjugate: Conjugate::Input,
    };
    let spectrum = fft::fft2(ComplexTensor::from_real(images), Norm::Backward);
    fft::ifft2(ops::mix(spectrum, response, mix), Norm::Backward)
}

/// A real constant at every bin.
fn constant(weight: Tensor<2>, grid: &FrequencyGrid) -> ComplexTensor<4> {
    let ([outputs, inputs], bins) = (weight.dims(), grid.bins());
    let weight = weight.reshape([outputs, inputs, 1, 1]);
    ComplexTensor::from_real(weight.expand([outputs, inputs, bins[0], bins[1]]))
}
