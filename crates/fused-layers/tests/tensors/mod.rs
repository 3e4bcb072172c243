//! Burn tensors from noise, and comparisons with Burn's own results.
#![allow(dead_code)]

pub mod gradient;

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{DType, Device, Tensor, TensorData};

pub const DTYPES: [DType; 2] = [DType::F32, DType::F64];

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
