//! Discrete Fourier transforms of tensors: any length, one axis or the last one to three,
//! differentiable, on any backend.
//!
//! With `N` the product of the transformed lengths,
//!
//! ```text
//! fft:  X[k] = Σ_j x[j]·exp(−2πi·jk/N)         ifft: x[j] = (1/N)·Σ_k X[k]·exp(+2πi·jk/N)
//! ```
//!
//! and [`Norm`] moves the factor `1/N` as in NumPy. The transforms of real signals keep the
//! half-spectrum, `n/2 + 1` bins on the last transformed axis; the real length `n` cannot be read
//! off the bins, so the inverse takes it as an argument.
//!
//! **What `irfft` drops.** A half-spectrum may hold more than a real signal can. Over one axis the
//! imaginary part of the self-conjugate bins (0 and, for even `n`, `n/2`) has no effect. Over
//! several axes, on index 0 and `n/2` of the last one, only the part that is Hermitian over the
//! other axes has. This is NumPy's convention, and the gradients agree with it.

mod frequency;
mod layer;
mod shift;

pub use frequency::{fftfreq, rfftfreq};
pub(crate) use frequency::{frequency_values, rfrequency_values};
pub use layer::{
    FromStacked, IntoStacked, Irfft2, Rfft2, ToMagnitudePhase, from_complex, to_complex,
};
pub use shift::{fftshift, ifftshift};

use burn::tensor::Tensor;

use crate::ops::{self, Axes, ComplexTransform, Direction, RealTransform};
use crate::{ComplexTensor, Norm};

/// Checks that the axes exist and are not empty, and gives the number of points they span.
fn points<const D: usize>(name: &str, axes: Axes, dims: [usize; D]) -> usize {
    match axes {
        Axes::One(axis) => assert!(
            axis < D,
            "{name}: axis {axis} of a tensor of rank {D} (accepted: 0 to {})",
            D - 1
        ),
        Axes::Last(count) => assert!(
            (1..=3.min(D)).contains(&count),
            "{name}: the last {count} axes of a tensor of rank {D} (accepted: 1 to {})",
            3.min(D)
        ),
    }
    let sizes = &dims[axes.range(D)];
    assert!(
        !sizes.contains(&0),
        "{name}: a transformed axis is empty in a tensor of shape {dims:?}"
    );
    sizes.iter().product()
}

fn complex<const D: usize>(
    name: &str,
    input: ComplexTensor<D>,
    axes: Axes,
    direction: Direction,
    norm: Norm,
) -> ComplexTensor<D> {
    let count = points(name, axes, input.dims());
    let scale = match direction {
        Direction::Forward => norm.forward_scale(count),
        Direction::Inverse => norm.inverse_scale(count),
    };
    let transform = ComplexTransform {
        axes,
        direction,
        scale,
    };
    ops::fft(input, transform)
}

fn real_forward<const D: usize>(
    name: &str,
    signal: Tensor<D>,
    axes: Axes,
    norm: Norm,
) -> ComplexTensor<D> {
    let dims = signal.dims();
    let count = points(name, axes, dims);
    let length = dims[axes.half_axis(D)];
    let transform = RealTransform::new(axes, length, norm.forward_scale(count));
    ops::rfft(signal, transform)
}

fn real_inverse<const D: usize>(
    name: &str,
    spectrum: ComplexTensor<D>,
    n: usize,
    axes: Axes,
    norm: Norm,
) -> Tensor<D> {
    let mut dims = spectrum.dims();
    points(name, axes, dims);
    let half = axes.half_axis(D);
    assert!(n > 0, "{name}: the real length must be at least 1, got 0");
    assert_eq!(
        dims[half],
        n / 2 + 1,
        "{name}: a real length of {n} has {} bins, got {} in a spectrum of shape {dims:?}",
        n / 2 + 1,
        dims[half],
    );
    dims[half] = n;
    let count: usize = dims[axes.range(D)].iter().product();
    let transform = RealTransform::new(axes, n, norm.inverse_scale(count));
    ops::irfft(spectrum, transform)
}

/// Transform over one axis.
///
/// # Panics
/// When there is no such axis or it is empty.
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
pub fn fft<const D: usize>(input: ComplexTensor<D>, axis: usize, norm: Norm) -> ComplexTensor<D> {
    complex("fft", input, Axes::One(axis), Direction::Forward, norm)
}

/// Inverse transform over one axis.
///
/// # Panics
/// When there is no such axis or it is empty.
pub fn ifft<const D: usize>(input: ComplexTensor<D>, axis: usize, norm: Norm) -> ComplexTensor<D> {
    complex("ifft", input, Axes::One(axis), Direction::Inverse, norm)
}

/// Half-spectrum of a real signal over one axis.
///
/// # Shapes
/// - input: `[…, n, …]`; output: `[…, n/2 + 1, …]`
///
/// # Panics
/// When there is no such axis or it is empty.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::{Norm, fft};
///
/// // A length with no factor to split: a prime.
/// let x = Tensor::<2>::random([4, 13], Distribution::Default, &Device::flex());
/// let spectrum = fft::rfft(x.clone(), 1, Norm::Backward);
/// assert_eq!(spectrum.dims(), [4, 7]);
/// let back = fft::irfft(spectrum, 13, 1, Norm::Backward);
/// assert!((x - back).abs().max().into_scalar::<f32>() < 1e-6);
/// ```
pub fn rfft<const D: usize>(signal: Tensor<D>, axis: usize, norm: Norm) -> ComplexTensor<D> {
    real_forward("rfft", signal, Axes::One(axis), norm)
}

/// Real signal of `n` samples of a half-spectrum over one axis.
///
/// # Shapes
/// - input: `[…, n/2 + 1, …]`; output: `[…, n, …]`
///
/// # Panics
/// When there is no such axis, or it does not have the bins of `n` samples.
pub fn irfft<const D: usize>(
    spectrum: ComplexTensor<D>,
    n: usize,
    axis: usize,
    norm: Norm,
) -> Tensor<D> {
    real_inverse("irfft", spectrum, n, Axes::One(axis), norm)
}

/// Transform over the last `axes` axes, one to three.
///
/// # Panics
/// When there are fewer axes, or one is empty.
pub fn fftn<const D: usize>(input: ComplexTensor<D>, axes: usize, norm: Norm) -> ComplexTensor<D> {
    complex("fftn", input, Axes::Last(axes), Direction::Forward, norm)
}

/// Inverse transform over the last `axes` axes, one to three.
///
/// # Panics
/// When there are fewer axes, or one is empty.
pub fn ifftn<const D: usize>(input: ComplexTensor<D>, axes: usize, norm: Norm) -> ComplexTensor<D> {
    complex("ifftn", input, Axes::Last(axes), Direction::Inverse, norm)
}

/// Half-spectrum of a real signal over the last `axes` axes, one to three.
///
/// # Shapes
/// - input: `[…, n]`; output: `[…, n/2 + 1]`
///
/// # Panics
/// When there are fewer axes, or one is empty.
pub fn rfftn<const D: usize>(signal: Tensor<D>, axes: usize, norm: Norm) -> ComplexTensor<D> {
    real_forward("rfftn", signal, Axes::Last(axes), norm)
}

/// Real signal, `n` samples on the last axis, of a half-spectrum over the last `axes` axes.
///
/// # Shapes
/// - input: `[…, n/2 + 1]`; output: `[…, n]`
///
/// # Panics
/// When there are fewer axes, or the last one does not have the bins of `n` samples.
pub fn irfftn<const D: usize>(
    spectrum: ComplexTensor<D>,
    n: usize,
    axes: usize,
    norm: Norm,
) -> Tensor<D> {
    real_inverse("irfftn", spectrum, n, Axes::Last(axes), norm)
}

/// Transform over the last two axes: [`fftn`] with two.
pub fn fft2<const D: usize>(input: ComplexTensor<D>, norm: Norm) -> ComplexTensor<D> {
    complex("fft2", input, Axes::Last(2), Direction::Forward, norm)
}

/// Inverse transform over the last two axes: [`ifftn`] with two.
pub fn ifft2<const D: usize>(input: ComplexTensor<D>, norm: Norm) -> ComplexTensor<D> {
    complex("ifft2", input, Axes::Last(2), Direction::Inverse, norm)
}

/// Half-spectrum of real images over the last two axes: [`rfftn`] with two.
///
/// # Shapes
/// - input: `[…, height, width]`; output: `[…, height, width/2 + 1]`
pub fn rfft2<const D: usize>(signal: Tensor<D>, norm: Norm) -> ComplexTensor<D> {
    real_forward("rfft2", signal, Axes::Last(2), norm)
}

/// Real images, `width` samples on the last axis, of a half-spectrum: [`irfftn`] with two.
///
/// # Shapes
/// - input: `[…, height, width/2 + 1]`; output: `[…, height, width]`
pub fn irfft2<const D: usize>(spectrum: ComplexTensor<D>, width: usize, norm: Norm) -> Tensor<D> {
    real_inverse("irfft2", spectrum, width, Axes::Last(2), norm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    #[should_panic(expected = "a real length of 9 has 5 bins, got 4")]
    fn a_length_that_does_not_match_the_bins_is_refused() {
        let spectrum = ComplexTensor::from_real(Tensor::<2>::zeros([2, 4], &Device::flex()));
        irfft(spectrum, 9, 1, Norm::Backward);
    }

    #[test]
    #[should_panic(expected = "axis 2 of a tensor of rank 2 (accepted: 0 to 1)")]
    fn an_axis_that_is_not_there_is_refused() {
        rfft(
            Tensor::<2>::zeros([2, 4], &Device::flex()),
            2,
            Norm::Backward,
        );
    }

    #[test]
    #[should_panic(expected = "empty in a tensor of shape [2, 0]")]
    fn an_empty_axis_is_refused() {
        rfft(
            Tensor::<2>::zeros([2, 0], &Device::flex()),
            1,
            Norm::Backward,
        );
    }
}
