//! Results over several seeds.

use serde::{Deserialize, Serialize};

use super::json;

/// The results of one seed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SeedReport {
    /// The seed.
    pub seed: u64,
    /// Test accuracy, 0 to 1.
    #[serde(deserialize_with = "json::number")]
    pub accuracy: f64,
    /// Mean loss on the test set.
    #[serde(deserialize_with = "json::number")]
    pub loss: f64,
    /// Mean relative L2 error on the test samples; only of models that predict fields.
    #[serde(
        rename = "relative_l2",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub l2: Option<f64>,
    /// Mean relative H1 error on the test samples; only of models that predict fields.
    #[serde(
        rename = "relative_h1",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub h1: Option<f64>,
    /// Median training time per epoch, in seconds.
    #[serde(deserialize_with = "json::number")]
    pub epoch_s: f64,
}

/// The spread of values over the seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The number of values, two or more.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with the divisor `count − 1`.
    pub std: f64,
    /// The minimum.
    pub min: f64,
    /// The maximum.
    pub max: f64,
}

impl Spread {
    /// The spread of two or more values, all of them finite; none otherwise.
    pub fn of(figures: impl Iterator<Item = f64>) -> Option<Self> {
        let figures: Vec<f64> = figures.collect();
        let count = figures.len();
        if count < 2 || figures.iter().any(|figure| !figure.is_finite()) {
            return None;
        }
        let mean = figures.iter().sum::<f64>() / count as f64;
        let squares: f64 = figures.iter().map(|figure| (figure - mean).powi(2)).sum();
        Some(Self {
            count,
            mean,
            std: (squares / (count - 1) as f64).sqrt(),
            min: figures.iter().copied().fold(f64::INFINITY, f64::min),
            max: figures.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_worked_by_hand() {
        let spread = Spread::of([1.0, 2.0, 6.0].into_iter()).unwrap();
        assert_eq!((spread.count, spread.mean), (3, 3.0));
        assert_eq!((spread.min, spread.max), (1.0, 6.0));
        // Squares 4 + 1 + 9, halved.
        assert_eq!(spread.std, 7f64.sqrt());
    }

    #[test]
    fn one_figure_and_one_that_is_not_finite_have_no_spread() {
        assert_eq!(Spread::of([1.0].into_iter()), None);
        assert_eq!(Spread::of([1.0, f64::NAN].into_iter()), None);
    }
}
