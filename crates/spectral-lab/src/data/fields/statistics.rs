//! Statistics of fields.

use serde::Serialize;

use super::samples::Samples;

/// Mean, standard deviation and range of each channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldStatistics {
    /// Mean per channel.
    pub mean: Vec<f32>,
    /// Standard deviation (of the population) per channel.
    pub std: Vec<f32>,
    /// Least value per channel.
    pub min: Vec<f32>,
    /// Greatest value per channel.
    pub max: Vec<f32>,
}

impl FieldStatistics {
    /// The statistics of each of `groups`: values are `[…, group, point]`.
    pub(super) fn of(values: &[f32], groups: usize, points: usize) -> Self {
        let chunks = || {
            values
                .chunks_exact(points)
                .enumerate()
                .map(|(at, chunk)| (at % groups, chunk))
        };
        let count = (values.len() / (groups * points)).max(1) as f64 * points as f64;
        let mut mean = vec![0.0; groups];
        let (mut min, mut max) = (vec![f32::INFINITY; groups], vec![f32::NEG_INFINITY; groups]);
        for (group, chunk) in chunks() {
            for &value in chunk {
                mean[group] += f64::from(value);
                min[group] = min[group].min(value);
                max[group] = max[group].max(value);
            }
        }
        mean.iter_mut().for_each(|mean| *mean /= count);
        // About the mean, which loses no digits where it is large.
        let mut squares = vec![0.0; groups];
        for (group, chunk) in chunks() {
            let about = |value: &f32| (f64::from(*value) - mean[group]).powi(2);
            squares[group] += chunk.iter().map(about).sum::<f64>();
        }
        let std = squares
            .iter()
            .map(|sum| (sum / count).sqrt() as f32)
            .collect();
        let mean = mean.into_iter().map(|mean| mean as f32).collect();
        Self {
            mean,
            std,
            min,
            max,
        }
    }
}

impl Samples {
    /// Statistics of inputs and targets per channel; of trajectories both are of all states.
    pub fn statistics(&self) -> [FieldStatistics; 2] {
        let of = |values: &[f32], shape: &[usize]| {
            FieldStatistics::of(values, shape[0], shape[1..].iter().product())
        };
        match self {
            Self::Pairs { inputs, targets } => [
                of(&inputs.values, &inputs.shape[1..]),
                of(&targets.values, &targets.shape[1..]),
            ],
            Self::Trajectories(states) => {
                let statistics = of(&states.values, &states.shape[2..]);
                [statistics.clone(), statistics]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::Fields;
    use super::*;

    #[test]
    fn statistics_are_those_of_each_channel() {
        let inputs = Fields {
            // Two samples, two channels, two points.
            values: vec![0.0, 2.0, 1e6, 1e6 + 1.0, 4.0, 2.0, 1e6, 1e6 + 1.0],
            shape: vec![2, 2, 2],
        };
        let targets = inputs.clone();
        let [x, _] = Samples::Pairs { inputs, targets }.statistics();
        assert_eq!(x.mean, [2.0, 1e6 + 0.5]);
        assert_eq!(x.std, [2f32.sqrt(), 0.5]);
        assert_eq!((x.min, x.max), (vec![0.0, 1e6], vec![4.0, 1e6 + 1.0]));
    }
}
