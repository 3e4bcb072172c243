//! Batch normalization of the real and the imaginary part.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::Device;

use crate::ComplexTensor;
use crate::error::OrPanic;
use crate::spatial::{self, Activation};

use super::ComplexBatchNormConfig;

/// An ordinary batch normalization of the real and one of the imaginary part, per channel over batch
/// and bins (Pan et al., 2022).
///
/// It subtracts the mean of all bins from every bin. In the image that is an impulse at sample 0,
/// and the two scales let a real image become a complex one: of a half-spectrum the result is no
/// longer Hermitian.
#[derive(Module, Debug)]
pub struct PerPartNorm {
    /// Of the real part.
    pub re: BatchNorm,
    /// Of the imaginary part.
    pub im: BatchNorm,
}

impl PerPartNorm {
    pub(super) fn new(config: &ComplexBatchNormConfig, device: &Device) -> Self {
        let part = || {
            BatchNormConfig::new(config.channels)
                .with_epsilon(config.epsilon)
                .with_momentum(config.momentum)
                .init(device)
        };
        Self {
            re: part(),
            im: part(),
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.re.gamma.lazy_shape().dims::<1>()[0]
    }

    /// Normalizes.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, …]`
    ///
    /// # Panics
    /// If the channels are not the layer's.
    #[track_caller]
    pub fn forward<const D: usize>(&self, spectrum: ComplexTensor<D>) -> ComplexTensor<D> {
        self.forward_activated(spectrum, Activation::Identity)
    }

    /// Normalizes, then activates each part, as one operation per part.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, …]`
    ///
    /// # Panics
    /// If the channels are not the layer's.
    #[track_caller]
    pub fn forward_activated<const D: usize>(
        &self,
        spectrum: ComplexTensor<D>,
        activation: Activation,
    ) -> ComplexTensor<D> {
        super::statistics::check_channels(self.channels(), &spectrum.dims()).or_panic();
        ComplexTensor {
            re: spatial::batch_norm_activate(&self.re, activation, spectrum.re),
            im: spatial::batch_norm_activate(&self.im, activation, spectrum.im),
        }
    }
}
