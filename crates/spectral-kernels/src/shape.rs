//! How a slice is read: one axis of an array, planar complex data, direction, weights of half-spectrum bins.

use spectral_lanes::{count, expect_len};

/// Sign of the exponent. Neither direction scales: that is the `scale` argument's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `exp(-2πi jk/n)`.
    Forward,
    /// `exp(+2πi jk/n)`.
    Inverse,
}

/// One axis of a row-major array seen as `[outer, len, inner]`.
///
/// Where a half-spectrum is involved, `len` is the real length `n` and the spectrum has `n/2 + 1` bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Axis {
    /// Product of the sizes before the axis.
    pub outer: usize,
    /// Length of the axis, at least 1.
    pub len: usize,
    /// Product of the sizes after the axis.
    pub inner: usize,
}

impl Axis {
    /// Elements of the whole real (or complex) array.
    pub fn elements(self) -> usize {
        count(&[self.outer, self.len, self.inner])
    }

    /// Elements of the array whose axis is a half-spectrum: `outer · (len/2 + 1) · inner`.
    pub fn half_elements(self) -> usize {
        count(&[self.outer, half_bins(self.len), self.inner])
    }
}

/// Bins of the half-spectrum of `n` real samples: `n/2 + 1`.
pub fn half_bins(n: usize) -> usize {
    n / 2 + 1
}

/// Factor `w_k` on half-spectrum bins by their index `k` on the half-spectrum axis.
///
/// A bin with `0 < k < n/2` stands for itself and its mirror image, the bins `k = 0` and (even `n`) `k = n/2` for
/// themselves alone. So with `c_k = 1` for the latter and 2 elsewhere, the adjoint of
/// `rfftn(scale s)` is `irfftn(scale s, Halve)`, and that of `irfftn(scale s)` is `rfftn(scale s, Double)`.
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
    /// `w_k` of the bins that have a mirror image (`0 < k < n/2`); the others weigh 1.
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

/// Complex numbers read from two slices of equal length.
#[derive(Clone, Copy, Debug)]
pub struct Planar<'a, T> {
    /// Real parts.
    pub re: &'a [T],
    /// Imaginary parts.
    pub im: &'a [T],
}

/// Complex numbers written to two slices of equal length.
#[derive(Debug)]
pub struct PlanarMut<'a, T> {
    /// Real parts.
    pub re: &'a mut [T],
    /// Imaginary parts.
    pub im: &'a mut [T],
}

impl<T> Planar<'_, T> {
    /// Panics unless both planes have `expected` elements.
    #[track_caller]
    pub(crate) fn expect(&self, what: &str, expected: usize) {
        expect_len(what, "real", expected, self.re.len());
        expect_len(what, "imaginary", expected, self.im.len());
    }
}

impl<T> PlanarMut<'_, T> {
    /// Panics unless both planes have `expected` elements.
    #[track_caller]
    pub(crate) fn expect(&self, what: &str, expected: usize) {
        expect_len(what, "real", expected, self.re.len());
        expect_len(what, "imaginary", expected, self.im.len());
    }

    /// The same slices for a shorter time.
    pub fn reborrow(&mut self) -> PlanarMut<'_, T> {
        PlanarMut {
            re: self.re,
            im: self.im,
        }
    }

    /// The same data, to read.
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
    fn a_wrong_length_is_named_with_what_was_expected() {
        Planar {
            re: &[0.0; 6],
            im: &[0.0; 5],
        }
        .expect("input", 6);
    }
}
