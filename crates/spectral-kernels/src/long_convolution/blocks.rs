//! Spectra of consecutive blocks of signals, one signal per lane.

use spectral_lanes::Scalar;

use crate::view::View;

/// Element `f` of block `i` is a vector of real parts at `start + i·stride + f·2·lanes`, followed by one of imaginary
/// parts.
#[derive(Clone, Copy)]
pub struct Blocks<T> {
    pub start: *mut T,
    pub stride: usize,
    pub count: usize,
}

impl<T: Scalar> Blocks<T> {
    /// Elements between consecutive blocks. Avoids powers of two, which would map all blocks to a few sets of the
    /// caches.
    pub fn stride(n: usize, lanes: usize) -> usize {
        2 * lanes * (n + 1 + n % 2)
    }

    pub fn new(start: *mut T, count: usize, n: usize, lanes: usize) -> Self {
        Blocks {
            start,
            stride: Self::stride(n, lanes),
            count,
        }
    }

    /// Block `i`.
    #[inline(always)]
    pub fn view(self, i: usize, lanes: usize) -> View<T> {
        View::interleaved(self.start.wrapping_add(i * self.stride), lanes)
    }

    /// Element `f` of every block, as a view whose element `i` belongs to block `i`.
    #[inline(always)]
    pub fn bin(self, f: usize, lanes: usize) -> View<T> {
        let start = self.start.wrapping_add(f * 2 * lanes);
        View {
            re: start,
            im: start.wrapping_add(lanes),
            stride: self.stride,
        }
    }
}
