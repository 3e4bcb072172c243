//! An operator network of the registry.

use burn::module::Module;
use burn::tensor::Tensor;
use burn_spectral::operator::Fno;

use crate::model::ModelError;
use crate::train::{Operator, Trainable};

/// An operator network on fields `[batch, channels, space…]`, `D` being the rank of such a tensor.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum OperatorNetwork<const D: usize> {
    /// A Fourier neural operator.
    Fno(Fno<D>),
}

impl<const D: usize> OperatorNetwork<D> {
    /// Checks that the network accepts fields of shape `[channels, space…]`.
    ///
    /// # Errors
    /// If the channels differ from the network's, or the grid does not have its modes or its points.
    pub fn check(&self, shape: &[usize]) -> Result<(), ModelError> {
        let Ok(dims) = <[usize; D]>::try_from([&[1], shape].concat()) else {
            return Err(ModelError::Axes {
                got: shape.len().saturating_sub(1),
            });
        };
        match self {
            Self::Fno(net) => net.check(dims)?,
        }
        Ok(())
    }
}

impl<const D: usize> Trainable for OperatorNetwork<D> {}

impl<const D: usize> Operator<D> for OperatorNetwork<D> {
    fn forward(&self, fields: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Fno(net) => net.forward(fields),
        }
    }
}
