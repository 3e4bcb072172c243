//! Spectral convolutions with low-rank weights and their gradients: against PyTorch, the dense weight and the fallback.

mod common;

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::operator::{
    ComplexParam, CpFactors, LowRank, LowRankFactors, LowRankModes, LowRankModesConfig,
    TuckerFactors,
};
use burn_spectral::ops::{self, Modes};
use burn_spectral::{ComplexTensor, SpectralInitializer};
use common::golden::{Case, load};
use common::gradient::{assert_gradients, weigh};
use common::{DTYPES, assert_close, noise_tensor, values};

fn corners(case: &Case) -> Vec<[usize; 2]> {
    let (positive, negative) = (case.numbers("positive"), case.numbers("negative"));
    positive
        .into_iter()
        .zip(negative)
        .map(|(p, n)| [p, n])
        .collect()
}

fn check_golden<const D: usize>(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let factor = |key: &str| ComplexParam::new(case.complex::<2>(key, dtype, &device));
    let modes = || (0..D - 2).map(|a| factor(&format!("mode{a}"))).collect();
    let weight = match case.text("form") {
        "cp" => LowRankFactors::Cp(CpFactors {
            scale: ComplexParam::new(case.complex("scale", dtype, &device)),
            outputs: factor("outputs"),
            inputs: factor("inputs"),
            modes: modes(),
        }),
        _ => LowRankFactors::Tucker(TuckerFactors {
            core: ComplexParam::new(case.complex("core", dtype, &device)),
            outputs: factor("outputs"),
            inputs: factor("inputs"),
            modes: modes(),
        }),
    };
    let layer = LowRankModes::<D> {
        weight,
        bias: None,
        corners: corners(case),
    };
    let x = case.leaf::<D>("input", dtype, &device);
    let y = layer.forward_to(x.clone(), &case.numbers("to"));
    case.check("output", y.clone(), "layer");
    let gradients = (y * case.tensor("cotangent", dtype, &device))
        .sum()
        .backward();
    case.check("grad.input", x.grad(&gradients).unwrap(), "layer");
    let matrices = |outputs, inputs, modes: Vec<ComplexParam<2>>| {
        let keys = (0..D - 2).map(|a| format!("mode{a}"));
        let names = ["outputs".to_string(), "inputs".to_string()];
        names
            .into_iter()
            .chain(keys)
            .zip([outputs, inputs].into_iter().chain(modes))
    };
    let pairs: Vec<_> = match layer.weight {
        LowRankFactors::Cp(cp) => {
            check_factor(case, "scale", cp.scale, &gradients);
            matrices(cp.outputs, cp.inputs, cp.modes).collect()
        }
        LowRankFactors::Tucker(tucker) => {
            check_factor(case, "core", tucker.core, &gradients);
            matrices(tucker.outputs, tucker.inputs, tucker.modes).collect()
        }
    };
    for (key, factor) in pairs {
        check_factor(case, &key, factor, &gradients);
    }
}

fn check_factor<const R: usize>(
    case: &Case,
    key: &str,
    factor: ComplexParam<R>,
    gradients: &burn::tensor::Gradients,
) {
    let gradient = ComplexTensor::new(
        factor.re.val().grad(gradients).unwrap(),
        factor.im.val().grad(gradients).unwrap(),
    );
    case.check_complex(&format!("grad.{key}"), gradient, "layer");
}

#[test]
fn layers_and_their_gradients_are_those_of_pytorch() {
    for case in &load("low_rank") {
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

/// Signals of these sizes, and what is kept of them.
type Grid = (&'static [usize], &'static [[usize; 2]]);

const GRIDS: [Grid; 6] = [
    (&[8], &[[5, 0]]),
    (&[7], &[[2, 0]]),
    (&[6, 7], &[[2, 3], [3, 0]]),
    (&[5, 8], &[[3, 2], [5, 0]]),
    (&[3, 4, 5], &[[2, 1], [1, 1], [3, 0]]),
    (&[2, 3, 4], &[[1, 0], [2, 1], [2, 0]]),
];

fn check_transforms<const D: usize>((sizes, corners): Grid) {
    let modes: Vec<Modes> = corners.iter().map(|&[p, n]| Modes::new(p, n)).collect();
    let dims: [usize; D] = [&[2, 3], sizes].concat().try_into().unwrap();
    let kept: Vec<usize> = corners.iter().map(|[p, n]| p + n).collect();
    let kept: [usize; D] = [&[2, 3], &kept[..]].concat().try_into().unwrap();
    let count = kept.iter().product::<usize>();
    let larger: Vec<usize> = sizes.iter().map(|n| n + 3).collect();
    for dtype in DTYPES {
        let device = Device::flex();
        let x = noise_tensor::<D>(dims, 3, dtype, &device);
        let limit = if dtype == DType::F64 { 1e-13 } else { 2e-6 };
        let (got, want) = (
            ops::rfft_modes(x.clone(), &modes),
            ops::rfft_modes_fallback(x, &modes),
        );
        assert_close("re", &values(got.re.clone()), &values(want.re), limit);
        assert_close("im", &values(got.im.clone()), &values(want.im), limit);
        for sizes in [sizes, &larger] {
            let y = ops::irfft_modes(got.clone(), &modes, sizes);
            let want = ops::irfft_modes_fallback(got.clone(), &modes, sizes);
            assert_close("signal", &values(y), &values(want), limit);
        }
    }
    let name = format!("{sizes:?} {corners:?}");
    assert_gradients(&name, &[dims.iter().product()], |flat| {
        let kept = ops::rfft_modes(flat[0].clone().reshape(dims), &modes);
        weigh(kept.re, 1) + weigh(kept.im, 2)
    });
    assert_gradients(&name, &[count, count], |flat| {
        let [re, im] = [0, 1].map(|part| flat[part].clone().reshape(kept));
        weigh(
            ops::irfft_modes(ComplexTensor::new(re, im), &modes, &larger),
            3,
        )
    });
}

#[test]
fn transforms_on_modes_match_the_fallback_and_differences() {
    for grid in GRIDS {
        match grid.0.len() {
            1 => check_transforms::<3>(grid),
            2 => check_transforms::<4>(grid),
            _ => check_transforms::<5>(grid),
        }
    }
}

#[test]
fn a_transform_over_the_last_axis_alone() {
    let device = Device::flex();
    let x = noise_tensor::<4>([2, 3, 5, 8], 1, DType::F64, &device);
    let modes = [Modes::new(3, 0)];
    let got = ops::rfft_modes(x.clone(), &modes);
    assert_eq!(got.dims(), [2, 3, 5, 3]);
    let want = ops::rfft_modes_fallback(x, &modes);
    assert_close("re", &values(got.re), &values(want.re), 1e-13);
    assert_close("im", &values(got.im), &values(want.im), 1e-13);
}

/// Parameters of a layer without bias, and those of its dense weight.
fn count(form: LowRank, modes: [usize; 2]) -> (usize, usize) {
    let config = LowRankModesConfig::new([32, 32], modes, form).with_bias(false);
    let layer: LowRankModes<4> = config.init(&Device::flex());
    let dense = 2 * 32 * 32 * 2 * modes[0] * modes[1];
    (layer.num_params(), dense)
}

#[test]
fn a_layer_holds_its_share_of_the_dense_parameters() {
    for rank in [0.01, 0.1, 0.5] {
        for form in [LowRank::Cp { rank }, LowRank::Tucker { rank }] {
            let (own, dense) = count(form, [12, 12]);
            let share = own as f64 / dense as f64;
            assert!((share / rank - 1.0).abs() < 0.2, "{form:?}: {share}");
        }
    }
}

#[test]
fn a_fresh_weight_has_the_mean_square_of_a_dense_one() {
    // The response to unit coefficients at one mode is a row of the weight.
    let device = Device::flex();
    for (form, initializer, expected) in [
        (
            LowRank::Cp { rank: 0.5 },
            SpectralInitializer::Conv,
            1.0 / 48.0,
        ),
        (
            LowRank::Tucker { rank: 0.5 },
            SpectralInitializer::Conv,
            1.0 / 48.0,
        ),
        (
            LowRank::Cp { rank: 0.5 },
            SpectralInitializer::Glorot,
            1.0 / 24.0,
        ),
        (
            LowRank::Tucker { rank: 0.5 },
            SpectralInitializer::Normal(0.2),
            0.08,
        ),
    ] {
        let config = LowRankModesConfig::new([16, 32], [16], form).with_initializer(initializer);
        let modes = [Modes::new(16, 0)];
        let mut mean = 0.0;
        const DRAWS: usize = 24;
        for _ in 0..DRAWS {
            let layer: LowRankModes<3> = config.init(&device);
            // One batch entry per input channel, all modes at once.
            let unit = Tensor::<2>::eye(16, &device)
                .reshape([16, 16, 1])
                .repeat_dim(2, 16);
            let kept = ComplexTensor::new(unit.clone(), unit * 0.0);
            let x = ops::irfft_modes(kept, &modes, &[64]);
            let y = ops::rfft_modes(layer.forward(x), &modes);
            // Mode 0 of a real signal is real.
            let power = y.norm_sqr().narrow(2, 1, 15).mean();
            mean += power.into_scalar::<f64>() / DRAWS as f64;
        }
        let ratio = mean / expected;
        assert!(
            (ratio - 1.0).abs() < 0.25,
            "{form:?} {initializer:?}: {ratio}"
        );
    }
}

#[test]
fn the_bias_is_added_and_wrong_inputs_are_refused() {
    let device = Device::flex();
    let form = LowRank::Cp { rank: 0.3 };
    let mut layer: LowRankModes<3> = LowRankModesConfig::centered([2, 3], [6], form).init(&device);
    assert_eq!(layer.channels(), [2, 3]);
    assert_eq!(layer.corners, [[4, 0]]);
    let zeros = Tensor::<3>::zeros([1, 2, 9], &device);
    layer.bias = Some(Param::from_tensor(Tensor::from_floats(
        [1.0, 2.0, 3.0],
        &device,
    )));
    let y = layer.forward(zeros);
    assert_eq!(values(y.narrow(2, 4, 1)), [1.0, 2.0, 3.0]);
    let text = |dims, sizes: &[usize]| layer.check(dims, sizes).unwrap_err().to_string();
    assert_eq!(
        text([1, 3, 9], &[9]),
        "expected 2 channels, got an input of shape [1, 3, 9]"
    );
    assert!(text([1, 2, 5], &[9]).starts_with("inputs of size [5] have fewer frequencies"));
    assert!(text([1, 2, 9], &[4]).starts_with("inputs of size [4] have fewer frequencies"));
    assert!(text([1, 2, 9], &[9, 9]).starts_with("expected 1 sizes"));
    let refused = |config: LowRankModesConfig| config.try_init::<3>(&device).is_err();
    assert!(refused(LowRankModesConfig::new([2, 3], [4, 4], form)));
    assert!(refused(LowRankModesConfig::new([0, 3], [4], form)));
    assert!(refused(LowRankModesConfig::new([2, 3], [0], form)));
    assert!(refused(LowRankModesConfig::new(
        [2, 3],
        [4],
        LowRank::Tucker { rank: 0.0 }
    )));
    assert!(refused(
        LowRankModesConfig::new([2, 3], [4], form).with_initializer(SpectralInitializer::Published)
    ));
}
