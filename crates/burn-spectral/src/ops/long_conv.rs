//! Causal depthwise convolution with long kernels, as one operation.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use spectral_kernels::{LongConvolution, LongGradients};

use super::fallback;
use super::spec::{Axes, RealTransform};
use crate::conv::next_smooth;
use fused_layers::operation::flex::{Contiguous, filled, with_dtype};
use fused_layers::operation::{
    Empty, FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply_optional, buffer,
    first,
};

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
    let fallback = |_, (x, kernel), skip| causal_long_conv(x, kernel, skip);
    apply_optional::<2, 3, 1, _, _, _, _>(CausalConvolution, (x, kernel), skip, fallback)
}

/// [`whole_long_conv`] where samples and taps that are not finite reach only the outputs that see them, which are
/// `NaN`: zeros are transformed in their place.
fn causal_long_conv(x: Tensor<3>, kernel: Tensor<2>, skip: Option<Tensor<1>>) -> Tensor<3> {
    let [batch, channels, length] = x.dims();
    let taps = kernel.dims()[1].min(length);
    if batch * channels * length == 0 {
        return whole_long_conv(x, kernel, skip);
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
    whole_long_conv(x, kernel, skip) + nothing.mask_fill(seen, f64::NAN)
}

/// [`long_conv`] in tensor ops: both padded with zeros to a length of small factors where nothing
/// wraps around.
fn whole_long_conv(x: Tensor<3>, kernel: Tensor<2>, skip: Option<Tensor<1>>) -> Tensor<3> {
    let [_, channels, length] = x.dims();
    let taps = kernel.dims()[1].min(length);
    let dims = x.dims();
    if dims.contains(&0) {
        let empty = Empty::of((x, kernel));
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
        fallback::rfft(signal, RealTransform::new(Axes::Last(1), padded, 1.0))
    };
    let kernel = spectrum(kernel.narrow(1, 0, taps).reshape([1, channels, taps]));
    let back = RealTransform::new(Axes::Last(1), padded, 1.0 / padded as f64);
    let y = fallback::irfft(spectrum(x.clone()) * kernel, back).narrow(2, 0, length);
    match skip {
        Some(skip) => y + x * skip.reshape([1, channels, 1]),
        None => y,
    }
}

fn shape(signal: &Shape, kernel: &Shape) -> LongConvolution {
    LongConvolution {
        batch: signal[0],
        channels: signal[1],
        length: signal[2],
        taps: kernel[1],
    }
}

#[derive(Clone, Debug)]
struct CausalConvolution;

/// What the adjoint needs: the signal, if kernel or skip are tracked, and these.
#[derive(Clone, Debug)]
struct Saved {
    x: Option<FlexTensor>,
    kernel: FlexTensor,
    skip: Option<FlexTensor>,
}

/// The inputs are the signal, the kernel and, if there are three, the skip.
impl<const I: usize> KernelOperation<I, 1> for CausalConvolution {
    const INPUTS: Names = &["input", "kernel", "skip weight"];
    type Saved = Saved;

    fn forward(&self, inputs: Tensors<I>, tracked: [bool; I]) -> Forward<Saved, 1> {
        let output = inputs[0].shape();
        let shape = shape(&output, &inputs[1].shape());
        let saved = Saved {
            x: tracked[1..].contains(&true).then(|| inputs[0].clone()),
            kernel: inputs[1].clone(),
            skip: inputs.get(2).cloned(),
        };
        let inputs = inputs.map(Contiguous::new);
        let y = filled!(inputs[0], &output, |y| {
            let skip = inputs.get(2).map(Contiguous::slice);
            shape.forward(inputs[0].slice(), inputs[1].slice(), skip, y);
        });
        Forward::new([y], saved)
    }

    fn adjoint(self, saved: Saved, [grad]: Tensors<1>, tracked: [bool; I]) -> Gradients<I> {
        let (output, kernel_shape) = (grad.shape(), saved.kernel.shape());
        let shape = shape(&output, &kernel_shape);
        let [kernel, grad] = [saved.kernel, grad].map(Contiguous::new);
        let [x, skip] = [saved.x, saved.skip].map(|of| of.map(Contiguous::new));
        with_dtype!(grad, E => {
            let mut gx = tracked[0].then(|| buffer::take::<E>(shape.signal_len()));
            let mut gk = x.is_some().then(|| buffer::take::<E>(shape.kernel_len()));
            let grad = grad.slice::<E>();
            shape.adjoint(
                // Not read where the kernel's gradient is not asked for.
                x.as_ref().map_or(grad, |x| x.slice()),
                kernel.slice(),
                skip.as_ref().map(|skip| skip.slice()),
                grad,
                LongGradients { x: gx.as_deref_mut(), kernel: gk.as_deref_mut() },
            );
            // A skip is a summand of the first tap.
            let first_taps = |gk: &Vec<E>| gk.iter().step_by(shape.taps).copied().collect::<Vec<E>>();
            let gskip = skip.as_ref().and(gk.as_ref()).map(first_taps);
            first([
                gx.map(|gx| buffer::into_tensor(gx, &output)),
                gk.map(|gk| buffer::into_tensor(gk, &kernel_shape)),
                gskip.map(|gskip| buffer::into_tensor(gskip, &Shape::new([shape.channels]))),
            ])
        })
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
                let tensor_ops = all(whole_long_conv, &leaves, skips);
                for (got, expected) in kernels.iter().flatten().zip(tensor_ops.iter().flatten()) {
                    assert!(
                        (got - expected).abs() < 1e-11 * (1.0 + expected.abs()),
                        "{got} {expected}"
                    );
                }
            }
        }
    }

    /// The sum written out, on the kernels and in tensor ops.
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
