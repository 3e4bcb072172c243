//! What the tests share: both ways to run an operation, tensors of either precision, error
//! measures, golden cases.
#![allow(dead_code)]

pub mod golden;
pub mod gradient;

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use burn_spectral::ops::{
    self, Axes, ComplexTransform, Conjugate, ConvSpec, Direction, MixSpec, RealTransform,
    SavedSpectrum, fallback,
};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, Spectrum, fft};

/// The two ways an operation runs. Tests on Flex take the kernels unless they ask otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    Kernels,
    Fallback,
}

pub const PATHS: [Path; 2] = [Path::Kernels, Path::Fallback];
pub const NORMS: [Norm; 3] = [Norm::Backward, Norm::Ortho, Norm::Forward];
pub const CONJUGATES: [Conjugate; 3] = [Conjugate::None, Conjugate::Response, Conjugate::Input];
pub const DTYPES: [DType; 2] = [DType::F32, DType::F64];

/// The last dims, counted from the end.
fn last(axes: Axes) -> Vec<isize> {
    match axes {
        Axes::One(_) => panic!("not the last dims: {axes:?}"),
        Axes::Last(count) => (-(count as isize)..0).collect(),
    }
}

impl Path {
    pub fn rfft<const D: usize>(self, x: Tensor<D>, axes: Axes, norm: Norm) -> ComplexTensor<D> {
        match (self, axes) {
            (Path::Kernels, Axes::One(dim)) => fft::rfft(x, dim, norm).into_complex(),
            (Path::Kernels, Axes::Last(_)) => fft::rfftn(x, &last(axes), norm).into_complex(),
            (Path::Fallback, _) => {
                let dims = x.dims();
                let count = dims[axes.range(D)].iter().product();
                let length = dims[axes.half_axis(D)];
                let transform = RealTransform::new(axes, length, norm.forward_scale(count));
                fallback::rfft(x, transform)
            }
        }
    }

    pub fn irfft<const D: usize>(
        self,
        spectrum: ComplexTensor<D>,
        n: usize,
        axes: Axes,
        norm: Norm,
    ) -> Tensor<D> {
        match (self, axes) {
            (Path::Kernels, Axes::One(dim)) => {
                fft::irfft(HalfSpectrum::new_along(spectrum, n, dim), norm)
            }
            (Path::Kernels, Axes::Last(_)) => {
                fft::irfftn(HalfSpectrum::new(spectrum, n), &last(axes), norm)
            }
            (Path::Fallback, _) => {
                let mut dims = spectrum.dims();
                dims[axes.half_axis(D)] = n;
                let count = dims[axes.range(D)].iter().product();
                let transform = RealTransform::new(axes, n, norm.inverse_scale(count));
                fallback::irfft(spectrum, transform)
            }
        }
    }

    pub fn fft<const D: usize>(
        self,
        z: ComplexTensor<D>,
        axes: Axes,
        direction: Direction,
        norm: Norm,
    ) -> ComplexTensor<D> {
        let count = z.dims()[axes.range(D)].iter().product();
        match (self, direction, axes) {
            (Path::Kernels, Direction::Forward, Axes::One(axis)) => fft::fft(z, axis, norm),
            (Path::Kernels, Direction::Forward, Axes::Last(_)) => fft::fftn(z, &last(axes), norm),
            (Path::Kernels, Direction::Inverse, Axes::One(axis)) => fft::ifft(z, axis, norm),
            (Path::Kernels, Direction::Inverse, Axes::Last(_)) => fft::ifftn(z, &last(axes), norm),
            (Path::Fallback, ..) => {
                let scale = match direction {
                    Direction::Forward => norm.forward_scale(count),
                    Direction::Inverse => norm.inverse_scale(count),
                };
                let transform = ComplexTransform {
                    axes,
                    direction,
                    scale,
                };
                fallback::fft(z, transform)
            }
        }
    }

    pub fn mix<const D: usize>(
        self,
        x: ComplexTensor<D>,
        response: ComplexTensor<D>,
        mix: MixSpec,
    ) -> ComplexTensor<D> {
        match self {
            Path::Kernels => ops::mix(x, response, mix),
            Path::Fallback => fallback::mix(x, response, mix),
        }
    }

    pub fn spectral_conv<const D: usize>(
        self,
        x: Tensor<D>,
        response: ComplexTensor<D>,
        mix: MixSpec,
    ) -> Tensor<D> {
        let conv = ConvSpec {
            spatial: D - 2,
            mix,
            saved: SavedSpectrum::Keep,
        };
        match self {
            Path::Kernels => ops::spectral_conv(x, response, conv),
            Path::Fallback => fallback::spectral_conv(x, response, conv),
        }
    }

    pub fn circular_reverse<const D: usize>(self, x: Tensor<D>, spatial: usize) -> Tensor<D> {
        match self {
            Path::Kernels => ops::circular_reverse(x, spatial),
            Path::Fallback => fallback::circular_reverse(x, spatial),
        }
    }
}

/// A tensor of the given precision.
pub fn tensor<const D: usize>(
    values: &[f64],
    dims: [usize; D],
    dtype: DType,
    device: &Device,
) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), dims).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

/// The elements in row-major order.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Numbers that look random, lie in [−1, 1) and are the same on every run. They are f32 numbers, so
/// that either precision starts from the same.
pub fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (0..count)
        .map(|_| f64::from((next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0))
        .collect()
}

/// A tensor of [`noise`].
pub fn noise_tensor<const D: usize>(
    dims: [usize; D],
    seed: u64,
    dtype: DType,
    device: &Device,
) -> Tensor<D> {
    tensor(&noise(dims.iter().product(), seed), dims, dtype, device)
}

/// A complex tensor of [`noise`].
pub fn noise_complex<const D: usize>(
    dims: [usize; D],
    seed: u64,
    dtype: DType,
    device: &Device,
) -> ComplexTensor<D> {
    ComplexTensor::new(
        noise_tensor(dims, 2 * seed, dtype, device),
        noise_tensor(dims, 2 * seed + 1, dtype, device),
    )
}

/// Both parts one after the other.
pub fn complex_values<const D: usize>(z: impl Spectrum<D>) -> Vec<f64> {
    let z = z.into_complex();
    let mut all = values(z.re);
    all.extend(values(z.im));
    all
}

/// `‖got − want‖ / ‖want‖`, or `‖got‖` where nothing is wanted; infinite for another number of
/// elements and for NaN.
pub fn relative_error(got: &[f64], want: &[f64]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let error = norm(&mut got.iter().zip(want).map(|(got, want)| got - want));
    let scale = norm(&mut want.iter().copied());
    match got.len() == want.len() && !error.is_nan() {
        true if scale > 0.0 => error / scale,
        true => error,
        false => f64::INFINITY,
    }
}

/// Asserts that two lists agree within a relative L2 error, which it returns.
#[track_caller]
pub fn assert_close(what: &str, got: &[f64], want: &[f64], tolerance: f64) -> f64 {
    let error = relative_error(got, want);
    assert!(
        error <= tolerance,
        "{what}: relative error {error:.2e} is above {tolerance:.0e}; {} elements for {}",
        got.len(),
        want.len()
    );
    error
}

/// The gradient of a leaf; zero where the loss does not depend on it, which autodiff says by giving
/// none: an imaginary part that is dropped whole, as at length 1.
pub fn gradient<const D: usize>(leaf: &Tensor<D>, gradients: &Gradients) -> Tensor<D> {
    leaf.grad(gradients)
        .unwrap_or_else(|| leaf.clone().inner().zeros_like())
}

/// The larger tolerance for the smaller precision.
pub fn tolerance(dtype: DType, single: f64, double: f64) -> f64 {
    match dtype {
        DType::F64 => double,
        _ => single,
    }
}

/// The CPU device with its generator seeded, which no other test of the process that asks here uses
/// while the guard lives: there is one generator for all threads.
pub fn seeded(seed: u64) -> (Device, MutexGuard<'static, ()>) {
    static ALONE: Mutex<()> = Mutex::new(());
    // A failed test leaves nothing behind that the next seed does not replace.
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let device = Device::flex();
    device.seed(seed);
    (device, guard)
}
