//! Transforms of a few images at a time: rows into a tile, columns within it, and out.
//!
//! In a tile, element `j` of an image (`j` counts over all axes but the last, row-major) consists of two rows, real and
//! imaginary; the columns of the group's images are side by side. For real data of even last length `n = 2h` there are
//! `h` columns: the first holds `X_0 + i·X_h`, two columns that are real before the other axes are transformed and are
//! separated by their symmetry afterwards.

mod edges;
mod lines;
mod pairs;

use std::sync::Arc;

use spectral_lanes::parallel::Shared;
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd};

use super::axis::padded;
use super::oriented::Kind;
use crate::cache;
use crate::plan::Plan;
use crate::real::{BinScales, HalfTwiddles};
use crate::shape::{BinWeight, Direction};
use crate::view::View;

/// One of the axes before the last.
struct Leading<T: Scalar> {
    len: usize,
    /// Number of elements between neighbors on this axis.
    below: usize,
    plan: Arc<Plan<T>>,
}

/// A transform over the last axes of an array.
pub struct Request<'a, T> {
    /// Product of the sizes of the axes before them.
    pub batch: usize,
    /// Sizes of the axes; the last one in real samples if there is a half-spectrum.
    pub sizes: &'a [usize],
    pub kind: Kind,
    pub scale: T,
    pub weight: BinWeight,
}

impl<T> Request<'_, T> {
    /// Points over all axes, real ones if there is a half-spectrum.
    pub fn points(&self) -> usize {
        self.batch * self.sizes.iter().product::<usize>()
    }
}

/// A planned transform of images of one size.
pub struct Images<T: Scalar> {
    pub set: InstructionSet,
    kind: Kind,
    scales: BinScales<T>,
    /// Last size, in real samples if there is a half-spectrum.
    n: usize,
    /// Product of the other sizes.
    rows: usize,
    /// Complex columns per image in a tile.
    columns: usize,
    leading: Vec<Leading<T>>,
    plan: Arc<Plan<T>>,
    twiddles: Option<Arc<HalfTwiddles<T>>>,
    /// For each element, the element with all indices negated.
    mirror: Vec<usize>,
    /// Images per tile.
    pub group: usize,
    /// Elements per row of a tile.
    width: usize,
}

/// Target size of a tile: a share of the L2 cache.
const TILE_BYTES: usize = 192 << 10;
const MOST_IMAGES: usize = 16;

impl<T: Scalar> Images<T> {
    /// Plans `request` for vectors of `set`, with at most `share` images per group.
    pub fn new(request: &Request<'_, T>, set: InstructionSet, share: usize) -> Self {
        let Request {
            sizes,
            kind,
            scale,
            weight,
            ..
        } = *request;
        let lanes = T::lanes(set);
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
        // Lanes that the lines of one image occupy: for odd lengths, two real lines share one.
        let lines = if kind.is_real() && !halved {
            usize::div_ceil(rows, 2)
        } else {
            rows
        };
        let bytes =
            |group: usize| 2 * rows * padded(group * columns, lanes, 2 * rows) * size_of::<T>();
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
            set,
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
                    plan: cache::plan::<Plan<T>>(leading[a]),
                })
                .collect(),
            plan: cache::plan::<Plan<T>>(if halved { n / 2 } else { n }),
            twiddles: halved.then(|| cache::plan::<HalfTwiddles<T>>(n)),
            mirror: mirror(leading),
            group,
            width: padded(group * columns, lanes, 2 * rows),
        }
    }

    pub fn tile_bytes(&self) -> usize {
        2 * self.rows * self.width * size_of::<T>()
    }

    /// Lengths of a task's buffers: tile, block, two half-spectra of pairs, zeros, a line that is discarded, and
    /// scratch memory for the longest transform.
    pub fn buffers(&self) -> [usize; 7] {
        let lanes = T::lanes(self.set);
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

/// For each element of an array of these sizes, the element with every index negated (modulo its size).
fn mirror(sizes: &[usize]) -> Vec<usize> {
    sizes.iter().fold(vec![0], |outer, &len| {
        outer
            .iter()
            .flat_map(|o| (0..len).map(move |j| o * len + (len - j) % len))
            .collect()
    })
}

/// A range of images of a batch.
pub struct Task<'a, T: Scalar> {
    pub images: &'a Images<T>,
    pub input: [Shared<T>; 2],
    pub output: [Shared<T>; 2],
    pub first: usize,
    pub count: usize,
    /// Buffers of the lengths in [`Images::buffers`].
    pub buffers: [&'a mut [T]; 7],
}

/// The buffers of a task.
struct Buffers<'a, T> {
    tile: *mut T,
    /// One block of lines, one line per lane.
    block: *mut T,
    /// Half-spectra of paired lines, first and second.
    pairs: [*mut T; 2],
    /// As many zeros as a line has elements: the source of missing lines.
    zeros: *mut T,
    /// The destination of missing lines; never read.
    discard: *mut T,
    scratch: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let [tile, block, a, b, zeros, discard, scratch] = std::mem::take(&mut self.buffers);
        zeros.fill(T::of(0.0));
        let mut buffers = Buffers {
            tile: tile.as_mut_ptr(),
            block: block.as_mut_ptr(),
            pairs: [a.as_mut_ptr(), b.as_mut_ptr()],
            zeros: zeros.as_mut_ptr(),
            discard: discard.as_mut_ptr(),
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
    /// Offset in the tile of a line's real parts; the imaginary parts are one row further on.
    #[inline(always)]
    fn in_tile(&self, image: usize, row: usize) -> usize {
        2 * row * self.images.width + image * self.images.columns
    }

    /// Offset in a plane with `per_line` elements per line.
    #[inline(always)]
    fn in_plane(&self, line: usize, per_line: usize) -> usize {
        (self.first * self.images.rows + line) * per_line
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
                        // SAFETY: elements first, first + below, …, `len` of them, are within the tile, whose rows are
                        // whole vectors.
                        unsafe { axis.plan.run(simd, line, line, buffers.scratch) };
                    }
                }
            }
        }
    }
}
