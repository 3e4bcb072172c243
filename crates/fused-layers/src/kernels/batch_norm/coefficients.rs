//! Per-channel coefficients of the passes, and the activation on vectors.

use spectral_lanes::{Scalar, Simd, Vector};

use super::{BatchNormalization, ChannelCoefficients};
use crate::kernels::activation::Activation;

/// `center`, `scale` and `shift` of one channel.
pub type Affine<T> = [T; 3];

/// An [`Affine`] followed by `slope` and `offset`: `gx = scale·g + slope·(x − center) + offset`.
pub type Gradient<T> = [T; 5];

pub const CENTER: usize = 0;
pub const SCALE: usize = 1;
pub const SHIFT: usize = 2;
pub const SLOPE: usize = 3;
pub const OFFSET: usize = 4;

/// The given coefficients of `channel`.
pub fn given<T: Scalar>(coefficients: &ChannelCoefficients<'_, T>, channel: usize) -> Affine<T> {
    [
        coefficients.center[channel],
        coefficients.scale[channel],
        coefficients.shift[channel],
    ]
}

/// `1/√(v + epsilon)`.
pub fn inverse_deviation<T: Scalar>(variance: T, epsilon: f64) -> f64 {
    1.0 / (variance.widen() + epsilon).sqrt()
}

/// The coefficients that normalize `channel`, from its rounded statistics, so that both passes use the same values.
pub fn normalizing<T: Scalar>(
    norm: &BatchNormalization<'_, T>,
    channel: usize,
    [mean, variance]: [T; 2],
) -> Affine<T> {
    let scale = norm.gamma[channel].widen() * inverse_deviation(variance, norm.epsilon);
    [mean, T::of(scale), norm.beta[channel]]
}

/// A leaky ReLU on vectors; the identity if the slope is 1.
#[derive(Clone, Copy)]
pub struct Branch<V> {
    slope: V,
    zero: V,
}

impl<V: Vector> Branch<V> {
    #[inline(always)]
    pub fn new<T: Scalar, S: Simd<T, V = V>>(simd: S, activation: Activation) -> Self {
        Branch {
            slope: simd.splat(T::of(activation.slope())),
            zero: simd.splat(T::of(0.0)),
        }
    }

    /// `slope · v`; zero for a slope of zero, even if `v` is not finite.
    #[inline(always)]
    fn below(self, v: V) -> V {
        self.slope
            .select_equal(self.zero, self.zero, self.slope * v)
    }

    #[inline(always)]
    pub fn value(self, z: V) -> V {
        z.select_positive(z, self.below(z))
    }

    /// The gradient with respect to `z`, from the gradient of the value.
    #[inline(always)]
    pub fn gradient(self, z: V, g: V) -> V {
        z.select_positive(g, self.below(g))
    }
}

/// `scale·d + shift`.
#[inline(always)]
pub fn affine<V: Vector, const N: usize>(d: V, coefficients: &[V; N]) -> V {
    d.mul_add(coefficients[SCALE], coefficients[SHIFT])
}

/// Broadcasts the coefficients to all lanes.
#[inline(always)]
pub fn splat<T: Scalar, S: Simd<T>, const N: usize>(simd: S, coefficients: &[T; N]) -> [S::V; N] {
    let mut vectors = [simd.splat(T::of(0.0)); N];
    for k in 0..N {
        vectors[k] = simd.splat(coefficients[k]);
    }
    vectors
}
