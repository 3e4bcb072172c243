//! States kept for pictures.

/// States of some samples at some steps, one channel in a plane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frames {
    /// Rows of a state, 1 for signals.
    pub rows: usize,
    /// Columns of a state.
    pub cols: usize,
    /// The channel, from 0.
    pub channel: usize,
    /// The frames by rising step, those of one step by sample.
    pub frames: Vec<Frame>,
}

/// A true and a predicted state, `rows · cols` values each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// The sample, from 0.
    pub sample: usize,
    /// The step; 0 is the initial state.
    pub step: usize,
    /// The true state.
    pub truth: Vec<f32>,
    /// The predicted state.
    pub prediction: Vec<f32>,
}

impl Frames {
    /// No frames yet of a channel of states with these sizes; of three axes, the plane in the middle of the first
    /// is kept.
    pub(super) fn new(sizes: &[usize], channel: usize) -> Self {
        let (rows, cols) = match *sizes {
            [.., rows, cols] => (rows, cols),
            [cols] => (1, cols),
            [] => (1, 1),
        };
        Self {
            rows,
            cols,
            channel,
            frames: Vec::new(),
        }
    }

    /// Keeps a plane of a sample `[channels, space…]`.
    pub(super) fn keep(
        &mut self,
        (sample, step): (usize, usize),
        [truth, prediction]: [&[f32]; 2],
        channels: usize,
    ) {
        let volume = truth.len() / channels;
        let plane = self.rows * self.cols;
        let from = self.channel * volume + volume / plane / 2 * plane;
        self.frames.push(Frame {
            sample,
            step,
            truth: truth[from..from + plane].to_vec(),
            prediction: prediction[from..from + plane].to_vec(),
        });
    }

    /// The samples that have frames, rising.
    pub fn samples(&self) -> Vec<usize> {
        let mut samples: Vec<usize> = self.frames.iter().map(|frame| frame.sample).collect();
        samples.sort_unstable();
        samples.dedup();
        samples
    }

    /// The frames of a sample by rising step.
    pub fn of(&self, sample: usize) -> Vec<&Frame> {
        let frames = self.frames.iter();
        frames.filter(|frame| frame.sample == sample).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_plane_of_a_channel_is_kept() {
        // Two channels of 3×2×2.
        let state: Vec<f32> = (0..24).map(|i| i as f32).collect();
        let mut frames = Frames::new(&[3, 2, 2], 1);
        frames.keep((1, 7), [&state, &state], 2);
        frames.channel = 0;
        frames.keep((0, 8), [&state, &state], 2);
        assert_eq!(frames.frames[0].truth, [16.0, 17.0, 18.0, 19.0]);
        assert_eq!(frames.frames[1].truth, [4.0, 5.0, 6.0, 7.0]);
        assert_eq!((frames.samples(), frames.of(1)[0].step), (vec![0, 1], 7));
        let mut signals = Frames::new(&[4], 1);
        signals.keep((0, 0), [&state[..8], &state[8..16]], 2);
        assert_eq!(signals.frames[0].truth, [4.0, 5.0, 6.0, 7.0]);
        assert_eq!(signals.frames[0].prediction, [12.0, 13.0, 14.0, 15.0]);
    }
}
