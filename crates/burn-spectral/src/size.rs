//! Bounds on sizes that every layer checks when it is created or called, so that no sum or product
//! within them can wrap around.

use fused_layers::LayerError;

use crate::SpectralError;

impl SpectralError {
    /// An error for each count that is zero, or too large for arithmetic with it.
    pub(crate) fn check_positive(what: &str, counts: &[usize]) -> Result<(), Self> {
        Ok(LayerError::check_positive(what, counts)?)
    }

    /// An error for each size beyond what a signed 32-bit index counts.
    pub(crate) fn check_sizes(what: &str, sizes: &[usize]) -> Result<(), Self> {
        Ok(LayerError::check_sizes(what, sizes)?)
    }

    /// An error for a parameter, or for one channel of a signal, of more than 2³² elements.
    pub(crate) fn check_elements(what: &str, dims: &[usize]) -> Result<(), Self> {
        Ok(LayerError::check_elements(what, dims)?)
    }

    /// An error for a result of more than 2⁴⁰ elements.
    pub(crate) fn check_result(what: &str, dims: &[usize]) -> Result<(), Self> {
        Ok(LayerError::check_result(what, dims)?)
    }

    /// The product of two sizes along an axis.
    ///
    /// # Errors
    /// If it is too large for a size.
    pub(crate) fn checked_product(what: &str, factors: [usize; 2]) -> Result<usize, Self> {
        Ok(LayerError::checked_product(what, factors)?)
    }
}
