//! Batch normalization of the real and the imaginary part.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::{Device, Tensor};

use crate::ComplexTensor;
use crate::error::OrPanic;
use crate::ops::{self, ChannelSpec, Half, NormalizedBatch, has_kernels};
use crate::running::update;
use crate::spatial::{self, Activation};

use super::ComplexBatchNormConfig;
use super::statistics::{is_training, limit, per_channel, unit_of_part, wide, with_epsilon};

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
            re: normalize(&self.re, activation, spectrum.re),
            im: normalize(&self.im, activation, spectrum.im),
        }
    }
}

/// The layer, then an activation.
fn normalize<const D: usize>(layer: &BatchNorm, activation: Activation, x: Tensor<D>) -> Tensor<D> {
    if !is_training(&x.device(), &layer.training) || x.dims().contains(&0) {
        return spatial::batch_norm_activate(layer, activation, x);
    }
    let spec = ChannelSpec {
        activation,
        pool: None,
    };
    // On the kernels the variance can be read at once. Elsewhere that would wait for the device.
    let fused = has_kernels(&x).then(|| {
        let (gamma, beta) = (layer.gamma.val(), layer.beta.val());
        ops::batch_norm_train(x.clone(), gamma, beta, layer.epsilon, spec)
    });
    let batch = match fused {
        Some(batch) if is_in_range(&batch.variance) => batch,
        _ => scaled(layer, spec, x),
    };
    update(&layer.running_mean, batch.mean, layer.momentum);
    update(&layer.running_var, batch.variance, layer.momentum);
    batch.output
}

/// Whether the squares that variances come from were in the range of their precision.
fn is_in_range(variance: &Tensor<1>) -> bool {
    let most = limit(variance.dtype()).powi(2);
    let data = variance.to_data();
    data.iter::<f64>().all(|variance| variance <= most)
}

/// [`ops::batch_norm_train`] of values whose squares may be out of range.
fn scaled<const D: usize>(
    layer: &BatchNorm,
    spec: ChannelSpec,
    x: Tensor<D>,
) -> NormalizedBatch<D> {
    if let Some(half) = Half::of(&x) {
        let batch = scaled(layer, spec, half.widen(x));
        return NormalizedBatch {
            output: half.round(batch.output),
            ..batch
        };
    }
    let dims = x.dims();
    let (batch, channels) = (dims[0], dims[1]);
    let rest: usize = dims[2..].iter().product();
    let x = x.reshape([batch, channels, rest, 1]);
    let unit = unit_of_part(&x);
    let weight = 1.0 / (batch * rest) as f64;
    let mean_of = |values: Tensor<4>| values.sum_dim(2).sum_dim(0) * weight;
    let x = x / unit.clone();
    let mean = mean_of(x.clone());
    let x = x - mean.clone();
    let variance = mean_of(x.clone() * x.clone());
    let deviation = with_epsilon(variance.clone(), &unit, layer.epsilon).sqrt();
    let gamma = per_channel(wide(layer.gamma.val()));
    let y = x * (gamma / deviation) + per_channel(wide(layer.beta.val()));
    NormalizedBatch {
        output: ops::activate_pool(y, spec).reshape(dims),
        mean: (mean * unit.clone()).reshape([channels]),
        variance: (variance * unit.clone() * unit).reshape([channels]),
    }
}
