//! RMSprop.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd};

use super::{Blend, expect, in_blocks, part};

/// One step of RMSprop (Tieleman and Hinton, 2012):
///
/// ```text
/// g ← penalty·w + g
/// v ← average[0]·v + average[1]·g²
/// a ← average[0]·a + average[1]·g        only if centered
/// d ← g / (√(v − a²) + epsilon)           v alone if not centered
/// u ← momentum·u + d                      only with momentum
/// w ← w − rate·u                          d without momentum
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsPropStep {
    /// Factors of the old averages and of the new values: `[α, 1 − α]`.
    pub average: [f64; 2],
    /// Factor of the previous update.
    pub momentum: f64,
    /// Step size.
    pub rate: f64,
    /// Added to the denominator.
    pub epsilon: f64,
    /// L2 penalty; 0 for none.
    pub penalty: f64,
}

/// RMSprop's state per weight.
#[derive(Debug)]
pub struct RmsPropAverages<'a, T> {
    /// Running mean of the squared gradients.
    pub square: &'a mut [T],
    /// Running mean of the gradients, if centered.
    pub mean: Option<&'a mut [T]>,
    /// The previous update, with momentum.
    pub update: Option<&'a mut [T]>,
}

impl RmsPropStep {
    /// Takes one step, updating weights and state in place.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update<T: Scalar>(
        &self,
        weights: &mut [T],
        gradient: &[T],
        averages: RmsPropAverages<'_, T>,
    ) {
        let len = weights.len();
        expect("RMSprop", "gradient", len, gradient);
        expect("RMSprop", "mean square", len, averages.square);
        for (what, slice) in [("mean", &averages.mean), ("update", &averages.update)] {
            if let Some(slice) = slice {
                expect("RMSprop", what, len, slice);
            }
        }
        T::enter::<super::UpdateEntry>(super::Update::RmsProp(Update {
            factors: Factors::of(self),
            weights,
            gradient,
            averages,
        }));
    }
}

#[derive(Clone, Copy)]
struct Factors<T> {
    average: Blend<T>,
    momentum: T,
    rate: T,
    epsilon: T,
    penalty: T,
}

impl<T: Scalar> Factors<T> {
    fn of(step: &RmsPropStep) -> Self {
        Factors {
            average: Blend::of(step.average),
            momentum: T::of(step.momentum),
            rate: T::of(step.rate),
            epsilon: T::of(step.epsilon),
            penalty: T::of(step.penalty),
        }
    }
}

pub struct Update<'a, T> {
    factors: Factors<T>,
    weights: &'a mut [T],
    gradient: &'a [T],
    averages: RmsPropAverages<'a, T>,
}

impl<T: Scalar> Update<'_, T> {
    pub fn run(self) {
        let set = InstructionSet::current();
        let weights = Shared::new(self.weights);
        let square = Shared::new(self.averages.square);
        let mean = self.averages.mean.map(Shared::new);
        let update = self.averages.update.map(Shared::new);
        in_blocks(self.gradient.len(), |range| {
            // SAFETY: all arrays have this length, and no two blocks share an element.
            let block = unsafe {
                Block {
                    factors: self.factors,
                    gradient: &self.gradient[range.clone()],
                    weights: part(weights, &range),
                    square: part(square, &range),
                    mean: mean.map(|all| part(all, &range)),
                    update: update.map(|all| part(all, &range)),
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
    square: &'a mut [T],
    mean: Option<&'a mut [T]>,
    update: Option<&'a mut [T]>,
}

impl<T: Scalar> Kernel<T> for Block<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, _simd: S) {
        let Block {
            factors: f,
            weights,
            gradient,
            square,
            mean,
            update,
        } = self;
        let len = weights.len();
        let variance = |i: usize, mean: &mut [T], g: T, square: T| {
            let a = f.average.mix(mean[i], g);
            mean[i] = a;
            square - a * a
        };
        let keep = |i: usize, update: &mut [T], d: T| {
            update[i] = f.momentum * update[i] + d;
            update[i]
        };
        let arrays = (f, weights, gradient, square);
        match (mean, update) {
            (None, None) => each(arrays, |_, _, square| square, |_, d| d),
            (Some(mean), None) => {
                let mean = &mut mean[..len];
                each(arrays, |i, g, v| variance(i, mean, g, v), |_, d| d);
            }
            (None, Some(update)) => {
                let update = &mut update[..len];
                each(arrays, |_, _, square| square, |i, d| keep(i, update, d));
            }
            (Some(mean), Some(update)) => {
                let (mean, update) = (&mut mean[..len], &mut update[..len]);
                each(
                    arrays,
                    |i, g, v| variance(i, mean, g, v),
                    |i, d| keep(i, update, d),
                );
            }
        }
    }
}

/// The step, with functions for the quantity under the root (from index, gradient and mean square) and for the use of
/// the quotient.
#[inline(always)]
fn each<T: Scalar>(
    (f, weights, gradient, square): (Factors<T>, &mut [T], &[T], &mut [T]),
    mut variance: impl FnMut(usize, T, T) -> T,
    mut update: impl FnMut(usize, T) -> T,
) {
    let len = weights.len();
    let (gradient, square) = (&gradient[..len], &mut square[..len]);
    for i in 0..len {
        let w = weights[i];
        let g = f.penalty * w + gradient[i];
        let v = f.average.mix(square[i], g * g);
        square[i] = v;
        let d = g / (variance(i, g, v).root() + f.epsilon);
        weights[i] = w - f.rate * update(i, d);
    }
}
