//! Errors over the steps of a rollout.

use serde::Serialize;

use super::bands::is_finite;

/// Steps of the geometric mean.
const FIRST: usize = 100;

/// The relative L2 errors of a prediction at each step, over all samples.
///
/// The error of a sample is `‖prediction − truth‖ / ‖truth‖` over channels and space. From the first
/// step at which its prediction is not finite, a sample counts as diverged, with an infinite error.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Curve {
    /// The mean at each step; infinite from the step at which a sample diverges.
    pub mean: Vec<f64>,
    /// The median at each step.
    pub median: Vec<f64>,
    /// The largest at each step.
    pub worst: Vec<f64>,
    /// How many samples have diverged by each step.
    pub diverged: Vec<usize>,
    /// The geometric mean of the mean errors of the first 100 steps (the main metric of APEBench,
    /// Koehler et al. 2024); none if one is infinite.
    pub geometric_mean: Option<f64>,
    /// The first step whose mean error exceeds 0.5.
    pub above_half: Option<usize>,
    /// The first step whose mean error exceeds 1, the error of predicting zero.
    pub above_one: Option<usize>,
}

/// A curve in the making.
#[derive(Debug, Clone)]
pub(super) struct CurveBuilder {
    curve: Curve,
    /// The samples that have diverged.
    lost: Vec<bool>,
}

impl CurveBuilder {
    pub(super) fn new(samples: usize) -> Self {
        Self {
            curve: Curve::default(),
            lost: vec![false; samples],
        }
    }

    /// Adds a step. Truth and prediction hold as many values per sample.
    pub(super) fn push(&mut self, truth: &[f32], prediction: &[f32]) {
        let values = truth.len() / self.lost.len();
        let samples = truth.chunks(values).zip(prediction.chunks(values));
        let mut errors: Vec<f64> = (self.lost.iter_mut().zip(samples))
            .map(|(lost, (truth, prediction))| {
                *lost |= !is_finite(prediction);
                match *lost {
                    true => f64::INFINITY,
                    false => relative_l2(truth, prediction),
                }
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        let count = errors.len();
        let middle = [errors[(count - 1) / 2], errors[count / 2]];
        let curve = &mut self.curve;
        curve.mean.push(errors.iter().sum::<f64>() / count as f64);
        curve.median.push(0.5 * (middle[0] + middle[1]));
        curve.worst.push(errors[count - 1]);
        curve
            .diverged
            .push(self.lost.iter().filter(|&&lost| lost).count());
    }

    /// The curve over these steps, one per push.
    pub(super) fn finish(mut self, steps: &[usize]) -> Curve {
        let curve = &mut self.curve;
        let first = (steps.iter().zip(&curve.mean)).filter(|(step, _)| **step <= FIRST);
        let logarithms: Vec<f64> = first.map(|(_, mean)| mean.ln()).collect();
        let mean = (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp();
        curve.geometric_mean = Some(mean).filter(|mean| mean.is_finite());
        let above = |level: f64| {
            let at = curve.mean.iter().position(|&mean| mean > level)?;
            steps.get(at).copied()
        };
        (curve.above_half, curve.above_one) = (above(0.5), above(1.0));
        self.curve
    }
}

/// The norm of the difference over that of the truth; 0 if both are 0.
fn relative_l2(truth: &[f32], prediction: &[f32]) -> f64 {
    let (mut difference, mut whole) = (0.0, 0.0);
    for (&truth, &prediction) in truth.iter().zip(prediction) {
        let (truth, prediction) = (f64::from(truth), f64::from(prediction));
        difference += (prediction - truth).powi(2);
        whole += truth * truth;
    }
    match difference == 0.0 {
        true => 0.0,
        false => (difference / whole).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A curve of samples of one value each, whose truth is 1.
    fn curve(steps: &[[f32; 4]]) -> Curve {
        let mut builder = CurveBuilder::new(4);
        for step in steps {
            builder.push(&[1.0; 4], step);
        }
        builder.finish(&(1..=steps.len()).collect::<Vec<_>>())
    }

    #[test]
    fn statistics_are_those_worked_by_hand() {
        let curve = curve(&[[1.0, 1.5, 2.0, 5.0], [1.0, 1.0, 1.0, 3.0]]);
        // Errors 0, 0.5, 1, 4 and 0, 0, 0, 2.
        assert_eq!(curve.mean, [1.375, 0.5]);
        assert_eq!(curve.median, [0.75, 0.0]);
        assert_eq!(curve.worst, [4.0, 2.0]);
        assert_eq!((curve.above_half, curve.above_one), (Some(1), Some(1)));
        let mean = curve.geometric_mean.unwrap();
        assert!((mean - (1.375f64 * 0.5).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_sample_that_diverges_stays_so_and_the_median_is_that_of_the_others() {
        let lost = [1.25, 1.25, 1.25, f32::NAN];
        let curve = curve(&[[1.25; 4], lost, [1.25; 4]]);
        assert_eq!(curve.mean, [0.25, f64::INFINITY, f64::INFINITY]);
        assert_eq!(curve.median, [0.25; 3]);
        assert_eq!(curve.diverged, [0, 1, 1]);
        assert_eq!((curve.above_half, curve.above_one), (Some(2), Some(2)));
        assert_eq!(curve.geometric_mean, None);
    }

    #[test]
    fn only_the_first_hundred_steps_enter_the_geometric_mean() {
        let steps: Vec<[f32; 4]> = (0..150)
            .map(|i| [if i < 100 { 1.5 } else { 9.0 }; 4])
            .collect();
        let curve = curve(&steps);
        assert!((curve.geometric_mean.unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(curve.above_one, Some(101));
    }

    #[test]
    fn norms_neither_overflow_nor_divide_zero_by_zero() {
        assert_eq!(relative_l2(&[0.0; 3], &[0.0; 3]), 0.0);
        assert_eq!(relative_l2(&[0.0], &[1.0]), f64::INFINITY);
        let error = relative_l2(&[f32::MAX, 0.0], &[-f32::MAX, 0.0]);
        assert!((error - 2.0).abs() < 1e-12);
    }
}
