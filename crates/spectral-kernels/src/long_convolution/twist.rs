//! The twist factors that turn a cyclic transform of `N` points into one modulo `z^N − i`.

use spectral_lanes::Scalar;

use crate::algorithm::root;
use crate::cache;

/// Twist factors for the samples of a block.
pub struct Twist<T> {
    /// `exp(2πi n/4N)`, applied before the transform.
    pub into: Vec<[T; 2]>,
    /// `exp(−2πi n/4N)/N`, applied after the inverse transform.
    pub out: Vec<[T; 2]>,
}

impl<T: Scalar> cache::Plan for Twist<T> {
    fn plan(n: usize) -> Self {
        Self::new(n)
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&self.into[..]) + size_of_val(&self.out[..])
    }
}

impl<T: Scalar> Twist<T> {
    pub fn new(n: usize) -> Self {
        let turns = (0..n).map(|at| root::<f64>(at, 4 * n));
        Twist {
            into: turns.clone().map(|[c, s]| [T::of(c), T::of(-s)]).collect(),
            out: turns
                .map(|[c, s]| [T::of(c / n as f64), T::of(s / n as f64)])
                .collect(),
        }
    }
}
