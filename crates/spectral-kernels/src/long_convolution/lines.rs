//! Transfers between lines of real samples and blocks of twisted samples, one signal per lane.

use spectral_lanes::{Kernel, MAX_LANES, Scalar, Simd};

use crate::view::{Complex, View, broadcast};

/// Loads lines into a block and twists them; samples past `count` are zero.
pub struct TwistIn<'a, T> {
    pub lines: [*const T; MAX_LANES],
    pub count: usize,
    /// The destination, `turns.len()` elements.
    pub to: View<T>,
    pub turns: &'a [[T; 2]],
    /// A vector that is added to sample 0.
    pub first: Option<&'a [T]>,
}

impl<T: Scalar> Kernel<T> for TwistIn<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let mut from = self.lines;
        let mut to = [std::ptr::null_mut(); MAX_LANES];
        for start in (0..self.count).step_by(S::LANES) {
            let read = S::LANES.min(self.count - start);
            for (j, to) in to.iter_mut().enumerate() {
                *to = self.to.re.wrapping_add((start + j) * self.to.stride);
            }
            // SAFETY: each line holds `count` elements, and the view at least as many elements.
            unsafe { simd.transpose(&from, read, &to, read, S::LANES) };
            for from in &mut from {
                *from = from.wrapping_add(S::LANES);
            }
            for (j, turn) in self.turns[start..start + read].iter().enumerate() {
                // SAFETY: element start + j < count.
                unsafe {
                    let mut x = simd.load(self.to.re.add((start + j) * self.to.stride));
                    if start + j == 0
                        && let Some(first) = self.first
                    {
                        assert!(first.len() >= S::LANES);
                        x = x + simd.load(first.as_ptr());
                    }
                    let turned = broadcast(simd, *turn).scale(x);
                    self.to.store(simd, start + j, turned);
                }
            }
        }
        let zero = simd.splat(T::of(0.0));
        for n in self.count..self.turns.len() {
            // SAFETY: the view is valid for `turns.len()` elements.
            unsafe { self.to.store(simd, n, Complex { re: zero, im: zero }) };
        }
    }
}

/// Untwists a block and stores it to lines: the real part plus `carry` is stored, and the imaginary part times `sign`
/// becomes the new carry.
pub struct TwistOut<'a, T> {
    pub from: View<T>,
    pub turns: &'a [[T; 2]],
    /// One vector per sample.
    pub carry: &'a mut [T],
    pub sign: T,
    /// Number of samples to store.
    pub count: usize,
    pub lines: [*mut T; MAX_LANES],
    /// Number of lines to store.
    pub lanes: usize,
}

impl<T: Scalar> Kernel<T> for TwistOut<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        assert!(self.carry.len() >= self.turns.len() * S::LANES);
        let sign = simd.splat(self.sign);
        let mut to = self.lines;
        let mut rows = [std::ptr::null(); MAX_LANES];
        let carry = self.carry.as_mut_ptr();
        for start in (0..self.turns.len()).step_by(S::LANES) {
            let end = self.turns.len().min(start + S::LANES);
            for (n, turn) in (start..end).zip(&self.turns[start..end]) {
                // SAFETY: element n is within the view, vector n within the carry.
                unsafe {
                    let z = self.from.load(simd, n) * broadcast(simd, *turn);
                    let carried = carry.add(n * S::LANES);
                    simd.store(
                        self.from.re.add(n * self.from.stride),
                        z.re + simd.load(carried),
                    );
                    simd.store(carried, z.im * sign);
                }
            }
            if start < self.count {
                for (j, row) in rows.iter_mut().enumerate() {
                    // Past the last element, a copy of it is read but not written.
                    let n = (start + j).min(end - 1);
                    *row = self.from.re.wrapping_add(n * self.from.stride).cast_const();
                }
                let write = S::LANES.min(self.count - start);
                // SAFETY: the rows are within the view, and the first `lanes` lines hold `count` elements.
                unsafe { simd.transpose(&rows, S::LANES, &to, self.lanes, write) };
                for to in &mut to {
                    *to = to.wrapping_add(S::LANES);
                }
            }
        }
    }
}
