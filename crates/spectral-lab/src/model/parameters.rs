//! Counts trainable parameters.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The number of trainable parameters of a module. Burn's own count includes the running statistics
/// of batch normalization, which no gradient reaches.
pub fn trainable<M: Module>(network: &M) -> usize {
    let mut count = Count(0);
    network.clone().train().visit(&mut count);
    count.0
}

struct Count(usize);

impl ModuleVisitor for Count {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            self.0 += param.val().shape().num_elements();
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::{BatchNormConfig, LinearConfig};
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn running_statistics_are_not_counted() {
        let device = Device::flex();
        assert_eq!(trainable(&LinearConfig::new(3, 5).init(&device)), 3 * 5 + 5);
        assert_eq!(trainable(&BatchNormConfig::new(7).init(&device)), 2 * 7);
    }
}
