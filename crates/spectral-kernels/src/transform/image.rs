//! A few images at a time: rows into a tile, columns within it, and out.
//!
//! In a tile, element `j` of an image (`j` over all axes but the last, row-major) is a pair of rows, real and
//! imaginary; the columns of the group's images lie side by side. For real data of even last length `n = 2h` there are
//! `h` columns: the first holds `X_0 + i·X_h`, two columns that are real before the other axes are transformed and are
//! told apart by their symmetry afterwards.

use std::sync::Arc;

use super::lanes::{Gather, Scatter, copy, copy_scaled};
use super::oriented::Kind;
use crate::parallel::Shared;
use crate::plan::Plan;
use crate::real::{BinScales, HalfTwiddles, Join, LastBin, Split, Tangle, Untangle};
use crate::scalar::Scalar;
use crate::shape::{BinWeight, Direction, half_bins};
use crate::simd::{InstructionSet, Kernel, MAX_LANES, Simd};
use crate::view::View;

/// One of the axes before the last.
struct Leading<T: Scalar> {
    len: usize,
    /// Elements between neighbours on this axis.
    below: usize,
    plan: Arc<Plan<T>>,
}

/// Transforms of images of one size, ready to run.
pub struct Images<T: Scalar> {
    pub set: InstructionSet,
    kind: Kind,
    scales: BinScales<T>,
    /// Last size, in real samples where there is a half-spectrum.
    n: usize,
    /// Product of the other sizes.
    rows: usize,
    /// Complex columns of an image in a tile.
    columns: usize,
    leading: Vec<Leading<T>>,
    plan: Arc<Plan<T>>,
    twiddles: Option<Arc<HalfTwiddles<T>>>,
    /// Element with all indices negated.
    mirror: Vec<usize>,
    /// Images in a tile.
    pub group: usize,
    /// Numbers in a row of a tile.
    width: usize,
}

/// What a tile may take of the second-level cache.
const TILE_BYTES: usize = 192 << 10;
const MOST_IMAGES: usize = 16;

impl<T: Scalar> Images<T> {
    pub fn new(
        sizes: &[usize],
        kind: Kind,
        scale: T,
        weight: BinWeight,
        lanes: usize,
        share: usize,
    ) -> Self {
        let (leading, n) = (&sizes[..sizes.len() - 1], sizes[sizes.len() - 1]);
        let halved = kind.is_real() && n.is_multiple_of(2);
        let columns = if halved {
            n / 2
        } else if kind.is_real() {
            n.div_ceil(2)
        } else {
            n
        };
        let rows = leading.iter().product();
        // Lanes that lines of one image take up: with odd lengths two real lines share one.
        let lines = if kind.is_real() && !halved {
            usize::div_ceil(rows, 2)
        } else {
            rows
        };
        let padded = |count: usize| {
            let width = count.next_multiple_of(lanes);
            // An even number of vectors in a row would map a column to few sets of the cache.
            if rows > 8 && (width / lanes).is_multiple_of(2) {
                width + lanes
            } else {
                width
            }
        };
        let bytes = |group: usize| 2 * rows * padded(group * columns) * size_of::<T>();
        let waste = |group: usize| {
            let fill = |count: usize| count.next_multiple_of(lanes) as f64 / count as f64;
            fill(group * lines) + fill(group * columns)
        };
        let mut group = 1;
        for candidate in 2..=MOST_IMAGES.min(share) {
            if bytes(candidate) <= TILE_BYTES && waste(candidate) < waste(group) - 0.01 {
                group = candidate;
            }
        }
        Images {
            set: InstructionSet::current(),
            kind,
            scales: BinScales {
                ends: scale,
                interior: scale * T::of(weight.interior()),
            },
            n,
            rows,
            columns,
            leading: (0..leading.len())
                .map(|a| Leading {
                    len: leading[a],
                    below: leading[a + 1..].iter().product(),
                    plan: T::plans().complex(leading[a]),
                })
                .collect(),
            plan: T::plans().complex(if halved { n / 2 } else { n }),
            twiddles: halved.then(|| T::plans().half(n)),
            mirror: mirror(leading),
            group,
            width: padded(group * columns),
        }
    }

    pub fn tile_bytes(&self) -> usize {
        2 * self.rows * self.width * size_of::<T>()
    }

    /// Numbers in the buffers of a task: tile, block, two half-spectra of pairs, zeros, a line that nobody reads, and
    /// scratch for the longest transform.
    pub fn buffers(&self, lanes: usize) -> [usize; 7] {
        let paired = self.kind.is_real() && self.twiddles.is_none();
        let pair = if paired { 2 * self.columns * lanes } else { 0 };
        let line = if paired { self.n } else { 0 };
        let leading = self.leading.iter().map(|axis| axis.plan.scratch_len(lanes));
        let scratch = leading.fold(self.plan.scratch_len(lanes), usize::max);
        [
            2 * self.rows * self.width,
            2 * self.n * lanes,
            pair,
            pair,
            line,
            line,
            scratch,
        ]
    }
}

/// For each element of an array of these sizes, the one with every index negated (modulo its size).
fn mirror(sizes: &[usize]) -> Vec<usize> {
    sizes.iter().fold(vec![0], |outer, &len| {
        outer
            .iter()
            .flat_map(|o| (0..len).map(move |j| o * len + (len - j) % len))
            .collect()
    })
}

/// Some images of a batch.
pub struct Task<'a, T: Scalar> {
    pub images: &'a Images<T>,
    pub input: &'a [&'a [T]],
    pub output: [Shared<T>; 2],
    pub first: usize,
    pub count: usize,
    /// Room for [`Images::buffers`].
    pub buffers: [&'a mut [T]; 7],
}

/// The buffers of a task.
struct Buffers<'a, T> {
    tile: *mut T,
    /// Lines of one block, one a lane.
    block: *mut T,
    /// Half-spectra of paired lines, first and second.
    pairs: [*mut T; 2],
    /// As many zeros as a line has numbers: what a missing line is read from.
    zeros: *const T,
    /// Where a missing line is written to.
    nowhere: *mut T,
    scratch: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let [tile, block, a, b, zeros, nowhere, scratch] = std::mem::take(&mut self.buffers);
        zeros.fill(T::of(0.0));
        let mut buffers = Buffers {
            tile: tile.as_mut_ptr(),
            block: block.as_mut_ptr(),
            pairs: [a.as_mut_ptr(), b.as_mut_ptr()],
            zeros: zeros.as_ptr(),
            nowhere: nowhere.as_mut_ptr(),
            scratch,
        };
        let tile = buffers.tile;
        let paired = self.images.twiddles.is_none();
        match (self.images.kind, paired) {
            (Kind::Complex(direction), _) => {
                self.complex_rows(simd, &mut buffers, direction);
                self.columns(simd, &mut buffers, direction);
                self.complex_out(simd, tile);
            }
            (Kind::ToHalf, false) => {
                self.even_rows_in(simd, &mut buffers);
                self.columns(simd, &mut buffers, Direction::Forward);
                self.half_out(simd, tile);
            }
            (Kind::ToHalf, true) => {
                self.odd_rows_in(simd, &mut buffers);
                self.columns(simd, &mut buffers, Direction::Forward);
                self.half_out(simd, tile);
            }
            (Kind::FromHalf, false) => {
                self.half_in(simd, tile);
                self.columns(simd, &mut buffers, Direction::Inverse);
                self.even_rows_out(simd, &mut buffers);
            }
            (Kind::FromHalf, true) => {
                self.half_in(simd, tile);
                self.columns(simd, &mut buffers, Direction::Inverse);
                self.odd_rows_out(simd, &mut buffers);
            }
        }
    }
}

impl<T: Scalar> Task<'_, T> {
    /// Index in the tile of plane `p` of line `line` (over all images of the task).
    #[inline(always)]
    fn in_tile(&self, line: usize, p: usize) -> usize {
        let images = self.images;
        let (image, row) = (line / images.rows, line % images.rows);
        (2 * row + p) * images.width + image * images.columns
    }

    /// Index in a plane of numbers `per_line` a line.
    #[inline(always)]
    fn in_plane(&self, line: usize, per_line: usize) -> usize {
        (self.first * self.images.rows + line) * per_line
    }

    /// The starts of a block of lines of one plane of the tile; beyond the last line, that line again.
    #[inline(always)]
    fn tile_lines(&self, tile: *mut T, first: usize, step: usize, p: usize) -> [*mut T; MAX_LANES] {
        let last = self.count * self.images.rows - 1;
        std::array::from_fn(|i| tile.wrapping_add(self.in_tile((first + step * i).min(last), p)))
    }

    #[inline(always)]
    fn columns<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>, direction: Direction) {
        let images = self.images;
        let whole = View::interleaved(buffers.tile, images.width);
        let view = if direction == Direction::Forward {
            whole
        } else {
            whole.swapped()
        };
        for axis in images.leading.iter().filter(|axis| axis.len > 1) {
            for lane in (0..self.count * images.columns).step_by(S::LANES) {
                for above in (0..images.rows).step_by(axis.len * axis.below) {
                    for first in above..above + axis.below {
                        let line = view.lanes_from(lane).elements_from(first, axis.below);
                        // SAFETY: elements first, first + below, …, `len` of them, are in the tile, whose rows hold
                        // whole vectors.
                        unsafe { axis.plan.run(simd, line, line, buffers.scratch) };
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn complex_rows<S: Simd<T>>(
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
                let from: [*const T; MAX_LANES] = std::array::from_fn(|i| {
                    plane[self.in_plane((first + i).min(lines - 1), images.n)..].as_ptr()
                });
                let to = buffers.block.wrapping_add(p * S::LANES);
                simd.call(Gather {
                    lines: &from,
                    count: images.n,
                    to,
                    row: 2 * S::LANES,
                });
            }
            // SAFETY: the block holds `n` elements of one vector.
            unsafe { images.plan.run(simd, turned, turned, buffers.scratch) };
            self.block_to_tile(
                simd,
                buffers.block,
                buffers.tile,
                first,
                1,
                S::LANES.min(lines - first),
            );
        }
    }

    /// Columns of a block of half-spectra (or spectra) → lines `first`, `first + step`, … of the tile.
    #[inline(always)]
    fn block_to_tile<S: Simd<T>>(
        &self,
        simd: S,
        block: *mut T,
        tile: *mut T,
        first: usize,
        step: usize,
        lanes: usize,
    ) {
        for p in 0..2 {
            let lines = self.tile_lines(tile, first, step, p);
            let from = block.wrapping_add(p * S::LANES);
            simd.call(Scatter {
                from,
                row: 2 * S::LANES,
                count: self.images.columns,
                lines: &lines,
                lanes,
            });
        }
    }

    #[inline(always)]
    fn tile_to_block<S: Simd<T>>(
        &self,
        simd: S,
        tile: *mut T,
        block: *mut T,
        first: usize,
        step: usize,
    ) {
        for p in 0..2 {
            let lines = self
                .tile_lines(tile, first, step, p)
                .map(<*mut T>::cast_const);
            let to = block.wrapping_add(p * S::LANES);
            simd.call(Gather {
                lines: &lines,
                count: self.images.columns,
                to,
                row: 2 * S::LANES,
            });
        }
    }

    #[inline(always)]
    fn even_rows_in<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let images = self.images;
        let Some(twiddles) = images.twiddles.as_deref() else {
            return;
        };
        let lines = self.count * images.rows;
        let plane = self.input[0];
        let view = View::interleaved(buffers.block, S::LANES);
        let (half, scales) = (images.n / 2, images.scales);
        for first in (0..lines).step_by(S::LANES) {
            let from: [*const T; MAX_LANES] = std::array::from_fn(|i| {
                plane[self.in_plane((first + i).min(lines - 1), images.n)..].as_ptr()
            });
            simd.call(Gather {
                lines: &from,
                count: images.n,
                to: buffers.block,
                row: S::LANES,
            });
            // SAFETY: the block holds n/2 elements of one vector.
            unsafe { images.plan.run(simd, view, view, buffers.scratch) };
            simd.call(Untangle {
                view,
                half,
                twiddles,
                scales,
                last: LastBin::InFirst,
            });
            self.block_to_tile(
                simd,
                buffers.block,
                buffers.tile,
                first,
                1,
                S::LANES.min(lines - first),
            );
        }
    }

    #[inline(always)]
    fn even_rows_out<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let images = self.images;
        let Some(twiddles) = images.twiddles.as_deref() else {
            return;
        };
        let lines = self.count * images.rows;
        let view = View::interleaved(buffers.block, S::LANES);
        let (half, scales) = (images.n / 2, images.scales);
        for first in (0..lines).step_by(S::LANES) {
            self.tile_to_block(simd, buffers.tile, buffers.block, first, 1);
            simd.call(Tangle {
                view,
                half,
                twiddles,
                scales,
                last: LastBin::InFirst,
            });
            // SAFETY: the block holds n/2 elements of one vector.
            unsafe {
                images
                    .plan
                    .run(simd, view.swapped(), view.swapped(), buffers.scratch)
            };
            let to: [*mut T; MAX_LANES] =
                std::array::from_fn(|i| self.output[0].at(self.in_plane(first + i, images.n)));
            let lanes = S::LANES.min(lines - first);
            simd.call(Scatter {
                from: buffers.block,
                row: S::LANES,
                count: images.n,
                lines: &to,
                lanes,
            });
        }
    }

    /// Pairs of lines of one image: pair `i` is lines `2i` and `2i + 1`, the second missing at the end of an odd number.
    #[inline(always)]
    fn pair(&self, pair: usize) -> (usize, Option<usize>) {
        let rows = self.images.rows;
        let per_image = rows.div_ceil(2);
        let (image, at) = (pair / per_image, 2 * (pair % per_image));
        (
            image * rows + at,
            (at + 1 < rows).then_some(image * rows + at + 1),
        )
    }

    #[inline(always)]
    fn odd_rows_in<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let images = self.images;
        let pairs = self.count * images.rows.div_ceil(2);
        let plane = self.input[0];
        let view = View::interleaved(buffers.block, S::LANES);
        let [first, second] = buffers
            .pairs
            .map(|start| View::interleaved(start, S::LANES));
        for block in (0..pairs).step_by(S::LANES) {
            let mut from = [[buffers.zeros; MAX_LANES]; 2];
            let mut to = [[[buffers.nowhere; MAX_LANES]; 2]; 2];
            let lanes = S::LANES.min(pairs - block);
            for i in 0..lanes {
                let (a, b) = self.pair(block + i);
                from[0][i] = plane[self.in_plane(a, images.n)..].as_ptr();
                for p in 0..2 {
                    to[0][p][i] = buffers.tile.wrapping_add(self.in_tile(a, p));
                }
                if let Some(b) = b {
                    from[1][i] = plane[self.in_plane(b, images.n)..].as_ptr();
                    for p in 0..2 {
                        to[1][p][i] = buffers.tile.wrapping_add(self.in_tile(b, p));
                    }
                }
            }
            for (p, lines) in from.iter().enumerate() {
                let to = buffers.block.wrapping_add(p * S::LANES);
                simd.call(Gather {
                    lines,
                    count: images.n,
                    to,
                    row: 2 * S::LANES,
                });
            }
            // SAFETY: the block holds `n` elements of one vector.
            unsafe { images.plan.run(simd, view, view, buffers.scratch) };
            simd.call(Split {
                view,
                n: images.n,
                first,
                second,
                scales: images.scales,
            });
            for (start, lines) in buffers.pairs.iter().zip(&to) {
                for (p, lines) in lines.iter().enumerate() {
                    let (from, row) = (start.wrapping_add(p * S::LANES), 2 * S::LANES);
                    simd.call(Scatter {
                        from,
                        row,
                        count: images.columns,
                        lines,
                        lanes,
                    });
                }
            }
        }
    }

    #[inline(always)]
    fn odd_rows_out<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let images = self.images;
        let pairs = self.count * images.rows.div_ceil(2);
        let view = View::interleaved(buffers.block, S::LANES);
        let [first, second] = buffers
            .pairs
            .map(|start| View::interleaved(start, S::LANES));
        for block in (0..pairs).step_by(S::LANES) {
            let mut from = [[[buffers.zeros; MAX_LANES]; 2]; 2];
            let mut to = [[buffers.nowhere; MAX_LANES]; 2];
            let lanes = S::LANES.min(pairs - block);
            for i in 0..lanes {
                let (a, b) = self.pair(block + i);
                to[0][i] = self.output[0].at(self.in_plane(a, images.n));
                for p in 0..2 {
                    from[0][p][i] = buffers.tile.wrapping_add(self.in_tile(a, p));
                }
                if let Some(b) = b {
                    to[1][i] = self.output[0].at(self.in_plane(b, images.n));
                    for p in 0..2 {
                        from[1][p][i] = buffers.tile.wrapping_add(self.in_tile(b, p));
                    }
                }
            }
            for (start, lines) in buffers.pairs.iter().zip(&from) {
                for (p, lines) in lines.iter().enumerate() {
                    let to = start.wrapping_add(p * S::LANES);
                    simd.call(Gather {
                        lines,
                        count: images.columns,
                        to,
                        row: 2 * S::LANES,
                    });
                }
            }
            simd.call(Join {
                view,
                n: images.n,
                first,
                second: Some(second),
                scales: images.scales,
            });
            // SAFETY: the block holds `n` elements of one vector.
            unsafe {
                images
                    .plan
                    .run(simd, view.swapped(), view.swapped(), buffers.scratch)
            };
            for (p, lines) in to.iter().enumerate() {
                let (from, row) = (buffers.block.wrapping_add(p * S::LANES), 2 * S::LANES);
                simd.call(Scatter {
                    from,
                    row,
                    count: images.n,
                    lines,
                    lanes,
                });
            }
        }
    }

    #[inline(always)]
    fn complex_out<S: Simd<T>>(&self, simd: S, tile: *const T) {
        let n = self.images.n;
        for line in 0..self.count * self.images.rows {
            for (p, plane) in self.output.iter().enumerate() {
                let (from, to) = (
                    tile.wrapping_add(self.in_tile(line, p)),
                    plane.at(self.in_plane(line, n)),
                );
                // SAFETY: a line of the tile and one of the output, of `n` numbers each.
                unsafe { copy_scaled(simd, from, to, n, self.images.scales.ends) };
            }
        }
    }

    /// Tile → half-spectra; the first column is taken apart where two share it.
    #[inline(always)]
    fn half_out<S: Simd<T>>(&self, simd: S, tile: *const T) {
        let images = self.images;
        let (bins, half, two) = (half_bins(images.n), images.n / 2, T::of(0.5));
        for line in 0..self.count * images.rows {
            let row = line % images.rows;
            let mirrored = line - row + images.mirror[row];
            let to = self.in_plane(line, bins);
            for (p, plane) in self.output.iter().enumerate() {
                // SAFETY: a line of the tile and one of the output, which is no shorter.
                unsafe {
                    copy(
                        simd,
                        tile.wrapping_add(self.in_tile(line, p)),
                        plane.at(to),
                        images.columns,
                    )
                };
            }
            if images.twiddles.is_some() {
                // SAFETY: first numbers of lines of the tile; bins 0 and h of a line of the output.
                unsafe {
                    let (re, im) = (
                        *tile.add(self.in_tile(line, 0)),
                        *tile.add(self.in_tile(line, 1)),
                    );
                    let (re2, im2) = (
                        *tile.add(self.in_tile(mirrored, 0)),
                        *tile.add(self.in_tile(mirrored, 1)),
                    );
                    *self.output[0].at(to) = (re + re2) * two;
                    *self.output[1].at(to) = (im - im2) * two;
                    *self.output[0].at(to + half) = (im + im2) * two;
                    *self.output[1].at(to + half) = (re2 - re) * two;
                }
            }
        }
    }

    /// Half-spectra → tile; of bins 0 and n/2 the Hermitian parts share the first column, all that the real samples
    /// depend on.
    #[inline(always)]
    fn half_in<S: Simd<T>>(&self, simd: S, tile: *mut T) {
        let images = self.images;
        let (bins, half, two) = (half_bins(images.n), images.n / 2, T::of(0.5));
        let (re, im) = (self.input[0], self.input[1]);
        for line in 0..self.count * images.rows {
            let row = line % images.rows;
            let from = self.in_plane(line, bins);
            let mirrored = self.in_plane(line - row + images.mirror[row], bins);
            for (p, plane) in self.input.iter().enumerate() {
                let line_of_plane = &plane[from..from + bins];
                // SAFETY: a line of the input and one of the tile, which is no longer.
                unsafe {
                    copy(
                        simd,
                        line_of_plane.as_ptr(),
                        tile.wrapping_add(self.in_tile(line, p)),
                        images.columns,
                    );
                }
            }
            if images.twiddles.is_some() {
                let (last, last2) = (from + half, mirrored + half);
                let first = (re[from] + re[mirrored] - (im[last] - im[last2])) * two;
                let second = (im[from] - im[mirrored] + re[last] + re[last2]) * two;
                // SAFETY: first numbers of the line's rows of the tile.
                unsafe {
                    *tile.add(self.in_tile(line, 0)) = first;
                    *tile.add(self.in_tile(line, 1)) = second;
                }
            }
        }
    }
}
