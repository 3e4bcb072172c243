//! The parts of a step.

use serde::Serialize;

use crate::bench::clock::median;

/// Milliseconds per part of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Parts {
    /// The forward pass, in training mode.
    pub forward_ms: f64,
    /// The loss.
    pub loss_ms: f64,
    /// The backward pass, with the gradients of all parameters.
    pub backward_ms: f64,
    /// Gradient clipping and the optimizer update.
    pub optimizer_ms: f64,
}

impl Parts {
    /// The median of each part; none of an empty list. They need not add up to the median of the
    /// step.
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
