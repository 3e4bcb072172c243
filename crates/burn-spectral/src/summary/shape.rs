//! The shape of the data between layers.

use serde::Serialize;

use crate::{FrequencyGrid, SpectralError};

/// What the numbers of a shape are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Domain {
    /// Real numbers.
    Real,
    /// Complex numbers: the half-spectrum of real signals of `length` samples on the last axis.
    HalfSpectrum {
        /// Samples that the last axis has as a signal.
        length: usize,
    },
    /// Complex numbers, all of them free: a full spectrum.
    Complex,
}

/// A shape without its batch axis, and what its numbers are.
///
/// A spectrum has its channels first and then its bins, `[channels, height, width/2 + 1]`: as many
/// entries as either part of a [`ComplexTensor`](crate::ComplexTensor). It prints as
/// `16×28×15 complex`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct FeatureShape {
    dims: Vec<usize>,
    domain: Domain,
}

impl FeatureShape {
    /// A shape of real numbers.
    pub fn new(dims: impl Into<Vec<usize>>) -> Self {
        Self {
            dims: dims.into(),
            domain: Domain::Real,
        }
    }

    /// The half-spectrum of signals of `length` samples on the last axis, `dims` counting bins.
    ///
    /// # Errors
    /// If there is no axis, or the last one does not have `length/2 + 1` bins.
    pub fn half_spectrum(
        dims: impl Into<Vec<usize>>,
        length: usize,
    ) -> Result<Self, SpectralError> {
        let dims = dims.into();
        let bins = FrequencyGrid::new(&[length])?.bins();
        match dims.last() == bins.last() {
            true => Ok(Self {
                dims,
                domain: Domain::HalfSpectrum { length },
            }),
            false => Err(SpectralError::Bins {
                expected: bins,
                size: vec![length],
                got: dims.last().copied().into_iter().collect(),
            }),
        }
    }

    /// A shape of complex numbers that are no half-spectrum.
    pub fn complex(dims: impl Into<Vec<usize>>) -> Self {
        Self {
            dims: dims.into(),
            domain: Domain::Complex,
        }
    }

    /// The sizes, without the batch.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// What the numbers are.
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// How many numbers there are, a complex one counting once.
    pub fn elements(&self) -> usize {
        self.dims.iter().product()
    }

    /// The shape of a batch of one, of rank `D`, for a layer that takes real numbers.
    ///
    /// # Errors
    /// [`SpectralError::Rank`] for another rank, [`SpectralError::Domain`] for complex numbers.
    pub fn real<const D: usize>(&self) -> Result<[usize; D], SpectralError> {
        self.require_real()?;
        self.batch_of_one()
    }

    /// The shape of a batch of one, of rank `D`, for a layer that takes complex numbers.
    ///
    /// # Errors
    /// [`SpectralError::Rank`] for another rank, [`SpectralError::Domain`] for real numbers.
    pub fn spectrum<const D: usize>(&self) -> Result<[usize; D], SpectralError> {
        self.require_complex()?;
        self.batch_of_one()
    }

    /// The samples on the last axis, as a signal.
    ///
    /// # Errors
    /// If the numbers are no half-spectrum.
    pub(super) fn length(&self) -> Result<usize, SpectralError> {
        match self.domain {
            Domain::HalfSpectrum { length } => Ok(length),
            _ => Err(self.wrong_domain("a half-spectrum")),
        }
    }

    /// # Errors
    /// If the numbers are complex.
    pub(super) fn require_real(&self) -> Result<(), SpectralError> {
        match self.domain {
            Domain::Real => Ok(()),
            _ => Err(self.wrong_domain("real numbers")),
        }
    }

    /// # Errors
    /// If the numbers are real.
    pub(super) fn require_complex(&self) -> Result<(), SpectralError> {
        match self.domain {
            Domain::Real => Err(self.wrong_domain("a spectrum")),
            _ => Ok(()),
        }
    }

    /// The shape of a batch of one.
    pub(super) fn with_batch(&self) -> Vec<usize> {
        core::iter::once(1).chain(self.dims.clone()).collect()
    }

    fn batch_of_one<const D: usize>(&self) -> Result<[usize; D], SpectralError> {
        self.with_batch()
            .try_into()
            .map_err(|got: Vec<usize>| SpectralError::Rank { expected: D, got })
    }

    fn wrong_domain(&self, expected: &'static str) -> SpectralError {
        SpectralError::Domain {
            expected,
            got: self.to_string(),
        }
    }
}

impl<const N: usize> From<[usize; N]> for FeatureShape {
    fn from(dims: [usize; N]) -> Self {
        Self::new(dims)
    }
}

impl From<&[usize]> for FeatureShape {
    fn from(dims: &[usize]) -> Self {
        Self::new(dims)
    }
}

impl<const N: usize> From<&[usize; N]> for FeatureShape {
    fn from(dims: &[usize; N]) -> Self {
        Self::new(*dims)
    }
}

impl core::fmt::Display for FeatureShape {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let sizes: Vec<String> = self.dims.iter().map(usize::to_string).collect();
        let suffix = match self.domain {
            Domain::Real => "",
            _ => " complex",
        };
        f.pad(&format!("{}{suffix}", sizes.join("×")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_print_with_what_they_hold() {
        assert_eq!(FeatureShape::new([16, 28, 28]).to_string(), "16×28×28");
        let spectrum = FeatureShape::half_spectrum([16, 28, 15], 28).unwrap();
        assert_eq!(spectrum.to_string(), "16×28×15 complex");
        assert_eq!(
            FeatureShape::half_spectrum([16, 28, 15], 27)
                .unwrap_err()
                .to_string(),
            "expected spectra with [14] bins, those of images of size [27], got [15]"
        );
    }

    #[test]
    fn another_rank_and_another_domain_are_refused() {
        let images = FeatureShape::new([3, 8, 8]);
        assert_eq!(images.real::<4>(), Ok([1, 3, 8, 8]));
        assert_eq!(
            images.real::<3>().unwrap_err().to_string(),
            "expected an input of rank 3, including the batch, got shape [1, 3, 8, 8]"
        );
        assert_eq!(
            images.spectrum::<4>().unwrap_err().to_string(),
            "expected a spectrum, got 3×8×8"
        );
        assert!(FeatureShape::complex([3, 8, 8]).real::<4>().is_err());
    }
}
