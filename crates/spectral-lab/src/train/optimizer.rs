//! Optimizers, with all constants as settings.

use burn::optim::ModuleOptimizer;
use serde::{Deserialize, Serialize};

use super::error::{TrainError, require};
use super::fused;

/// An optimizer with its constants. The defaults are PyTorch's, not Burn's (whose ε is 1e-5).
///
/// In Adam, SGD and RMSprop `weight_decay` adds λ·w to the gradient (L2); in AdamW it shrinks the
/// weights directly by lr·λ·w.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OptimizerConfig {
    /// Adam (Kingma and Ba, 2015).
    Adam(AdamSettings),
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
    #[serde(rename = "adamw")]
    AdamW(AdamWSettings),
    /// Stochastic gradient descent.
    Sgd(SgdSettings),
    /// RMSprop (Tieleman and Hinton, 2012).
    #[serde(rename = "rmsprop")]
    RmsProp(RmsPropSettings),
}

/// Constants of Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamSettings {
    /// Decay of the first moment; 0.9.
    pub beta_1: f64,
    /// Decay of the second moment; 0.999.
    pub beta_2: f64,
    /// Added to the denominator; 1e-8.
    pub epsilon: f64,
    /// Use the largest second moment so far (AMSGrad; Reddi et al., 2018); false.
    pub amsgrad: bool,
    /// L2 penalty λ; 0.
    pub weight_decay: f64,
}

/// Constants of AdamW.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamWSettings {
    /// Decay of the first moment; 0.9.
    pub beta_1: f64,
    /// Decay of the second moment; 0.999.
    pub beta_2: f64,
    /// Added to the denominator; 1e-8.
    pub epsilon: f64,
    /// Use the largest second moment so far (AMSGrad); false.
    pub amsgrad: bool,
    /// Decoupled weight decay λ; 0.01.
    pub weight_decay: f64,
}

/// Constants of stochastic gradient descent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdSettings {
    /// Momentum; 0.
    pub momentum: f64,
    /// Dampening of the gradients after the first; 0.
    pub dampening: f64,
    /// Nesterov momentum; false. Needs momentum and no dampening.
    pub nesterov: bool,
    /// L2 penalty λ; 0.
    pub weight_decay: f64,
}

/// Constants of RMSprop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmsPropSettings {
    /// Decay of the mean square; 0.99.
    pub alpha: f64,
    /// Added to the denominator; 1e-8.
    pub epsilon: f64,
    /// Momentum; 0.
    pub momentum: f64,
    /// Divide by the standard deviation instead of the root mean square; false.
    pub centered: bool,
    /// L2 penalty λ; 0.
    pub weight_decay: f64,
}

impl Default for AdamSettings {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            amsgrad: false,
            weight_decay: 0.0,
        }
    }
}

impl Default for AdamWSettings {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            amsgrad: false,
            weight_decay: 1e-2,
        }
    }
}

impl Default for RmsPropSettings {
    fn default() -> Self {
        Self {
            alpha: 0.99,
            epsilon: 1e-8,
            momentum: 0.0,
            centered: false,
            weight_decay: 0.0,
        }
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(AdamSettings::default())
    }
}

impl OptimizerConfig {
    /// Checks every constant.
    ///
    /// # Errors
    ///
    /// [`TrainError::BadOption`] naming the first constant outside its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        match self {
            Self::Adam(s) => {
                share("beta_1", s.beta_1)?;
                share("beta_2", s.beta_2)?;
                at_least_zero("epsilon", s.epsilon)?;
                at_least_zero("weight_decay", s.weight_decay)
            }
            Self::AdamW(s) => {
                share("beta_1", s.beta_1)?;
                share("beta_2", s.beta_2)?;
                at_least_zero("epsilon", s.epsilon)?;
                at_least_zero("weight_decay", s.weight_decay)
            }
            Self::Sgd(s) => {
                at_least_zero("momentum", s.momentum)?;
                require(
                    (0.0..=1.0).contains(&s.dampening),
                    "train.optimizer.dampening",
                    s.dampening,
                    "0 to 1",
                )?;
                require(
                    !s.nesterov || (s.momentum > 0.0 && s.dampening == 0.0),
                    "train.optimizer.nesterov",
                    s.nesterov,
                    "true only with momentum above 0 and dampening 0",
                )?;
                at_least_zero("weight_decay", s.weight_decay)
            }
            Self::RmsProp(s) => {
                share("alpha", s.alpha)?;
                at_least_zero("epsilon", s.epsilon)?;
                at_least_zero("momentum", s.momentum)?;
                at_least_zero("weight_decay", s.weight_decay)
            }
        }
    }

    /// The optimizer, without state: the update rule, the rounding of constants and the records of
    /// Burn's optimizer of that name, each step in one pass.
    pub fn build(&self) -> ModuleOptimizer {
        match self {
            Self::Adam(s) => fused::Adam {
                moments: fused::Moments {
                    beta_1: s.beta_1 as f32,
                    beta_2: s.beta_2 as f32,
                    epsilon: s.epsilon as f32,
                    amsgrad: s.amsgrad,
                },
                penalty: s.weight_decay as f32,
            }
            .into(),
            Self::AdamW(s) => fused::AdamW {
                moments: fused::Moments {
                    beta_1: s.beta_1 as f32,
                    beta_2: s.beta_2 as f32,
                    epsilon: s.epsilon as f32,
                    amsgrad: s.amsgrad,
                },
                weight_decay: s.weight_decay as f32,
            }
            .into(),
            Self::Sgd(s) => fused::Sgd {
                momentum: (s.momentum > 0.0).then_some(fused::Momentum {
                    factor: s.momentum as f32,
                    dampening: s.dampening,
                    nesterov: s.nesterov,
                }),
                penalty: s.weight_decay as f32,
            }
            .into(),
            Self::RmsProp(s) => fused::RmsProp {
                alpha: s.alpha as f32,
                momentum: s.momentum as f32,
                epsilon: s.epsilon as f32,
                centered: s.centered,
                penalty: s.weight_decay as f32,
            }
            .into(),
        }
    }
}

fn share(name: &str, value: f64) -> Result<(), TrainError> {
    require(
        (0.0..1.0).contains(&value),
        &format!("train.optimizer.{name}"),
        value,
        "at least 0 and below 1",
    )
}

fn at_least_zero(name: &str, value: f64) -> Result<(), TrainError> {
    require(
        value.is_finite() && value >= 0.0,
        &format!("train.optimizer.{name}"),
        value,
        "0 or more",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::{Module, Param};
    use burn::optim::GradientsParams;
    use burn::tensor::{Device, Tensor};

    #[derive(Module, Debug)]
    struct Weights {
        w: Param<Tensor<1>>,
    }

    /// Twelve steps at learning rate 0.05 from [0.5, −1, 2, 0], with the gradient
    /// sin(0.7·t + 1.3·i)·(1 + i/2) for weight i at step t.
    fn twelve_steps(config: OptimizerConfig) -> Vec<f32> {
        config.validate().unwrap();
        let device = Device::flex().autodiff();
        let mut model = Weights {
            w: Param::from_data([0.5f32, -1.0, 2.0, 0.0], &device),
        };
        let mut optimizer = config.build();
        for t in 0..12 {
            let gradient: [f32; 4] = std::array::from_fn(|i| {
                ((0.7 * f64::from(t) + 1.3 * i as f64).sin() * (1.0 + 0.5 * i as f64)) as f32
            });
            let mut gradients = GradientsParams::new();
            gradients.register(
                model.w.id,
                Tensor::<1>::from_data(gradient, &Device::flex()),
            );
            model = optimizer.step(0.05, model, gradients);
        }
        model.w.val().try_into_vec_as::<f32>().unwrap()
    }

    #[track_caller]
    fn assert_weights(config: OptimizerConfig, expected: [f64; 4]) {
        for (got, expected) in twelve_steps(config).into_iter().zip(expected) {
            assert!(
                (f64::from(got) - expected).abs() < 2e-6,
                "{got} instead of {expected} with {config:?}"
            );
        }
    }

    // The expected weights are those of torch.optim in float64.

    #[test]
    fn adam_moves_weights_as_pytorch_does() {
        assert_weights(
            OptimizerConfig::default(),
            [0.305940367149, -1.18689789937, 2.0397240185, 0.234685930665],
        );
        assert_weights(
            OptimizerConfig::Adam(AdamSettings {
                beta_1: 0.8,
                beta_2: 0.95,
                epsilon: 1e-3,
                amsgrad: true,
                weight_decay: 0.1,
            }),
            [
                0.273132615047,
                -1.12065200182,
                1.94891958181,
                0.195976571489,
            ],
        );
    }

    #[test]
    fn adamw_moves_weights_as_pytorch_does() {
        assert_weights(
            OptimizerConfig::AdamW(AdamWSettings::default()),
            [0.30374161376, -1.18009291039, 2.02768510956, 0.233670332021],
        );
        assert_weights(
            OptimizerConfig::AdamW(AdamWSettings {
                beta_1: 0.8,
                beta_2: 0.95,
                epsilon: 1e-3,
                amsgrad: true,
                weight_decay: 0.3,
            }),
            [
                0.278960470877,
                -0.976867639163,
                1.68645231948,
                0.173831766104,
            ],
        );
    }

    #[test]
    fn sgd_moves_weights_as_pytorch_does() {
        assert_weights(
            OptimizerConfig::Sgd(SgdSettings::default()),
            [0.417312229174, -1.17267045232, 2.0422044917, 0.316008217426],
        );
        assert_weights(
            OptimizerConfig::Sgd(SgdSettings {
                momentum: 0.9,
                dampening: 0.25,
                nesterov: false,
                weight_decay: 0.1,
            }),
            [0.120861513834, -1.2949358395, 1.78061227569, 0.965588620935],
        );
        assert_weights(
            OptimizerConfig::Sgd(SgdSettings {
                momentum: 0.9,
                nesterov: true,
                ..SgdSettings::default()
            }),
            [
                0.0479226092852,
                -1.68614212993,
                2.41470887203,
                1.42090556027,
            ],
        );
    }

    #[test]
    fn rmsprop_moves_weights_as_pytorch_does() {
        assert_weights(
            OptimizerConfig::RmsProp(RmsPropSettings::default()),
            [-0.430025592618, -1.81461362486, 2.1960051031, 1.07337730425],
        );
        assert_weights(
            OptimizerConfig::RmsProp(RmsPropSettings {
                alpha: 0.9,
                epsilon: 1e-3,
                momentum: 0.9,
                centered: true,
                weight_decay: 0.1,
            }),
            [-2.27906970556, -1.98873909929, 1.89703982509, 1.99594233283],
        );
    }

    #[test]
    fn nesterov_without_momentum_is_refused_by_name() {
        let config = OptimizerConfig::Sgd(SgdSettings {
            nesterov: true,
            ..SgdSettings::default()
        });
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("train.optimizer.nesterov"), "{message}");
    }

    #[test]
    fn constants_left_out_of_a_file_are_those_of_pytorch_and_unknown_ones_are_refused() {
        let config: OptimizerConfig = toml::from_str("kind = \"adam\"\nbeta_1 = 0.5").unwrap();
        let expected = AdamSettings {
            beta_1: 0.5,
            ..AdamSettings::default()
        };
        assert_eq!(config, OptimizerConfig::Adam(expected));
        assert!(toml::from_str::<OptimizerConfig>("kind = \"adam\"\nbeta1 = 0.5").is_err());
    }
}
