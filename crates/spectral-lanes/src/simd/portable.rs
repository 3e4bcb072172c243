//! Portable vectors: plain arrays that the compiler may vectorize.

use std::ops::{Add, Mul, Sub};

use super::Scalar;
use super::{Kernel, MAX_LANES, Simd, Vector};

/// The portable instruction set, available on every processor.
#[derive(Clone, Copy)]
pub struct Portable;

/// An array of `N` lanes.
#[derive(Clone, Copy)]
pub struct Lanes<T, const N: usize>([T; N]);

impl<T: Scalar, const N: usize> Lanes<T, N> {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        let mut out = self.0;
        for (o, x) in out.iter_mut().zip(other.0) {
            *o = f(*o, x);
        }
        Lanes(out)
    }
}

impl<T: Scalar, const N: usize> Add for Lanes<T, N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl<T: Scalar, const N: usize> Sub for Lanes<T, N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl<T: Scalar, const N: usize> Mul for Lanes<T, N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

// Not fused: without an FMA instruction, a fused product would call into the math library.
impl<T: Scalar, const N: usize> Vector for Lanes<T, N> {
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }
    #[inline(always)]
    fn mul_sub(self, a: Self, b: Self) -> Self {
        self * a - b
    }
    #[inline(always)]
    fn neg_mul_add(self, a: Self, b: Self) -> Self {
        b - self * a
    }
    #[inline(always)]
    fn relu(self) -> Self {
        self.where_positive(self)
    }
    #[inline(always)]
    fn where_positive(self, x: Self) -> Self {
        let zero = T::of(0.0);
        self.zip(x, |a, x| if a <= zero { zero } else { x })
    }
    #[inline(always)]
    fn select_positive(self, a: Self, b: Self) -> Self {
        let zero = T::of(0.0);
        Lanes(std::array::from_fn(|i| {
            if self.0[i] <= zero { b.0[i] } else { a.0[i] }
        }))
    }
    #[inline(always)]
    #[allow(clippy::eq_op, reason = "NaN differs from itself")]
    fn select_above(self, other: Self, a: Self, b: Self) -> Self {
        Lanes(std::array::from_fn(|i| {
            let above = self.0[i] > other.0[i] || self.0[i] != self.0[i];
            if above { a.0[i] } else { b.0[i] }
        }))
    }
    #[inline(always)]
    fn select_equal(self, other: Self, a: Self, b: Self) -> Self {
        Lanes(std::array::from_fn(|i| {
            if self.0[i] == other.0[i] {
                a.0[i]
            } else {
                b.0[i]
            }
        }))
    }
    #[inline(always)]
    fn reversed(self) -> Self {
        Lanes(std::array::from_fn(|i| self.0[N - 1 - i]))
    }
    #[inline(always)]
    fn evens(self, next: Self) -> Self {
        Lanes(std::array::from_fn(|i| match 2 * i < N {
            true => self.0[2 * i],
            false => next.0[2 * i - N],
        }))
    }
    #[inline(always)]
    fn odds(self, next: Self) -> Self {
        Lanes(std::array::from_fn(|i| match 2 * i < N {
            true => self.0[2 * i + 1],
            false => next.0[2 * i + 1 - N],
        }))
    }
    #[inline(always)]
    fn interleave_first(self, odds: Self) -> Self {
        Lanes(std::array::from_fn(|i| match i % 2 {
            0 => self.0[i / 2],
            _ => odds.0[i / 2],
        }))
    }
    #[inline(always)]
    fn interleave_second(self, odds: Self) -> Self {
        Lanes(std::array::from_fn(|i| match i % 2 {
            0 => self.0[(N + i) / 2],
            _ => odds.0[(N + i) / 2],
        }))
    }
}

macro_rules! portable {
    ($t:ty, $lanes:literal) => {
        impl Simd<$t> for Portable {
            type V = Lanes<$t, $lanes>;
            const LANES: usize = $lanes;

            #[inline(never)]
            fn call<K: Kernel<$t>>(self, kernel: K) -> K::Output {
                kernel.run(self)
            }

            #[inline(always)]
            fn splat(self, x: $t) -> Self::V {
                Lanes([x; $lanes])
            }

            #[inline(always)]
            unsafe fn load(self, from: *const $t) -> Self::V {
                // SAFETY: the caller guarantees that `from` is readable, and an array has the alignment of its
                // elements.
                Lanes(unsafe { from.cast::<[$t; $lanes]>().read() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $t, v: Self::V) {
                // SAFETY: the caller guarantees that `to` is writable, and an array has the alignment of its elements.
                unsafe { to.cast::<[$t; $lanes]>().write(v.0) }
            }

            #[inline(always)]
            unsafe fn load_part(self, from: *const $t, count: usize) -> Self::V {
                let mut v = [0.0; $lanes];
                // SAFETY: the caller guarantees that `count` elements are readable.
                unsafe { from.copy_to_nonoverlapping(v.as_mut_ptr(), count.min($lanes)) };
                Lanes(v)
            }

            #[inline(always)]
            unsafe fn store_part(self, to: *mut $t, v: Self::V, count: usize) {
                // SAFETY: the caller guarantees that `count` elements are writable.
                unsafe { to.copy_from_nonoverlapping(v.0.as_ptr(), count.min($lanes)) };
            }

            #[inline(always)]
            unsafe fn transpose(
                self,
                from: &[*const $t; MAX_LANES],
                read: usize,
                to: &[*mut $t; MAX_LANES],
                stores: usize,
                write: usize,
            ) {
                let mut rows = [[0.0; $lanes]; $lanes];
                for (row, from) in rows.iter_mut().zip(from) {
                    // SAFETY: each of these pointers is readable for `read` elements.
                    *row = unsafe { self.load_part(*from, read) }.0;
                }
                for (j, to) in to.iter().enumerate().take(stores.min($lanes)) {
                    let column = Lanes(std::array::from_fn(|i| rows[i][j]));
                    // SAFETY: the first `stores` pointers are writable for `write` elements.
                    unsafe { self.store_part(*to, column, write) };
                }
            }
        }
    };
}

portable!(f32, 4);
portable!(f64, 2);
