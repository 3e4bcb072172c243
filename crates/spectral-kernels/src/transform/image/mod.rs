//! A few images at a time: rows into a tile, columns within it, and out.
//!
//! In a tile, element `j` of an image (`j` over all axes but the last, row-major) is a pair of rows, real and
//! imaginary; the columns of the group's images lie side by side. For real data of even last length `n = 2h` there are
//! `h` columns: the first holds `X_0 + i·X_h`, two columns that are real before the other axes are transformed and are
//! told apart by their symmetry afterwards.

mod edges;
mod lines;
mod pairs;

use crate::cache;
use std::sync::Arc;

use super::axis::padded;
use super::oriented::Kind;
use crate::plan::Plan;
use crate::real::{BinScales, HalfTwiddles};
use crate::shape::{BinWeight, Direction};
use crate::view::View;
use spectral_lanes::Scalar;
use spectral_lanes::parallel::Shared;
use spectral_lanes::{InstructionSet, Kernel, Simd};

/// One of the axes before the last.
struct Leading<T: Scalar> {
    len: usize,
    /// Elements between neighbors on this axis.
    below: usize,
    plan: Arc<Plan<T>>,
}

/// What is asked of the last axes of an array.
pub struct Request<'a, T> {
    /// Product of the axes before them.
    pub batch: usize,
    /// Their lengths, the last in real samples where there is a half-spectrum.
    pub sizes: &'a [usize],
    pub kind: Kind,
    pub scale: T,
    pub weight: BinWeight,
}

impl<T> Request<'_, T> {
    /// Points of all axes, real ones where there is a half-spectrum.
    pub fn points(&self) -> usize {
        self.batch * self.sizes.iter().product::<usize>()
    }
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
    /// Plans for `request` with vectors of `set`; no more than `share` images make a group.
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
        // Lanes that lines of one image take up: with odd lengths two real lines share one.
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

    /// Numbers in the buffers of a task: tile, block, two half-spectra of pairs, zeros, a line that nobody reads, and
    /// scratch for the longest transform.
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
    pub input: [Shared<T>; 2],
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
    zeros: *mut T,
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
            zeros: zeros.as_mut_ptr(),
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
    /// Index in the tile of a line's real parts; the imaginary parts follow a row's width later.
    #[inline(always)]
    fn in_tile(&self, image: usize, row: usize) -> usize {
        2 * row * self.images.width + image * self.images.columns
    }

    /// Index in a plane of numbers `per_line` a line.
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
                        // SAFETY: elements first, first + below, …, `len` of them, are in the tile, whose rows hold
                        // whole vectors.
                        unsafe { axis.plan.run(simd, line, line, buffers.scratch) };
                    }
                }
            }
        }
    }
}
