//! The settings of a training run.

use serde::{Deserialize, Serialize};

use super::clipping::Clipping;
use super::error::{TrainError, require};
use super::loss::Loss;
use super::optimizer::OptimizerConfig;
use super::schedule::{Decay, ScheduleConfig, Span};
use super::target::{Target, Task};
use crate::data::fields::{FieldSymmetry, ScalingKind};
use crate::data::{Augment, Normalize};

/// Settings of a training run. Settings missing from a file have their defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Number of epochs; 5.
    pub epochs: usize,
    /// Batch size; 64.
    pub batch_size: usize,
    /// Batch size of evaluation; 256.
    pub eval_batch_size: usize,
    /// Drop the last mini-batch of an epoch if it is smaller than the others; false.
    pub drop_last: bool,
    /// Seed for shuffling and dropout, up to 2^63 − 1; 0. Initial weights are the responsibility of
    /// whoever creates the network.
    pub seed: u64,
    /// The full learning rate; 1e-3.
    pub learning_rate: f64,
    /// Save the weights of the best epoch as `best.safetensors`: the one with the highest test
    /// accuracy, or the lowest test loss without classes; false.
    pub keep_best: bool,
    /// Epochs between checkpoints; the last epoch always has one; 1.
    pub checkpoint_every: usize,
    /// Target of the outputs; labels.
    pub target: Target,
    /// Normalization of pixel values; −1..1. Constants of the training images must be
    /// [`fitted`](Normalize::fitted) before training.
    #[serde(alias = "normalise")]
    pub normalize: Normalize,
    /// Augmentation of training images; none.
    pub augment: Augment,
    /// Scaling of fields; none.
    #[serde(skip_serializing_if = "ScalingConfig::is_none")]
    pub scaling: ScalingConfig,
    /// Symmetries that training fields are moved by; none.
    #[serde(skip_serializing_if = "is_no_symmetry")]
    pub symmetry: FieldSymmetry,
    /// Training loss; cross-entropy.
    pub loss: Loss,
    /// The optimizer; Adam.
    pub optimizer: OptimizerConfig,
    /// Learning rate schedule; constant.
    pub schedule: ScheduleConfig,
    /// Gradient clipping; none.
    pub clipping: Clipping,
}

/// How fields are scaled, by constants fitted to the training samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScalingConfig {
    /// The inputs; not at all.
    pub inputs: ScalingKind,
    /// The targets, whose scaled values a network learns; not at all.
    pub targets: ScalingKind,
}

impl Default for ScalingConfig {
    fn default() -> Self {
        Self {
            inputs: ScalingKind::None,
            targets: ScalingKind::None,
        }
    }
}

impl ScalingConfig {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

fn is_no_symmetry(symmetry: &FieldSymmetry) -> bool {
    *symmetry == FieldSymmetry::None
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 5,
            batch_size: 64,
            eval_batch_size: 256,
            drop_last: false,
            seed: 0,
            learning_rate: 1e-3,
            keep_best: false,
            checkpoint_every: 1,
            normalize: Normalize::default(),
            augment: Augment::default(),
            target: Target::default(),
            scaling: ScalingConfig::default(),
            symmetry: FieldSymmetry::default(),
            loss: Loss::default(),
            optimizer: OptimizerConfig::default(),
            schedule: ScheduleConfig::default(),
            clipping: Clipping::default(),
        }
    }
}

impl TrainConfig {
    /// Sets the number of epochs. A cosine decay over all of them becomes one over all of the new ones.
    pub fn set_epochs(&mut self, epochs: usize) {
        let before = std::mem::replace(&mut self.epochs, epochs) as u64;
        let warmup = match self.schedule.warmup.map(|warmup| warmup.over) {
            None => 0,
            Some(Span::Epochs(epochs)) => epochs,
            Some(Span::Steps(_)) => return,
        };
        if let Decay::Cosine { over, .. } = &mut self.schedule.decay
            && *over == Span::Epochs(before.saturating_sub(warmup))
        {
            *over = Span::Epochs((epochs as u64).saturating_sub(warmup).max(1));
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// [`TrainError::BadOption`] naming the first setting outside its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        for (option, count) in [
            ("train.epochs", self.epochs),
            ("train.batch_size", self.batch_size),
            ("train.eval_batch_size", self.eval_batch_size),
            ("train.checkpoint_every", self.checkpoint_every),
        ] {
            require(count > 0, option, count, "at least 1")?;
        }
        // TOML integers are signed.
        require(
            i64::try_from(self.seed).is_ok(),
            "train.seed",
            self.seed,
            "0 to 2^63 − 1",
        )?;
        require(
            self.learning_rate.is_finite() && self.learning_rate > 0.0,
            "train.learning_rate",
            self.learning_rate,
            "a number above 0",
        )?;
        self.augment.validate()?;
        self.loss.validate()?;
        Task::check_loss(self.target, self.loss)?;
        self.optimizer.validate()?;
        self.schedule.validate(self.learning_rate)?;
        self.clipping.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Monitor, PlateauSettings, RmsPropSettings, Warmup};

    #[test]
    fn the_defaults_are_valid_and_survive_a_file() {
        let config = TrainConfig::default();
        config.validate().unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<TrainConfig>(&text).unwrap(), config);
        assert_eq!(toml::from_str::<TrainConfig>("").unwrap(), config);
    }

    #[test]
    fn settings_other_than_the_defaults_survive_a_file() {
        let config = TrainConfig {
            learning_rate: 0.1 + 0.2,
            keep_best: true,
            normalize: Normalize::PerChannel {
                mean: vec![0.1],
                std: vec![0.3],
            },
            augment: Augment::preset("cifar").unwrap(),
            target: Target::Image,
            loss: Loss::BinaryCrossEntropy,
            optimizer: OptimizerConfig::RmsProp(RmsPropSettings {
                centered: true,
                ..RmsPropSettings::default()
            }),
            schedule: ScheduleConfig {
                warmup: Some(Warmup {
                    over: Span::Epochs(1),
                    start: 0.25,
                }),
                decay: Decay::Plateau(PlateauSettings {
                    monitor: Monitor::Train,
                    ..PlateauSettings::default()
                }),
            },
            clipping: Clipping::GlobalNorm { limit: 15.0 },
            ..TrainConfig::default()
        };
        config.validate().unwrap();
        let text = toml::to_string_pretty(&config).unwrap();
        assert_eq!(toml::from_str::<TrainConfig>(&text).unwrap(), config);
    }

    #[test]
    fn a_cosine_over_all_epochs_follows_their_number() {
        let mut config = TrainConfig {
            epochs: 10,
            schedule: ScheduleConfig {
                warmup: Some(Warmup {
                    over: Span::Epochs(2),
                    start: 0.0,
                }),
                decay: Decay::Cosine {
                    over: Span::Epochs(8),
                    floor: 0.0,
                },
            },
            ..TrainConfig::default()
        };
        let over = |config: &TrainConfig| match config.schedule.decay {
            Decay::Cosine { over, .. } => over,
            _ => panic!("{config:?}"),
        };
        config.set_epochs(5);
        assert_eq!((config.epochs, over(&config)), (5, Span::Epochs(3)));
        // One that ends elsewhere stays.
        config.epochs = 20;
        config.set_epochs(30);
        assert_eq!(over(&config), Span::Epochs(3));
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        let bad = |change: fn(&mut TrainConfig)| {
            let mut config = TrainConfig::default();
            change(&mut config);
            config.validate().unwrap_err().to_string()
        };
        assert!(bad(|c| c.epochs = 0).contains("train.epochs is 0"));
        assert!(bad(|c| c.batch_size = 0).contains("train.batch_size is 0"));
        assert!(bad(|c| c.learning_rate = f64::NAN).contains("train.learning_rate is NaN"));
        assert!(bad(|c| c.seed = u64::MAX).contains("train.seed"));
        assert!(bad(|c| c.augment.rotation = -1.0).contains("augment.rotation"));
        assert!(bad(|c| c.target = Target::Image).contains("train.loss.kind"));
    }
}
