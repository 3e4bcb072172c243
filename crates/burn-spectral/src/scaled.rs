//! Divisions by a magnitude whose square may lie out of range.
//!
//! The square of a number leaves the range of a precision long before the number does: in f32 above
//! 1.8e19 and below 1e-19. So both parts are divided by the larger of them before they are squared,
//! as `hypot` does. The divisor counts as a constant: what it scales, the quotient undoes.

use burn::tensor::{DType, Tensor};

use crate::ComplexTensor;

/// The smallest positive normal number of a dtype, whose reciprocal is finite.
pub(crate) fn smallest_normal(dtype: DType) -> f64 {
    dtype.finfo().map_or(0.0, |info| info.min_positive)
}

/// The larger magnitude of the two parts, outside the graph.
fn larger<const D: usize>(z: &ComplexTensor<D>) -> Tensor<D> {
    let [re, im] = [&z.re, &z.im].map(|part| part.clone().detach().abs());
    re.max_pair(im)
}

/// The larger of the two parts of a complex number as something to divide by.
pub(crate) struct Divisor<const D: usize> {
    /// Times `lift`; 1 where both parts are zero, or one is infinite.
    larger: Tensor<D>,
    /// 1, or a power of two where the reciprocal of the larger part would be infinite.
    lift: Tensor<D>,
}

impl<const D: usize> Divisor<D> {
    /// The divisor for a number.
    pub(crate) fn of(z: &ComplexTensor<D>) -> Self {
        let larger = larger(z);
        // A power of two, since the smallest normal number is an even power of two.
        let small = smallest_normal(larger.dtype()).sqrt();
        let is_small = larger.clone().lower_elem(small);
        let is_unfit = larger
            .clone()
            .equal_elem(0.0)
            .bool_or(larger.clone().is_inf());
        let lift = larger.ones_like().mask_fill(is_small, 1.0 / small);
        Self {
            larger: (larger * lift.clone()).mask_fill(is_unfit.clone(), 1.0),
            lift: lift.mask_fill(is_unfit, 1.0),
        }
    }

    /// Both parts divided: of the number itself, one becomes ±1.
    pub(crate) fn divide(&self, z: ComplexTensor<D>) -> ComplexTensor<D> {
        z.map(|part| part * self.lift.clone() / self.larger.clone())
    }
}

/// How a magnitude meets the floor of [`over_magnitude`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Floor {
    /// `√(|z|² + floor²)`.
    Smooth,
    /// `max(|z|, floor)`.
    Sharp,
}

/// `z` over its magnitude, which meets a floor: of length 1 far above it, fading to zero below.
///
/// A floor below the smallest normal number of the precision counts as that number, so that the
/// gradient, at most the reciprocal of the floor, is finite.
pub(crate) fn over_magnitude<const D: usize>(
    z: ComplexTensor<D>,
    floor: f64,
    how: Floor,
) -> ComplexTensor<D> {
    let floor = floor.max(smallest_normal(z.re.dtype()));
    let unit = larger(&z).clamp_min(floor);
    // One of the three is 1, so the sum of their squares lies between 1 and 3.
    let z = z.map(|part| part / unit.clone());
    let floor = unit.recip() * floor;
    let floor = floor.clone() * floor;
    let square = z.clone().norm_sqr();
    let length = match how {
        Floor::Smooth => square + floor,
        Floor::Sharp => square.max_pair(floor),
    }
    .sqrt();
    z.map(|part| part / length.clone())
}
