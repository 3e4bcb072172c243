//! Whether two accuracies differ by more than chance.

use crate::report::Spread;

/// The standard normal's 97.5 % quantile, for two-sided 95 % tests.
const Z95: f64 = 1.959_964;

/// How two shares of right answers differ.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// The first is larger by more than chance.
    Better,
    /// It is smaller by more than chance.
    Worse,
    /// By less than two random samples of that size would.
    Alike,
}

/// The difference of two shares observed in `n` draws each, and what to make of it: a two-sided
/// test at 95 %, each share with its binomial variance. That both were judged on the same images
/// makes it a careful one.
pub(super) fn compare(share: f64, other: f64, n: usize) -> (f64, Verdict) {
    let variance = |p: f64| p * (1.0 - p) / n as f64;
    judged(
        share - other,
        Z95 * (variance(share) + variance(other)).sqrt(),
    )
}

/// The same of means over several seeds each: to the chance of which images are in the test set
/// comes that of the seeds, by Student's t for as many seeds.
pub(super) fn compare_seeds(spread: Spread, other: Spread, n: usize) -> (f64, Verdict) {
    let images = |p: f64| p * (1.0 - p) / n as f64;
    let images = Z95.powi(2) * (images(spread.mean) + images(other.mean));
    judged(
        spread.mean - other.mean,
        (images + seeds(spread) + seeds(other)).sqrt(),
    )
}

/// The same of two mean losses over several seeds each, by the chance of the seeds alone.
pub(super) fn compare_losses(spread: Spread, other: Spread) -> (f64, Verdict) {
    judged(
        other.mean - spread.mean,
        (seeds(spread) + seeds(other)).sqrt(),
    )
}

/// The square of the margin that a mean over few seeds has.
fn seeds(spread: Spread) -> f64 {
    // Student's 97.5 % quantiles for 1 to 9 degrees of freedom; above, that of 10, a little wide.
    const T: [f64; 9] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262,
    ];
    let t = T.get(spread.count.saturating_sub(2)).unwrap_or(&2.228);
    (t * spread.std).powi(2) / spread.count as f64
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
        // 1.96²·2·0.9·0.1/2000 is 0.0186²; 4.303·sqrt(2/3)·0.01 is 0.0351; together 0.0398.
        let verdict = |other| compare_seeds(spread(0.9, 0.01), spread(other, 0.01), 2000).1;
        assert_eq!(verdict(0.862), Verdict::Alike);
        assert_eq!(verdict(0.858), Verdict::Better);
        let losses = |other| compare_losses(spread(0.5, 0.01), spread(other, 0.01)).1;
        assert_eq!(losses(0.53), Verdict::Alike);
        assert_eq!(losses(0.54), Verdict::Better);
        assert_eq!(losses(0.46), Verdict::Worse);
    }
}
