//! Samples of fields: pairs of an input and a target, or trajectories, whose pairs are successive states.

use super::error::FieldError;
use crate::data::DataError;

/// Real values on grids, in C order: `[sample, channel, space…]`, or `[sample, time, channel, space…]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    /// All values.
    pub values: Vec<f32>,
    /// The shape.
    pub shape: Vec<usize>,
}

impl Fields {
    /// The number of samples, the first size.
    pub fn len(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of one sample.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len).
    pub fn sample(&self, index: usize) -> &[f32] {
        let size: usize = self.shape[1..].iter().product();
        &self.values[index * size..(index + 1) * size]
    }

    /// Splits off the samples from `at` on.
    fn split_off(&mut self, at: usize) -> Self {
        let at = at.min(self.len());
        let size: usize = self.shape[1..].iter().product();
        let mut shape = self.shape.clone();
        shape[0] -= at;
        self.shape[0] = at;
        let values = self.values.split_off(at * size);
        self.values.shrink_to_fit();
        Self { values, shape }
    }
}

/// Samples of one grid.
///
/// ```
/// use spectral_lab::data::fields::{Fields, Samples};
///
/// // Two trajectories of three states of one channel on two points.
/// let states = Fields {
///     values: (0..12).map(|value| value as f32).collect(),
///     shape: vec![2, 3, 1, 2],
/// };
/// let samples = Samples::Trajectories(states);
/// assert_eq!(samples.len(), 4);
/// let (mut inputs, mut targets) = (Vec::new(), Vec::new());
/// samples.fill(&[1, 2], &mut inputs, &mut targets)?;
/// assert_eq!(inputs, [2.0, 3.0, 6.0, 7.0]);
/// assert_eq!(targets, [4.0, 5.0, 8.0, 9.0]);
/// # Ok::<(), spectral_lab::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// Inputs and targets, `[sample, channel, space…]`, as many of both and of equal spatial sizes.
    Pairs {
        /// The inputs.
        inputs: Fields,
        /// The targets.
        targets: Fields,
    },
    /// States at equal intervals of time, `[sample, time, channel, space…]`, at least two per trajectory. Input and target
    /// are each state but the last and the one after it.
    Trajectories(Fields),
}

impl Samples {
    /// The number of pairs: a trajectory of `T` states has `T − 1`.
    pub fn len(&self) -> usize {
        match self {
            Self::Pairs { inputs, .. } => inputs.len(),
            Self::Trajectories(states) => states.len() * self.steps(),
        }
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of samples as stored: pairs, or trajectories.
    pub fn count(&self) -> usize {
        match self {
            Self::Pairs { inputs, .. } => inputs.len(),
            Self::Trajectories(states) => states.len(),
        }
    }

    /// Steps in time from the first state to the last; 1 for pairs.
    pub fn steps(&self) -> usize {
        match self {
            Self::Pairs { .. } => 1,
            Self::Trajectories(states) => states.shape[1] - 1,
        }
    }

    /// The number of spatial axes, 1 to 3.
    pub fn axes(&self) -> usize {
        self.input_shape().len() - 1
    }

    /// The shape of an input, `[channel, space…]`.
    pub fn input_shape(&self) -> Vec<usize> {
        match self {
            Self::Pairs { inputs, .. } => inputs.shape[1..].to_vec(),
            Self::Trajectories(states) => states.shape[2..].to_vec(),
        }
    }

    /// The shape of a target, `[channel, space…]`.
    pub fn target_shape(&self) -> Vec<usize> {
        match self {
            Self::Pairs { targets, .. } => targets.shape[1..].to_vec(),
            Self::Trajectories(states) => states.shape[2..].to_vec(),
        }
    }

    /// The spatial sizes.
    pub fn sizes(&self) -> Vec<usize> {
        self.input_shape()[1..].to_vec()
    }

    /// Input and target of a pair; pairs of a trajectory are in the order of time, trajectories one after the other.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len).
    pub fn pair(&self, index: usize) -> (&[f32], &[f32]) {
        match self {
            Self::Pairs { inputs, targets } => (inputs.sample(index), targets.sample(index)),
            Self::Trajectories(states) => {
                let steps = self.steps();
                let size: usize = states.shape[2..].iter().product();
                let trajectory = states.sample(index / steps);
                trajectory[index % steps * size..][..2 * size].split_at(size)
            }
        }
    }

    /// The state `time` of trajectory `index`; for pairs, the input at time 0 and the target at time 1.
    ///
    /// # Panics
    /// If `index` is not below [`count`](Self::count) or `time` is above [`steps`](Self::steps).
    pub fn state(&self, index: usize, time: usize) -> &[f32] {
        match (self, time) {
            (Self::Pairs { inputs, .. }, 0) => inputs.sample(index),
            (Self::Pairs { targets, .. }, 1) => targets.sample(index),
            (Self::Pairs { .. }, _) => panic!("a pair has the times 0 and 1, got {time}"),
            (Self::Trajectories(states), _) => {
                let size: usize = states.shape[2..].iter().product();
                &states.sample(index)[time * size..][..size]
            }
        }
    }

    /// Appends inputs and targets of the pairs `indices`, in that order; indices may repeat.
    ///
    /// # Errors
    /// [`DataError::IndexOutOfRange`]; then nothing is appended.
    pub fn fill(
        &self,
        indices: &[u32],
        inputs: &mut Vec<f32>,
        targets: &mut Vec<f32>,
    ) -> Result<(), DataError> {
        let len = self.len();
        if let Some(&index) = indices.iter().find(|&&index| index as usize >= len) {
            let index = index as usize;
            return Err(DataError::IndexOutOfRange { index, len });
        }
        for &index in indices {
            let (input, target) = self.pair(index as usize);
            inputs.extend_from_slice(input);
            targets.extend_from_slice(target);
        }
        Ok(())
    }

    /// Keeps the first `count` samples (pairs or trajectories); does nothing if there are fewer.
    pub fn truncate(&mut self, count: usize) {
        self.split_off(count);
    }

    /// Splits off the samples (pairs or trajectories) from `at` on.
    pub fn split_off(&mut self, at: usize) -> Self {
        match self {
            Self::Pairs { inputs, targets } => Self::Pairs {
                inputs: inputs.split_off(at),
                targets: targets.split_off(at),
            },
            Self::Trajectories(states) => Self::Trajectories(states.split_off(at)),
        }
    }

    /// Splits off the last `count` samples (by default a tenth, at least one) for testing.
    pub(super) fn split_test(
        &mut self,
        count: Option<usize>,
        name: &str,
    ) -> Result<Self, FieldError> {
        let samples = self.count();
        let test = count.unwrap_or((samples / 10).max(1));
        match test < samples {
            true => Ok(self.split_off(samples - test)),
            false => Err(FieldError::TooFew {
                array: name.into(),
                samples,
                test,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(shape: &[usize]) -> Fields {
        Fields {
            values: (0..shape.iter().product::<usize>())
                .map(|v| v as f32)
                .collect(),
            shape: shape.to_vec(),
        }
    }

    #[test]
    fn a_pair_of_a_trajectory_is_two_successive_states() {
        let samples = Samples::Trajectories(fields(&[3, 4, 2, 5]));
        assert_eq!((samples.len(), samples.count(), samples.steps()), (9, 3, 3));
        assert_eq!((samples.axes(), samples.sizes()), (1, vec![5]));
        for index in 0..9 {
            let (input, target) = samples.pair(index);
            assert_eq!(input, samples.state(index / 3, index % 3));
            assert_eq!(target, samples.state(index / 3, index % 3 + 1));
            assert_eq!(input[0], (index / 3 * 40 + index % 3 * 10) as f32);
        }
    }

    #[test]
    fn pairs_are_filled_in_the_order_asked_for() {
        let samples = Samples::Pairs {
            inputs: fields(&[3, 2, 2]),
            targets: fields(&[3, 1, 2]),
        };
        let (mut inputs, mut targets) = (vec![-1.0], Vec::new());
        samples.fill(&[2, 0], &mut inputs, &mut targets).unwrap();
        assert_eq!(inputs, [-1.0, 8.0, 9.0, 10.0, 11.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(targets, [4.0, 5.0, 0.0, 1.0]);
        let error = samples
            .fill(&[0, 3], &mut inputs, &mut targets)
            .unwrap_err();
        assert!(matches!(
            error,
            DataError::IndexOutOfRange { index: 3, len: 3 }
        ));
        assert_eq!(targets.len(), 4);
    }

    #[test]
    fn the_last_tenth_is_for_testing() {
        let mut samples = Samples::Trajectories(fields(&[20, 2, 1, 3]));
        let test = samples.split_test(None, "u").unwrap();
        assert_eq!((samples.count(), test.count()), (18, 2));
        assert_eq!(test.state(0, 0)[0], 18.0 * 6.0);
        let mut few = Samples::Trajectories(fields(&[3, 2, 1, 3]));
        assert_eq!(few.split_test(None, "u").unwrap().count(), 1);
        let error = few.split_test(Some(2), "u").unwrap_err().to_string();
        assert!(
            error.contains("u: number of samples: 2, of which 2"),
            "{error}"
        );
    }
}
