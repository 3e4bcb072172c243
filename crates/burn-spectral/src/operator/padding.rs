//! Zeros around the domain.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::SpectralError;
use crate::ops;

/// Zeros around a domain that is not periodic, so that what leaves at one end does not enter at the other.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::DomainPadding;
///
/// let padding = DomainPadding::one_sided([0.25, 0.0]);
/// let padded = padding.pad(Tensor::<4>::ones([1, 2, 8, 8], &Device::flex()));
/// assert_eq!(padded.dims(), [1, 2, 10, 8]);
/// assert_eq!(padding.crop(padded, &[8, 8]).dims(), [1, 2, 8, 8]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DomainPadding {
    /// For each spatial axis the number of zeros at an end, as a fraction of the size, rounded (halves to even).
    pub fractions: Vec<f64>,
    /// Whether they stand at both ends, as in neuraloperator, or only after the last sample, as in the code of Li et
    /// al. (2021).
    pub symmetric: bool,
}

impl DomainPadding {
    /// Zeros after the last sample of each axis.
    pub fn one_sided(fractions: impl Into<Vec<f64>>) -> Self {
        Self {
            fractions: fractions.into(),
            symmetric: false,
        }
    }

    /// Zeros at both ends of each axis.
    pub fn symmetric(fractions: impl Into<Vec<f64>>) -> Self {
        Self {
            fractions: fractions.into(),
            symmetric: true,
        }
    }

    /// Checks the fractions against the number of spatial axes.
    ///
    /// # Errors
    /// If there is not one per axis, or one is negative or not finite.
    pub fn check(&self, axes: usize) -> Result<(), SpectralError> {
        if self.fractions.len() != axes {
            return Err(SpectralError::PerAxis {
                what: "fractions of domain padding",
                axes,
                got: self.fractions.len(),
            });
        }
        match self
            .fractions
            .iter()
            .find(|fraction| !(fraction.is_finite() && **fraction >= 0.0))
        {
            None => Ok(()),
            Some(fraction) => Err(SpectralError::Negative {
                what: "a fraction of domain padding",
                value: fraction.to_string(),
            }),
        }
    }

    /// Zeros before and after each axis of a domain of `sizes`.
    pub(super) fn pairs(&self, sizes: &[usize]) -> Vec<(usize, usize)> {
        let pair = |(&size, &fraction): (&usize, &f64)| {
            let zeros = (size as f64 * fraction).round_ties_even() as usize;
            (if self.symmetric { zeros } else { 0 }, zeros)
        };
        sizes.iter().zip(&self.fractions).map(pair).collect()
    }

    /// Sizes of the padded domain.
    pub fn padded(&self, sizes: &[usize]) -> Vec<usize> {
        let pairs = self.pairs(sizes);
        let sizes = sizes.iter().zip(pairs);
        sizes
            .map(|(size, (start, end))| start + size + end)
            .collect()
    }

    /// Pads.
    ///
    /// # Shapes
    /// - input: `[batch, channels, spatial…]`
    /// - output: `[batch, channels, padded(spatial)…]`
    pub fn pad<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let dims = x.dims();
        let spatial = self.pairs(&dims[2..]);
        if spatial.iter().all(|pair| *pair == (0, 0)) {
            return x;
        }
        let pairs: [(usize, usize); D] = core::array::from_fn(|axis| match axis {
            0 | 1 => (0, 0),
            _ => spatial[axis - 2],
        });
        x.pad(pairs, 0.0)
    }

    /// Cuts the padding off again, from a domain that was padded from `sizes`.
    ///
    /// # Shapes
    /// - input: `[batch, channels, padded(sizes)…]`
    /// - output: `[batch, channels, sizes…]`
    pub fn crop<const D: usize>(&self, mut x: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
        for (axis, (&size, (start, end))) in sizes.iter().zip(self.pairs(sizes)).enumerate() {
            if start + end > 0 {
                x = ops::narrow(x, axis + 2, start, size);
            }
        }
        x
    }
}
