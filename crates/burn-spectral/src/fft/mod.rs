//! Discrete Fourier transforms of tensors: any length, over any dims, differentiable, on any backend.
//!
//! With `N` the product of the transformed lengths,
//!
//! ```text
//! fft:  X[k] = Σ_j x[j]·exp(−2πi·jk/N)         ifft: x[j] = (1/N)·Σ_k X[k]·exp(+2πi·jk/N)
//! ```
//!
//! and [`Norm`] moves the factor `1/N` as in NumPy and PyTorch.
//!
//! | function | input and output | dims |
//! |---|---|---|
//! | [`fft`], [`ifft`] | complex, complex | one |
//! | [`fft2`], [`ifft2`] | complex, complex | the last two |
//! | [`fftn`], [`ifftn`] | complex, complex | a list |
//! | [`rfft`], [`irfft`] | real, [`HalfSpectrum`] | one |
//! | [`rfft2`], [`irfft2`] | real, [`HalfSpectrum`] | the last two |
//! | [`rfftn`], [`irfftn`] | real, [`HalfSpectrum`] | a list |
//!
//! Dims may be negative, as in Burn: `-1` is the last one. A list of dims has no repetitions, and a
//! real transform is halved along the last one of the list. Transforms over the last one to three
//! dims, or over a single dim anywhere, work on the tensor as it is; others permute its dims first.
//!
//! The transforms of real signals return a [`HalfSpectrum`]: `n/2 + 1` bins along the halved dim, and
//! the length `n`, so that the inverse transforms return the original size, odd or even.
//!
//! **What `irfft` drops.** A half-spectrum may hold more than the spectrum of a real signal. Over one
//! dim, the imaginary part of the self-conjugate bins (0 and, for even `n`, `n/2`) has no effect. Over
//! several dims, only the part that is Hermitian over the other dims has an effect at indices 0 and
//! `n/2` of the halved dim. This is NumPy's convention, and the gradients agree with it.

mod frequency;
mod layer;
mod layout;
mod shift;

pub use frequency::{fftfreq, rfftfreq};
pub(crate) use frequency::{frequency_values, rfrequency_values};
pub use layer::{
    FromStacked, IntoStacked, Irfft2, Rfft2, ToMagnitudePhase, from_complex, to_complex,
};
pub use shift::{fftshift, ifftshift};

use burn::tensor::{AsIndex, Tensor};

use crate::dims::{dim_index, dim_indices};
use crate::ops::Direction;
use crate::{ComplexTensor, HalfSpectrum, Norm};

/// The dims of `[batch, channels, spatial…]` that are spatial.
pub(crate) fn spatial_dims<const D: usize>() -> Vec<usize> {
    (2..D).collect()
}

/// The last two dims.
#[track_caller]
fn last_two(function: &str, rank: usize) -> Vec<usize> {
    dim_indices(function, &[-2, -1], rank)
}

/// The number of points that the transformed dims of a tensor of shape `shape` span.
#[track_caller]
fn points(function: &str, dims: &[usize], shape: &[usize]) -> usize {
    if let Some(dim) = dims.iter().find(|dim| shape[**dim] == 0) {
        panic!(
            "{function}: dim {dim} of a tensor of shape {shape:?} is empty; a transformed dim needs at \
             least 1 element"
        );
    }
    dims.iter().map(|&dim| shape[dim]).product()
}

#[track_caller]
fn complex<const D: usize>(
    function: &str,
    input: ComplexTensor<D>,
    dims: Vec<usize>,
    direction: Direction,
    norm: Norm,
) -> ComplexTensor<D> {
    let count = points(function, &dims, &input.dims());
    let scale = match direction {
        Direction::Forward => norm.forward_scale(count),
        Direction::Inverse => norm.inverse_scale(count),
    };
    layout::complex(input, dims, direction, scale)
}

#[track_caller]
fn real<const D: usize>(
    function: &str,
    signal: Tensor<D>,
    dims: Vec<usize>,
    norm: Norm,
) -> HalfSpectrum<D> {
    let shape = signal.dims();
    let scale = norm.forward_scale(points(function, &dims, &shape));
    let halved = dims[dims.len() - 1];
    let spectrum = layout::real(signal, dims, scale);
    HalfSpectrum::new_along(spectrum, shape[halved], halved)
}

#[track_caller]
fn real_inverse<const D: usize>(
    function: &str,
    half: HalfSpectrum<D>,
    dims: Vec<usize>,
    norm: Norm,
) -> Tensor<D> {
    let last = dims[dims.len() - 1];
    assert!(
        last == half.dim(),
        "{function}: the last transformed dim is {last}, but the spectrum is halved along dim {}",
        half.dim()
    );
    let scale = norm.inverse_scale(points(function, &dims, &half.signal_dims()));
    let length = half.length();
    layout::real_inverse(half.into_complex(), length, dims, scale)
}

/// Fourier transform along one dim.
///
/// ```text
/// X[k] = s·Σ_j x[j]·exp(−2πi·jk/n),   s = 1, 1/√n or 1/n by the norm
/// ```
///
/// # Shapes
/// - input and output: `[…, n, …]`
///
/// # Panics
/// When `dim` is out of range or empty.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::{ComplexTensor, Norm, fft};
///
/// let x = Tensor::<1>::from_floats([1.0, 2.0, 3.0], &Device::flex());
/// let spectrum = fft::fft(ComplexTensor::from_real(x), 0, Norm::Backward);
/// let re = spectrum.re.into_data().try_to_vec::<f32>().unwrap();
/// assert!((re[0] - 6.0).abs() < 1e-6 && (re[1] + 1.5).abs() < 1e-6);
/// ```
#[track_caller]
pub fn fft<const D: usize>(
    input: ComplexTensor<D>,
    dim: impl AsIndex,
    norm: Norm,
) -> ComplexTensor<D> {
    let dims = vec![dim_index("fft", dim, D)];
    complex("fft", input, dims, Direction::Forward, norm)
}

/// Inverse of [`fft`].
///
/// # Shapes
/// - input and output: `[…, n, …]`
///
/// # Panics
/// When `dim` is out of range or empty.
#[track_caller]
pub fn ifft<const D: usize>(
    input: ComplexTensor<D>,
    dim: impl AsIndex,
    norm: Norm,
) -> ComplexTensor<D> {
    let dims = vec![dim_index("ifft", dim, D)];
    complex("ifft", input, dims, Direction::Inverse, norm)
}

/// Half-spectrum of a real signal along one dim: the bins 0 to `n/2` of [`fft`].
///
/// # Shapes
/// - input: `[…, n, …]`; output: `[…, n/2 + 1, …]`
///
/// # Panics
/// When `dim` is out of range or empty.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::{Norm, fft};
///
/// // A prime length.
/// let x = Tensor::<2>::random([4, 13], Distribution::Default, &Device::flex());
/// let spectrum = fft::rfft(x.clone(), -1, Norm::Backward);
/// assert_eq!(spectrum.dims(), [4, 7]);
/// let back = fft::irfft(spectrum, Norm::Backward);
/// assert!((x - back).abs().max().into_scalar::<f32>() < 1e-6);
/// ```
#[track_caller]
pub fn rfft<const D: usize>(signal: Tensor<D>, dim: impl AsIndex, norm: Norm) -> HalfSpectrum<D> {
    real("rfft", signal, vec![dim_index("rfft", dim, D)], norm)
}

/// Real signal of a half-spectrum, along the dim on which it is halved: the inverse of [`rfft`].
///
/// # Shapes
/// - input: `[…, n/2 + 1, …]`; output: `[…, n, …]` with the [`length`](HalfSpectrum::length) `n`
#[track_caller]
pub fn irfft<const D: usize>(spectrum: HalfSpectrum<D>, norm: Norm) -> Tensor<D> {
    let dims = vec![spectrum.dim()];
    real_inverse("irfft", spectrum, dims, norm)
}

/// Fourier transform over a list of dims, in any order.
///
/// # Shapes
/// - input and output: the same
///
/// # Panics
/// When the list is empty, or a dim is out of range, repeated or empty.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::{ComplexTensor, Norm, fft};
///
/// // Channels last: transform over height and width.
/// let images = Tensor::<4>::ones([2, 8, 9, 3], &Device::flex());
/// let spectrum = fft::fftn(ComplexTensor::from_real(images), &[1, 2], Norm::Forward);
/// // Under this norm the first bin is the mean.
/// assert_eq!(spectrum.re.slice([0..1, 0..1, 0..1, 0..1]).into_scalar::<f32>(), 1.0);
/// ```
#[track_caller]
pub fn fftn<const D: usize, I: AsIndex>(
    input: ComplexTensor<D>,
    dims: &[I],
    norm: Norm,
) -> ComplexTensor<D> {
    let dims = dim_indices("fftn", dims, D);
    complex("fftn", input, dims, Direction::Forward, norm)
}

/// Inverse of [`fftn`].
///
/// # Shapes
/// - input and output: the same
///
/// # Panics
/// When the list is empty, or a dim is out of range, repeated or empty.
#[track_caller]
pub fn ifftn<const D: usize, I: AsIndex>(
    input: ComplexTensor<D>,
    dims: &[I],
    norm: Norm,
) -> ComplexTensor<D> {
    let dims = dim_indices("ifftn", dims, D);
    complex("ifftn", input, dims, Direction::Inverse, norm)
}

/// Half-spectrum of a real signal over a list of dims, halved along the last one of the list.
///
/// # Shapes
/// - input: `[…, n, …]`; output: `[…, n/2 + 1, …]` along the halved dim
///
/// # Panics
/// When the list is empty, or a dim is out of range, repeated or empty.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::{Norm, fft};
///
/// // Volumes, [batch, channels, depth, height, width].
/// let x = Tensor::<5>::random([1, 2, 4, 5, 7], Distribution::Default, &Device::flex());
/// let spectrum = fft::rfftn(x.clone(), &[-3, -2, -1], Norm::Ortho);
/// assert_eq!(spectrum.dims(), [1, 2, 4, 5, 4]);
/// let back = fft::irfftn(spectrum, &[-3, -2, -1], Norm::Ortho);
/// assert!((x - back).abs().max().into_scalar::<f32>() < 1e-5);
/// ```
#[track_caller]
pub fn rfftn<const D: usize, I: AsIndex>(
    signal: Tensor<D>,
    dims: &[I],
    norm: Norm,
) -> HalfSpectrum<D> {
    real("rfftn", signal, dim_indices("rfftn", dims, D), norm)
}

/// Inverse of [`rfftn`]: the real signal of a half-spectrum over a list of dims, the last of which is
/// the dim along which it is halved.
///
/// # Shapes
/// - input: `[…, n/2 + 1, …]`; output: `[…, n, …]` with the [`length`](HalfSpectrum::length) `n`
///
/// # Panics
/// When the list is empty, a dim is out of range, repeated or empty, or the last one is not the halved
/// dim.
#[track_caller]
pub fn irfftn<const D: usize, I: AsIndex>(
    spectrum: HalfSpectrum<D>,
    dims: &[I],
    norm: Norm,
) -> Tensor<D> {
    let dims = dim_indices("irfftn", dims, D);
    real_inverse("irfftn", spectrum, dims, norm)
}

/// Fourier transform over the last two dims: [`fftn`] over `[-2, -1]`.
///
/// # Shapes
/// - input and output: `[…, height, width]`
///
/// # Panics
/// When there are fewer than two dims, or one of the last two is empty.
#[track_caller]
pub fn fft2<const D: usize>(input: ComplexTensor<D>, norm: Norm) -> ComplexTensor<D> {
    complex("fft2", input, last_two("fft2", D), Direction::Forward, norm)
}

/// Inverse of [`fft2`].
///
/// # Shapes
/// - input and output: `[…, height, width]`
///
/// # Panics
/// When there are fewer than two dims, or one of the last two is empty.
#[track_caller]
pub fn ifft2<const D: usize>(input: ComplexTensor<D>, norm: Norm) -> ComplexTensor<D> {
    let dims = last_two("ifft2", D);
    complex("ifft2", input, dims, Direction::Inverse, norm)
}

/// Half-spectrum of real images over the last two dims: [`rfftn`] over `[-2, -1]`.
///
/// # Shapes
/// - input: `[…, height, width]`; output: `[…, height, width/2 + 1]`
///
/// # Panics
/// When there are fewer than two dims, or one of the last two is empty.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::{Norm, fft};
///
/// // Even and odd widths have the same bins and return to their own size.
/// for width in [150, 151] {
///     let images = Tensor::<4>::random([1, 3, 20, width], Distribution::Default, &Device::flex());
///     let spectrum = fft::rfft2(images, Norm::Backward);
///     assert_eq!(spectrum.dims(), [1, 3, 20, 76]);
///     assert_eq!(fft::irfft2(spectrum, Norm::Backward).dims(), [1, 3, 20, width]);
/// }
/// ```
#[track_caller]
pub fn rfft2<const D: usize>(signal: Tensor<D>, norm: Norm) -> HalfSpectrum<D> {
    real("rfft2", signal, last_two("rfft2", D), norm)
}

/// Real images of a half-spectrum over the last two dims: the inverse of [`rfft2`].
///
/// # Shapes
/// - input: `[…, height, width/2 + 1]`; output: `[…, height, width]`
///
/// # Panics
/// When there are fewer than two dims, the height is zero, or the spectrum is not halved along the last
/// dim.
#[track_caller]
pub fn irfft2<const D: usize>(spectrum: HalfSpectrum<D>, norm: Norm) -> Tensor<D> {
    let dims = last_two("irfft2", D);
    real_inverse("irfft2", spectrum, dims, norm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn zeros<const D: usize>(dims: [usize; D]) -> Tensor<D> {
        Tensor::zeros(dims, &Device::flex())
    }

    fn complex_zeros<const D: usize>(dims: [usize; D]) -> ComplexTensor<D> {
        ComplexTensor::from_real(zeros(dims))
    }

    #[test]
    #[should_panic(
        expected = "a half-spectrum with 4 bins along dim 1 (shape [2, 4]) belongs to 6 \
                               or 7 real samples, got a length of 9"
    )]
    fn a_length_that_does_not_match_the_bins_is_refused() {
        irfft(HalfSpectrum::new(complex_zeros([2, 4]), 9), Norm::Backward);
    }

    #[test]
    #[should_panic(
        expected = "rfft: dim 2 is out of range for a tensor of rank 2 (accepted: -2 to 1)"
    )]
    fn a_dim_out_of_range_is_refused() {
        rfft(zeros([2, 4]), 2, Norm::Backward);
    }

    #[test]
    #[should_panic(
        expected = "ifft: dim -3 is out of range for a tensor of rank 2 (accepted: -2 to 1)"
    )]
    fn a_negative_dim_out_of_range_is_refused() {
        ifft(complex_zeros([2, 4]), -3, Norm::Backward);
    }

    #[test]
    #[should_panic(
        expected = "fft2: dim -2 is out of range for a tensor of rank 1 (accepted: -1 to 0)"
    )]
    fn two_dims_are_needed_for_a_transform_of_two() {
        fft2(complex_zeros([4]), Norm::Backward);
    }

    #[test]
    #[should_panic(
        expected = "fftn: dim -1 is repeated in dims [1, 0, -1] of a tensor of rank 2 \
                               (accepted: different dims)"
    )]
    fn a_repeated_dim_is_refused() {
        fftn(complex_zeros([2, 4]), &[1, 0, -1], Norm::Backward);
    }

    #[test]
    #[should_panic(expected = "rfftn: dims is empty (accepted: 1 to 2 different dims)")]
    fn an_empty_list_of_dims_is_refused() {
        rfftn::<2, usize>(zeros([2, 4]), &[], Norm::Backward);
    }

    #[test]
    #[should_panic(
        expected = "irfft2: the last transformed dim is 2, but the spectrum is halved along dim 1"
    )]
    fn a_half_spectrum_along_another_dim_is_refused() {
        irfft2(rfft(zeros([2, 4, 3]), 1, Norm::Backward), Norm::Backward);
    }

    #[test]
    #[should_panic(expected = "rfft: dim 1 of a tensor of shape [2, 0] is empty")]
    fn an_empty_dim_is_refused() {
        rfft(zeros([2, 0]), 1, Norm::Backward);
    }
}
