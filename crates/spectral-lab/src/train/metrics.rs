//! Metrics: of classifiers, from the confusion matrix; of operators, relative errors.

use serde::{Deserialize, Serialize};

/// A confusion matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfusionMatrix {
    rows: Vec<Vec<u64>>,
}

/// The usual metrics, each in 0..1. Precision, recall and F1 are averaged over the classes,
/// weighted by class size; a division by zero counts as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The share of images classified correctly.
    pub accuracy: f64,
    /// Of the images predicted as a class, the share that belong to it.
    pub precision: f64,
    /// Of the images of a class, the share that were predicted as it.
    pub recall: f64,
    /// The harmonic mean of precision and recall, per class.
    pub f1: f64,
}

/// Errors of predicted fields, each relative to the norm of the true field and averaged over the
/// samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldErrors {
    /// In L2: `‖p − u‖ / ‖u‖`.
    pub l2: f64,
    /// In H1: the same with `‖u‖² + ‖∇u‖²` in place of `‖u‖²`.
    pub h1: f64,
}

impl ConfusionMatrix {
    /// An empty matrix for `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self {
            rows: vec![vec![0; classes]; classes],
        }
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.rows.len()
    }

    /// The counts: one row per true class, one column per predicted class.
    pub fn rows(&self) -> &[Vec<u64>] {
        &self.rows
    }

    /// Counts one image. Returns whether both classes exist; if not, nothing is counted.
    pub fn add(&mut self, truth: usize, predicted: usize) -> bool {
        match self.rows.get_mut(truth).and_then(|r| r.get_mut(predicted)) {
            Some(count) => {
                *count += 1;
                true
            }
            None => false,
        }
    }

    /// The number of images counted.
    pub fn total(&self) -> u64 {
        self.rows.iter().flatten().sum()
    }

    /// The number of images classified correctly.
    pub fn correct(&self) -> u64 {
        self.rows.iter().enumerate().map(|(i, row)| row[i]).sum()
    }

    /// Accuracy, and precision, recall and F1 weighted by class size.
    pub fn scores(&self) -> Scores {
        let total = self.total();
        let mut scores = Scores {
            accuracy: ratio(self.correct(), total),
            ..Scores::default()
        };
        for class in 0..self.classes() {
            let support: u64 = self.rows[class].iter().sum();
            let weight = ratio(support, total);
            let (precision, recall, f1) = self.class_scores(class);
            scores.precision += weight * precision;
            scores.recall += weight * recall;
            scores.f1 += weight * f1;
        }
        scores
    }

    /// Precision, recall and F1 of one class.
    fn class_scores(&self, class: usize) -> (f64, f64, f64) {
        let hits = self.rows[class][class];
        let support: u64 = self.rows[class].iter().sum();
        let predicted: u64 = self.rows.iter().map(|row| row[class]).sum();
        (
            ratio(hits, predicted),
            ratio(hits, support),
            ratio(2 * hits, support + predicted),
        )
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(truth: &[usize], predicted: &[usize], classes: usize) -> ConfusionMatrix {
        let mut matrix = ConfusionMatrix::new(classes);
        for (&t, &p) in truth.iter().zip(predicted) {
            assert!(matrix.add(t, p));
        }
        matrix
    }

    #[track_caller]
    fn assert_close(got: f64, expected: f64) {
        assert!(
            (got - expected).abs() < 1e-12,
            "{got} instead of {expected}"
        );
    }

    #[test]
    fn rows_are_true_classes_and_columns_predicted_ones() {
        let matrix = matrix(&[0, 0, 1], &[0, 1, 1], 2);
        assert_eq!(matrix.rows(), &[vec![1, 1], vec![0, 1]]);
        assert_eq!(matrix.total(), 3);
        assert_eq!(matrix.correct(), 2);
    }

    #[test]
    fn scores_of_a_small_example_are_those_worked_by_hand() {
        // Rows: [2 1 0], [0 2 0], [1 1 2]; supports 3, 2, 4; predicted 3, 4, 2.
        let matrix = matrix(
            &[0, 0, 0, 1, 1, 2, 2, 2, 2],
            &[0, 0, 1, 1, 1, 0, 2, 2, 1],
            3,
        );
        let scores = matrix.scores();
        assert_close(scores.accuracy, 6.0 / 9.0);
        // (3·2/3 + 2·1/2 + 4·1) / 9
        assert_close(scores.precision, 7.0 / 9.0);
        // (3·2/3 + 2·1 + 4·1/2) / 9
        assert_close(scores.recall, 6.0 / 9.0);
        // F1: 2/3, 2/3, 2/3.
        assert_close(scores.f1, 2.0 / 3.0);
    }

    #[test]
    fn a_class_never_predicted_has_precision_zero_and_an_absent_class_no_weight() {
        // Class 1 is never predicted, class 2 never occurs but is predicted once.
        let scores = matrix(&[0, 0, 1, 1], &[0, 0, 0, 2], 3).scores();
        assert_close(scores.accuracy, 0.5);
        assert_close(scores.precision, 0.5 * 2.0 / 3.0);
        assert_close(scores.recall, 0.5);
        assert_close(scores.f1, 0.5 * 0.8);
    }

    #[test]
    fn an_empty_matrix_scores_zero() {
        assert_eq!(ConfusionMatrix::new(4).scores(), Scores::default());
    }

    #[test]
    fn a_class_outside_the_matrix_is_not_counted() {
        let mut matrix = ConfusionMatrix::new(2);
        assert!(!matrix.add(2, 0));
        assert!(!matrix.add(0, 2));
        assert_eq!(matrix.total(), 0);
    }
}
