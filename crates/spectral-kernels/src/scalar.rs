//! The number types the kernels work on.

use crate::cache::Plans;
use crate::simd::{InstructionSet, Kernel};

/// What the kernels need of a number type beyond arithmetic; out of reach of other crates.
pub trait Internals: rustfft::FftNum + Default {
    /// Runs `kernel` compiled for `set`.
    fn dispatch<K: Kernel<Self>>(set: InstructionSet, kernel: K) -> K::Output
    where
        Self: Scalar;

    /// Numbers in one vector of `set`.
    fn lanes(set: InstructionSet) -> usize
    where
        Self: Scalar;

    /// The process-wide plans of this type.
    fn plans() -> &'static Plans<Self>
    where
        Self: Scalar;
}

/// A real number type with kernels: `f32` or `f64`. Sealed.
pub trait Scalar: Copy + Send + Sync + 'static + Internals {
    /// The nearest number of this type.
    fn of(x: f64) -> Self;
}

impl Scalar for f32 {
    #[inline(always)]
    fn of(x: f64) -> f32 {
        x as f32
    }
}

impl Scalar for f64 {
    #[inline(always)]
    fn of(x: f64) -> f64 {
        x
    }
}
