//! Whether two accuracies differ by more than chance.

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
    let difference = share - other;
    let variance = |p: f64| p * (1.0 - p) / n as f64;
    let margin = Z95 * (variance(share) + variance(other)).sqrt();
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
}
