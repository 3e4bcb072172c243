//! Checks of sizes and slice lengths, made before any pointer is used.

/// The number of elements in an array of the given sizes. Unsafe code relies on this product, so it must not overflow.
///
/// # Panics
/// If the product overflows.
#[track_caller]
pub fn count(sizes: &[usize]) -> usize {
    if sizes.contains(&0) {
        return 0;
    }
    let product = sizes
        .iter()
        .try_fold(1_usize, |product, size| product.checked_mul(*size));
    match product {
        Some(product) => product,
        None => panic!("array size {sizes:?} is too large: the number of elements overflows"),
    }
}

/// Checks the length of a slice.
///
/// # Panics
/// If `got` differs from `expected`; the message names `what` and its `part`.
#[track_caller]
pub fn expect_len(what: &str, part: &str, expected: usize, got: usize) {
    assert!(
        expected == got,
        "{what}: expected {expected} {part} elements, got {got}"
    );
}
