//! A comparison in words, as a table and as lines.

use crate::report::{
    ChartKind, EpochReport, Line, Point, Section, SectionChart, SectionTable, Spread,
    chance::margin_of_mean,
};

use super::{Compared, Trained};

/// A share in per cent.
pub(in crate::study) fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share).replace('-', "−")
}

/// A difference of shares in points.
pub(in crate::study) fn points(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{:.2}", (100.0 * value).abs())
}

impl Trained {
    /// Accuracy minus that of the baseline, seed by seed.
    pub(in crate::study) fn minus(&self, baseline: &Trained) -> Vec<f64> {
        let pairs = self.runs.iter().zip(&baseline.runs);
        pairs
            .map(|(run, baseline)| run.accuracy - baseline.accuracy)
            .collect()
    }

    /// The mean of a figure over the seeds, epoch by epoch.
    pub(in crate::study) fn curve(&self, figure: fn(&EpochReport) -> f64) -> Vec<Point> {
        let epochs = self.runs.iter().map(|run| run.history.len());
        let mean = |epoch: usize| {
            let sum: f64 = (self.runs.iter())
                .map(|run| figure(&run.history[epoch]))
                .sum();
            sum / self.runs.len() as f64
        };
        (0..epochs.min().unwrap_or(0))
            .map(|epoch| Point {
                x: (epoch + 1) as f64,
                y: mean(epoch),
            })
            .collect()
    }
}

impl Compared {
    /// The accuracy of the baseline and what the others differ from it by; nothing of no network.
    pub(in crate::study) fn against_baseline(&self) -> Option<String> {
        let (baseline, others) = self.models.split_first()?;
        let set = &self.data.name;
        let mut parts = Vec::new();
        for other in others {
            let differences = other.minus(baseline);
            let mean = differences.iter().sum::<f64>() / differences.len().max(1) as f64;
            let spread = Spread::of(differences.into_iter());
            let how = spread.map_or_else(String::new, |spread| {
                format!(" ± {:.2}", 100.0 * margin_of_mean(spread))
            });
            parts.push(format!("{} {}{how}", other.model, points(mean)));
        }
        let interval = match self.seeds.len() {
            2.. => " (± 95 % interval of the mean of paired differences)",
            _ => "",
        };
        Some(format!(
            "On {set}, {} names {:.2} % of unseen images rightly; against it, in points{interval}: {}.",
            baseline.model,
            100.0 * baseline.mean(|run| run.accuracy),
            parts.join(", ")
        ))
    }

    /// Accuracies seed by seed, with the differences from the baseline.
    pub(in crate::study) fn differences(&self) -> Section {
        let baseline = self.models.first();
        let rows = self.models.iter().map(|trained| {
            let accuracies = trained.runs.iter().map(|run| percent(run.accuracy));
            let differences = baseline.map_or_else(Vec::new, |baseline| trained.minus(baseline));
            let of_mean = Spread::of(differences.iter().copied());
            let std = trained
                .spread(|run| run.accuracy)
                .map(|spread| 100.0 * spread.std);
            let is_baseline = baseline.is_some_and(|baseline| baseline.model == trained.model);
            let each: Vec<String> = differences.iter().map(|value| points(*value)).collect();
            vec![
                trained.model.as_str().into(),
                accuracies.collect::<Vec<_>>().join(", ").into(),
                percent(trained.mean(|run| run.accuracy)).into(),
                std.into(),
                if is_baseline {
                    "–".into()
                } else {
                    each.join(", ").into()
                },
                match of_mean {
                    Some(spread) if !is_baseline => format!(
                        "{} ± {:.2}",
                        points(spread.mean),
                        100.0 * margin_of_mean(spread)
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
                title: "Accuracy on unseen images (%), seed by seed".into(),
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

    /// A figure by epoch, a line a network, means over the seeds times `factor`.
    pub(in crate::study) fn curves(
        &self,
        title: &str,
        factor: f64,
        figure: fn(&EpochReport) -> f64,
    ) -> SectionChart {
        let lines = self.models.iter().enumerate().map(|(index, trained)| Line {
            name: trained.model.clone(),
            group: index,
            dashed: false,
            points: (trained.curve(figure).into_iter())
                .map(|at| Point {
                    y: factor * at.y,
                    ..at
                })
                .collect(),
        });
        SectionChart {
            title: title.into(),
            note: "Means over the seeds.".into(),
            kind: ChartKind::Lines {
                x: "epoch".into(),
                logarithmic: false,
                lines: lines.collect(),
            },
            file: None,
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
    fn curves_are_means_over_the_seeds() {
        let chart = compared().curves("Accuracy (%)", 100.0, |epoch| epoch.test_accuracy);
        let ChartKind::Lines { lines, .. } = chart.kind else {
            panic!("{chart:?}")
        };
        assert_eq!(lines.len(), 3);
        assert!((lines[0].points[0].y - 92.0).abs() < 1e-9);
    }
}
