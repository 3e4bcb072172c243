//! The simplest emulator: a linear map of Fourier modes.

use burn::Tensor;
use burn::tensor::{DType, Device, TensorData};
use burn_spectral::fft::{irfftn, rfftn};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm};

use crate::data::fields::{Boundary, FieldSet, Samples};
use crate::train::TrainError;

/// Pairs that are transformed at a time.
const PAIRS: usize = 500;

/// A map from states `[sample, channel, space…]` to the ones after them.
pub type Propagator = Box<dyn Fn(Vec<f32>) -> Result<Vec<f32>, TrainError>>;

/// A [`LinearPropagator`] fitted to the training samples of a set, for samples on the same grid; none of pairs and of
/// domains that are not periodic, where there is no such map.
///
/// # Errors
/// If a result cannot be read from the device.
pub fn linear_propagator(
    set: &FieldSet,
    samples: &Samples,
    device: &Device,
) -> Result<Option<Propagator>, TrainError> {
    let train = &set.train;
    let serves = set.boundary == Boundary::Periodic
        && matches!(train, Samples::Trajectories(_))
        && train.input_shape() == samples.input_shape();
    fn boxed<const D: usize>(train: &Samples, device: &Device) -> Result<Propagator, TrainError> {
        let linear = LinearPropagator::<D>::fit(train, device)?;
        Ok(Box::new(move |states| linear.step(states)))
    }
    match (serves, train.axes()) {
        (false, _) => Ok(None),
        (true, 1) => boxed::<3>(train, device).map(Some),
        (true, 2) => boxed::<4>(train, device).map(Some),
        (true, _) => boxed::<5>(train, device).map(Some),
    }
}

/// The linear map that commutes with shifts and has the least squared error on pairs of successive states `x`, `y`: one
/// complex number `Σ conj(X)·Y / Σ|X|²` per channel and Fourier mode. For an equation that is linear with constant
/// coefficients it is the exact solution operator on all modes that the pairs contain.
pub struct LinearPropagator<const D: usize> {
    /// `[1, channel, bins…]`, in f64.
    factors: ComplexTensor<D>,
    shape: Vec<usize>,
    device: Device,
}

impl<const D: usize> LinearPropagator<D> {
    /// Fits the map to all pairs of trajectories of `D - 2` axes.
    ///
    /// # Errors
    /// [`TrainError::BadOption`] for fields on another number of axes, [`TrainError::NoSamples`] without pairs.
    pub fn fit(samples: &Samples, device: &Device) -> Result<Self, TrainError> {
        let shape = samples.input_shape();
        if shape.len() + 1 != D {
            return Err(TrainError::bad_option(
                "fields of a linear map",
                format!("{shape:?} (channels, then space)"),
                format!("{} spatial axes", D - 2),
            ));
        }
        let mut sums: Option<(ComplexTensor<D>, Tensor<D>)> = None;
        for first in (0..samples.len()).step_by(PAIRS) {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            let indices = first as u32..samples.len().min(first + PAIRS) as u32;
            samples.fill(&indices.collect::<Vec<_>>(), &mut x, &mut y)?;
            let [x, y] = [x, y].map(|values| spectrum::<D>(values, &shape, device).into_complex());
            let sum = |of: Tensor<D>| of.sum_dim(0);
            let cross = ComplexTensor::new(
                sum(x.re.clone() * y.re.clone() + x.im.clone() * y.im.clone()),
                sum(x.re.clone() * y.im - x.im.clone() * y.re),
            );
            let power = sum(x.norm_sqr());
            sums = Some(match sums {
                None => (cross, power),
                Some((sum, all)) => (
                    ComplexTensor::new(sum.re + cross.re, sum.im + cross.im),
                    all + power,
                ),
            });
        }
        let Some((cross, power)) = sums else {
            return Err(TrainError::NoSamples {
                data: "the trajectories of a linear map".into(),
                part: "training",
            });
        };
        // A mode without energy stays at zero: its numerator is zero as well.
        let power = power.clamp_min(f64::MIN_POSITIVE);
        Ok(Self {
            factors: ComplexTensor::new(cross.re / power.clone(), cross.im / power),
            shape,
            device: device.clone(),
        })
    }

    /// The next states, `[sample, channel, space…]`.
    ///
    /// # Errors
    /// [`TrainError::Device`] if they cannot be read from the device.
    pub fn step(&self, states: Vec<f32>) -> Result<Vec<f32>, TrainError> {
        let spectrum = spectrum::<D>(states, &self.shape, &self.device);
        let factors = self.factors.clone();
        let next = spectrum.map_complex(|x| {
            ComplexTensor::new(
                x.re.clone() * factors.re.clone() - x.im.clone() * factors.im.clone(),
                x.re * factors.im + x.im * factors.re,
            )
        });
        let values = irfftn(next, &axes::<D>(), Norm::default()).try_into_vec_as::<f32>();
        values.map_err(|error| TrainError::Device(format!("{error:?}")))
    }
}

fn axes<const D: usize>() -> Vec<i64> {
    (2..D as i64).collect()
}

/// Spectra of fields `[sample, channel, space…]`, in f64.
fn spectrum<const D: usize>(values: Vec<f32>, shape: &[usize], device: &Device) -> HalfSpectrum<D> {
    let values: Vec<f64> = values.into_iter().map(f64::from).collect();
    let size: usize = shape.iter().product();
    let count = values.len() / size.max(1);
    let data = TensorData::new(values, [&[count], shape].concat());
    let fields = Tensor::<D>::from_data(data, (device, DType::F64));
    rfftn(fields, &axes::<D>(), Norm::default())
}

#[cfg(test)]
mod tests {
    use super::super::simulated;
    use super::*;
    use crate::simulate::Request;

    fn set(equation: &str) -> FieldSet {
        let request = Request {
            points: Some(24),
            frames: Some(6),
            ..Request::new(equation, 23)
        };
        simulated(&request, 3).unwrap()
    }

    /// The relative error of the state after all steps.
    fn error(set: &FieldSet) -> f64 {
        let samples = &set.tests[0].samples;
        let next = linear_propagator(set, samples, &Device::flex())
            .unwrap()
            .unwrap();
        let states = |time| -> Vec<f32> {
            let each = (0..samples.count()).flat_map(|index| samples.state(index, time));
            each.copied().collect()
        };
        let last = (0..samples.steps()).fold(states(0), |state, _| next(state).unwrap());
        let truth = states(samples.steps());
        let square = |value: f32| f64::from(value).powi(2);
        let wrong: f64 = last.iter().zip(&truth).map(|(a, b)| square(a - b)).sum();
        (wrong / truth.iter().map(|value| square(*value)).sum::<f64>()).sqrt()
    }

    #[test]
    fn a_linear_equation_is_solved_and_another_is_not() {
        for equation in ["advection", "advection-diffusion", "dispersion"] {
            let error = error(&set(equation));
            assert!(error < 2e-5, "{equation}: {error}");
        }
        assert!(error(&set("kdv")) > 1e-2);
    }

    /// No other factor of a mode has a smaller squared error on the training pairs.
    #[test]
    fn the_factors_have_the_least_squared_error() {
        let set = set("kdv");
        let device = Device::flex();
        let indices: Vec<u32> = (0..set.train.len() as u32).collect();
        let (mut x, mut y) = (Vec::new(), Vec::new());
        set.train.fill(&indices, &mut x, &mut y).unwrap();
        let loss = |linear: &LinearPropagator<3>| -> f64 {
            let next = linear.step(x.clone()).unwrap();
            let pairs = next.iter().zip(&y);
            pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum()
        };
        let least = loss(&LinearPropagator::fit(&set.train, &device).unwrap());
        for change in [0.02, -0.02] {
            for part in 0..2 {
                let mut other = LinearPropagator::<3>::fit(&set.train, &device).unwrap();
                let factors = &mut other.factors;
                match part {
                    0 => factors.re = factors.re.clone() + change,
                    _ => factors.im = factors.im.clone() + change,
                }
                assert!(loss(&other) > least, "{change} {part}");
            }
        }
    }

    #[test]
    fn where_there_is_no_such_map_there_is_none() {
        let mut set = set("advection");
        let samples = set.tests[0].samples.clone();
        set.boundary = Boundary::Other;
        let none = linear_propagator(&set, &samples, &Device::flex()).unwrap();
        assert!(none.is_none());
        let error = LinearPropagator::<4>::fit(&samples, &Device::flex());
        assert!(error.err().unwrap().to_string().contains("[1, 24]"));
    }
}
