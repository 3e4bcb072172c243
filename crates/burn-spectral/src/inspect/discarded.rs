//! The part of a layer's output that is discarded.

use burn::tensor::Tensor;

use crate::{ComplexTensor, HalfSpectrum, Norm, fft};

use super::probe::{Probe, energy};

/// Random images that are sent through.
const IMAGES: usize = 8;

/// The share of a layer's energy that is lost when the real part of its result is taken.
///
/// `map` is the layer up to there: from real images to complex ones, `[batch, channels, height,
/// width]`. It is shown white noise.
///
/// # Example
/// A response with a real kernel loses nothing; one that is imaginary everywhere loses all.
/// ```
/// use burn::tensor::Device;
/// use burn_spectral::inspect::{Probe, energy_discarded_by_real_part};
/// use burn_spectral::{ComplexTensor, Norm, fft};
///
/// let probe = Probe::new(1, [8, 8], &Device::flex())?;
/// let share = |factor: [f64; 2]| {
///     energy_discarded_by_real_part(
///         |x| {
///             let spectrum = fft::fft2(ComplexTensor::from_real(x), Norm::Backward);
///             let [re, im] = factor;
///             let product = ComplexTensor::new(
///                 spectrum.re.clone() * re - spectrum.im.clone() * im,
///                 spectrum.re * im + spectrum.im * re,
///             );
///             fft::ifft2(product, Norm::Backward)
///         },
///         &probe,
///     )
/// };
/// assert!(share([1.0, 0.0]) < 1e-9);
/// assert!((share([0.6, 0.8]) - 0.64).abs() < 1e-6);
/// # Ok::<(), burn_spectral::SpectralError>(())
/// ```
pub fn energy_discarded_by_real_part(
    map: impl Fn(Tensor<4>) -> ComplexTensor<4>,
    probe: &Probe,
) -> f64 {
    let [re, im] = parts(map, probe).map(|part| energy(&part));
    match re + im {
        0.0 => 0.0,
        total => im / total,
    }
}

/// The share of a layer's energy that a magnitude makes irrecoverable: what is left of the complex
/// result `z` when the best multiple of `|z|` is taken away from it, `1 − |⟨z, |z|⟩|² / ‖z‖⁴`.
/// 0 where all values have one phase, 1 where phases cancel.
///
/// `map` is the layer up to the magnitude; it is shown white noise.
pub fn energy_discarded_by_magnitude(
    map: impl Fn(Tensor<4>) -> ComplexTensor<4>,
    probe: &Probe,
) -> f64 {
    let [re, im] = parts(map, probe);
    let (mut along_re, mut along_im, mut total) = (0.0, 0.0, 0.0);
    for (re, im) in re.iter().zip(&im) {
        let magnitude = re.hypot(*im);
        along_re += re * magnitude;
        along_im += im * magnitude;
        total += magnitude * magnitude;
    }
    match total {
        0.0 => 0.0,
        total => (1.0 - (along_re * along_re + along_im * along_im) / (total * total)).max(0.0),
    }
}

fn parts(map: impl Fn(Tensor<4>) -> ComplexTensor<4>, probe: &Probe) -> [Vec<f64>; 2] {
    let images = probe.noise(IMAGES, &mut probe.generator(19));
    let result = map(probe.tensor(&images, &probe.device));
    [result.re, result.im].map(|part| part.into_data().iter::<f64>().collect())
}

/// The complex images of a half-spectrum if all of its bins count: the first and, for an even width,
/// the last column as they are, the others with their mirror images. The real part is
/// [`irfft2`](fft::irfft2), the imaginary part what `irfft2` drops.
///
/// # Shapes
/// - input: `[batch, channels, height, width/2 + 1]`
/// - output: `[batch, channels, height, width]`
///
/// # Panics
/// If the spectrum is not halved along the last dim.
#[track_caller]
pub fn complex_irfft2(spectrum: HalfSpectrum<4>) -> ComplexTensor<4> {
    fft::ifft2(spectrum.full(&[-2, -1]), Norm::Backward)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device};

    use super::*;

    #[test]
    fn the_real_part_is_what_irfft_keeps() {
        for size in [[6, 8], [5, 7], [1, 2], [4, 1]] {
            let probe = Probe::new(1, size, &Device::flex())
                .unwrap()
                .with_dtype(DType::F64);
            let noise = |stream| {
                let images = probe.noise(2, &mut probe.generator(stream));
                probe
                    .tensor(&images, &probe.device)
                    .narrow(3, 0, size[1] / 2 + 1)
            };
            let spectrum = HalfSpectrum::new(ComplexTensor::new(noise(1), noise(2)), size[1]);
            let kept = fft::irfft2(spectrum.clone(), Norm::Backward);
            let difference = complex_irfft2(spectrum).re - kept;
            assert!(
                difference.abs().max().into_scalar::<f64>() < 1e-14,
                "{size:?}"
            );
        }
    }

    #[test]
    fn a_magnitude_of_values_of_one_phase_loses_nothing() {
        let probe = Probe::new(1, [16, 16], &Device::flex()).unwrap();
        let positive = |x: Tensor<4>| {
            let x = x.abs();
            ComplexTensor::new(x.clone() * 0.6, x * 0.8)
        };
        assert!(energy_discarded_by_magnitude(positive, &probe) < 1e-6);
        // Signs of noise cancel.
        let signed = energy_discarded_by_magnitude(ComplexTensor::from_real, &probe);
        assert!(signed > 0.98, "{signed}");
    }
}
