//! Complex tensors as pairs of real tensors.

use core::ops::{Add, Div, Mul, Neg, Sub};

use burn::tensor::{AsIndex, Bool, Device, Tensor};

use crate::dims::dim_index;
use crate::ops::{self, Empty, Half};
use crate::scaled::Divisor;

/// A complex tensor: its real and its imaginary part, of the same shape, device and dtype.
///
/// Burn has no complex dtype, and two real tensors need none: optimizers, weight decay, records and
/// distributed training work on the parts as on any other tensor. The gradient of a real loss is the
/// pair of its partial derivatives, `∂L/∂re + i·∂L/∂im`, as in PyTorch.
///
/// The operators `+`, `-`, `*`, `/` and unary `-` are element-wise, with broadcasting; `*` also takes
/// a real tensor or an `f64`. The spectrum of a real signal is a [`HalfSpectrum`](crate::HalfSpectrum),
/// which wraps a complex tensor.
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
/// assert_eq!(z.clone().abs().into_data().try_to_vec::<f32>().unwrap(), vec![5.0, 2.0]);
///
/// // z·z̄ = |z|²
/// let square = z.clone() * z.conj();
/// assert_eq!(square.re.into_data().try_to_vec::<f32>().unwrap(), vec![25.0, 4.0]);
/// ```
#[derive(Clone, Debug)]
pub struct ComplexTensor<const D: usize> {
    /// Real part.
    pub re: Tensor<D>,
    /// Imaginary part.
    pub im: Tensor<D>,
}

impl<const D: usize> ComplexTensor<D> {
    /// A complex tensor of the given parts, `re + i·im`.
    ///
    /// # Panics
    /// If the shapes of the parts differ.
    #[track_caller]
    pub fn new(re: Tensor<D>, im: Tensor<D>) -> Self {
        let shapes = [re.dims(), im.dims()];
        assert!(
            shapes[0] == shapes[1],
            "the parts of a complex tensor must have the same shape, got {:?} for the real and {:?} \
             for the imaginary part",
            shapes[0],
            shapes[1]
        );
        Self { re, im }
    }

    /// A real tensor with a zero imaginary part.
    pub fn from_real(re: Tensor<D>) -> Self {
        let im = re.zeros_like();
        Self { re, im }
    }

    /// `magnitude · exp(i·phase)`, the phase in radians.
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn from_polar(magnitude: Tensor<D>, phase: Tensor<D>) -> Self {
        Self::new(
            magnitude.clone() * phase.clone().cos(),
            magnitude * phase.sin(),
        )
    }

    /// Splits the last dim, of size 2, into real and imaginary part.
    ///
    /// # Shapes
    /// - input: `[…, 2]` of rank `D2 = D + 1`; output: `[…]` of rank `D`
    ///
    /// # Panics
    /// If `D2` is not `D + 1`, or the last dim is not of size 2.
    #[track_caller]
    pub fn from_stacked<const D2: usize>(stacked: Tensor<D2>) -> Self {
        let dims = stacked.dims();
        assert!(
            D2 == D + 1 && dims[D2 - 1] == 2,
            "a complex tensor of rank {D} is split from a tensor of rank {} whose last dim has size 2, \
             got the shape {dims:?}",
            D + 1
        );
        let part = |index| ops::narrow(stacked.clone(), D, index, 1).squeeze_dim::<D>(D);
        Self::new(part(0), part(1))
    }

    /// Stacks the parts along a new last dim of size 2.
    ///
    /// # Shapes
    /// - output: `[…, 2]` of rank `D2 = D + 1`
    ///
    /// # Panics
    /// When `D2` is not `D + 1`.
    #[track_caller]
    pub fn into_stacked<const D2: usize>(self) -> Tensor<D2> {
        assert!(
            D2 == D + 1,
            "a complex tensor of rank {D} is stacked into a tensor of rank {}, got rank {D2}",
            D + 1
        );
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

    /// Applies the same function to both parts, for instance a reshape, a permutation or a slice.
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

    /// Product with a real number, as `self * factor`.
    pub fn mul_scalar(self, factor: f64) -> Self {
        match factor {
            1.0 => self,
            _ => self.map(|part| part * factor),
        }
    }

    /// Product with a real tensor, with broadcasting, as `self * factor`.
    pub fn mul_real(self, factor: Tensor<D>) -> Self {
        Self {
            re: self.re * factor.clone(),
            im: self.im * factor,
        }
    }

    /// Matrix product over the last two dims.
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

    /// Magnitude, `√(re² + im²)`, computed as `hypot`: no square leaves the range of the dtype.
    ///
    /// The gradient at zero is zero, the smallest subgradient; the plain formula gives NaN there.
    pub fn abs(self) -> Tensor<D> {
        let zero = self.is_zero();
        let re = self.re.mask_fill(zero.clone(), 1.0);
        re.hypot(self.im).mask_fill(zero, 0.0)
    }

    /// Phase in radians, in (−π, π]; zero at the origin.
    ///
    /// The gradient at zero, where the phase is undefined, is zero. Elsewhere its norm is `1/|z|`,
    /// infinite where that is out of range.
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

    /// The `length` elements from `start` along a dim, as `Tensor::narrow`.
    ///
    /// # Panics
    /// When `dim` or the elements are out of range.
    #[track_caller]
    pub fn narrow(self, dim: impl AsIndex, start: usize, length: usize) -> Self {
        let dim = dim_index("narrow", dim, D);
        self.map(|part| ops::narrow(part, dim, start, length))
    }

    /// Reverses the order of the elements along a dim.
    ///
    /// # Panics
    /// When `dim` is out of range.
    #[track_caller]
    pub fn flip(self, dim: impl AsIndex) -> Self {
        let dim = dim_index("flip", dim, D);
        match self.dims().contains(&0) {
            true => self,
            false => self.map(|part| part.flip([dim])),
        }
    }

    /// Concatenates tensors along a dim, as `Tensor::cat`.
    ///
    /// # Panics
    /// If `tensors` is empty, `dim` is out of range, or the shapes differ along another dim.
    #[track_caller]
    pub fn cat(tensors: Vec<Self>, dim: impl AsIndex) -> Self {
        let dim = dim_index("cat", dim, D);
        let (re, im) = tensors.into_iter().map(|z| (z.re, z.im)).unzip();
        Self {
            re: ops::cat(re, dim),
            im: ops::cat(im, dim),
        }
    }
}

/// Element-wise sum, with broadcasting.
impl<const D: usize> Add for ComplexTensor<D> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }
}

/// Element-wise difference, with broadcasting.
impl<const D: usize> Sub for ComplexTensor<D> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }
}

/// Element-wise product, with broadcasting.
impl<const D: usize> Mul for ComplexTensor<D> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self {
            re: self.re.clone() * other.re.clone() - self.im.clone() * other.im.clone(),
            im: self.re * other.im + self.im * other.re,
        }
    }
}

/// Element-wise product with a real tensor, with broadcasting.
impl<const D: usize> Mul<Tensor<D>> for ComplexTensor<D> {
    type Output = Self;

    fn mul(self, factor: Tensor<D>) -> Self {
        self.mul_real(factor)
    }
}

/// Product with a real number.
impl<const D: usize> Mul<f64> for ComplexTensor<D> {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        self.mul_scalar(factor)
    }
}

/// Element-wise quotient, with broadcasting.
///
/// Accurate to a few roundings wherever the quotient and its gradient are in the range of the dtype:
/// no magnitude is squared out of range. Division by zero gives infinities or NaN, as for real
/// numbers.
impl<const D: usize> Div for ComplexTensor<D> {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        if let Some(half) = Half::of(&self.re) {
            return half.round(half.widen(self) / half.widen(other));
        }
        // With the larger part m of w: z/w = (z/m)·conj(w/m)/|w/m|², and |w/m| lies between 1 and √2.
        let larger = Divisor::of(&other);
        let unit = larger.divide(other);
        let norm = unit.clone().norm_sqr();
        let inverse = unit.conj().map(|part| part / norm.clone());
        larger.divide(self) * inverse
    }
}

impl<const D: usize> Neg for ComplexTensor<D> {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            re: self.re.neg(),
            im: self.im.neg(),
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
        let product = a.clone() * b.clone();
        assert_eq!((values(product.re)[0], values(product.im)[0]), (5.0, 5.0));
        let quotient = a / b;
        assert!((values(quotient.re)[0] - 0.1).abs() < 1e-7);
        assert!((values(quotient.im)[0] - 0.7).abs() < 1e-7);
    }

    #[test]
    fn operators_are_those_of_complex_numbers() {
        let device = Device::flex();
        let (a, b) = (z(&[(1.0, 2.0)], &device), z(&[(3.0, -1.0)], &device));
        let parts = |z: ComplexTensor<1>| (values(z.re)[0], values(z.im)[0]);
        assert_eq!(parts(a.clone() + b.clone()), (4.0, 1.0));
        assert_eq!(parts(a.clone() - b), (-2.0, 3.0));
        assert_eq!(parts(-a.clone()), (-1.0, -2.0));
        assert_eq!(parts(a.clone() * 2.0), (2.0, 4.0));
        let real = Tensor::from_floats([-3.0], &device);
        assert_eq!(parts(a * real), (-3.0, -6.0));
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
    fn stacking_to_a_last_dim_of_two_returns() {
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
    #[should_panic = "must have the same shape, got [2] for the real and [3] for the imaginary part"]
    fn parts_of_different_shapes_are_refused() {
        let device = Device::flex();
        ComplexTensor::new(
            Tensor::<1>::zeros([2], &device),
            Tensor::<1>::zeros([3], &device),
        );
    }
}
