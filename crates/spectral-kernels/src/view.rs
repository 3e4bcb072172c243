//! Views of the complex elements of a block of signals, one signal per lane.

use std::ops::{Add, Mul, Sub};

use spectral_lanes::{Scalar, Simd, Vector};

/// A complex number in each lane.
#[derive(Clone, Copy)]
pub struct Complex<V> {
    pub re: V,
    pub im: V,
}

impl<V: Vector> Add for Complex<V> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Complex {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }
}

impl<V: Vector> Sub for Complex<V> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Complex {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }
}

impl<V: Vector> Mul for Complex<V> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, w: Self) -> Self {
        Complex {
            re: self.im.neg_mul_add(w.im, self.re * w.re),
            im: self.im.mul_add(w.re, self.re * w.im),
        }
    }
}

impl<V: Vector> Complex<V> {
    /// `self − i·other`.
    #[inline(always)]
    pub fn sub_i(self, other: Self) -> Self {
        Complex {
            re: self.re + other.im,
            im: self.im - other.re,
        }
    }

    /// `self + i·other`.
    #[inline(always)]
    pub fn add_i(self, other: Self) -> Self {
        Complex {
            re: self.re - other.im,
            im: self.im + other.re,
        }
    }

    /// Multiplies both parts by a real factor.
    #[inline(always)]
    pub fn scale(self, factor: V) -> Self {
        Complex {
            re: self.re * factor,
            im: self.im * factor,
        }
    }
}

/// A view of a block of signals; element `j` consists of the vectors at `re + j·stride` and `im + j·stride`.
///
/// Swapping the two pointers turns a forward transform into an inverse one.
#[derive(Clone, Copy)]
pub struct View<T> {
    pub re: *mut T,
    pub im: *mut T,
    pub stride: usize,
}

impl<T: Scalar> View<T> {
    /// Elements as pairs of rows of `width` numbers: real parts in row `2j`, imaginary parts in row `2j + 1`.
    #[inline(always)]
    pub fn interleaved(start: *mut T, width: usize) -> Self {
        View {
            re: start,
            im: start.wrapping_add(width),
            stride: 2 * width,
        }
    }

    /// The same view with real and imaginary parts swapped.
    #[inline(always)]
    pub fn swapped(self) -> Self {
        View {
            re: self.im,
            im: self.re,
            stride: self.stride,
        }
    }

    /// The view starting `lanes` lanes further on.
    #[inline(always)]
    pub fn lanes_from(self, lanes: usize) -> Self {
        View {
            re: self.re.wrapping_add(lanes),
            im: self.im.wrapping_add(lanes),
            stride: self.stride,
        }
    }

    /// The view of every `step`-th element, starting with `first`.
    #[inline(always)]
    pub fn elements_from(self, first: usize, step: usize) -> Self {
        let skip = first * self.stride;
        View {
            re: self.re.wrapping_add(skip),
            im: self.im.wrapping_add(skip),
            stride: step * self.stride,
        }
    }

    /// Loads element `j`.
    ///
    /// # Safety
    /// Element `j` must be readable for one vector in both planes.
    #[inline(always)]
    pub unsafe fn load<S: Simd<T>>(self, simd: S, j: usize) -> Complex<S::V> {
        // SAFETY: guaranteed by the caller.
        unsafe {
            Complex {
                re: simd.load(self.re.add(j * self.stride)),
                im: simd.load(self.im.add(j * self.stride)),
            }
        }
    }

    /// Stores element `j`.
    ///
    /// # Safety
    /// Element `j` must be writable for one vector in both planes.
    #[inline(always)]
    pub unsafe fn store<S: Simd<T>>(self, simd: S, j: usize, x: Complex<S::V>) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            simd.store(self.re.add(j * self.stride), x.re);
            simd.store(self.im.add(j * self.stride), x.im);
        }
    }
}

/// Loads a complex factor into every lane.
#[inline(always)]
pub fn broadcast<T: Scalar, S: Simd<T>>(simd: S, w: [T; 2]) -> Complex<S::V> {
    Complex {
        re: simd.splat(w[0]),
        im: simd.splat(w[1]),
    }
}
