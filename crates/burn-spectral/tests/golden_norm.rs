//! Batch normalization with activation and pool against `torch.nn.functional`.

mod common;

use burn::tensor::{DType, Device};
use burn_spectral::ops::{Activation, ChannelSpec, MaxPool, batch_norm_train};
use common::DTYPES;
use common::golden::{Case, load};

fn check(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let pair = |key| -> [usize; 2] { case.numbers(key).try_into().unwrap() };
    let number = |key: &str| case.parameters[key].as_f64().unwrap();
    let spec = ChannelSpec {
        activation: Activation::LeakyRelu {
            slope: number("slope"),
        },
        pool: Some(MaxPool {
            window: pair("window"),
            stride: pair("stride"),
            padding: pair("padding"),
        }),
    };
    let x = case.leaf::<4>("input", dtype, &device);
    let [gamma, beta] = ["gamma", "beta"].map(|key| case.leaf::<1>(key, dtype, &device));
    let batch = batch_norm_train(
        x.clone(),
        gamma.clone(),
        beta.clone(),
        number("epsilon"),
        spec,
    );
    case.check("output", batch.output.clone(), "");
    case.check("mean", batch.mean, "");
    case.check("variance", batch.variance, "");
    let gradients = (batch.output * case.tensor("cotangent", dtype, &device))
        .sum()
        .backward();
    case.check("grad.input", x.grad(&gradients).unwrap(), "");
    case.check("grad.gamma", gamma.grad(&gradients).unwrap(), "");
    case.check("grad.beta", beta.grad(&gradients).unwrap(), "");
}

#[test]
fn normalized_batches_and_their_gradients_are_those_of_pytorch() {
    for case in load("norm") {
        for dtype in DTYPES {
            check(&case, dtype);
        }
    }
}
