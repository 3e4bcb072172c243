//! Multiply-adds of transforms and products.

/// Transform of `samples` real numbers, forward or back.
pub(super) fn real_transform(samples: usize) -> u64 {
    (1.25 * samples as f64 * (samples.max(1) as f64).log2()).round() as u64
}

/// Transform of `samples` complex numbers.
pub(super) fn complex_transform(samples: usize) -> u64 {
    (2.5 * samples as f64 * (samples.max(1) as f64).log2()).round() as u64
}

/// Product of all factors.
pub(super) fn product(factors: &[usize]) -> u64 {
    factors.iter().map(|&factor| factor as u64).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transform_of_a_power_of_two_is_counted_exactly() {
        assert_eq!(real_transform(1024), 12_800);
        assert_eq!(complex_transform(1024), 25_600);
        assert_eq!(real_transform(1), 0);
    }
}
