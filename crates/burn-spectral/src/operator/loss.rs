//! Relative errors of functions on a grid, in L2 and in H1.

use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::error::OrPanic;
use crate::fft::{self, frequency_values, rfrequency_values};
use crate::ops::Half;
use crate::{Norm, SpectralError};

/// Added to the norm of the target, so that a target of zeros gives a finite error.
const EPSILON: f64 = 1e-8;

/// The mean over the batch of the relative L2 error of each sample,
/// `mean_b ‖prediction_b − target_b‖ / (‖target_b‖ + 1e-8)`, where a norm extends over all channels and points of a
/// sample (Li et al., 2021).
///
/// The measure of the domain cancels. Where a prediction is exact, the gradient is zero.
///
/// # Shapes
/// - `prediction`, `target`: `[batch, channels, spatial…]`, or any other with the batch first
/// - output: `[1]`
///
/// # Panics
/// When the shapes differ.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::relative_l2;
///
/// let device = Device::flex();
/// let target = Tensor::<3>::ones([2, 1, 8], &device) * 4.0;
/// let error = relative_l2(target.clone() + 1.0, target);
/// assert!((error.into_scalar::<f32>() - 0.25).abs() < 1e-6);
/// ```
#[track_caller]
pub fn relative_l2<const D: usize>(prediction: Tensor<D>, target: Tensor<D>) -> Tensor<1> {
    mean(prediction, target, relative_l2_per_sample)
}

/// The relative L2 error of each sample, as in [`relative_l2`].
///
/// # Shapes
/// - output: `[batch]`
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn relative_l2_per_sample<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
) -> Tensor<1> {
    check_shapes("relative_l2", &prediction, &target);
    widened(prediction, target, |prediction, target| {
        ratio(squares(prediction - target.clone()), squares(target))
    })
}

/// [`RelativeH1`] on a domain of length 1 along each axis.
///
/// # Shapes
/// - `prediction`, `target`: `[batch, channels, spatial…]`
/// - output: `[1]`
///
/// # Panics
/// As [`RelativeH1::forward`].
#[track_caller]
pub fn relative_h1<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
    derivative: Derivative,
) -> Tensor<1> {
    RelativeH1::new(derivative).forward(prediction, target)
}

/// [`RelativeH1`] of each sample on a domain of length 1 along each axis.
///
/// # Shapes
/// - output: `[batch]`
///
/// # Panics
/// As [`RelativeH1::forward`].
#[track_caller]
pub fn relative_h1_per_sample<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
    derivative: Derivative,
) -> Tensor<1> {
    RelativeH1::new(derivative).per_sample(prediction, target)
}

/// How a function on a grid is differentiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Derivative {
    /// By its trigonometric interpolant: exact for periodic functions that the grid resolves. The derivative of the
    /// highest frequency of an even number of points counts as zero.
    #[default]
    Spectral,
    /// By central differences of second order, as in the neuraloperator library.
    FiniteDifference {
        /// Whether the grid is continued periodically. If not, the derivatives at both ends are one-sided differences
        /// of third order, over four points.
        periodic: bool,
    },
}

/// The relative error in the Sobolev space H1: as [`relative_l2`], with
/// `‖u‖² = Σ u² + Σ_a (∂u/∂x_a)²` over all points and axes.
///
/// A grid of `n` points along an axis of length `L` has the spacing `L/n`. With finite differences this is the loss that
/// the neuraloperator library calls `H1Loss`, for one channel with `reduction="mean"`.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::operator::{Derivative, RelativeH1};
///
/// let device = Device::flex();
/// let target = Tensor::<4>::random([4, 1, 16, 16], Distribution::Default, &device);
/// let loss = RelativeH1::new(Derivative::Spectral).with_lengths([1.0, 2.0]);
/// let error = loss.forward(target.clone() * 1.5, target);
/// assert!((error.into_scalar::<f32>() - 0.5).abs() < 1e-5);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RelativeH1 {
    /// How derivatives are computed.
    pub derivative: Derivative,
    /// Length of the domain along each spatial axis; 1 along each if `None`.
    pub lengths: Option<Vec<f64>>,
}

impl RelativeH1 {
    /// The loss on a domain of length 1 along each axis.
    pub fn new(derivative: Derivative) -> Self {
        Self {
            derivative,
            lengths: None,
        }
    }

    /// Sets the lengths of the domain, one per spatial axis.
    pub fn with_lengths(mut self, lengths: impl Into<Vec<f64>>) -> Self {
        self.lengths = Some(lengths.into());
        self
    }

    /// Checks whether the loss serves grids of these sizes.
    ///
    /// # Errors
    /// If there are not 1 to 3 axes, there is not one positive finite length per axis, or an axis has fewer than the four
    /// points that one-sided differences need.
    pub fn check(&self, sizes: &[usize]) -> Result<(), SpectralError> {
        if !(1..=3).contains(&sizes.len()) {
            return Err(SpectralError::SpatialAxes { got: sizes.len() });
        }
        SpectralError::check_positive("every spatial size", sizes)?;
        if let Some(lengths) = &self.lengths {
            if lengths.len() != sizes.len() {
                return Err(SpectralError::Lengths {
                    axes: sizes.len(),
                    got: lengths.len(),
                });
            }
            for length in lengths {
                if !(*length > 0.0 && length.is_finite()) {
                    return Err(SpectralError::NotPositive {
                        what: "the length of the domain",
                        value: length.to_string(),
                    });
                }
            }
        }
        let one_sided = Derivative::FiniteDifference { periodic: false };
        match sizes.iter().position(|&points| points < ONE_SIDED.len()) {
            Some(axis) if self.derivative == one_sided => Err(SpectralError::Points {
                least: ONE_SIDED.len(),
                axis,
                got: sizes.to_vec(),
            }),
            _ => Ok(()),
        }
    }

    /// The mean over the batch of the relative error of each sample.
    ///
    /// # Shapes
    /// - `prediction`, `target`: `[batch, channels, spatial…]`
    /// - output: `[1]`
    ///
    /// # Panics
    /// When the shapes differ, or [`check`](Self::check) returns an error for their sizes.
    #[track_caller]
    pub fn forward<const D: usize>(&self, prediction: Tensor<D>, target: Tensor<D>) -> Tensor<1> {
        mean(prediction, target, |prediction, target| {
            self.per_sample(prediction, target)
        })
    }

    /// The relative error of each sample.
    ///
    /// # Shapes
    /// - `prediction`, `target`: `[batch, channels, spatial…]`
    /// - output: `[batch]`
    ///
    /// # Panics
    /// When the shapes differ, or [`check`](Self::check) returns an error for their sizes.
    #[track_caller]
    pub fn per_sample<const D: usize>(
        &self,
        prediction: Tensor<D>,
        target: Tensor<D>,
    ) -> Tensor<1> {
        check_shapes("relative_h1", &prediction, &target);
        self.check(target.dims().get(2..).unwrap_or_default())
            .or_panic();
        widened(prediction, target, |prediction, target| {
            let difference = prediction - target.clone();
            ratio(self.energy(difference), self.energy(target))
        })
    }

    /// `Σ u² + Σ_a (∂u/∂x_a)²` of each sample, `[batch]`.
    fn energy<const D: usize>(&self, u: Tensor<D>) -> Tensor<1> {
        let sizes = u.dims()[2..].to_vec();
        let lengths = self.lengths.clone().unwrap_or_else(|| vec![1.0; D - 2]);
        match self.derivative {
            Derivative::Spectral => {
                let weights = spectral_weights(&sizes, &lengths, (&u.device(), u.dtype()));
                let spectrum = fft::rfftn(u, &fft::spatial_dims::<D>(), Norm::Ortho);
                sum_per_sample(spectrum.norm_sqr() * weights)
            }
            Derivative::FiniteDifference { periodic } => {
                (0..D - 2).fold(squares(u.clone()), |energy, a| {
                    let spacing = lengths[a] / sizes[a] as f64;
                    let slopes = match periodic {
                        true => central(u.clone(), a + 2, spacing),
                        false => one_sided(u.clone(), a + 2, spacing),
                    };
                    energy + squares(slopes)
                })
            }
        }
    }
}

/// `1 + Σ_a (2π k_a/L_a)²` on the half-spectrum, times the number of bins of the full spectrum that a bin stands for.
///
/// # Shapes
/// - output: `[1, 1, bins…]`
fn spectral_weights<const D: usize>(
    sizes: &[usize],
    lengths: &[f64],
    options: (&Device, DType),
) -> Tensor<D> {
    let last = sizes.len() - 1;
    let mut weights = vec![1.0];
    let mut dims = [1; D];
    for (a, (&points, length)) in sizes.iter().zip(lengths).enumerate() {
        let spacing = length / points as f64;
        let mut frequencies = match a == last {
            true => rfrequency_values(points, spacing),
            false => frequency_values(points, spacing),
        };
        if points.is_multiple_of(2) {
            frequencies[points / 2] = 0.0;
        }
        dims[a + 2] = frequencies.len();
        let square = |f: &f64| (2.0 * core::f64::consts::PI * f).powi(2);
        weights = weights
            .iter()
            .flat_map(|sum| frequencies.iter().map(move |f| sum + square(f)))
            .collect();
    }
    let (points, bins) = (sizes[last], sizes[last] / 2 + 1);
    for (i, weight) in weights.iter_mut().enumerate() {
        let bin = i % bins;
        if bin > 0 && 2 * bin != points {
            *weight *= 2.0;
        }
    }
    let data = TensorData::new(weights, dims).convert_dtype(options.1);
    Tensor::from_data(data, options)
}

/// `(u[j+1] − u[j−1]) / 2h` along an axis, continued periodically.
fn central<const D: usize>(u: Tensor<D>, axis: usize, spacing: f64) -> Tensor<D> {
    let points = u.dims()[axis];
    let turned = |u: Tensor<D>, first: usize| {
        let tail = u.clone().narrow(axis, first, points - first);
        Tensor::cat(vec![tail, u.narrow(axis, 0, first)], axis)
    };
    match points {
        // A point's two neighbors are the same.
        1 | 2 => u.zeros_like(),
        _ => (turned(u.clone(), 1) - turned(u, points - 1)) * (0.5 / spacing),
    }
}

/// Coefficients of the first derivative at the first of four points, times `6h`.
const ONE_SIDED: [f64; 4] = [-11.0, 18.0, -9.0, 2.0];

/// As [`central`], with one-sided differences at both ends.
fn one_sided<const D: usize>(u: Tensor<D>, axis: usize, spacing: f64) -> Tensor<D> {
    let points = u.dims()[axis];
    let at = |point: usize| u.clone().narrow(axis, point, 1);
    let end = |point: fn(usize, usize) -> usize, sign: f64| {
        let factor = sign / (6.0 * spacing);
        let terms = ONE_SIDED.iter().enumerate();
        terms
            .map(|(i, coefficient)| at(point(points, i)) * (coefficient * factor))
            .reduce(|sum, term| sum + term)
            .expect("four terms")
    };
    let inner = points - 2;
    let middle =
        (u.clone().narrow(axis, 2, inner) - u.clone().narrow(axis, 0, inner)) * (0.5 / spacing);
    let first = end(|_, i| i, 1.0);
    let last = end(|points, i| points - 1 - i, -1.0);
    Tensor::cat(vec![first, middle, last], axis)
}

fn mean<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
    per_sample: impl FnOnce(Tensor<D>, Tensor<D>) -> Tensor<1>,
) -> Tensor<1> {
    per_sample(prediction, target).mean()
}

/// Runs a loss, in f32 where the tensors are in half precision, whose range squares exceed.
fn widened<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
    loss: impl FnOnce(Tensor<D>, Tensor<D>) -> Tensor<1>,
) -> Tensor<1> {
    match Half::of(&prediction) {
        Some(half) => half.round(loss(half.widen(prediction), half.widen(target))),
        None => loss(prediction, target),
    }
}

/// Sums over everything but the first axis, `[batch]`.
fn sum_per_sample<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let batch = x.dims()[0];
    let count = x.dims()[1..].iter().product();
    let rows: Tensor<2> = x.reshape([batch, count]);
    rows.sum_dim(1).reshape([batch])
}

fn squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    sum_per_sample(x.clone() * x)
}

/// The quotient of two norms by their squares.
fn ratio(error: Tensor<1>, target: Tensor<1>) -> Tensor<1> {
    root(error) / (root(target) + EPSILON)
}

/// The square root, with gradient zero at zero.
fn root(square: Tensor<1>) -> Tensor<1> {
    let zero = square.clone().equal_elem(0.0);
    let root = square.mask_fill(zero.clone(), 1.0).sqrt();
    root.mask_fill(zero, 0.0)
}

#[track_caller]
fn check_shapes<const D: usize>(name: &str, prediction: &Tensor<D>, target: &Tensor<D>) {
    let (got, expected) = (prediction.dims(), target.dims());
    assert!(
        got == expected,
        "{name}: expected a prediction of the target's shape {expected:?}, got {got:?}"
    );
    if let Err(error) = SpectralError::check_dtypes(
        ("prediction", prediction.dtype()),
        ("target", target.dtype()),
    ) {
        panic!("{error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_that_a_loss_does_not_serve_are_refused() {
        let text = |loss: RelativeH1, sizes: &[usize]| loss.check(sizes).unwrap_err().to_string();
        let one_sided = Derivative::FiniteDifference { periodic: false };
        let loss = RelativeH1::new(one_sided);
        assert!(loss.check(&[4, 4]).is_ok());
        assert_eq!(
            text(loss.clone(), &[5, 3]),
            "one-sided differences need at least 4 points along each axis, got 3 along spatial axis 1 of a grid of [5, 3]"
        );
        assert!(RelativeH1::default().check(&[5, 3]).is_ok());
        assert_eq!(
            text(loss.clone().with_lengths([1.0]), &[8, 8]),
            "expected 2 domain lengths, one per spatial axis, got 1"
        );
        assert_eq!(
            text(loss.clone().with_lengths([0.0]), &[8]),
            "the length of the domain must be a positive finite number, got 0"
        );
        assert_eq!(text(loss, &[]), "expected 1 to 3 spatial axes, got 0");
    }

    #[test]
    #[should_panic(
        expected = "expected a prediction of the target's shape [2, 1, 8], got [1, 1, 8]"
    )]
    fn shapes_must_agree() {
        let zeros = |batch| Tensor::<3>::zeros([batch, 1, 8], &Device::flex());
        relative_l2(zeros(1), zeros(2));
    }
}
