//! Which algorithm transforms a length. Nothing outside sees the choice.

use crate::algorithm::per_signal::PerSignal;
use crate::algorithm::stockham::Stockham;
use crate::cache;
use crate::view::View;
use spectral_lanes::Scalar;
use spectral_lanes::Simd;

/// Beyond this a block of signals no longer fits the second-level cache and one signal at a time is faster.
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
    /// Chooses for `n ≥ 1` points.
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

    /// Whether signals side by side gain nothing: lines of memory are then better left where they are.
    pub fn one_at_a_time(&self) -> bool {
        self.per_signal().is_some()
    }

    /// The transform of single signals, if that is what was chosen.
    pub fn per_signal(&self) -> Option<&PerSignal<T>> {
        match &self.choice {
            Choice::Stockham(_) => None,
            Choice::PerSignal(signal) => Some(signal),
        }
    }

    /// Numbers of scratch that [`Self::run`] needs for vectors of `lanes`.
    pub fn scratch_len(&self, lanes: usize) -> usize {
        match &self.choice {
            Choice::Stockham(stockham) => stockham.scratch_len(lanes),
            Choice::PerSignal(signal) => signal.scratch_len(),
        }
    }

    /// Transforms one block of lanes from `src` to `dst`, which may be the same.
    ///
    /// # Safety
    /// Both views must hold `n` elements of [`Simd::LANES`] lanes, and not partly overlap.
    #[inline(always)]
    pub unsafe fn run<S: Simd<T>>(&self, simd: S, src: View<T>, dst: View<T>, scratch: &mut [T]) {
        match &self.choice {
            // SAFETY: by the caller's promise.
            Choice::Stockham(stockham) => unsafe { stockham.run(simd, src, dst, scratch) },
            // SAFETY: by the caller's promise.
            Choice::PerSignal(signal) => unsafe { signal.run::<S>(src, dst, scratch) },
        }
    }
}
