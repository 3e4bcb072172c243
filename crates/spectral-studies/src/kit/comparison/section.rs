//! A comparison in words, as a table and as lines.

use spectral_lab::report::{Goal, ModelReport, SectionTable, Spread, chance::margin_of_mean};

use crate::kit::Parts as Section;

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
            Self::Rebuild => format!("{value:.4}"),
        }
    }

    fn difference(self, value: f64) -> String {
        let sign = if value < 0.0 { "−" } else { "+" };
        match self {
            Self::Classify => points(value),
            Self::Rebuild => format!("{sign}{:.4}", value.abs()),
        }
    }

    fn width(self, value: f64) -> String {
        match self {
            Self::Classify => format!("{:.2}", 100.0 * value),
            Self::Rebuild => format!("{value:.4}"),
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

    /// The score of the baseline and what the others differ from it by; nothing of no network.
    pub(crate) fn against_baseline(&self) -> Option<String> {
        let (baseline, others) = self.models.split_first()?;
        let (set, goal) = (&self.data.name, self.goal());
        let mut parts = Vec::new();
        for other in others {
            let differences = other.minus(baseline);
            let mean = differences.iter().sum::<f64>() / differences.len().max(1) as f64;
            let spread = Spread::of(differences.into_iter());
            let how = spread.map_or_else(String::new, |spread| {
                format!(" ± {}", goal.width(margin_of_mean(spread)))
            });
            parts.push(format!("{} {}{how}", other.model, goal.difference(mean)));
        }
        let interval = match self.seeds.len() {
            2.. => " (± 95 % interval of the mean of paired differences)",
            _ => "",
        };
        let name = &baseline.model;
        let score = goal.score(baseline.mean(ModelReport::score));
        let parts = parts.join(", ");
        Some(match goal {
            Goal::Classify => format!(
                "On {set}, {name} names {score} % of unseen images rightly; against it, in \
                 points{interval}: {parts}."
            ),
            Goal::Rebuild => format!(
                "On {set}, {name} rebuilds unseen images at a loss of {score}; against it{interval}, \
                 less being better: {parts}."
            ),
        })
    }

    /// Scores seed by seed, with the differences from the baseline.
    pub(crate) fn differences(&self) -> Section {
        let (baseline, goal) = (self.models.first(), self.goal());
        let rows = self.models.iter().map(|trained| {
            let scores = trained.runs.iter().map(|run| goal.score(run.score()));
            let differences = baseline.map_or_else(Vec::new, |baseline| trained.minus(baseline));
            let of_mean = Spread::of(differences.iter().copied());
            let std = trained.spread(ModelReport::score).map(|spread| match goal {
                Goal::Classify => 100.0 * spread.std,
                Goal::Rebuild => spread.std,
            });
            let is_baseline = baseline.is_some_and(|baseline| baseline.model == trained.model);
            let each = differences.iter().map(|value| goal.difference(*value));
            let each: Vec<String> = each.collect();
            vec![
                trained.model.as_str().into(),
                scores.collect::<Vec<_>>().join(", ").into(),
                goal.score(trained.mean(ModelReport::score)).into(),
                std.into(),
                if is_baseline {
                    "–".into()
                } else {
                    each.join(", ").into()
                },
                match of_mean {
                    Some(spread) if !is_baseline => format!(
                        "{} ± {}",
                        goal.difference(spread.mean),
                        goal.width(margin_of_mean(spread))
                    )
                    .into(),
                    _ => "–".into(),
                },
            ]
        });
        let baseline = baseline.map_or("", |baseline| &baseline.model);
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        Section {
            heading: format!("Against {baseline} on {}", self.data.name),
            tables: vec![SectionTable {
                title: match goal {
                    Goal::Classify => "Accuracy on unseen images (%), seed by seed",
                    Goal::Rebuild => "Loss on unseen images, seed by seed",
                }
                .into(),
                columns: vec![
                    "network".into(),
                    "each seed".into(),
                    "mean".into(),
                    "deviation".into(),
                    format!("minus {baseline}, each seed"),
                    "mean difference".into(),
                ],
                rows: rows.collect(),
                note: format!(
                    "Seeds {}. Equal seeds see the same images in the same order. ±: the 95 % interval \
                     of the mean difference, by Student's distribution.",
                    seeds.join(", ")
                ),
            }],
            ..Section::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::compared;
    use super::*;

    #[test]
    fn differences_are_taken_seed_by_seed() {
        let finding = compared().against_baseline().unwrap();
        assert!(finding.contains("twin names 92.00 %"), "{finding}");
        // The same difference with every seed has no spread, however much the seeds differ.
        assert!(finding.contains("net −1.00 ± 0.00"), "{finding}");
        let table = &compared().differences().tables[0];
        assert_eq!(table.rows[1][4].shown(), "−1.00, −1.00, −1.00");
        assert_eq!(table.rows[0][5].shown(), "–");
    }

    #[test]
    fn what_rebuilds_is_compared_by_its_loss() {
        let mut compared = compared();
        for trained in &mut compared.models {
            for run in &mut trained.runs {
                run.goal = Goal::Rebuild;
                run.loss = (1.0 - run.accuracy) / 10.0;
            }
        }
        let finding = compared.against_baseline().unwrap();
        assert!(finding.contains("at a loss of 0.0080"), "{finding}");
        assert!(finding.contains("net +0.0010 ± 0.0000"), "{finding}");
        let table = &compared.differences().tables[0];
        assert!(table.title.starts_with("Loss"));
        assert_eq!(table.rows[0][2].shown(), "0.0080");
        assert_eq!(table.rows[1][5].shown(), "+0.0010 ± 0.0000");
    }
}
