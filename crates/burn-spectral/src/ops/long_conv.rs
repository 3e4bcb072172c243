//! Causal depthwise convolution with long kernels, as one operation.

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
use spectral_kernels::{LongConvolution, LongGradients};

use super::flex::{Contiguous, with_dtype};
use super::{Axes, Empty, Half, RealTransform, buffer, check_dtypes, has_kernels, portable};
use crate::conv::next_smooth;

/// Causal convolution of every channel with a kernel of its own,
/// `y[b,c,t] = Σ_{s ≤ t} k[c,s]·x[b,c,t−s] + d[c]·x[b,c,t]`, with zeros before the signal.
///
/// On the kernels no zero is transformed, and the adjoint transforms the signal again rather than
/// keep its spectrum.
///
/// # Shapes
/// - `x`: `[batch, channels, length]`
/// - `kernel`: `[channels, taps]`; taps from `length` on have no effect
/// - `skip`: `[channels]`
/// - output: `[batch, channels, length]`
pub fn long_conv(x: Tensor<3>, kernel: Tensor<2>, skip: Option<Tensor<1>>) -> Tensor<3> {
    check_dtypes(x.dtype(), kernel.dtype());
    if let Some(skip) = &skip {
        check_dtypes(x.dtype(), skip.dtype());
    }
    if let Some(half) = Half::of(&x) {
        let skip = skip.map(|skip| half.widen(skip));
        return half.round(long_conv(half.widen(x), half.widen(kernel), skip));
    }
    if !has_kernels(&x) {
        return causal_long_conv(x, kernel, skip);
    }
    let (x, kernel) = (x.into_dispatch(), kernel.into_dispatch());
    Tensor::from_dispatch(match skip {
        Some(skip) => {
            <Dispatch as LongConvOps>::spectral_long_conv_skip(x, kernel, skip.into_dispatch())
        }
        None => <Dispatch as LongConvOps>::spectral_long_conv(x, kernel),
    })
}

/// [`portable_long_conv`] where samples and taps that are not finite reach only the outputs that see them, which are
/// `NaN`: zeros are transformed in their place.
fn causal_long_conv(x: Tensor<3>, kernel: Tensor<2>, skip: Option<Tensor<1>>) -> Tensor<3> {
    let [batch, channels, length] = x.dims();
    let taps = kernel.dims()[1].min(length);
    if batch * channels * length == 0 {
        return portable_long_conv(x, kernel, skip);
    }
    let (bad_samples, bad_taps) = (
        x.clone().is_finite().bool_not(),
        kernel.clone().is_finite().bool_not(),
    );
    // How many of them an output sees: of the last samples, as many as there are taps, and of the taps up to it.
    let samples = bad_samples.clone().int().cumsum(2);
    let before = samples
        .clone()
        .pad([(0, 0), (0, 0), (taps, 0)], 0)
        .narrow(2, 0, length);
    let met = bad_taps.clone().int().narrow(1, 0, taps);
    let met = met.pad([(0, 0), (0, length - taps)], 0).cumsum(1);
    let seen = (samples - before + met.unsqueeze::<3>()).greater_elem(0);
    let nothing = Tensor::zeros(x.dims(), (&x.device(), x.dtype()));
    let x = x.mask_fill(bad_samples, 0.0);
    let kernel = kernel.mask_fill(bad_taps, 0.0);
    portable_long_conv(x, kernel, skip) + nothing.mask_fill(seen, f64::NAN)
}

/// [`long_conv`] in tensor ops: both padded with zeros to a length of small factors where nothing
/// wraps around.
fn portable_long_conv(x: Tensor<3>, kernel: Tensor<2>, skip: Option<Tensor<1>>) -> Tensor<3> {
    let [_, channels, length] = x.dims();
    let taps = kernel.dims()[1].min(length);
    let dims = x.dims();
    if dims.contains(&0) {
        let empty = Empty::of(x).and(kernel);
        return match skip {
            Some(skip) => empty.and(skip),
            None => empty,
        }
        .tensor(dims);
    }
    let padded = next_smooth(length + taps - 1);
    let spectrum = |signal: Tensor<3>| {
        let zeros = padded - signal.dims()[2];
        let signal = signal.pad([(0, 0), (0, 0), (0, zeros)], 0.0);
        portable::rfft(signal, RealTransform::new(Axes::Last(1), padded, 1.0))
    };
    let kernel = spectrum(kernel.narrow(1, 0, taps).reshape([1, channels, taps]));
    let back = RealTransform::new(Axes::Last(1), padded, 1.0 / padded as f64);
    let y = portable::irfft(spectrum(x.clone()) * kernel, back).narrow(2, 0, length);
    match skip {
        Some(skip) => y + x * skip.reshape([1, channels, 1]),
        None => y,
    }
}

/// A kernel and, if there is one, a skip.
type Filter<B> = (FloatTensor<B>, Option<FloatTensor<B>>);

/// The operation and its adjoint without differentiation.
pub trait LongConvPrimitives: Backend {
    /// The output.
    fn prim_long_conv(x: FloatTensor<Self>, filter: Filter<Self>) -> FloatTensor<Self>;

    /// The gradients for the signal, if `signal`, and for kernel and skip, if the signal is there.
    fn prim_long_conv_adjoint(
        x: Option<FloatTensor<Self>>,
        filter: Filter<Self>,
        grad: FloatTensor<Self>,
        signal: bool,
    ) -> [Option<FloatTensor<Self>>; 3];
}

/// The operation as Burn dispatches it by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait LongConvOps: Backend {
    /// A long convolution.
    fn spectral_long_conv(x: FloatTensor<Self>, kernel: FloatTensor<Self>) -> FloatTensor<Self>;

    /// A long convolution with a skip.
    fn spectral_long_conv_skip(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        skip: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

fn shape(signal: &Shape, kernel: &Shape) -> LongConvolution {
    LongConvolution {
        batch: signal[0],
        channels: signal[1],
        length: signal[2],
        taps: kernel[1],
    }
}

impl LongConvPrimitives for Flex {
    fn prim_long_conv(x: FlexTensor, (kernel, skip): Filter<Self>) -> FlexTensor {
        let output = x.shape();
        let shape = shape(&output, &kernel.shape());
        let (x, kernel) = (Contiguous::new(x), Contiguous::new(kernel));
        let skip = skip.map(Contiguous::new);
        with_dtype!(x.0, E => {
            let mut y = buffer::take::<E>(shape.signal_len());
            let skip = skip.as_ref().map(|skip| skip.slice::<E>());
            shape.forward(x.slice::<E>(), kernel.slice::<E>(), skip, &mut y);
            buffer::into_tensor(y, &output)
        })
    }

    fn prim_long_conv_adjoint(
        x: Option<FlexTensor>,
        (kernel, skip): Filter<Self>,
        grad: FlexTensor,
        signal: bool,
    ) -> [Option<FlexTensor>; 3] {
        let (output, kernel_shape) = (grad.shape(), kernel.shape());
        let shape = shape(&output, &kernel_shape);
        let (kernel, grad) = (Contiguous::new(kernel), Contiguous::new(grad));
        let (x, skip) = (x.map(Contiguous::new), skip.map(Contiguous::new));
        with_dtype!(grad.0, E => {
            let mut gx = signal.then(|| buffer::take::<E>(shape.signal_len()));
            let mut gk = x.is_some().then(|| buffer::take::<E>(shape.kernel_len()));
            let grad = grad.slice::<E>();
            shape.adjoint(
                // Not read where the kernel's gradient is not asked for.
                x.as_ref().map_or(grad, |x| x.slice::<E>()),
                kernel.slice::<E>(),
                skip.as_ref().map(|skip| skip.slice::<E>()),
                grad,
                LongGradients { x: gx.as_deref_mut(), kernel: gk.as_deref_mut() },
            );
            // A skip is a summand of the first tap.
            let first = |gk: &Vec<E>| gk.iter().step_by(shape.taps).copied().collect::<Vec<E>>();
            let gskip = skip.as_ref().and(gk.as_ref()).map(first);
            [
                gx.map(|gx| buffer::into_tensor(gx, &output)),
                gk.map(|gk| buffer::into_tensor(gk, &kernel_shape)),
                gskip.map(|gskip| buffer::into_tensor(gskip, &Shape::new([shape.channels]))),
            ]
        })
    }
}

impl LongConvOps for Flex {
    fn spectral_long_conv(x: FlexTensor, kernel: FlexTensor) -> FlexTensor {
        Self::prim_long_conv(x, (kernel, None))
    }

    fn spectral_long_conv_skip(x: FlexTensor, kernel: FlexTensor, skip: FlexTensor) -> FlexTensor {
        Self::prim_long_conv(x, (kernel, Some(skip)))
    }
}

/// What the adjoint needs.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    /// Kept if kernel or skip is learned.
    x: Option<FloatTensor<B>>,
    filter: Filter<B>,
    /// Whether the signal's gradient is asked for.
    signal: bool,
}

#[derive(Debug)]
struct Step;

impl<B: LongConvPrimitives, const N: usize> Backward<B, N> for Step {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let State { x, filter, signal } = ops.state;
        let gradients = B::prim_long_conv_adjoint(x, filter, grad, signal);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: LongConvPrimitives, C: CheckpointStrategy> LongConvOps for Autodiff<B, C> {
    fn spectral_long_conv(x: FloatTensor<Self>, kernel: FloatTensor<Self>) -> FloatTensor<Self> {
        let (signal, learns) = (x.is_tracked(), kernel.is_tracked());
        let ((x, x_node), (kernel, kernel_node)) = (x.into_parts(), kernel.into_parts());
        let output = B::prim_long_conv(x.clone(), (kernel.clone(), None));
        match Step
            .prepare::<C>([x_node, kernel_node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let state = State {
                    x: learns.then_some(x),
                    filter: (kernel, None),
                    signal,
                };
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn spectral_long_conv_skip(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        skip: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (signal, learns) = (x.is_tracked(), kernel.is_tracked() || skip.is_tracked());
        let ((x, x_node), (kernel, kernel_node)) = (x.into_parts(), kernel.into_parts());
        let (skip, skip_node) = skip.into_parts();
        let output = B::prim_long_conv(x.clone(), (kernel.clone(), Some(skip.clone())));
        match Step
            .prepare::<C>([x_node, kernel_node, skip_node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let state = State {
                    x: learns.then_some(x),
                    filter: (kernel, Some(skip)),
                    signal,
                };
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Distribution, TensorData};

    /// Output and gradients of signal, kernel and skip for a fixed cotangent.
    fn all(
        conv: impl Fn(Tensor<3>, Tensor<2>, Option<Tensor<1>>) -> Tensor<3>,
        [x, kernel, cotangent, skip]: &[Tensor<3>; 4],
        skips: bool,
    ) -> Vec<Vec<f64>> {
        let dims = kernel.dims();
        let x = x.clone().require_grad();
        let kernel = kernel.clone().reshape([dims[1], dims[2]]).require_grad();
        let skip = skips.then(|| skip.clone().reshape([dims[1]]).require_grad());
        let y = conv(x.clone(), kernel.clone(), skip.clone());
        let gradients = (y.clone() * cotangent.clone()).sum().backward();
        let values = |data: TensorData| data.try_into_vec::<f64>().unwrap();
        let mut all = vec![
            values(y.inner().into_data()),
            values(x.grad(&gradients).unwrap().into_data()),
            values(kernel.grad(&gradients).unwrap().into_data()),
        ];
        all.extend(skip.map(|skip| values(skip.grad(&gradients).unwrap().into_data())));
        all
    }

    #[test]
    fn kernels_agree_with_tensor_ops() {
        let device = Device::flex().autodiff();
        let random = |shape: [usize; 3]| {
            Tensor::<3>::random(shape, Distribution::Default, (&device, DType::F64))
        };
        for (batch, channels, length, taps) in [
            (1, 1, 1, 1),
            (3, 5, 31, 31),
            (2, 9, 200, 77),
            (2, 3, 40, 50),
            (4, 20, 300, 300),
        ] {
            let leaves = [
                random([batch, channels, length]),
                random([1, channels, taps]),
                random([batch, channels, length]),
                random([1, channels, 1]),
            ];
            for skips in [false, true] {
                let kernels = all(long_conv, &leaves, skips);
                let tensor_ops = all(portable_long_conv, &leaves, skips);
                for (got, expected) in kernels.iter().flatten().zip(tensor_ops.iter().flatten()) {
                    assert!(
                        (got - expected).abs() < 1e-11 * (1.0 + expected.abs()),
                        "{got} {expected}"
                    );
                }
            }
        }
    }

    /// The sum written out, on one path and the other.
    #[test]
    fn only_outputs_that_see_a_number_that_is_not_finite_are_not_finite() {
        let device = Device::flex();
        for (length, taps) in [(40, 40), (40, 12), (300, 70), (40, 60)] {
            for (sample, tap) in [(None, None), (Some(25), None), (None, Some(9))] {
                let noise = |at: usize| ((at * 7919 + 13) % 2003) as f64 / 1001.5 - 1.0;
                let mut x: Vec<f64> = (0..2 * length).map(noise).collect();
                let mut kernel: Vec<f64> = (0..taps).map(|at| noise(at + 977)).collect();
                if let Some(at) = sample {
                    x[length + at] = f64::NAN;
                    x[length + at + 9] = f64::INFINITY;
                }
                if let Some(at) = tap {
                    kernel[at] = f64::NEG_INFINITY;
                }
                let sum = |line: usize, t: usize| -> f64 {
                    let taps = kernel.iter().take(t + 1).enumerate();
                    taps.map(|(s, k)| k * x[line * length + t - s]).sum()
                };
                let expected = (0..2 * length).map(|at| sum(at / length, at % length));
                let signal = TensorData::new(x.clone(), [2, 1, length]);
                let signal = Tensor::<3>::from_data(signal, (&device, DType::F64));
                let taps = TensorData::new(kernel.clone(), [1, taps]);
                let taps = Tensor::<2>::from_data(taps, (&device, DType::F64));
                let expected: Vec<f64> = expected.collect();
                for conv in [long_conv, causal_long_conv] {
                    let y = conv(signal.clone(), taps.clone(), None).into_data();
                    let y = y.try_into_vec::<f64>().unwrap();
                    for (at, (got, expected)) in y.iter().zip(&expected).enumerate() {
                        assert_eq!(got.is_finite(), expected.is_finite(), "{length} {at}");
                        assert!(!got.is_finite() || (got - expected).abs() < 1e-11, "{at}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_what_is_learned_gets_a_gradient() {
        let device = Device::flex().autodiff();
        let x = Tensor::<3>::ones([2, 3, 50], &device);
        let kernel = Tensor::<2>::ones([3, 50], &device);
        let learned = kernel.clone().require_grad();
        let gradients = long_conv(x.clone(), learned.clone(), None).sum().backward();
        let first = learned.grad(&gradients).unwrap().narrow(1, 0, 1);
        assert!((first.sum().into_scalar::<f32>() - 300.0).abs() < 1e-2);
        assert!(x.grad(&gradients).is_none());

        let x = x.require_grad();
        let gradients = long_conv(x.clone(), kernel.clone(), None).sum().backward();
        let last = x.grad(&gradients).unwrap().narrow(2, 49, 1);
        assert!((last.sum().into_scalar::<f32>() - 6.0).abs() < 1e-4);
        assert!(kernel.grad(&gradients).is_none());
    }
}
