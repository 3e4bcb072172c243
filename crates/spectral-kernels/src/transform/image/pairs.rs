//! Transforms of real lines of odd length, two per lane.
//!
//! Pairs are lines of the same image, so that images do not affect each other. If the number of lines is odd, the last
//! pair lacks its second line: zeros are read in its place, and its result is discarded.

use spectral_lanes::{Gather, MAX_LANES, Scalar, Scatter, Simd};

use super::{Buffers, Task};
use crate::real::{Join, Split};
use crate::view::View;

/// Start addresses of the first and second lines of a block of pairs.
struct Places<T> {
    /// In the plane of real samples.
    real: [[*mut T; MAX_LANES]; 2],
    /// In the tile: real, then imaginary parts.
    tile: [[[*mut T; MAX_LANES]; 2]; 2],
}

impl<T: Scalar> Task<'_, T> {
    /// Transforms real lines to half-spectra in the tile.
    #[inline(always)]
    pub(super) fn odd_rows_in<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let images = self.images;
        let pairs = self.count * images.rows.div_ceil(2);
        let view = View::interleaved(buffers.block, S::LANES);
        let [first, second] = buffers
            .pairs
            .map(|start| View::interleaved(start, S::LANES));
        let real = self.input[0].at(0);
        for block in (0..pairs).step_by(S::LANES) {
            let lanes = S::LANES.min(pairs - block);
            let places = self.places(
                block,
                lanes,
                real,
                buffers,
                [buffers.zeros, buffers.discard],
            );
            for (p, lines) in places.real.iter().enumerate() {
                let lines = &lines.map(<*mut T>::cast_const);
                let to = buffers.block.wrapping_add(p * S::LANES);
                // SAFETY: each line holds `count` elements, and the buffer as many rows of one vector.
                let gather = unsafe { Gather::new(lines, images.n, to, 2 * S::LANES) };
                simd.call(gather);
            }
            // SAFETY: the block holds `n` elements of one vector each.
            unsafe { images.plan.run(simd, view, view, buffers.scratch) };
            simd.call(Split {
                view,
                n: images.n,
                first,
                second,
                scales: images.scales,
                bins: images.columns,
            });
            for (start, lines) in buffers.pairs.iter().zip(&places.tile) {
                for (p, lines) in lines.iter().enumerate() {
                    let (from, row) = (start.wrapping_add(p * S::LANES), 2 * S::LANES);
                    // SAFETY: the buffer holds `count` rows of one vector, and no other task accesses the lines.
                    let scatter = unsafe { Scatter::new(from, row, images.columns, lines, lanes) };
                    simd.call(scatter);
                }
            }
        }
    }

    /// Transforms half-spectra in the tile to real lines.
    #[inline(always)]
    pub(super) fn odd_rows_out<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let images = self.images;
        let pairs = self.count * images.rows.div_ceil(2);
        let view = View::interleaved(buffers.block, S::LANES);
        let [first, second] = buffers
            .pairs
            .map(|start| View::interleaved(start, S::LANES));
        let real = self.output[0].at(0);
        for block in (0..pairs).step_by(S::LANES) {
            let lanes = S::LANES.min(pairs - block);
            let places = self.places(
                block,
                lanes,
                real,
                buffers,
                [buffers.discard, buffers.zeros],
            );
            for (start, lines) in buffers.pairs.iter().zip(&places.tile) {
                for (p, lines) in lines.iter().enumerate() {
                    let lines = &lines.map(<*mut T>::cast_const);
                    let to = start.wrapping_add(p * S::LANES);
                    // SAFETY: each line holds `count` elements, and the buffer as many rows of one vector.
                    let gather = unsafe { Gather::new(lines, images.columns, to, 2 * S::LANES) };
                    simd.call(gather);
                }
            }
            simd.call(Join {
                view,
                n: images.n,
                first,
                second: Some(second),
                scales: images.scales,
                bins: images.columns,
            });
            // SAFETY: the block holds `n` elements of one vector each.
            unsafe {
                images
                    .plan
                    .run(simd, view.swapped(), view.swapped(), buffers.scratch)
            };
            for (p, lines) in places.real.iter().enumerate() {
                let (from, row) = (buffers.block.wrapping_add(p * S::LANES), 2 * S::LANES);
                // SAFETY: the buffer holds `count` rows of one vector, and no other task accesses the lines.
                let scatter = unsafe { Scatter::new(from, row, images.n, lines, lanes) };
                simd.call(scatter);
            }
        }
    }

    /// The addresses of pairs `first..first + lanes`; `missing` replaces a line that does not exist, in the plane and
    /// in the tile.
    #[inline(always)]
    fn places(
        &self,
        first: usize,
        lanes: usize,
        real: *mut T,
        buffers: &Buffers<'_, T>,
        missing: [*mut T; 2],
    ) -> Places<T> {
        let (rows, width) = (self.images.rows, self.images.width);
        let per_image = rows.div_ceil(2);
        let (mut image, mut pair) = (first / per_image, first % per_image);
        let mut places = Places {
            real: [[missing[0]; MAX_LANES]; 2],
            tile: [[[missing[1]; MAX_LANES]; 2]; 2],
        };
        for i in 0..lanes {
            for member in 0..2 {
                let row = 2 * pair + member;
                if row < rows {
                    let start = buffers.tile.wrapping_add(self.in_tile(image, row));
                    places.tile[member][0][i] = start;
                    places.tile[member][1][i] = start.wrapping_add(width);
                    let line = image * rows + row;
                    places.real[member][i] = real.wrapping_add(self.in_plane(line, self.images.n));
                }
            }
            pair += 1;
            if pair == per_image {
                (image, pair) = (image + 1, 0);
            }
        }
        places
    }
}
