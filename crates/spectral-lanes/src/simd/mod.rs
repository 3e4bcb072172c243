//! Vectors of lanes, and the choice of an instruction set at run time.
//!
//! A token of type [`Simd`] proves that the processor has the instructions; vectors can only be made through it.
//! Generic code is written once, marked `#[inline(always)]`, and compiled for each set inside [`Simd::call`], the one
//! place with `#[target_feature]`.

mod choice;
#[cfg(target_arch = "x86_64")]
mod pairs;
pub mod portable;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod select;
#[cfg(target_arch = "x86_64")]
mod transpose;
#[cfg(target_arch = "x86_64")]
pub mod x86;

use std::ops::{Add, Mul, Sub};

pub use choice::InstructionSet;
pub use scalar::{Entry, Scalar};

/// The widest vector, in lanes.
pub const MAX_LANES: usize = 16;

/// Several numbers side by side.
pub trait Vector: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// `self · a + b`.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// `self · a − b`.
    fn mul_sub(self, a: Self, b: Self) -> Self;
    /// `b − self · a`.
    fn neg_mul_add(self, a: Self, b: Self) -> Self;
    /// `max(self, 0)`; what is not a number stays so.
    fn relu(self) -> Self;
    /// `x` where this is positive or not a number, zero elsewhere.
    fn where_positive(self, x: Self) -> Self;
    /// `a` where this is positive or not a number, `b` elsewhere.
    fn select_positive(self, a: Self, b: Self) -> Self;
    /// `a` where this is greater than `other` or not a number, `b` elsewhere.
    fn select_above(self, other: Self, a: Self, b: Self) -> Self;
    /// `a` where this equals `other`, `b` elsewhere.
    fn select_equal(self, other: Self, a: Self, b: Self) -> Self;
    /// The last number first.
    fn reversed(self) -> Self;
    /// The numbers at even places of this vector and `next`, in a row.
    fn evens(self, next: Self) -> Self;
    /// Those at odd places.
    fn odds(self, next: Self) -> Self;
    /// The numbers of this vector at even places and those of `odds` between them: the first half of them.
    fn interleave_first(self, odds: Self) -> Self;
    /// The second half.
    fn interleave_second(self, odds: Self) -> Self;
}

/// Proof that an instruction set is there, and its vectors of `T`.
pub trait Simd<T: Scalar>: Copy + Send + Sync + 'static {
    /// A vector of [`Self::LANES`] numbers.
    type V: Vector;
    /// Numbers in a vector, at most [`MAX_LANES`].
    const LANES: usize;

    /// Runs `kernel` with the instruction set enabled. Not inlined into the caller: keep the work large.
    fn call<K: Kernel<T>>(self, kernel: K) -> K::Output;

    /// `x` in every lane.
    fn splat(self, x: T) -> Self::V;

    /// Reads [`Self::LANES`] numbers.
    ///
    /// # Safety
    /// They must be readable at `from`; no alignment is asked for.
    unsafe fn load(self, from: *const T) -> Self::V;

    /// Writes [`Self::LANES`] numbers.
    ///
    /// # Safety
    /// They must be writable at `to`; no alignment is asked for.
    unsafe fn store(self, to: *mut T, v: Self::V);

    /// Reads the first `count` numbers of a vector; the others are zero.
    ///
    /// # Safety
    /// `count ≤ LANES` numbers must be readable at `from`.
    unsafe fn load_part(self, from: *const T, count: usize) -> Self::V;

    /// Writes the first `count` numbers of a vector.
    ///
    /// # Safety
    /// `count ≤ LANES` numbers must be writable at `to`.
    unsafe fn store_part(self, to: *mut T, v: Self::V, count: usize);

    /// Transposes a square of [`Self::LANES`] vectors: lane `j` of the vector at `from[i]` becomes lane `i` of the one
    /// at `to[j]`. Only the first `read` lanes are read (the others are zero), only the first `stores` vectors stored,
    /// and of these only the first `write` lanes.
    ///
    /// # Safety
    /// The first [`Self::LANES`] pointers of `from` must each be readable for `read` numbers, the first `stores` of `to`
    /// writable for `write`, all three at most [`Self::LANES`], and what is written must not overlap what is read.
    unsafe fn transpose(
        self,
        from: &[*const T; MAX_LANES],
        read: usize,
        to: &[*mut T; MAX_LANES],
        stores: usize,
        write: usize,
    );
}

/// Work to be compiled for each instruction set.
pub trait Kernel<T: Scalar> {
    /// What it returns.
    type Output;
    /// The work. Implementations are `#[inline(always)]`, as is all they call short of [`Simd::call`].
    fn run<S: Simd<T>>(self, simd: S) -> Self::Output;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct TransposeSquare;

    impl<T: Scalar> Kernel<T> for TransposeSquare {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd<T>>(self, simd: S) {
            let lanes = S::LANES;
            let source: Vec<T> = (0..lanes * lanes).map(|i| T::of(i as f64)).collect();
            for (read, stores, write) in [
                (lanes, lanes, lanes),
                (lanes, lanes - 1, lanes),
                (1, lanes, lanes),
                (lanes, 1, lanes - 1),
                (1, 1, 1),
            ] {
                let mut target = vec![T::of(-1.0); lanes * lanes];
                let mut from = [std::ptr::null(); MAX_LANES];
                let mut to = [std::ptr::null_mut(); MAX_LANES];
                let start = target.as_mut_ptr();
                for i in 0..lanes {
                    from[i] = source[i * lanes..].as_ptr();
                    to[i] = start.wrapping_add(i * lanes);
                }
                // SAFETY: both buffers hold `lanes` vectors and are apart.
                unsafe { simd.transpose(&from, read, &to, stores, write) };
                for (at, value) in target.iter().enumerate() {
                    let (column, row) = (at / lanes, at % lanes);
                    let expected = match (column < stores && row < write, column < read) {
                        (false, _) => T::of(-1.0),
                        (true, false) => T::of(0.0),
                        (true, true) => source[row * lanes + column],
                    };
                    assert!(
                        *value == expected,
                        "lane {row} of column {column} of {lanes}: {read} {stores} {write}"
                    );
                }
            }
        }
    }

    struct Pairs;

    impl<T: Scalar> Kernel<T> for Pairs {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd<T>>(self, simd: S) {
            let lanes = S::LANES;
            let numbers: Vec<T> = (0..2 * lanes).map(|i| T::of(i as f64)).collect();
            let mut split = vec![T::of(-1.0); 2 * lanes];
            let mut joined = split.clone();
            // SAFETY: all three hold two vectors.
            unsafe {
                let [a, b] = [0, lanes].map(|at| simd.load(numbers[at..].as_ptr()));
                let (evens, odds) = (a.evens(b), a.odds(b));
                simd.store(split.as_mut_ptr(), evens);
                simd.store(split[lanes..].as_mut_ptr(), odds);
                simd.store(joined.as_mut_ptr(), evens.interleave_first(odds));
                simd.store(joined[lanes..].as_mut_ptr(), evens.interleave_second(odds));
            }
            assert!(joined == numbers, "{lanes} lanes");
            // SAFETY: both hold a vector.
            unsafe {
                let turned = simd.load(numbers.as_ptr()).reversed();
                simd.store(joined.as_mut_ptr(), turned);
            }
            let turned = joined[..lanes].iter().rev();
            assert!(turned.eq(&numbers[..lanes]), "{lanes} lanes");
            for at in 0..2 * lanes {
                assert!(split[at] == numbers[2 * (at % lanes) + at / lanes]);
            }
        }
    }

    #[test]
    fn every_available_set_takes_pairs_apart_and_together() {
        for &set in InstructionSet::available() {
            f32::dispatch(set, Pairs);
            f64::dispatch(set, Pairs);
        }
    }

    #[test]
    fn every_available_set_transposes_a_square() {
        for &set in InstructionSet::available() {
            f32::dispatch(set, TransposeSquare);
            f64::dispatch(set, TransposeSquare);
        }
    }
}
