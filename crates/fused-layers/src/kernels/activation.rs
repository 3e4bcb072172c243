//! Activation functions that kernels apply to results while they are in registers.

use spectral_lanes::{Scalar, Simd, Vector};

/// A piecewise linear activation: `f(x) = x` for `x > 0` and `slope · x` elsewhere.
///
/// `f(x)` has the sign of `x` (or is 0 for `x ≤ 0`), so gradients are computed from the output: `f'(x) = 1` if
/// `f(x) > 0`, and `slope` otherwise, including at zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `f(x) = x`.
    Identity,
    /// `f(x) = max(x, 0) + slope · min(x, 0)`; ReLU for a slope of 0.
    LeakyRelu {
        /// The derivative for negative arguments; must be finite and nonnegative.
        slope: f64,
    },
}

impl Activation {
    /// ReLU, `max(x, 0)`.
    pub const RELU: Activation = Activation::LeakyRelu { slope: 0.0 };

    /// The derivative for arguments that are not positive.
    pub fn slope(self) -> f64 {
        match self {
            Activation::Identity => 1.0,
            Activation::LeakyRelu { slope } => slope,
        }
    }

    /// Whether the slope is finite and nonnegative, so that the output's sign shows whether the argument was positive.
    pub fn is_valid(self) -> bool {
        let slope = self.slope();
        slope.is_finite() && slope >= 0.0
    }

    /// Converts to the form that kernels use.
    pub(crate) fn form<T: Scalar>(self) -> Form<T> {
        match self {
            Activation::Identity => Form::Identity,
            Activation::LeakyRelu { slope: 1.0 } => Form::Identity,
            Activation::LeakyRelu { slope: 0.0 } => Form::Relu,
            Activation::LeakyRelu { slope } => Form::Leaky(T::of(slope)),
        }
    }
}

/// An activation in the form that kernels use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form<T> {
    Identity,
    Relu,
    Leaky(T),
}

impl<T: Scalar> Form<T> {
    /// `f(x)`, exact except for the rounding of the product with the slope; NaN stays NaN.
    #[inline(always)]
    pub fn apply<S: Simd<T>>(self, simd: S, x: S::V) -> S::V {
        match self {
            Form::Identity => x,
            Form::Relu => x.relu(),
            Form::Leaky(slope) => {
                let below = (simd.splat(T::of(0.0)) - x).relu();
                below.neg_mul_add(simd.splat(slope), x.relu())
            }
        }
    }

    /// `f'(x) · g`, computed from `y = f(x)`.
    #[inline(always)]
    pub fn gradient<S: Simd<T>>(self, simd: S, y: S::V, g: S::V) -> S::V {
        match self {
            Form::Identity => g,
            Form::Relu => y.where_positive(g),
            Form::Leaky(slope) => {
                let one = simd.splat(T::of(1.0));
                let above = y.where_positive(one);
                g * (one - above).mul_add(simd.splat(slope), above)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lanes::{InstructionSet, Kernel, MAX_LANES};

    struct Both<T> {
        form: Form<T>,
        x: T,
        g: T,
    }

    impl<T: Scalar> Kernel<T> for Both<T> {
        type Output = [T; 2];
        #[inline(always)]
        fn run<S: Simd<T>>(self, simd: S) -> [T; 2] {
            let y = self.form.apply(simd, simd.splat(self.x));
            let gx = self.form.gradient(simd, y, simd.splat(self.g));
            let mut stored = [[T::of(0.0); MAX_LANES]; 2];
            // SAFETY: the arrays hold the widest vector.
            unsafe {
                simd.store(stored[0].as_mut_ptr(), y);
                simd.store(stored[1].as_mut_ptr(), gx);
            }
            stored.map(|lanes| lanes[0])
        }
    }

    fn check<T: Scalar>() {
        let inf = T::of(f64::INFINITY);
        for &set in InstructionSet::available() {
            for slope in [0.0, 0.01, 0.3, 1.0, 2.5] {
                let activation = Activation::LeakyRelu { slope };
                for x in [-3.0, -0.125, -1e-20, 0.0, 1e-20, 0.7, 5.0] {
                    let (x, g) = (T::of(x), T::of(-0.7));
                    let form = activation.form();
                    let [y, gx] = T::dispatch(set, Both { form, x, g });
                    let slope = T::of(slope);
                    let positive = x > T::of(0.0);
                    assert!(y == if positive { x } else { slope * x }, "{set:?} {x:?}");
                    assert!(gx == if positive { g } else { slope * g }, "{set:?} {x:?}");
                }
                let form = activation.form();
                let [y, gx] = T::dispatch(
                    set,
                    Both {
                        form,
                        x: inf,
                        g: inf,
                    },
                );
                assert!(y == inf && gx == inf, "{set:?} {slope}");
                let nan = T::of(f64::NAN);
                let [y, _] = T::dispatch(
                    set,
                    Both {
                        form,
                        x: nan,
                        g: inf,
                    },
                );
                assert!(y.widen().is_nan(), "{set:?} {slope}");
            }
        }
    }

    #[test]
    fn vectors_match_the_definition_and_its_derivative() {
        check::<f32>();
        check::<f64>();
    }

    #[test]
    fn a_slope_must_be_finite_and_nonnegative() {
        assert!(Activation::Identity.is_valid() && Activation::RELU.is_valid());
        for slope in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(!Activation::LeakyRelu { slope }.is_valid());
        }
    }
}
