//! Lengths of transforms that have small factors.

/// How much longer a transform takes a point than one of a length that is a multiple of four, measured on two-dimensional
/// transforms of the lengths up to 324 (AVX-512): 0.9 to 1.1 ns there and back for multiples of four, 1.1 to 1.5 for
/// other even lengths, 1.1 to 2.2 for odd ones, and more below 48.
pub(super) fn length_factor(n: usize) -> f64 {
    let factors = match n % 4 {
        0 => 1.0,
        2 => 1.2,
        _ => 1.4,
    };
    factors * (1.0 + (14.0 / n as f64).powf(1.5))
}

/// The length from `least` on whose transform is fastest.
pub(super) fn good_length(least: usize) -> usize {
    let cost = |n: usize| n as f64 * length_factor(n);
    let most = least.saturating_add(least / 4 + 8);
    let mut best = (f64::INFINITY, least);
    for_each_smooth(least, most, |n| {
        let candidate = (cost(n), n);
        if candidate < best {
            best = candidate;
        }
    });
    best.1
}

/// The smallest length from `least` on without a prime factor above 7.
pub(crate) fn next_smooth(least: usize) -> usize {
    // A power of two is found below twice the length; beyond the largest of them a length stays as it is.
    let mut best = least.checked_next_power_of_two().unwrap_or(least);
    for_each_smooth(least, best, |n| best = best.min(n));
    best
}

/// Calls `visit` with every length of `least..=most` without a prime factor above 7, in no order. There are some
/// `log³(most)` odd ones up to `most`, and these are doubled into the range, so that no length of it is looked at in vain.
fn for_each_smooth(least: usize, most: usize, mut visit: impl FnMut(usize)) {
    let powers = |start: usize, factor: usize| {
        core::iter::successors(Some(start), move |n| n.checked_mul(factor))
            .take_while(move |n| *n <= most)
    };
    for sevens in powers(1, 7) {
        for fives in powers(sevens, 5) {
            for odd in powers(fives, 3) {
                let double = least.div_ceil(odd).max(1).checked_next_power_of_two();
                let first = double.and_then(|double| odd.checked_mul(double));
                first
                    .into_iter()
                    .flat_map(|first| powers(first, 2))
                    .for_each(&mut visit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_smooth(n: usize) -> bool {
        let mut rest = n.max(1);
        for factor in [2, 3, 5, 7] {
            while rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        rest == 1
    }

    #[test]
    fn grids_have_fast_lengths_no_shorter_than_asked() {
        for least in 1..400 {
            let n = good_length(least);
            assert!(n >= least && is_smooth(n), "{least}: {n}");
        }
        assert_eq!([78, 143].map(good_length), [80, 144]);
    }

    #[test]
    fn the_lengths_are_those_that_a_look_at_every_length_finds() {
        let cost = |n: &usize| *n as f64 * length_factor(*n);
        for least in (0..600).chain([4_097, 64_063, 100_003, 1_048_577]) {
            let all = least..=least + least / 4 + 8;
            let smooth = all.filter(|n| *n > 0 && is_smooth(*n));
            let best = smooth.min_by(|a, b| cost(a).total_cmp(&cost(b)));
            assert_eq!(Some(good_length(least)), best, "{least}");
            let next = (least.max(1)..).find(|n| is_smooth(*n));
            assert_eq!(Some(next_smooth(least)), next, "{least}");
        }
    }

    #[test]
    fn grid_lengths_have_small_factors() {
        assert_eq!(
            [1, 11, 13, 17, 97, 211].map(next_smooth),
            [1, 12, 14, 18, 98, 216]
        );
    }

    #[test]
    fn lengths_at_the_end_of_the_range_do_not_wrap_around() {
        for least in [1 << 62, (1 << 63) + 1, usize::MAX] {
            assert!(good_length(least) >= least);
            assert!(next_smooth(least) >= least);
        }
    }
}
