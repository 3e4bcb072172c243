//! Convolution on the lowest modes: against PyTorch, finite differences, the fallback and the
//! whole spectrum.

mod common;

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::{ConjugateFactor, SpectralConv, SpectralConv1dConfig};
use burn_spectral::ops::{self, Conjugate, ConvSpec, MixSpec, Modes, ModesSpec};
use burn_spectral::response::{Coupling, FourierModes, FourierModesConfig, FrequencyResponse};
use burn_spectral::{ComplexTensor, FrequencyGrid};
use common::golden::{Case, load};
use common::gradient::{assert_gradients, weigh};
use common::{CONJUGATES, DTYPES, PATHS, Path, assert_close, noise_tensor, values};

fn conv<const D: usize>(
    path: Path,
    x: Tensor<D>,
    response: ComplexTensor<D>,
    spec: ModesSpec,
) -> Tensor<D> {
    match path {
        Path::Kernels => ops::spectral_conv_modes(x, response, spec),
        Path::Fallback => ops::spectral_conv_modes_fallback(x, response, &spec),
    }
}

fn corners(case: &Case) -> Vec<[usize; 2]> {
    let (positive, negative) = (case.numbers("positive"), case.numbers("negative"));
    positive
        .into_iter()
        .zip(negative)
        .map(|(p, n)| [p, n])
        .collect()
}

fn modes(corners: &[[usize; 2]]) -> Vec<Modes> {
    corners.iter().map(|&[p, n]| Modes::new(p, n)).collect()
}

fn check_golden<const D: usize>(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let coupling = case.coupling();
    let channels = [case.shape("input")[1], case.shape("output")[1]];
    let (factor, conjugate) = match case.text("conjugate") {
        "none" => (ConjugateFactor::None, Conjugate::None),
        "response" => (ConjugateFactor::Response, Conjugate::Response),
        _ => (ConjugateFactor::Input, Conjugate::Input),
    };
    let check = |x: &Tensor<D>, r: &ComplexTensor<D>, y: Tensor<D>, how: &str| {
        case.check("output", y.clone(), how);
        let loss = (y * case.tensor("cotangent", dtype, &device)).sum();
        let gradients = loss.backward();
        case.check("grad.input", x.grad(&gradients).unwrap(), how);
        case.check("grad.response.re", r.re.grad(&gradients).unwrap(), how);
        case.check("grad.response.im", r.im.grad(&gradients).unwrap(), how);
    };

    let x = case.leaf::<D>("input", dtype, &device);
    let r = case.complex_leaf::<D>("response", dtype, &device);
    let response = FourierModes {
        re: Param::from_tensor(r.re),
        im: Param::from_tensor(r.im),
        corners: corners(case),
    };
    let r = ComplexTensor::new(response.re.val(), response.im.val());
    let mut layer = SpectralConv::<D, _>::from_response(response, channels, coupling).unwrap();
    layer.conjugate = factor;
    check(&x, &r, layer.forward(x.clone()), "layer");

    let x = case.leaf::<D>("input", dtype, &device);
    let r = case.complex_leaf::<D>("response", dtype, &device);
    let input = match coupling {
        Coupling::Shared => x.clone().sum_dim(1),
        _ => x.clone(),
    };
    let groups = coupling.groups(channels);
    let spec = ModesSpec::new(modes(&corners(case)), MixSpec { groups, conjugate });
    check(
        &x,
        &r,
        conv(Path::Fallback, input, r.clone(), spec),
        "fallback",
    );
}

#[test]
fn layers_on_modes_and_their_gradients_are_those_of_pytorch() {
    for case in &load("modes") {
        for dtype in DTYPES {
            match case.shape("input").len() {
                3 => check_golden::<3>(case, dtype),
                4 => check_golden::<4>(case, dtype),
                rank => {
                    assert_eq!(rank, 5);
                    check_golden::<5>(case, dtype);
                }
            }
        }
    }
}

/// `[batch, groups, inputs, outputs]` of a group.
type Channels = [usize; 4];

fn shapes<const D: usize>(
    sizes: &[usize],
    corners: &[[usize; 2]],
    [batch, groups, inputs, outputs]: Channels,
) -> [[usize; D]; 2] {
    let kept: Vec<usize> = corners.iter().map(|[p, n]| p + n).collect();
    let x = [&[batch, groups * inputs], sizes].concat();
    let response = [&[groups * outputs, inputs], &kept[..]].concat();
    [x, response].map(|dims| dims.try_into().unwrap())
}

fn check_gradients<const D: usize>(sizes: &[usize], corners: &[[usize; 2]], channels: Channels) {
    let [x, response] = shapes::<D>(sizes, corners, channels);
    let counts = [x, response, response].map(|dims| dims.iter().product::<usize>());
    let reshaped = |part: &Tensor<1>| part.clone().reshape(response);
    for conjugate in CONJUGATES {
        let spec = ModesSpec::new(
            modes(corners),
            MixSpec {
                groups: channels[1],
                conjugate,
            },
        );
        for path in PATHS {
            let what = format!("{spec:?} of {x:?}, {path:?}");
            assert_gradients(&what, &counts, |z| {
                let r = ComplexTensor::new(reshaped(&z[1]), reshaped(&z[2]));
                weigh(conv(path, z[0].clone().reshape(x), r, spec.clone()), 1)
            });
        }
    }
}

#[test]
fn gradients_are_finite_differences() {
    check_gradients::<3>(&[1], &[[1, 0]], [2, 1, 1, 2]);
    check_gradients::<3>(&[6], &[[4, 0]], [1, 1, 2, 1]);
    check_gradients::<3>(&[7], &[[3, 0]], [2, 2, 1, 2]);
    check_gradients::<4>(&[5, 6], &[[2, 2], [3, 0]], [2, 1, 2, 1]);
    check_gradients::<4>(&[4, 5], &[[2, 1], [3, 0]], [1, 2, 1, 1]);
    check_gradients::<4>(&[4, 4], &[[2, 2], [3, 0]], [1, 1, 1, 1]);
    check_gradients::<5>(&[3, 4, 5], &[[1, 1], [2, 1], [2, 0]], [1, 1, 1, 2]);
}

#[test]
fn a_gradient_is_found_for_each_input_alone() {
    let corners = [[2, 2], [3, 0]];
    let [x, response] = shapes::<4>(&[5, 6], &corners, [2, 1, 2, 3]);
    let counts = [x, response, response].map(|dims| dims.iter().product::<usize>());
    for learned in 0..3 {
        assert_gradients(&format!("input {learned} alone"), &[counts[learned]], |z| {
            let constant = |(n, seed)| noise_tensor([n], seed, DType::F64, &z[0].device());
            let mut all: Vec<Tensor<1>> = counts.into_iter().zip(200..).map(constant).collect();
            all[learned] = z[0].clone();
            let part = |i: usize| all[i].clone().reshape(response);
            let spec = ModesSpec::new(
                modes(&corners),
                MixSpec {
                    groups: 1,
                    conjugate: Conjugate::None,
                },
            );
            let r = ComplexTensor::new(part(1), part(2));
            weigh(conv(Path::Kernels, all[0].clone().reshape(x), r, spec), 1)
        });
    }
}

#[test]
fn all_modes_are_the_whole_spectrum() {
    let device = Device::flex();
    for [height, width] in [[6, 8], [7, 9], [1, 4]] {
        let x = noise_tensor([3, 2, height, width], 1, DType::F64, &device);
        let part = |seed| noise_tensor([4, 2, height, width / 2 + 1], seed, DType::F64, &device);
        let r = ComplexTensor::new(part(2), part(3));
        let mix = MixSpec {
            groups: 1,
            conjugate: Conjugate::None,
        };
        let spec = ModesSpec::new(
            vec![Modes::new(height, 0), Modes::new(width / 2 + 1, 0)],
            mix,
        );
        let got = ops::spectral_conv_modes(x.clone(), r.clone(), spec);
        let whole = ops::spectral_conv(
            x,
            r,
            ConvSpec {
                spatial: 2,
                mix,
                saved: Default::default(),
            },
        );
        assert_close("all modes", &values(got), &values(whole), 1e-13);
    }
}

/// A sum of waves of at most three cycles, sampled at `n` points.
fn waves(n: usize, device: &Device) -> Tensor<3> {
    let wave = |j: usize| {
        let t = std::f64::consts::TAU * j as f64 / n as f64;
        0.3 + (t + 0.4).sin() + 0.5 * (2.0 * t).cos() - 0.7 * (3.0 * t - 1.0).sin()
    };
    let samples: Vec<f64> = (0..n).map(wave).collect();
    common::tensor(&samples, [1, 1, n], DType::F32, device)
}

#[test]
fn a_layer_does_the_same_to_a_function_sampled_more_finely() {
    let device = Device::flex();
    let layer = SpectralConv1dConfig::new([1, 2], FourierModesConfig::new([5])).init(&device);
    let coarse = layer.forward(waves(12, &device));
    for factor in [2, 5] {
        let fine = layer.forward(waves(12 * factor, &device));
        let every: Vec<f64> = values(fine).into_iter().step_by(factor).collect();
        assert_close("the coarse samples", &every, &values(coarse.clone()), 1e-6);
    }
}

#[test]
fn an_empty_batch_stays_empty() {
    let device = Device::flex();
    let layer = SpectralConv1dConfig::new([1, 2], FourierModesConfig::new([5])).init(&device);
    assert_eq!(
        layer.forward(Tensor::zeros([0, 1, 12], &device)).dims(),
        [0, 2, 12]
    );
    let grid = FrequencyGrid::new(&[12]).unwrap();
    assert_eq!(
        FrequencyResponse::<3>::kept_bins(&layer.response, &grid),
        [5]
    );
}
