//! Steps of optimizers, each one pass over weights, gradient and state.
//!
//! On the kernels an array that belongs to its tensor alone is changed in place; one that is shared is copied first, so
//! other tensors over it keep their values. Elsewhere the steps run in ordinary tensor ops. None is differentiated: the
//! tensors are those of the inner backend.

use burn::tensor::Tensor;

pub use crate::kernels::{AdamStep, RmsPropStep, SgdStep};

use crate::operation::flex::{
    Contiguous, elements_mut, from_primitive, into_primitive, with_dtype,
};
use crate::operation::{check_dtypes, has_kernels};

/// What Adam keeps of each weight.
#[derive(Clone, Debug)]
pub struct AdamMoments<const D: usize> {
    /// Mean of the gradients.
    pub mean: Tensor<D>,
    /// Mean of their squares.
    pub square: Tensor<D>,
    /// The largest mean square so far, if it is kept.
    pub largest: Option<Tensor<D>>,
}

/// What RMSprop keeps of each weight.
#[derive(Clone, Debug)]
pub struct RmsPropAverages<const D: usize> {
    /// Mean of the gradient's square.
    pub square: Tensor<D>,
    /// Mean of the gradient, if centered.
    pub mean: Option<Tensor<D>>,
    /// The last update, with momentum.
    pub update: Option<Tensor<D>>,
}

/// A step of [Adam](AdamStep): the new weights and moments.
///
/// # Shapes
/// - all tensors: that of the weights
pub fn adam<const D: usize>(
    weights: Tensor<D>,
    gradient: Tensor<D>,
    moments: AdamMoments<D>,
    step: &AdamStep,
) -> (Tensor<D>, AdamMoments<D>) {
    if !on_kernels(&weights, &gradient) {
        return fallback::adam(weights, gradient, moments, step);
    }
    let (mut weights, gradient) = (Owned::new(weights), read(gradient));
    let (mut mean, mut square) = (Owned::new(moments.mean), Owned::new(moments.square));
    let mut largest = moments.largest.map(Owned::new);
    with_dtype!(gradient.0, E => step.update::<E>(
        weights.slice(),
        gradient.slice(),
        crate::kernels::AdamMoments {
            mean: mean.slice(),
            square: square.slice(),
            largest: largest.as_mut().map(Owned::slice),
        },
    ));
    let moments = AdamMoments {
        mean: mean.tensor(),
        square: square.tensor(),
        largest: largest.map(Owned::tensor),
    };
    (weights.tensor(), moments)
}

/// A step of [gradient descent](SgdStep), with a velocity if there is momentum: the new weights and velocity.
///
/// # Shapes
/// - all tensors: that of the weights
pub fn sgd<const D: usize>(
    weights: Tensor<D>,
    gradient: Tensor<D>,
    velocity: Option<Tensor<D>>,
    step: &SgdStep,
) -> (Tensor<D>, Option<Tensor<D>>) {
    if !on_kernels(&weights, &gradient) {
        return fallback::sgd(weights, gradient, velocity, step);
    }
    let (mut weights, gradient) = (Owned::new(weights), read(gradient));
    let mut velocity = velocity.map(Owned::new);
    with_dtype!(gradient.0, E => step.update::<E>(
        weights.slice(),
        gradient.slice(),
        velocity.as_mut().map(Owned::slice),
    ));
    (weights.tensor(), velocity.map(Owned::tensor))
}

/// A step of [RMSprop](RmsPropStep): the new weights and averages.
///
/// # Shapes
/// - all tensors: that of the weights
pub fn rms_prop<const D: usize>(
    weights: Tensor<D>,
    gradient: Tensor<D>,
    averages: RmsPropAverages<D>,
    step: &RmsPropStep,
) -> (Tensor<D>, RmsPropAverages<D>) {
    if !on_kernels(&weights, &gradient) {
        return fallback::rms_prop(weights, gradient, averages, step);
    }
    let (mut weights, gradient) = (Owned::new(weights), read(gradient));
    let mut square = Owned::new(averages.square);
    let mut mean = averages.mean.map(Owned::new);
    let mut update = averages.update.map(Owned::new);
    with_dtype!(gradient.0, E => step.update::<E>(
        weights.slice(),
        gradient.slice(),
        crate::kernels::RmsPropAverages {
            square: square.slice(),
            mean: mean.as_mut().map(Owned::slice),
            update: update.as_mut().map(Owned::slice),
        },
    ));
    let averages = RmsPropAverages {
        square: square.tensor(),
        mean: mean.map(Owned::tensor),
        update: update.map(Owned::tensor),
    };
    (weights.tensor(), averages)
}

fn on_kernels<const D: usize>(weights: &Tensor<D>, gradient: &Tensor<D>) -> bool {
    check_dtypes(("weights", weights.dtype()), ("gradient", gradient.dtype()));
    has_kernels(weights)
}

fn read<const D: usize>(tensor: Tensor<D>) -> Contiguous {
    Contiguous::new(into_primitive(tensor))
}

/// An array that may be changed.
struct Owned<const D: usize>(Contiguous);

impl<const D: usize> Owned<D> {
    fn new(tensor: Tensor<D>) -> Self {
        Self(read(tensor))
    }

    fn slice<E: burn::tensor::Element + bytemuck::Pod>(&mut self) -> &mut [E] {
        elements_mut(&mut self.0)
    }

    fn tensor(self) -> Tensor<D> {
        from_primitive(self.0.0)
    }
}

/// The steps in ordinary tensor ops.
pub mod fallback {
    use super::*;

    fn mix<const D: usize>(old: Tensor<D>, new: Tensor<D>, [keep, add]: [f64; 2]) -> Tensor<D> {
        old * keep + new * add
    }

    fn penalized<const D: usize>(gradient: Tensor<D>, weights: &Tensor<D>, by: f64) -> Tensor<D> {
        match by == 0.0 {
            true => gradient,
            false => weights.clone() * by + gradient,
        }
    }

    /// As [`adam`](super::adam).
    pub fn adam<const D: usize>(
        weights: Tensor<D>,
        gradient: Tensor<D>,
        moments: AdamMoments<D>,
        step: &AdamStep,
    ) -> (Tensor<D>, AdamMoments<D>) {
        let gradient = penalized(gradient, &weights, step.penalty);
        let mean = mix(moments.mean, gradient.clone(), step.mean);
        let square = mix(moments.square, gradient.square(), step.square);
        let largest = moments
            .largest
            .map(|largest| largest.max_pair(square.clone()));
        let root = largest.as_ref().unwrap_or(&square).clone().sqrt() + step.epsilon;
        let weights = weights * step.decay - mean.clone() * step.rate / root;
        let moments = AdamMoments {
            mean,
            square,
            largest,
        };
        (weights, moments)
    }

    /// As [`sgd`](super::sgd).
    pub fn sgd<const D: usize>(
        weights: Tensor<D>,
        gradient: Tensor<D>,
        velocity: Option<Tensor<D>>,
        step: &SgdStep,
    ) -> (Tensor<D>, Option<Tensor<D>>) {
        let gradient = penalized(gradient, &weights, step.penalty);
        let velocity = velocity.map(|velocity| mix(velocity, gradient.clone(), step.velocity));
        let update = match &velocity {
            Some(velocity) => mix(velocity.clone(), gradient, step.look_ahead),
            None => gradient,
        };
        (weights - update * step.rate, velocity)
    }

    /// As [`rms_prop`](super::rms_prop).
    pub fn rms_prop<const D: usize>(
        weights: Tensor<D>,
        gradient: Tensor<D>,
        averages: RmsPropAverages<D>,
        step: &RmsPropStep,
    ) -> (Tensor<D>, RmsPropAverages<D>) {
        let gradient = penalized(gradient, &weights, step.penalty);
        let square = mix(averages.square, gradient.clone().square(), step.average);
        let mean = averages
            .mean
            .map(|mean| mix(mean, gradient.clone(), step.average));
        let variance = match &mean {
            Some(mean) => square.clone() - mean.clone().square(),
            None => square.clone(),
        };
        let change = gradient / (variance.sqrt() + step.epsilon);
        let update = averages
            .update
            .map(|update| update * step.momentum + change.clone());
        let weights = weights - update.as_ref().unwrap_or(&change).clone() * step.rate;
        let averages = RmsPropAverages {
            square,
            mean,
            update,
        };
        (weights, averages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Distribution};

    const ADAM: AdamStep = AdamStep {
        mean: [0.9, 0.1],
        square: [0.99, 0.01],
        rate: 0.02,
        epsilon: 1e-4,
        penalty: 0.3,
        decay: 0.98,
    };

    fn draw<const D: usize>(shape: [usize; D], dtype: DType) -> Tensor<D> {
        let device = Device::flex();
        Tensor::random(shape, Distribution::Uniform(0.1, 1.0), (&device, dtype))
    }

    #[track_caller]
    fn assert_close<const D: usize>(got: &Tensor<D>, expected: &Tensor<D>) {
        assert_eq!(got.dims(), expected.dims());
        let limit = match got.dtype() {
            DType::F64 => 1e-14,
            _ => 1e-6,
        };
        let difference = got.clone() - expected.clone();
        let worst: f64 = difference.abs().max().into_scalar();
        assert!(worst <= limit, "off by {worst}");
    }

    #[track_caller]
    fn assert_all_close<const D: usize>(got: &[&Tensor<D>], expected: &[&Tensor<D>]) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert_close(got, expected);
        }
    }

    #[test]
    fn kernels_and_tensor_ops_take_the_same_steps_of_adam() {
        for dtype in [DType::F32, DType::F64] {
            for keep in [false, true] {
                let shape = [7, 11];
                let [w, g, m, v, s] = core::array::from_fn(|_| draw(shape, dtype));
                let moments = AdamMoments {
                    mean: m,
                    square: v,
                    largest: keep.then_some(s),
                };
                let (w1, m1) = adam(w.clone(), g.clone(), moments.clone(), &ADAM);
                let (w2, m2) = fallback::adam(w, g, moments, &ADAM);
                let largest = |m: &AdamMoments<2>| m.largest.clone().unwrap_or(m.mean.clone());
                assert_all_close(
                    &[&w1, &m1.mean, &m1.square, &largest(&m1)],
                    &[&w2, &m2.mean, &m2.square, &largest(&m2)],
                );
                assert_eq!(m1.largest.is_some(), keep);
            }
        }
    }

    #[test]
    fn kernels_and_tensor_ops_take_the_same_steps_of_gradient_descent() {
        let step = SgdStep {
            velocity: [0.9, 0.75],
            look_ahead: [0.9, 1.0],
            rate: 0.05,
            penalty: 0.1,
        };
        for dtype in [DType::F32, DType::F64] {
            for momentum in [false, true] {
                let [w, g, u] = core::array::from_fn(|_| draw([13], dtype));
                let u = momentum.then_some(u);
                let (w1, u1) = sgd(w.clone(), g.clone(), u.clone(), &step);
                let (w2, u2) = fallback::sgd(w, g, u, &step);
                assert_close(&w1, &w2);
                assert_eq!(u1.is_some(), momentum);
                if let (Some(u1), Some(u2)) = (u1, u2) {
                    assert_close(&u1, &u2);
                }
            }
        }
    }

    #[test]
    fn kernels_and_tensor_ops_take_the_same_steps_of_rmsprop() {
        let step = RmsPropStep {
            average: [0.9, 0.1],
            momentum: 0.8,
            rate: 0.03,
            epsilon: 1e-3,
            penalty: 0.2,
        };
        for dtype in [DType::F32, DType::F64] {
            for (centered, momentum) in [(false, false), (true, false), (false, true), (true, true)]
            {
                let [w, g, v, a, u] = core::array::from_fn(|_| draw([3, 5, 2], dtype));
                let averages = RmsPropAverages {
                    square: v + 1.0,
                    mean: centered.then_some(a),
                    update: momentum.then_some(u),
                };
                let (w1, a1) = rms_prop(w.clone(), g.clone(), averages.clone(), &step);
                let (w2, a2) = fallback::rms_prop(w, g, averages, &step);
                assert_all_close(&[&w1, &a1.square], &[&w2, &a2.square]);
                let parts = |a: RmsPropAverages<3>| [a.mean, a.update];
                for (part, expected) in parts(a1).into_iter().zip(parts(a2)) {
                    assert_eq!(part.is_some(), expected.is_some());
                    if let (Some(part), Some(expected)) = (part, expected) {
                        assert_close(&part, &expected);
                    }
                }
            }
        }
    }

    #[test]
    fn arrays_of_one_owner_are_changed_in_place_and_others_are_left_alone() {
        let address = |tensor: &Tensor<1>| {
            let tensor = into_primitive(tensor.clone());
            tensor.bytes().as_ptr() as usize
        };
        let [w, g, m, v] = core::array::from_fn(|_| draw([9], DType::F32));
        let (kept, before) = (w.clone(), w.to_data());
        let places = [address(&w), address(&m), address(&v)];
        let moments = AdamMoments {
            mean: m,
            square: v,
            largest: None,
        };
        let (w, moments) = adam(w, g.clone(), moments, &ADAM);
        assert_eq!(kept.to_data(), before);
        assert_ne!(address(&w), places[0]);
        assert_eq!(address(&moments.mean), places[1]);
        assert_eq!(address(&moments.square), places[2]);

        let place = address(&w);
        let (w, _) = adam(w, g, moments, &ADAM);
        assert_eq!(address(&w), place);
    }

    #[test]
    fn views_are_read_by_their_elements() {
        let wide: Tensor<2> = draw([4, 6], DType::F32);
        let view = |tensor: &Tensor<2>| tensor.clone().transpose().narrow(0, 1, 3);
        let whole =
            |tensor: &Tensor<2>| Tensor::<2>::from_data(view(tensor).to_data(), &Device::flex());
        let gradient: Tensor<2> = draw([4, 6], DType::F32);
        let step = SgdStep {
            velocity: [0.0, 1.0],
            look_ahead: [1.0, 0.0],
            rate: 0.5,
            penalty: 0.0,
        };
        let (from_views, _) = sgd(view(&wide), view(&gradient), None, &step);
        let (expected, _) = sgd(whole(&wide), whole(&gradient), None, &step);
        assert_eq!(from_views.to_data(), expected.to_data());
    }
}
