//! Bounds on sizes that every layer checks when it is created or called, so that no sum or product
//! within them can wrap around.

use crate::LayerError;

/// Largest size along an axis, number of channels, step or factor: what a signed 32-bit index counts, as most devices
/// index with one. Sums and products of two of them fit a `usize` of 64 bits.
const MOST_SIZE: usize = i32::MAX as usize;
/// Most elements of a parameter, and of one channel of a signal: 16 GiB in f32.
const MOST_ELEMENTS: u128 = 1 << 32;
/// Most elements of a result, all of its batch and channels together.
const MOST_RESULT: u128 = 1 << 40;

impl LayerError {
    /// An error for each size beyond [`MOST_SIZE`].
    #[doc(hidden)]
    pub fn check_sizes(what: &str, sizes: &[usize]) -> Result<(), Self> {
        match sizes.iter().find(|size| **size > MOST_SIZE) {
            Some(size) => Err(Self::too_large(what, MOST_SIZE as u128, size)),
            None => Ok(()),
        }
    }

    /// An error for a parameter, or for one channel of a signal, of more than [`MOST_ELEMENTS`].
    #[doc(hidden)]
    pub fn check_elements(what: &str, dims: &[usize]) -> Result<(), Self> {
        Self::check_product(what, dims, MOST_ELEMENTS)
    }

    /// An error for a result of more than [`MOST_RESULT`] elements.
    #[doc(hidden)]
    pub fn check_result(what: &str, dims: &[usize]) -> Result<(), Self> {
        Self::check_product(what, dims, MOST_RESULT)
    }

    /// The sum of sizes along an axis.
    ///
    /// # Errors
    /// If it is beyond [`MOST_SIZE`].
    #[doc(hidden)]
    pub fn checked_sum(what: &str, terms: &[usize]) -> Result<usize, Self> {
        let sum: u128 = terms.iter().map(|term| *term as u128).sum();
        match sum <= MOST_SIZE as u128 {
            true => Ok(sum as usize),
            false => Err(Self::too_large(what, MOST_SIZE as u128, &sum)),
        }
    }

    /// The product of two sizes along an axis.
    ///
    /// # Errors
    /// If it is beyond [`MOST_SIZE`].
    #[doc(hidden)]
    pub fn checked_product(what: &str, [a, b]: [usize; 2]) -> Result<usize, Self> {
        let product = a as u128 * b as u128;
        match product <= MOST_SIZE as u128 {
            true => Ok(product as usize),
            false => Err(Self::too_large(what, MOST_SIZE as u128, &product)),
        }
    }

    fn check_product(what: &str, dims: &[usize], most: u128) -> Result<(), Self> {
        if dims.contains(&0) {
            return Ok(());
        }
        // Once beyond the bound it stays there, as no factor is below 1.
        let elements = dims
            .iter()
            .fold(1u128, |product, dim| product.saturating_mul(*dim as u128));
        match elements <= most {
            true => Ok(()),
            false => Err(Self::TooLarge {
                what: format!("the number of elements of {what}"),
                most,
                got: format!("{elements} for the shape {dims:?}"),
            }),
        }
    }

    fn too_large(what: &str, most: u128, got: &impl ToString) -> Self {
        Self::TooLarge {
            what: what.into(),
            most,
            got: got.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_beyond_the_bound_are_errors_and_do_not_wrap_around() {
        let error = LayerError::checked_sum("the padded length", &[1, usize::MAX, 2]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the padded length is too large: at most 2147483647, got 18446744073709551618"
        );
        assert!(LayerError::checked_product("a size", [usize::MAX; 2]).is_err());
        assert_eq!(LayerError::checked_product("a size", [3, 5]), Ok(15));
        let dims = [usize::MAX; 9];
        assert!(LayerError::check_result("a result", &dims).is_err());
        let error = LayerError::check_elements("a weight", &[1 << 20, 1 << 20]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the number of elements of a weight is too large: at most 4294967296, got \
             1099511627776 for the shape [1048576, 1048576]"
        );
        assert_eq!(
            LayerError::check_elements("a weight", &[0, usize::MAX]),
            Ok(())
        );
    }
}
