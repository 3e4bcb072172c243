//! Bin-by-bin products of spectra.

use spectral_lanes::{Kernel, Scalar, Simd, Vector};

use crate::view::Complex;

/// Rows of complex numbers, `step` elements apart.
#[derive(Clone, Copy)]
pub struct Strip<T> {
    pub re: *mut T,
    pub im: *mut T,
    pub step: usize,
}

/// Which factor is conjugated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Conjugated {
    Neither,
    First,
    Second,
}

const NEITHER: u8 = 0;
const FIRST: u8 = 1;
const SECOND: u8 = 2;

/// `to = a·b`, or `to += a·b` if `add` is set; `to` may be one of the factors.
pub struct Product<T> {
    pub a: Strip<T>,
    pub b: Strip<T>,
    pub to: Strip<T>,
    pub rows: usize,
    pub len: usize,
    pub conjugated: Conjugated,
    pub add: bool,
}

impl<T: Scalar> Kernel<T> for Product<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        match (self.conjugated, self.add) {
            (Conjugated::Neither, false) => self.all::<S, NEITHER, false>(simd),
            (Conjugated::Neither, true) => self.all::<S, NEITHER, true>(simd),
            (Conjugated::First, false) => self.all::<S, FIRST, false>(simd),
            (Conjugated::First, true) => self.all::<S, FIRST, true>(simd),
            (Conjugated::Second, false) => self.all::<S, SECOND, false>(simd),
            (Conjugated::Second, true) => self.all::<S, SECOND, true>(simd),
        }
    }
}

impl<T: Scalar> Product<T> {
    #[inline(always)]
    fn all<S: Simd<T>, const C: u8, const ADD: bool>(&self, simd: S) {
        let Product { a, b, to, len, .. } = *self;
        let whole = len - len % S::LANES;
        let zero = simd.splat(T::of(0.0));
        for row in 0..self.rows {
            let (a, b, to) = (a.row(row), b.row(row), to.row(row));
            for at in (0..whole).step_by(S::LANES) {
                // SAFETY: the strips hold `rows` rows of `len` elements, and at + LANES ≤ len.
                unsafe {
                    let sum = match ADD {
                        true => to.load(simd, at),
                        false => Complex { re: zero, im: zero },
                    };
                    let z = product::<S::V, C, ADD>(a.load(simd, at), b.load(simd, at), sum);
                    simd.store(to.re.add(at), z.re);
                    simd.store(to.im.add(at), z.im);
                }
            }
            if whole < len {
                let rest = len - whole;
                // SAFETY: these are the last elements of a row of `len`.
                unsafe {
                    let sum = match ADD {
                        true => to.load_part(simd, whole, rest),
                        false => Complex { re: zero, im: zero },
                    };
                    let (a, b) = (
                        a.load_part(simd, whole, rest),
                        b.load_part(simd, whole, rest),
                    );
                    let z = product::<S::V, C, ADD>(a, b, sum);
                    simd.store_part(to.re.add(whole), z.re, rest);
                    simd.store_part(to.im.add(whole), z.im, rest);
                }
            }
        }
    }
}

/// The product, plus `sum` if `ADD` is set.
#[inline(always)]
fn product<V: Vector, const C: u8, const ADD: bool>(
    a: Complex<V>,
    b: Complex<V>,
    sum: Complex<V>,
) -> Complex<V> {
    let (re, im) = match ADD {
        true => (
            a.re.mul_add(b.re, sum.re),
            match C {
                FIRST => a.im.neg_mul_add(b.re, sum.im),
                _ => a.im.mul_add(b.re, sum.im),
            },
        ),
        false => (a.re * b.re, a.im * b.re),
    };
    match C {
        NEITHER => Complex {
            re: a.im.neg_mul_add(b.im, re),
            im: a.re.mul_add(b.im, im),
        },
        FIRST => Complex {
            re: a.im.mul_add(b.im, re),
            im: match ADD {
                true => a.re.mul_add(b.im, im),
                false => a.re.mul_sub(b.im, im),
            },
        },
        _ => Complex {
            re: a.im.mul_add(b.im, re),
            im: a.re.neg_mul_add(b.im, im),
        },
    }
}

impl<T: Scalar> Strip<T> {
    #[inline(always)]
    fn row(self, row: usize) -> Self {
        Strip {
            re: self.re.wrapping_add(row * self.step),
            im: self.im.wrapping_add(row * self.step),
            step: self.step,
        }
    }

    /// # Safety
    /// Both planes must be readable for one vector at `at`.
    #[inline(always)]
    unsafe fn load<S: Simd<T>>(self, simd: S, at: usize) -> Complex<S::V> {
        // SAFETY: guaranteed by the caller.
        unsafe {
            Complex {
                re: simd.load(self.re.add(at)),
                im: simd.load(self.im.add(at)),
            }
        }
    }

    /// # Safety
    /// Both planes must be readable for `count` elements at `at`.
    #[inline(always)]
    unsafe fn load_part<S: Simd<T>>(self, simd: S, at: usize, count: usize) -> Complex<S::V> {
        // SAFETY: guaranteed by the caller.
        unsafe {
            Complex {
                re: simd.load_part(self.re.add(at), count),
                im: simd.load_part(self.im.add(at), count),
            }
        }
    }
}
