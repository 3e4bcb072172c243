//! Complex tensors as pairs of real ones.

use burn::tensor::{Bool, Device, Tensor};

use crate::ops::{self, Empty, Half};
use crate::scaled::Divisor;

/// A complex tensor: its real and its imaginary part, of one shape, device and dtype.
///
/// Burn has no complex dtype. Two real tensors need none: optimizers, weight decay, records and
/// distributed training work on the parts as on any other tensor, and the gradient of a real loss
/// is the pair of its partial derivatives, `∂L/∂re + i·∂L/∂im`, which is also PyTorch's
/// convention.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::ComplexTensor;
///
/// let device = Device::flex();
/// let z = ComplexTensor::new(
///     Tensor::<1>::from_floats([3.0, 0.0], &device),
///     Tensor::<1>::from_floats([4.0, -2.0], &device),
/// );
/// assert_eq!(z.abs().into_data().try_to_vec::<f32>().unwrap(), vec![5.0, 2.0]);
/// ```
#[derive(Clone, Debug)]
pub struct ComplexTensor<const D: usize> {
    /// Real part.
    pub re: Tensor<D>,
    /// Imaginary part.
    pub im: Tensor<D>,
}

impl<const D: usize> ComplexTensor<D> {
    /// Joins two parts.
    ///
    /// # Panics
    /// When the shapes of the parts differ.
    pub fn new(re: Tensor<D>, im: Tensor<D>) -> Self {
        assert_eq!(
            re.dims(),
            im.dims(),
            "the real and the imaginary part of a complex tensor must have one shape"
        );
        Self { re, im }
    }

    /// A real tensor with an imaginary part of zero.
    pub fn from_real(re: Tensor<D>) -> Self {
        let im = re.zeros_like();
        Self { re, im }
    }

    /// `magnitude · exp(i·phase)`, the phase in radians.
    pub fn from_polar(magnitude: Tensor<D>, phase: Tensor<D>) -> Self {
        Self::new(
            magnitude.clone() * phase.clone().cos(),
            magnitude * phase.sin(),
        )
    }

    /// Splits the last axis, of length 2, into real and imaginary part.
    ///
    /// # Shapes
    /// - input: `[…, 2]` of rank `D2 = D + 1`
    ///
    /// # Panics
    /// When the rank is not `D + 1` or the last axis is not of length 2.
    pub fn from_stacked<const D2: usize>(stacked: Tensor<D2>) -> Self {
        let dims = stacked.dims();
        assert!(
            D2 == D + 1 && dims[D2 - 1] == 2,
            "a stacked complex tensor of rank {D} has rank {} and a last axis of 2, got {dims:?}",
            D + 1
        );
        let part = |index| ops::narrow(stacked.clone(), D, index, 1).squeeze_dim::<D>(D);
        Self::new(part(0), part(1))
    }

    /// Joins the parts along a new last axis of length 2.
    ///
    /// # Shapes
    /// - output: `[…, 2]` of rank `D2 = D + 1`
    pub fn into_stacked<const D2: usize>(self) -> Tensor<D2> {
        let mut dims = [2; D2];
        dims[..D].copy_from_slice(&self.dims());
        match dims.contains(&0) {
            true => Empty::of(self.re).and(self.im).tensor(dims),
            false => Tensor::stack(vec![self.re, self.im], D),
        }
    }

    /// The shape of either part.
    pub fn dims(&self) -> [usize; D] {
        self.re.dims()
    }

    /// The device of the parts.
    pub fn device(&self) -> Device {
        self.re.device()
    }

    /// Applies one linear, real map to both parts: a reshape, a permutation, a slice.
    pub fn map<const D2: usize>(self, map: impl Fn(Tensor<D>) -> Tensor<D2>) -> ComplexTensor<D2> {
        ComplexTensor {
            re: map(self.re),
            im: map(self.im),
        }
    }

    /// Complex conjugate.
    pub fn conj(self) -> Self {
        Self {
            re: self.re,
            im: self.im.neg(),
        }
    }

    /// Sum, with broadcasting.
    #[allow(clippy::should_implement_trait)]
    pub fn add(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    /// Difference, with broadcasting.
    #[allow(clippy::should_implement_trait)]
    pub fn sub(self, other: Self) -> Self {
        Self {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }

    /// Element-wise product, with broadcasting.
    #[allow(clippy::should_implement_trait)]
    pub fn mul(self, other: Self) -> Self {
        Self {
            re: self.re.clone() * other.re.clone() - self.im.clone() * other.im.clone(),
            im: self.re * other.im + self.im * other.re,
        }
    }

    /// Element-wise quotient, with broadcasting.
    ///
    /// Right to a few roundings wherever the quotient and its gradient lie in the range of the
    /// precision: no magnitude is squared out of it. Division by zero gives infinities or NaN, as for
    /// reals.
    #[allow(clippy::should_implement_trait)]
    pub fn div(self, other: Self) -> Self {
        if let Some(half) = Half::of(&self.re) {
            return half.round(half.widen(self).div(half.widen(other)));
        }
        // With the larger part m of w: z/w = (z/m)·conj(w/m)/|w/m|², and |w/m| lies between 1 and √2.
        let larger = Divisor::of(&other);
        let unit = larger.divide(other);
        let norm = unit.clone().norm_sqr();
        let inverse = unit.conj().map(|part| part / norm.clone());
        larger.divide(self).mul(inverse)
    }

    /// Product with a real number.
    pub fn mul_scalar(self, factor: f64) -> Self {
        match factor {
            1.0 => self,
            _ => self.map(|part| part * factor),
        }
    }

    /// Product with a real tensor, with broadcasting.
    pub fn mul_real(self, factor: Tensor<D>) -> Self {
        Self {
            re: self.re * factor.clone(),
            im: self.im * factor,
        }
    }

    /// Matrix product of the last two axes.
    pub fn matmul(self, other: Self) -> Self {
        Self {
            re: self.re.clone().matmul(other.re.clone()) - self.im.clone().matmul(other.im.clone()),
            im: self.re.matmul(other.im) + self.im.matmul(other.re),
        }
    }

    /// Squared magnitude, `re² + im²`.
    pub fn norm_sqr(self) -> Tensor<D> {
        self.re.clone() * self.re + self.im.clone() * self.im
    }

    /// Magnitude, `√(re² + im²)`, as `hypot`: no square leaves the range of the precision.
    ///
    /// The gradient at exactly zero is zero, the smallest of the subgradients, where the plain
    /// formula gives NaN.
    pub fn abs(self) -> Tensor<D> {
        let zero = self.is_zero();
        let re = self.re.mask_fill(zero.clone(), 1.0);
        re.hypot(self.im).mask_fill(zero, 0.0)
    }

    /// Phase in radians, in (−π, π]; zero at the origin.
    ///
    /// The gradient at exactly zero, where the phase is not defined, is zero. Elsewhere it is of
    /// length `1/|z|`, infinite where that is out of range.
    pub fn arg(self) -> Tensor<D> {
        if let Some(half) = Half::of(&self.re) {
            return half.round(half.widen(self).arg());
        }
        let zero = self.is_zero();
        // The phase does not depend on the magnitude, but its gradient squares it.
        let unit = Divisor::of(&self).divide(self);
        let im = unit.im.mask_fill(zero.clone(), 0.0);
        im.atan2(unit.re.mask_fill(zero, 1.0))
    }

    /// Where both parts are zero.
    fn is_zero(&self) -> Tensor<D, Bool> {
        let [re, im] = [&self.re, &self.im].map(|part| part.clone().equal_elem(0.0));
        re.bool_and(im)
    }

    /// Part of an axis: `length` elements from `start`.
    pub fn narrow(self, axis: usize, start: usize, length: usize) -> Self {
        self.map(|part| ops::narrow(part, axis, start, length))
    }

    /// Reverses an axis.
    pub fn flip(self, axis: usize) -> Self {
        match self.dims().contains(&0) {
            true => self,
            false => self.map(|part| part.flip([axis])),
        }
    }

    /// Joins tensors along an axis.
    ///
    /// # Panics
    /// When `tensors` is empty or shapes differ elsewhere than on that axis.
    pub fn cat(tensors: Vec<Self>, axis: usize) -> Self {
        let (re, im) = tensors.into_iter().map(|z| (z.re, z.im)).unzip();
        Self {
            re: ops::cat(re, axis),
            im: ops::cat(im, axis),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn z(values: &[(f32, f32)], device: &Device) -> ComplexTensor<1> {
        let (re, im): (Vec<f32>, Vec<f32>) = values.iter().copied().unzip();
        ComplexTensor::new(
            Tensor::from_floats(re.as_slice(), device),
            Tensor::from_floats(im.as_slice(), device),
        )
    }

    fn values(tensor: Tensor<1>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn product_and_quotient_follow_complex_arithmetic() {
        let device = Device::flex();
        let (a, b) = (z(&[(1.0, 2.0)], &device), z(&[(3.0, -1.0)], &device));
        let product = a.clone().mul(b.clone());
        assert_eq!((values(product.re)[0], values(product.im)[0]), (5.0, 5.0));
        let quotient = a.div(b);
        assert!((values(quotient.re)[0] - 0.1).abs() < 1e-7);
        assert!((values(quotient.im)[0] - 0.7).abs() < 1e-7);
    }

    #[test]
    fn polar_form_returns() {
        let device = Device::flex();
        let a = z(&[(1.0, 2.0), (-3.0, 0.5), (0.0, -1.0)], &device);
        let back = ComplexTensor::from_polar(a.clone().abs(), a.clone().arg());
        for (got, want) in [(back.re, a.re), (back.im, a.im)] {
            for (got, want) in values(got).into_iter().zip(values(want)) {
                assert!((got - want).abs() < 1e-6, "{got} is not {want}");
            }
        }
    }

    #[test]
    fn magnitude_and_phase_have_finite_gradients_at_zero() {
        let device = Device::flex().autodiff();
        let re = Tensor::<1>::from_floats([0.0, 3.0], &device).require_grad();
        let im = Tensor::<1>::from_floats([0.0, 4.0], &device).require_grad();
        let a = ComplexTensor::new(re.clone(), im);
        let loss = (a.clone().abs() + a.arg()).sum();
        let grads = loss.backward();
        let grad = values(re.grad(&grads).unwrap());
        assert_eq!(grad[0], 0.0);
        // ∂|z|/∂re = re/|z|; ∂arg/∂re = −im/|z|².
        assert!((grad[1] - (0.6 - 0.16)).abs() < 1e-6);
    }

    #[test]
    fn stacking_to_a_last_axis_of_two_returns() {
        let device = Device::flex();
        let a = z(&[(1.0, 2.0), (3.0, 4.0)], &device);
        let stacked: Tensor<2> = a.clone().into_stacked();
        assert_eq!(
            stacked.to_data().try_to_vec::<f32>().unwrap(),
            vec![1.0, 2.0, 3.0, 4.0]
        );
        let back = ComplexTensor::<1>::from_stacked(stacked);
        assert_eq!(values(back.im), vec![2.0, 4.0]);
    }

    #[test]
    #[should_panic = "must have one shape"]
    fn parts_of_two_shapes_are_refused() {
        let device = Device::flex();
        ComplexTensor::new(
            Tensor::<1>::zeros([2], &device),
            Tensor::<1>::zeros([3], &device),
        );
    }
}
