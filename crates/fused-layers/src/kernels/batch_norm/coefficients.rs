//! Coefficients of the passes, one set a channel, and the activation in vectors.

use super::{BatchNormalization, ChannelCoefficients};
use crate::kernels::activation::Activation;
use spectral_lanes::Scalar;
use spectral_lanes::{Simd, Vector};

/// `center`, `scale` and `shift` of a channel.
pub type Affine<T> = [T; 3];

/// An [`Affine`] followed by `slope` and `offset`: `gx = scale·g + slope·(x − center) + offset`.
pub type Gradient<T> = [T; 5];

pub const CENTER: usize = 0;
pub const SCALE: usize = 1;
pub const SHIFT: usize = 2;
pub const SLOPE: usize = 3;
pub const OFFSET: usize = 4;

/// Those given for `channel`.
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

/// Those that normalize `channel`, from its rounded statistics: the same in both passes.
pub fn normalizing<T: Scalar>(
    norm: &BatchNormalization<'_, T>,
    channel: usize,
    [mean, variance]: [T; 2],
) -> Affine<T> {
    let scale = norm.gamma[channel].widen() * inverse_deviation(variance, norm.epsilon);
    [mean, T::of(scale), norm.beta[channel]]
}

/// A leaky rectifier in vectors; of slope 1 it is the identity.
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

    /// `slope · v`; zero for a slope of zero, also of what is not finite.
    #[inline(always)]
    fn below(self, v: V) -> V {
        self.slope
            .select_equal(self.zero, self.zero, self.slope * v)
    }

    #[inline(always)]
    pub fn value(self, z: V) -> V {
        z.select_positive(z, self.below(z))
    }

    /// The gradient for `z` of the one for the value.
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

/// The same coefficients in every lane.
#[inline(always)]
pub fn splat<T: Scalar, S: Simd<T>, const N: usize>(simd: S, coefficients: &[T; N]) -> [S::V; N] {
    let mut vectors = [simd.splat(T::of(0.0)); N];
    for k in 0..N {
        vectors[k] = simd.splat(coefficients[k]);
    }
    vectors
}
