//! Half-spectra of real signals, which know the length of their signal.

use core::ops::{Add, Mul, Neg, Sub};

use burn::tensor::{AsIndex, Device, Tensor};

use crate::dims::{dim_index, dim_indices};
use crate::error::OrPanic;
use crate::{ComplexTensor, SpectralError};

/// The half-spectrum of a real signal: what [`rfft`](crate::fft::rfft), [`rfft2`](crate::fft::rfft2)
/// and [`rfftn`](crate::fft::rfftn) return and their inverses take.
///
/// The spectrum of a real signal is Hermitian, `X[n − k] = conj(X[k])`, so the bins `0` to `n/2` along
/// one dim determine the rest. Their number does not determine `n`: 8 and 9 samples both have 5 bins.
/// A half-spectrum therefore carries the length `n` of the signal and the dim along which it is halved,
/// and an inverse transform returns exactly the original size, odd or even.
///
/// # Shapes
/// - `[…, n/2 + 1, …]` for signals of shape `[…, n, …]`
///
/// # Example
/// Filter a signal of odd length. The inverse transform needs no length:
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::{Norm, fft};
///
/// let x = Tensor::<3>::random([2, 3, 9], Distribution::Default, &Device::flex());
/// let spectrum = fft::rfft(x, -1, Norm::Backward);
/// assert_eq!((spectrum.dims(), spectrum.length()), ([2, 3, 5], 9));
///
/// let response = Tensor::<1>::from_floats([1.0, 1.0, 0.5, 0.0, 0.0], &Device::flex());
/// let filtered = spectrum * response.reshape([1, 1, 5]);
/// assert_eq!(fft::irfft(filtered, Norm::Backward).dims(), [2, 3, 9]);
/// ```
/// A spectrum that was made elsewhere, such as the output of a network, is wrapped once:
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, fft};
///
/// let z = ComplexTensor::from_real(Tensor::<4>::ones([1, 1, 8, 5], &Device::flex()));
/// let images = fft::irfft2(HalfSpectrum::new(z, 9), Norm::Backward);
/// assert_eq!(images.dims(), [1, 1, 8, 9]);
/// ```
#[derive(Clone, Debug)]
pub struct HalfSpectrum<const D: usize> {
    complex: ComplexTensor<D>,
    length: usize,
    dim: usize,
}

impl<const D: usize> HalfSpectrum<D> {
    /// The half-spectrum, along the last dim, of a real signal of `length` samples.
    ///
    /// # Panics
    /// If [`try_new`](Self::try_new) returns an error, with the same text.
    #[track_caller]
    pub fn new(complex: ComplexTensor<D>, length: usize) -> Self {
        Self::new_along(complex, length, D - 1)
    }

    /// The half-spectrum, along the last dim, of a real signal of `length` samples.
    ///
    /// # Errors
    /// [`SpectralError::RealLength`] when the last dim does not have `length/2 + 1` bins.
    pub fn try_new(complex: ComplexTensor<D>, length: usize) -> Result<Self, SpectralError> {
        Self::checked(complex, length, D - 1)
    }

    /// The half-spectrum, along `dim`, of a real signal of `length` samples.
    ///
    /// # Panics
    /// If there is no such dim, or [`try_new`](Self::try_new) returns an error.
    #[track_caller]
    pub fn new_along(complex: ComplexTensor<D>, length: usize, dim: impl AsIndex) -> Self {
        let dim = dim_index("HalfSpectrum", dim, D);
        Self::checked(complex, length, dim).or_panic()
    }

    fn checked(
        complex: ComplexTensor<D>,
        length: usize,
        dim: usize,
    ) -> Result<Self, SpectralError> {
        let dims = complex.dims();
        match length > 0 && dims[dim] == length / 2 + 1 {
            true => Ok(Self {
                complex,
                length,
                dim,
            }),
            false => Err(SpectralError::RealLength {
                length,
                dim,
                got: dims.to_vec(),
            }),
        }
    }

    /// The bins as a complex tensor.
    pub fn complex(&self) -> &ComplexTensor<D> {
        &self.complex
    }

    /// The bins as a complex tensor; the length of the signal is lost.
    pub fn into_complex(self) -> ComplexTensor<D> {
        self.complex
    }

    /// The number of real samples along the halved dim.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The dim along which the spectrum is halved.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The shape of the bins, `[…, n/2 + 1, …]`.
    pub fn dims(&self) -> [usize; D] {
        self.complex.dims()
    }

    /// The shape of the real signal, `[…, n, …]`.
    pub fn signal_dims(&self) -> [usize; D] {
        let mut dims = self.dims();
        dims[self.dim] = self.length;
        dims
    }

    /// The device of the bins.
    pub fn device(&self) -> Device {
        self.complex.device()
    }

    /// Applies a function to the bins and keeps the length.
    ///
    /// The function may change the other dims, for instance the number of channels.
    ///
    /// # Panics
    /// When the result has another number of bins along the halved dim.
    ///
    /// # Example
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use burn_spectral::{Norm, fft};
    ///
    /// let x = Tensor::<3>::ones([2, 3, 9], &Device::flex());
    /// let first = fft::rfft(x, -1, Norm::Backward).map_complex(|z| z.narrow(1, 0, 1));
    /// assert_eq!(fft::irfft(first, Norm::Backward).dims(), [2, 1, 9]);
    /// ```
    #[track_caller]
    pub fn map_complex(self, map: impl FnOnce(ComplexTensor<D>) -> ComplexTensor<D>) -> Self {
        Self::new_along(map(self.complex), self.length, self.dim)
    }

    /// Complex conjugate: the spectrum of the signal reversed circularly, `x[−j mod n]`.
    pub fn conj(self) -> Self {
        Self {
            complex: self.complex.conj(),
            ..self
        }
    }

    /// Magnitude of each bin; see [`ComplexTensor::abs`].
    pub fn abs(self) -> Tensor<D> {
        self.complex.abs()
    }

    /// Squared magnitude of each bin.
    pub fn norm_sqr(self) -> Tensor<D> {
        self.complex.norm_sqr()
    }

    /// Phase of each bin in radians; see [`ComplexTensor::arg`].
    pub fn arg(self) -> Tensor<D> {
        self.complex.arg()
    }

    /// The full spectrum of a transform over `dims`, as [`fftn`](crate::fft::fftn) gives it: the bins
    /// that are missing are the conjugates of their mirror images over all of `dims`,
    /// `X[−k] = conj(X[k])`.
    ///
    /// The bins that are there stay as they are, also where no real signal has them.
    ///
    /// # Shapes
    /// - output: `[…, n, …]`
    ///
    /// # Panics
    /// When a dim is out of range or repeated, or the halved dim is not one of `dims`.
    ///
    /// # Example
    /// ```
    /// use burn::tensor::{Device, Distribution, Tensor};
    /// use burn_spectral::{ComplexTensor, Norm, fft};
    ///
    /// let x = Tensor::<4>::random([2, 3, 6, 7], Distribution::Default, &Device::flex());
    /// let full = fft::rfft2(x.clone(), Norm::Backward).full(&[-2, -1]);
    /// let want = fft::fft2(ComplexTensor::from_real(x), Norm::Backward);
    /// assert!((full - want).abs().max().into_scalar::<f32>() < 1e-4);
    /// ```
    #[track_caller]
    pub fn full<I: AsIndex>(self, dims: &[I]) -> ComplexTensor<D> {
        let dims = dim_indices("HalfSpectrum::full", dims, D);
        assert!(
            dims.contains(&self.dim),
            "HalfSpectrum::full: dims {dims:?} must contain dim {}, along which the spectrum is halved",
            self.dim
        );
        let mirrored = (self.length - 1) / 2;
        if mirrored == 0 {
            return self.complex;
        }
        let tail = self.complex.clone().narrow(self.dim, 1, mirrored);
        let tail = tail.flip(self.dim).conj();
        let others = dims.into_iter().filter(|&dim| dim != self.dim);
        let tail = others.fold(tail, reversed);
        ComplexTensor::cat(vec![self.complex, tail], self.dim)
    }

    /// The bins and the length of a spectrum halved along the last dim.
    ///
    /// # Panics
    /// If it is halved along another dim.
    #[track_caller]
    pub(crate) fn into_last(self) -> (ComplexTensor<D>, usize) {
        assert!(
            self.dim == D - 1,
            "expected a spectrum halved along the last dim ({}), got one halved along dim {}",
            D - 1,
            self.dim
        );
        (self.complex, self.length)
    }

    #[track_caller]
    fn assert_same_signal(&self, other: &Self) {
        assert!(
            (self.length, self.dim) == (other.length, other.dim),
            "half-spectra of different signals: {} samples along dim {} and {} samples along dim {}",
            self.length,
            self.dim,
            other.length,
            other.dim
        );
    }
}

/// Index `k` of a dim goes to `−k`: the first stays, the others are reversed.
fn reversed<const D: usize>(z: ComplexTensor<D>, dim: usize) -> ComplexTensor<D> {
    match z.dims()[dim] {
        0 | 1 => z,
        n => {
            let others = z.clone().narrow(dim, 1, n - 1).flip(dim);
            ComplexTensor::cat(vec![z.narrow(dim, 0, 1), others], dim)
        }
    }
}

impl<const D: usize> From<HalfSpectrum<D>> for ComplexTensor<D> {
    fn from(half: HalfSpectrum<D>) -> Self {
        half.complex
    }
}

/// Sum of two half-spectra of signals of one length.
///
/// # Panics
/// When the lengths or the halved dims differ.
impl<const D: usize> Add for HalfSpectrum<D> {
    type Output = Self;

    #[track_caller]
    fn add(self, other: Self) -> Self {
        self.assert_same_signal(&other);
        self.map_complex(|z| z + other.complex)
    }
}

/// Difference of two half-spectra of signals of one length.
///
/// # Panics
/// When the lengths or the halved dims differ.
impl<const D: usize> Sub for HalfSpectrum<D> {
    type Output = Self;

    #[track_caller]
    fn sub(self, other: Self) -> Self {
        self.assert_same_signal(&other);
        self.map_complex(|z| z - other.complex)
    }
}

/// Product of two half-spectra of signals of one length: the circular convolution of the signals.
///
/// # Panics
/// When the lengths or the halved dims differ.
impl<const D: usize> Mul for HalfSpectrum<D> {
    type Output = Self;

    #[track_caller]
    fn mul(self, other: Self) -> Self {
        self.assert_same_signal(&other);
        self.map_complex(|z| z * other.complex)
    }
}

/// Product with a frequency response, with broadcasting.
///
/// # Panics
/// When broadcasting changes the number of bins along the halved dim.
impl<const D: usize> Mul<ComplexTensor<D>> for HalfSpectrum<D> {
    type Output = Self;

    #[track_caller]
    fn mul(self, response: ComplexTensor<D>) -> Self {
        self.map_complex(|z| z * response)
    }
}

/// Product with a real frequency response, with broadcasting.
///
/// # Panics
/// When broadcasting changes the number of bins along the halved dim.
impl<const D: usize> Mul<Tensor<D>> for HalfSpectrum<D> {
    type Output = Self;

    #[track_caller]
    fn mul(self, response: Tensor<D>) -> Self {
        self.map_complex(|z| z * response)
    }
}

/// Product with a real number.
impl<const D: usize> Mul<f64> for HalfSpectrum<D> {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self {
            complex: self.complex * factor,
            ..self
        }
    }
}

impl<const D: usize> Neg for HalfSpectrum<D> {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            complex: -self.complex,
            ..self
        }
    }
}

/// A spectrum as layers take it that act on every bin alike: a [`ComplexTensor`], or a
/// [`HalfSpectrum`], whose length is kept.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::frequency::CRelu;
/// use burn_spectral::{Norm, fft};
///
/// let x = Tensor::<4>::ones([1, 3, 8, 9], &Device::flex());
/// let rectified = CRelu.forward(fft::rfft2(x, Norm::Backward));
/// assert_eq!(fft::irfft2(rectified, Norm::Backward).dims(), [1, 3, 8, 9]);
/// ```
pub trait Spectrum<const D: usize>: Sized {
    /// Applies a function to the bins.
    ///
    /// # Panics
    /// As [`HalfSpectrum::map_complex`].
    #[must_use]
    fn map_complex(self, map: impl FnOnce(ComplexTensor<D>) -> ComplexTensor<D>) -> Self;

    /// The bins as a complex tensor.
    fn into_complex(self) -> ComplexTensor<D>;

    /// The shape of the bins.
    fn dims(&self) -> [usize; D];
}

impl<const D: usize> Spectrum<D> for ComplexTensor<D> {
    fn map_complex(self, map: impl FnOnce(ComplexTensor<D>) -> ComplexTensor<D>) -> Self {
        map(self)
    }

    fn into_complex(self) -> ComplexTensor<D> {
        self
    }

    fn dims(&self) -> [usize; D] {
        self.re.dims()
    }
}

impl<const D: usize> Spectrum<D> for HalfSpectrum<D> {
    #[track_caller]
    fn map_complex(self, map: impl FnOnce(ComplexTensor<D>) -> ComplexTensor<D>) -> Self {
        Self::map_complex(self, map)
    }

    fn into_complex(self) -> ComplexTensor<D> {
        self.complex
    }

    fn dims(&self) -> [usize; D] {
        self.complex.dims()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zeros<const D: usize>(dims: [usize; D]) -> ComplexTensor<D> {
        ComplexTensor::from_real(Tensor::zeros(dims, &Device::flex()))
    }

    #[test]
    fn a_length_has_to_fit_the_bins() {
        for length in [8, 9] {
            let half = HalfSpectrum::try_new(zeros([2, 5]), length).unwrap();
            assert_eq!((half.length(), half.dim()), (length, 1));
            assert_eq!(half.signal_dims(), [2, length]);
        }
        let text = |dims, length| {
            let error = HalfSpectrum::try_new(zeros::<2>(dims), length);
            error.unwrap_err().to_string()
        };
        assert_eq!(
            text([2, 5], 10),
            "a half-spectrum with 5 bins along dim 1 (shape [2, 5]) belongs to 8 or 9 real samples, \
             got a length of 10"
        );
        assert_eq!(
            text([2, 1], 0),
            "a half-spectrum with 1 bin along dim 1 (shape [2, 1]) belongs to 1 real sample, got a \
             length of 0"
        );
        assert!(text([2, 0], 1).starts_with("a half-spectrum has at least 1 bin"));
    }

    #[test]
    fn a_half_spectrum_lies_along_any_dim() {
        let half = HalfSpectrum::new_along(zeros([5, 2]), 9, -2);
        assert_eq!((half.dim(), half.signal_dims()), (0, [9, 2]));
    }

    #[test]
    #[should_panic(
        expected = "HalfSpectrum: dim 2 is out of range for a tensor of rank 2 \
                               (accepted: -2 to 1)"
    )]
    fn a_dim_out_of_range_is_refused() {
        HalfSpectrum::new_along(zeros([5, 2]), 9, 2);
    }

    #[test]
    #[should_panic(
        expected = "5 bins along dim 1 (shape [2, 5]) belongs to 8 or 9 real samples, \
                               got a length of 6"
    )]
    fn a_function_that_changes_the_bins_is_refused() {
        let half = HalfSpectrum::new(zeros([2, 4]), 6);
        half.map_complex(|_| zeros([2, 5]));
    }

    #[test]
    #[should_panic(
        expected = "half-spectra of different signals: 8 samples along dim 1 and 9 \
                               samples along dim 1"
    )]
    fn signals_of_different_lengths_are_refused() {
        let _ = HalfSpectrum::new(zeros([2, 5]), 8) * HalfSpectrum::new(zeros([2, 5]), 9);
    }

    #[test]
    #[should_panic(expected = "dims [0] must contain dim 1, along which the spectrum is halved")]
    fn a_full_spectrum_over_other_dims_is_refused() {
        let _ = HalfSpectrum::new(zeros([2, 5]), 8).full(&[0]);
    }
}
