//! Multiply-adds of transforms and products.

use crate::FrequencyGrid;

/// Transform of `samples` real numbers, forward or back.
pub(super) fn real_transform(samples: usize) -> u64 {
    (1.25 * samples as f64 * (samples.max(1) as f64).log2()).round() as u64
}

/// Transform of `samples` complex numbers.
pub(super) fn complex_transform(samples: usize) -> u64 {
    (2.5 * samples as f64 * (samples.max(1) as f64).log2()).round() as u64
}

/// Transform of one real signal to the lowest `kept` bins of each axis, or back.
pub(super) fn pruned_transform(grid: &FrequencyGrid, kept: &[usize]) -> u64 {
    let (sizes, last) = (grid.sizes(), kept.len() - 1);
    if kept == grid.bins() {
        return real_transform(grid.samples());
    }
    let leading = (0..last)
        .map(|a| product(&sizes[..a]) * product(&kept[a + 1..]) * complex_transform(sizes[a]));
    product(&sizes[..last]) * real_transform(sizes[last]) + leading.sum::<u64>()
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

    #[test]
    fn a_pruned_transform_counts_only_the_columns_that_are_kept() {
        let grid = FrequencyGrid::new(&[8, 16]).unwrap();
        assert_eq!(pruned_transform(&grid, &[8, 9]), real_transform(128));
        assert_eq!(pruned_transform(&grid, &[4, 3]), 8 * 80 + 3 * 60);
    }
}
