//! Transposing sums back to the layout of the product.

use std::ops::Range;

use spectral_lanes::{MAX_LANES, Scalar, Simd};

use super::super::operand::Target;

/// A range of rows, columns and frequencies of one group of the product.
pub struct Block<T> {
    pub target: Target<T>,
    pub group: usize,
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    pub bins: Range<usize>,
    /// Total number of frequencies.
    pub all_bins: usize,
}

impl<T: Scalar> Block<T> {
    /// Number of contiguous columns: all of them, or one.
    fn together(&self) -> usize {
        if self.bins.len() == self.all_bins && self.target.column.is(self.all_bins) {
            self.columns.len()
        } else {
            1
        }
    }

    /// Stores sums laid out as `[vector of rows][re, im][column][bin][lane]`, with `plane` elements between real and
    /// imaginary parts.
    ///
    /// # Safety
    /// The sums of all rows, columns and frequencies must be readable, and no other thread may write their
    /// destinations.
    #[inline(always)]
    pub unsafe fn store<S: Simd<T>>(&self, simd: S, sums: *const T, plane: usize) {
        let (bins, rows, columns) = (self.bins.len(), self.rows.len(), self.columns.len());
        let target = &self.target;
        let together = self.together();
        let length = together * bins;
        let start = target.group * self.group + self.bins.start;
        for first in (0..rows).step_by(S::LANES) {
            let count = S::LANES.min(rows - first);
            let mut to = [0; MAX_LANES];
            for (i, to) in to.iter_mut().enumerate().take(count) {
                *to = start + target.row.at(self.rows.start + first + i);
            }
            for (part, data) in [target.re, target.im].into_iter().enumerate() {
                let from = sums.wrapping_add((first / S::LANES * 2 + part) * plane);
                for column in (0..columns).step_by(together) {
                    let offset = target.column.at(self.columns.start + column);
                    let from = from.wrapping_add(column * bins * S::LANES);
                    for at in (0..length).step_by(S::LANES) {
                        let write = S::LANES.min(length - at);
                        let mut sources = [from; MAX_LANES];
                        for (i, source) in sources.iter_mut().enumerate() {
                            *source = from.wrapping_add((at + i.min(write - 1)) * S::LANES);
                        }
                        let places = to.map(|to| data.at(to + offset + at));
                        // SAFETY: guaranteed by the caller.
                        unsafe { simd.transpose(&sources, S::LANES, &places, count, write) };
                    }
                }
            }
        }
    }
}
