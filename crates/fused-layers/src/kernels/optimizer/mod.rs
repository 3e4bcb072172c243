//! Optimizer steps in one pass over weights, gradient and state, in place.
//!
//! Products and sums are rounded one by one, in the order of the formulas, so that results are bitwise identical for
//! every instruction set and any number of threads.

mod adam;
mod rmsprop;
mod sgd;

use std::ops::Range;

use spectral_lanes::parallel::{self, Shared};
use spectral_lanes::{Scalar, expect_len};

pub use adam::{AdamMoments, AdamStep};
pub use rmsprop::{RmsPropAverages, RmsPropStep};
pub use sgd::SgdStep;

/// Elements per task, few enough for all arrays to fit in a core's own cache.
const BLOCK: usize = 16 << 10;

/// Estimated work of `elements` elements, in nanoseconds on one thread.
fn work(elements: usize) -> usize {
    elements / 4
}

/// An element-wise update of arrays of the same length.
pub enum Update<'a, T> {
    /// A step of Adam.
    Adam(adam::Update<'a, T>),
    /// A step of stochastic gradient descent.
    Sgd(sgd::Update<'a, T>),
    /// A step of RMSprop.
    RmsProp(rmsprop::Update<'a, T>),
}

spectral_lanes::entry!(UpdateEntry, Update);

impl<T: Scalar> Update<'_, T> {
    /// Runs the update.
    pub fn run(self) {
        match self {
            Update::Adam(update) => update.run(),
            Update::Sgd(update) => update.run(),
            Update::RmsProp(update) => update.run(),
        }
    }
}

/// Factors of an old value and of a new one that is added to it.
#[derive(Clone, Copy)]
struct Blend<T> {
    old: T,
    new: T,
}

impl<T: Scalar> Blend<T> {
    fn of([old, new]: [f64; 2]) -> Self {
        Blend {
            old: T::of(old),
            new: T::of(new),
        }
    }

    #[inline(always)]
    fn mix(self, old: T, new: T) -> T {
        old * self.old + new * self.new
    }
}

/// Calls `task` with parts of `0..len`, in parallel if there is enough work.
fn in_blocks(len: usize, task: impl Fn(Range<usize>) + Send + Sync) {
    parallel::for_each(len.div_ceil(BLOCK), work(len), |block| {
        let start = block * BLOCK;
        task(start..len.min(start + BLOCK));
    });
}

/// The elements `range` of an array.
///
/// # Safety
/// The array must contain these elements, and nothing else may access them during the borrow.
unsafe fn part<'a, T>(of: Shared<T>, range: &Range<usize>) -> &'a mut [T] {
    // SAFETY: guaranteed by the caller.
    unsafe { std::slice::from_raw_parts_mut(of.at(range.start), range.len()) }
}

#[track_caller]
fn expect<T>(rule: &str, what: &str, expected: usize, slice: &[T]) {
    expect_len(&format!("{rule}, {what}"), "real", expected, slice.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise<T: Scalar>(len: usize, seed: usize) -> Vec<T> {
        let value = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0;
        (0..len).map(|i| T::of(value(i))).collect()
    }

    fn positive<T: Scalar>(len: usize, seed: usize) -> Vec<T> {
        noise::<T>(len, seed)
            .into_iter()
            .map(|x| x * x + T::of(1.5))
            .collect()
    }

    fn wide<T: Scalar + Into<f64>>(x: &T) -> f64 {
        (*x).into()
    }

    #[track_caller]
    fn assert_close<T: Scalar + Into<f64>>(got: &T, expected: f64, what: &str) {
        let limit = if size_of::<T>() == 8 { 1e-15 } else { 5e-7 };
        let error = (wide(got) - expected).abs() / expected.abs().max(1.0);
        assert!(error <= limit, "{what}: {got:?} instead of {expected}");
    }

    const SIZES: [usize; 6] = [0, 1, 5, 37, BLOCK, BLOCK + 3];

    // The expected values are the textbook formulas, one element at a time in f64.

    fn adam<T: Scalar + Into<f64>>(len: usize, amsgrad: bool, [penalty, decay]: [f64; 2]) {
        let (beta_1, beta_2, epsilon, rate, time) = (0.875, 0.75, 0.125, 0.25, 3);
        let bias = |beta: f64| 1.0 - beta.powi(time);
        let step = AdamStep {
            mean: [beta_1, 1.0 - beta_1],
            square: [beta_2, 1.0 - beta_2],
            rate: rate * bias(beta_2).sqrt() / bias(beta_1),
            epsilon: epsilon * bias(beta_2).sqrt(),
            penalty,
            decay: 1.0 - rate * decay,
        };
        let (start, gradient) = (noise::<T>(len, 1), noise::<T>(len, 2));
        let (means, squares, most) = (
            noise::<T>(len, 3),
            positive::<T>(len, 4),
            positive::<T>(len, 5),
        );
        let mut weights = start.clone();
        let [mut mean, mut square, mut largest] = [means.clone(), squares.clone(), most.clone()];
        let moments = AdamMoments {
            mean: &mut mean,
            square: &mut square,
            largest: amsgrad.then_some(&mut largest[..]),
        };
        step.update(&mut weights, &gradient, moments);
        for i in 0..len {
            let w = wide(&start[i]);
            let g = wide(&gradient[i]) + penalty * w;
            let m = beta_1 * wide(&means[i]) + (1.0 - beta_1) * g;
            let v = beta_2 * wide(&squares[i]) + (1.0 - beta_2) * g * g;
            let s = if amsgrad { v.max(wide(&most[i])) } else { v };
            let change = m / bias(beta_1) / ((s / bias(beta_2)).sqrt() + epsilon);
            assert_close(&mean[i], m, "mean");
            assert_close(&square[i], v, "mean square");
            if amsgrad {
                assert_close(&largest[i], s, "largest");
            }
            assert_close(
                &weights[i],
                w - rate * decay * w - rate * change,
                &format!("weight {i} of {len}"),
            );
        }
    }

    #[test]
    fn adam_matches_its_formula() {
        for len in SIZES {
            for amsgrad in [false, true] {
                for decays in [[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]] {
                    adam::<f32>(len, amsgrad, decays);
                    adam::<f64>(len, amsgrad, decays);
                }
            }
        }
    }

    fn sgd<T: Scalar + Into<f64>>(len: usize, momentum: Option<f64>, nesterov: bool) {
        let (rate, penalty, dampening) = (0.25, 0.5, 0.125);
        let factor = momentum.unwrap_or(0.0);
        let step = SgdStep {
            velocity: [factor, 1.0 - dampening],
            look_ahead: if nesterov { [factor, 1.0] } else { [1.0, 0.0] },
            rate,
            penalty,
        };
        let (start, gradient, velocities) =
            (noise::<T>(len, 1), noise::<T>(len, 2), noise::<T>(len, 3));
        let (mut weights, mut velocity) = (start.clone(), velocities.clone());
        let kept = momentum.map(|_| &mut velocity[..]);
        step.update(&mut weights, &gradient, kept);
        for i in 0..len {
            let w = wide(&start[i]);
            let g = wide(&gradient[i]) + penalty * w;
            let u = factor * wide(&velocities[i]) + (1.0 - dampening) * g;
            let change = match (momentum, nesterov) {
                (None, _) => g,
                (Some(_), false) => u,
                (Some(factor), true) => g + factor * u,
            };
            if momentum.is_some() {
                assert_close(&velocity[i], u, "velocity");
            }
            assert_close(&weights[i], w - rate * change, &format!("weight {i}"));
        }
    }

    #[test]
    fn gradient_descent_matches_its_formula() {
        for len in SIZES {
            for (momentum, nesterov) in [(None, false), (Some(0.75), false), (Some(0.75), true)] {
                sgd::<f32>(len, momentum, nesterov);
                sgd::<f64>(len, momentum, nesterov);
            }
        }
    }

    fn rmsprop<T: Scalar + Into<f64>>(len: usize, centered: bool, momentum: bool) {
        let (alpha, factor, rate, epsilon, penalty) = (0.75, 0.875, 0.25, 0.125, 0.5);
        let step = RmsPropStep {
            average: [alpha, 1.0 - alpha],
            momentum: factor,
            rate,
            epsilon,
            penalty,
        };
        let (start, gradient) = (noise::<T>(len, 1), noise::<T>(len, 2));
        let (squares, means, updates) = (
            positive::<T>(len, 3),
            noise::<T>(len, 4),
            noise::<T>(len, 5),
        );
        let mut weights = start.clone();
        let [mut square, mut mean, mut update] = [squares.clone(), means.clone(), updates.clone()];
        let averages = RmsPropAverages {
            square: &mut square,
            mean: centered.then_some(&mut mean[..]),
            update: momentum.then_some(&mut update[..]),
        };
        step.update(&mut weights, &gradient, averages);
        for i in 0..len {
            let w = wide(&start[i]);
            let g = wide(&gradient[i]) + penalty * w;
            let v = alpha * wide(&squares[i]) + (1.0 - alpha) * g * g;
            let a = alpha * wide(&means[i]) + (1.0 - alpha) * g;
            let variance = if centered { v - a * a } else { v };
            let d = g / (variance.sqrt() + epsilon);
            let u = factor * wide(&updates[i]) + d;
            assert_close(&square[i], v, "mean square");
            if centered {
                assert_close(&mean[i], a, "mean");
            }
            if momentum {
                assert_close(&update[i], u, "update");
            }
            let change = if momentum { u } else { d };
            assert_close(&weights[i], w - rate * change, &format!("weight {i}"));
        }
    }

    #[test]
    fn rmsprop_matches_its_formula() {
        for len in SIZES {
            for (centered, momentum) in [(false, false), (true, false), (false, true), (true, true)]
            {
                rmsprop::<f32>(len, centered, momentum);
                rmsprop::<f64>(len, centered, momentum);
            }
        }
    }

    #[test]
    #[should_panic(expected = "gradient descent, gradient: expected 3 real elements, got 2")]
    fn a_gradient_of_the_wrong_length_is_rejected() {
        let step = SgdStep {
            velocity: [0.0, 1.0],
            look_ahead: [1.0, 0.0],
            rate: 0.1,
            penalty: 0.0,
        };
        step.update(&mut [0.0_f32; 3], &[0.0; 2], None);
    }
}
