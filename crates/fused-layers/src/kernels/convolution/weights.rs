//! The weight gradient: sums over images and positions.

use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, with_scratch};

use super::Convolution;
use super::axis::{AxisPlan, FrameAxis};
use super::correlate::SLACK;
use super::frame::{Frame, Piece};
use super::sweep::{Products, products};

/// Maximum number of parts into which the images are divided for summation.
const MOST_PARTS: usize = 16;
/// Target size of the input's frame: a share of the L2 cache.
const FRAME_BYTES: usize = 512 << 10;
/// Number of positions above which the sums across lanes are negligible.
const ENOUGH_POSITIONS: usize = 512;
/// Elements summed per task.
const SUM_LEN: usize = 1 << 14;

/// The pass whose result is a weight.
pub struct WeightGradient<'a, T> {
    pub(super) conv: &'a Convolution,
    axes: [AxisPlan; 2],
    pub(super) x: &'a [T],
    pub(super) gy: &'a [T],
    pub(super) gw: &'a mut [T],
}

spectral_lanes::entry!(WeightEntry, WeightGradient);

impl<'a, T: Scalar> WeightGradient<'a, T> {
    pub fn new(conv: &'a Convolution, x: &'a [T], gy: &'a [T], gw: &'a mut [T]) -> Self {
        WeightGradient {
            conv,
            axes: [0, 1].map(|axis| AxisPlan::forward(conv, axis)),
            x,
            gy,
            gw,
        }
    }

    pub fn run(self) {
        let conv = self.conv;
        let set = InstructionSet::current();
        let lanes = T::lanes(set);
        if self.is_blocked(lanes) {
            return self.run_blocked(set);
        }
        let outputs = conv.output_sizes();
        let plain = outputs.map(|len| FrameAxis {
            step: 1,
            phases: vec![0],
            origin: 0,
            len,
            source: len,
        });
        let pitch = self.axes[1].pitch();
        let inputs = Frame {
            axes: [&self.axes[0].frame, &self.axes[1].frame],
            pitch,
            halo: self.axes[0].longest(),
            channels: conv.groups * conv.in_per_group,
        };
        let gradients = Frame {
            axes: [&plain[0], &plain[1]],
            pitch,
            halo: 0,
            channels: conv.groups * conv.out_per_group,
        };

        // Pieces and parts depend only on the shape, so that the number of threads does not affect the sums.
        let planes = inputs.axes.map(|axis| axis.phases.len());
        let places = conv.in_per_group * planes[0] * planes[1] * pitch * size_of::<T>();
        let image_bytes = (outputs[0] + inputs.halo) * places;
        let rows = if image_bytes <= FRAME_BYTES {
            outputs[0]
        } else {
            let fitting = (FRAME_BYTES / places).saturating_sub(inputs.halo);
            fitting
                .max(inputs.halo)
                .max(ENOUGH_POSITIONS / pitch)
                .clamp(1, outputs[0])
        };
        let images = if rows < outputs[0] {
            1
        } else {
            let enough = ENOUGH_POSITIONS.div_ceil(outputs[0] * pitch);
            (FRAME_BYTES / image_bytes)
                .min(conv.batch.div_ceil(MOST_PARTS))
                .max(enough)
                .clamp(1, conv.batch)
        };
        let row_pieces = outputs[0].div_ceil(rows);
        let rows = outputs[0].div_ceil(row_pieces);
        let pieces = conv.batch.div_ceil(images) * row_pieces;
        // Partial sums should not cost more than the factors do.
        let parts = ((self.x.len() + self.gy.len()) / (2 * self.gw.len()))
            .clamp(1, MOST_PARTS)
            .min(pieces);

        let [block, _] = products(lanes * size_of::<T>(), conv.is_depthwise());
        let blocks = conv.out_per_group.div_ceil(block);
        let wanted = match rayon::current_num_threads() {
            1 => 1,
            threads => (2 * threads).div_ceil(conv.groups * parts),
        };
        let shares = wanted.clamp(1, blocks);
        let share = blocks.div_ceil(shares) * block;
        let shares = conv.out_per_group.div_ceil(share);

        let mut partial = vec![T::of(0.0); parts * self.gw.len()];
        let shared = Shared::new(&mut partial);
        let filter = conv.in_per_group * conv.kernel[0] * conv.kernel[1];
        let work = conv.multiply_adds() / 8 + self.x.len();
        let gw_len = self.gw.len();
        for_each(parts * conv.groups * shares, work, |task| {
            let part = task / (conv.groups * shares);
            let group = task / shares % conv.groups;
            let first = task % shares * share;
            let outputs_of_task = first..conv.out_per_group.min(first + share);
            let start = part * gw_len + (group * conv.out_per_group + first) * filter;
            // SAFETY: no other task accesses this part, group and range of outputs, and it is within the partial sums.
            let sums = unsafe {
                std::slice::from_raw_parts_mut(shared.at(start), outputs_of_task.len() * filter)
            };
            for piece in pieces * part / parts..pieces * (part + 1) / parts {
                let image = piece / row_pieces * images;
                let row = piece % row_pieces * rows;
                let piece = Piece {
                    images: image..conv.batch.min(image + images),
                    rows: row..outputs[0].min(row + rows),
                };
                let lens = [
                    conv.in_per_group * inputs.channel(&piece, lanes)
                        + self.axes[1].longest()
                        + SLACK,
                    outputs_of_task.len() * gradients.channel(&piece, lanes) + SLACK,
                ];
                with_scratch(lens, |[x, gy]| {
                    T::dispatch(
                        set,
                        Task {
                            pass: &self,
                            frames: [&inputs, &gradients],
                            group,
                            outputs: outputs_of_task.clone(),
                            piece,
                            x,
                            gy,
                            sums,
                        },
                    );
                });
            }
        });
        let gw = Shared::new(self.gw);
        for_each(gw_len.div_ceil(SUM_LEN), parts * gw_len, |task| {
            let range = task * SUM_LEN..gw_len.min((task + 1) * SUM_LEN);
            // SAFETY: each task writes its own range, within the gradient.
            let sums = unsafe { std::slice::from_raw_parts_mut(gw.at(range.start), range.len()) };
            sums.copy_from_slice(&partial[range.clone()]);
            for part in partial.chunks_exact(gw_len).skip(1) {
                for (sum, part) in sums.iter_mut().zip(&part[range.clone()]) {
                    *sum = *sum + *part;
                }
            }
        });
    }
}

/// Some outputs of one group, for one piece.
struct Task<'a, T> {
    pass: &'a WeightGradient<'a, T>,
    /// Frames of the input and of the output gradient.
    frames: [&'a Frame<'a>; 2],
    group: usize,
    outputs: std::ops::Range<usize>,
    piece: Piece,
    x: &'a mut [T],
    gy: &'a mut [T],
    /// Sums, `[output][input][tap]`.
    sums: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let conv = self.pass.conv;
        let [inputs, gradients] = self.frames;
        let channels = self.group * conv.in_per_group..(self.group + 1) * conv.in_per_group;
        inputs.pack(simd, self.pass.x, channels, &self.piece, self.x);
        let first = self.group * conv.out_per_group;
        let channels = first + self.outputs.start..first + self.outputs.end;
        gradients.pack(simd, self.pass.gy, channels, &self.piece, self.gy);

        let channel = inputs.channel(&self.piece, S::LANES);
        let [rows, columns] = [0, 1].map(|axis| &self.pass.axes[axis].lines[0].taps);
        let mut offsets = Vec::with_capacity(conv.in_per_group * rows.len() * columns.len());
        for input in 0..conv.in_per_group {
            for row in rows {
                for column in columns {
                    let planes = [row.plane, column.plane];
                    let shifts = [row.shift, column.shift];
                    offsets.push(input * channel + inputs.offset(&self.piece, planes, shifts));
                }
            }
        }
        let positions = gradients.channel(&self.piece, S::LANES);
        let depthwise = conv.is_depthwise();
        let [block, several] = products(S::LANES * size_of::<T>(), depthwise);
        for output in (0..self.outputs.len()).step_by(block) {
            for term in (0..offsets.len()).step_by(several) {
                let terms = several.min(offsets.len() - term);
                Products {
                    g: &self.gy[output * positions..],
                    row: positions,
                    rows: block.min(self.outputs.len() - output),
                    x: self.x,
                    offsets: &offsets[term..term + terms],
                    positions,
                    sums: &mut self.sums[output * offsets.len() + term..],
                    sums_row: offsets.len(),
                    depthwise,
                }
                .run(simd);
            }
        }
    }
}
