//! Transforms of lines of images, one per lane, into and out of the tile.

use spectral_lanes::{Gather, MAX_LANES, Scalar, Scatter, Simd};

use super::{Buffers, Task};
use crate::real::{LastBin, Tangle, Untangle};
use crate::shape::Direction;
use crate::view::View;

impl<T: Scalar> Task<'_, T> {
    /// Transforms complex lines into the tile.
    #[inline(always)]
    pub(super) fn complex_rows<S: Simd<T>>(
        &self,
        simd: S,
        buffers: &mut Buffers<'_, T>,
        direction: Direction,
    ) {
        let images = self.images;
        let lines = self.count * images.rows;
        let view = View::interleaved(buffers.block, S::LANES);
        let turned = if direction == Direction::Forward {
            view
        } else {
            view.swapped()
        };
        for first in (0..lines).step_by(S::LANES) {
            for (p, plane) in self.input.iter().enumerate() {
                let from = self.plane_lines(plane.at(0), first, lines);
                let to = buffers.block.wrapping_add(p * S::LANES);
                // SAFETY: each line holds `count` elements, and the buffer as many rows of one vector.
                let gather = unsafe { Gather::new(&from, images.n, to, 2 * S::LANES) };
                simd.call(gather);
            }
            // SAFETY: the block holds `n` elements of one vector each.
            unsafe { images.plan.run(simd, turned, turned, buffers.scratch) };
            self.block_to_tile(simd, buffers, first, lines);
        }
    }

    /// Transforms real lines of even length to half-spectra in the tile.
    #[inline(always)]
    pub(super) fn even_rows_in<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let images = self.images;
        let Some(twiddles) = images.twiddles.as_deref() else {
            return;
        };
        let lines = self.count * images.rows;
        let view = View::interleaved(buffers.block, S::LANES);
        let (half, scales, last) = (images.n / 2, images.scales, LastBin::InFirst);
        for first in (0..lines).step_by(S::LANES) {
            let from = self.plane_lines(self.input[0].at(0), first, lines);
            // SAFETY: each line holds `count` elements, and the buffer as many rows of one vector.
            let gather = unsafe { Gather::new(&from, images.n, buffers.block, S::LANES) };
            simd.call(gather);
            // SAFETY: the block holds n/2 elements of one vector each.
            unsafe { images.plan.run(simd, view, view, buffers.scratch) };
            simd.call(Untangle {
                view,
                half,
                twiddles,
                scales,
                last,
                bins: half,
            });
            self.block_to_tile(simd, buffers, first, lines);
        }
    }

    /// Transforms half-spectra in the tile to real lines of even length.
    #[inline(always)]
    pub(super) fn even_rows_out<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let images = self.images;
        let Some(twiddles) = images.twiddles.as_deref() else {
            return;
        };
        let lines = self.count * images.rows;
        let view = View::interleaved(buffers.block, S::LANES);
        let (half, scales, last) = (images.n / 2, images.scales, LastBin::InFirst);
        for first in (0..lines).step_by(S::LANES) {
            self.tile_to_block(simd, buffers, first, lines);
            simd.call(Tangle {
                view,
                half,
                twiddles,
                scales,
                last,
                bins: half,
            });
            // SAFETY: the block holds n/2 elements of one vector each.
            unsafe {
                images
                    .plan
                    .run(simd, view.swapped(), view.swapped(), buffers.scratch)
            };
            let to = self
                .plane_lines(self.output[0].at(0), first, lines)
                .map(<*const T>::cast_mut);
            let lanes = S::LANES.min(lines - first);
            // SAFETY: the buffer holds `count` rows of one vector, and no other task accesses the lines.
            let scatter = unsafe { Scatter::new(buffers.block, S::LANES, images.n, &to, lanes) };
            simd.call(scatter);
        }
    }

    /// Start addresses of a block of lines of a plane with `n` elements per line; the last line is repeated as needed.
    #[inline(always)]
    fn plane_lines(&self, plane: *const T, first: usize, lines: usize) -> [*const T; MAX_LANES] {
        let mut starts = [plane; MAX_LANES];
        for i in 0..MAX_LANES {
            let line = (first + i).min(lines - 1);
            starts[i] = plane.wrapping_add(self.in_plane(line, self.images.n));
        }
        starts
    }

    /// Start addresses of the real parts of a block of lines of the tile; the last line is repeated as needed.
    #[inline(always)]
    fn tile_lines(&self, tile: *mut T, first: usize, lines: usize) -> [*mut T; MAX_LANES] {
        let rows = self.images.rows;
        let (mut image, mut row) = (first / rows, first % rows);
        let mut starts = [tile; MAX_LANES];
        for i in 0..MAX_LANES {
            starts[i] = tile.wrapping_add(self.in_tile(image, row));
            if first + i + 1 < lines {
                row += 1;
                if row == rows {
                    (image, row) = (image + 1, 0);
                }
            }
        }
        starts
    }

    /// Scatters lanes of the block to lines of the tile.
    #[inline(always)]
    fn block_to_tile<S: Simd<T>>(
        &self,
        simd: S,
        buffers: &Buffers<'_, T>,
        first: usize,
        lines: usize,
    ) {
        let (columns, lanes) = (self.images.columns, S::LANES.min(lines - first));
        let mut to = self.tile_lines(buffers.tile, first, lines);
        for p in 0..2 {
            let from = buffers.block.wrapping_add(p * S::LANES);
            // SAFETY: the buffer holds `count` rows of one vector, and no other task accesses the lines.
            let scatter = unsafe { Scatter::new(from, 2 * S::LANES, columns, &to, lanes) };
            simd.call(scatter);
            to = to.map(|start| start.wrapping_add(self.images.width));
        }
    }

    /// Gathers lines of the tile into lanes of the block.
    #[inline(always)]
    fn tile_to_block<S: Simd<T>>(
        &self,
        simd: S,
        buffers: &Buffers<'_, T>,
        first: usize,
        lines: usize,
    ) {
        let mut from = self
            .tile_lines(buffers.tile, first, lines)
            .map(<*mut T>::cast_const);
        for p in 0..2 {
            let to = buffers.block.wrapping_add(p * S::LANES);
            // SAFETY: each line holds `count` elements, and the buffer as many rows of one vector.
            let gather = unsafe { Gather::new(&from, self.images.columns, to, 2 * S::LANES) };
            simd.call(gather);
            from = from.map(|start| start.wrapping_add(self.images.width));
        }
    }
}
