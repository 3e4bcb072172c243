//! Scores and their differences, as a page prints them.

use spectral_lab::report::Goal;

use super::{Compared, Trained};

/// A share in per cent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share).replace('-', "−")
}

/// A difference of shares in points.
pub(crate) fn points(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{:.2}", (100.0 * value).abs())
}

/// How scores of a goal are printed.
pub(super) trait ScoreFormat {
    /// A score.
    fn score(self, value: f64) -> String;
    /// A difference of two scores.
    fn difference(self, value: f64) -> String;
    /// A half-width or a deviation.
    fn width(self, value: f64) -> String;
}

impl ScoreFormat for Goal {
    fn score(self, value: f64) -> String {
        match self {
            Self::Classify => percent(value),
            Self::Rebuild | Self::Predict => format!("{value:.4}"),
        }
    }

    fn difference(self, value: f64) -> String {
        let sign = if value < 0.0 { "−" } else { "+" };
        match self {
            Self::Classify => points(value),
            Self::Rebuild | Self::Predict => format!("{sign}{:.4}", value.abs()),
        }
    }

    fn width(self, value: f64) -> String {
        match self {
            Self::Classify => format!("{:.2}", 100.0 * value),
            Self::Rebuild | Self::Predict => format!("{value:.4}"),
        }
    }
}

impl Trained {
    /// The score minus that of the baseline, seed by seed.
    pub(crate) fn minus(&self, baseline: &Trained) -> Vec<f64> {
        let pairs = self.runs.iter().zip(&baseline.runs);
        pairs
            .map(|(run, baseline)| run.score() - baseline.score())
            .collect()
    }
}

impl Compared {
    /// What its networks are for; the same for all.
    pub(super) fn goal(&self) -> Goal {
        let mut runs = self.models.iter().flat_map(|trained| &trained.runs);
        runs.next().map_or_else(Goal::default, |run| run.goal)
    }
}
