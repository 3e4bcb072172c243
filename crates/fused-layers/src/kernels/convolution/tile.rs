//! The inner loop with vectors along channels: a register block of sums of elements times rows.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Kernel, Scalar, Simd, Vector};

use crate::kernels::activation::Form;

/// Maximum number of rows per tile.
pub const MOST_ROWS: usize = 8;

/// Maximum number of vectors per row of a tile, for vectors of `bytes`.
pub fn most_vectors(bytes: usize) -> usize {
    match bytes {
        64 => 4,
        32 => 3,
        _ => 2,
    }
}

/// Rows per tile with `vectors` vectors per row.
pub fn rows_for(bytes: usize, vectors: usize) -> usize {
    match (bytes, vectors) {
        (64, 4) => 6,
        (64, _) => 8,
        _ => 4,
    }
}

/// The initial value of a tile's sums.
#[derive(Clone, Copy)]
pub enum Start<'a, T> {
    Zero,
    /// One row of vectors, the same for all rows of the tile.
    Row(&'a [T]),
    /// The current contents of the destination.
    Sums,
}

/// `to[m][·] = f(start + Σ_{r,k} a[rows[m] + r·steps[0] + terms[k][0]] · b[r·steps[1] + terms[k][1]][·])` for
/// `r < repeats` and `m < count`, where each row of `b` has `vectors` vectors.
pub struct Tile<'a, T> {
    pub a: &'a [T],
    pub rows: [usize; MOST_ROWS],
    pub b: &'a [T],
    pub terms: &'a [[u32; 2]],
    pub repeats: usize,
    pub steps: [usize; 2],
    pub vectors: usize,
    pub start: Start<'a, T>,
    pub form: Form<T>,
    pub to: Shared<T>,
    pub to_rows: [usize; MOST_ROWS],
    /// Number of rows that are stored; the remaining rows repeat one of them.
    pub count: usize,
}

impl<T: Scalar> Tile<'_, T> {
    /// Must be called within [`Simd::call`].
    ///
    /// # Safety
    /// The first `count` of `to_rows` must be writable for `vectors` vectors and must not overlap.
    #[inline(always)]
    pub unsafe fn run<S: Simd<T>>(self, simd: S) {
        match (S::LANES * size_of::<T>(), self.vectors) {
            (64, 4) => simd.call(Block::<'_, T, 6, 4>(self)),
            (64, 3) => simd.call(Block::<'_, T, 8, 3>(self)),
            (64, 2) => simd.call(Block::<'_, T, 8, 2>(self)),
            (64, _) => simd.call(Block::<'_, T, 8, 1>(self)),
            (_, 3) => simd.call(Block::<'_, T, 4, 3>(self)),
            (_, 2) => simd.call(Block::<'_, T, 4, 2>(self)),
            (_, _) => simd.call(Block::<'_, T, 4, 1>(self)),
        }
    }
}

struct Block<'a, T, const MR: usize, const NR: usize>(Tile<'a, T>);

impl<T: Scalar, const MR: usize, const NR: usize> Kernel<T> for Block<'_, T, MR, NR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let t = self.0;
        let width = NR * S::LANES;
        let reach = |part: usize| t.terms.iter().map(|term| term[part]).max().unwrap_or(0) as usize;
        let row = t.rows[..MR].iter().max().copied().unwrap_or(0);
        let last = t.repeats.saturating_sub(1);
        assert!(
            t.vectors == NR
                && (1..=MR).contains(&t.count)
                && (t.terms.is_empty()
                    || t.repeats == 0
                    || (t.a.len() > row + last * t.steps[0] + reach(0)
                        && t.b.len() >= (last * t.steps[1] + reach(1) + 1) * width))
        );
        let mut sums = [[simd.splat(T::of(0.0)); NR]; MR];
        if let Start::Row(row) = t.start {
            assert!(row.len() >= width);
            for m in 0..MR {
                for n in 0..NR {
                    // SAFETY: the row is long enough, as asserted.
                    sums[m][n] = unsafe { simd.load(row.as_ptr().add(n * S::LANES)) };
                }
            }
        }
        let a: [*const T; MR] = std::array::from_fn(|m| t.a.as_ptr().wrapping_add(t.rows[m]));
        let mut b = t.b.as_ptr();
        for repeat in 0..t.repeats {
            let shift = repeat * t.steps[0];
            for &[at, row] in t.terms {
                // SAFETY: by the assertion, every term of every row and repetition is within `a` and `b`.
                unsafe {
                    let from = b.add(row as usize * width);
                    let mut vectors = [simd.splat(T::of(0.0)); NR];
                    for n in 0..NR {
                        vectors[n] = simd.load(from.add(n * S::LANES));
                    }
                    for m in 0..MR {
                        let factor = simd.splat(*a[m].add(shift + at as usize));
                        for n in 0..NR {
                            sums[m][n] = vectors[n].mul_add(factor, sums[m][n]);
                        }
                    }
                }
            }
            b = b.wrapping_add(t.steps[1] * width);
        }
        let add = matches!(t.start, Start::Sums);
        for m in 0..MR {
            if m < t.count {
                for n in 0..NR {
                    let to = t.to.at(t.to_rows[m] + n * S::LANES);
                    // SAFETY: the caller guarantees that the rows are writable.
                    unsafe {
                        let sum = match add {
                            true => sums[m][n] + simd.load(to),
                            false => sums[m][n],
                        };
                        simd.store(to, t.form.apply(simd, sum));
                    }
                }
            }
        }
    }
}
