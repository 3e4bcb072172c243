//! Ranks models and compares them with the baseline.

use super::{DataSetReport, Goal, ModelReport, format};

/// The standard normal's 97.5 % quantile, for two-sided 95 % intervals.
const Z95: f64 = 1.959_964;

/// A model's row in the results of its data set.
pub(super) struct Row<'a> {
    /// The model.
    pub model: &'a ModelReport,
    /// Its index in [`DataSetReport::models`], which also determines its color.
    pub index: usize,
    /// Whether no other model has a better score (as shown, so ties share it).
    pub best: bool,
    /// Epoch time relative to the baseline's; NaN if either is unknown.
    pub time_ratio: f64,
    /// The interval of the score: its range over the seeds; for one seed the 95 % confidence
    /// interval of the accuracy, from the number of test images.
    pub interval: Option<(f64, f64)>,
}

/// The models by falling accuracy, or by rising loss or error; those without one last, ties in the
/// order given.
pub(super) fn rows(data: &DataSetReport) -> Vec<Row<'_>> {
    let decimals = decimals(data);
    let shown = |model: &ModelReport| score(model, decimals);
    let best = (data.models.iter())
        .filter(|model| model.score().is_finite())
        .max_by(|a, b| merit(a).total_cmp(&merit(b)))
        .map(shown);
    let baseline = data.models.first().map_or(f64::NAN, |model| model.epoch_s);
    let mut rows: Vec<_> = (data.models.iter().enumerate())
        .map(|(index, model)| Row {
            model,
            index,
            best: model.score().is_finite() && best.as_ref() == Some(&shown(model)),
            time_ratio: time_ratio(model.epoch_s, baseline),
            interval: ends(model, data.test_count),
        })
        .collect();
    rows.sort_by(|a, b| merit(b.model).total_cmp(&merit(a.model)));
    rows
}

/// The sort key; models without a score have the smallest.
fn merit(model: &ModelReport) -> f64 {
    match model.score() {
        score if !score.is_finite() => f64::NEG_INFINITY,
        score if model.goal.rewards_large() => score,
        score => -score,
    }
}

/// A model's score as shown: the accuracy in percent, the loss or the error.
pub(super) fn score(model: &ModelReport, decimals: usize) -> String {
    shown(model.score(), model.goal, decimals)
}

/// The standard deviation of the score over the seeds, as shown after `±`.
pub(super) fn deviation(model: &ModelReport, decimals: usize) -> Option<String> {
    let std = model.spread()?.std;
    Some(match model.goal {
        Goal::Classify => format::percent(std, decimals),
        // With as many digits as the score, unless that has an exponent.
        Goal::Rebuild | Goal::Predict => {
            let score = score(model, decimals);
            if score.contains('e') {
                return Some(format::significant(std));
            }
            let places = score.split_once('.').map_or(0, |(_, places)| places.len());
            format!("{std:.places$}")
        }
    })
}

/// A second metric as shown: F1 in percent or the relative H1 error.
pub(super) fn second(model: &ModelReport, decimals: usize) -> Option<String> {
    match model.goal {
        Goal::Classify => Some(format::percent(model.f1, decimals)),
        Goal::Rebuild => None,
        Goal::Predict => Some(format::significant(second_value(model))),
    }
}

/// The second metric, NaN if there is none.
pub(super) fn second_value(model: &ModelReport) -> f64 {
    match model.goal {
        Goal::Classify => model.f1,
        Goal::Rebuild => f64::NAN,
        Goal::Predict => model.h1.unwrap_or(f64::NAN),
    }
}

/// A score or a difference of scores in the unit of the goal.
pub(super) fn shown(value: f64, goal: Goal, decimals: usize) -> String {
    match goal {
        Goal::Classify => format::percent(value, decimals),
        Goal::Rebuild | Goal::Predict => format::significant(value),
    }
}

fn ends(model: &ModelReport, test_count: usize) -> Option<(f64, f64)> {
    match (model.spread(), model.goal) {
        (Some(spread), _) => Some((spread.min, spread.max)),
        (None, Goal::Classify) if model.seeds.is_empty() => interval(model.accuracy, test_count),
        _ => None,
    }
}

/// Decimals of a percentage: no more than the test set can resolve.
pub(super) fn decimals(data: &DataSetReport) -> usize {
    if data.test_count < 5000 { 1 } else { 2 }
}

fn time_ratio(seconds: f64, baseline: f64) -> f64 {
    let ratio = seconds / baseline;
    if baseline > 0.0 && ratio.is_finite() {
        ratio
    } else {
        f64::NAN
    }
}

/// The 95 % score interval of a proportion `p` observed in `n` draws (Wilson 1927); it stays within
/// 0 and 1 and is reliable for `p` near either.
fn interval(p: f64, n: usize) -> Option<(f64, f64)> {
    if n == 0 || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let n = n as f64;
    let z2 = Z95 * Z95;
    let center = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    Some(((center - half).max(0.0), (center + half).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn data(accuracies: &[f64]) -> DataSetReport {
        DataSetReport {
            test_count: 1000,
            models: (accuracies.iter().enumerate())
                .map(|(i, &accuracy)| fixture::model(&format!("m{i}"), accuracy))
                .collect(),
            ..DataSetReport::default()
        }
    }

    #[test]
    fn models_are_sorted_by_accuracy_and_unknown_ones_come_last() {
        let data = data(&[f64::NAN, 0.5, f64::INFINITY, 0.9, f64::NEG_INFINITY]);
        let order: Vec<_> = rows(&data).iter().map(|row| row.index).collect();
        assert_eq!(order, [3, 1, 0, 2, 4]);
    }

    #[test]
    fn only_the_most_accurate_is_best_and_equals_share_it() {
        let data = data(&[0.9, 0.9004, 0.8, f64::NAN]);
        let best: Vec<_> = (rows(&data).iter())
            .filter(|row| row.best)
            .map(|row| row.index)
            .collect();
        assert_eq!(best, [1, 0], "0.9004 and 0.9 both read 90.0 %");
    }

    #[test]
    fn of_models_that_rebuild_the_least_loss_is_best() {
        let data = DataSetReport {
            models: [0.2, f64::NAN, 0.0625, 0.1]
                .map(|loss| fixture::rebuilding("m", loss))
                .to_vec(),
            ..DataSetReport::default()
        };
        let rows = rows(&data);
        let order: Vec<_> = rows.iter().map(|row| row.index).collect();
        assert_eq!(order, [2, 3, 0, 1]);
        assert!(rows[0].best && rows.iter().filter(|row| row.best).count() == 1);
        assert_eq!(score(rows[0].model, 1), "0.0625");
        assert_eq!(rows[0].interval, None);
    }

    #[test]
    fn of_models_that_predict_the_least_error_is_best() {
        let data = DataSetReport {
            models: [Some(0.2), None, Some(0.0625), Some(f64::NAN)]
                .map(|l2| ModelReport {
                    l2,
                    ..fixture::predicting("m", 1.0)
                })
                .to_vec(),
            ..DataSetReport::default()
        };
        let rows = rows(&data);
        let order: Vec<_> = rows.iter().map(|row| row.index).collect();
        assert_eq!(order, [2, 0, 1, 3]);
        assert!(rows[0].best && rows.iter().filter(|row| row.best).count() == 1);
        assert_eq!(score(rows[0].model, 1), "0.0625");
        assert_eq!(second(rows[0].model, 1).unwrap(), "2.00");
    }

    #[test]
    fn deviations_of_tiny_errors_have_an_exponent_too() {
        let mut model = fixture::predicting("m", 2e-5);
        model.seeds = fixture::error_seeds(&[1e-5, 3e-5]);
        assert_eq!(score(&model, 1), "2.0e−5");
        assert_eq!(deviation(&model, 1).unwrap(), "1.4e−5");
    }

    #[test]
    fn several_seeds_give_their_ends_and_their_deviation() {
        let mut data = data(&[0.5]);
        data.models[0].seeds = fixture::seeds(&[0.4, 0.5, 0.6]);
        assert_eq!(rows(&data)[0].interval, Some((0.4, 0.6)));
        assert_eq!(deviation(&data.models[0], 1).unwrap(), "10.0");
        let mut rebuilding = fixture::rebuilding("m", 0.0623);
        rebuilding.seeds = fixture::seeds(&[0.93, 0.94]);
        assert_eq!(deviation(&rebuilding, 1).unwrap(), "0.0071");
        data.models[0].seeds[1].accuracy = f64::NAN;
        assert_eq!(rows(&data)[0].interval, None);
    }

    #[test]
    fn no_model_is_best_when_none_has_an_accuracy() {
        assert!(
            rows(&data(&[f64::NAN, f64::NAN]))
                .iter()
                .all(|row| !row.best)
        );
    }

    #[test]
    fn times_are_relative_to_the_first_model() {
        let mut data = data(&[0.1, 0.2]);
        data.models[0].epoch_s = 4.0;
        data.models[1].epoch_s = 10.0;
        assert_eq!(rows(&data)[0].time_ratio, 2.5);
        data.models[0].epoch_s = 0.0;
        assert!(rows(&data)[0].time_ratio.is_nan());
    }

    #[test]
    fn the_score_interval_solves_its_defining_equation() {
        for (p, n) in [(0.93, 1000), (1.0, 50), (0.0, 50), (0.5, 3)] {
            let (low, high) = interval(p, n).unwrap();
            assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
            for bound in [low, high] {
                // At either end, the observation is Z95 standard errors (of the bound) away.
                let distance = (p - bound).powi(2) * n as f64;
                let error = Z95 * Z95 * bound * (1.0 - bound);
                assert!(
                    (distance - error).abs() < 1e-9,
                    "{p} {n} {bound}: {distance} {error}"
                );
            }
        }
        assert_eq!(interval(f64::NAN, 10), None);
        assert_eq!(interval(0.5, 0), None);
    }
}
