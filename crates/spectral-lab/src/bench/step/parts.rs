//! Where the time of a step goes.

use serde::Serialize;

use crate::bench::clock::median;

/// Milliseconds of the parts of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Parts {
    /// The network's outputs, in training mode.
    pub forward_ms: f64,
    /// The loss of the outputs.
    pub loss_ms: f64,
    /// The gradients of every parameter.
    pub backward_ms: f64,
    /// Clipping, and the optimizer's update.
    pub optimizer_ms: f64,
}

impl Parts {
    /// The median of each part; none of nothing. They need not add up to the median of the step.
    pub(super) fn medians(samples: &[[f64; 4]]) -> Option<Self> {
        let part = |index: usize| {
            let part: Vec<f64> = samples.iter().map(|sample| sample[index]).collect();
            median(&part)
        };
        Some(Self {
            forward_ms: part(0)?,
            loss_ms: part(1)?,
            backward_ms: part(2)?,
            optimizer_ms: part(3)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_own_median() {
        let samples = [
            [1.0, 9.0, 3.0, 4.0],
            [2.0, 8.0, 5.0, 4.0],
            [9.0, 7.0, 4.0, 4.0],
        ];
        let expected = Parts {
            forward_ms: 2.0,
            loss_ms: 8.0,
            backward_ms: 4.0,
            optimizer_ms: 4.0,
        };
        assert_eq!(Parts::medians(&samples), Some(expected));
        assert_eq!(Parts::medians(&[]), None);
    }
}
