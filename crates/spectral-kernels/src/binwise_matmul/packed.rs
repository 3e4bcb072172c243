//! Register-blocked products with both factors packed, so that the inner loop reads memory sequentially.
//!
//! A vector holds neighboring frequencies; a block of `MR` rows and `NR` columns of sums stays in registers over a
//! range of terms. A packed panel is laid out as `[term][line of the block][re, im][lane]`.

use spectral_lanes::{Kernel, Scalar, Simd, Vector};

use super::operand::{Operand, Product};
use super::prefetch::{AHEAD, exceeds_l2, prefetch};

/// Terms summed in registers before the sums are added to the output.
const MOST_TERMS: usize = 64;
/// Vectors of frequencies packed together, so that whole cache lines are read.
const MOST_VECTORS: usize = 4;
/// Target size of the packed columns: a share of the L2 cache.
const COLUMNS_BYTES: usize = 384 << 10;
const MOST_ROWS: usize = 4;
const NR: usize = 2;

/// How a product is split into tasks.
#[derive(Clone, Copy)]
pub struct Tiling {
    lanes: usize,
    /// Vectors of frequencies per task.
    vectors: usize,
    frequency_tiles: usize,
    /// Rows per task.
    rows: usize,
    row_tiles: usize,
    groups: usize,
    /// Columns packed at a time.
    columns: usize,
    /// Terms packed at a time.
    terms: usize,
}

impl Tiling {
    pub fn new<T: Scalar>(product: &Product<'_, T>, lanes: usize, threads: usize) -> Self {
        let terms = product.terms.min(MOST_TERMS);
        let column_bytes = 2 * terms * lanes * size_of::<T>();
        let columns =
            (COLUMNS_BYTES / column_bytes).clamp(NR, product.columns.next_multiple_of(NR)) / NR
                * NR;
        let all_vectors = product.bins.div_ceil(lanes);
        let vectors =
            (COLUMNS_BYTES / (columns * column_bytes)).clamp(1, MOST_VECTORS.min(all_vectors));
        let frequency_tiles = all_vectors.div_ceil(vectors);
        let wanted = if threads == 1 {
            1
        } else {
            (4 * threads).div_ceil(frequency_tiles * product.groups)
        };
        let rows = product
            .rows
            .div_ceil(wanted)
            .max(8)
            .next_multiple_of(MOST_ROWS);
        let row_tiles = product.rows.div_ceil(rows);
        Tiling {
            lanes,
            vectors,
            frequency_tiles,
            rows,
            row_tiles,
            groups: product.groups,
            columns,
            terms,
        }
    }

    /// Elements of a task's packed panels: rows, columns.
    pub fn panels(&self) -> [usize; 2] {
        [MOST_ROWS, self.columns].map(|lines| lines * self.terms * self.vectors * 2 * self.lanes)
    }

    pub fn tasks(&self) -> usize {
        self.groups * self.row_tiles * self.frequency_tiles
    }
}

/// One tile of frequencies and rows of one group.
pub struct PackedTask<'a, T> {
    pub product: &'a Product<'a, T>,
    pub tiling: Tiling,
    pub task: usize,
    /// Buffers of the lengths in [`Tiling::panels`].
    pub panels: [&'a mut [T]; 2],
}

impl<T: Scalar> Kernel<T> for PackedTask<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        debug_assert_eq!(S::LANES, self.tiling.lanes);
        // With 32 registers a block has 4 rows, with 16 it has 2.
        if S::LANES * size_of::<T>() == 64 {
            self.blocks::<S, 4>(simd);
        } else {
            self.blocks::<S, 2>(simd);
        }
    }
}

/// Lines `first..first + count` of a factor, with terms from `term` and frequencies from `bin` on, to be packed in
/// blocks of `PER` lines.
struct Pack<'a, T> {
    operand: &'a Operand<'a, T>,
    group: usize,
    first: usize,
    count: usize,
    term: usize,
    terms: usize,
    bin: usize,
    bins: usize,
    vectors: usize,
}

impl<T: Scalar> Pack<'_, T> {
    /// Packs as `[block of lines][vector][term][line][re, im][lane]`; missing lines are zero.
    #[inline(always)]
    fn run<S: Simd<T>, const PER: usize>(&self, simd: S, to: &mut [T]) {
        let one_vector = self.terms * PER * 2 * S::LANES;
        let blocks = self.count.div_ceil(PER);
        assert!(to.len() >= blocks * self.vectors * one_vector);
        let zero = simd.splat(T::of(0.0));
        let operand = self.operand;
        // The hardware prefetcher predicts contiguous terms.
        let in_order = self.vectors * S::LANES >= self.bins && operand.term.is(self.bins);
        let ask = !in_order && exceeds_l2(operand.data.re);
        for block in 0..blocks {
            for term in 0..self.terms {
                for line in 0..PER {
                    let at = block * PER + line;
                    let from = operand.group * self.group
                        + operand.line.at(self.first + at)
                        + operand.term.at(self.term + term)
                        + self.bin;
                    if ask && at < self.count && term + AHEAD < self.terms {
                        let ahead = operand.term.at(self.term + term + AHEAD)
                            - operand.term.at(self.term + term);
                        for plane in [operand.data.re, operand.data.im] {
                            let numbers = plane.as_ptr().wrapping_add(from + ahead);
                            prefetch(numbers, self.vectors * S::LANES);
                        }
                    }
                    for v in 0..self.vectors {
                        let place = (block * self.vectors + v) * one_vector
                            + (term * PER + line) * 2 * S::LANES;
                        let bin = self.bin + v * S::LANES;
                        let lanes = S::LANES.min(self.bins - bin);
                        let (mut re, mut im) = (zero, zero);
                        if at < self.count {
                            let range = from + v * S::LANES..from + v * S::LANES + lanes;
                            let (from_re, from_im) =
                                (&operand.data.re[range.clone()], &operand.data.im[range]);
                            // SAFETY: both parts hold `lanes` elements.
                            (re, im) = unsafe {
                                if lanes == S::LANES {
                                    (simd.load(from_re.as_ptr()), simd.load(from_im.as_ptr()))
                                } else {
                                    (
                                        simd.load_part(from_re.as_ptr(), lanes),
                                        simd.load_part(from_im.as_ptr(), lanes),
                                    )
                                }
                            };
                            if operand.conjugated {
                                im = zero - im;
                            }
                        }
                        // SAFETY: `place + 2·LANES` is at most the length asserted above.
                        unsafe {
                            simd.store(to.as_mut_ptr().add(place), re);
                            simd.store(to.as_mut_ptr().add(place + S::LANES), im);
                        }
                    }
                }
            }
        }
    }
}

impl<T: Scalar> PackedTask<'_, T> {
    #[inline(always)]
    fn blocks<S: Simd<T>, const MR: usize>(self, simd: S) {
        let (p, tiling) = (self.product, self.tiling);
        let frequency_tile = self.task % tiling.frequency_tiles;
        let row_tile = self.task / tiling.frequency_tiles % tiling.row_tiles;
        let group = self.task / (tiling.frequency_tiles * tiling.row_tiles);
        let bin = frequency_tile * tiling.vectors * S::LANES;
        let vectors = tiling.vectors.min((p.bins - bin).div_ceil(S::LANES));
        let rows = row_tile * tiling.rows..p.rows.min((row_tile + 1) * tiling.rows);
        let [packed_a, packed_b] = self.panels;
        for term in (0..p.terms).step_by(tiling.terms) {
            let terms = tiling.terms.min(p.terms - term);
            for column in (0..p.columns).step_by(tiling.columns) {
                let columns = tiling.columns.min(p.columns - column);
                let pack = |operand, first, count| Pack {
                    operand,
                    group,
                    first,
                    count,
                    term,
                    terms,
                    bin,
                    bins: p.bins,
                    vectors,
                };
                pack(&p.b, column, columns).run::<S, NR>(simd, packed_b);
                for row in rows.clone().step_by(MR) {
                    let count = MR.min(rows.end - row);
                    pack(&p.a, row, count).run::<S, MR>(simd, packed_a);
                    for block in 0..columns.div_ceil(NR) {
                        for v in 0..vectors {
                            let size = terms * 2 * S::LANES;
                            let a = &packed_a[v * MR * size..(v + 1) * MR * size];
                            let start = (block * vectors + v) * NR * size;
                            let b = &packed_b[start..start + NR * size];
                            simd.call(Micro::<T, MR> {
                                product: p,
                                a,
                                b,
                                terms,
                                at: p.c.group * group + bin + v * S::LANES,
                                row,
                                column: column + block * NR,
                                rows: count,
                                columns: NR.min(columns - block * NR),
                                lanes: S::LANES.min(p.bins - bin - v * S::LANES),
                                add: term > 0,
                            });
                        }
                    }
                }
            }
        }
    }
}

/// `MR` rows by `NR` columns of sums over packed panels, for one vector of frequencies.
struct Micro<'a, T, const MR: usize> {
    product: &'a Product<'a, T>,
    a: &'a [T],
    b: &'a [T],
    terms: usize,
    /// Offset of the frequencies in the first row and column of the output.
    at: usize,
    /// The first of `rows` rows.
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
    lanes: usize,
    /// Whether to add to the sums of earlier terms in the output.
    add: bool,
}

impl<T: Scalar, const MR: usize> Kernel<T> for Micro<'_, T, MR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let zero = simd.splat(T::of(0.0));
        let mut re = [[zero; NR]; MR];
        let mut im = [[zero; NR]; MR];
        assert!(
            self.a.len() >= self.terms * MR * 2 * S::LANES
                && self.b.len() >= self.terms * NR * 2 * S::LANES
        );
        let (mut a, mut b) = (self.a.as_ptr(), self.b.as_ptr());
        for _ in 0..self.terms {
            // SAFETY: the panels hold `terms` times `MR` and `NR` complex vectors, as asserted above.
            unsafe {
                let mut br = [zero; NR];
                let mut bi = [zero; NR];
                for n in 0..NR {
                    br[n] = simd.load(b.add(2 * n * S::LANES));
                    bi[n] = simd.load(b.add((2 * n + 1) * S::LANES));
                }
                for m in 0..MR {
                    let ar = simd.load(a.add(2 * m * S::LANES));
                    let ai = simd.load(a.add((2 * m + 1) * S::LANES));
                    for n in 0..NR {
                        re[m][n] = ar.mul_add(br[n], re[m][n]);
                        im[m][n] = ar.mul_add(bi[n], im[m][n]);
                        re[m][n] = ai.neg_mul_add(bi[n], re[m][n]);
                        im[m][n] = ai.mul_add(br[n], im[m][n]);
                    }
                }
                a = a.add(2 * MR * S::LANES);
                b = b.add(2 * NR * S::LANES);
            }
        }
        let c = self.product.c;
        for m in 0..MR {
            for n in 0..NR {
                if m < self.rows && n < self.columns {
                    let at = self.at + c.row.at(self.row + m) + c.column.at(self.column + n);
                    for (to, sum) in [(c.re.at(at), re[m][n]), (c.im.at(at), im[m][n])] {
                        // SAFETY: the output is valid for `lanes` elements from here, in a tile that no other task
                        // writes.
                        unsafe {
                            if self.lanes == S::LANES {
                                let sum = if self.add { sum + simd.load(to) } else { sum };
                                simd.store(to, sum);
                            } else {
                                let sum = if self.add {
                                    sum + simd.load_part(to, self.lanes)
                                } else {
                                    sum
                                };
                                simd.store_part(to, sum, self.lanes);
                            }
                        }
                    }
                }
            }
        }
    }
}
