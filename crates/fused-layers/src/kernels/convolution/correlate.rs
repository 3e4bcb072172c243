//! The output and the input gradient: sums over channels and taps.

use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{InstructionSet, Kernel, MAX_LANES, Scalar, Simd, with_scratch};

use super::Convolution;
use super::axis::AxisPlan;
use super::epilogue::Epilogue;
use super::frame::{Frame, Piece, copy_rows};
use super::sweep::{MOST_VECTORS, Sweep, widths};
use super::terms::{Direction, Lattice, lattices};

/// Target size of a task's frame: a share of the L2 cache.
const FRAME_BYTES: usize = 384 << 10;
/// Maximum number of positions per task, so that a block of rows of results stays in the L1 cache.
const MOST_POSITIONS: usize = 1536;
/// Tasks are not made smaller than this many positions to occupy more threads.
const LEAST_POSITIONS: usize = 384;
/// Extra space after a frame for vectors that extend past the last position, in addition to the largest shift along a
/// row.
pub const SLACK: usize = 2 * MOST_VECTORS * MAX_LANES;

/// A pass whose result is an image: the output or the input gradient.
pub struct Correlate<'a, T> {
    pub(super) conv: &'a Convolution,
    axes: [AxisPlan; 2],
    pub(super) direction: Direction,
    pub(super) source: &'a [T],
    pub(super) weight: &'a [T],
    pub(super) epilogue: Epilogue<'a, T>,
    pub(super) target: Shared<T>,
}

spectral_lanes::entry!(CorrelateEntry, Correlate);

impl<'a, T: Scalar> Correlate<'a, T> {
    pub fn forward(
        conv: &'a Convolution,
        x: &'a [T],
        weight: &'a [T],
        epilogue: Epilogue<'a, T>,
        y: &mut [T],
    ) -> Self {
        Correlate {
            conv,
            axes: [0, 1].map(|axis| AxisPlan::forward(conv, axis)),
            direction: Direction::Forward,
            source: x,
            weight,
            epilogue,
            target: Shared::new(y),
        }
    }

    pub fn adjoint(conv: &'a Convolution, gy: &'a [T], weight: &'a [T], gx: &mut [T]) -> Self {
        Correlate {
            conv,
            axes: [0, 1].map(|axis| AxisPlan::adjoint(conv, axis)),
            direction: Direction::Adjoint,
            source: gy,
            weight,
            epilogue: Epilogue::none(),
            target: Shared::new(gx),
        }
    }

    /// Source and target channels per group.
    fn channels(&self) -> [usize; 2] {
        match self.direction {
            Direction::Forward => [self.conv.in_per_group, self.conv.out_per_group],
            Direction::Adjoint => [self.conv.out_per_group, self.conv.in_per_group],
        }
    }

    pub fn run(self) {
        let conv = self.conv;
        let set = InstructionSet::current();
        let lanes = T::lanes(set);
        if self.is_blocked(lanes) {
            return self.run_blocked(set);
        }
        let widths = widths(lanes * size_of::<T>());
        let lattices = lattices(conv, &self.axes, self.direction, self.weight, widths);
        let [sources, _] = self.channels();
        let frame = Frame {
            axes: [&self.axes[0].frame, &self.axes[1].frame],
            pitch: self.axes[1].pitch(),
            halo: self.axes[0].longest(),
            channels: conv.groups * sources,
        };
        let planes = frame.axes.map(|axis| axis.phases.len());
        let tiling = Tiling {
            images: conv.batch,
            rows: self.axes[0].most(),
            pitch: frame.pitch,
            halo: frame.halo,
            bytes: sources * planes[0] * planes[1] * size_of::<T>(),
            repeats: conv.groups,
        };
        let (images, rows) = tiling.piece(rayon::current_num_threads());
        let (image_pieces, row_pieces) = (conv.batch.div_ceil(images), tiling.rows.div_ceil(rows));
        let pieces = image_pieces * row_pieces;
        // If there are few pieces, threads share the target channels of each, and each packs the same frame.
        let (tasks, threads) = (conv.groups * pieces, rayon::current_num_threads());
        let shares = match threads {
            1 => 1,
            _ => (2 * threads)
                .div_ceil(tasks.max(1))
                .min(most_blocks(&lattices)),
        };
        // Eight multiply-adds, in vectors, take about as long as accessing one element.
        let work = self.conv.multiply_adds() / 8 + self.source.len();
        for_each(tasks * shares, work, |task| {
            let (task, share) = (task / shares, task % shares);
            let (group, piece) = (task / pieces, task % pieces);
            let first = (piece / row_pieces) * images;
            let row = (piece % row_pieces) * rows;
            let piece = Piece {
                images: first..conv.batch.min(first + images),
                rows: row..tiling.rows.min(row + rows),
            };
            let width = widths[0];
            let tall = (rows + width) * frame.row(&piece);
            // The last taps of a row read this far past the last channel.
            let frame_len = sources * frame.channel(&piece, lanes)
                + self.axes[1].longest()
                + SLACK
                + if conv.is_depthwise() {
                    width * frame.row(&piece)
                } else {
                    0
                };
            let rows_len = width * (tall + SLACK);
            with_scratch([frame_len, rows_len], |[packed, sums]| {
                T::dispatch(
                    set,
                    Task {
                        pass: &self,
                        frame: &frame,
                        lattices: &lattices,
                        group,
                        piece,
                        share: [share, shares],
                        packed: &mut packed[..frame_len],
                        sums,
                    },
                );
            });
        });
    }
}

fn most_blocks<T>(lattices: &[Lattice<T>]) -> usize {
    let blocks = lattices.iter().map(|lattice| lattice.blocks.len());
    blocks.max().unwrap_or(1).max(1)
}

/// How a pass is divided into tasks.
struct Tiling {
    images: usize,
    rows: usize,
    pitch: usize,
    halo: usize,
    /// Bytes per position of the frame.
    bytes: usize,
    /// How many times all pieces are processed.
    repeats: usize,
}

impl Tiling {
    /// Images and rows per task.
    fn piece(&self, threads: usize) -> (usize, usize) {
        let rows_of_image = self.rows.max(1);
        let image_bytes = (rows_of_image + self.halo) * self.pitch * self.bytes;
        let positions = rows_of_image * self.pitch;
        if image_bytes > FRAME_BYTES || positions > MOST_POSITIONS {
            let by_bytes = (FRAME_BYTES / (self.pitch * self.bytes)).saturating_sub(self.halo);
            let by_positions = MOST_POSITIONS / self.pitch;
            let least = (LEAST_POSITIONS.div_ceil(self.pitch)).max(self.halo / 2);
            let rows = by_bytes
                .min(by_positions)
                .max(least)
                .clamp(1, rows_of_image);
            let pieces = rows_of_image.div_ceil(rows);
            return (1, rows_of_image.div_ceil(pieces));
        }
        let most = (FRAME_BYTES / image_bytes.max(1)).min(MOST_POSITIONS / positions);
        let least = LEAST_POSITIONS.div_ceil(positions);
        let wanted =
            (self.images * self.repeats).div_ceil(if threads > 1 { 4 * threads } else { 1 });
        let images = wanted
            .clamp(1, most.max(1))
            .max(least)
            .clamp(1, self.images.max(1));
        let mut pieces = self.images.div_ceil(images).max(1);
        if pieces > 1 && self.repeats < threads {
            pieces = pieces.next_multiple_of(threads);
        }
        (self.images.div_ceil(pieces).max(1), rows_of_image)
    }
}

/// One group of channels of one piece.
struct Task<'a, T> {
    pass: &'a Correlate<'a, T>,
    frame: &'a Frame<'a>,
    lattices: &'a [Lattice<T>],
    group: usize,
    piece: Piece,
    /// The index of this task's share of the blocks of rows, and the number of shares.
    share: [usize; 2],
    packed: &'a mut [T],
    sums: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let [sources, targets] = self.pass.channels();
        let channels = self.group * sources..(self.group + 1) * sources;
        self.frame
            .pack(simd, self.pass.source, channels, &self.piece, self.packed);
        let depthwise = self.pass.conv.is_depthwise();
        let row = self.frame.row(&self.piece);
        for lattice in self.lattices {
            let start = self.piece.rows.start;
            let rows = lattice.lines[0]
                .count
                .min(self.piece.rows.end)
                .saturating_sub(start);
            if rows == 0 {
                continue;
            }
            let offsets = lattice.offsets(self.frame, &self.piece, S::LANES);
            let blocks = &lattice.blocks;
            let [share, shares] = self.share;
            let range = blocks.len() * share / shares..blocks.len() * (share + 1) / shares;
            for &block in &blocks[range] {
                let weights = lattice.weights(self.group, block);
                let positions = if depthwise { row } else { rows * row };
                let sums_row = positions + SLACK / 2;
                let steps = if depthwise {
                    rows.div_ceil(block.width)
                } else {
                    1
                };
                for step in 0..steps {
                    let first = step * block.width;
                    Sweep {
                        x: &self.packed[if depthwise { first * row } else { 0 }..],
                        offsets: &offsets,
                        weights,
                        width: block.width,
                        positions,
                        y: self.sums,
                        row: sums_row,
                    }
                    .run(simd);
                    if depthwise {
                        for m in 0..block.width.min(rows - first) {
                            let to = [self.group, start + first + m];
                            self.write(simd, lattice, to, 1, &self.sums[m * sums_row..]);
                        }
                    } else {
                        for m in 0..block.rows {
                            let to = [self.group * targets + block.first + m, start];
                            self.write(simd, lattice, to, rows, &self.sums[m * sums_row..]);
                        }
                    }
                }
            }
        }
    }
}

impl<T: Scalar> Task<'_, T> {
    /// Writes `rows` rows of a lattice from `row` on, for one channel of every image.
    #[inline(always)]
    fn write<S: Simd<T>>(
        &self,
        simd: S,
        lattice: &Lattice<T>,
        [channel, row]: [usize; 2],
        rows: usize,
        sums: &[T],
    ) {
        let [_, targets] = self.pass.channels();
        let channels = self.pass.conv.groups * targets;
        let [height, width] = [0, 1].map(|axis| self.pass.axes[axis].target);
        let [row_line, columns] = &lattice.lines;
        let sums_row = self.frame.row(&self.piece);
        let finish = self.pass.epilogue.finish(channel);
        for (place, image) in self.piece.images.clone().enumerate() {
            let line = (image * channels + channel) * height + row_line.first + row_line.step * row;
            let to = self.pass.target.at(line * width + columns.first);
            let to_row = row_line.step * width;
            let from = &sums[place * self.frame.pitch..];
            assert!(from.len() >= (rows - 1) * sums_row + columns.count);
            // SAFETY: `from` holds the rows, as asserted; the target has `rows` rows that are `step` apart from `row`
            // on, with positions `step` apart from `first` on, which no other task writes.
            unsafe {
                // Only an input gradient, which has no epilogue, has positions that are not contiguous.
                if columns.step == 1 {
                    copy_rows(
                        simd,
                        [from.as_ptr(), to.cast_const()],
                        [sums_row, to_row],
                        rows,
                        columns.count,
                        finish,
                    );
                } else {
                    for r in 0..rows {
                        for place in 0..columns.count {
                            *to.add(r * to_row + columns.step * place) = from[r * sums_row + place];
                        }
                    }
                }
            }
        }
    }
}
