//! The best linear map from permeabilities to solutions: ridge regression.

use spectral_lab::data::fields::{FieldSymmetry, Fields, Samples};

use super::cholesky::Cholesky;
use crate::StudyError;
use crate::kit::field_network::pairs;
use crate::kit::grids::relative_l2;

/// Shares of the number of samples that are added to the diagonal, one of which is chosen.
const SHRINKAGES: [f64; 4] = [1e-3, 1e-2, 1e-1, 1.0];

/// One sample in this many is held out for validation.
const HELD_OUT: usize = 5;

/// Moves of each sample by a symmetry, beside the sample itself.
const MOVES: u64 = 7;

/// A linear map with an offset, for each output a row of weights.
pub(super) struct Linear {
    inputs: usize,
    weights: Vec<Vec<f64>>,
}

impl Linear {
    /// Fits the map to samples, each of them also moved by symmetries.
    pub(super) fn fit(
        samples: &Samples,
        symmetry: FieldSymmetry,
        seed: u64,
    ) -> Result<Self, StudyError> {
        let mut rest = samples.clone();
        let held = rest.split_off(samples.len() - samples.len() / HELD_OUT);
        let moved = with_moves(&rest, symmetry, seed);
        let mut best = (f64::INFINITY, SHRINKAGES[0]);
        for shrinkage in SHRINKAGES {
            let [inputs, targets] = pairs(&held);
            let error = relative_l2(&Self::ridge(&moved, shrinkage)?.predict(inputs), targets);
            if error < best.0 {
                best = (error, shrinkage);
            }
        }
        Self::ridge(&with_moves(samples, symmetry, seed), best.1)
    }

    fn ridge(samples: &Samples, shrinkage: f64) -> Result<Self, StudyError> {
        let [inputs, targets] = pairs(samples);
        let (size, count) = (inputs.values.len() / inputs.len(), inputs.len());
        let columns: Vec<Vec<f64>> = (0..=size)
            .map(|column| {
                (0..count)
                    .map(|row| feature(inputs.sample(row), column))
                    .collect()
            })
            .collect();
        let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let entry = |row: usize, column: usize| {
            let added = match row == column {
                true => shrinkage * count as f64,
                false => 0.0,
            };
            added + dot(&columns[row], &columns[column])
        };
        let factor = Cholesky::new(size + 1, size, entry)
            .ok_or_else(|| StudyError::Failed("the normal equations are singular".into()))?;
        let outputs = targets.values.len() / count;
        let weights = (0..outputs).map(|output| {
            let values: Vec<f64> = (0..count)
                .map(|row| f64::from(targets.sample(row)[output]))
                .collect();
            let mut right: Vec<f64> = columns.iter().map(|column| dot(column, &values)).collect();
            factor.solve(&mut right);
            right
        });
        Ok(Self {
            inputs: size,
            weights: weights.collect(),
        })
    }

    /// Predicted fields, of one channel.
    pub(super) fn predict(&self, inputs: &Fields) -> Fields {
        let value = |index: usize, weights: &Vec<f64>| {
            let sample = inputs.sample(index);
            let terms = weights.iter().enumerate();
            terms
                .map(|(column, weight)| weight * feature(sample, column))
                .sum::<f64>() as f32
        };
        assert_eq!(
            inputs.values.len(),
            inputs.len() * self.inputs,
            "values of the inputs"
        );
        let values = (0..inputs.len()).flat_map(|index| {
            let rows = self.weights.iter();
            rows.map(move |weights| value(index, weights))
        });
        Fields {
            values: values.collect(),
            shape: inputs.shape.clone(),
        }
    }
}

/// A value of a sample, or the constant behind the last.
fn feature(sample: &[f32], column: usize) -> f64 {
    sample.get(column).map_or(1.0, |value| f64::from(*value))
}

/// Samples, and each of them moved.
fn with_moves(samples: &Samples, symmetry: FieldSymmetry, seed: u64) -> Samples {
    let sizes = samples.sizes();
    let moved = |fields: &Fields| {
        let mut all = fields.clone();
        for epoch in 0..MOVES {
            for index in 0..fields.len() {
                let mut field = fields.sample(index).to_vec();
                let Some(drawn) = symmetry.draw(&sizes, seed, epoch, index as u32) else {
                    continue;
                };
                drawn.apply(&mut field, &sizes);
                all.values.extend(field);
                all.shape[0] += 1;
            }
        }
        all
    };
    let [inputs, targets] = pairs(samples).map(moved);
    Samples::Pairs { inputs, targets }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_map_is_found() {
        let inputs = Fields {
            values: (0..60 * 4)
                .map(|i| f32::from((i * i / 3 + i / 7) % 5 < 2))
                .collect(),
            shape: vec![60, 1, 2, 2],
        };
        let row = |x: &[f32]| [1.0 + x[0], x[1] - 2.0 * x[2], 0.5, x[3]];
        let targets = Fields {
            values: (0..60)
                .flat_map(|index| row(inputs.sample(index)))
                .collect(),
            shape: vec![60, 1, 2, 2],
        };
        let samples = Samples::Pairs {
            inputs: inputs.clone(),
            targets: targets.clone(),
        };
        let found = Linear::fit(&samples, FieldSymmetry::None, 0).unwrap();
        assert!(relative_l2(&found.predict(&inputs), &targets) < 0.01);
    }
}
