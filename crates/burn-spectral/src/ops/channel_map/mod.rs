//! Batch normalization, affine maps, activations and max-pools of channels, each chain of them as one operation.

mod autodiff;
mod backend;
mod flex;
pub mod portable;

use burn::backend::Dispatch;
use burn::tensor::{Shape, Tensor};
use fused_layers::kernels::FusedBatchNorm;
pub use fused_layers::kernels::{Activation, MaxPool};

use super::{Half, check_dtypes, has_kernels};
use backend::ChannelOps;

/// What follows the affine map of the channels: `pool(act(z))`.
///
/// A pool needs one or two spatial axes; that of one axis has a window of height 1. Without one any number of axes will
/// do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelSpec {
    /// The activation. Its derivative at zero is its slope.
    pub activation: Activation,
    /// The pool.
    pub pool: Option<MaxPool>,
}

impl ChannelSpec {
    /// Height and width as the kernels see them.
    fn sizes(&self, x: &[usize]) -> [usize; 2] {
        match (x, self.pool) {
            ([_, _, height, width], Some(_)) => [*height, *width],
            (_, _) => [1, x[2..].iter().product()],
        }
    }

    /// The kernels' description for an input of this shape.
    fn kernel(&self, x: &[usize]) -> FusedBatchNorm {
        FusedBatchNorm {
            batch: x[0],
            channels: x[1],
            sizes: self.sizes(x),
            activation: self.activation,
            pool: self.pool,
        }
    }

    /// Shape of the output.
    fn output(&self, x: &Shape) -> Shape {
        let Some(pool) = self.pool else {
            return x.clone();
        };
        let sizes = pool.output_sizes(self.sizes(x));
        let spatial = &sizes[4 - x.num_dims()..];
        Shape::from([&x[..2], spatial].concat())
    }

    fn check(&self, x: &Shape, coefficients: &[Shape]) {
        assert!(
            self.activation.is_valid(),
            "an activation needs a finite slope from 0, got {:?}",
            self.activation
        );
        let axes = match self.pool {
            Some(_) => 3..=4,
            None => 2..=usize::MAX,
        };
        assert!(
            axes.contains(&x.num_dims()) && coefficients.iter().all(|of| of[..] == x[1..2]),
            "{self:?} takes an input [batch, channels, …], of one or two spatial axes where it pools, and coefficients \
             [channels], got an input of shape {:?} and coefficients of shapes {:?}",
            &x[..],
            coefficients.iter().map(|of| &of[..]).collect::<Vec<_>>()
        );
        let pool = self.pool.filter(|pool| !pool.fits(self.sizes(x)));
        if let Some(pool) = pool {
            panic!("{pool:?} does not fit an input of shape {:?}", &x[..]);
        }
    }
}

/// Output of [`batch_norm_train`], with the statistics of the batch, which are not differentiated.
#[derive(Clone, Debug)]
pub struct NormalizedBatch<const D: usize> {
    /// The output.
    pub output: Tensor<D>,
    /// Mean of each channel. `[channels]`
    pub mean: Tensor<1>,
    /// Biased variance of each channel. `[channels]`
    pub variance: Tensor<1>,
}

/// Batch normalization with the statistics of the batch (Ioffe and Szegedy, 2015), then activation and pool:
///
/// ```text
/// y = pool(act(gamma·x̂ + beta)),   x̂ = (x − μ)/√(v + epsilon)
/// ```
///
/// with mean `μ` and biased variance `v` of each channel over batch and space. With `g` the gradient for what goes into
/// the activation, the gradients are `Σ g` for `beta`, `Σ g·x̂` for `gamma` and
/// `gamma/√(v + epsilon) · (g − mean(g) − x̂·mean(g·x̂))` for `x`. On the kernels only `x` and the statistics are kept
/// for them: which place won a window is found again.
///
/// # Shapes
/// - `x`: `[batch, channels, …]`
/// - `gamma`, `beta`: `[channels]`
/// - output: as `x`, its spatial axes pooled
///
/// # Panics
/// When a shape does not fit.
pub fn batch_norm_train<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
    spec: ChannelSpec,
) -> NormalizedBatch<D> {
    check_dtypes(x.dtype(), gamma.dtype());
    check_dtypes(x.dtype(), beta.dtype());
    spec.check(&x.shape(), &[gamma.shape(), beta.shape()]);
    if let Some(half) = Half::of(&x) {
        let (gamma, beta) = (half.widen(gamma), half.widen(beta));
        let wide = batch_norm_train(half.widen(x), gamma, beta, epsilon, spec);
        return NormalizedBatch {
            output: half.round(wide.output),
            ..wide
        };
    }
    if !has_kernels(&x) {
        return portable::batch_norm_train(x, gamma, beta, epsilon, &spec);
    }
    let (output, mean, variance) = <Dispatch as ChannelOps>::spectral_batch_norm_train(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
        spec,
    );
    NormalizedBatch {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

/// An affine map of each channel, activation and pool: `y = pool(act(scale·(x − center) + shift))`.
///
/// A batch normalization with running statistics is the one with `center = μ` and `scale = gamma/√(v + epsilon)`, and a
/// bias that with `center = 0` and `scale = 1`. Differentiable by `x`, `scale` and `shift`; `center` counts as a
/// constant.
///
/// # Shapes
/// - `x`: `[batch, channels, …]`
/// - `center`, `scale`, `shift`: `[channels]`
/// - output: as `x`, its spatial axes pooled
///
/// # Panics
/// When a shape does not fit.
pub fn channel_affine<const D: usize>(
    x: Tensor<D>,
    [center, scale, shift]: [Tensor<1>; 3],
    spec: ChannelSpec,
) -> Tensor<D> {
    for coefficient in [&center, &scale, &shift] {
        check_dtypes(x.dtype(), coefficient.dtype());
    }
    spec.check(&x.shape(), &[center.shape(), scale.shape(), shift.shape()]);
    let center = center.detach();
    if let Some(half) = Half::of(&x) {
        let coefficients = [center, scale, shift].map(|of| half.widen(of));
        return half.round(channel_affine(half.widen(x), coefficients, spec));
    }
    if !has_kernels(&x) {
        return portable::channel_affine(x, [center, scale, shift], &spec);
    }
    Tensor::from_dispatch(<Dispatch as ChannelOps>::spectral_channel_affine(
        x.into_dispatch(),
        center.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
        spec,
    ))
}

/// Activation and pool: `y = pool(act(x))`.
///
/// # Shapes
/// - `x`: `[batch, channels, …]`
/// - output: as `x`, its spatial axes pooled
///
/// # Panics
/// When a shape does not fit.
pub fn activate_pool<const D: usize>(x: Tensor<D>, spec: ChannelSpec) -> Tensor<D> {
    spec.check(&x.shape(), &[]);
    if !has_kernels(&x) {
        return portable::activate_pool(x, &spec);
    }
    Tensor::from_dispatch(<Dispatch as ChannelOps>::spectral_activate_pool(
        x.into_dispatch(),
        spec,
    ))
}
