//! SIMD vectors, and the choice of an instruction set at run time.
//!
//! A token of a type that implements [`Simd`] proves that the processor supports an instruction set; vectors can only
//! be created through it. Generic code is written once, marked `#[inline(always)]`, and compiled for each instruction
//! set inside [`Simd::call`], the only function with `#[target_feature]`.

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

/// Lanes in the widest vector.
pub const MAX_LANES: usize = 16;

/// A SIMD vector: several numbers that are operated on lane by lane.
pub trait Vector: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// `self · a + b`, lane by lane.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// `self · a − b`, lane by lane.
    fn mul_sub(self, a: Self, b: Self) -> Self;
    /// `b − self · a`, lane by lane.
    fn neg_mul_add(self, a: Self, b: Self) -> Self;
    /// `max(self, 0)`; NaN stays NaN.
    fn relu(self) -> Self;
    /// `x` where `self` is positive or NaN, zero elsewhere.
    fn where_positive(self, x: Self) -> Self;
    /// `a` where `self` is positive or NaN, `b` elsewhere.
    fn select_positive(self, a: Self, b: Self) -> Self;
    /// `a` where `self` is greater than `other` or NaN, `b` elsewhere.
    fn select_above(self, other: Self, a: Self, b: Self) -> Self;
    /// `a` where `self` equals `other`, `b` elsewhere.
    fn select_equal(self, other: Self, a: Self, b: Self) -> Self;
    /// The lanes in reverse order.
    fn reversed(self) -> Self;
    /// The even-indexed elements of `self` followed by those of `next`.
    fn evens(self, next: Self) -> Self;
    /// The odd-indexed elements of `self` followed by those of `next`.
    fn odds(self, next: Self) -> Self;
    /// The first half of the interleaving `self[0], odds[0], self[1], odds[1], …`.
    fn interleave_first(self, odds: Self) -> Self;
    /// The second half of the interleaving `self[0], odds[0], self[1], odds[1], …`.
    fn interleave_second(self, odds: Self) -> Self;
}

/// A token that proves that the processor supports an instruction set, with that set's vectors of `T`.
pub trait Simd<T: Scalar>: Copy + Send + Sync + 'static {
    /// A vector of [`Self::LANES`] elements.
    type V: Vector;
    /// Lanes per vector, at most [`MAX_LANES`].
    const LANES: usize;

    /// Runs `kernel` with the instruction set enabled. The call is not inlined, so `kernel` should do a substantial
    /// amount of work.
    fn call<K: Kernel<T>>(self, kernel: K) -> K::Output;

    /// Returns a vector with `x` in every lane.
    fn splat(self, x: T) -> Self::V;

    /// Loads [`Self::LANES`] elements.
    ///
    /// # Safety
    /// `from` must be readable for [`Self::LANES`] elements. It need not be aligned to a vector.
    unsafe fn load(self, from: *const T) -> Self::V;

    /// Stores [`Self::LANES`] elements.
    ///
    /// # Safety
    /// `to` must be writable for [`Self::LANES`] elements. It need not be aligned to a vector.
    unsafe fn store(self, to: *mut T, v: Self::V);

    /// Loads the first `count` elements of a vector; the other lanes are zero.
    ///
    /// # Safety
    /// `count` must be at most [`Self::LANES`], and `from` readable for `count` elements.
    unsafe fn load_part(self, from: *const T, count: usize) -> Self::V;

    /// Stores the first `count` elements of a vector.
    ///
    /// # Safety
    /// `count` must be at most [`Self::LANES`], and `to` writable for `count` elements.
    unsafe fn store_part(self, to: *mut T, v: Self::V, count: usize);

    /// Transposes [`Self::LANES`] vectors: lane `j` of the vector at `from[i]` becomes lane `i` of the vector at
    /// `to[j]`.
    ///
    /// Only the first `read` lanes of each input are read (the others count as zero), only the first `stores` vectors
    /// are stored, and only the first `write` lanes of each.
    ///
    /// # Safety
    /// `read`, `stores` and `write` must be at most [`Self::LANES`]. Each of the first [`Self::LANES`] pointers of
    /// `from` must be readable for `read` elements, and each of the first `stores` pointers of `to` writable for
    /// `write` elements. The memory written must not overlap the memory read.
    unsafe fn transpose(
        self,
        from: &[*const T; MAX_LANES],
        read: usize,
        to: &[*mut T; MAX_LANES],
        stores: usize,
        write: usize,
    );
}

/// Work that is compiled for every instruction set.
pub trait Kernel<T: Scalar> {
    /// The result type.
    type Output;
    /// Does the work. Implementations must be `#[inline(always)]`, as must everything they call, except [`Simd::call`].
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
                // SAFETY: both buffers hold `lanes` vectors and do not overlap.
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
            // SAFETY: all three buffers hold two vectors.
            unsafe {
                let [a, b] = [0, lanes].map(|at| simd.load(numbers[at..].as_ptr()));
                let (evens, odds) = (a.evens(b), a.odds(b));
                simd.store(split.as_mut_ptr(), evens);
                simd.store(split[lanes..].as_mut_ptr(), odds);
                simd.store(joined.as_mut_ptr(), evens.interleave_first(odds));
                simd.store(joined[lanes..].as_mut_ptr(), evens.interleave_second(odds));
            }
            assert!(joined == numbers, "{lanes} lanes");
            // SAFETY: both buffers hold a vector.
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
    fn every_available_set_deinterleaves_and_interleaves() {
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
