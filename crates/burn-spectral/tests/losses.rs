//! Relative errors in L2 and H1, and their gradients: against the neuraloperator library.

mod common;

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::operator::{
    Derivative, RelativeH1, relative_h1, relative_h1_per_sample, relative_l2,
    relative_l2_per_sample,
};
use common::golden::{Case, load};
use common::{DTYPES, assert_close, noise_tensor, values};

fn h1(case: &Case) -> Option<RelativeH1> {
    let derivative = match case.text("kind") {
        "l2" => return None,
        "h1_periodic" => Derivative::FiniteDifference { periodic: true },
        "h1_one_sided" => Derivative::FiniteDifference { periodic: false },
        "h1_spectral" => Derivative::Spectral,
        other => panic!("unknown loss {other}"),
    };
    let loss = RelativeH1::new(derivative);
    Some(match case.parameters["lengths"].as_array() {
        Some(lengths) => {
            let lengths: Vec<f64> = lengths.iter().map(|l| l.as_f64().unwrap()).collect();
            loss.with_lengths(lengths)
        }
        None => loss,
    })
}

fn check_golden<const D: usize>(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let input = case.leaf::<D>("input", dtype, &device);
    let target = case.leaf::<D>("target", dtype, &device);
    let loss = match h1(case) {
        Some(h1) => h1.forward(input.clone(), target.clone()),
        None => relative_l2(input.clone(), target.clone()),
    };
    case.check("output", loss.clone(), "loss");
    let gradients = (loss * case.tensor("cotangent", dtype, &device)).backward();
    case.check("grad.input", input.grad(&gradients).unwrap(), "loss");
    case.check("grad.target", target.grad(&gradients).unwrap(), "loss");
}

#[test]
fn losses_and_their_gradients_are_those_of_neuraloperator() {
    for case in &load("losses") {
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

#[test]
fn the_mean_is_that_of_the_samples() {
    let device = Device::flex();
    let draw = |seed| noise_tensor::<4>([3, 2, 6, 5], seed, DType::F64, &device);
    let (x, y) = (draw(1), draw(2));
    let derivative = Derivative::FiniteDifference { periodic: false };
    for (each, mean) in [
        (
            relative_l2_per_sample(x.clone(), y.clone()),
            relative_l2(x.clone(), y.clone()),
        ),
        (
            relative_h1_per_sample(x.clone(), y.clone(), derivative),
            relative_h1(x.clone(), y.clone(), derivative),
        ),
    ] {
        let each = values(each);
        assert_eq!(each.len(), 3);
        let expected = each.iter().sum::<f64>() / 3.0;
        assert_close("mean", &values(mean), &[expected], 1e-14);
    }
}

#[test]
fn the_h1_norm_of_a_wave_is_its_integral() {
    // u = sin(2πkx/L) on [0, L): mean u² = 1/2, mean u'² = (2πk/L)²/2.
    let (points, cycles, length) = (32, 3.0, 2.5);
    let wave: Vec<f64> = (0..points)
        .map(|j| (std::f64::consts::TAU * cycles * f64::from(j) / f64::from(points)).sin())
        .collect();
    let device = Device::flex();
    let u = common::tensor(&wave, [1, 1, wave.len()], DType::F64, &device);
    let rate = std::f64::consts::TAU * cycles / length;
    let ones = Tensor::ones_like(&u);
    let loss = RelativeH1::new(Derivative::Spectral).with_lengths([length]);
    // The norm of 1 is √points.
    let got = loss.forward(u + ones.clone(), ones);
    let expected = ((1.0 + rate * rate) / 2.0).sqrt();
    assert_close("wave", &values(got), &[expected], 1e-8);
}

#[test]
fn an_exact_prediction_has_no_error_and_no_gradient() {
    let device = Device::flex().autodiff();
    let target = noise_tensor::<3>([2, 1, 8], 5, DType::F32, &device.clone().inner());
    for derivative in [
        Derivative::Spectral,
        Derivative::FiniteDifference { periodic: true },
    ] {
        let x = Tensor::<3>::from_inner(target.clone()).require_grad();
        let loss = relative_h1(x.clone(), x.clone().detach(), derivative)
            + relative_l2(x.clone(), x.clone().detach());
        let gradients = loss.clone().backward();
        assert_eq!(values(loss), [0.0]);
        assert!(
            values(x.grad(&gradients).unwrap())
                .iter()
                .all(|g| *g == 0.0)
        );
    }
    // A target of zeros gives a finite error.
    let zeros = Tensor::<3>::zeros([1, 1, 8], &Device::flex());
    let error = relative_l2(zeros.clone() + 1e-8, zeros);
    assert!(values(error)[0].is_finite());
}

#[test]
fn half_precision_does_not_overflow() {
    let device = Device::flex();
    let target = Tensor::<3>::ones([1, 1, 4096], &device).cast(DType::F16) * 300.0;
    let error = relative_l2(target.clone() * 1.5, target);
    assert_eq!(error.dtype(), DType::F16);
    assert_close("half", &values(error), &[0.5], 1e-3);
}
