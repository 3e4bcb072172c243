//! Descriptions of data: an axis of an array, planar complex data, transform direction, and weights of half-spectrum
//! bins.

use spectral_lanes::{count, expect_len};

/// Direction of a transform, that is, the sign of the exponent. Neither direction scales the result; use the `scale`
/// argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `exp(-2πi jk/n)`.
    Forward,
    /// `exp(+2πi jk/n)`.
    Inverse,
}

/// One axis of a row-major array, viewed as `[outer, len, inner]`.
///
/// For transforms with a half-spectrum, `len` is the real length `n` and the spectrum has `n/2 + 1` bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Axis {
    /// Product of the sizes of all axes before this one.
    pub outer: usize,
    /// Length of the axis, at least 1.
    pub len: usize,
    /// Product of the sizes of all axes after this one.
    pub inner: usize,
}

impl Axis {
    /// Number of elements of the real or complex array.
    pub fn elements(self) -> usize {
        count(&[self.outer, self.len, self.inner])
    }

    /// Number of elements of the array with a half-spectrum along this axis: `outer · (len/2 + 1) · inner`.
    pub fn half_elements(self) -> usize {
        count(&[self.outer, half_bins(self.len), self.inner])
    }
}

/// Number of bins in the half-spectrum of `n` real samples: `n/2 + 1`.
pub fn half_bins(n: usize) -> usize {
    n / 2 + 1
}

/// A factor `w_k` applied to half-spectrum bins, by their index `k` on the half-spectrum axis.
///
/// A bin with `0 < k < n/2` represents itself and its mirror bin, whereas the bins `k = 0` and (for even `n`) `k = n/2`
/// represent only themselves. So with `c_k = 1` for the latter and 2 elsewhere, the adjoint of `rfftn` with scale `s`
/// is `irfftn` with scale `s` and [`Halve`](Self::Halve), and that of `irfftn` with scale `s` is `rfftn` with scale `s`
/// and [`Double`](Self::Double).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BinWeight {
    /// `w_k = 1`.
    #[default]
    One,
    /// `w_k = c_k`.
    Double,
    /// `w_k = 1/c_k`.
    Halve,
}

impl BinWeight {
    /// `w_k` of the bins that have a mirror bin (`0 < k < n/2`); the others have weight 1.
    pub fn interior(self) -> f64 {
        match self {
            BinWeight::One => 1.0,
            BinWeight::Double => 2.0,
            BinWeight::Halve => 0.5,
        }
    }

    /// `w_k` of bin `k` of the half-spectrum of `n` real samples.
    pub fn at(self, k: usize, n: usize) -> f64 {
        if k == 0 || 2 * k == n {
            1.0
        } else {
            self.interior()
        }
    }
}

/// Complex data to read, as two slices of equal length.
#[derive(Clone, Copy, Debug)]
pub struct Planar<'a, T> {
    /// Real parts.
    pub re: &'a [T],
    /// Imaginary parts.
    pub im: &'a [T],
}

/// Complex data to write, as two slices of equal length.
#[derive(Debug)]
pub struct PlanarMut<'a, T> {
    /// Real parts.
    pub re: &'a mut [T],
    /// Imaginary parts.
    pub im: &'a mut [T],
}

impl<T> Planar<'_, T> {
    /// Checks the lengths.
    ///
    /// # Panics
    /// If either plane does not have `expected` elements.
    #[track_caller]
    pub(crate) fn expect(&self, what: &str, expected: usize) {
        expect_len(what, "real", expected, self.re.len());
        expect_len(what, "imaginary", expected, self.im.len());
    }
}

impl<T> PlanarMut<'_, T> {
    /// Checks the lengths.
    ///
    /// # Panics
    /// If either plane does not have `expected` elements.
    #[track_caller]
    pub(crate) fn expect(&self, what: &str, expected: usize) {
        expect_len(what, "real", expected, self.re.len());
        expect_len(what, "imaginary", expected, self.im.len());
    }

    /// Reborrows both slices.
    pub fn reborrow(&mut self) -> PlanarMut<'_, T> {
        PlanarMut {
            re: self.re,
            im: self.im,
        }
    }

    /// Borrows both slices for reading.
    pub fn as_planar(&self) -> Planar<'_, T> {
        Planar {
            re: self.re,
            im: self.im,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bins_with_a_mirror_image_are_weighted() {
        let weights = |n| {
            (0..half_bins(n))
                .map(|k| BinWeight::Double.at(k, n))
                .collect::<Vec<_>>()
        };
        assert_eq!(weights(1), [1.0]);
        assert_eq!(weights(2), [1.0, 1.0]);
        assert_eq!(weights(5), [1.0, 2.0, 2.0]);
        assert_eq!(weights(6), [1.0, 2.0, 2.0, 1.0]);
    }

    #[test]
    fn halving_undoes_doubling() {
        for n in 1..9 {
            for k in 0..half_bins(n) {
                assert_eq!(BinWeight::Double.at(k, n) * BinWeight::Halve.at(k, n), 1.0);
            }
        }
    }

    #[test]
    #[should_panic(expected = "input: expected 6 imaginary elements, got 5")]
    fn a_wrong_length_is_reported_with_the_expected_one() {
        Planar {
            re: &[0.0; 6],
            im: &[0.0; 5],
        }
        .expect("input", 6);
    }
}
