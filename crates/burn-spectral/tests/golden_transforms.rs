//! The transforms and their gradients against NumPy, SciPy and PyTorch.

mod common;

use burn::tensor::{Device, Tensor};
use burn_spectral::ops::{Axes, Direction};
use burn_spectral::{ComplexTensor, Norm, fft};
use common::golden::{Case, load};
use common::{DTYPES, PATHS, assert_close, gradient, values};

fn norm(case: &Case) -> Norm {
    match case.text("norm") {
        "backward" => Norm::Backward,
        "ortho" => Norm::Ortho,
        "forward" => Norm::Forward,
        other => panic!("{}: unknown norm {other}", case.name),
    }
}

fn inner<const D: usize>(a: ComplexTensor<D>, b: ComplexTensor<D>) -> Tensor<1> {
    (a.re * b.re + a.im * b.im).sum()
}

fn check_transform<const D: usize>(case: &Case) {
    let axes = match case.numbers("axes").as_slice() {
        [axis] => Axes::One(*axis),
        [.., last] if *last == D - 1 => Axes::Last(case.numbers("axes").len()),
        other => panic!("{}: axes {other:?} are not the last ones", case.name),
    };
    let device = Device::flex().autodiff();
    for (path, dtype) in PATHS
        .into_iter()
        .flat_map(|path| DTYPES.map(|dtype| (path, dtype)))
    {
        let how = format!("{path:?}");
        match case.text("kind") {
            "rfft" => {
                let x = case.leaf::<D>("input", dtype, &device);
                let y = path.rfft(x.clone(), axes, norm(case));
                case.check_complex("output", y.clone(), &how);
                let loss = inner(y, case.complex("cotangent", dtype, &device));
                let gradients = loss.backward();
                case.check("grad.input", x.grad(&gradients).unwrap(), &how);
            }
            "irfft" => {
                let x = case.complex_leaf::<D>("input", dtype, &device);
                let n = *case.numbers("size").last().unwrap();
                let y = path.irfft(x.clone(), n, axes, norm(case));
                case.check("output", y.clone(), &how);
                let loss = (y * case.tensor("cotangent", dtype, &device)).sum();
                let gradients = loss.backward();
                let parts = x.map(|part| gradient(&part, &gradients));
                case.check_complex("grad.input", parts, &how);
            }
            kind => {
                let direction = match kind {
                    "fft" => Direction::Forward,
                    "ifft" => Direction::Inverse,
                    other => panic!("{}: unknown kind {other}", case.name),
                };
                let x = case.complex_leaf::<D>("input", dtype, &device);
                let y = path.fft(x.clone(), axes, direction, norm(case));
                case.check_complex("output", y.clone(), &how);
                let loss = inner(y, case.complex("cotangent", dtype, &device));
                let gradients = loss.backward();
                let parts = x.map(|part| gradient(&part, &gradients));
                case.check_complex("grad.input", parts, &how);
            }
        }
    }
}

#[test]
fn transforms_and_their_gradients_are_those_of_numpy_and_pytorch() {
    let cases = load("transforms");
    assert!(cases.len() > 60, "only {} cases", cases.len());
    for case in &cases {
        let key = if case.has("input") {
            "input"
        } else {
            "input.re"
        };
        match case.shape(key).len() {
            1 => check_transform::<1>(case),
            2 => check_transform::<2>(case),
            3 => check_transform::<3>(case),
            4 => check_transform::<4>(case),
            rank => panic!("{}: no test for rank {rank}", case.name),
        }
    }
}

fn check_shift<const D: usize>(case: &Case) {
    let shift = match case.text("kind") {
        "fftshift" => fft::fftshift::<D, usize>,
        _ => fft::ifftshift::<D, usize>,
    };
    let device = Device::flex().autodiff();
    for dtype in DTYPES {
        let x = case.leaf::<D>("input", dtype, &device);
        let y = shift(x.clone(), &case.numbers("axes"));
        case.check("output", y.clone(), "");
        let loss = (y * case.tensor("cotangent", dtype, &device)).sum();
        case.check("grad.input", x.grad(&loss.backward()).unwrap(), "");
    }
}

#[test]
fn frequencies_and_shifts_are_those_of_numpy() {
    let device = Device::flex();
    let check_frequencies = |case: &Case, of: fn(usize, f64, &Device) -> Tensor<1>| {
        let spacing = case.parameters["d"].as_f64().unwrap();
        let got = values(of(case.number("n"), spacing, &device));
        assert_close(&case.name, &got, case.values("output"), 1e-7);
    };
    for case in &load("frequencies") {
        match case.text("kind") {
            "fftfreq" => check_frequencies(case, fft::fftfreq),
            "rfftfreq" => check_frequencies(case, fft::rfftfreq),
            _ => match case.shape("input").len() {
                1 => check_shift::<1>(case),
                2 => check_shift::<2>(case),
                3 => check_shift::<3>(case),
                rank => panic!("{}: no test for rank {rank}", case.name),
            },
        }
    }
}
