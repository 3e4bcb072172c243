//! The FFT-evaluated convolution against `torch.nn.functional`.

mod common;

use burn::tensor::{DType, Device};
use burn_spectral::conv::{FftConvAlgorithm, FftConvOptions, fft_conv};
use common::DTYPES;
use common::golden::{Case, load};

fn check<const D: usize>(case: &Case, dtype: DType) {
    let kernel = case
        .leaf::<D>("weight", dtype, &Device::flex().autodiff())
        .dims();
    let extent = (2..D).map(|axis| {
        let dilation: Vec<usize> = case.numbers("dilation");
        dilation[axis - 2] * (kernel[axis] - 1) + 1
    });
    let tile = extent.max().unwrap_or(1) + 2;
    for algorithm in [
        FftConvAlgorithm::Auto,
        FftConvAlgorithm::Direct,
        FftConvAlgorithm::Whole,
        FftConvAlgorithm::Tiled { tile },
    ] {
        check_one::<D>(case, dtype, algorithm);
    }
}

fn check_one<const D: usize>(case: &Case, dtype: DType, algorithm: FftConvAlgorithm) {
    let device = Device::flex().autodiff();
    let options = FftConvOptions {
        stride: case.numbers("stride"),
        padding: case
            .numbers("padding")
            .into_iter()
            .map(|zeros| (zeros, zeros))
            .collect(),
        dilation: case.numbers("dilation"),
        groups: case.number("groups"),
        algorithm,
        ..FftConvOptions::new(D - 2)
    };
    let x = case.leaf::<D>("input", dtype, &device);
    let weight = case.leaf::<D>("weight", dtype, &device);
    let bias = case
        .has("bias")
        .then(|| case.leaf::<1>("bias", dtype, &device));

    let y = fft_conv(x.clone(), weight.clone(), bias.clone(), &options);
    case.check("output", y.clone(), "");
    let gradients = (y * case.tensor("cotangent", dtype, &device))
        .sum()
        .backward();
    case.check("grad.input", x.grad(&gradients).unwrap(), "");
    case.check("grad.weight", weight.grad(&gradients).unwrap(), "");
    if let Some(bias) = bias {
        case.check("grad.bias", bias.grad(&gradients).unwrap(), "");
    }
}

#[test]
fn fft_convolutions_and_their_gradients_are_those_of_pytorch() {
    let cases = load("fftconv");
    for (case, dtype) in cases
        .iter()
        .flat_map(|case| DTYPES.map(|dtype| (case, dtype)))
    {
        match case.shape("input").len() {
            3 => check::<3>(case, dtype),
            4 => check::<4>(case, dtype),
            5 => check::<5>(case, dtype),
            rank => panic!("{}: no test for rank {rank}", case.name),
        }
    }
}
