//! The inner loops: sums of weights times shifted rows, and sums over positions.

use spectral_lanes::{Kernel, MAX_LANES, Scalar, Simd, Vector};

/// Maximum number of vectors of positions that are summed at a time.
pub const MOST_VECTORS: usize = 8;

/// Numbers of rows that can be summed together, for vectors of `bytes`.
pub fn widths(bytes: usize) -> &'static [usize] {
    if bytes == 64 { &[8, 4, 2] } else { &[4, 2] }
}

/// `y[m][q] = Σ_k weights[k][m] · x[offsets[k] + q]` for every position `q < positions`, and up to [`MOST_VECTORS`]
/// vectors past them.
pub struct Sweep<'a, T> {
    pub x: &'a [T],
    pub offsets: &'a [usize],
    pub weights: &'a [T],
    /// Number of rows, one of [`widths`].
    pub width: usize,
    pub positions: usize,
    pub y: &'a mut [T],
    /// Distance between rows of `y`.
    pub row: usize,
}

impl<T: Scalar> Sweep<'_, T> {
    /// Must be called within [`Simd::call`].
    #[inline(always)]
    pub fn run<S: Simd<T>>(self, simd: S) {
        match (S::LANES * size_of::<T>(), self.width) {
            (64, 8) => simd.call(Rows::<'_, T, 8, 3>(self)),
            (64, 4) => simd.call(Rows::<'_, T, 4, 6>(self)),
            (64, _) => simd.call(Rows::<'_, T, 2, 8>(self)),
            (32, 4) => simd.call(Rows::<'_, T, 4, 3>(self)),
            (32, _) => simd.call(Rows::<'_, T, 2, 5>(self)),
            (_, 4) => simd.call(Rows::<'_, T, 4, 2>(self)),
            (_, _) => simd.call(Rows::<'_, T, 2, 4>(self)),
        }
    }
}

struct Rows<'a, T, const MR: usize, const NR: usize>(Sweep<'a, T>);

impl<T: Scalar, const MR: usize, const NR: usize> Kernel<T> for Rows<'_, T, MR, NR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Sweep {
            x,
            offsets,
            weights,
            width,
            positions,
            y,
            row,
        } = self.0;
        let end = positions.next_multiple_of(NR * S::LANES);
        let reach = offsets.iter().max().copied().unwrap_or(0);
        assert!(
            width == MR
                && weights.len() == MR * offsets.len()
                && x.len() >= reach + end
                && row >= end
                && y.len() >= (MR - 1) * row + end
        );
        let mut at = 0;
        while at < end {
            let mut sums = [[simd.splat(T::of(0.0)); NR]; MR];
            let mut w = weights.as_ptr();
            for &offset in offsets {
                // SAFETY: by the assertion, every offset and position is within `x`, and every term within the weights.
                unsafe {
                    let from = x.as_ptr().add(offset + at);
                    let mut samples = [simd.splat(T::of(0.0)); NR];
                    for n in 0..NR {
                        samples[n] = simd.load(from.add(n * S::LANES));
                    }
                    for m in 0..MR {
                        let weight = simd.splat(*w.add(m));
                        for n in 0..NR {
                            sums[m][n] = samples[n].mul_add(weight, sums[m][n]);
                        }
                    }
                    w = w.add(MR);
                }
            }
            for m in 0..MR {
                for n in 0..NR {
                    // SAFETY: by the assertion, rows and positions are within `y`.
                    unsafe {
                        simd.store(y.as_mut_ptr().add(m * row + at + n * S::LANES), sums[m][n])
                    };
                }
            }
            at += NR * S::LANES;
        }
    }
}

/// Numbers of rows of one factor and of offsets into the other that are multiplied together, for vectors of `bytes`.
pub fn products(bytes: usize, depthwise: bool) -> [usize; 2] {
    match (bytes, depthwise) {
        (64, false) => [4, 6],
        (64, true) => [1, 16],
        (_, false) => [2, 4],
        (_, true) => [1, 8],
    }
}

/// `sums[m][n] += Σ_q g[m·row + q] · x[offsets[n] + q]` over the positions `q < positions`, a multiple of the lanes.
pub struct Products<'a, T> {
    pub g: &'a [T],
    /// Distance between rows of `g`.
    pub row: usize,
    /// Number of rows, at most that of [`products`]; `g` must hold as many.
    pub rows: usize,
    pub x: &'a [T],
    pub offsets: &'a [usize],
    pub positions: usize,
    /// `sums[m · sums_row + n]`.
    pub sums: &'a mut [T],
    pub sums_row: usize,
    pub depthwise: bool,
}

impl<T: Scalar> Products<'_, T> {
    /// Must be called within [`Simd::call`].
    #[inline(always)]
    pub fn run<S: Simd<T>>(self, simd: S) {
        match (S::LANES * size_of::<T>(), self.depthwise) {
            (64, false) => simd.call(Pairs::<'_, T, 4, 6>(self)),
            (64, true) => simd.call(Pairs::<'_, T, 1, 16>(self)),
            (_, false) => simd.call(Pairs::<'_, T, 2, 4>(self)),
            (_, true) => simd.call(Pairs::<'_, T, 1, 8>(self)),
        }
    }
}

struct Pairs<'a, T, const MR: usize, const NR: usize>(Products<'a, T>);

impl<T: Scalar, const MR: usize, const NR: usize> Kernel<T> for Pairs<'_, T, MR, NR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let p = self.0;
        assert!((1..=MR).contains(&p.rows) && (1..=NR).contains(&p.offsets.len()));
        // Unused rows and offsets repeat a used one.
        let mut rows = [0; MR];
        for m in 0..MR {
            rows[m] = m.min(p.rows - 1) * p.row;
        }
        let mut offsets = [0; NR];
        for n in 0..NR {
            offsets[n] = p.offsets[n.min(p.offsets.len() - 1)];
        }
        let reach = offsets.iter().max().copied().unwrap_or(0);
        assert!(
            p.positions.is_multiple_of(S::LANES)
                && p.g.len() >= rows[MR - 1] + p.positions
                && p.x.len() >= reach + p.positions
        );
        let mut sums = [[simd.splat(T::of(0.0)); NR]; MR];
        let mut at = 0;
        while at < p.positions {
            // SAFETY: by the assertion, every row, offset and position is within the factors.
            unsafe {
                let mut g = [simd.splat(T::of(0.0)); MR];
                for m in 0..MR {
                    g[m] = simd.load(p.g.as_ptr().add(rows[m] + at));
                }
                for n in 0..NR {
                    let x = simd.load(p.x.as_ptr().add(offsets[n] + at));
                    for m in 0..MR {
                        sums[m][n] = g[m].mul_add(x, sums[m][n]);
                    }
                }
            }
            at += S::LANES;
        }
        let mut stored = [[[T::of(0.0); MAX_LANES]; NR]; MR];
        for m in 0..MR {
            for n in 0..NR {
                // SAFETY: the array holds the widest vector.
                unsafe { simd.store(stored[m][n].as_mut_ptr(), sums[m][n]) };
            }
        }
        for m in 0..p.rows {
            let to = &mut p.sums[m * p.sums_row..m * p.sums_row + p.offsets.len()];
            for (to, vectors) in to.chunks_mut(S::LANES).zip(stored[m].chunks(S::LANES)) {
                for (to, total) in to.iter_mut().zip(across(simd, vectors)) {
                    *to = *to + total;
                }
            }
        }
    }
}

/// The sums of the lanes of up to [`Simd::LANES`] vectors.
#[inline(always)]
fn across<T: Scalar, S: Simd<T>>(simd: S, vectors: &[[T; MAX_LANES]]) -> [T; MAX_LANES] {
    let mut columns = [[T::of(0.0); MAX_LANES]; MAX_LANES];
    let mut total = [T::of(0.0); MAX_LANES];
    let from = std::array::from_fn(|i| vectors[i.min(vectors.len() - 1)].as_ptr());
    let mut to = [std::ptr::null_mut(); MAX_LANES];
    for (to, column) in to.iter_mut().zip(&mut columns) {
        *to = column.as_mut_ptr();
    }
    let mut sum = simd.splat(T::of(0.0));
    // SAFETY: every row holds the widest vector, the square blocks do not overlap, and `columns` is read after it is
    // written.
    unsafe {
        simd.transpose(&from, S::LANES, &to, S::LANES, S::LANES);
        for column in to.iter().take(S::LANES) {
            sum = sum + simd.load(*column);
        }
        simd.store(total.as_mut_ptr(), sum);
    }
    total
}
