//! Sums of exponentials of bilinear forms over the bins of a grid: what Gaussian responses are made of.

mod adjoint;
mod forward;

pub use adjoint::Adjoint;
pub use forward::Forward;
use spectral_lanes::Scalar;
use spectral_lanes::{count, expect_len};

/// Numbers that are worked on together, a whole number of vectors of any instruction set.
const CHUNK: usize = 16;

/// Work of one exponential and what is done with it, in nanoseconds of one thread.
const fn work(exponentials: usize) -> usize {
    exponentials / 2
}

/// `y[f,i,j] = Σ_t s[f,t]·exp(Σ_r u[f,t,r,i]·v[f,t,r,j])` with `r` over [`RANK`](Self::RANK) products, and its adjoint.
///
/// A rotated Gaussian over the plane is one such term: its exponent `−a·dx² + 2b·dx·dy − c·dy²` is
/// `(2b·dy, 1, −c·dy²)·(dx, −a·dx², 1)`.
///
/// Shapes, row-major: `s` `[filters, terms]`, `u` `[filters, terms, RANK, rows]`, `v` `[filters, terms, RANK, columns]`,
/// `y` `[filters, rows, columns]`. Nothing the size of `y` is held beside it.
///
/// All methods panic when a slice has another length than its shape says; callers check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExponentialSum {
    /// Surfaces.
    pub filters: usize,
    /// Exponentials that a surface is the sum of.
    pub terms: usize,
    /// Rows of a surface.
    pub rows: usize,
    /// Columns of a surface.
    pub columns: usize,
}

/// The factors of [`ExponentialSum`].
#[derive(Clone, Copy, Debug)]
pub struct ExponentialFactors<'a, T> {
    /// The amplitudes `s`.
    pub scale: &'a [T],
    /// The rows' factors `u`.
    pub rows: &'a [T],
    /// The columns' factors `v`.
    pub columns: &'a [T],
}

/// The gradients for [`ExponentialFactors`].
#[derive(Debug)]
pub struct ExponentialGradients<'a, T> {
    /// For the amplitudes.
    pub scale: &'a mut [T],
    /// For the rows' factors.
    pub rows: &'a mut [T],
    /// For the columns' factors.
    pub columns: &'a mut [T],
}

impl ExponentialSum {
    /// Products in an exponent.
    pub const RANK: usize = 3;

    /// Elements of the amplitudes.
    pub fn scale_len(&self) -> usize {
        count(&[self.filters, self.terms])
    }

    /// Elements of the rows' factors.
    pub fn rows_len(&self) -> usize {
        count(&[self.scale_len(), Self::RANK, self.rows])
    }

    /// Elements of the columns' factors.
    pub fn columns_len(&self) -> usize {
        count(&[self.scale_len(), Self::RANK, self.columns])
    }

    /// Elements of the surfaces.
    pub fn output_len(&self) -> usize {
        count(&[self.filters, self.rows, self.columns])
    }

    /// The surfaces.
    pub fn forward<T: Scalar>(&self, factors: ExponentialFactors<'_, T>, y: &mut [T]) {
        self.expect(&factors);
        self.expect_len("output", self.output_len(), y);
        T::enter::<forward::ForwardEntry>(Forward::new(*self, factors, y));
    }

    /// The gradients of the factors: with `h = s·gy·exp(…)` they are `gs = Σ_ij h/s`, `gu[r,i] = Σ_j h·v[r,j]` and
    /// `gv[r,j] = Σ_i h·u[r,i]`. The exponentials are computed again.
    pub fn adjoint<T: Scalar>(
        &self,
        factors: ExponentialFactors<'_, T>,
        gy: &[T],
        gradients: ExponentialGradients<'_, T>,
    ) {
        self.expect(&factors);
        self.expect_len("output gradient", self.output_len(), gy);
        self.expect_len("amplitude gradient", self.scale_len(), gradients.scale);
        self.expect_len("row gradient", self.rows_len(), gradients.rows);
        self.expect_len("column gradient", self.columns_len(), gradients.columns);
        T::enter::<adjoint::AdjointEntry>(Adjoint::new(*self, factors, gy, gradients));
    }

    /// Columns rounded up to whole chunks.
    fn width(&self) -> usize {
        self.columns.next_multiple_of(CHUNK)
    }

    fn expect<T>(&self, factors: &ExponentialFactors<'_, T>) {
        self.expect_len("amplitudes", self.scale_len(), factors.scale);
        self.expect_len("row factors", self.rows_len(), factors.rows);
        self.expect_len("column factors", self.columns_len(), factors.columns);
    }

    fn expect_len<T>(&self, what: &str, len: usize, slice: &[T]) {
        expect_len(
            &format!("sum of exponentials, {what}"),
            "real",
            len,
            slice.len(),
        );
    }
}

/// The columns' factors of a filter, each with zeros up to whole chunks.
#[inline(always)]
fn pad<T: Scalar>(columns: usize, width: usize, from: &[T], to: &mut [T]) {
    for (from, to) in from.chunks_exact(columns).zip(to.chunks_exact_mut(width)) {
        to[..columns].copy_from_slice(from);
        to[columns..].fill(T::of(0.0));
    }
}

/// The exponentials of a chunk of columns, of which `v` has a slice for each product.
#[inline(always)]
fn exponentials<T: Scalar>(u: [T; ExponentialSum::RANK], v: [&[T; CHUNK]; 3]) -> [T; CHUNK] {
    core::array::from_fn(|lane| {
        (u[0] * v[0][lane] + u[1] * v[1][lane] + u[2] * v[2][lane]).exp_in_lanes()
    })
}

/// Chunk number `chunk` of each of a term's padded factors.
#[inline(always)]
fn chunks<T>(term: &[T], width: usize, chunk: usize) -> [&[T; CHUNK]; 3] {
    core::array::from_fn(|product| {
        term[product * width + chunk * CHUNK..]
            .first_chunk()
            .expect("factors are padded to whole chunks")
    })
}
