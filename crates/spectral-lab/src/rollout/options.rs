//! What a rollout keeps besides its errors.

/// Steps kept of a trajectory in one dimension, at most.
const SPACE_TIME: usize = 200;

/// Frames kept of a trajectory in two or three dimensions.
const FRAMES: usize = 6;

/// Samples of which frames are kept.
const SAMPLES: usize = 3;

/// Which spectra and frames an [`Accumulator`](super::Accumulator) keeps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RolloutOptions {
    /// Steps whose spectra are computed.
    pub spectra: Vec<usize>,
    /// The highest wavenumber of the frequency bands, such as the highest mode that a network keeps;
    /// none for all that the grid resolves.
    pub kept: Option<usize>,
    /// Samples of which frames are kept, from 0.
    pub samples: Vec<usize>,
    /// Steps at which frames are kept; step 0 is the initial state.
    pub frames: Vec<usize>,
    /// The channel of the frames, from 0.
    pub channel: usize,
}

impl RolloutOptions {
    /// Spectra of the first, the middle and the last of `steps` steps; frames of the first three
    /// samples, in one dimension at up to 201 steps, otherwise at six.
    ///
    /// # Shapes
    /// `shape`: `[samples, channels, space…]`.
    pub fn new(shape: &[usize], steps: usize) -> Self {
        let samples = shape.first().copied().unwrap_or(0);
        let frames = match shape.len() {
            3 => (0..=steps)
                .step_by(steps.div_ceil(SPACE_TIME).max(1))
                .collect(),
            _ => spread(0, steps, FRAMES),
        };
        Self {
            spectra: spread(1, steps, 3),
            kept: None,
            samples: (0..samples.min(SAMPLES)).collect(),
            frames,
            channel: 0,
        }
    }
}

/// Up to `count` steps from `first` to `last`, both included.
fn spread(first: usize, last: usize, count: usize) -> Vec<usize> {
    let span = last.saturating_sub(first);
    let mut steps: Vec<usize> = (0..count).map(|i| first + span * i / (count - 1)).collect();
    steps.dedup();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_one_dimension_are_dense_and_of_two_few() {
        let one = RolloutOptions::new(&[5, 1, 160], 1000);
        assert_eq!(one.frames.len(), 201);
        assert_eq!((one.frames[1], one.frames[200]), (5, 1000));
        assert_eq!(one.spectra, [1, 500, 1000]);
        assert_eq!(one.samples, [0, 1, 2]);
        let two = RolloutOptions::new(&[2, 1, 64, 64], 50);
        assert_eq!(two.frames, [0, 10, 20, 30, 40, 50]);
        assert_eq!(two.samples, [0, 1]);
        let short = RolloutOptions::new(&[1, 1, 8, 8], 1);
        assert_eq!((short.frames, short.spectra), (vec![0, 1], vec![1]));
    }
}
