//! Adam and AdamW.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd};

use super::{Blend, expect, in_blocks, part};

/// One step of Adam (Kingma and Ba, 2015), with an L2 penalty as in the original, the decoupled weight decay of AdamW
/// (Loshchilov and Hutter, 2019), or both:
///
/// ```text
/// g ← penalty·w + g
/// m ← mean[0]·m + mean[1]·g
/// v ← square[0]·v + square[1]·g²
/// w ← decay·w − rate·m / (√v + epsilon)
/// ```
///
/// If a maximum is kept (AMSGrad; Reddi et al., 2018), `s ← max(s, v)` replaces `v` in the last line. The caller
/// applies the bias correction after `t` steps: `rate = lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ)` and `epsilon = ε·√(1 − β₂ᵗ)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Factors of the old mean and of the gradient: `[β₁, 1 − β₁]`.
    pub mean: [f64; 2],
    /// Factors of the old mean square and of the squared gradient: `[β₂, 1 − β₂]`.
    pub square: [f64; 2],
    /// Step size, including the bias correction.
    pub rate: f64,
    /// Added to the denominator.
    pub epsilon: f64,
    /// L2 penalty; 0 for none.
    pub penalty: f64,
    /// Factor on the weights, `1 − lr·λ`; 1 for no weight decay.
    pub decay: f64,
}

/// Adam's state per weight.
#[derive(Debug)]
pub struct AdamMoments<'a, T> {
    /// Running mean of the gradients.
    pub mean: &'a mut [T],
    /// Running mean of the squared gradients.
    pub square: &'a mut [T],
    /// The largest mean square so far, for AMSGrad.
    pub largest: Option<&'a mut [T]>,
}

impl AdamStep {
    /// Takes one step, updating weights and state in place.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update<T: Scalar>(
        &self,
        weights: &mut [T],
        gradient: &[T],
        moments: AdamMoments<'_, T>,
    ) {
        let len = weights.len();
        expect("Adam", "gradient", len, gradient);
        expect("Adam", "mean", len, moments.mean);
        expect("Adam", "mean square", len, moments.square);
        if let Some(largest) = &moments.largest {
            expect("Adam", "largest mean square", len, largest);
        }
        T::enter::<super::UpdateEntry>(super::Update::Adam(Update {
            factors: Factors::of(self),
            weights,
            gradient,
            moments,
        }));
    }
}

#[derive(Clone, Copy)]
struct Factors<T> {
    mean: Blend<T>,
    square: Blend<T>,
    rate: T,
    epsilon: T,
    penalty: T,
    decay: T,
}

impl<T: Scalar> Factors<T> {
    fn of(step: &AdamStep) -> Self {
        Factors {
            mean: Blend::of(step.mean),
            square: Blend::of(step.square),
            rate: T::of(step.rate),
            epsilon: T::of(step.epsilon),
            penalty: T::of(step.penalty),
            decay: T::of(step.decay),
        }
    }
}

pub struct Update<'a, T> {
    factors: Factors<T>,
    weights: &'a mut [T],
    gradient: &'a [T],
    moments: AdamMoments<'a, T>,
}

impl<T: Scalar> Update<'_, T> {
    pub fn run(self) {
        let set = InstructionSet::current();
        let factors = self.factors;
        let weights = Shared::new(self.weights);
        let mean = Shared::new(self.moments.mean);
        let square = Shared::new(self.moments.square);
        let largest = self.moments.largest.map(Shared::new);
        in_blocks(self.gradient.len(), |range| {
            // SAFETY: all arrays have this length, and no two blocks share an element.
            let block = unsafe {
                Block {
                    factors,
                    gradient: &self.gradient[range.clone()],
                    weights: part(weights, &range),
                    mean: part(mean, &range),
                    square: part(square, &range),
                }
            };
            match largest {
                // SAFETY: as above.
                Some(all) => T::dispatch(set, Largest(block, unsafe { part(all, &range) })),
                None => T::dispatch(set, block),
            }
        });
    }
}

struct Block<'a, T> {
    factors: Factors<T>,
    weights: &'a mut [T],
    gradient: &'a [T],
    mean: &'a mut [T],
    square: &'a mut [T],
}

impl<T: Scalar> Block<'_, T> {
    /// The step, where `divisor` maps an element's index and mean square to the quantity under the root.
    #[inline(always)]
    fn each(self, mut divisor: impl FnMut(usize, T) -> T) {
        let f = self.factors;
        let len = self.weights.len();
        let (gradient, mean) = (&self.gradient[..len], &mut self.mean[..len]);
        let square = &mut self.square[..len];
        for i in 0..len {
            let w = self.weights[i];
            let g = f.penalty * w + gradient[i];
            let m = f.mean.mix(mean[i], g);
            let v = f.square.mix(square[i], g * g);
            mean[i] = m;
            square[i] = v;
            let root = divisor(i, v).root() + f.epsilon;
            self.weights[i] = f.decay * w - f.rate * m / root;
        }
    }
}

impl<T: Scalar> Kernel<T> for Block<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, _simd: S) {
        self.each(|_, square| square);
    }
}

struct Largest<'a, T>(Block<'a, T>, &'a mut [T]);

impl<T: Scalar> Kernel<T> for Largest<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, _simd: S) {
        let largest = &mut self.1[..self.0.weights.len()];
        self.0.each(|i, square| {
            // NaN is kept.
            let most = match largest[i] > square {
                true => largest[i],
                false => square,
            };
            largest[i] = most;
            most
        });
    }
}
