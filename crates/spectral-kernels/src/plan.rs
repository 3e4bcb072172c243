//! The choice of a transform algorithm for a length.

use spectral_lanes::{Scalar, Simd};

use crate::algorithm::per_signal::PerSignal;
use crate::algorithm::stockham::Stockham;
use crate::cache;
use crate::view::View;

/// Longest block of signals that fits the L2 cache; for longer ones, one signal at a time is faster.
const LONGEST_BLOCK: usize = 4096;

enum Choice<T: Scalar> {
    Stockham(Stockham<T>),
    PerSignal(PerSignal<T>),
}

/// A complex forward transform of one length, for blocks of [`Simd::LANES`] signals.
pub struct Plan<T: Scalar> {
    choice: Choice<T>,
}

impl<T: Scalar> cache::Plan for Plan<T> {
    fn plan(n: usize) -> Self {
        Self::new(n)
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
            + match &self.choice {
                Choice::Stockham(stockham) => stockham.bytes(),
                Choice::PerSignal(signal) => signal.bytes(),
            }
    }
}

impl<T: Scalar> Plan<T> {
    /// Chooses an algorithm for `n ≥ 1` points.
    pub fn new(n: usize) -> Self {
        let stockham = if n <= LONGEST_BLOCK {
            Stockham::new(n)
        } else {
            None
        };
        let choice = match stockham {
            Some(stockham) => Choice::Stockham(stockham),
            None => Choice::PerSignal(PerSignal::new(n)),
        };
        Plan { choice }
    }

    /// Whether the transform processes one signal at a time, so that interleaving signals would gain nothing.
    pub fn one_at_a_time(&self) -> bool {
        self.per_signal().is_some()
    }

    /// The single-signal transform, if that is the chosen algorithm.
    pub fn per_signal(&self) -> Option<&PerSignal<T>> {
        match &self.choice {
            Choice::Stockham(_) => None,
            Choice::PerSignal(signal) => Some(signal),
        }
    }

    /// Elements of scratch memory that [`Self::run`] requires for vectors of `lanes`.
    pub fn scratch_len(&self, lanes: usize) -> usize {
        match &self.choice {
            Choice::Stockham(stockham) => stockham.scratch_len(lanes),
            Choice::PerSignal(signal) => signal.scratch_len(),
        }
    }

    /// Transforms one block of lanes from `src` to `dst`, which may be identical.
    ///
    /// # Safety
    /// Both views must be valid for `n` elements of [`Simd::LANES`] lanes, and be either identical or disjoint.
    #[inline(always)]
    pub unsafe fn run<S: Simd<T>>(&self, simd: S, src: View<T>, dst: View<T>, scratch: &mut [T]) {
        match &self.choice {
            // SAFETY: guaranteed by the caller.
            Choice::Stockham(stockham) => unsafe { stockham.run(simd, src, dst, scratch) },
            // SAFETY: guaranteed by the caller.
            Choice::PerSignal(signal) => unsafe { signal.run::<S>(src, dst, scratch) },
        }
    }
}
