//! Lowering the learning rate when the loss stops falling.

use serde::{Deserialize, Serialize};

use super::error::{TrainError, require};

/// The loss to watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Monitor {
    /// The mean loss over the training images during the epoch.
    Train,
    /// The loss on the test images after the epoch.
    #[default]
    Test,
}

/// When and how much to reduce the rate. The defaults are those of PyTorch's `ReduceLROnPlateau`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlateauSettings {
    /// Factor of each reduction; 0.1.
    pub factor: f64,
    /// Epochs without improvement to wait; the next one reduces the rate; 10.
    pub patience: usize,
    /// A loss counts as improved below best·(1 − threshold); 1e-4.
    pub threshold: f64,
    /// Epochs after a reduction that do not count as bad; 0.
    pub cooldown: usize,
    /// Minimum learning rate; 0.
    pub min_rate: f64,
    /// The loss to watch; the test loss.
    pub monitor: Monitor,
}

impl Default for PlateauSettings {
    fn default() -> Self {
        Self {
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            cooldown: 0,
            min_rate: 0.0,
            monitor: Monitor::default(),
        }
    }
}

impl PlateauSettings {
    pub(crate) fn validate(&self) -> Result<(), TrainError> {
        let option = |name: &str| format!("train.schedule.decay.{name}");
        require(
            self.factor > 0.0 && self.factor < 1.0,
            &option("factor"),
            self.factor,
            "above 0 and below 1",
        )?;
        require(
            (0.0..1.0).contains(&self.threshold),
            &option("threshold"),
            self.threshold,
            "at least 0 and below 1",
        )?;
        require(
            self.min_rate.is_finite() && self.min_rate >= 0.0,
            &option("min_rate"),
            self.min_rate,
            "0 or more",
        )
    }
}

/// The state of a plateau schedule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlateauState {
    /// The current learning rate.
    pub rate: f64,
    /// The lowest loss that counted as an improvement.
    pub best: f64,
    /// Epochs since then.
    pub bad_epochs: usize,
    /// Epochs left of the cooldown.
    pub cooldown: usize,
}

impl PlateauState {
    /// The state before the first epoch.
    pub fn new(rate: f64) -> Self {
        Self {
            rate,
            best: f64::INFINITY,
            bad_epochs: 0,
            cooldown: 0,
        }
    }

    /// Updates with the loss of an epoch.
    pub fn observe(&mut self, settings: &PlateauSettings, loss: f64) {
        if loss < self.best * (1.0 - settings.threshold) {
            self.best = loss;
            self.bad_epochs = 0;
        } else {
            self.bad_epochs += 1;
        }
        if self.cooldown > 0 {
            self.cooldown -= 1;
            self.bad_epochs = 0;
        }
        if self.bad_epochs > settings.patience {
            let lowered = (self.rate * settings.factor).max(settings.min_rate);
            self.rate = self.rate.min(lowered);
            self.cooldown = settings.cooldown;
            self.bad_epochs = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_at_the_epochs_at_which_pytorch_lowers_it() {
        // torch.optim.lr_scheduler.ReduceLROnPlateau with the same settings and losses.
        let settings = PlateauSettings {
            factor: 0.5,
            patience: 1,
            threshold: 0.01,
            cooldown: 1,
            min_rate: 0.2,
            monitor: Monitor::Test,
        };
        let losses = [
            1.0, 0.9, 0.895, 0.893, 0.892, 0.892, 0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.5,
            0.6, 0.7, 0.8,
        ];
        let expected = [
            1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2,
        ];
        let mut state = PlateauState::new(1.0);
        let rates: Vec<f64> = losses
            .iter()
            .map(|&loss| {
                state.observe(&settings, loss);
                state.rate
            })
            .collect();
        assert_eq!(rates, expected);
    }

    #[test]
    fn a_rate_already_below_the_minimum_is_not_raised() {
        let settings = PlateauSettings {
            patience: 0,
            min_rate: 0.5,
            ..PlateauSettings::default()
        };
        let mut state = PlateauState::new(0.1);
        state.observe(&settings, 1.0);
        state.observe(&settings, 1.0);
        assert_eq!(state.rate, 0.1);
    }
}
