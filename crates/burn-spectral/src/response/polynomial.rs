//! A polynomial along each axis.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};

use crate::{FrequencyGrid, SpectralError};

use super::parametric::{
    ParametricForm, Part, acts, along, bin_coordinates, check_finite, check_grid, check_terms,
    constant, frequencies, is_read_at_once, spectrum,
};
use super::{FrequencyResponse, Response, ResponseConfig, check_weight, conv_variance};

/// Standard deviation of the published coefficients.
const PUBLISHED_DEVIATION: f64 = 0.005;

/// Configuration of a [`Polynomial`] response.
#[derive(Config, Debug, PartialEq, Eq)]
pub struct PolynomialConfig {
    /// Degree of the polynomials; the published networks have 1.
    pub order: usize,
    /// Published or stable; stable by default.
    #[config(default = "ParametricForm::Stable")]
    pub form: ParametricForm,
}

/// The sum of one polynomial per axis, with separate real and imaginary parts: the "linear" filters
/// of Wood and Larson (2021), evaluated on any grid.
///
/// **Published**, for images whose half-spectrum has `h × w'` bins:
///
/// ```text
/// R[i, j] = p(i/h − ½) + q(j/w' − ½)     p(x) = Σ_k p_k·x^k, k = 0 … order
/// ```
///
/// with complex coefficients: `4·(order + 1)` parameters per filter.
///
/// - The coordinates are indices of bins: `−½` is frequency 0, and rows pass from positive to
///   negative frequencies in the middle. Column `j` of a width `w` has the coordinate `j/w' − ½` but
///   the frequency `j/w`, so on another grid the same parameters describe other frequencies.
/// - The response is not that of a real filter; the inverse real transform discards the rest. The
///   published network never transforms back ([`SpectralMix`](crate::frequency::SpectralMix)) and
///   uses [shared](super::Coupling::Shared) coupling; every coupling works.
/// - Both polynomials have a constant term, of which only the sum has an effect.
/// - The authors' code up to June 2021 computed the imaginary part of the product as
///   `Re X·Re R + Im X·Im R`; here the complex product is right.
///
/// **Stable**, in the frequencies `f_a` in cycles per sample, with the Legendre polynomials `P_k`:
///
/// ```text
/// Re R(f) = c + Σ_a Σ_{k even, 2 … order} c_ak·√(2k+1)·P_k(2·f_a)
/// Im R(f) =     Σ_a Σ_{k odd,  1 … order} c_ak·√(2k+1)·P_k(2·f_a),   0 at f_a = ½
/// ```
///
/// - `R(−f) = conj R(f)` at every size: the impulse response is real. At `f_a = ½`, which is also
///   `−½`, an odd polynomial takes the mean of its two limits.
/// - A filter has `1 + axes·order` parameters, none of them redundant.
///
/// A sum over the axes is the spectrum of a cross: all taps lie on the axes.
#[derive(Module, Debug)]
pub struct Polynomial {
    /// Coefficients of the real part, `[out, in / groups, terms]`. Published: those of the height,
    /// then those of the width, by degree from 0. Stable: the constant, then each axis' even
    /// degrees from 2.
    pub re: Param<Tensor<3>>,
    /// Coefficients of the imaginary part, `[out, in / groups, terms]`. Published: as `re`.
    /// Stable: each axis' odd degrees from 1.
    pub im: Param<Tensor<3>>,
    /// Degree of the polynomials.
    pub order: usize,
    /// Spatial axes.
    pub axes: usize,
    /// Published or stable.
    #[module(skip)]
    pub form: ParametricForm,
}

impl<const D: usize> ResponseConfig<D> for PolynomialConfig {
    type Response = Polynomial;

    /// Published: coefficients are drawn from `N(0, 0.005)`. Stable: coefficients have equal
    /// variance, such that `E|R|² = 1 / (3·C_in)` on average over all frequencies; on a grid of an
    /// even number `n` of samples it is about `1/n` smaller, because odd terms vanish at frequency ½.
    ///
    /// # Errors
    /// [`SpectralError::Form`] for a published form that is not two-dimensional,
    /// [`SpectralError::Zero`] for a stable one of order 0.
    fn try_init(&self, channels: [usize; 2], device: &Device) -> Result<Polynomial, SpectralError> {
        let (order, axes) = (self.order, D - 2);
        self.form.check_axes("polynomial", axes)?;
        SpectralError::check_sizes("the order of a polynomial", &[order])?;
        let terms = terms(self.form, order, axes);
        check_weight(channels, &[terms[0].max(terms[1])])?;
        let deviation = match self.form {
            ParametricForm::Published => PUBLISHED_DEVIATION,
            ParametricForm::Stable => {
                SpectralError::check_positive("the order of a stable polynomial", &[order])?;
                (conv_variance(channels) / (terms[0] + terms[1]) as f64).sqrt()
            }
        };
        let [re, im] = terms.map(|terms| {
            let noise = Distribution::Normal(0.0, deviation);
            Param::from_tensor(Tensor::random(
                [channels[0], channels[1], terms],
                noise,
                device,
            ))
        });
        Ok(Polynomial {
            re,
            im,
            order,
            axes,
            form: self.form,
        })
    }
}

impl Polynomial {
    /// Checks that all parameters are numbers. It reads them from the device and waits for it.
    ///
    /// # Errors
    /// [`SpectralError::NotFinite`] with the value and its place.
    pub fn check_parameters(&self) -> Result<(), SpectralError> {
        check_finite(
            "every coefficient of a polynomial response",
            [&self.re.val(), &self.im.val()],
        )
    }

    /// Coefficients of a filter, of the real and of the imaginary part.
    fn terms(&self) -> [usize; 2] {
        terms(self.form, self.order, self.axes)
    }

    /// The degrees that one axis contributes to a part, in the order of their coefficients.
    fn degrees(&self, part: Part, axis: usize) -> Vec<usize> {
        let has = |degree: &usize| match (self.form, part) {
            (ParametricForm::Published, _) => true,
            // The constant is one for all axes.
            (ParametricForm::Stable, Part::Real) => {
                degree.is_multiple_of(2) && (axis == 0 || *degree > 0)
            }
            (ParametricForm::Stable, Part::Imaginary) => !degree.is_multiple_of(2),
        };
        (0..=self.order).filter(has).collect()
    }

    /// The function that belongs to a degree, at every bin of an axis.
    fn basis(&self, degree: usize, grid: &FrequencyGrid, axis: usize) -> Vec<f64> {
        match self.form {
            ParametricForm::Published => {
                let coordinates = bin_coordinates(grid, axis, 0.5);
                coordinates.iter().map(|x| x.powi(degree as i32)).collect()
            }
            ParametricForm::Stable => frequencies(grid, axis)
                .iter()
                .map(|f| match f.abs() == 0.5 && !degree.is_multiple_of(2) {
                    true => 0.0,
                    false => ((2 * degree + 1) as f64).sqrt() * legendre(degree, 2.0 * f),
                })
                .collect(),
        }
    }

    /// The sum of the polynomials of one part.
    fn sum<const D: usize>(&self, part: Part, grid: &FrequencyGrid) -> Tensor<D> {
        let coefficients = match part {
            Part::Real => self.re.val(),
            Part::Imaginary => self.im.val(),
        };
        let [outputs, inputs, terms] = coefficients.dims();
        let coefficients_of_filters = coefficients.clone().reshape([outputs * inputs, terms]);
        let mut start = 0;
        let axes = (0..self.axes).filter_map(|axis| {
            let degrees = self.degrees(part, axis);
            if degrees.is_empty() {
                return None;
            }
            let values: Vec<f64> = degrees
                .iter()
                .flat_map(|&degree| self.basis(degree, grid, axis))
                .collect();
            let bins = values.len() / degrees.len();
            let basis = constant(values, [degrees.len(), bins], &coefficients);
            let own = coefficients_of_filters
                .clone()
                .narrow(1, start, degrees.len());
            start += degrees.len();
            Some(along::<D>(
                own.matmul(basis).reshape([outputs, inputs, bins]),
                axis,
            ))
        });
        axes.reduce(|sum, axis| sum + axis)
            .expect("a response has an axis, and each part a degree on the first")
    }
}

impl<const D: usize> FrequencyResponse<D> for Polynomial {
    fn channels(&self) -> [usize; 2] {
        let [outputs, inputs, _] = self.re.dims();
        [outputs, inputs]
    }

    /// Parameters that are not numbers are found on the CPU backend, at every forward pass. Where a
    /// look at them would wait for the device, ask
    /// [`check_parameters`](Polynomial::check_parameters).
    ///
    /// # Errors
    /// [`SpectralError::Axes`] for a grid of another number of axes,
    /// [`SpectralError::ResponseShape`] for another number of parameters than the form has,
    /// [`SpectralError::NotFinite`] for parameters that are not numbers.
    fn check(&self, grid: &FrequencyGrid) -> Result<(), SpectralError> {
        check_grid(self.axes, grid)?;
        check_terms(self.terms(), [&self.re.val(), &self.im.val()])?;
        match is_read_at_once(&self.re.device()) {
            true => self.check_parameters(),
            false => Ok(()),
        }
    }

    fn response(&self, grid: &FrequencyGrid) -> Response<D> {
        let channels = FrequencyResponse::<D>::channels(self);
        Response::Spectrum(spectrum(channels, grid, |part| self.sum(part, grid)))
    }

    /// Coefficients of functions that are zero on the grid, or that no real signal has: of the stable form the odd
    /// degrees of an axis of one or two samples.
    fn dead_parameters(&self, grid: &FrequencyGrid) -> Vec<(&'static str, usize)> {
        let [outputs, inputs] = FrequencyResponse::<D>::channels(self);
        let dead = |part| {
            let terms = (0..self.axes).flat_map(|axis| {
                let degrees = self.degrees(part, axis).into_iter();
                degrees.map(move |degree| (axis, degree))
            });
            let dead = terms
                .filter(|&(axis, degree)| !acts(&self.basis(degree, grid, axis), axis, part, grid));
            outputs * inputs * dead.count()
        };
        let dead = [("re", dead(Part::Real)), ("im", dead(Part::Imaginary))];
        dead.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

/// Coefficients of a filter, of the real and of the imaginary part.
fn terms(form: ParametricForm, order: usize, axes: usize) -> [usize; 2] {
    match form {
        ParametricForm::Published => [axes.saturating_mul(order.saturating_add(1)); 2],
        ParametricForm::Stable => [
            axes.saturating_mul(order / 2).saturating_add(1),
            axes.saturating_mul(order.div_ceil(2)),
        ],
    }
}

/// Legendre polynomial `P_n(x)`, by Bonnet's recurrence.
fn legendre(n: usize, x: f64) -> f64 {
    let (mut previous, mut current) = (0.0, 1.0);
    for k in 0..n {
        let k = k as f64;
        (previous, current) = (
            current,
            ((2.0 * k + 1.0) * x * current - k * previous) / (k + 1.0),
        );
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legendre_polynomials_are_those_of_the_tables() {
        let x: f64 = 0.3;
        let want = [
            1.0,
            x,
            (3.0 * x * x - 1.0) / 2.0,
            (5.0 * x.powi(3) - 3.0 * x) / 2.0,
        ];
        for (n, want) in want.into_iter().enumerate() {
            assert!((legendre(n, x) - want).abs() < 1e-15, "degree {n}");
        }
    }

    #[test]
    fn the_scaled_legendre_polynomials_have_unit_power_and_are_orthogonal() {
        // The midpoint rule over a fine grid stands for the integral.
        let points = 20_000;
        let x = |i| (2 * i + 1) as f64 / points as f64 - 1.0;
        let scaled = |k: usize, x| ((2 * k + 1) as f64).sqrt() * legendre(k, x);
        for (j, k) in [(1, 1), (2, 2), (4, 4), (5, 5), (1, 3), (0, 4), (2, 4)] {
            let product: f64 = (0..points)
                .map(|i| scaled(j, x(i)) * scaled(k, x(i)))
                .sum::<f64>()
                / points as f64;
            let want = f64::from(u8::from(j == k));
            assert!(
                (product - want).abs() < 1e-6,
                "degrees {j} and {k}: {product}"
            );
        }
    }
}
