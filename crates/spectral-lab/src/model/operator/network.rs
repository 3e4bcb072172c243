//! An operator network of the registry.

use burn::module::Module;
use burn::tensor::Tensor;
use burn_spectral::operator::{Ffno, Fno, Uno};

use super::{DilatedResNet, ModernUNet, ResNet, UNet};
use crate::model::ModelError;
use crate::train::{Operator, Trainable};

/// An operator network on fields `[batch, channels, space…]`, `D` being the rank of such a tensor.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum OperatorNetwork<const D: usize> {
    /// A Fourier neural operator.
    Fno(Fno<D>),
    /// A factorized Fourier neural operator.
    Ffno(Ffno<D>),
    /// A U-shaped neural operator.
    Uno(Uno<D>),
    /// A residual network of convolutions.
    ResNet(ResNet<D>),
    /// A residual network of dilated convolutions.
    DilatedResNet(DilatedResNet<D>),
    /// A U-Net.
    UNet(UNet<D>),
    /// A U-Net of residual blocks.
    ModernUNet(ModernUNet<D>),
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
            Self::Ffno(net) => net.check(dims)?,
            Self::Uno(net) => net.check(dims)?,
            Self::ResNet(net) => net.check(dims)?,
            Self::DilatedResNet(net) => net.check(dims)?,
            Self::UNet(net) => net.check(dims)?,
            Self::ModernUNet(net) => net.check(dims)?,
        }
        Ok(())
    }
}

impl<const D: usize> Trainable for OperatorNetwork<D> {}

impl<const D: usize> Operator<D> for OperatorNetwork<D> {
    fn forward(&self, fields: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Fno(net) => net.forward(fields),
            Self::Ffno(net) => net.forward(fields),
            Self::Uno(net) => net.forward(fields),
            Self::ResNet(net) => net.forward(fields),
            Self::DilatedResNet(net) => net.forward(fields),
            Self::UNet(net) => net.forward(fields),
            Self::ModernUNet(net) => net.forward(fields),
        }
    }
}
