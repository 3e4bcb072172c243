//! The simplest emulators.

use burn::Tensor;
use burn::tensor::{DType, Device, TensorData};
use burn_spectral::fft::{irfftn, rfftn};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm};

use spectral_lab::data::fields::Samples;

use super::errors::{Errors, roll_out};
use crate::StudyError;

/// Pairs that are transformed at a time.
const PAIRS: usize = 500;

/// The errors of predicting the first state for all times.
pub(crate) fn persistence(samples: &Samples) -> Result<Errors, StudyError> {
    roll_out(samples, Ok, |_, _| {})
}

/// The linear map that commutes with shifts and has the least squared error on pairs of successive states `x`, `y`: one
/// complex number `Σ conj(X)·Y / Σ|X|²` per channel and Fourier mode. For an equation that is linear with constant
/// coefficients it is the exact solution operator on all modes that the pairs contain.
pub(crate) struct LinearPropagator<const D: usize> {
    /// `[1, channel, bins…]`, in f64.
    factors: ComplexTensor<D>,
    shape: Vec<usize>,
    device: Device,
}

impl<const D: usize> LinearPropagator<D> {
    /// Fits the map to all pairs of trajectories of `D - 2` axes.
    pub(crate) fn fit(samples: &Samples, device: &Device) -> Result<Self, StudyError> {
        let shape = samples.input_shape();
        if shape.len() + 1 != D {
            return Err(StudyError::Failed(format!(
                "fields of shape {shape:?} for {} axes",
                D - 2
            )));
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
            return Err(StudyError::Failed("no pairs to fit a linear map to".into()));
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
    pub(crate) fn step(&self, states: Vec<f32>) -> Result<Vec<f32>, StudyError> {
        let spectrum = spectrum::<D>(states, &self.shape, &self.device);
        let factors = self.factors.clone();
        let next = spectrum.map_complex(|x| {
            ComplexTensor::new(
                x.re.clone() * factors.re.clone() - x.im.clone() * factors.im.clone(),
                x.re * factors.im + x.im * factors.re,
            )
        });
        let values = irfftn(next, &axes::<D>(), Norm::default()).try_into_vec_as::<f32>();
        values.map_err(|error| StudyError::Device(format!("{error:?}")))
    }

    /// The errors of its predictions.
    pub(crate) fn errors(&self, samples: &Samples) -> Result<Errors, StudyError> {
        roll_out(samples, |states| self.step(states), |_, _| {})
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
    use super::super::flow::{Count, Flow, Parts};
    use super::*;
    use spectral_lab::simulate::Request;

    fn flow(equation: &str) -> Flow {
        let request = Request {
            points: Some(24),
            ..Request::new(equation, 1)
        };
        let parts = Parts {
            train: Count::new(20, 4),
            validation: Count::new(1, 2),
            test: Count::new(3, 30),
        };
        Flow::new(request, 0, parts).unwrap()
    }

    #[test]
    fn a_linear_equation_is_solved_by_its_fitted_propagator() {
        for equation in ["advection", "advection-diffusion", "dispersion"] {
            let flow = flow(equation);
            let (set, test) = (flow.set().unwrap(), flow.test().unwrap());
            let linear = LinearPropagator::<3>::fit(&set.train, &Device::flex()).unwrap();
            let errors = linear.errors(test).unwrap();
            assert!(errors.last() < 2e-5, "{equation}: {}", errors.last());
            let still = persistence(test).unwrap();
            assert!(still.last() > 0.3, "{equation}: {}", still.last());
        }
    }

    /// No other factor of a mode has a smaller squared error on the training pairs.
    #[test]
    fn the_factors_have_the_least_squared_error() {
        let flow = flow("kdv");
        let set = flow.set().unwrap();
        let device = Device::flex();
        let fitted = LinearPropagator::<3>::fit(&set.train, &device).unwrap();
        let indices: Vec<u32> = (0..set.train.len() as u32).collect();
        let (mut x, mut y) = (Vec::new(), Vec::new());
        set.train.fill(&indices, &mut x, &mut y).unwrap();
        let loss = |linear: &LinearPropagator<3>| -> f64 {
            let next = linear.step(x.clone()).unwrap();
            let pairs = next.iter().zip(&y);
            pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum()
        };
        let least = loss(&fitted);
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
    fn fields_of_another_number_of_axes_are_refused() {
        let flow = flow("advection");
        let set = flow.set().unwrap();
        let error = LinearPropagator::<4>::fit(&set.train, &Device::flex());
        assert!(error.err().unwrap().to_string().contains("[1, 24]"));
    }
}
