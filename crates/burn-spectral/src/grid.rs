//! The frequencies at which a response is evaluated.

use burn::tensor::{Device, Tensor};

use crate::SpectralError;
use crate::fft::{frequency_values, rfrequency_values};

/// The half-spectrum of real signals of one size: which frequencies it has and how they pair.
///
/// A signal of `[n₀, …, n_d]` samples has `[n₀, …, n_d/2 + 1]` bins. Bin `(k₀, …, k_d)` stands for
/// the frequencies `k_i / n_i` in cycles per sample, those above one half being negative.
///
/// # Example
/// ```
/// use burn_spectral::FrequencyGrid;
///
/// let grid = FrequencyGrid::new(&[28, 27]).unwrap();
/// assert_eq!(grid.bins(), vec![28, 14]);
/// // An odd length has no Nyquist frequency: only bin 0 stands for itself alone.
/// assert_eq!(grid.multiplicity(0), 1.0);
/// assert_eq!(grid.multiplicity(13), 2.0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrequencyGrid {
    sizes: Vec<usize>,
}

impl FrequencyGrid {
    /// The grid of signals with `sizes` samples along each axis, the half-spectrum on the last.
    ///
    /// # Errors
    /// If there is no axis, one of length zero, or more samples than a layer can work with.
    pub fn new(sizes: &[usize]) -> Result<Self, SpectralError> {
        if sizes.is_empty() {
            return Err(SpectralError::Zero {
                what: "the number of axes".into(),
            });
        }
        SpectralError::check_positive(&format!("every axis of a signal of size {sizes:?}"), sizes)?;
        SpectralError::check_elements("one channel of a signal", sizes)?;
        Ok(Self {
            sizes: sizes.to_vec(),
        })
    }

    /// Samples along each axis.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Samples in all.
    pub fn samples(&self) -> usize {
        self.sizes.iter().product()
    }

    /// Bins along each axis.
    pub fn bins(&self) -> Vec<usize> {
        let mut bins = self.sizes.clone();
        let last = bins.len() - 1;
        bins[last] = bins[last] / 2 + 1;
        bins
    }

    /// Frequencies along one axis in cycles per sample: in [−½, ½), on the last axis in [0, ½].
    ///
    /// # Shapes
    /// - output: `[bins]`
    ///
    /// # Panics
    /// If there is no such axis, with the text of [`SpectralError::Axis`].
    #[track_caller]
    pub fn frequencies(&self, axis: usize, device: &Device) -> Tensor<1> {
        let axes = self.sizes.len();
        assert!(axis < axes, "{}", SpectralError::Axis { axis, axes });
        let values = match axis + 1 == axes {
            true => rfrequency_values(self.sizes[axis], 1.0),
            false => frequency_values(self.sizes[axis], 1.0),
        };
        Tensor::from_data(values.as_slice(), device)
    }

    /// How many bins of the full spectrum a bin stands for, by its index on the last axis:
    /// 1 for index 0 and, for an even length, the last one; 2 elsewhere.
    pub fn multiplicity(&self, last_index: usize) -> f64 {
        let length = self.sizes[self.sizes.len() - 1];
        match last_index == 0 || 2 * last_index == length {
            true => 1.0,
            false => 2.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplicities_count_every_bin_of_the_full_spectrum() {
        for n in 1..=9 {
            let grid = FrequencyGrid::new(&[3, n]).unwrap();
            let full: f64 = (0..grid.bins()[1]).map(|k| grid.multiplicity(k)).sum();
            assert_eq!(full, n as f64, "length {n}");
        }
    }

    #[test]
    fn an_axis_of_length_zero_is_refused() {
        let error = FrequencyGrid::new(&[4, 0]).unwrap_err();
        assert!(error.to_string().contains("[4, 0]"), "{error}");
        assert!(FrequencyGrid::new(&[]).is_err());
    }

    #[test]
    fn the_last_axis_has_no_negative_frequencies() {
        let grid = FrequencyGrid::new(&[4, 4]).unwrap();
        let values = |axis| {
            let tensor = grid.frequencies(axis, &Device::flex());
            tensor.into_data().try_to_vec::<f32>().unwrap()
        };
        assert_eq!(values(0), vec![0.0, 0.25, -0.5, -0.25]);
        assert_eq!(values(1), vec![0.0, 0.25, 0.5]);
    }
}
