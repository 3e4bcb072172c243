//! Spectral convolution on the lowest modes, as one operation: what is cut off is never computed.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use spectral_kernels::{BinWeight, Modes, PrunedFft};

use super::fallback;
use super::planes::{Planes, last_axes, parts};
use super::spec::{Axes, MixSpec, RealTransform};
use super::transform::PrunedTransform;
use crate::ComplexTensor;
use fused_layers::operation::{
    Factors, FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply,
};

/// A spectral convolution on the lowest modes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModesSpec {
    /// What is kept of each spatial axis; the last is of the half-spectrum.
    pub modes: Vec<Modes>,
    /// The contraction between the transforms.
    pub mix: MixSpec,
    /// Spatial sizes of the output where they are not those of the input.
    pub output: Option<Vec<usize>>,
}

impl ModesSpec {
    /// A convolution whose output is as large as its input.
    pub fn new(modes: Vec<Modes>, mix: MixSpec) -> Self {
        Self {
            modes,
            mix,
            output: None,
        }
    }

    /// The same convolution with its output on a grid of these sizes.
    #[must_use]
    pub fn with_output(self, sizes: &[usize]) -> Self {
        Self {
            output: Some(sizes.to_vec()),
            ..self
        }
    }

    /// Shape of the output for signals of shape `signal`, with their number of channels.
    fn output_shape(&self, signal: &Shape) -> Shape {
        let mut shape = signal.clone();
        let first = shape.num_dims() - self.modes.len();
        for (axis, &size) in self.output.iter().flatten().enumerate() {
            shape[first + axis] = size;
        }
        shape
    }

    /// The transform between signals of shape `signal` and their modes.
    fn fft(&self, signal: &Shape) -> PrunedFft {
        let (_, sizes) = last_axes(signal, self.modes.len());
        PrunedFft::new(sizes).with_modes(&self.modes)
    }

    /// `signal` with modes in place of samples.
    fn spectrum_shape(&self, signal: &Shape) -> Shape {
        let mut shape = signal.clone();
        let first = shape.num_dims() - self.modes.len();
        for (a, modes) in self.modes.iter().enumerate() {
            shape[first + a] = modes.kept();
        }
        shape
    }

    /// The factor of the inverse transform, for inputs of shape `signal`: whatever the size of the output, a mode keeps
    /// its amplitude.
    fn inverse_scale(&self, signal: &Shape) -> f64 {
        1.0 / last_axes(signal, self.modes.len())
            .1
            .iter()
            .product::<usize>() as f64
    }
}

/// Circular convolution by the lowest modes of the spectrum, as in the Fourier neural operator (Li
/// et al., 2021): `y = irfft(mix(rfft(x), response))` with a response that is zero elsewhere.
///
/// The adjoint is that of [`spectral_conv`](super::spectral_conv) on the kept bins. The kernels
/// transform no line of which nothing is kept, and spectra are as small as the response.
///
/// With [`ModesSpec::output`] the inverse transform is that of another size, `M` samples instead of `N`, with the
/// factor `1/N` still: each kept bin becomes the bin of the same number of cycles, with the same amplitude. (A kept bin
/// at the Nyquist frequency of one of the two grids is taken as it is.) The adjoint is
/// `grad_x = irfft_N(conj(R)ᵀ·G)·(1/N)` and `grad_R = (c_k/N)·Σ conj(X)·G` with `G = rfft_M(grad_y)` and the factor
/// `c_k` of the output's grid.
///
/// # Shapes
/// - `x`: `[batch, channels_in, spatial…]`
/// - `response`: `[channels_out, channels_in / groups, kept…]`, on each axis the bins from 0 up, then
///   those of the negative frequencies
/// - output: `[batch, channels_out, spatial…]`, or the sizes asked for
pub fn spectral_conv_modes<const D: usize>(
    x: Tensor<D>,
    response: ComplexTensor<D>,
    spec: ModesSpec,
) -> Tensor<D> {
    apply(spec, (x, response), |spec, (x, response)| {
        spectral_conv_modes_fallback(x, response, &spec)
    })
}

/// [`spectral_conv_modes`] in ordinary tensor ops, by way of the whole spectrum.
pub fn spectral_conv_modes_fallback<const D: usize>(
    x: Tensor<D>,
    response: ComplexTensor<D>,
    spec: &ModesSpec,
) -> Tensor<D> {
    let shape = x.shape();
    let spatial = spec.modes.len();
    let analysis = RealTransform::new(Axes::Last(spatial), shape[D - 1], 1.0);
    let kept = keep_modes(fallback::rfft(x, analysis), &spec.modes);
    let mixed = fallback::mix(kept, response, spec.mix);
    let sizes: Vec<usize> = spec.output_shape(&shape)[D - spatial..].to_vec();
    let synthesis = RealTransform {
        length: sizes[spatial - 1],
        scale: spec.inverse_scale(&shape),
        ..analysis
    };
    fallback::irfft(spread_modes(mixed, &spec.modes, &sizes), synthesis)
}

/// The kept bins of a half-spectrum.
///
/// # Shapes
/// - input: `[…, …, bins…]`; output: `[…, …, kept…]`
pub(crate) fn keep_modes<const D: usize>(
    mut spectrum: ComplexTensor<D>,
    modes: &[Modes],
) -> ComplexTensor<D> {
    let dims = spectrum.dims();
    for (axis, modes) in (D - modes.len()..).zip(modes) {
        let low = spectrum.clone().narrow(axis, 0, modes.positive);
        spectrum = match modes.negative {
            0 => low,
            count => {
                let high = spectrum.narrow(axis, dims[axis] - count, count);
                ComplexTensor::cat(vec![low, high], axis)
            }
        };
    }
    spectrum
}

/// The half-spectrum of signals of `sizes` samples of which these bins are kept, zero elsewhere.
///
/// # Shapes
/// - `kept`: `[…, …, kept…]`; output: `[…, …, bins…]`
pub(crate) fn spread_modes<const D: usize>(
    mut kept: ComplexTensor<D>,
    modes: &[Modes],
    sizes: &[usize],
) -> ComplexTensor<D> {
    for (a, modes) in modes.iter().enumerate() {
        let axis = D - sizes.len() + a;
        let bins = match axis + 1 == D {
            true => sizes[a] / 2 + 1,
            false => sizes[a],
        };
        if modes.kept() == bins {
            continue;
        }
        let mut dims = kept.dims();
        dims[axis] = bins - modes.kept();
        let zeros = Tensor::zeros(dims, (&kept.device(), kept.re.dtype()));
        let mut parts = vec![
            kept.clone().narrow(axis, 0, modes.positive),
            ComplexTensor::new(zeros.clone(), zeros),
        ];
        if modes.negative > 0 {
            parts.push(kept.narrow(axis, modes.positive, modes.negative));
        }
        kept = ComplexTensor::cat(parts, axis);
    }
    kept
}

impl ModesSpec {
    /// The kept bins of signals, times `scale` and weights.
    fn rfft(&self, signal: FlexTensor, scale: f64, weight: BinWeight) -> Planes {
        let shape = signal.shape();
        let kept = self.spectrum_shape(&shape);
        PrunedTransform::new(self.fft(&shape), scale, weight).rfft(signal, &kept)
    }

    /// Signals with the sizes of `signal` of kept bins, times `scale` and weights.
    fn irfft(&self, kept: Planes, signal: &Shape, scale: f64, weight: BinWeight) -> FlexTensor {
        let mut shape = signal.clone();
        shape[1] = kept[0].shape()[1];
        PrunedTransform::new(self.fft(&shape), scale, weight).irfft(kept, &shape)
    }
}

/// Saved are the factors, of the input its kept bins, and the input's shape.
impl KernelOperation<3, 1> for ModesSpec {
    const INPUTS: Names = &["input", "response", "response"];
    type Saved = (Factors<Planes>, Shape);

    fn forward(&self, [x, r_re, r_im]: Tensors<3>, tracked: [bool; 3]) -> Forward<Self::Saved, 1> {
        let (signal, response) = (x.shape(), [r_re, r_im]);
        let kept = self.rfft(x, 1.0, BinWeight::One);
        let tracked = [tracked[0], tracked[1] || tracked[2]];
        let factors = Factors::of(&kept, &response, tracked);
        let mixed = self.mix.output(kept, response);
        let scale = self.inverse_scale(&signal);
        let output = self.irfft(mixed, &self.output_shape(&signal), scale, BinWeight::One);
        Forward::new([output], (factors, signal))
    }

    fn adjoint(
        self,
        (factors, signal): Self::Saved,
        [grad]: Tensors<1>,
        _: [bool; 3],
    ) -> Gradients<3> {
        let grad = self.rfft(grad, self.inverse_scale(&signal), BinWeight::Double);
        let gr = factors
            .x
            .map(|kept| self.mix.adjoint_response(kept, grad.clone()));
        let gx = factors.weight.map(|response| {
            let mixed = self.mix.adjoint_input(grad, response);
            self.irfft(mixed, &signal, 1.0, BinWeight::Halve)
        });
        let [r_re, r_im] = parts(gr);
        [gx, r_re, r_im]
    }
}
