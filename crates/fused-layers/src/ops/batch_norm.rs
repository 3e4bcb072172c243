//! Batch normalization, affine maps, activations and max-pools of channels, each chain of them as one operation.

pub use crate::kernels::{Activation, MaxPool};
use crate::kernels::{BatchNormalization, ChannelCoefficients, FusedBatchNorm};
use burn::backend::{DispatchTensor, TensorMetadata};
use burn::tensor::{Shape, Tensor};
use spectral_lanes::Scalar;

use crate::operation::flex::{Contiguous, filled, with_dtype};
use crate::operation::{
    Forward, Gradients, KernelOperation, Names, TensorGroup, Tensors, apply, buffer, first,
};

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
    spec.check(&x.shape(), &[gamma.shape(), beta.shape()]);
    apply(
        BatchNorm { epsilon, spec },
        (x, gamma, beta),
        |_, (x, gamma, beta)| fallback::batch_norm_train(x, gamma, beta, epsilon, &spec),
    )
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
    spec.check(&x.shape(), &[center.shape(), scale.shape(), shift.shape()]);
    let arguments = (x, center.detach(), scale, shift);
    apply::<4, 1, _, _, _>(spec, arguments, |_, (x, center, scale, shift)| {
        fallback::channel_affine(x, [center, scale, shift], &spec)
    })
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
    apply::<1, 1, _, _, _>(spec, x, |_, x| fallback::activate_pool(x, &spec))
}

impl<const D: usize> TensorGroup for NormalizedBatch<D> {
    const COUNT: usize = 3;

    fn append_to(self, list: &mut Vec<DispatchTensor>) {
        (self.output, self.mean, self.variance).append_to(list);
    }

    fn take_from(list: &mut impl Iterator<Item = DispatchTensor>) -> Self {
        let (output, mean, variance) = TensorGroup::take_from(list);
        Self {
            output,
            mean,
            variance,
        }
    }
}

#[derive(Clone, Debug)]
struct BatchNorm {
    epsilon: f64,
    spec: ChannelSpec,
}

impl BatchNorm {
    fn kernel<'a, E: Scalar>(&self, gamma: &'a [E], beta: &'a [E]) -> BatchNormalization<'a, E> {
        BatchNormalization {
            gamma,
            beta,
            epsilon: self.epsilon,
        }
    }
}

/// Saved are the inputs, the mean and the variance.
impl KernelOperation<3, 1> for BatchNorm {
    const INPUTS: Names = &["input", "gamma", "beta"];
    type Saved = Tensors<5>;

    fn forward(&self, inputs: Tensors<3>, _: [bool; 3]) -> Forward<Self::Saved, 1> {
        let shape = inputs[0].shape();
        let kernel = self.spec.kernel(&shape);
        let channels = Shape::new([kernel.channels]);
        let saved = inputs.clone();
        let [x, gamma, beta] = inputs.map(Contiguous::new);
        with_dtype!(x, E => {
            let output = self.spec.output(&shape);
            let mut y = buffer::take::<E>(output.num_elements());
            let norm = self.kernel(gamma.slice(), beta.slice());
            let statistics = kernel.normalize(x.slice(), &norm, &mut y);
            let y = buffer::into_tensor(y, &output);
            let mean = buffer::into_tensor(statistics.mean, &channels);
            let variance = buffer::into_tensor(statistics.variance, &channels);
            let [x, gamma, beta] = saved;
            let saved = [x, gamma, beta, mean.clone(), variance.clone()];
            Forward::new([y], saved).with_statistics(vec![mean, variance])
        })
    }

    fn adjoint(self, saved: Self::Saved, [grad]: Tensors<1>, tracked: [bool; 3]) -> Gradients<3> {
        let shape = saved[0].shape();
        let kernel = self.spec.kernel(&shape);
        let channels = Shape::new([kernel.channels]);
        let [x, gamma, beta, mean, variance] = saved.map(Contiguous::new);
        let grad = Contiguous::new(grad);
        with_dtype!(x, E => {
            let mut gx = tracked[0].then(|| buffer::take::<E>(shape.num_elements()));
            let gradients = kernel.normalize_adjoint(
                x.slice(),
                &self.kernel::<E>(gamma.slice(), beta.slice()),
                [mean.slice(), variance.slice()],
                grad.slice(),
                gx.as_deref_mut(),
            );
            [
                gx.map(|gx| buffer::into_tensor(gx, &shape)),
                Some(buffer::into_tensor(gradients.gamma, &channels)),
                Some(buffer::into_tensor(gradients.beta, &channels)),
            ]
        })
    }
}

/// Calls `$body` with `$map` bound to the center, scale and shift among the inputs, or to ones that change nothing, not
/// even the sign of a zero.
macro_rules! with_coefficients {
    ($inputs:expr, $channels:expr, $element:ty, $map:ident => $body:expr) => {{
        let neutral = [0.0, 1.0, -0.0].map(|value| vec![value as $element; $channels]);
        let [center, scale, shift] = core::array::from_fn(|at| match $inputs.get(at + 1) {
            Some(given) => given.slice::<$element>(),
            None => &neutral[at][..],
        });
        let $map = ChannelCoefficients {
            center,
            scale,
            shift,
        };
        $body
    }};
}

/// The input is mapped by the center, scale and shift that follow it, if there are four. Saved are all inputs.
impl<const I: usize> KernelOperation<I, 1> for ChannelSpec {
    const INPUTS: Names = &["input", "center", "scale", "shift"];
    type Saved = Tensors<I>;

    fn forward(&self, inputs: Tensors<I>, _: [bool; I]) -> Forward<Self::Saved, 1> {
        let shape = inputs[0].shape();
        let kernel = self.kernel(&shape);
        let saved = inputs.clone();
        let inputs = inputs.map(Contiguous::new);
        let y = filled!(inputs[0], E, &self.output(&shape), |y| {
            with_coefficients!(inputs, kernel.channels, E, map => {
                kernel.forward(inputs[0].slice(), &map, y);
            })
        });
        Forward::new([y], saved)
    }

    fn adjoint(self, saved: Self::Saved, [grad]: Tensors<1>, tracked: [bool; I]) -> Gradients<I> {
        let shape = saved[0].shape();
        let kernel = self.kernel(&shape);
        let channels = Shape::new([kernel.channels]);
        let inputs = saved.map(Contiguous::new);
        let grad = Contiguous::new(grad);
        with_dtype!(grad, E => with_coefficients!(inputs, kernel.channels, E, map => {
            let mut gx = tracked[0].then(|| buffer::take::<E>(shape.num_elements()));
            let (x, wants_sums) = (inputs[0].slice(), tracked.iter().skip(2).any(|is| *is));
            let sums = kernel.adjoint(x, &map, grad.slice(), gx.as_deref_mut(), wants_sums);
            let sums = sums.map(|sums| [sums.centered, sums.gradient]);
            let [scale, shift] = sums.map_or([None, None], |of| of.map(Some));
            let sum = |of| buffer::into_tensor(of, &channels);
            let gx = gx.map(|gx| buffer::into_tensor(gx, &shape));
            first([gx, None, scale.map(sum), shift.map(sum)])
        }))
    }
}

/// The operations in ordinary tensor ops.
pub mod fallback {
    use burn::tensor::activation::relu;
    use burn::tensor::module;
    use burn::tensor::ops::MaxPoolOptions;

    use super::*;

    /// See [`batch_norm_train`](super::batch_norm_train).
    pub fn batch_norm_train<const D: usize>(
        x: Tensor<D>,
        gamma: Tensor<1>,
        beta: Tensor<1>,
        epsilon: f64,
        spec: &ChannelSpec,
    ) -> NormalizedBatch<D> {
        let result = module::batch_norm_train(x, gamma, beta, epsilon);
        NormalizedBatch {
            output: activate_pool(result.output, spec),
            mean: result.mean,
            variance: result.variance,
        }
    }

    /// See [`channel_affine`](super::channel_affine).
    pub fn channel_affine<const D: usize>(
        x: Tensor<D>,
        coefficients: [Tensor<1>; 3],
        spec: &ChannelSpec,
    ) -> Tensor<D> {
        let mut dims = [1; D];
        dims[1] = x.dims()[1];
        let [center, scale, shift] = coefficients.map(|of| of.reshape(dims));
        activate_pool((x - center) * scale + shift, spec)
    }

    /// See [`activate_pool`](super::activate_pool).
    pub fn activate_pool<const D: usize>(x: Tensor<D>, spec: &ChannelSpec) -> Tensor<D> {
        let x = match spec.activation {
            Activation::Identity => x,
            Activation::LeakyRelu { slope: 0.0 } => relu(x),
            Activation::LeakyRelu { slope } => {
                let below = x.clone().lower_equal_elem(0.0);
                let scaled = x.clone() * slope;
                x.mask_where(below, scaled)
            }
        };
        match spec.pool {
            Some(pool) => max_pool(x, &pool),
            None => x,
        }
    }

    fn max_pool<const D: usize>(x: Tensor<D>, pool: &MaxPool) -> Tensor<D> {
        let dims = x.dims();
        let (height, width) = match D {
            4 => (dims[2], dims[3]),
            _ => (1, dims[2]),
        };
        let options = MaxPoolOptions::new(pool.window)
            .with_stride(pool.stride)
            .with_padding(pool.padding);
        let y = module::max_pool2d(x.reshape([dims[0], dims[1], height, width]), options);
        let [_, _, height, width] = y.dims();
        let sizes = [dims[0], dims[1], height, width];
        y.reshape(core::array::from_fn::<usize, D, _>(|axis| match axis {
            0 | 1 => sizes[axis],
            _ => sizes[4 - D + axis],
        }))
    }
}
