//! An operator network of the registry.

use burn::module::Module;
use burn::tensor::Tensor;
use burn_spectral::operator::Fno;

use crate::train::{Operator, Trainable};

/// An operator network on fields `[batch, channels, space…]`, `D` being the rank of such a tensor.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum OperatorNetwork<const D: usize> {
    /// A Fourier neural operator.
    Fno(Fno<D>),
}

impl<const D: usize> Trainable for OperatorNetwork<D> {}

impl<const D: usize> Operator<D> for OperatorNetwork<D> {
    fn forward(&self, fields: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Fno(net) => net.forward(fields),
        }
    }
}
