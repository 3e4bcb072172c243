//! Truncated Fourier series with random amplitudes and phases.

use std::f64::consts::TAU;

use num_complex::Complex64;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::InitialCondition;
use super::modes::{Waves, for_each_mode};
use crate::error::{PdeError, expect_finite};
use crate::grid::Grid;

/// What a sample is scaled to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scaling {
    /// Left as it is.
    None,
    /// Largest magnitude 1, at the points of the grid.
    #[default]
    UnitMaximum,
    /// Mean square deviation from the mean 1, at the points of the grid.
    UnitDeviation,
}

/// `u(x) = offset + Σ_m A_m cos(k_m·x + φ_m)` over one of each pair `±m` of the modes with `0 < max |m_a| ≤ modes`, with
/// `A_m` uniform in `amplitude` and `φ_m` uniform in `[0, 2π)`.
///
/// The default, 5 modes, amplitudes in `[−1, 1]`, no offset and a maximum of 1, is that of APEBench (Koehler et al.,
/// 2024, arXiv 2411.00180).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FourierSeries {
    /// The highest number of waves along an axis; below half the number of points.
    pub modes: usize,
    /// Least and largest amplitude.
    pub amplitude: [f64; 2],
    /// The mean, before scaling.
    pub offset: f64,
    /// The scaling.
    pub scaling: Scaling,
}

impl Default for FourierSeries {
    fn default() -> Self {
        FourierSeries {
            modes: 5,
            amplitude: [-1.0, 1.0],
            offset: 0.0,
            scaling: Scaling::UnitMaximum,
        }
    }
}

impl InitialCondition for FourierSeries {
    fn check(&self, grid: &Grid) -> Result<(), PdeError> {
        for (axis, &points) in grid.sizes().iter().enumerate() {
            let most = (points - 1) / 2;
            if self.modes == 0 || self.modes > most {
                return Err(PdeError::Modes {
                    modes: self.modes,
                    axis,
                    points,
                    most,
                });
            }
        }
        let [least, most] = self.amplitude;
        expect_finite("the least amplitude", least)?;
        expect_finite("the largest amplitude", most)?;
        expect_finite("the range of amplitudes", most - least)?;
        if least > most {
            return Err(PdeError::Parameter {
                name: "the least amplitude",
                value: least,
                accepted: "values up to the largest amplitude are accepted",
            });
        }
        expect_finite("the offset", self.offset)
    }

    fn sample(&self, grid: &Grid, rng: &mut ChaCha8Rng, output: &mut [f64]) {
        let mut waves = Waves::new(grid);
        waves.add_mean(self.offset);
        let [least, most] = self.amplitude;
        for_each_mode(grid.dimensions(), self.modes, |mode| {
            let amplitude = least + (most - least) * rng.random::<f64>();
            let phase = TAU * rng.random::<f64>();
            waves.add(mode, Complex64::from_polar(1.0, phase) * amplitude);
        });
        waves.write(output);
        let size = match self.scaling {
            Scaling::None => return,
            Scaling::UnitMaximum => output.iter().fold(0.0_f64, |most, u| most.max(u.abs())),
            Scaling::UnitDeviation => {
                let n = output.len() as f64;
                let mean = output.iter().sum::<f64>() / n;
                (output.iter().map(|u| (u - mean).powi(2)).sum::<f64>() / n).sqrt()
            }
        };
        if size > 0.0 {
            output.iter_mut().for_each(|u| *u /= size);
        }
    }
}
