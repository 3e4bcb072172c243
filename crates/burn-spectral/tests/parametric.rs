//! Polynomial and Gaussian responses: against PyTorch, against their formulas one bin at a time,
//! and their laws.

mod common;
mod parametric_common;
mod sampled;

use core::f64::consts::TAU;

use burn::module::Param;
use burn::tensor::{DType, Device, Int, Tensor};
use burn_spectral::conv::{SpectralConv, SpectralConv2d, SpectralConvConfig};
use burn_spectral::frequency::SpectralMix2d;
use burn_spectral::response::{
    Coupling, FrequencyResponse, Gaussian, GaussianConfig, ParametricForm, Polynomial,
    PolynomialConfig, ResponseConfig,
};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, fft};
use common::golden::{Case, load};
use common::{DTYPES, assert_close, complex_values, tensor, values};
use parametric_common::{
    Noisy, published, published_gaussian, spectrum, stable_gaussian, stable_polynomial,
};

const SIZES: [[usize; 2]; 7] = [[28, 28], [56, 56], [41, 37], [7, 6], [6, 7], [2, 2], [1, 5]];

// Against PyTorch.

fn check_golden<R: FrequencyResponse<4>>(
    case: &Case,
    dtype: DType,
    response: R,
    parts: impl Fn(&R) -> [Tensor<3>; 2],
) {
    let device = Device::flex().autodiff();
    let channels = [case.number("inputs"), response.channels()[0]];
    let size = case.numbers("size");
    let coupling = sampled::coupling(case);
    let (gradients, [re, im]) = match case.text("layer") {
        "mix" => {
            let layer = SpectralMix2d::from_response(response, channels, coupling).unwrap();
            let x = sampled::complex::<4>(case, "input", dtype, &device).map(Tensor::require_grad);
            let half = HalfSpectrum::new(x.clone(), size[1]);
            let y = layer.forward(half).into_complex();
            sampled::check_complex(case, "output", y.clone());
            let cotangent = sampled::complex(case, "cotangent", dtype, &device);
            let loss = (y.re * cotangent.re).sum() + (y.im * cotangent.im).sum();
            let gradients = loss.backward();
            let gradient = x.map(|part| part.grad(&gradients).unwrap());
            sampled::check_complex(case, "grad.input", gradient);
            (gradients, parts(&layer.response))
        }
        "conv" => {
            let layer = SpectralConv2d::from_response(response, channels, coupling).unwrap();
            let x = sampled::real::<4>(case, "input", dtype, &device).require_grad();
            let y = layer.forward(x.clone());
            sampled::check(case, "output", y.clone());
            let gradients = (y * sampled::real(case, "cotangent", dtype, &device))
                .sum()
                .backward();
            sampled::check(case, "grad.input", x.grad(&gradients).unwrap());
            (gradients, parts(&layer.response))
        }
        other => panic!("{}: unknown layer {other}", case.name),
    };
    sampled::check(case, "grad.re", re.grad(&gradients).unwrap());
    sampled::check(case, "grad.im", im.grad(&gradients).unwrap());
}

#[test]
fn published_responses_and_their_gradients_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    for case in &load("parametric") {
        for dtype in DTYPES {
            let part = |key| Param::from_tensor(sampled::real::<3>(case, key, dtype, &device));
            let (re, im) = (part("re"), part("im"));
            let (axes, form) = (2, ParametricForm::Published);
            match case.text("kind") {
                "polynomial" => {
                    let order = case.number("order");
                    let response = Polynomial {
                        re,
                        im,
                        order,
                        axes,
                        form,
                    };
                    check_golden(case, dtype, response, |r| [r.re.val(), r.im.val()]);
                }
                "gaussian" => {
                    let response = Gaussian { re, im, axes, form };
                    check_golden(case, dtype, response, |r| [r.re.val(), r.im.val()]);
                }
                other => panic!("{}: unknown response {other}", case.name),
            }
        }
    }
}

// The stable forms against their formulas, one bin at a time and over the full spectrum.

fn legendre(n: usize, x: f64) -> f64 {
    match n {
        0 => 1.0,
        1 => x,
        2 => (3.0 * x * x - 1.0) / 2.0,
        3 => (5.0 * x.powi(3) - 3.0 * x) / 2.0,
        4 => (35.0 * x.powi(4) - 30.0 * x * x + 3.0) / 8.0,
        _ => panic!("no table for degree {n}"),
    }
}

/// `R(f)` of the stable polynomial with the coefficients of one filter.
fn polynomial_at(re: &[f64], im: &[f64], order: usize, f: &[f64]) -> [f64; 2] {
    let (mut sums, mut left) = ([re[0], 0.0], [re[1..].iter(), im.iter()]);
    for &f in f {
        for degree in 1..=order {
            let part = degree % 2;
            let value = ((2 * degree + 1) as f64).sqrt() * legendre(degree, 2.0 * f);
            let coefficient = left[part].next().unwrap();
            let jumps = part == 1 && f.abs() == 0.5;
            sums[part] += if jumps { 0.0 } else { coefficient * value };
        }
    }
    sums
}

/// One part of the stable Gaussian: `Σ` over both signs by matrix products, the periodic distances
/// by squares of half-angle sines.
fn gaussian_at(parameters: &[f64], f: &[f64], sign: f64) -> f64 {
    let axes = f.len();
    let (center, rest) = parameters.split_at(axes);
    let (amplitude, root) = rest.split_last().unwrap();
    let mut lower = vec![vec![0.0; axes]; axes];
    let mut stored = root.iter();
    for (row, entries) in lower.iter_mut().enumerate() {
        for (column, entry) in entries.iter_mut().enumerate().take(row + 1) {
            let value = *stored.next().unwrap();
            *entry = if row == column {
                value.exp().ln_1p()
            } else {
                value
            };
        }
    }
    let covariance = |a: usize, b: usize| (0..axes).map(|k| lower[a][k] * lower[b][k]).sum::<f64>();
    let bump = |direction: f64| {
        let d: Vec<f64> = (0..axes).map(|a| direction * f[a] - center[a]).collect();
        let mut form = 0.0;
        for a in 0..axes {
            form += covariance(a, a) * 4.0 * (TAU * d[a] / 2.0).sin().powi(2);
            for b in (0..axes).filter(|&b| b != a) {
                form += covariance(a, b) * (TAU * d[a]).sin() * (TAU * d[b]).sin();
            }
        }
        (-form / 2.0).exp()
    };
    amplitude * (bump(1.0) + sign * bump(-1.0)) / 2.0
}

/// All frequencies of a full spectrum in row-major order.
fn full_frequencies(size: &[usize]) -> Vec<Vec<f64>> {
    let axis = |n: usize| {
        let signed = move |k: usize| {
            if 2 * k < n {
                k as f64
            } else {
                k as f64 - n as f64
            }
        };
        (0..n).map(move |k| signed(k) / n as f64)
    };
    size.iter().fold(vec![vec![]], |all, &n| {
        let extend = |f: Vec<f64>| axis(n).map(move |next| [f.clone(), vec![next]].concat());
        all.into_iter().flat_map(extend).collect()
    })
}

/// Asserts that a response on a grid is the half of `at` over the full spectrum, that the full
/// spectrum has a real impulse response, and that `irfftn` of the half gives just that.
fn check_formula<const D: usize>(
    what: &str,
    response: &impl FrequencyResponse<D>,
    size: &[usize],
    at: impl Fn(usize, &[f64]) -> [f64; 2],
) {
    let device = Device::flex();
    let what = format!("{what} at {size:?}");
    let got = spectrum::<D>(response, size);
    let [outputs, inputs] = response.channels();
    let frequencies = full_frequencies(size);
    let numbers: Vec<[f64; 2]> = (0..outputs * inputs)
        .flat_map(|filter| frequencies.iter().map(move |f| (filter, f)))
        .map(|(filter, f)| at(filter, f))
        .collect();
    let mut dims = vec![outputs, inputs];
    dims.extend(size);
    let dims: [usize; D] = dims.try_into().unwrap();
    let part = |index: usize| {
        let values: Vec<f64> = numbers.iter().map(|number| number[index]).collect();
        tensor(&values, dims, DType::F64, &device)
    };
    let full = ComplexTensor::new(part(0), part(1));
    let last = size[size.len() - 1];
    let half = full.clone().narrow(D - 1, 0, last / 2 + 1);
    assert_close(
        &what,
        &complex_values(got.clone()),
        &complex_values(half),
        1e-13,
    );

    let dims: Vec<usize> = (2..D).collect();
    let impulse = fft::ifftn(full, &dims, Norm::Backward);
    let scale = values(impulse.re.clone())
        .iter()
        .fold(0.0f64, |most, v| most.max(v.abs()));
    let imaginary = values(impulse.im)
        .iter()
        .fold(0.0f64, |most, v| most.max(v.abs()));
    assert!(
        imaginary <= 1e-14 * scale,
        "{what}: imaginary part {imaginary:e} of {scale:e}"
    );
    let by_half = fft::irfftn(HalfSpectrum::new(got, last), &dims, Norm::Backward);
    assert_close(&what, &values(by_half), &values(impulse.re), 1e-13);
}

fn check_stable_forms<const D: usize>(size: &[usize]) {
    for order in 1..=4 {
        let response = stable_polynomial::<D>(order, [3, 2]);
        let (re, im) = (values(response.re.val()), values(response.im.val()));
        let (m, n) = (response.re.dims()[2], response.im.dims()[2]);
        check_formula::<D>(&format!("order {order}"), &response, size, |filter, f| {
            polynomial_at(&re[filter * m..][..m], &im[filter * n..][..n], order, f)
        });
    }
    let response = stable_gaussian::<D>([3, 2]);
    let (re, im) = (values(response.re.val()), values(response.im.val()));
    let n = response.re.dims()[2];
    check_formula::<D>("Gaussian", &response, size, |filter, f| {
        [(&re, 1.0), (&im, -1.0)].map(|(all, sign)| gaussian_at(&all[filter * n..][..n], f, sign))
    });
}

#[test]
fn stable_forms_are_their_formulas_at_every_size_and_have_a_real_impulse_response() {
    for size in SIZES {
        check_stable_forms::<4>(&size);
    }
    for n in [1, 2, 9, 16, 31] {
        check_stable_forms::<3>(&[n]);
    }
    for size in [[4, 6, 8], [3, 4, 5]] {
        check_stable_forms::<5>(&size);
    }
}

#[test]
fn stable_forms_are_the_same_function_of_frequency_on_every_grid() {
    // Bins (2i, 2j) of 56 × 56 are the frequencies of bins (i, j) of 28 × 28.
    let every_second = |z: ComplexTensor<4>| {
        z.map(|part| {
            let even = |n| Tensor::<1, Int>::arange_step(0..n, 2, &part.device());
            part.clone().select(2, even(56)).select(3, even(29))
        })
    };
    let check = |what, coarse: ComplexTensor<4>, fine: ComplexTensor<4>| {
        let fine = complex_values(every_second(fine));
        assert_close(what, &fine, &complex_values(coarse), 1e-15);
    };
    let gaussian = stable_gaussian::<4>([2, 2]);
    check(
        "Gaussian",
        spectrum(&gaussian, &[28, 28]),
        spectrum(&gaussian, &[56, 56]),
    );
    let polynomial = stable_polynomial::<4>(3, [2, 2]);
    check(
        "polynomial",
        spectrum(&polynomial, &[28, 28]),
        spectrum(&polynomial, &[56, 56]),
    );
}

#[test]
fn one_layer_runs_at_every_size_in_every_coupling() {
    let device = Device::flex();
    for (coupling, channels) in [
        (Coupling::Dense, [4, 6]),
        (Coupling::Shared, [4, 6]),
        (Coupling::Depthwise, [4, 8]),
        (Coupling::Grouped(2), [4, 6]),
    ] {
        for form in [ParametricForm::Published, ParametricForm::Stable] {
            let gaussian: SpectralConv<4, _> =
                SpectralConvConfig::new(channels, GaussianConfig::new().with_form(form))
                    .with_coupling(coupling)
                    .init(&device);
            let polynomial: SpectralConv<4, _> =
                SpectralConvConfig::new(channels, PolynomialConfig::new(2).with_form(form))
                    .with_coupling(coupling)
                    .init(&device);
            for [height, width] in SIZES {
                let x = Tensor::ones([2, channels[0], height, width], &device);
                let want = [2, channels[1], height, width];
                assert_eq!(gaussian.forward(x.clone()).dims(), want);
                assert_eq!(polynomial.forward(x).dims(), want);
            }
        }
    }
}

/// What a round trip through the signal drops of a response, relative to it.
fn dropped(response: ComplexTensor<4>, width: usize) -> f64 {
    let half = HalfSpectrum::new(response.clone(), width);
    let signal = fft::irfft2(half, Norm::Backward);
    let back = complex_values(fft::rfft2(signal, Norm::Backward));
    common::relative_error(&back, &complex_values(response))
}

#[test]
fn published_forms_hold_what_no_real_signal_has_and_stable_forms_do_not() {
    let device = Device::flex();
    let polynomial: Polynomial =
        ResponseConfig::<4>::init(&published(1), [3, 2], &device).noisy(1.0);
    let gaussian: Gaussian =
        ResponseConfig::<4>::init(&published_gaussian(), [3, 2], &device).noisy(1.0);
    for size in [[7, 7], [14, 14]] {
        assert!(dropped(spectrum(&polynomial, &size), size[1]) > 0.01);
        assert!(dropped(spectrum(&gaussian, &size), size[1]) > 0.01);
        assert!(dropped(spectrum(&stable_polynomial::<4>(3, [3, 2]), &size), size[1]) < 1e-14);
        assert!(dropped(spectrum(&stable_gaussian::<4>([3, 2]), &size), size[1]) < 1e-14);
    }
}

#[test]
fn a_published_gaussian_blows_up_where_the_stable_one_is_bounded_by_its_amplitude() {
    let device = Device::flex();
    let magnitudes = |response: &Gaussian| values(spectrum::<4>(response, &[28, 28]).abs());
    let largest = |response: &Gaussian| magnitudes(response).into_iter().fold(0.0f64, f64::max);
    // Negative a; negative c; both positive, but b² > a·c.
    for [a, b, c] in [[-200.0, 0.0, 1.0], [1.0, 0.0, -200.0], [1.0, 200.0, 1.0]] {
        let part = tensor(&[0.0, 0.0, a, b, c, 1.0], [1, 1, 6], DType::F64, &device);
        let response = Gaussian {
            re: Param::from_tensor(part.clone()),
            im: Param::from_tensor(part),
            axes: 2,
            form: ParametricForm::Published,
        };
        let most = largest(&response);
        assert!(most > 1e20, "a, b, c = {a}, {b}, {c}: {most:e}");
    }
    for scale in [1.0, 10.0, 1000.0] {
        let response = stable_gaussian::<4>([16, 16]).noisy(scale);
        let amplitude = |part: &Param<Tensor<3>>| values(part.val().narrow(2, 5, 1));
        let pairs = amplitude(&response.re)
            .into_iter()
            .zip(amplitude(&response.im));
        let bounds: Vec<f64> = pairs.map(|(s, t)| s.hypot(t) * (1.0 + 1e-12)).collect();
        for (index, magnitude) in magnitudes(&response).into_iter().enumerate() {
            let bound = bounds[index / (28 * 15)];
            assert!(
                magnitude <= bound,
                "scale {scale}: {magnitude} above {bound}"
            );
        }
    }
}
