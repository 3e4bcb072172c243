//! How far predictions are from the truth, step by step.

use serde::{Deserialize, Serialize};

use spectral_lab::data::fields::Samples;

use crate::StudyError;

/// Larger relative errors, and those of predictions that are not finite, count as this one.
pub(crate) const LARGEST: f64 = 10.0;

/// Relative L2 errors `‖p − u‖ / ‖u‖` over the steps of a rollout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Errors {
    /// The mean over the trajectories, after each step.
    pub(crate) mean: Vec<f64>,
    /// The median.
    pub(crate) median: Vec<f64>,
}

impl Errors {
    /// The mean after `steps` steps; NaN beyond the last.
    pub(crate) fn after(&self, steps: usize) -> f64 {
        let error = steps.checked_sub(1).and_then(|step| self.mean.get(step));
        error.copied().unwrap_or(f64::NAN)
    }

    /// The mean after the last step.
    pub(crate) fn last(&self) -> f64 {
        self.after(self.mean.len())
    }

    /// The geometric mean over the first `steps` steps of the mean errors.
    pub(crate) fn geometric_mean(&self, steps: usize) -> f64 {
        let first = &self.mean[..steps.min(self.mean.len())];
        let sum: f64 = first.iter().map(|error| error.ln()).sum();
        (sum / first.len() as f64).exp()
    }

    /// Steps before the mean error first exceeds `limit`; all of them if it never does.
    pub(crate) fn steps_within(&self, limit: f64) -> usize {
        let beyond = self.mean.iter().position(|error| *error > limit);
        beyond.unwrap_or(self.mean.len())
    }
}

/// Predicts all steps of the trajectories from their first states: `step` takes the states of all of them to the next
/// ones, `[trajectory, channel, space…]`. `seen` is called with the number of steps and the predictions.
pub(crate) fn roll_out(
    samples: &Samples,
    mut step: impl FnMut(Vec<f32>) -> Result<Vec<f32>, StudyError>,
    mut seen: impl FnMut(usize, &[f32]),
) -> Result<Errors, StudyError> {
    let count = samples.count();
    let mut states: Vec<f32> = (0..count)
        .flat_map(|trajectory| samples.state(trajectory, 0).iter().copied())
        .collect();
    let size = states.len() / count.max(1);
    let mut errors = Errors::default();
    for time in 1..=samples.steps() {
        states = step(states)?;
        if states.len() != size * count {
            return Err(StudyError::Failed(format!(
                "predicted {} values, expected {}",
                states.len(),
                size * count
            )));
        }
        seen(time, &states);
        let mut of_each: Vec<f64> = (states.chunks_exact(size).enumerate())
            .map(|(trajectory, state)| relative(state, samples.state(trajectory, time)))
            .collect();
        errors.mean.push(of_each.iter().sum::<f64>() / count as f64);
        errors.median.push(median(&mut of_each));
    }
    Ok(errors)
}

fn relative(prediction: &[f32], truth: &[f32]) -> f64 {
    let square = |value: f64| value * value;
    let (mut difference, mut size) = (0.0, 0.0);
    for (p, u) in prediction.iter().zip(truth) {
        let [p, u] = [*p, *u].map(f64::from);
        difference += square(p - u);
        size += square(u);
    }
    let error = (difference / size).sqrt();
    // Of NaN and a number, the number.
    error.min(LARGEST)
}

/// The median; sorts the values.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => 0.5 * (values[middle - 1] + values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::data::fields::Fields;

    /// Three trajectories of four states of two points: constants that grow by 1.
    fn samples() -> Samples {
        let values = (0..3).flat_map(|trajectory| {
            (0..4).flat_map(move |time| [(1 + trajectory + time) as f32; 2])
        });
        Samples::Trajectories(Fields {
            values: values.collect(),
            shape: vec![3, 4, 1, 2],
        })
    }

    #[test]
    fn errors_are_those_of_all_steps_from_the_first_state() {
        let add = |value: f32| {
            move |states: Vec<f32>| Ok(states.into_iter().map(|u| u + value).collect())
        };
        let mut seen = Vec::new();
        let exact = roll_out(&samples(), add(1.0), |time, states| {
            seen.push((time, states.to_vec()));
        });
        assert_eq!(exact.unwrap().mean, [0.0; 3]);
        assert_eq!(seen[2], (3, vec![4.0, 4.0, 5.0, 5.0, 6.0, 6.0]));
        let errors = roll_out(&samples(), add(2.0), |_, _| {}).unwrap();
        // After two steps 2/3, 2/4 and 2/5.
        assert!((errors.median[1] - 0.5).abs() < 1e-12);
        assert!((errors.mean[1] - (2.0 / 3.0 + 0.5 + 0.4) / 3.0).abs() < 1e-12);
        assert_eq!(errors.after(2), errors.mean[1]);
        assert!(errors.after(4).is_nan() && errors.after(0).is_nan());
    }

    #[test]
    fn predictions_that_are_not_finite_have_the_largest_error() {
        for value in [f32::NAN, f32::INFINITY, 1e30] {
            let errors = roll_out(
                &samples(),
                |states| Ok(vec![value; states.len()]),
                |_, _| {},
            );
            assert_eq!(errors.unwrap().mean, [LARGEST; 3], "{value}");
        }
        let error = roll_out(&samples(), |_| Ok(vec![0.0; 5]), |_, _| {}).unwrap_err();
        assert!(error.to_string().contains("5 values, expected 6"));
    }

    #[test]
    fn errors_are_summed_up_over_time() {
        let errors = Errors {
            mean: vec![0.1, 0.4, 1.6],
            median: vec![0.0; 3],
        };
        assert!((errors.geometric_mean(2) - 0.2).abs() < 1e-12);
        assert!((errors.geometric_mean(100) - 0.4).abs() < 1e-12);
        assert_eq!(errors.steps_within(0.5), 2);
        assert_eq!(errors.steps_within(2.0), 3);
        assert_eq!(median(&mut [3.0, 1.0]), 2.0);
    }
}
