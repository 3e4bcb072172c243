//! Normalization by the magnitude.

use burn::module::{Flag, Module, Param, RunningState};
use burn::tensor::{Device, Tensor};

use crate::ComplexTensor;
use crate::error::OrPanic;
use crate::ops::Half;
use crate::running::update;

use super::super::spectrum_grid::SpectrumGrid;
use super::ComplexBatchNormConfig;
use super::statistics::{
    check_channels, constant, energy, is_training, per_channel, unit, wide, with_epsilon,
};

/// Normalization by the root mean square magnitude per channel, over batch and bins; phases are kept.
///
/// ```text
/// Y_k = γ·(X_k − δ_k·m) / √(s² + ε) + δ_k·β
/// s²  = 1/(B·N) · Σ_b Σ_k c_k·|X_k − δ_k·m|²
/// ```
///
/// `δ_k` is 1 at frequency zero and 0 elsewhere, `c_k` counts the bins of the full spectrum that a
/// bin stands for, `N` is their number. Plain, `m` and `β` are zero and the image keeps its mean,
/// scaled; centered, `m` is the mean of the batch at frequency zero and `β`, complex and zero at
/// first, what is put there instead. By Parseval `s²/N` is the mean square of the image, or its
/// variance if centered: a real `γ` keeps a Hermitian spectrum Hermitian.
#[derive(Module, Debug)]
pub struct MagnitudeNorm {
    /// Scale `γ`, `[channels]`; ones at first.
    pub gamma: Param<Tensor<1>>,
    /// Real and imaginary part of `β`, `[2, channels]`, if centered.
    pub beta: Option<Param<Tensor<2>>>,
    /// Whether the layer behaves as in training.
    pub training: Param<Flag>,
    /// Running mean of real and imaginary part at frequency zero, `[2, channels]`, if centered.
    pub running_mean: Option<RunningState<Tensor<2>>>,
    /// Running mean square magnitude `s²`, `[channels]`.
    pub running_power: RunningState<Tensor<1>>,
    /// Weight of a batch in the running statistics.
    pub momentum: f64,
    /// Added to `s²`.
    pub epsilon: f64,
    /// The spectra.
    #[module(skip)]
    pub grid: SpectrumGrid,
}

impl MagnitudeNorm {
    pub(super) fn new(
        config: &ComplexBatchNormConfig,
        grid: SpectrumGrid,
        is_centered: bool,
        device: &Device,
    ) -> Self {
        let channels = config.channels;
        let zeros = || Tensor::zeros([2, channels], device);
        Self {
            gamma: Param::from_tensor(Tensor::ones([channels], device)),
            beta: is_centered.then(|| Param::from_tensor(zeros())),
            training: Param::from_bool(true),
            running_mean: is_centered.then(|| RunningState::new(zeros())),
            running_power: RunningState::new(Tensor::ones([channels], device)),
            momentum: config.momentum,
            epsilon: config.epsilon,
            grid,
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.gamma.lazy_shape().dims::<1>()[0]
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
        let dims = spectrum.dims();
        check_channels(self.channels(), &dims)
            .and_then(|()| self.grid.check(dims))
            .or_panic();
        if let Some(half) = Half::of(&spectrum.re) {
            return half.round(self.forward(half.widen(spectrum)));
        }
        let Statistics { mean, power, unit } = match is_training(&spectrum.device(), &self.training)
            // An empty batch has no statistics.
            && dims[0] > 0
        {
            true => self.of_batch(&spectrum),
            false => self.of_run(&spectrum.device()),
        };
        let power = with_epsilon(power, &unit, self.epsilon);
        let scale = per_channel(wide(self.gamma.val())) * power.sqrt().recip() / unit;
        let scaled = spectrum.mul_real(scale.clone());
        match (mean, &self.beta) {
            (Some(mean), Some(beta)) => {
                let at = self.grid.constant_bin(&scale.device(), scale.dtype());
                let beta = rows(wide(beta.val()));
                let offset = beta - mean * scale;
                scaled + offset * at
            }
            _ => scaled,
        }
    }

    /// Mean at frequency zero if centered, and mean square, of a batch; the running ones follow.
    fn of_batch(&self, spectrum: &ComplexTensor<4>) -> Statistics {
        let [batch, channels, ..] = spectrum.dims();
        let count = (batch * self.grid.samples()) as f64;
        let unit = unit(spectrum);
        let scaled = spectrum.clone().map(|part| part / unit.clone());
        let (mean, sum) = match &self.running_mean {
            None => (None, energy(&scaled, self.grid, true)),
            Some(running) => {
                let at_zero = ComplexTensor::new(constant(&scaled.re), constant(&scaled.im));
                let mean = at_zero
                    .clone()
                    .map(|part| part.sum_dim(0) * (1.0 / batch as f64));
                let moved = (at_zero - mean.clone()).norm_sqr().sum_dim(0);
                let mean = mean.mul_real(unit.clone());
                let both = Tensor::cat(vec![mean.re.clone(), mean.im.clone()], 0);
                update(running, both.reshape([2, channels]), self.momentum);
                (Some(mean), energy(&scaled, self.grid, false) + moved)
            }
        };
        let power = sum * (1.0 / count);
        let whole = power.clone() * unit.clone() * unit.clone();
        update(
            &self.running_power,
            whole.reshape([channels]),
            self.momentum,
        );
        Statistics { mean, power, unit }
    }

    fn of_run(&self, device: &Device) -> Statistics {
        let mean = self.running_mean.as_ref();
        let mean = mean.map(|running| rows(wide(running.value().to_device(device))));
        let power = per_channel(wide(self.running_power.value().to_device(device)));
        Statistics {
            mean,
            unit: power.ones_like(),
            power,
        }
    }
}

/// What a batch is normalized by, `[1, channels, 1, 1]` each.
struct Statistics {
    /// Mean at frequency zero, if that is centered.
    mean: Option<ComplexTensor<4>>,
    /// Mean square in units of `unit²`.
    power: Tensor<4>,
    unit: Tensor<4>,
}

/// The rows of `[2, channels]` as one complex number per channel, `[1, channels, 1, 1]`.
fn rows(values: Tensor<2>) -> ComplexTensor<4> {
    let [_, channels] = values.dims();
    let row = |index| {
        let row = values.clone().narrow(0, index, 1);
        row.reshape([1, channels, 1, 1])
    };
    ComplexTensor::new(row(0), row(1))
}
