//! The terms of a sum, and the weights packed in the order in which they are used.

use spectral_lanes::Scalar;
use spectral_lanes::parallel::{Shared, for_each};

use super::Convolution;
use super::axis::{AxisPlan, Line};
use super::frame::{Frame, Piece};

/// The location of a term of the sum: a channel of the group, and a plane and a shift along each axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Term {
    channel: usize,
    planes: [usize; 2],
    shifts: [usize; 2],
}

/// The location of a weight: row of the block, and index along each kernel axis.
type Entry = (usize, [usize; 2]);

/// Rows of results that are summed together, each in vectors of positions.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    pub first: usize,
    /// Number of rows that are results; the rest of `width` is summed with zero weights.
    pub rows: usize,
    pub width: usize,
    /// Offset in the weights of a group.
    pub start: usize,
}

/// How the weight is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Rows are outputs, terms are inputs.
    Forward,
    /// Rows are inputs, terms are outputs.
    Adjoint,
}

/// The sums of one lattice of results, `first + step·p` along both axes.
pub struct Lattice<T> {
    pub lines: [Line; 2],
    pub blocks: Vec<Block>,
    terms: Vec<Term>,
    /// Packed weights, `[group][block][term][row]`.
    weights: Vec<T>,
    weights_per_group: usize,
}

impl<T: Scalar> Lattice<T> {
    /// Every channel of a group contributes to every sum; rows are target channels.
    pub fn dense(
        conv: &Convolution,
        lines: [Line; 2],
        direction: Direction,
        w: &[T],
        widths: &[usize],
    ) -> Self {
        let (rows, channels) = match direction {
            Direction::Forward => (conv.out_per_group, conv.in_per_group),
            Direction::Adjoint => (conv.in_per_group, conv.out_per_group),
        };
        let taps: Vec<_> = lines[0]
            .taps
            .iter()
            .flat_map(|row| lines[1].taps.iter().map(move |column| [*row, *column]))
            .collect();
        let terms = (0..channels).flat_map(|channel| {
            taps.iter().map(move |taps| Term {
                channel,
                planes: taps.map(|tap| tap.plane),
                shifts: taps.map(|tap| tap.shift),
            })
        });
        let terms: Vec<Term> = terms.collect();
        let mut blocks = Vec::new();
        let (mut first, mut start) = (0, 0);
        while first < rows {
            let width = width_for(rows - first, widths);
            let rows = width.min(rows - first);
            blocks.push(Block {
                first,
                rows,
                width,
                start,
            });
            first += width;
            start += width * terms.len();
        }
        let mut weights = vec![T::of(0.0); conv.groups * start];
        let shared = Shared::new(&mut weights);
        let kernel: usize = conv.kernel.iter().product();
        for_each(conv.groups * blocks.len(), w.len(), |task| {
            let (group, block) = (task / blocks.len(), blocks[task % blocks.len()]);
            let mut at = group * start + block.start;
            for channel in 0..channels {
                for taps in &taps {
                    let tap = taps[0].index * conv.kernel[1] + taps[1].index;
                    for row in 0..block.rows {
                        let (output, input) = match direction {
                            Direction::Forward => (block.first + row, channel),
                            Direction::Adjoint => (channel, block.first + row),
                        };
                        let filter =
                            (group * conv.out_per_group + output) * conv.in_per_group + input;
                        // SAFETY: tasks write only the weights of their own block, all within the vector.
                        unsafe { *shared.at(at + row) = w[filter * kernel + tap] };
                    }
                    at += block.width;
                }
            }
        });
        Lattice {
            lines,
            blocks,
            terms,
            weights,
            weights_per_group: start,
        }
    }

    /// One channel per group, with its own kernel; rows are neighboring rows of the image, which share most of their
    /// samples.
    pub fn depthwise(conv: &Convolution, lines: [Line; 2], w: &[T], widths: &[usize]) -> Self {
        let count = lines[0].count;
        let candidates = widths
            .iter()
            .map(|width| (*width, shared_terms(&lines, *width)));
        // Vector loads and multiplications, per row.
        let cost = |(width, terms): &(usize, Vec<(Term, Vec<Entry>)>)| {
            terms.len() as f64 * (*width as f64 + 2.0) / (*width).min(count.max(1)) as f64
        };
        let (width, terms) = candidates
            .min_by(|a, b| cost(a).total_cmp(&cost(b)))
            .expect("there are widths to choose from");
        let block = Block {
            first: 0,
            rows: width,
            width,
            start: 0,
        };
        let per_group = width * terms.len();
        let kernel: usize = conv.kernel.iter().product();
        let mut weights = vec![T::of(0.0); conv.groups * per_group];
        for (weights, w) in weights
            .chunks_exact_mut(per_group.max(1))
            .zip(w.chunks_exact(kernel))
        {
            for (weights, (_, entries)) in weights.chunks_exact_mut(width).zip(&terms) {
                for (row, [y, x]) in entries {
                    weights[*row] = w[y * conv.kernel[1] + x];
                }
            }
        }
        Lattice {
            lines,
            blocks: vec![block],
            terms: terms.into_iter().map(|(term, _)| term).collect(),
            weights,
            weights_per_group: per_group,
        }
    }

    /// The weights of a block, `[term][row]`.
    pub fn weights(&self, group: usize, block: Block) -> &[T] {
        let start = group * self.weights_per_group + block.start;
        &self.weights[start..start + block.width * self.terms.len()]
    }

    /// The offsets of the terms in a frame.
    pub fn offsets(&self, frame: &Frame<'_>, piece: &Piece, lanes: usize) -> Vec<usize> {
        let channel = frame.channel(piece, lanes);
        let place =
            |term: &Term| term.channel * channel + frame.offset(piece, term.planes, term.shifts);
        self.terms.iter().map(place).collect()
    }
}

/// The smallest width that holds `rows`, or the largest width.
fn width_for(rows: usize, widths: &[usize]) -> usize {
    let fitting = widths.iter().filter(|width| **width >= rows);
    fitting
        .min()
        .or(widths.iter().max())
        .copied()
        .expect("there are widths to choose from")
}

/// The samples that `width` neighboring rows depend on, each with its weights.
fn shared_terms(lines: &[Line; 2], width: usize) -> Vec<(Term, Vec<Entry>)> {
    let mut terms: Vec<(Term, Vec<Entry>)> = Vec::new();
    for row in 0..width {
        for row_tap in &lines[0].taps {
            for column_tap in &lines[1].taps {
                let term = Term {
                    channel: 0,
                    planes: [row_tap.plane, column_tap.plane],
                    shifts: [row + row_tap.shift, column_tap.shift],
                };
                terms.push((term, vec![(row, [row_tap.index, column_tap.index])]));
            }
        }
    }
    terms.sort_by_key(|(term, _)| (term.planes, term.shifts));
    terms.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1.append(&mut next.1);
        }
        same
    });
    terms
}

/// The lattices of a pass.
pub fn lattices<T: Scalar>(
    conv: &Convolution,
    axes: &[AxisPlan; 2],
    direction: Direction,
    w: &[T],
    widths: &[usize],
) -> Vec<Lattice<T>> {
    let mut lattices = Vec::new();
    for rows in &axes[0].lines {
        for columns in &axes[1].lines {
            let lines = [rows.clone(), columns.clone()];
            if rows.count * columns.count > 0 {
                lattices.push(if conv.is_depthwise() {
                    Lattice::depthwise(conv, lines, w, widths)
                } else {
                    Lattice::dense(conv, lines, direction, w, widths)
                });
            }
        }
    }
    lattices
}
