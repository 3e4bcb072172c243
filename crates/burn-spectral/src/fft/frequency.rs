//! Frequencies of the bins.

use burn::tensor::{Device, Tensor};

use crate::SpectralError;

/// `[0, 1, …, −2, −1] / (n·spacing)` in f64.
pub(crate) fn frequency_values(n: usize, spacing: f64) -> Vec<f64> {
    let signed = |k: usize| match k < n.div_ceil(2) {
        true => k as f64,
        false => k as f64 - n as f64,
    };
    (0..n).map(|k| signed(k) / (n as f64 * spacing)).collect()
}

/// `[0, 1, …, n/2] / (n·spacing)` in f64.
pub(crate) fn rfrequency_values(n: usize, spacing: f64) -> Vec<f64> {
    (0..=n / 2)
        .map(|k| k as f64 / (n as f64 * spacing))
        .collect()
}

/// Frequency of each bin of a transform of `n` samples at the given spacing, in cycles per unit of the
/// spacing, as NumPy's `fftfreq`: `[0, 1, …, −2, −1] / (n·spacing)`.
///
/// # Shapes
/// - output: `[n]`
///
/// # Panics
/// When `n` is zero or too large, or the spacing is zero or not finite.
///
/// # Example
/// ```
/// use burn::tensor::Device;
/// use burn_spectral::fft::fftfreq;
///
/// let frequencies = fftfreq(5, 0.1, &Device::flex());
/// let values = frequencies.into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(values, vec![0.0, 2.0, 4.0, -4.0, -2.0]);
/// ```
#[track_caller]
pub fn fftfreq(n: usize, spacing: f64, device: &Device) -> Tensor<1> {
    check("fftfreq", n, spacing);
    Tensor::from_data(frequency_values(n, spacing).as_slice(), device)
}

/// Frequency of each bin of a half-spectrum of `n` real samples at the given spacing, as NumPy's
/// `rfftfreq`: `[0, 1, …, ⌊n/2⌋] / (n·spacing)`.
///
/// # Shapes
/// - output: `[n/2 + 1]`
///
/// # Panics
/// When `n` is zero or too large, or the spacing is zero or not finite.
///
/// # Example
/// ```
/// use burn::tensor::Device;
/// use burn_spectral::fft::rfftfreq;
///
/// let frequencies = rfftfreq(5, 0.1, &Device::flex());
/// assert_eq!(frequencies.into_data().try_to_vec::<f32>().unwrap(), vec![0.0, 2.0, 4.0]);
/// ```
#[track_caller]
pub fn rfftfreq(n: usize, spacing: f64, device: &Device) -> Tensor<1> {
    check("rfftfreq", n, spacing);
    Tensor::from_data(rfrequency_values(n, spacing).as_slice(), device)
}

#[track_caller]
fn check(name: &str, n: usize, spacing: f64) {
    assert!(
        n > 0,
        "{name}: the number of samples must be at least 1, got 0"
    );
    if let Err(error) = SpectralError::check_sizes("the number of samples", &[n]) {
        panic!("{name}: {error}");
    }
    assert!(
        spacing != 0.0 && spacing.is_finite(),
        "{name}: the spacing must be finite and nonzero, got {spacing}"
    );
}
