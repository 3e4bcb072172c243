//! Limits on sizes from files and options, checked before any memory is allocated.

/// Values of the input of a network, channels · height · width: 4 channels of 4096×4096.
pub const IMAGE: u64 = 1 << 26;

/// Outputs of a network.
pub const OUTPUTS: u64 = IMAGE;

/// Weights of a network: 2 GiB in float32.
pub const WEIGHTS: u64 = 1 << 29;

/// Values of a tensor of a timed layer: 1 GiB in float32.
pub const TENSOR: u64 = 1 << 28;

/// Values of an image batch for a whole network.
pub const BATCH: u64 = 1 << 24;

/// Values of the images that a layer is inspected on.
pub const INSPECTED: u64 = 1 << 17;

/// Values of all impulse responses of an inspected layer.
pub const RESPONSES: u64 = 1 << 24;

/// Bytes of the images of one part of a data set: 16 GiB.
pub const SET: u64 = 1 << 34;

/// The product of sizes; the maximum number on overflow.
pub fn product(sizes: impl IntoIterator<Item = usize>) -> u64 {
    let sizes = sizes.into_iter();
    sizes.fold(1, |product, size| product.saturating_mul(size as u64))
}

/// An amount of memory as text: `1.5 GB`.
pub fn memory(bytes: u64) -> String {
    let units = [("EB", 60), ("PB", 50), ("TB", 40), ("GB", 30), ("MB", 20)];
    let unit = units.iter().find(|(_, bits)| bytes >> bits > 0);
    match unit {
        Some((unit, bits)) => format!("{:.1} {unit}", bytes as f64 / (1u64 << bits) as f64),
        None => format!("{bytes} bytes"),
    }
}

/// The memory of so many float32 values as text.
pub fn floats(values: u64) -> String {
    match values.checked_mul(4) {
        Some(bytes) => memory(bytes),
        None => "more than 16 EB".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_that_does_not_fit_is_the_largest_number() {
        assert_eq!(product([3, 4, 5]), 60);
        assert_eq!(product([usize::MAX, usize::MAX, 2]), u64::MAX);
        assert_eq!(product([usize::MAX, 0]), 0);
    }

    #[test]
    fn memory_is_told_in_its_unit() {
        assert_eq!(memory(1000), "1000 bytes");
        assert_eq!(memory(3 << 29), "1.5 GB");
        assert_eq!(floats(1 << 28), "1.0 GB");
        assert!(floats(u64::MAX).starts_with("more"));
    }
}
