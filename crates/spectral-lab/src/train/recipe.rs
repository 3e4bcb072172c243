//! Settings of published experiments, by name.

use super::clipping::Clipping;
use super::config::{ScalingConfig, TrainConfig};
use super::error::TrainError;
use super::loss::{DerivativeKind, Loss};
use super::optimizer::{AdamSettings, AdamWSettings, OptimizerConfig, RmsPropSettings};
use super::schedule::{Decay, ScheduleConfig, Span, Warmup};
use super::target::Target;
use crate::data::fields::ScalingKind;
use crate::data::{Augment, Normalize};

/// The L2 penalty of the lab's own recipe.
const WEIGHT_DECAY: f64 = 5e-4;

/// The ε of Keras's Adam. Keras adds it before the bias correction of the second moment and not
/// after it, which matters only where gradients are about as small.
const KERAS_EPSILON: f64 = 1e-7;

/// Settings to start from.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// The name.
    pub name: &'static str,
    /// A one-line description.
    pub summary: &'static str,
    config: fn() -> TrainConfig,
}

const RECIPES: [Recipe; 9] = [
    Recipe {
        name: "lab",
        summary: "the lab's defaults: Adam at 1e-3 with weight decay 5e-4, cross-entropy, 5 epochs",
        config: lab,
    },
    Recipe {
        name: "cats-vs-dogs",
        summary: "Wood and Larson 2021: squared error, Adam, 3 epochs, images rotated and shifted",
        config: cats_vs_dogs,
    },
    Recipe {
        name: "cifar-10-notebook",
        summary: "Wood and Larson 2021: cross-entropy, Adam, 400 steps of 500 augmented images",
        config: cifar_10_notebook,
    },
    Recipe {
        name: "autoencoder",
        summary: "Wood and Larson 2021: binary cross-entropy of pixels, Adam, 50 epochs, batches \
            of 128",
        config: autoencoder,
    },
    Recipe {
        name: "cemnet",
        summary: "Pan et al. 2022: RMSprop at 4e-3 with cosine decay, clipped gradients, 10 \
            epochs, batches of 100",
        config: cemnet,
    },
    Recipe {
        name: "operator",
        summary: "operators: relative L2 loss of scaled fields, Adam at 1e-3 with cosine decay, 30 \
            epochs, batches of 20",
        config: operator,
    },
    Recipe {
        name: "burgers",
        summary: "Li et al. 2021: relative L2 loss, Adam at 1e-3 halved every 50 epochs, 500 \
            epochs, batches of 20",
        config: burgers,
    },
    Recipe {
        name: "darcy",
        summary: "neuraloperator's example: relative H1 loss of scaled targets, AdamW at 1e-2 with \
            cosine decay, 15 epochs, batches of 64",
        config: darcy,
    },
    Recipe {
        name: "emulator",
        summary: "Koehler et al. 2024: squared error, Adam at 1e-3 with warm-up and cosine decay, \
            batches of 20",
        config: emulator,
    },
];

/// All recipes, the lab's own first.
pub fn recipes() -> &'static [Recipe] {
    &RECIPES
}

impl Recipe {
    /// The recipe of that name.
    ///
    /// # Errors
    ///
    /// [`TrainError::BadOption`] with the available names.
    pub fn find(name: &str) -> Result<&'static Self, TrainError> {
        RECIPES
            .iter()
            .find(|recipe| recipe.name == name)
            .ok_or_else(|| {
                let names: Vec<&str> = RECIPES.iter().map(|recipe| recipe.name).collect();
                TrainError::bad_option("recipe", format!("'{name}'"), names.join(", "))
            })
    }

    /// Its settings.
    pub fn config(&self) -> TrainConfig {
        (self.config)()
    }
}

/// Adam with PyTorch's defaults and an L2 penalty.
fn lab() -> TrainConfig {
    TrainConfig {
        optimizer: OptimizerConfig::Adam(AdamSettings {
            weight_decay: WEIGHT_DECAY,
            ..AdamSettings::default()
        }),
        ..TrainConfig::default()
    }
}

/// Adam with Keras' defaults, rate 1e-3.
fn keras() -> TrainConfig {
    TrainConfig {
        optimizer: OptimizerConfig::Adam(AdamSettings {
            epsilon: KERAS_EPSILON,
            ..AdamSettings::default()
        }),
        learning_rate: 1e-3,
        ..TrainConfig::default()
    }
}

/// The notebook Cats-vs-Dogs-Benchmark of *Parametric Spectral Filters for Fast Converging,
/// Scalable Convolutional Neural Networks* (Wood and Larson, ICASSP 2021): a linear head of two
/// units with squared error, mini-batches of 64, 3 epochs, feature-wise centering and scaling,
/// rotation by 20°, shifts by a fifth, horizontal flips. The notebook leaves its test images
/// unscaled; here they are scaled by the constants of the training images.
fn cats_vs_dogs() -> TrainConfig {
    TrainConfig {
        epochs: 3,
        batch_size: 64,
        normalize: Normalize::PerChannelOfTraining,
        augment: Augment::preset("cats-vs-dogs").unwrap_or_default(),
        loss: Loss::MeanSquaredError,
        ..keras()
    }
}

/// The notebook Cifar-10-benchmark of the same authors: 400 steps of 500 images, which is four
/// times the 50,000, cropped, flipped both ways and changed in hue, saturation, brightness and
/// contrast. The strength of the augmentation is this lab's choice.
fn cifar_10_notebook() -> TrainConfig {
    TrainConfig {
        epochs: 4,
        batch_size: 500,
        normalize: Normalize::ZeroOne,
        augment: Augment::preset("cifar").unwrap_or_default(),
        ..keras()
    }
}

/// The notebook Spectral_Auto_Encoder of the same authors, on MNIST: binary cross-entropy of pixels
/// in 0..1, mini-batches of 128, 50 epochs.
fn autoencoder() -> TrainConfig {
    TrainConfig {
        epochs: 50,
        batch_size: 128,
        normalize: Normalize::ZeroOne,
        target: Target::Image,
        loss: Loss::BinaryCrossEntropy,
        ..keras()
    }
}

/// The script of *Learning Convolutional Neural Networks in the Frequency Domain* (Pan et al.,
/// 2022) for MNIST: mini-batches of 100, pixels in 0..1, the gradient of each parameter clipped to
/// a norm of 15, RMSprop with momentum 0.9 at 0.004, one epoch of warm-up and cosine decay to a
/// hundred thousandth of that. It trains for 1,000 epochs; here it is 10.
fn cemnet() -> TrainConfig {
    const EPOCHS: usize = 10;
    const RATE: f64 = 4e-3;
    TrainConfig {
        epochs: EPOCHS,
        batch_size: 100,
        learning_rate: RATE,
        normalize: Normalize::ZeroOne,
        optimizer: OptimizerConfig::RmsProp(RmsPropSettings {
            alpha: 0.9,
            epsilon: KERAS_EPSILON,
            momentum: 0.9,
            ..RmsPropSettings::default()
        }),
        schedule: ScheduleConfig {
            warmup: Some(Warmup {
                over: Span::Epochs(1),
                start: 0.0,
            }),
            decay: Decay::Cosine {
                over: Span::Epochs(EPOCHS as u64 - 1),
                floor: 1e-5 * RATE,
            },
        },
        clipping: Clipping::Norm { limit: 15.0 },
        ..TrainConfig::default()
    }
}

/// The lab's settings of operators.
fn operator() -> TrainConfig {
    const EPOCHS: usize = 30;
    TrainConfig {
        epochs: EPOCHS,
        batch_size: 20,
        schedule: cosine(EPOCHS),
        scaling: ScalingConfig {
            inputs: ScalingKind::Channel,
            targets: ScalingKind::Channel,
        },
        ..fields(Loss::RelativeL2)
    }
}

/// The program of *Fourier Neural Operator for Parametric Partial Differential Equations* (Li et al.,
/// 2021) for Burgers' equation, in its later version.
fn burgers() -> TrainConfig {
    TrainConfig {
        epochs: 500,
        batch_size: 20,
        optimizer: OptimizerConfig::Adam(AdamSettings {
            weight_decay: 1e-4,
            ..AdamSettings::default()
        }),
        schedule: ScheduleConfig {
            decay: Decay::Step {
                epochs: 50,
                gamma: 0.5,
            },
            ..ScheduleConfig::default()
        },
        ..fields(Loss::RelativeL2)
    }
}

/// The example of small Darcy flow in the neuraloperator library (Kossaifi et al., 2024). Its cosine
/// would take 30 epochs; the run ends at half of it.
fn darcy() -> TrainConfig {
    TrainConfig {
        epochs: 15,
        batch_size: 64,
        learning_rate: 1e-2,
        optimizer: OptimizerConfig::AdamW(AdamWSettings {
            weight_decay: 1e-4,
            ..AdamWSettings::default()
        }),
        schedule: cosine(30),
        scaling: ScalingConfig {
            targets: ScalingKind::Channel,
            ..ScalingConfig::default()
        },
        ..fields(Loss::RelativeH1 {
            derivative: DerivativeKind::PeriodicDifferences,
        })
    }
}

/// *APEBench: A Benchmark for Autoregressive Neural Emulators of PDEs* (Koehler et al., 2024): 10,000
/// updates, 2,000 of them of warm-up. On 50 trajectories of 50 steps an epoch has 125 updates.
fn emulator() -> TrainConfig {
    TrainConfig {
        epochs: 80,
        batch_size: 20,
        schedule: ScheduleConfig {
            warmup: Some(Warmup {
                over: Span::Steps(2_000),
                start: 0.0,
            }),
            decay: Decay::Cosine {
                over: Span::Steps(8_000),
                floor: 0.0,
            },
        },
        ..fields(Loss::MeanSquaredError)
    }
}

/// Training on fields, with Adam at 1e-3.
fn fields(loss: Loss) -> TrainConfig {
    TrainConfig {
        target: Target::Field,
        loss,
        optimizer: OptimizerConfig::Adam(AdamSettings::default()),
        ..TrainConfig::default()
    }
}

/// Cosine decay to 0, an epoch at a time.
fn cosine(epochs: usize) -> ScheduleConfig {
    ScheduleConfig {
        decay: Decay::Cosine {
            over: Span::Epochs(epochs as u64),
            floor: 0.0,
        },
        ..ScheduleConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(name: &str) -> TrainConfig {
        Recipe::find(name).unwrap().config()
    }

    #[test]
    fn every_recipe_is_valid_and_survives_a_file() {
        for recipe in recipes() {
            let config = recipe.config();
            config.validate().unwrap();
            let text = toml::to_string(&config).unwrap();
            assert_eq!(toml::from_str::<TrainConfig>(&text).unwrap(), config);
        }
    }

    #[test]
    fn recipes_are_what_their_sources_say() {
        for name in ["cats-vs-dogs", "cifar-10-notebook", "autoencoder"] {
            let config = config(name);
            let OptimizerConfig::Adam(adam) = config.optimizer else {
                panic!("{config:?}")
            };
            assert_eq!((config.learning_rate, adam.epsilon), (1e-3, 1e-7));
            assert_eq!((adam.beta_1, adam.beta_2), (0.9, 0.999));
            assert_eq!(adam.weight_decay, 0.0);
        }
        let cats = config("cats-vs-dogs");
        assert_eq!((cats.epochs, cats.batch_size), (3, 64));
        assert_eq!(cats.loss, Loss::MeanSquaredError);
        assert_eq!(cats.normalize, Normalize::PerChannelOfTraining);
        let augment = Augment {
            rotation: 20.0,
            shift_height: 0.2,
            shift_width: 0.2,
            flip_horizontal: true,
            ..Augment::default()
        };
        assert_eq!(cats.augment, augment);
        let cifar = config("cifar-10-notebook");
        assert_eq!(cifar.epochs * 50_000 / cifar.batch_size, 400);
        assert!(cifar.augment.flip_vertical && cifar.augment.hue > 0.0);
        assert_eq!(cifar.loss, Loss::default());
        let encoder = config("autoencoder");
        assert_eq!((encoder.epochs, encoder.batch_size), (50, 128));
        assert_eq!(
            (encoder.target, encoder.loss),
            (Target::Image, Loss::BinaryCrossEntropy)
        );
    }

    #[test]
    fn the_recipe_of_cemnet_warms_up_for_one_of_its_epochs_and_decays_over_the_others() {
        let config = config("cemnet");
        let OptimizerConfig::RmsProp(settings) = config.optimizer else {
            panic!("{config:?}")
        };
        assert_eq!((settings.alpha, settings.momentum), (0.9, 0.9));
        assert_eq!(config.clipping, Clipping::Norm { limit: 15.0 });
        let Decay::Cosine { over, .. } = config.schedule.decay else {
            panic!("{config:?}")
        };
        assert_eq!(over, Span::Epochs(config.epochs as u64 - 1));
    }

    #[test]
    fn an_unknown_recipe_lists_the_known_ones() {
        let error = Recipe::find("soup").unwrap_err().to_string();
        for recipe in recipes() {
            assert!(error.contains(recipe.name), "{error}");
        }
    }
}
