//! Spectral convolution on the lowest modes, as one operation: what is cut off is never computed.

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
use spectral_kernels::{BinWeight, Modes, PrunedFft};

use crate::ComplexTensor;

use super::backend::{Planes, SpectralPrimitives};
use super::flex::{Contiguous, filled_planes, last_axes, planar, planes, with_dtype};
use super::spec::{Axes, MixSpec, RealTransform};
use super::{Half, buffer, check_dtypes, has_kernels, portable};

/// A spectral convolution on the lowest modes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModesSpec {
    /// What is kept of each spatial axis; the last is of the half-spectrum.
    pub modes: Vec<Modes>,
    /// The contraction between the transforms.
    pub mix: MixSpec,
}

impl ModesSpec {
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

    /// The factor of the inverse transform to a signal of shape `signal`.
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
/// # Shapes
/// - `x`: `[batch, channels_in, spatial…]`
/// - `response`: `[channels_out, channels_in / groups, kept…]`, on each axis the bins from 0 up, then
///   those of the negative frequencies
/// - output: `[batch, channels_out, spatial…]`
pub fn spectral_conv_modes<const D: usize>(
    x: Tensor<D>,
    response: ComplexTensor<D>,
    spec: ModesSpec,
) -> Tensor<D> {
    check_dtypes(x.dtype(), response.re.dtype());
    if let Some(half) = Half::of(&x) {
        let y = spectral_conv_modes(half.widen(x), half.widen_parts(response), spec);
        return half.round(y);
    }
    if !has_kernels(&x) {
        return portable_conv_modes(x, response, &spec);
    }
    Tensor::from_dispatch(<Dispatch as ModesOps>::spectral_conv_modes(
        x.into_dispatch(),
        response.re.into_dispatch(),
        response.im.into_dispatch(),
        spec,
    ))
}

/// [`spectral_conv_modes`] in ordinary tensor ops, by way of the whole spectrum.
pub fn portable_conv_modes<const D: usize>(
    x: Tensor<D>,
    response: ComplexTensor<D>,
    spec: &ModesSpec,
) -> Tensor<D> {
    let shape = x.shape();
    let spatial = spec.modes.len();
    let analysis = RealTransform::new(Axes::Last(spatial), shape[D - 1], 1.0);
    let synthesis = RealTransform {
        scale: spec.inverse_scale(&shape),
        ..analysis
    };
    let kept = keep_modes(portable::rfft(x, analysis), &spec.modes);
    let mixed = portable::mix(kept, response, spec.mix);
    let sizes: Vec<usize> = shape[D - spatial..].to_vec();
    portable::irfft(spread_modes(mixed, &spec.modes, &sizes), synthesis)
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

/// Transforms between signals and their lowest modes, without differentiation.
pub trait ModesPrimitives: SpectralPrimitives {
    /// The kept bins of signals, times `scale` and weights.
    fn prim_rfft_modes(
        signal: FloatTensor<Self>,
        spec: &ModesSpec,
        scale: f64,
        weight: BinWeight,
    ) -> Planes<Self>;

    /// Signals of shape `[…, …, spatial…]` of kept bins, times `scale` and weights.
    fn prim_irfft_modes(
        kept: Planes<Self>,
        spec: &ModesSpec,
        spatial: &[usize],
        scale: f64,
        weight: BinWeight,
    ) -> FloatTensor<Self>;
}

impl ModesPrimitives for Flex {
    fn prim_rfft_modes(
        signal: FlexTensor,
        spec: &ModesSpec,
        scale: f64,
        weight: BinWeight,
    ) -> Planes<Flex> {
        let shape = signal.shape();
        let (batch, _) = last_axes(&shape, spec.modes.len());
        let fft = spec.fft(&shape);
        let signal = Contiguous::new(signal);
        with_dtype!(signal.0, E => filled_planes::<E>(&spec.spectrum_shape(&shape), |out| {
            fft.rfftn(batch, scale as E, weight, signal.slice::<E>(), out);
        }))
    }

    fn prim_irfft_modes(
        kept: Planes<Flex>,
        spec: &ModesSpec,
        spatial: &[usize],
        scale: f64,
        weight: BinWeight,
    ) -> FlexTensor {
        let mut shape = kept.0.shape();
        let first = shape.num_dims() - spatial.len();
        for (a, &size) in spatial.iter().enumerate() {
            shape[first + a] = size;
        }
        let (batch, _) = last_axes(&shape, spatial.len());
        let fft = spec.fft(&shape);
        let kept = planes(kept);
        with_dtype!(kept[0].0, E => {
            let mut out = buffer::take::<E>(shape.num_elements());
            fft.irfftn(batch, scale as E, weight, planar::<E>(&kept), &mut out);
            buffer::into_tensor(out, &shape)
        })
    }
}

/// The operation that Burn dispatches by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait ModesOps: Backend {
    /// Transform to the lowest modes, contraction and inverse transform.
    fn spectral_conv_modes(
        x: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        spec: ModesSpec,
    ) -> FloatTensor<Self>;
}

/// The result, and the modes of the input.
fn forward<B: ModesPrimitives>(
    x: FloatTensor<B>,
    response: Planes<B>,
    spec: &ModesSpec,
) -> (FloatTensor<B>, Planes<B>) {
    let signal = x.shape();
    let (_, spatial) = last_axes(&signal, spec.modes.len());
    let kept = B::prim_rfft_modes(x, spec, 1.0, BinWeight::One);
    let mixed = B::prim_mix(kept.clone(), response, spec.mix);
    let scale = spec.inverse_scale(&signal);
    let output = B::prim_irfft_modes(mixed, spec, spatial, scale, BinWeight::One);
    (output, kept)
}

impl ModesOps for Flex {
    fn spectral_conv_modes(
        x: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        spec: ModesSpec,
    ) -> FloatTensor<Self> {
        forward::<Flex>(x, (r_re, r_im), &spec).0
    }
}

/// What the operation did, and the modes of its input and its response, each if the other is
/// learned.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    kept: Option<Planes<B>>,
    response: Option<Planes<B>>,
    signal: Shape,
    spec: ModesSpec,
}

#[derive(Debug)]
struct ConvModes;

impl<B: ModesPrimitives> Backward<B, 3> for ConvModes {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let State {
            kept,
            response,
            signal,
            spec,
        } = ops.state;
        let (_, spatial) = last_axes(&signal, spec.modes.len());
        let scale = spec.inverse_scale(&signal);
        let grad = B::prim_rfft_modes(grad, &spec, scale, BinWeight::Double);
        let [x, r_re, r_im] = ops.parents;

        if let Some(kept) = kept {
            let (re, im) = B::prim_mix_adjoint_response(kept, grad.clone(), spec.mix);
            for (node, grad) in [(r_re, re), (r_im, im)] {
                if let Some(node) = node {
                    grads.register::<B>(node.id, grad);
                }
            }
        }
        if let (Some(x), Some(response)) = (x, response) {
            let mixed = B::prim_mix_adjoint_input(grad, response, spec.mix);
            let grad = B::prim_irfft_modes(mixed, &spec, spatial, 1.0, BinWeight::Halve);
            grads.register::<B>(x.id, grad);
        }
    }
}

impl<B: ModesPrimitives, C: CheckpointStrategy> ModesOps for Autodiff<B, C> {
    fn spectral_conv_modes(
        x: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        spec: ModesSpec,
    ) -> FloatTensor<Self> {
        let input_learns = x.is_tracked();
        let response_learns = r_re.is_tracked() || r_im.is_tracked();
        let nodes = [x.node(), r_re.node(), r_im.node()];
        let x = x.into_primitive();
        let response = (r_re.into_primitive(), r_im.into_primitive());
        let signal = x.shape();
        let (output, kept) = forward::<B>(x, response.clone(), &spec);
        match ConvModes.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = State {
                    kept: response_learns.then_some(kept),
                    response: input_learns.then_some(response),
                    signal,
                    spec,
                };
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}
