//! Layers of networks that live on spectra, against PyTorch.

mod common;

use burn::module::{Param, RunningState};
use burn::nn::activation::ActivationConfig;
use burn::nn::{LeakyReluConfig, LinearConfig};
use burn::tensor::{DType, Device, Gradients, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::conv::KernelOrigin;
use burn_spectral::frequency::{
    CLeakyRelu, ComplexBatchNorm, ComplexBatchNormConfig, ComplexLinear, ComplexNormForm,
    Projection, SpectrumGrid, SupportProjection, ThroughImageConfig, TwoBranchLinear,
};
use burn_spectral::published::{
    ElementwiseConv2d, ElementwiseConv2dConfig, ElementwiseForm, ElementwiseWeight,
    ElementwiseWeights, FreeWeight, SpatialMaxPoolConfig, TapWeight,
};
use common::golden::{Case, load};
use common::{DTYPES, assert_close, values};

fn pair(numbers: Vec<usize>) -> [usize; 2] {
    numbers.try_into().unwrap()
}

fn grid(case: &Case) -> SpectrumGrid {
    let size = pair(case.numbers("size"));
    match case.text("extent") {
        "half" => SpectrumGrid::half(size),
        _ => SpectrumGrid::full(size),
    }
}

fn origin(case: &Case) -> KernelOrigin {
    match case.text("origin") {
        "center" => KernelOrigin::Center,
        _ => KernelOrigin::First,
    }
}

fn complex_param<const D: usize>(value: ComplexTensor<D>) -> [Param<Tensor<D>>; 2] {
    [value.re, value.im].map(Param::from_tensor)
}

/// Runs a layer on a complex input, checks its output and the input's gradient, and gives the
/// gradients of everything else.
fn check_complex<const D: usize>(
    case: &Case,
    dtype: DType,
    layer: impl FnOnce(ComplexTensor<D>) -> ComplexTensor<D>,
) -> Gradients {
    let device = Device::flex().autodiff();
    let x = case.complex_leaf::<D>("input", dtype, &device);
    let y = layer(x.clone());
    let gradients = complex_loss(case, y).backward();
    let gradient = x.map(|part| part.grad(&gradients).unwrap());
    case.check_complex("grad.input", gradient, "");
    gradients
}

/// Checks a complex output, and gives its inner product with the cotangent.
fn complex_loss<const D: usize>(case: &Case, y: ComplexTensor<D>) -> Tensor<1> {
    let cotangent = case.complex::<D>("cotangent", y.re.dtype(), &y.device());
    case.check_complex("output", y.clone(), "");
    (y.re * cotangent.re).sum() + (y.im * cotangent.im).sum()
}

fn check_pair<const D: usize>(
    case: &Case,
    key: &str,
    [re, im]: [&Param<Tensor<D>>; 2],
    gradients: &Gradients,
) {
    let [re, im] = [re, im].map(|part| part.val().grad(gradients).unwrap());
    case.check_complex(key, ComplexTensor::new(re, im), "");
}

// Convolutions and projections.

fn elementwise(case: &Case, dtype: DType, device: &Device) -> ElementwiseConv2d {
    let form = match case.text("form") {
        "published" => ElementwiseForm::Published,
        _ => ElementwiseForm::Repaired,
    };
    let weights = match case.text("weights") {
        "free" => ElementwiseWeights::Free,
        "orthogonal" => ElementwiseWeights::Projected(Projection::Orthogonal),
        "oblique" => ElementwiseWeights::Projected(Projection::Oblique),
        _ => ElementwiseWeights::Taps,
    };
    let [channels, taps, size] = ["channels", "taps", "size"].map(|key| pair(case.numbers(key)));
    let config = ElementwiseConv2dConfig::new(channels, taps, size)
        .with_form(form)
        .with_weights(weights)
        .with_origin(origin(case));
    let mut layer = config.init(device);
    layer.weight = match weights {
        ElementwiseWeights::Taps => ElementwiseWeight::Taps(TapWeight {
            taps: Param::from_tensor(case.tensor("weight", dtype, device)),
        }),
        _ => {
            let [re, im] = complex_param(case.complex("weight", dtype, device));
            ElementwiseWeight::Free(FreeWeight { re, im })
        }
    };
    layer
}

#[test]
fn elementwise_convolutions_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    let cases = load("cemnet");
    let cases = cases
        .iter()
        .filter(|case| case.text("kind") == "elementwise");
    assert_eq!(cases.clone().count(), 52);
    for case in cases {
        for dtype in DTYPES {
            let layer = elementwise(case, dtype, &device);
            let gradients = check_complex(case, dtype, |x| layer.forward(x));
            match &layer.weight {
                ElementwiseWeight::Free(weight) => {
                    check_pair(case, "grad.weight", [&weight.re, &weight.im], &gradients);
                }
                ElementwiseWeight::Taps(weight) => {
                    let gradient = weight.taps.val().grad(&gradients).unwrap();
                    case.check("grad.weight", gradient, "");
                }
            }
        }
    }
}

#[test]
fn the_energy_outside_a_kernel_and_its_gradient_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    let cases = load("cemnet");
    for case in cases.iter().filter(|case| case.text("kind") == "outside") {
        for dtype in DTYPES {
            let support = SupportProjection::new(grid(case), pair(case.numbers("taps")))
                .with_origin(origin(case));
            let weight = case.complex_leaf::<4>("weight", dtype, &device);
            let energy = support.energy_outside(weight.clone());
            case.check("output", energy.clone(), "");
            let loss = energy * case.tensor::<1>("cotangent", dtype, &device);
            let gradients = loss.backward();
            let gradient = weight.map(|part| part.grad(&gradients).unwrap());
            case.check_complex("grad.weight", gradient, "");
        }
    }
}

// Normalizations.

/// The layer of a case with its parameters, and running statistics in its precision.
fn norm(case: &Case, dtype: DType, device: &Device) -> ComplexBatchNorm {
    let channels = case.number("channels");
    let form = match case.text("form") {
        "per_part" => ComplexNormForm::PerPart,
        "magnitude" => ComplexNormForm::Magnitude(grid(case)),
        "centered" => ComplexNormForm::CenteredMagnitude(grid(case)),
        "whitening" => ComplexNormForm::Whitening,
        _ => ComplexNormForm::Image(grid(case)),
    };
    let config = ComplexBatchNormConfig::new(channels, form).with_epsilon(1e-3);
    let layer = config.init(device);
    fn cast<const D: usize>(
        state: &RunningState<Tensor<D>>,
        dtype: DType,
    ) -> RunningState<Tensor<D>> {
        RunningState::new(state.value().cast(dtype))
    }
    let parameter = |key| Param::from_tensor(case.tensor::<2>(key, dtype, device));
    let vector = |key| Param::from_tensor(case.tensor::<1>(key, dtype, device));
    let row = |key, index| {
        let rows = case.tensor::<2>(key, dtype, device);
        Param::from_tensor(rows.narrow(0, index, 1).squeeze_dim::<1>(0))
    };
    match layer {
        ComplexBatchNorm::PerPart(mut layer) => {
            for (index, part) in [&mut layer.re, &mut layer.im].into_iter().enumerate() {
                part.gamma = row("gamma", index);
                part.beta = row("beta", index);
                part.running_mean = cast(&part.running_mean, dtype);
                part.running_var = cast(&part.running_var, dtype);
            }
            ComplexBatchNorm::PerPart(layer)
        }
        ComplexBatchNorm::Magnitude(mut layer) => {
            layer.gamma = vector("gamma");
            layer.beta = layer.beta.is_some().then(|| parameter("beta"));
            layer.running_mean = layer.running_mean.map(|state| cast(&state, dtype));
            layer.running_power = cast(&layer.running_power, dtype);
            ComplexBatchNorm::Magnitude(layer)
        }
        ComplexBatchNorm::Whitening(mut layer) => {
            layer.gamma = parameter("gamma");
            layer.beta = parameter("beta");
            layer.running_mean = cast(&layer.running_mean, dtype);
            layer.running_covariance = cast(&layer.running_covariance, dtype);
            ComplexBatchNorm::Whitening(layer)
        }
        ComplexBatchNorm::Image(mut layer) => {
            layer.norm.gamma = vector("gamma");
            layer.norm.beta = vector("beta");
            layer.norm.running_mean = cast(&layer.norm.running_mean, dtype);
            layer.norm.running_var = cast(&layer.norm.running_var, dtype);
            ComplexBatchNorm::Image(layer)
        }
    }
}

/// Running mean and spread in the order of the golden files, and what they start from.
fn running(layer: &ComplexBatchNorm) -> [(Vec<f64>, Vec<f64>); 2] {
    let channels = layer.channels();
    let with_start = |got: Vec<f64>, start: &[f64]| {
        let start = start.iter().flat_map(|&value| vec![value; channels]);
        (got, start.collect())
    };
    // Layers are made in f32.
    let half = f64::from(std::f32::consts::FRAC_1_SQRT_2);
    match layer {
        ComplexBatchNorm::PerPart(layer) => {
            let both = |of: fn(&burn::nn::BatchNorm) -> &RunningState<Tensor<1>>| {
                [&layer.re, &layer.im]
                    .map(|part| values(of(part).value_sync()))
                    .concat()
            };
            let mean = both(|part| &part.running_mean);
            [
                with_start(mean, &[0.0; 2]),
                with_start(both(|part| &part.running_var), &[1.0; 2]),
            ]
        }
        ComplexBatchNorm::Magnitude(layer) => {
            let mean = match &layer.running_mean {
                Some(mean) => values(mean.value_sync()),
                None => vec![0.0; 2 * channels],
            };
            [
                with_start(mean, &[0.0; 2]),
                with_start(values(layer.running_power.value_sync()), &[1.0]),
            ]
        }
        ComplexBatchNorm::Whitening(layer) => [
            with_start(values(layer.running_mean.value_sync()), &[0.0; 2]),
            with_start(
                values(layer.running_covariance.value_sync()),
                &[half, 0.0, half],
            ),
        ],
        ComplexBatchNorm::Image(layer) => [
            with_start(values(layer.norm.running_mean.value_sync()), &[0.0]),
            with_start(values(layer.norm.running_var.value_sync()), &[1.0]),
        ],
    }
}

#[test]
fn normalizations_are_those_of_pytorch_and_of_the_published_formulas() {
    let device = Device::flex().autodiff();
    let cases = load("cemnet");
    let cases = cases.iter().filter(|case| case.text("kind") == "norm");
    assert_eq!(cases.clone().count(), 40);
    for case in cases {
        for dtype in DTYPES {
            let layer = norm(case, dtype, &device);
            let gradients = match case.text("form") {
                "image" => {
                    let x = case.leaf::<4>("input", dtype, &device);
                    let y = grid(case).image(layer.forward(grid(case).spectrum(x.clone())));
                    case.check("output", y.clone(), "");
                    let loss = (y * case.tensor::<4>("cotangent", dtype, &device)).sum();
                    let gradients = loss.backward();
                    case.check("grad.input", x.grad(&gradients).unwrap(), "");
                    gradients
                }
                _ => check_complex::<4>(case, dtype, |x| layer.forward(x)),
            };
            let matrix = |key: &str, value: &Param<Tensor<2>>| {
                case.check(key, value.val().grad(&gradients).unwrap(), "");
            };
            let vector = |key: &str, value: &Param<Tensor<1>>| {
                case.check(key, value.val().grad(&gradients).unwrap(), "");
            };
            match &layer {
                ComplexBatchNorm::PerPart(layer) => {
                    let rows = |re: &Param<Tensor<1>>, im: &Param<Tensor<1>>| {
                        let row = |part: &Param<Tensor<1>>| part.val().grad(&gradients).unwrap();
                        Tensor::<1>::stack::<2>(vec![row(re), row(im)], 0)
                    };
                    case.check("grad.gamma", rows(&layer.re.gamma, &layer.im.gamma), "");
                    case.check("grad.beta", rows(&layer.re.beta, &layer.im.beta), "");
                }
                ComplexBatchNorm::Magnitude(layer) => {
                    vector("grad.gamma", &layer.gamma);
                    layer.beta.iter().for_each(|beta| matrix("grad.beta", beta));
                }
                ComplexBatchNorm::Whitening(layer) => {
                    matrix("grad.gamma", &layer.gamma);
                    matrix("grad.beta", &layer.beta);
                }
                ComplexBatchNorm::Image(layer) => {
                    vector("grad.gamma", &layer.norm.gamma);
                    vector("grad.beta", &layer.norm.beta);
                }
            }
            if dtype == DType::F64 {
                for (key, (got, start)) in ["mean", "spread"].into_iter().zip(running(&layer)) {
                    let batch = case.values(key).iter();
                    let want: Vec<f64> = start
                        .iter()
                        .zip(batch)
                        .map(|(start, batch)| 0.9 * start + 0.1 * batch)
                        .collect();
                    assert_close(&format!("{} running {key}", case.name), &got, &want, 1e-12);
                }
            }
        }
    }
}

// Through the image.

#[test]
fn operations_on_the_image_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    let cases = load("cemnet");
    let leaky = LeakyReluConfig::new().with_negative_slope(0.1);
    let cases = cases.iter().filter(|case| case.text("kind") == "through");
    assert_eq!(cases.clone().count(), 32);
    for case in cases {
        for dtype in DTYPES {
            let grid = grid(case);
            let through = |activation| ThroughImageConfig::new(grid, activation);
            let leaky = || ActivationConfig::LeakyRelu(leaky.clone());
            match case.text("operation") {
                "leaky" => {
                    let layer = through(leaky()).init(&device);
                    check_complex(case, dtype, |x| layer.forward(x));
                }
                "leaky_pool" => {
                    let layer = through(leaky()).with_pool(Some([2, 2])).init(&device);
                    check_complex(case, dtype, |x| layer.forward(x));
                }
                "pool" => {
                    let layer = SpatialMaxPoolConfig::new(grid).init();
                    check_complex(case, dtype, |x| layer.forward(x));
                }
                "antialiased" => {
                    let layer = through(ActivationConfig::Tanh).with_factor(2).init(&device);
                    let x = case.leaf::<4>("input", dtype, &device);
                    let loss = complex_loss(case, layer.forward(grid.spectrum(x.clone())));
                    let gradients = loss.backward();
                    case.check("grad.input", x.grad(&gradients).unwrap(), "");
                }
                other => panic!("{}: unknown operation {other}", case.name),
            }
        }
    }
}

#[test]
fn the_leaky_activation_is_that_of_pytorch() {
    let cases = load("cemnet");
    for case in cases
        .iter()
        .filter(|case| case.text("kind") == "cleakyrelu")
    {
        for dtype in DTYPES {
            check_complex::<4>(case, dtype, |x| CLeakyRelu::default().forward(x));
        }
    }
}

// Heads.

#[test]
fn heads_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    let cases = load("cemnet");
    for case in cases.iter().filter(|case| case.text("kind") == "dense") {
        for dtype in DTYPES {
            let weight = case.complex::<2>("weight", dtype, &device);
            let bias = case.complex::<1>("bias", dtype, &device);
            match case.text("form") {
                "complex" => {
                    let bias = Tensor::stack::<2>(vec![bias.re, bias.im], 0);
                    let [re, im] = complex_param(weight);
                    let layer = ComplexLinear {
                        re,
                        im,
                        bias: Some(Param::from_tensor(bias)),
                    };
                    let gradients = check_complex::<2>(case, dtype, |x| layer.forward(x));
                    check_pair(case, "grad.weight", [&layer.re, &layer.im], &gradients);
                    let rows = layer.bias.unwrap().val().grad(&gradients).unwrap();
                    let row = |index| rows.clone().narrow(0, index, 1).squeeze_dim::<1>(0);
                    case.check_complex("grad.bias", ComplexTensor::new(row(0), row(1)), "");
                }
                _ => {
                    let branch = |weight: Tensor<2>, bias| {
                        let [inputs, outputs] = weight.dims();
                        let mut branch = LinearConfig::new(inputs, outputs).init(&device);
                        branch.weight = Param::from_tensor(weight);
                        branch.bias = Some(Param::from_tensor(bias));
                        branch
                    };
                    let layer = TwoBranchLinear {
                        re: branch(weight.re, bias.re),
                        im: branch(weight.im, bias.im),
                    };
                    let gradients = check_complex::<2>(case, dtype, |x| layer.forward(x));
                    let weights = [&layer.re.weight, &layer.im.weight];
                    check_pair(case, "grad.weight", weights, &gradients);
                    let biases =
                        [&layer.re.bias, &layer.im.bias].map(|bias| bias.as_ref().unwrap());
                    check_pair(case, "grad.bias", biases, &gradients);
                }
            }
        }
    }
}
