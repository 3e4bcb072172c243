//! A planned pruned transform of one shape.
//!
//! As in [`image`](crate::transform::image), a tile holds a few images; row `j` (counted over all axes but the last)
//! consists of two rows of elements, real and imaginary, with the kept columns of the images side by side. The tile has
//! a row for every grid index. Rows of zeros are cleared, and lines that are zero or not needed are not transformed.
//! Single rows need no tile: lines are transferred directly between block and memory. Fewer than three axes are treated
//! as three, with leading axes of length 1.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use spectral_lanes::{InstructionSet, Scalar};

use super::Request;
use super::frame::{Frame, Modes, Span, coverage};
use crate::cache;
use crate::plan::Plan;
use crate::real::{BinScales, HalfTwiddles};
use crate::shape::half_bins;
use crate::transform::axis::padded;

/// One of the axes before the last.
pub struct Leading<T: Scalar> {
    /// Number of elements between neighbors on this axis.
    pub below: usize,
    pub plan: Arc<Plan<T>>,
    /// First elements of the lines that are transformed.
    pub lines: Vec<usize>,
}

pub struct Layout<T: Scalar> {
    pub set: InstructionSet,
    pub forward: bool,
    pub scales: BinScales<T>,
    /// Last size, in real samples.
    pub n: usize,
    /// Number of bins kept on the last axis.
    pub bins: usize,
    /// Columns per image in the tile: `bins`, or one fewer if two of them share the first.
    pub columns: usize,
    /// Whether the first column holds `X_0 + i·X_h`, `h = n/2`.
    pub packed: bool,
    pub leading: Vec<Leading<T>>,
    pub plan: Arc<Plan<T>>,
    pub twiddles: Option<Arc<HalfTwiddles<T>>>,
    /// Rows of the tile that are kept, in the order of the spectrum.
    pub kept: Vec<usize>,
    /// For each kept row, the row with all indices negated.
    pub mirror: Vec<usize>,
    /// Rows that are not written before the transforms of the leading axes, and so must be cleared.
    pub clear: Vec<Range<usize>>,
    /// Lengths of the leading axes.
    pub lens: [usize; 2],
    /// The samples that each tile shares with the plane, per axis.
    pub spans: [Vec<Span>; 3],
    /// Whether all tiles share the same samples of a line.
    pub alike: bool,
    /// Sizes of the plane.
    pub plane: [usize; 3],
    pub tiles: usize,
    /// Whether some sample of a plane is in no tile.
    pub gaps: bool,
    /// Whether some sample of a plane is in several tiles.
    pub overlaps: bool,
    /// Product of the leading sizes.
    pub rows: usize,
    /// Images per tile of the cache.
    pub group: usize,
    /// Elements per row of the tile.
    pub width: usize,
}

/// Target size of a tile: a share of the L2 cache.
const TILE_BYTES: usize = 192 << 10;
const MOST_IMAGES: usize = 16;

/// Row-major indices of an array of these sizes whose index on each axis satisfies `wanted(axis, index)`.
fn indices(sizes: &[usize], wanted: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    sizes.iter().enumerate().fold(vec![0], |outer, (a, &len)| {
        let here: Vec<usize> = (0..len).filter(|&j| wanted(a, j)).collect();
        outer
            .iter()
            .flat_map(|o| here.iter().map(move |j| o * len + j))
            .collect()
    })
}

/// Indices of the kept modes, in the order of the spectrum, or of their negatives.
fn kept(sizes: &[usize], modes: &[Modes], negated: bool) -> Vec<usize> {
    let axes = sizes.iter().zip(modes);
    axes.fold(vec![0], |outer, (&len, modes)| {
        outer
            .iter()
            .flat_map(|o| {
                (0..modes.kept()).map(move |i| {
                    let bin = modes.bin(i, len);
                    o * len + if negated { (len - bin) % len } else { bin }
                })
            })
            .collect()
    })
}

/// The runs of rows that are not in `listed`, which may be in any order.
fn others(rows: usize, listed: &[usize]) -> Vec<Range<usize>> {
    let mut is_listed = vec![false; rows];
    for &row in listed {
        is_listed[row] = true;
    }
    let mut runs: Vec<Range<usize>> = Vec::new();
    for row in (0..rows).filter(|&row| !is_listed[row]) {
        match runs.last_mut() {
            Some(run) if run.end == row => run.end += 1,
            _ => runs.push(row..row + 1),
        }
    }
    runs
}

/// Three axes, with missing leading ones filled in.
fn prepended<V: Clone>(axes: &[V], one: V) -> [V; 3] {
    let missing = 3 - axes.len();
    std::array::from_fn(|a| {
        if a < missing {
            one.clone()
        } else {
            axes[a - missing].clone()
        }
    })
}

impl<T: Scalar> Layout<T> {
    /// Plans `request`, with at most `share` images per group.
    pub fn new(request: &Request<'_, T>, set: InstructionSet, share: usize) -> Self {
        let fft = request.fft;
        let sizes = prepended(&fft.sizes, 1);
        let modes = prepended(&fft.modes, Modes::new(1, 0));
        let frames = prepended(&fft.frames, Frame::whole(1));
        let spans = frames.each_ref().map(Frame::spans);
        let lanes = T::lanes(set);
        let (lens, n, bins) = ([sizes[0], sizes[1]], sizes[2], modes[2].kept());
        let rows = lens[0] * lens[1];
        let even = n.is_multiple_of(2);
        let whole = (0..2).all(|a| modes[a].kept() == lens[a]);
        let packed = even && rows > 1 && bins == half_bins(n) && whole;
        let columns = if packed { bins - 1 } else { bins };
        // Indices that are live in any tile, and in every tile.
        let used = [union(&spans[0]), union(&spans[1])];
        let always = [intersection(&spans[0]), intersection(&spans[1])];
        let is_kept =
            |a: usize, j: usize| j < modes[a].positive || j >= lens[a] - modes[a].negative;
        let kept_rows = kept(&lens, &modes, false);
        let written = if request.forward() {
            indices(&lens, |a, j| always[a].contains(&j))
        } else {
            kept_rows.clone()
        };
        let leading = (0..2).filter(|&a| lens[a] > 1).map(|a| Leading {
            below: lens[a + 1..].iter().product(),
            plan: cache::plan::<Plan<T>>(lens[a]),
            lines: indices(&lens, |b, j| match b.cmp(&a) {
                Ordering::Less => used[b].grid().contains(&j),
                Ordering::Equal => j == 0,
                Ordering::Greater => is_kept(b, j),
            }),
        });
        let live = used.iter().map(|span| span.count).product::<usize>().max(1);
        // Lanes that the lines of one image occupy: for odd lengths, two real lines share one.
        let lines = if even { live } else { live.div_ceil(2) };
        let bytes = |group: usize| {
            if rows == 1 {
                0
            } else {
                2 * rows * padded(group * columns, lanes, 2 * rows) * size_of::<T>()
            }
        };
        let waste = |group: usize| {
            let fill = |count: usize| count.next_multiple_of(lanes) as f64 / count as f64;
            let columns = if rows == 1 { lanes } else { group * columns };
            fill(group * lines) + fill(columns)
        };
        let mut group = 1;
        for candidate in 2..=MOST_IMAGES.min(share) {
            if bytes(candidate) <= TILE_BYTES && waste(candidate) < waste(group) - 0.01 {
                group = candidate;
            }
        }
        let covered: Vec<(bool, bool)> = frames
            .iter()
            .zip(&spans)
            .map(|(frame, spans)| coverage(spans, frame.plane))
            .collect();
        Layout {
            set,
            forward: request.forward(),
            scales: BinScales {
                ends: request.scale,
                interior: request.scale * T::of(request.weight.interior()),
            },
            n,
            bins,
            columns,
            packed,
            leading: leading.collect(),
            plan: cache::plan::<Plan<T>>(if even { n / 2 } else { n }),
            twiddles: even.then(|| cache::plan::<HalfTwiddles<T>>(n)),
            mirror: kept(&lens, &modes, true),
            kept: kept_rows,
            clear: others(rows, &written),
            lens,
            alike: spans[2]
                .iter()
                .all(|span| span.grid() == spans[2][0].grid())
                && spans.iter().flatten().all(|span| span.count > 0),
            plane: frames.each_ref().map(|frame| frame.plane),
            spans,
            tiles: request.fft.tiles(),
            gaps: covered.iter().any(|(gaps, _)| *gaps),
            overlaps: covered.iter().any(|(_, overlaps)| *overlaps),
            rows,
            group,
            width: padded(group * columns, lanes, 2 * rows),
        }
    }

    /// The offset of the plane of image `index`, and the samples that its tile shares with the plane. A single row
    /// without shared samples counts as an empty line, since its spectrum must be written all the same.
    pub fn place(&self, index: usize) -> (usize, [Span; 3]) {
        let [_, t1, t2] = self.spans.each_ref().map(Vec::len);
        let tile = index % self.tiles;
        let mut spans = [
            self.spans[0][tile / (t1 * t2)],
            self.spans[1][tile / t2 % t1],
            self.spans[2][tile % t2],
        ];
        if self.rows == 1 && spans.iter().any(|span| span.count == 0) {
            let row = Span {
                count: 1,
                ..Span::default()
            };
            spans = [row, row, Span::default()];
        }
        let samples: usize = self.plane.iter().product();
        (index / self.tiles * samples, spans)
    }

    /// Offset in the plane of line (`i`, `j`) of the shared samples.
    pub fn line_at(&self, spans: &[Span; 3], i: usize, j: usize) -> usize {
        let line = (spans[0].plane + i) * self.plane[1] + spans[1].plane + j;
        line * self.plane[2] + spans[2].plane
    }

    /// Elements of the tile; 0 for single rows.
    pub fn tile_len(&self) -> usize {
        if self.rows == 1 {
            0
        } else {
            2 * self.rows * self.width
        }
    }

    /// Distance between staged lines; avoids powers of two, which would map them to few cache sets.
    pub fn staged_stride(&self) -> usize {
        self.n.next_multiple_of(16) + 16
    }

    /// Lengths of a task's buffers: tile, block, two half-spectra of pairs, staged lines, zeros, a line that is
    /// discarded, and scratch memory for the longest transform.
    pub fn buffers(&self) -> [usize; 8] {
        let lanes = T::lanes(self.set);
        let paired = self.twiddles.is_none();
        let pair = if paired { 2 * self.bins * lanes } else { 0 };
        let line = if paired { self.n } else { 0 };
        let leading = self.leading.iter().map(|axis| axis.plan.scratch_len(lanes));
        let scratch = leading.fold(self.plan.scratch_len(lanes), usize::max);
        [
            self.tile_len(),
            2 * self.n * lanes,
            pair,
            pair,
            lanes * self.staged_stride(),
            line,
            line,
            scratch,
        ]
    }
}

/// The range from the first to the last grid sample that any tile shares with its plane.
fn union(spans: &[Span]) -> Span {
    let parts = || spans.iter().filter(|span| span.count > 0);
    let first = parts().map(|span| span.first).min().unwrap_or(0);
    let end = parts().map(|span| span.grid().end).max().unwrap_or(0);
    Span {
        first,
        count: end - first,
        plane: 0,
    }
}

/// The grid samples that every tile shares with its plane.
fn intersection(spans: &[Span]) -> Range<usize> {
    let first = spans.iter().map(|span| span.first).max().unwrap_or(0);
    let end = spans.iter().map(|span| span.grid().end).min().unwrap_or(0);
    first..end.max(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unlisted_rows_are_grouped_into_runs() {
        assert_eq!(others(7, &[6, 2, 3]), [0..2, 4..6]);
        assert_eq!(others(3, &[0, 1, 2]), []);
    }

    #[test]
    fn kept_indices_correspond_to_their_negatives() {
        let modes = [Modes::new(2, 1), Modes::new(1, 1)];
        assert_eq!(kept(&[5, 3], &modes, false), [0, 2, 3, 5, 12, 14]);
        assert_eq!(kept(&[5, 3], &modes, true), [0, 1, 12, 13, 3, 4]);
    }
}
