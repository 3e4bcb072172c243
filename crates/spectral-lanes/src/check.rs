//! Checks of sizes and slices, made before any pointer.

/// Elements of an array of these sizes. Pointers are made from what is found here, so the product must not wrap.
///
/// Panics if it does.
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
        None => panic!("an array of {sizes:?} elements is too large"),
    }
}

/// Checks the length of a slice.
///
/// Panics unless `what` has `expected` elements in its `part`.
#[track_caller]
pub fn expect_len(what: &str, part: &str, expected: usize, got: usize) {
    assert!(
        expected == got,
        "{what}: expected {expected} {part} elements, got {got}"
    );
}
