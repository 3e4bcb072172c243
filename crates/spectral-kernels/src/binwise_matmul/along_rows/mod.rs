//! Products with vectors along rows, one frequency at a time: for few frequencies and many channels.
//!
//! Square blocks of rows and frequencies are transposed, so that a vector holds neighboring rows at one frequency, and
//! elements of the columns are broadcast to all lanes. The sums are transposed back.

mod pack;
mod store;
mod sums;

use pack::Part;
use spectral_lanes::{Kernel, Scalar, Simd};
use store::Block;
use sums::{Sums, VECTORS, columns_together};

use super::operand::Product;
use super::prefetch::exceeds_l2;

/// Rows per task, in bytes of one element each.
const ROWS_BYTES: usize = 256;
/// Target size of the packed rows: a share of the L2 cache.
const PACKED_BYTES: usize = 384 << 10;
/// Maximum size of a task's sums if the terms do not all fit in one pass.
const SUMS_BYTES: usize = 2 << 20;
/// Maximum number of terms packed at a time.
const MOST_TERMS: usize = 256;
/// Contiguous bytes of the second factor and of the product that are read and written per column group, if columns are
/// contiguous.
const RUN_BYTES: usize = 512;
/// Frequencies per task, in bytes: a cache line.
const BINS_BYTES: usize = 64;

/// How a product is split into tasks.
#[derive(Clone, Copy)]
pub struct Tiling {
    lanes: usize,
    groups: usize,
    /// Frequencies, rows and columns per task.
    bins: usize,
    bin_tiles: usize,
    rows: usize,
    row_tiles: usize,
    columns: usize,
    column_tiles: usize,
    /// Terms packed at a time.
    terms: usize,
    /// Whether all terms are packed at once.
    at_once: bool,
    /// Columns summed together, and columns packed and stored together.
    together: usize,
    gathered: usize,
}

impl Tiling {
    pub fn new<T: Scalar>(p: &Product<'_, T>, lanes: usize, threads: usize) -> Self {
        let size = size_of::<T>();
        let together = columns_together(lanes * size);
        let most_bins = BINS_BYTES / size;
        // A few frequencies more than a cache line do not justify a task of their own.
        let bins = if 2 * p.bins <= 3 * most_bins {
            p.bins
        } else {
            most_bins
        };
        let bin_tiles = p.bins.div_ceil(bins);
        let rows = (ROWS_BYTES / size)
            .next_multiple_of(VECTORS * lanes)
            .min(p.rows);
        let row_tiles = p.rows.div_ceil(rows);
        let packed = 2 * size * bins * rows.next_multiple_of(lanes);
        let most = (PACKED_BYTES / packed).clamp(16, MOST_TERMS);
        let terms = p.terms.div_ceil(p.terms.div_ceil(most));
        let at_once = terms == p.terms;
        let gathered = if bins == p.bins {
            (RUN_BYTES / (size * bins * together)).max(1) * together
        } else {
            together
        };
        let gathered = gathered.min(p.columns.next_multiple_of(together));
        let most = if at_once {
            usize::MAX
        } else {
            (SUMS_BYTES / packed).max(gathered)
        };
        let wanted = if threads == 1 {
            1
        } else {
            (2 * threads).div_ceil(p.groups * bin_tiles * row_tiles)
        };
        let columns = p.columns.div_ceil(wanted).max(32).min(most);
        let columns = p
            .columns
            .div_ceil(p.columns.div_ceil(columns))
            .next_multiple_of(gathered);
        Tiling {
            lanes,
            groups: p.groups,
            bins,
            bin_tiles,
            rows,
            row_tiles,
            columns,
            column_tiles: p.columns.div_ceil(columns),
            terms,
            at_once,
            together,
            gathered,
        }
    }

    pub fn tasks(&self) -> usize {
        self.groups * self.bin_tiles * self.row_tiles * self.column_tiles
    }

    /// Distance from the real to the imaginary parts of the sums.
    fn plane(&self) -> usize {
        self.gathered * self.bins * self.lanes
    }

    /// Elements of the sums of columns that are stored together.
    fn sums(&self) -> usize {
        self.rows.div_ceil(self.lanes) * 2 * self.plane()
    }

    /// Scratch elements per task: packed rows, two planes of packed columns, and sums.
    pub fn scratch<T: Scalar>(&self) -> [usize; 4] {
        let vectors = self.rows.div_ceil(self.lanes);
        let rows = self.bins * Part::<T>::bin_step(vectors, self.terms, self.lanes);
        let columns = self.gathered / self.together * self.panel::<T>();
        let tiles = if self.at_once {
            1
        } else {
            self.columns / self.gathered
        };
        [rows, columns, columns, tiles * self.sums()]
    }

    /// Elements per plane of the packed columns that are summed together.
    fn panel<T: Scalar>(&self) -> usize {
        Part::<T>::room(self.together, self.terms, self.bins, self.lanes)
    }
}

/// One tile of frequencies, rows and columns of one group.
pub struct RowsTask<'a, T> {
    pub product: &'a Product<'a, T>,
    pub tiling: Tiling,
    pub task: usize,
    /// Scratch memory of the lengths in [`Tiling::scratch`].
    pub scratch: [&'a mut [T]; 4],
}

impl<T: Scalar> Kernel<T> for RowsTask<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        debug_assert_eq!(S::LANES, self.tiling.lanes);
        if columns_together(S::LANES * size_of::<T>()) == 4 {
            self.columns::<S, 4>(simd);
        } else {
            self.columns::<S, 2>(simd);
        }
    }
}

impl<T: Scalar> RowsTask<'_, T> {
    #[inline(always)]
    fn columns<S: Simd<T>, const N: usize>(self, simd: S) {
        let (p, t) = (self.product, self.tiling);
        let [packed_rows, packed_re, packed_im, sums] = self.scratch;
        let range = |tile: usize, size: usize, all: usize| tile * size..all.min((tile + 1) * size);
        let (column_tile, rest) = (self.task % t.column_tiles, self.task / t.column_tiles);
        let (row_tile, rest) = (rest % t.row_tiles, rest / t.row_tiles);
        let (bin_tile, group) = (rest % t.bin_tiles, rest / t.bin_tiles);
        let bins = range(bin_tile, t.bins, p.bins);
        let rows = range(row_tile, t.rows, p.rows);
        let columns = range(column_tile, t.columns, p.columns);
        let part = |operand, lines, terms| Part {
            operand,
            group,
            lines,
            terms,
            bins: bins.clone(),
            all_bins: p.bins,
        };
        for first in (0..p.terms).step_by(t.terms) {
            let terms = first..p.terms.min(first + t.terms);
            let last = terms.end == p.terms;
            part(&p.a, rows.clone(), terms.clone()).vectors(simd, packed_rows);
            for (i, column) in columns.clone().step_by(t.gathered).enumerate() {
                let gathered = column..columns.end.min(column + t.gathered);
                let blocks = gathered.len().div_ceil(N);
                // conj(a)·b is the conjugate of a·conj(b), so only the columns and the sums are ever negated.
                let steps = part(&p.b, gathered.clone(), terms.clone()).numbers::<S, N>(
                    simd,
                    p.a.conjugated != p.b.conjugated,
                    [&mut *packed_re, &mut *packed_im],
                    t.panel::<T>(),
                );
                let tile = if t.at_once { 0 } else { i * t.sums() };
                assert!(sums.len() >= tile + t.sums());
                let sums = sums.as_mut_ptr().wrapping_add(tile);
                let vectors = rows.len().div_ceil(S::LANES);
                let next = gathered.end..columns.end.min(gathered.end + t.gathered);
                // With a single vector of rows there is not enough computation to hide a prefetch.
                let next = (!next.is_empty() && vectors > 1 && exceeds_l2(p.b.data.re))
                    .then(|| part(&p.b, next, terms.clone()));
                let calls = blocks * bins.len() * vectors.div_ceil(VECTORS);
                let mut call = 0;
                let product = Block {
                    target: p.c,
                    group,
                    rows: rows.clone(),
                    columns: gathered.clone(),
                    bins: bins.clone(),
                    all_bins: p.bins,
                };
                for block in 0..blocks {
                    let count = N.min(gathered.len() - block * N);
                    let steps = &steps[usize::from(block + 1 == blocks)];
                    let panel = block * t.panel::<T>();
                    let sums = sums.wrapping_add(block * N * bins.len() * S::LANES);
                    for bin in 0..bins.len() {
                        let b = panel + bin * steps.bin;
                        let b = [packed_re[b..].as_ptr(), packed_im[b..].as_ptr()];
                        for vector in (0..vectors).step_by(VECTORS) {
                            let a = bin * Part::<T>::bin_step(vectors, terms.len(), S::LANES)
                                + vector * terms.len() * 2 * S::LANES;
                            // SAFETY: the panels hold these terms, as written above; the sums belong to this task
                            // alone.
                            let work = Work {
                                a: packed_rows[a..].as_ptr(),
                                b,
                                b_steps: [steps.term, steps.line],
                                terms: terms.len(),
                                c: sums.wrapping_add(vector * 2 * t.plane() + bin * S::LANES),
                                c_steps: [2 * t.plane(), t.plane(), bins.len() * S::LANES],
                                add: first > 0,
                                conjugate: last && p.a.conjugated,
                            };
                            work.run(simd, VECTORS.min(vectors - vector), count);
                            if let Some(next) = &next {
                                next.prefetch(call, calls);
                            }
                            call += 1;
                        }
                    }
                }
                if last {
                    // SAFETY: the sums were written above; no other task writes these rows, columns and frequencies.
                    unsafe { product.store(simd, sums, t.plane()) };
                }
            }
        }
    }
}

/// [`Sums`] of any size.
struct Work<T> {
    a: *const T,
    b: [*const T; 2],
    b_steps: [usize; 2],
    terms: usize,
    c: *mut T,
    c_steps: [usize; 3],
    add: bool,
    conjugate: bool,
}

impl<T: Scalar> Work<T> {
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S, vectors: usize, columns: usize) {
        match (vectors, columns) {
            (1, 1) => self.sums::<S, 1, 1>(simd),
            (1, 2) => self.sums::<S, 1, 2>(simd),
            (1, 3) => self.sums::<S, 1, 3>(simd),
            (1, _) => self.sums::<S, 1, 4>(simd),
            (_, 1) => self.sums::<S, 2, 1>(simd),
            (_, 2) => self.sums::<S, 2, 2>(simd),
            (_, 3) => self.sums::<S, 2, 3>(simd),
            _ => self.sums::<S, 2, 4>(simd),
        }
    }

    #[inline(always)]
    fn sums<S: Simd<T>, const V: usize, const N: usize>(self, simd: S) {
        simd.call(Sums::<T, V, N> {
            a: self.a,
            b: self.b,
            b_steps: self.b_steps,
            terms: self.terms,
            c: self.c,
            c_steps: self.c_steps,
            add: self.add,
            conjugate: self.conjugate,
        });
    }
}
