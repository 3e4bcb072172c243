//! Gradient clipping.

use burn::grad_clipping::GradientClipping;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::error::{TrainError, require};

/// Added to the global norm before dividing by it, as PyTorch does.
const NORM_EPSILON: f64 = 1e-6;

/// How gradients are clipped before each step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Clipping {
    /// Not at all.
    #[default]
    None,
    /// Each element is clamped to −limit..limit.
    Value {
        /// Above zero.
        limit: f64,
    },
    /// Each parameter's gradient is scaled down to this L2 norm if it exceeds it.
    Norm {
        /// Above zero.
        limit: f64,
    },
    /// All gradients are scaled by one factor so that their common L2 norm does not exceed the
    /// limit.
    GlobalNorm {
        /// Above zero.
        limit: f64,
    },
}

impl Clipping {
    /// Checks the limit.
    ///
    /// [`TrainError::BadOption`] if it is not above zero.
    ///
    /// [`TrainError::BadOption`] if it is not above zero.
    pub fn validate(&self) -> Result<(), TrainError> {
        match *self {
            Self::None => Ok(()),
            Self::Value { limit } | Self::Norm { limit } | Self::GlobalNorm { limit } => require(
                limit.is_finite() && limit > 0.0,
                "train.clipping.limit",
                limit,
                "a number above 0",
            ),
        }
    }

    /// Clips the gradients of `module`. Nothing is read back from the device.
    pub fn apply<M: Module>(&self, mut gradients: GradientsParams, module: &M) -> GradientsParams {
        let rule = match *self {
            Self::None => return gradients,
            Self::Value { limit } => Rule::EachTensor(GradientClipping::Value(limit as f32)),
            Self::Norm { limit } => Rule::EachTensor(GradientClipping::Norm(limit as f32)),
            Self::GlobalNorm { limit } => {
                let mut squares = SumOfSquares {
                    gradients: &gradients,
                    sum: None,
                };
                module.visit(&mut squares);
                match squares.sum {
                    Some(sum) => {
                        let factor = ((sum.sqrt() + NORM_EPSILON).recip() * limit).clamp_max(1.0);
                        Rule::Factor(Box::new(factor))
                    }
                    None => return gradients,
                }
            }
        };
        module.visit(&mut Apply {
            gradients: &mut gradients,
            rule,
        });
        gradients
    }
}

struct SumOfSquares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for SumOfSquares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let squares = gradient.square().sum();
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + squares,
                None => squares,
            });
        }
    }
}

enum Rule {
    EachTensor(GradientClipping),
    Factor(Box<Tensor<1>>),
}

struct Apply<'a> {
    gradients: &'a mut GradientsParams,
    rule: Rule,
}

impl ModuleVisitor for Apply<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let clipped = match &self.rule {
                Rule::EachTensor(clipping) => clipping.clip_gradient(gradient),
                Rule::Factor(factor) => gradient * factor.as_ref().clone().unsqueeze(),
            };
            self.gradients.register(param.id, clipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Two {
        a: Param<Tensor<2>>,
        b: Param<Tensor<1>>,
    }

    /// The gradients [[3, 0]] and [4] after clipping; their common norm is 5.
    fn clipped(clipping: Clipping) -> (Vec<f32>, Vec<f32>) {
        let device = Device::flex().autodiff();
        let model = Two {
            a: Param::from_data([[0.0f32, 0.0]], &device),
            b: Param::from_data([0.0f32], &device),
        };
        let loss = (model.a.val() * Tensor::from_data([[3.0f32, 0.0]], &device)).sum()
            + (model.b.val() * Tensor::from_data([4.0f32], &device)).sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let gradients = clipping.apply(gradients, &model);
        let a = gradients.get::<2>(model.a.id).unwrap();
        let b = gradients.get::<1>(model.b.id).unwrap();
        (
            a.try_into_vec_as::<f32>().unwrap(),
            b.try_into_vec_as::<f32>().unwrap(),
        )
    }

    #[track_caller]
    fn assert_clipped(clipping: Clipping, a: [f32; 2], b: f32) {
        let (got_a, got_b) = clipped(clipping);
        for (got, expected) in got_a.iter().chain(&got_b).zip([a[0], a[1], b]) {
            assert!(
                (got - expected).abs() < 1e-6,
                "{got} instead of {expected} with {clipping:?}"
            );
        }
    }

    #[test]
    fn the_global_norm_scales_all_gradients_by_one_factor() {
        assert_clipped(Clipping::GlobalNorm { limit: 1.0 }, [0.6, 0.0], 0.8);
    }

    #[test]
    fn gradients_within_the_global_norm_keep_every_bit() {
        let (a, b) = clipped(Clipping::GlobalNorm { limit: 5.1 });
        assert_eq!((a, b), (vec![3.0, 0.0], vec![4.0]));
    }

    #[test]
    fn the_norm_of_each_tensor_is_bounded_apart() {
        assert_clipped(Clipping::Norm { limit: 3.5 }, [3.0, 0.0], 3.5);
    }

    #[test]
    fn values_are_clamped_one_by_one() {
        assert_clipped(Clipping::Value { limit: 3.5 }, [3.0, 0.0], 3.5);
        assert_clipped(Clipping::Value { limit: 1.0 }, [1.0, 0.0], 1.0);
    }

    #[test]
    fn no_clipping_changes_nothing() {
        assert_clipped(Clipping::None, [3.0, 0.0], 4.0);
    }

    #[test]
    fn a_limit_of_zero_is_refused_by_name() {
        let message = Clipping::Norm { limit: 0.0 }
            .validate()
            .unwrap_err()
            .to_string();
        assert!(message.contains("train.clipping.limit is 0"), "{message}");
    }
}
