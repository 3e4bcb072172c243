//! Rotated Gaussians over the frequencies.

use core::f64::consts::TAU;

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::activation::softplus;
use burn::tensor::{Device, Distribution, Tensor};

use crate::{FrequencyGrid, SpectralError, ops};

use super::parametric::{
    ParametricForm, Part, along, bin_coordinates, check_finite, check_grid, check_terms, constant,
    frequencies, is_read_at_once, spectrum,
};
use super::{FrequencyResponse, Response, ResponseConfig, check_weight, conv_variance, shape};

/// Standard deviation of the published parameters.
const PUBLISHED_DEVIATION: f64 = 0.05;

/// Parameters of a part of the published form: x0, y0, a, b, c, s0.
const PUBLISHED_TERMS: usize = 6;

/// Where the softplus is 1: `ln(e − 1)`.
const UNIT_SOFTPLUS: f64 = 0.541_324_854_612_918;

/// Mean of `exp(2·(cos θ − 1))` over the circle, `e⁻²·I₀(2)`: the power of a fresh stable response
/// of unit amplitude, per axis.
const UNIT_POWER: f64 = 0.308_508_322_553_671;

/// Configuration of a [`Gaussian`] response.
#[derive(Config, Debug, Default, PartialEq, Eq)]
pub struct GaussianConfig {
    /// Published or stable; stable by default.
    #[config(default = "ParametricForm::Stable")]
    pub form: ParametricForm,
}

/// Two rotated Gaussians over the frequencies, one for the real and one for the imaginary part of
/// the response (Wood and Larson, 2021). A filter of images has twelve parameters, and the response
/// is evaluated on any grid.
///
/// **Published.** For images whose half-spectrum has `h × w'` bins, each part is
///
/// ```text
/// g[i, j] = s0·exp(−a·dx² + 2b·dx·dy − c·dy²)     dx = j/w' − y0,  dy = i/h − ½ − x0
/// ```
///
/// - `a` and `y0` act on the width, `c` and `x0` on the height.
/// - The quadratic form is not constrained: if `a < 0`, `c < 0` or `b² > a·c`, the function grows
///   towards the edge, without bound in its parameters.
/// - The coordinates are indices of bins, so on another grid the same parameters describe other
///   frequencies.
/// - Rows of positive and negative frequencies are not mirror images, so the response is not that of
///   a real filter; the inverse real transform discards the rest.
///
/// **Stable.** In the frequencies `f` in cycles per sample, with center `μ` and `C = L·Lᵀ`:
///
/// ```text
/// G(f) = exp( Σ_a C_aa·(cos 2πd_a − 1) − Σ_{a<b} C_ab·sin 2πd_a·sin 2πd_b )     d = f − μ
/// Re R(f) = s·(G(f) + G(−f))/2,     Im R(f) = s'·(G'(f) − G'(−f))/2
/// ```
///
/// - `G` is the Gaussian `exp(−½·(2πd)ᵀ·C·(2πd))` made periodic in frequency: the sine model of
///   Singh, Hnizdo and Demchuk (2002).
/// - `C` is the covariance, in samples squared, of the envelope of the impulse response; the center
///   modulates it, as in a Gabor filter.
/// - `L` is lower triangular with a positive diagonal, so `C` is positive definite, `0 < G ≤ 1` and
///   `|R| ≤ √(s² + s'²)` for all parameters.
/// - `R(−f) = conj R(f)` at every size: the impulse response is real.
/// - Any number of axes.
#[derive(Module, Debug)]
pub struct Gaussian {
    /// Parameters of the real part, `[out, in / groups, terms]`. Published: `x0, y0, a, b, c, s0`.
    /// Stable: the center, one value per axis; the rows of `L` up to the diagonal (the diagonal is
    /// the softplus of the stored value); the amplitude.
    pub re: Param<Tensor<3>>,
    /// Parameters of the imaginary part, as `re`.
    pub im: Param<Tensor<3>>,
    /// Spatial axes.
    pub axes: usize,
    /// Published or stable.
    #[module(skip)]
    pub form: ParametricForm,
}

impl<const D: usize> ResponseConfig<D> for GaussianConfig {
    type Response = Gaussian;

    /// Published: all parameters are drawn from `N(0, 0.05)`. Stable: the envelope of the impulse
    /// response has a standard deviation of one sample, centers are uniform over all frequencies,
    /// and amplitudes are such that `E|R|² = 1 / (3·C_in)` at every frequency.
    ///
    /// # Errors
    /// [`SpectralError::Form`] for a published form that is not two-dimensional.
    fn try_init(&self, channels: [usize; 2], device: &Device) -> Result<Gaussian, SpectralError> {
        let axes = D.saturating_sub(2);
        self.form.check_axes("Gaussian", axes)?;
        check_weight(channels, &[PUBLISHED_TERMS.max(axes * (axes + 3) / 2 + 1)])?;
        let [outputs, inputs] = channels;
        let draw = |terms, distribution| {
            Tensor::<3>::random([outputs, inputs, terms], distribution, device)
        };
        let part = || match self.form {
            ParametricForm::Published => draw(
                PUBLISHED_TERMS,
                Distribution::Normal(0.0, PUBLISHED_DEVIATION),
            ),
            ParametricForm::Stable => {
                let center = draw(axes, Distribution::Uniform(-0.5, 0.5));
                let root = (0..axes).flat_map(|row| (0..=row).map(move |column| row == column));
                let root: Vec<f64> = root
                    .map(|is_diagonal| if is_diagonal { UNIT_SOFTPLUS } else { 0.0 })
                    .collect();
                let terms = root.len();
                let root = constant(root, [1, 1, terms], &center).expand([outputs, inputs, terms]);
                let power = conv_variance(channels) / UNIT_POWER.powi(axes as i32);
                let amplitude = draw(1, Distribution::Normal(0.0, power.sqrt()));
                Tensor::cat(vec![center, root, amplitude], 2)
            }
        };
        Ok(Gaussian {
            re: Param::from_tensor(part()),
            im: Param::from_tensor(part()),
            axes,
            form: self.form,
        })
    }
}

impl Gaussian {
    /// Checks that all parameters are numbers. It reads them from the device and waits for it.
    ///
    /// # Errors
    /// [`SpectralError::NotFinite`] with the value and its place.
    pub fn check_parameters(&self) -> Result<(), SpectralError> {
        check_finite(
            "every parameter of a Gaussian response",
            [&self.re.val(), &self.im.val()],
        )
    }

    /// Parameters of a filter, of the real and of the imaginary part.
    fn terms(&self) -> [usize; 2] {
        match self.form {
            ParametricForm::Published => [PUBLISHED_TERMS; 2],
            ParametricForm::Stable => [self.stable_terms(); 2],
        }
    }

    /// One part as published.
    fn published<const D: usize>(&self, part: Part, grid: &FrequencyGrid) -> Tensor<D> {
        let parameters = self.parameters(part);
        let [outputs, inputs, _] = parameters.dims();
        let term = |index| parameters.clone().narrow(2, index, 1);
        let offset = |axis, origin, center| {
            let coordinates = bin_coordinates(grid, axis, origin);
            let bins = coordinates.len();
            constant(coordinates, [1, 1, bins], &parameters) - term(center)
        };
        let (dy, dx) = (offset(0, 0.5, 0), offset(1, 0.0, 1));
        let (a, b, c) = (term(2), term(3), term(4));
        // The exponent is a matrix of rank three, (2b·dy, 1, −c·dy²)·(dx, −a·dx², 1).
        let rows = [
            b * dy.clone() * 2.0,
            dy.ones_like(),
            (c * dy.clone() * dy).neg(),
        ];
        let columns = [
            dx.clone(),
            (a * dx.clone() * dx.clone()).neg(),
            dx.ones_like(),
        ];
        let filters = outputs * inputs;
        let [rows, columns] = [rows, columns].map(|factors| {
            let [_, _, bins] = factors[0].dims();
            Tensor::stack::<4>(factors.to_vec(), 2).reshape([filters, 1, 3, bins])
        });
        let surfaces = ops::exponential_sum(term(5).reshape([filters, 1]), rows, columns);
        surfaces.reshape(shape::<D>([outputs, inputs], &grid.bins()))
    }

    /// One part of the stable form.
    fn stable<const D: usize>(&self, part: Part, grid: &FrequencyGrid) -> Tensor<D> {
        let parameters = self.parameters(part);
        let amplitude = parameters.clone().narrow(2, self.stable_terms() - 1, 1) * 0.5;
        let covariance = covariance(&parameters, self.axes);
        let angles = |sign| self.angles(&parameters, grid, sign);
        if self.axes == 2 {
            return image_bumps(amplitude, &covariance, [angles(1.0), angles(-1.0)], part);
        }
        let [plus, minus] = [1.0, -1.0].map(|sign| bumps::<D>(&covariance, &angles(sign)));
        let sum = match part {
            Part::Real => plus + minus,
            Part::Imaginary => plus - minus,
        };
        sum * along(amplitude, 0)
    }

    /// `2π(sign·f − μ)` along each axis, `[out, in, bins]`.
    fn angles(&self, parameters: &Tensor<3>, grid: &FrequencyGrid, sign: f64) -> Vec<Tensor<3>> {
        let along_axis = |axis| {
            let values: Vec<f64> = frequencies(grid, axis)
                .iter()
                .map(|f| sign * f * TAU)
                .collect();
            let bins = values.len();
            let center = parameters.clone().narrow(2, axis, 1) * TAU;
            constant(values, [1, 1, bins], parameters) - center
        };
        (0..self.axes).map(along_axis).collect()
    }

    fn parameters(&self, part: Part) -> Tensor<3> {
        match part {
            Part::Real => self.re.val(),
            Part::Imaginary => self.im.val(),
        }
    }

    /// Parameters of a part of the stable form.
    fn stable_terms(&self) -> usize {
        let pairs = self.axes.saturating_mul(self.axes.saturating_add(1)) / 2;
        pairs.saturating_add(self.axes).saturating_add(1)
    }
}

/// `G` of the stable form at these angles.
fn bumps<const D: usize>(covariance: &[Vec<Tensor<3>>], angles: &[Tensor<3>]) -> Tensor<D> {
    let mut exponent: Option<Tensor<D>> = None;
    for (row, covariance) in covariance.iter().enumerate() {
        let own = (angles[row].clone().cos() - 1.0) * covariance[row].clone();
        let mut terms = along(own, row);
        for column in 0..row {
            let sine = angles[row].clone().sin() * covariance[column].clone();
            terms = terms - along(sine, row) * along(angles[column].clone().sin(), column);
        }
        exponent = Some(match exponent {
            Some(sum) => sum + terms,
            None => terms,
        });
    }
    exponent.expect("a grid has at least one axis").exp()
}

/// `amplitude·(G(f) ± G(−f))` over two axes, of the angles at `f` and at `−f`. The exponent is a matrix of rank three,
/// `(C₀₀(cos θ₀ − 1), 1, −C₁₀·sin θ₀)·(1, C₁₁(cos θ₁ − 1), sin θ₁)`.
fn image_bumps<const D: usize>(
    amplitude: Tensor<3>,
    covariance: &[Vec<Tensor<3>>],
    angles: [Vec<Tensor<3>>; 2],
    part: Part,
) -> Tensor<D> {
    let [outputs, inputs, _] = amplitude.dims();
    let filters = outputs * inputs;
    let [height, width] = [0, 1].map(|axis| angles[0][axis].dims()[2]);
    let drop = |angle: &Tensor<3>| angle.clone().cos() - 1.0;
    let [mut rows, mut columns] = [Vec::new(), Vec::new()];
    for angles in &angles {
        let [down, across] = [&angles[0], &angles[1]];
        rows.extend([
            drop(down) * covariance[0][0].clone(),
            down.ones_like(),
            (down.clone().sin() * covariance[1][0].clone()).neg(),
        ]);
        columns.extend([
            across.ones_like(),
            drop(across) * covariance[1][1].clone(),
            across.clone().sin(),
        ]);
    }
    let rows = Tensor::stack::<4>(rows, 2).reshape([filters, 2, 3, height]);
    let columns = Tensor::stack::<4>(columns, 2).reshape([filters, 2, 3, width]);
    let second = match part {
        Part::Real => amplitude.clone(),
        Part::Imaginary => amplitude.clone().neg(),
    };
    let scale = Tensor::cat(vec![amplitude, second], 2).reshape([filters, 2]);
    ops::exponential_sum(scale, rows, columns)
        .reshape(shape::<D>([outputs, inputs], &[height, width]))
}

/// The lower half of `C = L·Lᵀ`, each entry `[out, in / groups, 1]`.
fn covariance(parameters: &Tensor<3>, axes: usize) -> Vec<Vec<Tensor<3>>> {
    let root = |row: usize, column: usize| {
        let stored = parameters
            .clone()
            .narrow(2, axes + row * (row + 1) / 2 + column, 1);
        match row == column {
            true => softplus(stored, 1.0),
            false => stored,
        }
    };
    let entry = |row: usize, column: usize| {
        (0..=column)
            .map(|k| root(row, k) * root(column, k))
            .reduce(|sum, product| sum + product)
            .expect("the range has at least one element")
    };
    (0..axes)
        .map(|row| (0..=row).map(|column| entry(row, column)).collect())
        .collect()
}

impl<const D: usize> FrequencyResponse<D> for Gaussian {
    fn channels(&self) -> [usize; 2] {
        let [outputs, inputs, _] = self.re.dims();
        [outputs, inputs]
    }

    /// Parameters that are not numbers are found on the CPU backend, at every forward pass. Where a
    /// look at them would wait for the device, ask
    /// [`check_parameters`](Gaussian::check_parameters).
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
        Response::Spectrum(spectrum(channels, grid, |part| match self.form {
            ParametricForm::Published => self.published(part, grid),
            ParametricForm::Stable => self.stable(part, grid),
        }))
    }

    /// The imaginary part where every frequency is its own negative: on no more than two samples an axis.
    fn dead_parameters(&self, grid: &FrequencyGrid) -> Vec<(&'static str, usize)> {
        match grid.is_real() {
            true => vec![("im", self.im.dims().iter().product())],
            false => Vec::new(),
        }
    }
}
