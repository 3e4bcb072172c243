//! Learning rate schedules.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::error::{TrainError, require};
use super::plateau::{Monitor, PlateauSettings, PlateauState};

/// A length of training. In `config.toml`: `{ epochs = 5 }` or `{ steps = 1000 }`; a step is one
/// mini-batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// Epochs.
    Epochs(u64),
    /// Mini-batches.
    Steps(u64),
}

impl Span {
    fn steps(self, steps_per_epoch: u64) -> u64 {
        match self {
            Self::Epochs(epochs) => epochs.saturating_mul(steps_per_epoch),
            Self::Steps(steps) => steps,
        }
    }

    fn count(self) -> u64 {
        match self {
            Self::Epochs(count) | Self::Steps(count) => count,
        }
    }
}

/// Linear warm-up of the learning rate, step by step, before the rest of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warmup {
    /// Length of the warm-up; the full rate is reached right after it.
    pub over: Span,
    /// Fraction of the full rate at step 0; 0 to 1, default 0.
    #[serde(default)]
    pub start: f64,
}

/// The schedule after the warm-up, counted from its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Decay {
    /// Constant.
    #[default]
    Constant,
    /// Step decay: multiplied by `gamma` every `epochs` epochs.
    Step {
        /// Epochs between two drops; at least 1.
        epochs: u64,
        /// The factor; above 0, at most 1.
        gamma: f64,
    },
    /// Cosine decay: floor + (base − floor)·(1 + cos(π·t/T))/2 (Loshchilov and Hutter, 2017), then
    /// constant.
    Cosine {
        /// T. If given in epochs, the rate changes once per epoch; in steps, at each step.
        over: Span,
        /// The final rate, from 0 to the base rate; default 0.
        #[serde(default)]
        floor: f64,
    },
    /// Reduced when the loss stops falling.
    Plateau(PlateauSettings),
}

/// A learning rate schedule: an optional warm-up, then a decay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// The warm-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<Warmup>,
    /// The schedule after it.
    pub decay: Decay,
}

impl ScheduleConfig {
    /// Checks every constant.
    ///
    /// # Errors
    ///
    /// [`TrainError::BadOption`] naming the first constant outside its range.
    pub fn validate(&self, base_rate: f64) -> Result<(), TrainError> {
        if let Some(Warmup { start, .. }) = self.warmup {
            require(
                (0.0..=1.0).contains(&start),
                "train.schedule.warmup.start",
                start,
                "0 to 1",
            )?;
        }
        match &self.decay {
            Decay::Constant => Ok(()),
            Decay::Step { epochs, gamma } => {
                require(
                    *epochs > 0,
                    "train.schedule.decay.epochs",
                    epochs,
                    "at least 1",
                )?;
                require(
                    *gamma > 0.0 && *gamma <= 1.0,
                    "train.schedule.decay.gamma",
                    gamma,
                    "above 0, at most 1",
                )
            }
            Decay::Cosine { over, floor } => {
                require(
                    over.count() > 0,
                    "train.schedule.decay.over",
                    over.count(),
                    "at least 1 epoch or step",
                )?;
                require(
                    (0.0..=base_rate).contains(floor),
                    "train.schedule.decay.floor",
                    floor,
                    "0 to the learning rate",
                )
            }
            Decay::Plateau(settings) => settings.validate(),
        }
    }
}

/// A running schedule; its only state is that of the plateau.
#[derive(Clone, Debug)]
pub struct Scheduler {
    config: ScheduleConfig,
    base: f64,
    steps_per_epoch: u64,
    plateau: PlateauState,
}

impl Scheduler {
    /// A schedule with the full learning rate `base`, for epochs of `steps_per_epoch` steps.
    pub fn new(config: ScheduleConfig, base: f64, steps_per_epoch: u64) -> Self {
        Self {
            config,
            base,
            steps_per_epoch: steps_per_epoch.max(1),
            plateau: PlateauState::new(base),
        }
    }

    /// The learning rate at `step`, counted from 0 over the whole run.
    pub fn rate(&self, step: u64) -> f64 {
        let Some(Warmup { over, start }) = self.config.warmup else {
            return self.decayed(step);
        };
        let rise = over.steps(self.steps_per_epoch);
        if step < rise {
            self.base * (start + (1.0 - start) * step as f64 / rise as f64)
        } else {
            self.decayed(step - rise)
        }
    }

    /// The step after which the rate no longer changes, if there is one and it depends on steps
    /// alone.
    pub fn end(&self) -> Option<u64> {
        let rise = self.rise();
        match self.config.decay {
            Decay::Cosine { over, .. } => {
                Some(rise.saturating_add(over.steps(self.steps_per_epoch)))
            }
            _ => None,
        }
    }

    /// The steps of the warm-up.
    pub fn rise(&self) -> u64 {
        let warmup = self.config.warmup;
        warmup.map_or(0, |warmup| warmup.over.steps(self.steps_per_epoch))
    }

    /// The rate `step` steps after the warm-up.
    fn decayed(&self, step: u64) -> f64 {
        let epoch = step / self.steps_per_epoch;
        match self.config.decay {
            Decay::Constant => self.base,
            Decay::Step { epochs, gamma } => self.base * gamma.powf((epoch / epochs) as f64),
            Decay::Cosine { over, floor } => {
                let (time, end) = match over {
                    Span::Epochs(epochs) => (epoch, epochs),
                    Span::Steps(steps) => (step, steps),
                };
                let phase = PI * time.min(end) as f64 / end as f64;
                floor + (self.base - floor) * 0.5 * (1.0 + phase.cos())
            }
            Decay::Plateau(_) => self.plateau.rate,
        }
    }

    /// Updates with the losses of an epoch that began at `step`. A plateau ignores epochs within
    /// the warm-up.
    pub fn epoch_finished(&mut self, first_step: u64, train_loss: f64, test_loss: f64) {
        let rise = self.rise();
        if let Decay::Plateau(settings) = self.config.decay
            && first_step >= rise
        {
            let loss = match settings.monitor {
                Monitor::Train => train_loss,
                Monitor::Test => test_loss,
            };
            self.plateau.observe(&settings, loss);
        }
    }

    /// The state needed to continue later.
    pub fn state(&self) -> PlateauState {
        self.plateau
    }

    /// Continues from a saved state.
    pub fn restore(&mut self, state: PlateauState) {
        self.plateau = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(config: ScheduleConfig, base: f64, steps_per_epoch: u64, steps: u64) -> Vec<f64> {
        config.validate(base).unwrap();
        let scheduler = Scheduler::new(config, base, steps_per_epoch);
        (0..steps).map(|step| scheduler.rate(step)).collect()
    }

    fn decay(decay: Decay) -> ScheduleConfig {
        ScheduleConfig {
            warmup: None,
            decay,
        }
    }

    #[track_caller]
    fn assert_rates(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!(
                (got - expected).abs() < 1e-15,
                "{got} instead of {expected}"
            );
        }
    }

    #[test]
    fn a_constant_rate_stays() {
        assert_rates(&rates(decay(Decay::Constant), 0.3, 2, 3), &[0.3; 3]);
    }

    #[test]
    fn steps_drop_by_gamma_every_n_epochs() {
        let config = decay(Decay::Step {
            epochs: 2,
            gamma: 0.1,
        });
        assert_rates(
            &rates(config, 1.0, 2, 9),
            &[1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.01],
        );
    }

    #[test]
    fn cosine_over_epochs_gives_the_rates_of_pytorch_and_stays_at_the_floor() {
        let config = decay(Decay::Cosine {
            over: Span::Epochs(8),
            floor: 0.01,
        });
        // torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8, eta_min=0.01) from 0.1.
        let pytorch = [
            0.1,
            0.0965745789630079,
            0.08681980515339463,
            0.07222075445642905,
            0.055,
            0.03777924554357096,
            0.023180194846605363,
            0.013425421036992097,
            0.01,
            0.01,
        ];
        let per_step: Vec<f64> = pytorch.iter().flat_map(|&rate| [rate; 3]).collect();
        assert_rates(&rates(config, 0.1, 3, 30), &per_step);
    }

    #[test]
    fn cosine_over_steps_moves_within_an_epoch() {
        let config = decay(Decay::Cosine {
            over: Span::Steps(4),
            floor: 0.0,
        });
        let half = 0.5f64.sqrt();
        assert_rates(
            &rates(config, 2.0, 100, 6),
            &[2.0, 1.0 + half, 1.0, 1.0 - half, 0.0, 0.0],
        );
    }

    #[test]
    fn warmup_rises_linearly_and_the_decay_starts_at_its_end() {
        let config = ScheduleConfig {
            warmup: Some(Warmup {
                over: Span::Epochs(2),
                start: 0.2,
            }),
            decay: Decay::Step {
                epochs: 1,
                gamma: 0.5,
            },
        };
        assert_rates(
            &rates(config, 1.0, 2, 8),
            &[0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.5, 0.5],
        );
    }

    #[test]
    fn a_plateau_waits_for_the_end_of_the_warmup_and_watches_the_loss_it_is_told_to() {
        let config = ScheduleConfig {
            warmup: Some(Warmup {
                over: Span::Steps(2),
                start: 0.0,
            }),
            decay: Decay::Plateau(PlateauSettings {
                factor: 0.5,
                patience: 0,
                monitor: Monitor::Train,
                ..PlateauSettings::default()
            }),
        };
        let mut scheduler = Scheduler::new(config, 1.0, 2);
        assert_rates(&[scheduler.rate(1), scheduler.rate(2)], &[0.5, 1.0]);
        // Within the warm-up, then an improvement, then none although the test loss falls.
        for (first_step, train, test) in [(0, 0.1, 9.0), (2, 2.0, 8.0), (4, 2.0, 7.0)] {
            scheduler.epoch_finished(first_step, train, test);
        }
        assert_rates(&[scheduler.rate(6)], &[0.5]);
        let mut restored = Scheduler::new(config, 1.0, 2);
        restored.restore(scheduler.state());
        assert_rates(&[restored.rate(6)], &[0.5]);
    }

    #[test]
    fn schedules_read_from_a_file_as_documented() {
        let config: ScheduleConfig = toml::from_str(
            "warmup = { over = { steps = 10 } }\n\
             decay = { kind = \"cosine\", over = { epochs = 5 }, floor = 1e-5 }",
        )
        .unwrap();
        let expected = ScheduleConfig {
            warmup: Some(Warmup {
                over: Span::Steps(10),
                start: 0.0,
            }),
            decay: Decay::Cosine {
                over: Span::Epochs(5),
                floor: 1e-5,
            },
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn a_floor_above_the_rate_is_refused_by_name() {
        let config = decay(Decay::Cosine {
            over: Span::Epochs(1),
            floor: 0.5,
        });
        let message = config.validate(0.1).unwrap_err().to_string();
        assert!(message.contains("decay.floor is 0.5"), "{message}");
    }
}
