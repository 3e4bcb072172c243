//! Polynomial and Gaussian responses: the gradients of the stable forms, and what both forms refuse.

mod common;
mod parametric_common;

use burn::module::{Param, ParamId};
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::FrequencyGrid;
use burn_spectral::conv::{SpectralConv, SpectralConv2d};
use burn_spectral::response::{
    Coupling, FrequencyResponse, Gaussian, GaussianConfig, ParametricForm, Polynomial,
    PolynomialConfig, ResponseConfig,
};
use common::gradient::{assert_gradients, weigh};
use common::{assert_close, noise, noise_tensor, tensor, values};
use parametric_common::{published, published_gaussian, stable_gaussian, stable_polynomial};

// Gradients of the stable forms.

#[test]
fn gradients_of_the_stable_polynomial_are_finite_differences() {
    for (size, order) in [([4, 6], 1), ([5, 7], 3), ([6, 5], 4)] {
        let like = stable_polynomial::<4>(order, [2, 2]);
        let [re, im] = [like.re.dims(), like.im.dims()];
        let counts = [
            2 * 2 * size[0] * size[1],
            re.iter().product(),
            im.iter().product(),
        ];
        assert_eq!(counts[1] + counts[2], 4 * (1 + 2 * order), "order {order}");
        // Linear in the input and in each coefficient, so that the loss is quadratic in any one.
        assert_gradients("polynomial", &counts, |inputs| {
            let response = Polynomial {
                re: Param::initialized(ParamId::new(), inputs[1].clone().reshape(re)),
                im: Param::initialized(ParamId::new(), inputs[2].clone().reshape(im)),
                ..like.clone()
            };
            let layer = SpectralConv2d::from_response(response, [2, 2], Coupling::Dense).unwrap();
            let x = inputs[0].clone().reshape([2, 2, size[0], size[1]]);
            weigh(layer.forward(x), 7)
        });
    }
}

/// Asserts that gradients with respect to the parameters of a stable Gaussian are differences of
/// fourth order.
fn check_gaussian_gradients<const D: usize>(size: &[usize]) {
    const STEP: f64 = 5e-4;
    let like = stable_gaussian::<D>([2, 1]);
    let dims = like.re.dims();
    let count: usize = dims.iter().product();
    let loss = |parameters: [Tensor<1>; 2]| {
        let device = parameters[0].device();
        let [re, im] =
            parameters.map(|part| Param::initialized(ParamId::new(), part.reshape(dims)));
        let response = Gaussian {
            re,
            im,
            ..like.clone()
        };
        let layer = SpectralConv::<D, _>::from_response(response, [1, 2], Coupling::Dense).unwrap();
        let mut shape = vec![2, 1];
        shape.extend(size);
        let x = noise_tensor::<D>(shape.try_into().unwrap(), 3, DType::F64, &device);
        weigh(layer.forward(x), 9)
    };
    let point = noise(2 * count, 11);
    let halves = |point: &[f64], device: &Device| {
        let (re, im) = point.split_at(count);
        [re, im].map(|part| tensor(part, [count], DType::F64, device))
    };
    let at = |element: usize, step: f64| {
        let mut moved = point.clone();
        moved[element] += step;
        values(loss(halves(&moved, &Device::flex())))[0]
    };
    let slope = |e: usize| {
        let difference = |h: f64| (at(e, h) - at(e, -h)) / (2.0 * h);
        (4.0 * difference(STEP) - difference(2.0 * STEP)) / 3.0
    };
    let want: Vec<f64> = (0..2 * count).map(slope).collect();
    let leaves = halves(&point, &Device::flex().autodiff()).map(Tensor::require_grad);
    let gradients = loss(leaves.clone()).backward();
    let got: Vec<f64> = leaves
        .iter()
        .flat_map(|leaf| values(leaf.grad(&gradients).unwrap()))
        .collect();
    assert_close(&format!("Gaussian at {size:?}"), &got, &want, 1e-9);
}

#[test]
fn gradients_of_the_stable_gaussian_are_finite_differences() {
    check_gaussian_gradients::<3>(&[9]);
    check_gaussian_gradients::<4>(&[4, 6]);
    check_gaussian_gradients::<4>(&[5, 7]);
    check_gaussian_gradients::<5>(&[3, 4, 2]);
}

// What they refuse.

#[test]
fn published_forms_are_for_images() {
    let device = Device::flex();
    let text = |error: burn_spectral::SpectralError| error.to_string();
    let one = ResponseConfig::<3>::try_init(&published(1), [1, 1], &device).unwrap_err();
    assert_eq!(
        text(one),
        "the published form of a polynomial response has 2 spatial axes, got 1; use ParametricForm::Stable"
    );
    let three = ResponseConfig::<5>::try_init(&published_gaussian(), [1, 1], &device).unwrap_err();
    assert_eq!(
        text(three),
        "the published form of a Gaussian response has 2 spatial axes, got 3; use ParametricForm::Stable"
    );
    let two = ResponseConfig::<4>::init(&published(1), [1, 1], &device);
    let grid = FrequencyGrid::new(&[64]).unwrap();
    let error = FrequencyResponse::<3>::check(&two, &grid).unwrap_err();
    assert_eq!(
        text(error),
        "expected 2 sizes, one per spatial axis, got [64]"
    );
}

#[test]
fn a_stable_polynomial_has_at_least_order_one() {
    let error = ResponseConfig::<4>::try_init(&PolynomialConfig::new(0), [1, 1], &Device::flex());
    let text = error.unwrap_err().to_string();
    assert_eq!(
        text,
        "the order of a stable polynomial must be at least 1, got 0"
    );
}

fn layer_with_nan(form: ParametricForm) -> SpectralConv2d<Gaussian> {
    let device = Device::flex();
    let config = GaussianConfig::new().with_form(form);
    let mut response: Gaussian = config_init(&config, &device);
    let values = [0.0, 0.0, 1.0, f64::NAN, 1.0, 1.0];
    response.im = Param::from_tensor(tensor(&values, [1, 1, 6], DType::F32, &device));
    SpectralConv2d::from_response(response, [1, 1], Coupling::Dense).unwrap()
}

fn config_init(config: &GaussianConfig, device: &Device) -> Gaussian {
    ResponseConfig::<4>::init(config, [1, 1], device)
}

#[test]
#[should_panic(
    expected = "every parameter of a Gaussian response must be finite, got NaN at [0, 0, 3] of the imaginary part"
)]
fn a_parameter_that_is_not_a_number_is_refused_by_name_and_place() {
    layer_with_nan(ParametricForm::Stable).forward(Tensor::ones([1, 1, 4, 4], &Device::flex()));
}

#[test]
#[should_panic(expected = "expected 1 channels, got an input of shape [1, 2, 4, 4]")]
fn an_input_of_other_channels_is_refused() {
    let device = Device::flex();
    let response = config_init(&GaussianConfig::new(), &device);
    let layer = SpectralConv2d::from_response(response, [1, 1], Coupling::Dense).unwrap();
    layer.forward(Tensor::ones([1, 2, 4, 4], &device));
}

#[test]
fn an_input_with_an_empty_axis_is_refused() {
    let response = config_init(&GaussianConfig::new(), &Device::flex());
    let layer = SpectralConv2d::from_response(response, [1, 1], Coupling::Dense).unwrap();
    let error = layer.check([1, 1, 0, 4]).unwrap_err();
    assert!(error.to_string().contains("[0, 4]"), "{error}");
}
