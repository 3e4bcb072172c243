//! Resampling of images by their spectra.

use burn::tensor::Tensor;

use crate::error::OrPanic;
use crate::ops::{Empty, Half};
use crate::response::check_axes;
use crate::{ComplexTensor, FrequencyGrid, HalfSpectrum, Norm, SpectralError, fft};

/// Samples the trigonometric interpolation of images on a grid of another size, each axis larger
/// or smaller than before; [`crate::pool`] states the rule at the Nyquist frequencies.
///
/// This is `scipy.signal.resample` along both axes.
///
/// # Shapes
/// - input: `[batch, channels, height, width]`
/// - output: `[batch, channels, size[0], size[1]]`
///
/// # Panics
/// If an axis of the images or of `size` is empty or too large.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::pool::spectral_resize2d;
///
/// let images = Tensor::<4>::ones([1, 1, 28, 28], &Device::flex());
/// let resized = spectral_resize2d(images, [41, 14]);
/// assert_eq!(resized.dims(), [1, 1, 41, 14]);
/// // The mean is kept.
/// assert!((resized - 1.0).abs().max().into_scalar::<f32>() < 1e-5);
/// ```
#[track_caller]
pub fn spectral_resize2d(images: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    spectral_resize(images, &size)
}

/// [`spectral_resize2d`] over one to three spatial axes.
///
/// # Shapes
/// - input: `[batch, channels, spatial…]`
/// - output: `[batch, channels, sizes…]`
///
/// # Panics
/// If there is not one size per spatial axis, or an axis of the signals or of the sizes is empty or too large.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::pool::spectral_resize;
///
/// let signals = Tensor::<3>::ones([1, 2, 160], &Device::flex());
/// assert_eq!(spectral_resize(signals, &[41]).dims(), [1, 2, 41]);
/// ```
#[track_caller]
pub fn spectral_resize<const D: usize>(signals: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
    let dims = signals.dims();
    check_resize(&dims, sizes).or_panic();
    if dims[2..] == *sizes {
        return signals;
    }
    let result: [usize; D] = core::array::from_fn(|axis| match axis {
        0 | 1 => dims[axis],
        _ => sizes[axis - 2],
    });
    if dims[0] * dims[1] == 0 {
        return Empty::of(signals).tensor(result);
    }
    if let Some(half) = Half::of(&signals) {
        return half.round(spectral_resize(half.widen(signals), sizes));
    }
    // Under this norm the coefficients are amplitudes, which do not depend on the grid.
    let axes = fft::spatial_dims::<D>();
    let mut spectrum = fft::rfftn(signals, &axes, Norm::Forward).into_complex();
    for (axis, size) in (2..D - 1).zip(sizes) {
        spectrum = resize_full(spectrum, axis, *size);
    }
    let spectrum = resize_half(spectrum, dims[D - 1], result[D - 1]);
    let spectrum = HalfSpectrum::new(spectrum, result[D - 1]);
    fft::irfftn(spectrum, &axes, Norm::Forward)
}

/// The amplitudes of images of size `from` as those of their interpolation at size `to`.
///
/// # Shapes
/// - input: `[…, …, from[0], from[1]/2 + 1]`; output: `[…, …, to[0], to[1]/2 + 1]`
pub(crate) fn resize_spectrum2d(
    spectrum: ComplexTensor<4>,
    from: [usize; 2],
    to: [usize; 2],
) -> ComplexTensor<4> {
    resize_half(resize_full(spectrum, 2, to[0]), from[1], to[1])
}

/// Checks that neither size has an empty axis.
pub(super) fn check_sizes(from: &[usize], to: &[usize]) -> Result<(), SpectralError> {
    FrequencyGrid::new(from)?;
    FrequencyGrid::new(to)?;
    Ok(())
}

/// Checks that signals of shape `dims` can be resampled to sizes.
pub(crate) fn check_resize(dims: &[usize], to: &[usize]) -> Result<(), SpectralError> {
    check_axes(dims.len().saturating_sub(2))?;
    if to.len() != dims.len() - 2 {
        return Err(SpectralError::Axes {
            axes: dims.len() - 2,
            got: to.to_vec(),
        });
    }
    check_sizes(&dims[2..], to)?;
    SpectralError::check_result("the resampled images", &[&dims[..2], to].concat())
}

/// Brings an axis that has all frequencies to `m` of them.
fn resize_full<const D: usize>(
    spectrum: ComplexTensor<D>,
    axis: usize,
    m: usize,
) -> ComplexTensor<D> {
    let dims = spectrum.dims();
    let n = dims[axis];
    if m == n {
        return spectrum;
    }
    let kept = m.min(n);
    let half = kept / 2;
    let positive = spectrum.clone().narrow(axis, 0, kept.div_ceil(2));
    let negatives = (kept - 1) / 2;
    let mut parts = vec![positive];
    let is_nyquist = kept.is_multiple_of(2);
    if is_nyquist && m < n {
        let above = spectrum.clone().narrow(axis, half, 1);
        let below = spectrum.clone().narrow(axis, n - half, 1);
        parts.push(above + below);
    }
    if m > n {
        let nyquist = is_nyquist.then(|| spectrum.clone().narrow(axis, half, 1).mul_scalar(0.5));
        let gap = m - n - usize::from(is_nyquist);
        parts.extend(nyquist.clone());
        if gap > 0 {
            let mut missing = dims;
            missing[axis] = gap;
            let zeros = Tensor::zeros(missing, (&spectrum.device(), spectrum.re.dtype()));
            parts.push(ComplexTensor::from_real(zeros));
        }
        parts.extend(nyquist);
    }
    if negatives > 0 {
        parts.push(spectrum.narrow(axis, n - negatives, negatives));
    }
    ComplexTensor::cat(parts, axis)
}

/// Brings the last axis, the half-spectrum of `n` samples, to that of `m`.
fn resize_half<const D: usize>(spectrum: ComplexTensor<D>, n: usize, m: usize) -> ComplexTensor<D> {
    if m == n {
        return spectrum;
    }
    let kept = m.min(n);
    let bins = kept / 2 + 1;
    let spectrum = spectrum.narrow(D - 1, 0, bins);
    let spectrum = match kept.is_multiple_of(2) {
        false => spectrum,
        true => {
            // Two old bins become one, and the inverse transform keeps of it the mean of this bin
            // and the conjugate of its mirror image, which is the other bin: hence twice. The
            // other way, one bin becomes two.
            let factor = if m < n { 2.0 } else { 0.5 };
            let nyquist = spectrum
                .clone()
                .narrow(D - 1, bins - 1, 1)
                .mul_scalar(factor);
            match bins {
                1 => nyquist,
                _ => ComplexTensor::cat(vec![spectrum.narrow(D - 1, 0, bins - 1), nyquist], D - 1),
            }
        }
    };
    let missing = m / 2 + 1 - bins;
    match missing {
        0 => spectrum,
        _ => {
            let mut pairs = [(0, 0); D];
            pairs[D - 1].1 = missing;
            spectrum.map(|part| part.pad(pairs, 0.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};

    #[test]
    fn a_constant_image_stays_constant_at_every_pair_of_sizes() {
        let device = Device::flex();
        for from in 1..8 {
            for to in 1..8 {
                let images = Tensor::<4>::ones([1, 1, from, to], &device) * 3.0;
                let resized = spectral_resize2d(images, [to, from]);
                assert_eq!(resized.dims(), [1, 1, to, from]);
                let error = (resized - 3.0).abs().max().into_scalar::<f32>();
                assert!(error < 1e-5, "{from}x{to} to {to}x{from}: {error}");
            }
        }
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let ramp = Tensor::<1, Int>::arange(0..60, &Device::flex()).float();
        let images: Tensor<4> = ramp.reshape([1, 2, 5, 6]);
        let same = spectral_resize2d(images.clone(), [5, 6]);
        assert_eq!((same - images).abs().max().into_scalar::<f32>(), 0.0);
    }

    #[test]
    #[should_panic(expected = "every size of a signal of [0, 3] samples must be at least 1, got 0")]
    fn an_empty_size_is_refused() {
        spectral_resize2d(Tensor::zeros([1, 1, 4, 4], &Device::flex()), [0, 3]);
    }
}
