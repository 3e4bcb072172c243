//! Stochastic gradient descent with momentum.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd};

use super::{Blend, expect, in_blocks, part};

/// One step of stochastic gradient descent:
///
/// ```text
/// g ← penalty·w + g
/// u ← velocity[0]·u + velocity[1]·g
/// w ← w − rate·(look_ahead[0]·u + look_ahead[1]·g)
/// ```
///
/// With momentum `μ` and dampening `d`, `velocity` is `[μ, 1 − d]`; in the first step, which is not dampened, it is
/// `[0, 1]`. The update is the velocity (`look_ahead = [1, 0]`) or, with Nesterov momentum, `look_ahead = [μ, 1]`.
/// Without momentum there is no velocity, and the update is the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// Factors of the old velocity and of the gradient in the new velocity.
    pub velocity: [f64; 2],
    /// Factors of the new velocity and of the gradient in the update.
    pub look_ahead: [f64; 2],
    /// Step size.
    pub rate: f64,
    /// L2 penalty; 0 for none.
    pub penalty: f64,
}

impl SgdStep {
    /// Takes one step, with a velocity if there is momentum.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update<T: Scalar>(&self, weights: &mut [T], gradient: &[T], velocity: Option<&mut [T]>) {
        let len = weights.len();
        expect("gradient descent", "gradient", len, gradient);
        if let Some(velocity) = &velocity {
            expect("gradient descent", "velocity", len, velocity);
        }
        T::enter::<super::UpdateEntry>(super::Update::Sgd(Update {
            factors: Factors::of(self),
            weights,
            gradient,
            velocity,
        }));
    }
}

#[derive(Clone, Copy)]
struct Factors<T> {
    velocity: Blend<T>,
    look_ahead: Blend<T>,
    rate: T,
    penalty: T,
}

impl<T: Scalar> Factors<T> {
    fn of(step: &SgdStep) -> Self {
        Factors {
            velocity: Blend::of(step.velocity),
            look_ahead: Blend::of(step.look_ahead),
            rate: T::of(step.rate),
            penalty: T::of(step.penalty),
        }
    }
}

pub struct Update<'a, T> {
    factors: Factors<T>,
    weights: &'a mut [T],
    gradient: &'a [T],
    velocity: Option<&'a mut [T]>,
}

impl<T: Scalar> Update<'_, T> {
    pub fn run(self) {
        let set = InstructionSet::current();
        let weights = Shared::new(self.weights);
        let velocity = self.velocity.map(Shared::new);
        in_blocks(self.gradient.len(), |range| {
            // SAFETY: both arrays have this length, and no two blocks share an element.
            let block = unsafe {
                Block {
                    factors: self.factors,
                    gradient: &self.gradient[range.clone()],
                    weights: part(weights, &range),
                    velocity: velocity.map(|all| part(all, &range)),
                }
            };
            T::dispatch(set, block);
        });
    }
}

struct Block<'a, T> {
    factors: Factors<T>,
    weights: &'a mut [T],
    gradient: &'a [T],
    velocity: Option<&'a mut [T]>,
}

impl<T: Scalar> Kernel<T> for Block<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, _simd: S) {
        let f = self.factors;
        let len = self.weights.len();
        let gradient = &self.gradient[..len];
        let Some(velocity) = self.velocity else {
            for i in 0..len {
                let w = self.weights[i];
                self.weights[i] = w - f.rate * (f.penalty * w + gradient[i]);
            }
            return;
        };
        let velocity = &mut velocity[..len];
        for i in 0..len {
            let w = self.weights[i];
            let g = f.penalty * w + gradient[i];
            let u = f.velocity.mix(velocity[i], g);
            velocity[i] = u;
            self.weights[i] = w - f.rate * f.look_ahead.mix(u, g);
        }
    }
}
