//! Significance tests for differences of accuracies and losses.

use super::Spread;

/// The standard normal's 97.5 % quantile, for two-sided 95 % tests.
const Z95: f64 = 1.959_964;

/// The result of a comparison.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// The first is significantly larger.
    Better,
    /// The first is significantly smaller.
    Worse,
    /// No significant difference.
    Alike,
}

/// The difference of two proportions observed in `n` draws each, and its significance: a two-sided
/// test at 95 %, each proportion with its binomial variance. Since both are measured on the same
/// images, the test is conservative.
pub fn compare(share: f64, other: f64, n: usize) -> (f64, Verdict) {
    let variance = |p: f64| p * (1.0 - p) / n as f64;
    judged(
        share - other,
        Z95 * (variance(share) + variance(other)).sqrt(),
    )
}

/// The same for means over several seeds each: Welch's (1947) test, with the sampling variance of
/// the test set added.
pub fn compare_seeds(spread: Spread, other: Spread, n: usize) -> (f64, Verdict) {
    let images = |p: f64| p * (1.0 - p) / n as f64;
    let images = images(spread.mean) + images(other.mean);
    judged(
        spread.mean - other.mean,
        welch_margin([spread, other], images),
    )
}

/// The same for two mean losses over several seeds each, with the variance of the seeds only.
pub fn compare_losses(spread: Spread, other: Spread) -> (f64, Verdict) {
    judged(other.mean - spread.mean, welch_margin([spread, other], 0.0))
}

/// The half-width of the 95 % confidence interval of a mean, by Student's t distribution.
pub fn margin_of_mean(spread: Spread) -> f64 {
    let freedom = spread.count.saturating_sub(1).max(1) as f64;
    student(1.0 / freedom) * spread.std / (spread.count as f64).sqrt()
}

/// The largest insignificant difference of two means, where `known` is a variance of their
/// difference in addition to that of the seeds.
fn welch_margin(spreads: [Spread; 2], known: f64) -> f64 {
    let of_mean = |spread: &Spread| spread.std.powi(2) / spread.count as f64;
    let variance = known + spreads.iter().map(of_mean).sum::<f64>();
    let shares = spreads.iter().map(|spread| {
        let freedom = spread.count.saturating_sub(1).max(1) as f64;
        (of_mean(spread) / variance).powi(2) / freedom
    });
    match variance > 0.0 {
        true => student(shares.sum()) * variance.sqrt(),
        false => 0.0,
    }
}

/// Student's 97.5 % quantile for one over `inverse` degrees of freedom, at least one: interpolated
/// linearly in that inverse between integers, which is never too narrow.
fn student(inverse: f64) -> f64 {
    const T: [f64; 10] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    ];
    let inverse = inverse.min(1.0);
    let below = T.len() as f64 * inverse;
    if below <= 1.0 {
        return Z95 + (T[T.len() - 1] - Z95) * below;
    }
    let whole = (1.0 / inverse).floor().clamp(1.0, (T.len() - 1) as f64);
    let (narrow, wide) = (T[whole as usize], T[whole as usize - 1]);
    let [narrow_at, wide_at] = [1.0 / (whole + 1.0), 1.0 / whole];
    narrow + (wide - narrow) * (inverse - narrow_at) / (wide_at - narrow_at)
}

fn judged(difference: f64, margin: f64) -> (f64, Verdict) {
    let verdict = if difference.abs() <= margin {
        Verdict::Alike
    } else if difference > 0.0 {
        Verdict::Better
    } else {
        Verdict::Worse
    };
    (difference, verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_that_of_students_table() {
        let spread = Spread::of([1.0, 2.0, 3.0].into_iter()).unwrap();
        assert!((margin_of_mean(spread) - 4.303 / 3f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn chance_is_drawn_where_the_binomial_test_draws_it() {
        // sqrt(2·0.9·0.1/2000) · 1.96 = 0.018 593.
        assert_eq!(compare(0.9, 0.882, 2000).1, Verdict::Alike);
        assert_eq!(compare(0.9, 0.88, 2000).1, Verdict::Better);
        assert_eq!(compare(0.88, 0.9, 2000).1, Verdict::Worse);
        assert_eq!(compare(0.9, 0.88, 200).1, Verdict::Alike);
    }

    #[test]
    fn seeds_that_scatter_make_a_difference_chance() {
        let spread = |mean, std| Spread {
            count: 3,
            mean,
            std,
            min: mean,
            max: mean,
        };
        // Variances: 2·0.9·0.1/2000 = 9e-5 of the images, 2·0.01²/3 = 6.67e-5 of the seeds, whose
        // part squared is 0.181; over 4 that is 22 degrees of freedom, 2.08·0.0125 = 0.0259.
        let verdict = |other| compare_seeds(spread(0.9, 0.01), spread(other, 0.01), 2000).1;
        assert_eq!(verdict(0.876), Verdict::Alike);
        assert_eq!(verdict(0.872), Verdict::Better);
        // 2.776 for 4 degrees of freedom · sqrt(2/3)·0.01 is 0.0227.
        let losses = |other| compare_losses(spread(0.5, 0.01), spread(other, 0.01)).1;
        assert_eq!(losses(0.522), Verdict::Alike);
        assert_eq!(losses(0.523), Verdict::Better);
        assert_eq!(losses(0.46), Verdict::Worse);
    }

    #[test]
    fn students_quantile_meets_its_table_and_is_no_narrower_between() {
        for (freedom, quantile) in [(1.0, 12.706), (2.0, 4.303), (5.0, 2.571), (10.0, 2.228)] {
            assert!(
                (student(1.0 / freedom) - quantile).abs() < 1e-9,
                "{freedom}"
            );
        }
        // SciPy's, for 1.5, 2.5, 7.5 and 22.
        for (freedom, exact) in [(1.5, 6.0), (2.5, 3.58), (7.5, 2.333), (22.0, 2.0739)] {
            let quantile = student(1.0 / freedom);
            assert!(
                (0.999..1.2).contains(&(quantile / exact)),
                "{freedom}: {quantile}"
            );
        }
        assert_eq!(student(0.0), Z95);
    }
}
