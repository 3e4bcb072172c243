//! The frequencies at which a response is evaluated.

use burn::tensor::{AsIndex, Device, Tensor};

use crate::SpectralError;
use crate::dims::dim_index;
use crate::fft::{frequency_values, rfrequency_values};

/// The frequencies of the half-spectrum of real signals of one size, and how they pair.
///
/// A signal of `[n₀, …, n_d]` samples has `[n₀, …, n_d/2 + 1]` bins. Bin `(k₀, …, k_d)` has the
/// frequencies `k_i/n_i` in cycles per sample; those of ½ and above count as negative,
/// `(k_i − n_i)/n_i`, except along the last dim.
///
/// # Example
/// ```
/// use burn_spectral::FrequencyGrid;
///
/// let grid = FrequencyGrid::new(&[28, 27]).unwrap();
/// assert_eq!(grid.bins(), vec![28, 14]);
/// // An odd length has no Nyquist frequency: every bin but 0 has a mirror image.
/// assert_eq!(grid.multiplicity(0), 1.0);
/// assert_eq!(grid.multiplicity(13), 2.0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrequencyGrid {
    sizes: Vec<usize>,
}

impl FrequencyGrid {
    /// The grid of signals of the given sizes, halved along the last dim.
    ///
    /// # Errors
    /// If `sizes` is empty, a size is zero, or there are more samples than a layer supports.
    pub fn new(sizes: &[usize]) -> Result<Self, SpectralError> {
        if sizes.is_empty() {
            return Err(SpectralError::Zero {
                what: "the number of dims of a signal".into(),
            });
        }
        SpectralError::check_positive(
            &format!("every size of a signal of {sizes:?} samples"),
            sizes,
        )?;
        SpectralError::check_elements("one channel of a signal", sizes)?;
        Ok(Self {
            sizes: sizes.to_vec(),
        })
    }

    /// Samples along each dim.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Total number of samples.
    pub fn samples(&self) -> usize {
        self.sizes.iter().product()
    }

    /// Bins along each dim.
    pub fn bins(&self) -> Vec<usize> {
        let mut bins = self.sizes.clone();
        let last = bins.len() - 1;
        bins[last] = bins[last] / 2 + 1;
        bins
    }

    /// Whether every frequency is its own negative, so that the spectrum of a real signal is real.
    pub(crate) fn is_real(&self) -> bool {
        self.sizes.iter().all(|&samples| samples <= 2)
    }

    /// Frequencies along one dim of the grid in cycles per sample: in [−½, ½), along the last dim in
    /// [0, ½].
    ///
    /// # Shapes
    /// - output: `[bins]`
    ///
    /// # Panics
    /// If `dim` is out of range.
    #[track_caller]
    pub fn frequencies(&self, dim: impl AsIndex, device: &Device) -> Tensor<1> {
        let rank = self.sizes.len();
        let dim = dim_index("FrequencyGrid::frequencies", dim, rank);
        let values = match dim + 1 == rank {
            true => rfrequency_values(self.sizes[dim], 1.0),
            false => frequency_values(self.sizes[dim], 1.0),
        };
        Tensor::from_data(values.as_slice(), device)
    }

    /// The number of bins of the full spectrum that a bin represents, by its index along the last
    /// dim: 1 for index 0 and, for an even length, the last index; 2 elsewhere.
    pub fn multiplicity(&self, last_index: usize) -> f64 {
        let length = self.sizes[self.sizes.len() - 1];
        match last_index == 0 || 2 * last_index == length {
            true => 1.0,
            false => 2.0,
        }
    }
}

/// Frequencies of so many samples that are their own negative: 0 and, for an even number, ½.
pub(crate) fn own_negatives(samples: usize) -> usize {
    match samples.is_multiple_of(2) {
        true => 2,
        false => 1,
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
    fn a_size_of_zero_is_refused() {
        let error = FrequencyGrid::new(&[4, 0]).unwrap_err();
        assert!(error.to_string().contains("[4, 0]"), "{error}");
        assert!(FrequencyGrid::new(&[]).is_err());
    }

    #[test]
    fn the_last_dim_has_no_negative_frequencies() {
        let grid = FrequencyGrid::new(&[4, 4]).unwrap();
        let values = |dim: isize| {
            let tensor = grid.frequencies(dim, &Device::flex());
            tensor.into_data().try_to_vec::<f32>().unwrap()
        };
        assert_eq!(values(0), vec![0.0, 0.25, -0.5, -0.25]);
        assert_eq!(values(1), vec![0.0, 0.25, 0.5]);
        assert_eq!(values(-1), values(1));
    }
}
