//! Free, constant and Kramers–Kronig responses against PyTorch.

mod common;

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::{ConjugateFactor, SpectralConv};
use burn_spectral::ops::{self, Axes, Conjugate, MixSpec};
use burn_spectral::response::{
    Constant, Coupling, FrequencyResponse, FullSpectrum, Kernel, KramersKronig, Response,
};
use burn_spectral::{ComplexTensor, FrequencyGrid, Norm};
use common::golden::{Case, load};
use common::{DTYPES, Path};

fn conjugate(case: &Case) -> ConjugateFactor {
    match case.text("conjugate") {
        "none" => ConjugateFactor::None,
        "response" => ConjugateFactor::Response,
        "input" => ConjugateFactor::Input,
        other => panic!("{}: unknown factor {other}", case.name),
    }
}

/// Runs `check` for the rank of the case's input, in both precisions.
macro_rules! for_every_rank {
    ($file:literal, $check:ident) => {
        for case in &load($file) {
            for dtype in DTYPES {
                match case.shape("input").len() {
                    3 => $check::<3>(case, dtype),
                    4 => $check::<4>(case, dtype),
                    5 => $check::<5>(case, dtype),
                    rank => panic!("{}: no test for rank {rank}", case.name),
                }
            }
        }
    };
}

/// Depthwise and shared responses are stored without the axis of one input channel.
fn with_input_axis<const D: usize>(stored: &[usize]) -> [usize; D] {
    let mut dims = stored.to_vec();
    if dims.len() < D {
        dims.insert(1, 1);
    }
    dims.try_into().unwrap()
}

fn leaf_of_response<const D: usize>(
    case: &Case,
    key: &str,
    dtype: DType,
    device: &Device,
) -> Tensor<D> {
    let dims = with_input_axis::<D>(&case.shape(key));
    common::tensor(case.values(key), dims, dtype, device).require_grad()
}

fn check_free<const D: usize>(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let coupling = case.coupling();
    let channels = [case.shape("input")[1], case.shape("output")[1]];

    let check = |x: &Tensor<D>, re: &Tensor<D>, im: &Tensor<D>, y: Tensor<D>, how: &str| {
        case.check("output", y.clone(), how);
        let gradients = (y * case.tensor("cotangent", dtype, &device))
            .sum()
            .backward();
        case.check("grad.input", x.grad(&gradients).unwrap(), how);
        for (key, part) in [("re", re), ("im", im)] {
            let key = format!("grad.response.{key}");
            let gradient = part.grad(&gradients).unwrap();
            match case.shape(&key).len() {
                rank if rank == D => case.check(&key, gradient, how),
                3 => case.check::<3>(&key, gradient.squeeze_dim(1), how),
                4 => case.check::<4>(&key, gradient.squeeze_dim(1), how),
                _ => case.check::<2>(&key, gradient.squeeze_dim(1), how),
            }
        }
    };

    let parts = || {
        ["response.re", "response.im"].map(|key| leaf_of_response::<D>(case, key, dtype, &device))
    };
    let x = case.leaf::<D>("input", dtype, &device);
    let [re, im] = parts();
    let response = FullSpectrum {
        re: Param::from_tensor(re),
        im: Param::from_tensor(im),
        length: *case.numbers("size").last().unwrap(),
    };
    let mut layer = SpectralConv::<D, _>::from_response(response, channels, coupling).unwrap();
    layer.conjugate = conjugate(case);
    let (re, im) = (layer.response.re.val(), layer.response.im.val());
    check(&x, &re, &im, layer.forward(x.clone()), "layer");

    let x = case.leaf::<D>("input", dtype, &device);
    let [re, im] = parts();
    let mix = MixSpec {
        groups: coupling.groups(channels),
        conjugate: match conjugate(case) {
            ConjugateFactor::None => Conjugate::None,
            ConjugateFactor::Response => Conjugate::Response,
            ConjugateFactor::Input => Conjugate::Input,
        },
    };
    let input = match coupling {
        Coupling::Shared => x.clone().sum_dim(1),
        _ => x.clone(),
    };
    let response = ComplexTensor::new(re.clone(), im.clone());
    check(
        &x,
        &re,
        &im,
        Path::Fallback.spectral_conv(input, response, mix),
        "fallback",
    );
}

#[test]
fn free_responses_and_their_gradients_are_those_of_pytorch() {
    for_every_rank!("free", check_free);
}

fn check_constant<const D: usize>(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let x = case.leaf::<D>("input", dtype, &device);
    let response = Constant {
        alpha: Param::from_tensor(case.tensor("alpha", dtype, &device)),
        beta: Param::from_tensor(case.tensor("beta", dtype, &device)),
    };
    let channels = [case.shape("alpha")[1], case.shape("alpha")[0]];
    let mut layer =
        SpectralConv::<D, _>::from_response(response, channels, Coupling::Dense).unwrap();
    layer.conjugate = conjugate(case);

    let y = layer.forward(x.clone());
    case.check("output", y.clone(), "layer");
    let gradients = (y * case.tensor("cotangent", dtype, &device))
        .sum()
        .backward();
    case.check("grad.input", x.grad(&gradients).unwrap(), "layer");
    let Constant { alpha, beta } = &layer.response;
    case.check("grad.alpha", alpha.val().grad(&gradients).unwrap(), "layer");
    assert!(
        case.values("grad.beta")
            .iter()
            .all(|gradient| *gradient == 0.0)
    );
    assert!(
        beta.val().grad(&gradients).is_none(),
        "{}: beta has a gradient",
        case.name
    );

    // The same with the reversal on the fallback.
    if layer.conjugate == ConjugateFactor::Input {
        let x = case.tensor::<D>("input", dtype, &device);
        let reversed = Path::Fallback.circular_reverse(x, D - 2);
        let alpha = case.tensor::<2>("alpha", dtype, &device);
        let y = ops::mix_constant(reversed, alpha, 1, false);
        case.check("output", y, "fallback reversal");
    }
}

#[test]
fn constant_responses_and_their_gradients_are_those_of_pytorch() {
    for_every_rank!("constant", check_constant);
}

fn check_kramers_kronig<const D: usize>(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let x = case.leaf::<D>("input", dtype, &device);
    let size = case.numbers("size");
    let response = KramersKronig {
        real: Param::from_tensor(case.tensor::<D>("real_part", dtype, &device)),
        length: *size.last().unwrap(),
        axis: case.number("axis"),
    };
    case.check("impulse_response", response.impulse_response(), "layer");
    let grid = FrequencyGrid::new(&size).unwrap();
    let Response::Taps(taps) = response.response(&grid) else {
        panic!("{}: the response is not an impulse response", case.name);
    };
    for path in common::PATHS {
        let spectrum = path.rfft(taps.clone(), Axes::Last(D - 2), Norm::Backward);
        case.check_complex("response", spectrum, &format!("{path:?}"));
    }

    let channels = [case.shape("input")[1], case.shape("output")[1]];
    let layer = SpectralConv::<D, _>::from_response(response, channels, Coupling::Dense).unwrap();
    let y = layer.forward(x.clone());
    case.check("output", y.clone(), "layer");
    let gradients = (y * case.tensor("cotangent", dtype, &device))
        .sum()
        .backward();
    case.check("grad.input", x.grad(&gradients).unwrap(), "layer");
    let real = layer.response.real.val();
    case.check("grad.real_part", real.grad(&gradients).unwrap(), "layer");
}

fn check_kernel<const D: usize>(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let x = case.leaf::<D>("input", dtype, &device);
    let response = Kernel {
        weight: Param::from_tensor(case.tensor::<D>("weight", dtype, &device)),
    };
    let channels = [case.shape("input")[1], case.shape("output")[1]];
    let mut layer =
        SpectralConv::<D, _>::from_response(response, channels, Coupling::Dense).unwrap();
    layer.conjugate = conjugate(case);
    let y = layer.forward(x.clone());
    case.check("output", y.clone(), "layer");
    let gradients = (y * case.tensor("cotangent", dtype, &device))
        .sum()
        .backward();
    case.check("grad.input", x.grad(&gradients).unwrap(), "layer");
    let weight = layer.response.weight.val();
    case.check("grad.weight", weight.grad(&gradients).unwrap(), "layer");
}

#[test]
fn kernels_and_their_gradients_are_those_of_pytorch() {
    for_every_rank!("kernel", check_kernel);
}

#[test]
fn kramers_kronig_responses_and_their_gradients_are_those_of_pytorch() {
    for_every_rank!("kramers_kronig", check_kramers_kronig);
}
