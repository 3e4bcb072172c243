//! Counts of trainable and fixed parameters.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor};
use serde::Serialize;

/// Numbers of parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Parameters {
    /// Trainable parameters.
    pub trainable: usize,
    /// Fixed parameters: frozen ones, running statistics, fixed filters.
    pub fixed: usize,
}

/// Counts the parameters of a module, wherever it lives and whether or not it is set to train.
///
/// Burn's own `num_params` counts the running statistics of a batch normalization with the rest.
/// Parameters that are drawn when they are first used are not drawn by this.
///
/// # Example
/// ```
/// use burn::nn::BatchNormConfig;
/// use burn::tensor::Device;
/// use burn_spectral::summary::{Parameters, count_parameters};
///
/// let norm = BatchNormConfig::new(8).init(&Device::flex());
/// let expected = Parameters { trainable: 16, fixed: 16 };
/// assert_eq!(count_parameters(&norm), expected);
/// ```
pub fn count_parameters<M: Module>(module: &M) -> Parameters {
    let mut count = Count(Parameters::default());
    module.visit(&mut count);
    count.0
}

struct Count(Parameters);

impl ModuleVisitor for Count {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let numbers = param.lazy_shape().num_elements();
        match trains(param) {
            true => self.0.trainable += numbers,
            false => self.0.fixed += numbers,
        }
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.0.fixed += param.lazy_shape().num_elements();
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.0.fixed += param.lazy_shape().num_elements();
    }
}

/// Whether a parameter requires gradients in training.
///
/// Off an autodiff device a tensor says nothing of it, and Burn shows the setting only by acting on
/// it. So a parameter of one number takes the place of one that is not drawn yet, and a parameter
/// on a plain device is asked as it would be in training.
pub(crate) fn trains<const D: usize>(param: &Param<Tensor<D>>) -> bool {
    let param = match param.is_initialized() {
        true => param.clone(),
        false => {
            let number = Tensor::zeros([1; D], &param.lazy_device());
            param.clone().transform_for_load(number, param.id)
        }
    };
    match param.base().is_autodiff() {
        true => param.base().is_require_grad(),
        false => param.train().base().is_require_grad(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{BatchNormConfig, Linear, LinearConfig, LinearLayout};
    use burn::tensor::Device;

    fn count(trainable: usize, fixed: usize) -> Parameters {
        Parameters { trainable, fixed }
    }

    #[test]
    fn frozen_parameters_and_running_statistics_are_fixed_on_every_device() {
        let plain = Device::flex();
        for device in [plain.clone(), plain.clone().autodiff()] {
            let linear: Linear = LinearConfig::new(3, 5).init(&device);
            assert_eq!(count_parameters(&linear), count(20, 0));
            assert_eq!(count_parameters(&linear.clone().no_grad()), count(0, 20));
            let norm = BatchNormConfig::new(7).init(&device);
            assert_eq!(count_parameters(&norm), count(14, 14));
        }
        let norm = BatchNormConfig::new(7).init(&plain).train();
        assert_eq!(count_parameters(&norm), count(14, 14));
        assert_eq!(count_parameters(&norm.valid()), count(14, 14));
    }

    #[test]
    fn counting_draws_no_weights() {
        let linear = LinearConfig::new(1000, 1000)
            .with_layout(LinearLayout::Col)
            .init(&Device::flex());
        assert_eq!(count_parameters(&linear), count(1_001_000, 0));
        assert!(!linear.weight.is_initialized());
    }
}
