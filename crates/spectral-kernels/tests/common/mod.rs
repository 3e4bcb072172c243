//! Test utilities: reproducible data, comparisons, and a trait for both number types.
#![allow(dead_code)]

use spectral_kernels::{Planar, PlanarMut, Scalar};

/// A number type with its tolerance: the relative L2 error of a transform.
pub trait Number: Scalar + Default + std::fmt::Debug {
    const TOLERANCE: f64;
    fn wide(self) -> f64;
}

impl Number for f32 {
    const TOLERANCE: f64 = 5e-7;
    fn wide(self) -> f64 {
        f64::from(self)
    }
}

impl Number for f64 {
    const TOLERANCE: f64 = 1e-14;
    fn wide(self) -> f64 {
        self
    }
}

/// Uniform noise in [-1, 1) from a seed (SplitMix64).
pub fn noise<T: Number>(len: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    (0..len)
        .map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            T::of((z >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
        })
        .collect()
}

pub fn widen<T: Number>(x: &[T]) -> Vec<f64> {
    x.iter().map(|v| v.wide()).collect()
}

/// Complex data that owns its planes.
#[derive(Clone, Debug)]
pub struct Owned<T> {
    pub re: Vec<T>,
    pub im: Vec<T>,
}

impl<T: Number> Owned<T> {
    /// Filled with values that no transform produces, so that unwritten elements are detected.
    pub fn unwritten(len: usize) -> Self {
        Owned {
            re: vec![T::of(f64::NAN); len],
            im: vec![T::of(f64::NAN); len],
        }
    }
    pub fn noise(len: usize, seed: u64) -> Self {
        Owned {
            re: noise(len, 2 * seed),
            im: noise(len, 2 * seed + 1),
        }
    }
    pub fn get(&self) -> Planar<'_, T> {
        Planar {
            re: &self.re,
            im: &self.im,
        }
    }
    pub fn set(&mut self) -> PlanarMut<'_, T> {
        PlanarMut {
            re: &mut self.re,
            im: &mut self.im,
        }
    }
    pub fn wide(&self) -> (Vec<f64>, Vec<f64>) {
        (widen(&self.re), widen(&self.im))
    }
    /// Both planes concatenated.
    pub fn flat(&self) -> Vec<f64> {
        [widen(&self.re), widen(&self.im)].concat()
    }
}

pub fn flat((re, im): (Vec<f64>, Vec<f64>)) -> Vec<f64> {
    [re, im].concat()
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// `‖got − expected‖ / ‖expected‖`; NaN if `got` contains NaN.
pub fn relative_error(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let error: f64 = got
        .iter()
        .zip(expected)
        .map(|(x, y)| (x - y) * (x - y))
        .sum();
    let norm: f64 = expected.iter().map(|y| y * y).sum();
    if norm == 0.0 {
        error.sqrt()
    } else {
        (error / norm).sqrt()
    }
}

#[track_caller]
pub fn assert_close<T: Number>(what: &str, got: &[f64], expected: &[f64]) {
    let error = relative_error(got, expected);
    assert!(
        error < T::TOLERANCE,
        "{what}: relative error {error:.3e}, allowed {:.1e}",
        T::TOLERANCE
    );
}
