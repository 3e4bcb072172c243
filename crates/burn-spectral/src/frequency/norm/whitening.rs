//! Complex batch normalization by the covariance of the parts.

use burn::module::{Flag, Module, Param, RunningState};
use burn::tensor::{Device, Tensor};

use crate::ComplexTensor;
use crate::error::OrPanic;
use crate::ops::Half;
use crate::running::update;

use super::ComplexBatchNormConfig;
use super::statistics::{check_channels, epsilon_in, is_training, unit, wide};

/// Complex batch normalization of Trabelsi et al. (*Deep Complex Networks*, 2018): the parts, as a
/// vector of two, are centered, multiplied by the inverse square root of their covariance, and mapped
/// by a learned symmetric matrix and offset. Statistics are those of a channel over batch and bins.
///
/// ```text
/// Y = Γ·V^(−1/2)·(X − mean) + β,   V = cov(re X, im X) + ε·1,   Γ = [γ_rr γ_ri; γ_ri γ_ii]
/// V^(−1/2) = [V_ii + s, −V_ri; −V_ri, V_rr + s] / (s·t),   s = √det V,   t = √(tr V + 2s)
/// ```
///
/// At first `γ_rr = γ_ii = 1/√2`, so that the variance of a normalized number is one, and
/// `γ_ri = β = 0`; running covariances start at `1/√2` on the diagonal, as there.
#[derive(Module, Debug)]
pub struct WhiteningNorm {
    /// `γ_rr`, `γ_ri`, `γ_ii`: `[3, channels]`.
    pub gamma: Param<Tensor<2>>,
    /// Real and imaginary part of `β`: `[2, channels]`.
    pub beta: Param<Tensor<2>>,
    /// Whether the layer behaves as in training.
    pub training: Param<Flag>,
    /// Running mean of real and imaginary part: `[2, channels]`.
    pub running_mean: RunningState<Tensor<2>>,
    /// Running covariances `V_rr`, `V_ri`, `V_ii`, without `ε`: `[3, channels]`.
    pub running_covariance: RunningState<Tensor<2>>,
    /// Weight of a batch in the running statistics.
    pub momentum: f64,
    /// Added to the diagonal of the covariance.
    pub epsilon: f64,
}

/// One number per channel, `[1, channels, 1]`.
type PerChannel = Tensor<3>;

impl WhiteningNorm {
    pub(super) fn new(config: &ComplexBatchNormConfig, device: &Device) -> Self {
        let channels = config.channels;
        let diagonal = || {
            let row = |value| Tensor::full([1, channels], value, device);
            let value = core::f64::consts::FRAC_1_SQRT_2;
            Tensor::cat(vec![row(value), row(0.0), row(value)], 0)
        };
        let zeros = || Tensor::zeros([2, channels], device);
        Self {
            gamma: Param::from_tensor(diagonal()),
            beta: Param::from_tensor(zeros()),
            training: Param::from_bool(true),
            running_mean: RunningState::new(zeros()),
            running_covariance: RunningState::new(diagonal()),
            momentum: config.momentum,
            epsilon: config.epsilon,
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.gamma.lazy_shape().dims::<2>()[1]
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
        let dims = spectrum.dims();
        check_channels(self.channels(), &dims).or_panic();
        if let Some(half) = Half::of(&spectrum.re) {
            return half.round(self.forward(half.widen(spectrum)));
        }
        let rest = dims[2..].iter().product::<usize>();
        let x = spectrum.map(|part| part.reshape([dims[0], dims[1], rest]));
        let device = x.device();
        // An empty batch has no statistics.
        let is_of_batch = is_training(&device, &self.training) && !dims.contains(&0);
        let (x, covariance, unit) = match is_of_batch {
            true => self.of_batch(x),
            false => {
                let [re, im] = rows(wide(self.running_mean.value().to_device(&device)));
                let centered = x - ComplexTensor::new(re, im);
                let running = self.running_covariance.value().to_device(&device);
                let covariance: [PerChannel; 3] = rows(wide(running));
                let unit = covariance[0].ones_like();
                (centered, covariance, unit)
            }
        };
        // In units of a number a channel, of which they are the values over that number.
        let epsilon = epsilon_in(&unit, self.epsilon);
        let [rr, ri, ii] = inverse_root(covariance, epsilon);
        let [g_rr, g_ri, g_ii] = rows(wide(self.gamma.val()));
        let [b_re, b_im] = rows(wide(self.beta.val()));
        // The product of the two symmetric matrices, which is not symmetric.
        let from_re = g_rr.clone() * rr.clone() + g_ri.clone() * ri.clone();
        let from_im = g_rr * ri.clone() + g_ri.clone() * ii.clone();
        let re = x.re.clone() * from_re + x.im.clone() * from_im + b_re;
        let from_re = g_ri.clone() * rr + g_ii.clone() * ri.clone();
        let from_im = g_ri * ri + g_ii * ii;
        let im = x.re * from_re + x.im * from_im + b_im;
        ComplexTensor::new(re, im).map(|part| part.reshape(dims))
    }

    /// The batch centered, in units of a number a channel, the covariance of that, and the number; the
    /// running statistics follow.
    fn of_batch(&self, x: ComplexTensor<3>) -> (ComplexTensor<3>, [PerChannel; 3], PerChannel) {
        let [batch, channels, rest] = x.dims();
        let unit = unit(&x);
        let x = x.map(|part| part / unit.clone());
        let weight = 1.0 / (batch * rest) as f64;
        let mean_of = |values: Tensor<3>| values.sum_dim(2).sum_dim(0) * weight;
        let mean = x.clone().map(mean_of);
        let x = x - mean.clone();
        let covariance = [
            mean_of(x.re.clone() * x.re.clone()),
            mean_of(x.re.clone() * x.im.clone()),
            mean_of(x.im.clone() * x.im.clone()),
        ];
        let whole = covariance.iter();
        let whole = whole.map(|entry| entry.clone() * unit.clone() * unit.clone());
        let whole: Vec<PerChannel> = whole.collect();
        let join = |rows: Vec<PerChannel>| {
            let count = rows.len();
            Tensor::cat(rows, 0).reshape([count, channels])
        };
        update(
            &self.running_mean,
            join(vec![mean.re * unit.clone(), mean.im * unit.clone()]),
            self.momentum,
        );
        update(&self.running_covariance, join(whole), self.momentum);
        (x, covariance, unit)
    }
}

/// The entries of `(V + ε)^(−1/2)`.
fn inverse_root([rr, ri, ii]: [PerChannel; 3], epsilon: PerChannel) -> [PerChannel; 3] {
    let (rr, ii) = (rr + epsilon.clone(), ii + epsilon.clone());
    let determinant = rr.clone() * ii.clone() - ri.clone() * ri.clone();
    // At least ε² in exact arithmetic, which the difference of two large products may miss.
    let least = epsilon.clone() * epsilon;
    let s = determinant.max_pair(least).sqrt();
    let t = (rr.clone() + ii.clone() + s.clone() * 2.0).sqrt();
    let factor = (s.clone() * t).recip();
    [
        (ii + s.clone()) * factor.clone(),
        -(ri * factor.clone()),
        (rr + s) * factor,
    ]
}

/// The rows of `[count, channels]`.
fn rows<const COUNT: usize>(values: Tensor<2>) -> [PerChannel; COUNT] {
    let [_, channels] = values.dims();
    core::array::from_fn(|index| {
        let row = values.clone().narrow(0, index, 1);
        row.reshape([1, channels, 1])
    })
}
