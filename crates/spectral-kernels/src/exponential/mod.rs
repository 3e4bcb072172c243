//! Sums of exponentials of bilinear forms over the bins of a grid, from which Gaussian responses are built.

mod adjoint;
mod forward;

pub use adjoint::Adjoint;
pub use forward::Forward;
use spectral_lanes::{Scalar, count, expect_len};

/// Elements processed together, a whole number of vectors of any instruction set.
const CHUNK: usize = 16;

/// Estimated work of `exponentials` exponentials and their use, in nanoseconds on one thread.
const fn work(exponentials: usize) -> usize {
    exponentials / 2
}

/// A sum of exponentials of bilinear forms, and its adjoint:
///
/// ```text
/// y[f,i,j] = Σ_t s[f,t]·exp(Σ_r u[f,t,r,i]·v[f,t,r,j]),   r = 1, …, RANK
/// ```
///
/// A rotated Gaussian over the plane is one such term: its exponent `−a·dx² + 2b·dx·dy − c·dy²` equals
/// `(2b·dy, 1, −c·dy²)·(dx, −a·dx², 1)`.
///
/// Shapes, row-major: `s` `[filters, terms]`, `u` `[filters, terms, RANK, rows]`, `v`
/// `[filters, terms, RANK, columns]`, `y` `[filters, rows, columns]`. No temporary of the size of `y` is allocated.
///
/// # Panics
/// All methods panic if the length of a slice does not match its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExponentialSum {
    /// Number of surfaces.
    pub filters: usize,
    /// Number of exponentials per surface.
    pub terms: usize,
    /// Rows per surface.
    pub rows: usize,
    /// Columns per surface.
    pub columns: usize,
}

/// The factors of an [`ExponentialSum`].
#[derive(Clone, Copy, Debug)]
pub struct ExponentialFactors<'a, T> {
    /// The amplitudes `s`.
    pub scale: &'a [T],
    /// The row factors `u`.
    pub rows: &'a [T],
    /// The column factors `v`.
    pub columns: &'a [T],
}

/// Where to write the gradients with respect to [`ExponentialFactors`].
#[derive(Debug)]
pub struct ExponentialGradients<'a, T> {
    /// The gradient with respect to the amplitudes.
    pub scale: &'a mut [T],
    /// The gradient with respect to the row factors.
    pub rows: &'a mut [T],
    /// The gradient with respect to the column factors.
    pub columns: &'a mut [T],
}

impl ExponentialSum {
    /// Number of products per exponent.
    pub const RANK: usize = 3;

    /// Elements of the amplitudes.
    pub fn scale_len(&self) -> usize {
        count(&[self.filters, self.terms])
    }

    /// Elements of the row factors.
    pub fn rows_len(&self) -> usize {
        count(&[self.scale_len(), Self::RANK, self.rows])
    }

    /// Elements of the column factors.
    pub fn columns_len(&self) -> usize {
        count(&[self.scale_len(), Self::RANK, self.columns])
    }

    /// Elements of the output.
    pub fn output_len(&self) -> usize {
        count(&[self.filters, self.rows, self.columns])
    }

    /// Computes the surfaces `y`.
    pub fn forward<T: Scalar>(&self, factors: ExponentialFactors<'_, T>, y: &mut [T]) {
        self.expect(&factors);
        self.expect_len("output", self.output_len(), y);
        T::enter::<forward::ForwardEntry>(Forward::new(*self, factors, y));
    }

    /// Computes the gradients of the factors. With `h = s·gy·exp(…)` they are `gs = Σ_ij h/s`, `gu[r,i] = Σ_j h·v[r,j]`
    /// and `gv[r,j] = Σ_i h·u[r,i]`. The exponentials are recomputed.
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

/// Copies the column factors of a filter, each zero-padded to whole chunks.
#[inline(always)]
fn pad<T: Scalar>(columns: usize, width: usize, from: &[T], to: &mut [T]) {
    for (from, to) in from.chunks_exact(columns).zip(to.chunks_exact_mut(width)) {
        to[..columns].copy_from_slice(from);
        to[columns..].fill(T::of(0.0));
    }
}

/// The exponentials of one chunk of columns; `v` has one slice per product.
#[inline(always)]
fn exponentials<T: Scalar>(u: [T; ExponentialSum::RANK], v: [&[T; CHUNK]; 3]) -> [T; CHUNK] {
    core::array::from_fn(|lane| {
        (u[0] * v[0][lane] + u[1] * v[1][lane] + u[2] * v[2][lane]).exp_in_lanes()
    })
}

/// Chunk `chunk` of each of a term's padded factors.
#[inline(always)]
fn chunks<T>(term: &[T], width: usize, chunk: usize) -> [&[T; CHUNK]; 3] {
    core::array::from_fn(|product| {
        term[product * width + chunk * CHUNK..]
            .first_chunk()
            .expect("factors are padded to whole chunks")
    })
}
