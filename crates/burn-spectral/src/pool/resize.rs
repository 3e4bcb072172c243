//! Resampling of images by their spectra.

use burn::tensor::Tensor;

use crate::error::OrPanic;
use crate::ops::{Empty, Half};
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
    let [batch, channels, height, width] = images.dims();
    check_resize(images.dims(), size).or_panic();
    if [height, width] == size {
        return images;
    }
    if batch * channels == 0 {
        return Empty::of(images).tensor([batch, channels, size[0], size[1]]);
    }
    if let Some(half) = Half::of(&images) {
        return half.round(spectral_resize2d(half.widen(images), size));
    }
    // Under this norm the coefficients are amplitudes, which do not depend on the grid.
    let spectrum = fft::rfft2(images, Norm::Forward).into_complex();
    let resized = resize_spectrum2d(spectrum, [height, width], size);
    fft::irfft2(HalfSpectrum::new(resized, size[1]), Norm::Forward)
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
    resize_half(resize_full(spectrum, to[0]), from[1], to[1])
}

/// Checks that neither size has an empty axis.
pub(super) fn check_sizes(from: [usize; 2], to: [usize; 2]) -> Result<(), SpectralError> {
    FrequencyGrid::new(&from)?;
    FrequencyGrid::new(&to)?;
    Ok(())
}

/// Checks that images of shape `dims` can be resampled to a size.
pub(super) fn check_resize(dims: [usize; 4], to: [usize; 2]) -> Result<(), SpectralError> {
    check_sizes([dims[2], dims[3]], to)?;
    SpectralError::check_result("the resampled images", &[dims[0], dims[1], to[0], to[1]])
}

/// Brings axis 2, which has all frequencies, to `m` of them.
fn resize_full(spectrum: ComplexTensor<4>, m: usize) -> ComplexTensor<4> {
    let dims = spectrum.dims();
    let n = dims[2];
    if m == n {
        return spectrum;
    }
    let kept = m.min(n);
    let half = kept / 2;
    let positive = spectrum.clone().narrow(2, 0, kept.div_ceil(2));
    let negatives = (kept - 1) / 2;
    let mut parts = vec![positive];
    let is_nyquist = kept.is_multiple_of(2);
    if is_nyquist && m < n {
        let above = spectrum.clone().narrow(2, half, 1);
        let below = spectrum.clone().narrow(2, n - half, 1);
        parts.push(above + below);
    }
    if m > n {
        let nyquist = is_nyquist.then(|| spectrum.clone().narrow(2, half, 1).mul_scalar(0.5));
        let gap = m - n - usize::from(is_nyquist);
        parts.extend(nyquist.clone());
        if gap > 0 {
            let zeros = Tensor::zeros(
                [dims[0], dims[1], gap, dims[3]],
                (&spectrum.device(), spectrum.re.dtype()),
            );
            parts.push(ComplexTensor::from_real(zeros));
        }
        parts.extend(nyquist);
    }
    if negatives > 0 {
        parts.push(spectrum.narrow(2, n - negatives, negatives));
    }
    ComplexTensor::cat(parts, 2)
}

/// Brings axis 3, the half-spectrum of `n` samples, to that of `m`.
fn resize_half(spectrum: ComplexTensor<4>, n: usize, m: usize) -> ComplexTensor<4> {
    if m == n {
        return spectrum;
    }
    let kept = m.min(n);
    let bins = kept / 2 + 1;
    let spectrum = spectrum.narrow(3, 0, bins);
    let spectrum = match kept.is_multiple_of(2) {
        false => spectrum,
        true => {
            // Two old bins become one, and the inverse transform keeps of it the mean of this bin
            // and the conjugate of its mirror image, which is the other bin: hence twice. The
            // other way, one bin becomes two.
            let factor = if m < n { 2.0 } else { 0.5 };
            let nyquist = spectrum.clone().narrow(3, bins - 1, 1).mul_scalar(factor);
            match bins {
                1 => nyquist,
                _ => ComplexTensor::cat(vec![spectrum.narrow(3, 0, bins - 1), nyquist], 3),
            }
        }
    };
    let missing = m / 2 + 1 - bins;
    match missing {
        0 => spectrum,
        _ => spectrum.map(|part| part.pad([(0, 0), (0, 0), (0, 0), (0, missing)], 0.0)),
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
