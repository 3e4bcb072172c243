//! How networks stand beside their baseline, as figures for a page.

use serde::Serialize;

use spectral_lab::report::{Goal, ModelReport, Spread, Value, chance::margin_of_mean};

use super::score::ScoreFormat;
use super::{Compared, Trained};
use crate::kit::{Table, row};

/// The figures that the macros in `comparison.md.jinja` use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Standing {
    /// The name of the data set.
    pub(crate) set: String,
    /// The name of the table of differences.
    pub(crate) table: String,
    goal: Goal,
    pub(crate) seeds: Vec<u64>,
    pub(crate) baseline: String,
    /// The mean score of the baseline.
    pub(crate) score: f64,
    pub(crate) others: Vec<Difference>,
    /// Models whose difference is not significant; nothing is known of those with one seed.
    pub(crate) insignificant: Vec<String>,
}

/// How much a network's score differs from that of the baseline, seed by seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Difference {
    pub(crate) model: String,
    /// The mean of the paired differences.
    pub(crate) mean: f64,
    /// The half-width of its 95 % interval, where there are several seeds.
    pub(crate) margin: Option<f64>,
}

impl Difference {
    /// The difference of `of` from `baseline`.
    pub(crate) fn between(of: &Trained, baseline: &Trained) -> Self {
        let differences = of.minus(baseline);
        Self {
            model: of.model.clone(),
            mean: differences.iter().sum::<f64>() / differences.len().max(1) as f64,
            margin: Spread::of(differences.into_iter()).map(margin_of_mean),
        }
    }

    /// Whether it is larger than chance; unknown with one seed.
    pub(crate) fn is_significant(&self) -> Option<bool> {
        self.margin.map(|margin| self.mean.abs() > margin)
    }
}

impl Compared {
    /// The first network beside the others; `name` is that of the comparison on its page.
    pub(crate) fn standing(&self, name: &str) -> Standing {
        let others = self.models.iter().skip(1);
        let others: Vec<Difference> = others
            .map(|other| Difference::between(other, &self.models[0]))
            .collect();
        let insignificant = others
            .iter()
            .filter(|one| one.is_significant() == Some(false));
        Standing {
            set: self.data.name.clone(),
            table: format!("{name}/differences"),
            goal: self.goal(),
            seeds: self.seeds.clone(),
            baseline: self.models[0].model.clone(),
            score: self.models[0].mean(ModelReport::score),
            insignificant: insignificant.map(|one| one.model.clone()).collect(),
            others,
        }
    }

    /// Scores seed by seed with the differences from the baseline; the columns are named in
    /// `comparison.md.jinja`.
    pub(crate) fn table(&self) -> Table {
        let (baseline, goal) = (&self.models[0], self.goal());
        let rows = self.models.iter().map(|trained| {
            let scores = trained.runs.iter().map(|run| goal.score(run.score()));
            let std = trained.spread(ModelReport::score).map(|spread| match goal {
                Goal::Classify => 100.0 * spread.std,
                Goal::Rebuild | Goal::Predict => spread.std,
            });
            let (mut each, mut mean) = (Value::from("–"), Value::from("–"));
            if trained.model != baseline.model {
                let differences = trained.minus(baseline);
                let differences = differences.iter().map(|value| goal.difference(*value));
                each = differences.collect::<Vec<_>>().join(", ").into();
                let of_mean = Difference::between(trained, baseline);
                if let Some(margin) = of_mean.margin {
                    let [value, width] = [goal.difference(of_mean.mean), goal.width(margin)];
                    mean = format!("{value} ± {width}").into();
                }
            }
            row![
                trained.model.as_str(),
                scores.collect::<Vec<_>>().join(", "),
                goal.score(trained.mean(ModelReport::score)),
                std,
                each,
                mean,
            ]
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::compared;
    use super::*;
    use crate::kit::Page;
    use spectral_lab::report::{Block, Report};

    fn page(compared: Compared) -> Report {
        let template = "# T\n{% import \"comparison\" as comparison %}\n{{ comparison.finding(c) }}\n\
                        ## S\n{{ comparison.differences(c) }}\n";
        let mut page = Page::new();
        let figures = serde_json::json!({"c": page.comparison("x", compared)});
        page.fill(&crate::studies()[0], false, template, &figures)
            .unwrap()
    }

    #[test]
    fn differences_are_taken_seed_by_seed() {
        let page = page(compared());
        // The same difference with every seed has no spread, however much the seeds differ.
        assert_eq!(
            page.summary,
            [
                "On mnist, twin reaches 92.00 % test accuracy. Difference from it in percentage points \
              (mean paired difference ± 95 % confidence interval): net −1.00 ± 0.00, \
              net-half −12.00 ± 4.97."
            ]
        );
        let Block::Table(table) = &page.sections[0].blocks[0] else {
            panic!("{page:?}")
        };
        assert_eq!(table.title, "Test accuracy (%) per seed");
        assert_eq!(table.rows[1][4].shown(), "−1.00, −1.00, −1.00");
        assert_eq!(table.rows[1][5].shown(), "−1.00 ± 0.00");
        assert_eq!(table.rows[0][5].shown(), "–");
        assert!(table.note.starts_with("Seeds 0, 1, 2. "), "{}", table.note);
        assert_eq!(page.data_sets[0].models.len(), 3);
    }

    #[test]
    fn a_difference_within_its_interval_is_not_significant() {
        let mut compared = compared();
        compared.models[1].runs[0].accuracy = 0.91;
        let summary = page(compared).summary.concat();
        assert!(
            summary.ends_with("No significant difference with 3 seeds: net."),
            "{summary}"
        );
    }

    #[test]
    fn one_seed_has_no_interval() {
        let mut compared = compared();
        compared.seeds.truncate(1);
        compared
            .models
            .iter_mut()
            .for_each(|trained| trained.runs.truncate(1));
        let summary = page(compared).summary.concat();
        assert!(
            summary.contains("percentage points: net −1.00, net-half −10.00. With one seed,"),
            "{summary}"
        );
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
        let page = page(compared);
        let summary = page.summary.concat();
        assert!(summary.contains("a test loss of 0.0080"), "{summary}");
        assert!(summary.contains("net +0.0010 ± 0.0000"), "{summary}");
        let Block::Table(table) = &page.sections[0].blocks[0] else {
            panic!("{page:?}")
        };
        assert!(table.title.starts_with("Test loss"));
        assert_eq!(table.rows[0][2].shown(), "0.0080");
        assert_eq!(table.rows[1][5].shown(), "+0.0010 ± 0.0000");
    }
}
