//! The weight gradient with vectors along the input's channels: for each tap, a sum over the positions where it reads a
//! sample, of an element of the output gradient times the row of that sample.

use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{
    InstructionSet, Kernel, MAX_LANES, Scalar, Simd, with_outer_scratch, with_scratch,
};

use super::panels::{Panels, Planes, interleave, separate};
use super::reach::Reach;
use super::tile::{MOST_ROWS, Start, Tile, most_vectors, rows_for};
use super::weights::WeightGradient;
use crate::kernels::activation::Form;

/// Maximum number of parts into which the images are divided for summation.
const MOST_PARTS: usize = 16;
/// Target size of a piece's rows: a share of the L2 cache.
const ROWS_BYTES: usize = 512 << 10;
/// Number of positions per piece above which reading and writing the sums is negligible.
const ENOUGH_POSITIONS: usize = 1024;
/// Minimum number of outputs for which vectors along channels are faster.
const LEAST_OUTPUTS: usize = 6;

/// How the pass is divided. Depends only on the shape, except for the shares, which do not affect the sums.
struct Tiling {
    /// Images per piece; 1 if a piece does not contain all rows of outputs.
    images: usize,
    /// Output rows per piece.
    rows: usize,
    row_pieces: usize,
    pieces: usize,
    /// Number of parts with separate sums.
    parts: usize,
    /// Outputs per task.
    share: usize,
    shares: usize,
}

impl<T: Scalar> WeightGradient<'_, T> {
    /// Whether vectors run along channels rather than positions.
    pub fn is_blocked(&self, lanes: usize) -> bool {
        let inputs = self.conv.in_per_group;
        4 * inputs >= 3 * inputs.next_multiple_of(lanes) && self.conv.out_per_group >= LEAST_OUTPUTS
    }

    /// Runs the pass with vectors along the input's channels.
    pub fn run_blocked(self, set: InstructionSet) {
        let conv = self.conv;
        let lanes = T::lanes(set);
        let most = most_vectors(lanes * size_of::<T>());
        let reach = [0, 1].map(|axis| Reach::forward(conv, axis));
        let panels = Panels::new(conv.in_per_group, lanes, most);
        let tiling = self.tiling(&reach, &panels, lanes);
        let taps = conv.kernel[0] * conv.kernel[1];
        let width = panels.vectors() * lanes;
        let group_len = conv.out_per_group * taps * width;
        let part_len = conv.groups * group_len;
        let rows_len = tiling.images * Rows::most(&reach, tiling.rows) * reach[1].sources * width;
        let work = conv.multiply_adds() / 8 + self.x.len();
        with_outer_scratch([tiling.parts * part_len], |[partial]| {
            let sums = Shared::new(partial);
            for_each(tiling.parts * conv.groups * tiling.shares, work, |task| {
                let part = task / (conv.groups * tiling.shares);
                let group = task / tiling.shares % conv.groups;
                let first = task % tiling.shares * tiling.share;
                let outputs = first..conv.out_per_group.min(first + tiling.share);
                with_scratch([rows_len], |[rows]| {
                    T::dispatch(
                        set,
                        Task {
                            pass: &self,
                            tiling: &tiling,
                            reach: &reach,
                            panels: &panels,
                            part,
                            group,
                            outputs,
                            rows,
                            sums: sums.skip(part * part_len + group * group_len),
                        },
                    );
                });
            });
            let partial = &partial[..tiling.parts * part_len];
            let gw = Shared::new(self.gw);
            for_each(conv.groups * conv.out_per_group, partial.len(), |output| {
                let sums = &partial[output * taps * width..];
                T::dispatch(
                    set,
                    Finish {
                        sums,
                        part_len,
                        parts: tiling.parts,
                        taps,
                        width,
                        inputs: conv.in_per_group,
                        to: gw.skip(output * conv.in_per_group * taps),
                    },
                );
            });
        });
    }

    fn tiling(&self, reach: &[Reach; 2], panels: &Panels, lanes: usize) -> Tiling {
        let conv = self.conv;
        let [height, width] = [reach[0].targets, reach[1].targets];
        let row_bytes = reach[1].sources * panels.vectors() * lanes * size_of::<T>();
        let image_bytes = reach[0].sources * row_bytes;
        let enough = ENOUGH_POSITIONS.div_ceil(height * width);
        let images = (ROWS_BYTES / image_bytes)
            .min(conv.batch.div_ceil(MOST_PARTS))
            .max(enough)
            .clamp(1, conv.batch);
        let rows = if images > 1 || image_bytes <= ROWS_BYTES {
            height
        } else {
            let halo = Rows::most(reach, 1) - 1;
            let step = (Rows::most(reach, 2) - halo).max(2) - 1;
            let fitting = (ROWS_BYTES / row_bytes).saturating_sub(halo) / step;
            fitting.max(ENOUGH_POSITIONS / width).clamp(1, height)
        };
        let row_pieces = height.div_ceil(rows);
        let pieces = conv.batch.div_ceil(images) * row_pieces;
        // Partial sums should not cost more than the factors do.
        let parts = ((self.x.len() + self.gy.len()) / (2 * self.gw.len()))
            .clamp(1, MOST_PARTS)
            .min(pieces);
        let block = MOST_ROWS;
        let blocks = conv.out_per_group.div_ceil(block);
        let shares = match rayon::current_num_threads() {
            1 => 1,
            threads => (2 * threads).div_ceil(conv.groups * parts).clamp(1, blocks),
        };
        let share = blocks.div_ceil(shares) * block;
        Tiling {
            images,
            rows: height.div_ceil(row_pieces),
            row_pieces,
            pieces,
            parts,
            share,
            shares: conv.out_per_group.div_ceil(share),
        }
    }
}

/// Rows of outputs, and the rows of the input that their taps read.
#[derive(Clone)]
struct Rows {
    outputs: std::ops::Range<usize>,
    inputs: std::ops::Range<usize>,
}

impl Rows {
    fn new(reach: &Reach, outputs: std::ops::Range<usize>) -> Self {
        let (mut first, mut end) = (usize::MAX, 0);
        for class in reach.classes() {
            let targets =
                class.targets.start.max(outputs.start)..class.targets.end.min(outputs.end);
            if targets.is_empty() || class.taps.is_empty() {
                continue;
            }
            first = first.min(reach.sample(targets.start, class.taps.start));
            end = end.max(reach.sample(targets.end - 1, class.taps.end - 1) + 1);
        }
        Rows {
            outputs,
            inputs: first.min(end)..end,
        }
    }

    /// Maximum number of input rows for any `rows` neighboring output rows.
    fn most(reach: &[Reach; 2], rows: usize) -> usize {
        let starts = (0..reach[0].targets).step_by(rows);
        starts
            .map(|start| {
                let end = (start + rows).min(reach[0].targets);
                Rows::new(&reach[0], start..end).inputs.len()
            })
            .max()
            .unwrap_or(0)
            .max(1)
    }
}

/// Some outputs of one group, for one part of the images.
struct Task<'a, T> {
    pass: &'a WeightGradient<'a, T>,
    tiling: &'a Tiling,
    reach: &'a [Reach; 2],
    panels: &'a Panels,
    part: usize,
    group: usize,
    outputs: std::ops::Range<usize>,
    /// Input rows, `[panel][image][row][column][input of the panel]`.
    rows: &'a mut [T],
    /// Sums of the group, `[output][tap][input]`.
    sums: Shared<T>,
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let conv = self.pass.conv;
        let tiling = self.tiling;
        let range = tiling.pieces * self.part / tiling.parts
            ..tiling.pieces * (self.part + 1) / tiling.parts;
        for piece in range.clone() {
            let image = piece / tiling.row_pieces * tiling.images;
            let row = piece % tiling.row_pieces * tiling.rows;
            let images = image..conv.batch.min(image + tiling.images);
            let rows = row..self.reach[0].targets.min(row + tiling.rows);
            let rows = Rows::new(&self.reach[0], rows);
            self.pack(simd, &images, &rows);
            let start = match piece == range.start {
                true => Start::Zero,
                false => Start::Sums,
            };
            self.multiply(simd, &images, &rows, start);
        }
    }
}

impl<T: Scalar> Task<'_, T> {
    /// Offset of a panel in the rows of a piece.
    fn start(&self, images: usize, rows: &Rows, before: usize, lanes: usize) -> usize {
        images * rows.inputs.len() * self.reach[1].sources * before * lanes
    }

    #[inline(always)]
    fn pack<S: Simd<T>>(&mut self, simd: S, images: &std::ops::Range<usize>, rows: &Rows) {
        let conv = self.pass.conv;
        let columns = self.reach[1].sources;
        let plane = self.reach[0].sources * columns;
        let len = rows.inputs.len() * columns;
        assert!(self.rows.len() >= self.start(images.len(), rows, self.panels.vectors(), S::LANES));
        for panel in (0..self.panels.count()).map(|panel| self.panels.get(panel)) {
            let width = panel.vectors * S::LANES;
            let start = self.start(images.len(), rows, panel.before, S::LANES);
            for (nth, image) in images.clone().enumerate() {
                for vector in 0..panel.vectors {
                    let first = vector * S::LANES;
                    let channel = (image * conv.groups + self.group) * conv.in_per_group
                        + panel.first
                        + first;
                    let channels = S::LANES.min(panel.channels - first);
                    let from = channel * plane + rows.inputs.start * columns;
                    assert!(self.pass.x.len() >= from + (channels - 1) * plane + len);
                    // SAFETY: the input holds the planes and the buffer the rows, as asserted; the buffer belongs to
                    // this task.
                    unsafe {
                        interleave(
                            simd,
                            Planes {
                                start: self.pass.x.as_ptr().add(from),
                                stride: plane,
                                channels,
                                len,
                            },
                            self.rows
                                .as_mut_ptr()
                                .add(start + nth * len * width + first),
                            width,
                        );
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn multiply<S: Simd<T>>(
        &self,
        simd: S,
        images: &std::ops::Range<usize>,
        rows: &Rows,
        start: Start<'_, T>,
    ) {
        let conv = self.pass.conv;
        let taps = self.taps(rows);
        let input_rows = rows.inputs.len() * self.reach[1].sources;
        let plane = self.reach[0].targets * self.reach[1].targets;
        let channels = conv.groups * conv.out_per_group;
        let sums_row = self.panels.vectors() * S::LANES;
        for panel in (0..self.panels.count()).map(|panel| self.panels.get(panel)) {
            let from = self.start(images.len(), rows, panel.before, S::LANES);
            let block = rows_for(S::LANES * size_of::<T>(), panel.vectors);
            for output in self.outputs.clone().step_by(block) {
                let count = block.min(self.outputs.end - output);
                let channel = images.start * channels + self.group * conv.out_per_group + output;
                let at = std::array::from_fn(|m| (channel + m.min(count - 1)) * plane);
                for (tap, terms) in taps.iter().enumerate() {
                    let to_rows: [usize; MOST_ROWS] = std::array::from_fn(|m| {
                        ((output + m.min(count - 1)) * taps.len() + tap) * sums_row
                            + panel.before * S::LANES
                    });
                    // SAFETY: the sums of a part and group have one row per tap of each output, and no other task
                    // accesses those of these outputs.
                    unsafe {
                        Tile {
                            a: self.pass.gy,
                            rows: at,
                            b: &self.rows[from..],
                            terms,
                            repeats: images.len(),
                            steps: [channels * plane, input_rows],
                            vectors: panel.vectors,
                            start,
                            form: Form::Identity,
                            to: self.sums,
                            to_rows,
                            count,
                        }
                        .run(simd);
                    }
                }
            }
        }
    }

    /// For each tap, the outputs for which it reads a sample, with that sample.
    fn taps(&self, rows: &Rows) -> Vec<Vec<[u32; 2]>> {
        let [height, width] = self.reach;
        let kernel = self.pass.conv.kernel;
        let mut taps = Vec::with_capacity(kernel[0] * kernel[1]);
        for tap in (0..kernel[0]).flat_map(|row| (0..kernel[1]).map(move |column| [row, column])) {
            let [down, across] = [height.targets_of(tap[0]), width.targets_of(tap[1])];
            let down = down.start.max(rows.outputs.start)..down.end.min(rows.outputs.end);
            let mut terms = Vec::with_capacity(down.len() * across.len());
            for row in down {
                for column in across.clone() {
                    let sample = (height.sample(row, tap[0]) - rows.inputs.start) * width.sources
                        + width.sample(column, tap[1]);
                    terms.push([(row * width.targets + column) as u32, sample as u32]);
                }
            }
            taps.push(terms);
        }
        taps
    }
}

/// Adds the parts' sums of one output and writes them as `[input][tap]`.
struct Finish<'a, T> {
    sums: &'a [T],
    part_len: usize,
    parts: usize,
    taps: usize,
    /// Elements per row of sums.
    width: usize,
    inputs: usize,
    to: Shared<T>,
}

impl<T: Scalar> Kernel<T> for Finish<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let last = (self.parts - 1) * self.part_len + self.taps * self.width;
        assert!(self.sums.len() >= last && self.width >= self.inputs.next_multiple_of(S::LANES));
        let mut block = [[T::of(0.0); MAX_LANES]; MAX_LANES];
        for first in (0..self.inputs).step_by(S::LANES) {
            for tap in (0..self.taps).step_by(S::LANES) {
                let count = S::LANES.min(self.taps - tap);
                // SAFETY: the sums hold every row of every part, as asserted, and no other task writes this output.
                unsafe {
                    for (row, to) in block.iter_mut().enumerate().take(count) {
                        let from = self.sums.as_ptr().add((tap + row) * self.width + first);
                        let mut sum = simd.load(from);
                        for part in 1..self.parts {
                            sum = sum + simd.load(from.add(part * self.part_len));
                        }
                        simd.store(to.as_mut_ptr(), sum);
                    }
                    separate(
                        simd,
                        block.as_ptr().cast(),
                        MAX_LANES,
                        Planes {
                            start: self.to.at(first * self.taps + tap),
                            stride: self.taps,
                            channels: S::LANES.min(self.inputs - first),
                            len: count,
                        },
                    );
                }
            }
        }
    }
}
