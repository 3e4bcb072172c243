//! Windows for local transforms.

use serde::{Deserialize, Serialize};

/// The window that a patch is multiplied by before its transform, and after the inverse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PatchWindow {
    /// Periodic Hann window, `sin²(πj/P)` for `j = 0 … P − 1`.
    #[default]
    Hann,
    /// Periodic sine window, `sin(πj/P)`: at a hop of `P/2` its squares add up to 1.
    Sine,
    /// All ones.
    Rectangular,
}

impl PatchWindow {
    /// Its name in error messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hann => "Hann",
            Self::Sine => "sine",
            Self::Rectangular => "rectangular",
        }
    }

    /// The window's samples.
    pub(super) fn values(self, length: usize) -> Vec<f64> {
        let sine = |j: usize| (core::f64::consts::PI * j as f64 / length as f64).sin();
        (0..length)
            .map(|j| match self {
                // One sample has no slope to taper: the formulas would give a window of zeros.
                _ if length == 1 => 1.0,
                Self::Hann => sine(j) * sine(j),
                Self::Sine => sine(j),
                Self::Rectangular => 1.0,
            })
            .collect()
    }

    /// The least weight `Σ w²` that windows every `hop` samples give to a sample.
    pub(super) fn least_weight(self, length: usize, hop: usize) -> f64 {
        let window = self.values(length);
        (0..hop)
            .map(|start| window.iter().skip(start).step_by(hop).map(|w| w * w).sum())
            .fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_at_half_their_length_weigh_every_sample() {
        for length in 1..=16_usize {
            let hop = length.div_ceil(2);
            for window in [
                PatchWindow::Hann,
                PatchWindow::Sine,
                PatchWindow::Rectangular,
            ] {
                let least = window.least_weight(length, hop);
                assert!(least > 0.2, "{window:?} of {length}: {least}");
            }
        }
        let squares = PatchWindow::Sine.least_weight(8, 4);
        assert!((squares - 1.0).abs() < 1e-15);
    }

    #[test]
    fn windows_side_by_side_leave_the_first_sample_unseen() {
        assert_eq!(PatchWindow::Hann.least_weight(8, 8), 0.0);
        assert_eq!(PatchWindow::Rectangular.least_weight(8, 8), 1.0);
    }
}
