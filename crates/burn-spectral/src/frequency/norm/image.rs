//! Batch normalization of the image, computed on its spectrum.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::{Device, Tensor};

use crate::error::OrPanic;
use crate::ops::Half;
use crate::running::update;
use crate::{ComplexTensor, SpectralError};

use super::super::spectrum_grid::SpectrumGrid;
use super::ComplexBatchNormConfig;
use super::statistics::{
    check_channels, constant, energy, is_training, per_channel, unit, wide, with_epsilon,
};

/// `BatchNorm` of an image, computed on its spectrum: no transform, and the same result.
///
/// The bin of frequency zero is `N` times the mean of the image, and by Parseval's theorem the
/// other bins hold its variance:
///
/// ```text
/// mean     = 1/(B·N) · Σ_b Re X_0
/// variance = 1/(B·N²) · Σ_b ( Σ_{k≠0} c_k·|X_k|² + (Re X_0 − N·mean)² )
/// Y_k      = γ·(X_k − δ_k·N·mean) / √(variance + ε) + δ_k·N·β
/// ```
///
/// with `c_k` the number of bins of the full spectrum that a bin stands for and `N` the samples of
/// an image. It takes spectra of real images as unnormalized transforms give them; of others the
/// variance counts what no real image has.
///
/// Parameters and running statistics are those of the `BatchNorm` it holds.
#[derive(Module, Debug)]
pub struct ImageNorm {
    /// Scale, offset and running statistics, those of the image.
    pub norm: BatchNorm,
    /// The spectra.
    #[module(skip)]
    pub grid: SpectrumGrid,
}

impl ImageNorm {
    pub(super) fn new(
        config: &ComplexBatchNormConfig,
        grid: SpectrumGrid,
        device: &Device,
    ) -> Self {
        let norm = BatchNormConfig::new(config.channels)
            .with_epsilon(config.epsilon)
            .with_momentum(config.momentum)
            .init(device);
        Self::from_norm(norm, grid)
    }

    /// The normalization that `norm` is, on spectra.
    pub fn from_norm(norm: BatchNorm, grid: SpectrumGrid) -> Self {
        Self { norm, grid }
    }

    pub(super) fn channels(&self) -> usize {
        self.norm.gamma.lazy_shape().dims::<1>()[0]
    }

    /// Checks that the layer accepts spectra of shape `dims`.
    ///
    /// # Errors
    /// If the channels or the bins are not the layer's.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        check_channels(self.channels(), &dims)?;
        self.grid.check(dims)
    }

    /// Normalizes.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, bins…]`
    ///
    /// # Panics
    /// If the channels or the bins are not the layer's.
    #[track_caller]
    pub fn forward(&self, spectrum: ComplexTensor<4>) -> ComplexTensor<4> {
        let norm = &self.norm;
        self.check(spectrum.dims()).or_panic();
        if let Some(half) = Half::of(&spectrum.re) {
            return half.round(self.forward(half.widen(spectrum)));
        }
        let device = spectrum.device();
        let samples = self.grid.samples() as f64;
        let running = |values: Tensor<1>| per_channel(wide(values.to_device(&device)));
        // An empty batch has no statistics.
        let (mean, variance, unit) =
            match is_training(&device, &norm.training) && spectrum.dims()[0] > 0 {
                true => self.of_batch(&spectrum),
                false => {
                    let variance = running(norm.running_var.value());
                    let unit = variance.ones_like();
                    (running(norm.running_mean.value()), variance, unit)
                }
            };
        let variance = with_epsilon(variance, &unit, norm.epsilon);
        let scale = per_channel(wide(norm.gamma.val())) * variance.sqrt().recip() / unit;
        let offset = (per_channel(wide(norm.beta.val())) - mean * scale.clone()) * samples;
        let at = self.grid.constant_bin(&device, scale.dtype());
        ComplexTensor {
            re: spectrum.re * scale.clone() + offset * at,
            im: spectrum.im * scale,
        }
    }

    /// Mean and variance of the images of a batch, the latter in units of the square of a number a
    /// channel, and that number; the running ones follow.
    fn of_batch(&self, spectrum: &ComplexTensor<4>) -> (Tensor<4>, Tensor<4>, Tensor<4>) {
        let [batch, channels, ..] = spectrum.dims();
        let samples = self.grid.samples() as f64;
        let unit = unit(spectrum);
        let scaled = spectrum.clone().map(|part| part / unit.clone());
        let constants = constant(&scaled.re) * (1.0 / samples);
        let mean = constants.clone().sum_dim(0) * (1.0 / batch as f64);
        let moved = constants - mean.clone();
        let between = (moved.clone() * moved).sum_dim(0);
        let within = energy(&scaled, self.grid, false) * (1.0 / (samples * samples));
        let variance = (within + between) * (1.0 / batch as f64);
        let mean = mean * unit.clone();
        let whole = variance.clone() * unit.clone() * unit.clone();
        for (running, batch) in [
            (&self.norm.running_mean, mean.clone()),
            (&self.norm.running_var, whole),
        ] {
            update(running, batch.reshape([channels]), self.norm.momentum);
        }
        (mean, variance, unit)
    }
}
