//! The factorized Fourier neural operator and its gradients: against PyTorch.

mod common;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{DType, Device, Gradients, Tensor};
use burn_spectral::operator::{
    AxisModes, ChannelMlp, DomainPadding, FeedForward, Ffno, FfnoConfig, Pointwise,
};
use burn_spectral::response::FourierModes;
use burn_spectral::{ComplexTensor, SpectralInitializer};
use common::golden::{Case, load};
use common::{DTYPES, values};

fn filter<const D: usize>(
    case: &Case,
    prefix: &str,
    dtype: DType,
    device: &Device,
) -> AxisModes<D> {
    let axis = |a: usize| {
        let weights = case.complex::<3>(&format!("{prefix}axis{a}"), dtype, device);
        let modes = weights.dims()[2];
        FourierModes {
            re: Param::from_tensor(weights.re),
            im: Param::from_tensor(weights.im),
            corners: vec![[modes, 0]],
        }
    };
    AxisModes {
        axes: (0..D - 2).map(axis).collect(),
    }
}

fn check_filter<const D: usize>(
    case: &Case,
    prefix: &str,
    filter: &AxisModes<D>,
    gradients: &Gradients,
) {
    for (a, axis) in filter.axes.iter().enumerate() {
        let [re, im] = [&axis.re, &axis.im].map(|part| part.val().grad(gradients).unwrap());
        let key = format!("grad.{prefix}axis{a}");
        case.check_complex(&key, ComplexTensor::new(re, im), "layer");
    }
}

fn check_axes<const D: usize>(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let filter = filter::<D>(case, "", dtype, &device);
    let x = case.leaf::<D>("input", dtype, &device);
    let y = filter
        .forward(x.clone().movedim(1, D - 1))
        .movedim(D - 1, 1);
    case.check("output", y.clone(), "filter");
    let gradients = (y * case.tensor("cotangent", dtype, &device))
        .sum()
        .backward();
    case.check("grad.input", x.grad(&gradients).unwrap(), "filter");
    check_filter(case, "", &filter, &gradients);
}

fn check_network<const D: usize>(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let matrix = |key: String| Param::from_tensor(case.tensor::<2>(&key, dtype, &device));
    let vector = |key: String| Some(Param::from_tensor(case.tensor::<1>(&key, dtype, &device)));
    let pointwise = |name: &str| ChannelMlp::<D> {
        layers: vec![Pointwise {
            weight: matrix(format!("{name}.weight")),
            bias: vector(format!("{name}.bias")),
        }],
    };
    let linear = |name: String| Linear {
        weight: matrix(format!("{name}.weight")),
        bias: vector(format!("{name}.bias")),
    };
    let layers = case.number("layers");
    let shared = case.parameters["shared"].as_bool().unwrap();
    let filters = if shared { 1 } else { layers };
    let network = Ffno::<D> {
        lifting: pointwise("lifting"),
        filters: (0..filters)
            .map(|layer| filter(case, &format!("filter{layer}."), dtype, &device))
            .collect(),
        feeds: (0..layers)
            .map(|layer| FeedForward {
                first: linear(format!("first{layer}")),
                second: linear(format!("second{layer}")),
            })
            .collect(),
        projection: pointwise("projection"),
        grid: None,
        padding: None,
    };
    let x = case.leaf::<D>("input", dtype, &device);
    let y = network.forward(x.clone());
    case.check("output", y.clone(), "network");
    let gradients = (y * case.tensor("cotangent", dtype, &device))
        .sum()
        .backward();
    case.check("grad.input", x.grad(&gradients).unwrap(), "network");
    let check = |name: String, weight: &Param<Tensor<2>>, bias: &Option<Param<Tensor<1>>>| {
        let gradient = weight.val().grad(&gradients).unwrap();
        case.check(&format!("grad.{name}.weight"), gradient, "network");
        let gradient = bias.as_ref().unwrap().val().grad(&gradients).unwrap();
        case.check(&format!("grad.{name}.bias"), gradient, "network");
    };
    for (name, mlp) in [
        ("lifting", &network.lifting),
        ("projection", &network.projection),
    ] {
        check(name.into(), &mlp.layers[0].weight, &mlp.layers[0].bias);
    }
    for (layer, filter) in network.filters.iter().enumerate() {
        check_filter(case, &format!("filter{layer}."), filter, &gradients);
    }
    for (layer, feed) in network.feeds.iter().enumerate() {
        check(
            format!("first{layer}"),
            &feed.first.weight,
            &feed.first.bias,
        );
        check(
            format!("second{layer}"),
            &feed.second.weight,
            &feed.second.bias,
        );
    }
}

#[test]
fn filters_and_networks_and_their_gradients_are_those_of_pytorch() {
    for case in &load("factorized") {
        for dtype in DTYPES {
            match (case.text("kind"), case.shape("input").len()) {
                ("axes", 3) => check_axes::<3>(case, dtype),
                ("axes", 4) => check_axes::<4>(case, dtype),
                ("axes", 5) => check_axes::<5>(case, dtype),
                ("network", 3) => check_network::<3>(case, dtype),
                ("network", 4) => check_network::<4>(case, dtype),
                ("network", 5) => check_network::<5>(case, dtype),
                other => panic!("unknown case {other:?}"),
            }
        }
    }
}

#[test]
fn shared_weights_are_counted_once_and_the_weights_grow_with_the_sum_of_modes() {
    let device = Device::flex();
    let count = |config: FfnoConfig| -> usize {
        let network: Ffno<4> = config.init(&device);
        network.num_params()
    };
    let config = FfnoConfig::new([1, 1], [6, 8], 8, 3);
    let filter = 2 * 8 * 8 * (6 + 8);
    let feed = 8 * 32 + 32 + 32 * 8 + 8;
    let ends = 3 * 8 + 8 + (8 * 16 + 16 + 16 + 1);
    assert_eq!(count(config.clone()), ends + 3 * (filter + feed));
    assert_eq!(count(config.with_shared(true)), ends + filter + 3 * feed);
}

#[test]
fn a_padded_network_keeps_the_size_and_empty_batches_keep_the_graph() {
    let device = Device::flex().autodiff();
    let network: Ffno<4> = FfnoConfig::new([2, 3], [4, 4], 4, 2)
        .with_padding(Some(DomainPadding::one_sided([0.25, 0.25])))
        .init(&device);
    assert_eq!(network.channels(), [2, 3]);
    let x = Tensor::<4>::ones([2, 2, 9, 12], &device);
    assert_eq!(network.forward(x).dims(), [2, 3, 9, 12]);
    let x = Tensor::<4>::zeros([0, 2, 9, 12], &device).require_grad();
    let y = network.forward(x.clone());
    assert_eq!(y.dims(), [0, 3, 9, 12]);
    assert!(values(x.grad(&y.sum().backward()).unwrap()).is_empty());
}

#[test]
fn wrong_inputs_and_settings_are_refused() {
    let device = Device::flex();
    let config = FfnoConfig::new([1, 1], [6, 3], 4, 1);
    let network: Ffno<4> = config.init(&device);
    let text = |dims| network.check(dims).unwrap_err().to_string();
    assert!(network.check([1, 1, 10, 4]).is_ok());
    assert_eq!(
        text([1, 2, 10, 4]),
        "expected 1 channels, got an input of shape [1, 2, 10, 4]"
    );
    assert!(text([1, 1, 9, 4]).starts_with("inputs of size [9, 4] have fewer frequencies"));
    let refused = |config: FfnoConfig| config.try_init::<4>(&device).unwrap_err().to_string();
    assert_eq!(
        refused(config.clone().with_factor(0)),
        "the factor of the feed-forward networks must be at least 1, got 0"
    );
    assert_eq!(
        refused(FfnoConfig::new([1, 1], [6], 4, 1)),
        "expected 2 sizes, one per spatial axis, got [6]"
    );
    assert!(refused(config.with_initializer(SpectralInitializer::Decay)).contains("Decay"));
}
