//! Where a gradient is not bounded: magnitude and phase near zero, and transforms without a norm.

use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, fft};
use serde::{Deserialize, Serialize};

use crate::StudyError;
use crate::kit::images::{energy, root_ratio, values};

/// What is added under a root against division by zero.
const EPSILON: f64 = 1e-6;

/// A function of one complex number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Polar {
    /// `√(re² + im²)`.
    PlainMagnitude,
    /// `√(re² + im² + ε²)`.
    SmoothMagnitude,
    /// `ComplexTensor::abs`.
    Magnitude,
    /// `atan2(im, re)`.
    PlainPhase,
    /// `ComplexTensor::arg`.
    Phase,
    /// `re/√(re² + im² + ε²)`: a cosine of the phase that fades.
    SmoothCosine,
}

impl Polar {
    pub(super) const ALL: [Self; 6] = [
        Self::PlainMagnitude,
        Self::SmoothMagnitude,
        Self::Magnitude,
        Self::PlainPhase,
        Self::Phase,
        Self::SmoothCosine,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PlainMagnitude => "√(re² + im²)",
            Self::SmoothMagnitude => "√(re² + im² + ε²)",
            Self::Magnitude => "abs of this library",
            Self::PlainPhase => "atan2(im, re)",
            Self::Phase => "arg of this library",
            Self::SmoothCosine => "re/√(re² + im² + ε²)",
        }
    }

    fn of(self, z: ComplexTensor<4>) -> Tensor<4> {
        let smooth = |z: ComplexTensor<4>| (z.norm_sqr() + EPSILON * EPSILON).sqrt();
        match self {
            Self::PlainMagnitude => z.norm_sqr().sqrt(),
            Self::SmoothMagnitude => smooth(z),
            Self::Magnitude => z.abs(),
            Self::PlainPhase => z.im.atan2(z.re),
            Self::Phase => z.arg(),
            Self::SmoothCosine => z.re.clone() / smooth(z),
        }
    }
}

/// Length of the gradient of a function at numbers of falling magnitude.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Steepness {
    pub(super) function: Polar,
    /// In the order of the magnitudes; none where it is no number.
    pub(super) gradients: Vec<Option<f64>>,
}

/// Lengths of the gradients at numbers `m·(0.6 + 0.8i)` of these magnitudes, in f32.
pub(super) fn steepness(magnitudes: &[f64], device: &Device) -> Result<Vec<Steepness>, StudyError> {
    let device = device.clone().autodiff();
    let leaf = |factor: f64| {
        let numbers: Vec<f32> = magnitudes.iter().map(|m| (factor * m) as f32).collect();
        let row = Tensor::<1>::from_floats(numbers.as_slice(), &device);
        row.reshape([1, 1, 1, magnitudes.len()])
            .detach()
            .require_grad()
    };
    let functions = Polar::ALL.into_iter();
    functions
        .map(|function| {
            let (re, im) = (leaf(0.6), leaf(0.8));
            let value = function.of(ComplexTensor::new(re.clone(), im.clone()));
            let gradients = value.sum().backward();
            let part = |leaf: &Tensor<4>| match leaf.grad(&gradients) {
                Some(gradient) => values(gradient),
                None => Ok(vec![0.0; magnitudes.len()]),
            };
            let pairs = part(&re)?.into_iter().zip(part(&im)?);
            let lengths = pairs.map(|(re, im)| f64::from(re).hypot(f64::from(im)));
            Ok(Steepness {
                function,
                gradients: lengths.map(|l| l.is_finite().then_some(l)).collect(),
            })
        })
        .collect()
}

/// How many times as long a gradient is behind a transform as before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Gain {
    pub(super) norm: String,
    /// Height and width.
    pub(super) size: usize,
    /// Of `rfft2`, for a random gradient on the half-spectrum.
    pub(super) transform: f64,
    /// Of `irfft2`, for a random gradient on the image.
    pub(super) inverse: f64,
}

/// The norms by name.
pub(super) const NORMS: [(&str, Norm); 3] = [
    ("backward", Norm::Backward),
    ("ortho", Norm::Ortho),
    ("forward", Norm::Forward),
];

/// Gains of transforms of `n × n` images, every norm.
pub(super) fn gains(n: usize, device: &Device) -> Result<Vec<Gain>, StudyError> {
    let device = device.clone().autodiff();
    let random =
        |dims: [usize; 4]| Tensor::<4>::random(dims, Distribution::Normal(0.0, 1.0), &device);
    let (image, half) = ([1, 1, n, n], [1, 1, n, n / 2 + 1]);
    let squares = |tensor: Tensor<4>| values(tensor).map(|values| energy(&values));
    NORMS
        .iter()
        .map(|(name, norm)| {
            let (x, re, im) = (random(image), random(half), random(half));
            let x = x.require_grad();
            let z = fft::rfft2(x.clone(), *norm).into_complex();
            let loss = (z.re * re.clone() + z.im * im.clone()).sum();
            let missing = || StudyError::Failed("a transform gives no gradient".into());
            let found = x.grad(&loss.backward()).ok_or_else(missing)?;
            let transform = root_ratio(squares(found)?, squares(re)? + squares(im)?);

            let (re, im) = (random(half).require_grad(), random(half).require_grad());
            let c = random(image);
            let z = ComplexTensor::new(re.clone(), im.clone());
            let y = fft::irfft2(HalfSpectrum::new(z, n), *norm);
            let gradients = (y * c.clone()).sum().backward();
            let part = |leaf: &Tensor<4>| leaf.grad(&gradients).ok_or_else(missing);
            let found = squares(part(&re)?)? + squares(part(&im)?)?;
            Ok(Gain {
                norm: (*name).into(),
                size: n,
                transform,
                inverse: root_ratio(found, squares(c)?),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_at_and_near_zero_are_those_worked_by_hand() {
        let found = steepness(&[2.0, 1e-3, 0.0], &Device::flex()).unwrap();
        let of = |function| {
            let mut rows = found.iter().filter(|row| row.function == function);
            rows.next().unwrap().gradients.clone()
        };
        let near = |got: Option<f64>, wanted: f64| {
            let got = got.unwrap();
            assert!((got / wanted - 1.0).abs() < 1e-4, "{got} is not {wanted}");
        };
        // ‖∇|z|‖ = 1 and ‖∇arg z‖ = 1/|z|.
        for function in [Polar::PlainMagnitude, Polar::Magnitude] {
            near(of(function)[0], 1.0);
            near(of(function)[1], 1.0);
        }
        for function in [Polar::PlainPhase, Polar::Phase] {
            near(of(function)[0], 0.5);
            near(of(function)[1], 1e3);
        }
        // At zero: 0 times 1/0 for the plain ones, 1/ε for the cosine that fades.
        assert_eq!(of(Polar::PlainMagnitude)[2], None);
        assert_eq!(of(Polar::Magnitude)[2], Some(0.0));
        assert_eq!(of(Polar::SmoothMagnitude)[2], Some(0.0));
        assert_eq!(of(Polar::PlainPhase)[2], None);
        assert_eq!(of(Polar::Phase)[2], Some(0.0));
        near(of(Polar::SmoothCosine)[2], 1e6);
    }

    #[test]
    fn an_unscaled_transform_multiplies_gradients_by_the_side() {
        let found = gains(64, &Device::flex()).unwrap();
        let [backward, ortho, forward] = [0, 1, 2].map(|norm| found[norm].transform);
        // Half of the numbers of a spectrum are not those of a real image.
        let half = 0.5_f64.sqrt();
        for (got, wanted) in [(backward, 64.0), (ortho, 1.0), (forward, 1.0 / 64.0)] {
            assert!((got / (half * wanted) - 1.0).abs() < 0.1, "{got} {wanted}");
        }
        let inverse = found[0].inverse / found[1].inverse;
        assert!((inverse * 64.0 - 1.0).abs() < 0.1, "{inverse}");
    }
}
