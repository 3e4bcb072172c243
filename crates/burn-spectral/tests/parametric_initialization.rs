//! How fresh polynomial and Gaussian responses start.

mod common;
mod parametric_common;

use burn::module::Module;
use burn::tensor::{Distribution, Tensor};
use burn_spectral::FrequencyGrid;
use burn_spectral::conv::{SpectralConv, SpectralConvConfig};
use burn_spectral::response::{
    Coupling, FrequencyResponse, Gaussian, GaussianConfig, Polynomial, PolynomialConfig,
    ResponseConfig,
};
use common::seeded;
use parametric_common::{published, published_gaussian, spectrum};

fn deviation(tensor: Tensor<3>) -> f64 {
    (tensor.clone() * tensor).mean().into_scalar::<f64>().sqrt()
}

#[test]
fn published_forms_start_with_the_published_deviations_and_counts() {
    let (device, _alone) = seeded(3);
    let polynomial: Polynomial = ResponseConfig::<4>::init(&published(3), [64, 32], &device);
    let gaussian: Gaussian = ResponseConfig::<4>::init(&published_gaussian(), [64, 32], &device);
    assert_eq!(polynomial.num_params(), 2 * 2 * (3 + 1) * 64 * 32);
    assert_eq!(gaussian.num_params(), 12 * 64 * 32);
    for (parts, want) in [
        ([&polynomial.re, &polynomial.im], 0.005),
        ([&gaussian.re, &gaussian.im], 0.05),
    ] {
        for part in parts {
            let got = deviation(part.val());
            assert!((got / want - 1.0).abs() < 0.03, "{got} for {want}");
        }
    }
}

/// Mean of `|R|²` over the full spectrum and all filters, times `3·C_in`.
fn mean_power<const D: usize>(response: &impl FrequencyResponse<D>, size: &[usize]) -> f64 {
    let grid = FrequencyGrid::new(size).unwrap();
    let [outputs, _] = response.channels();
    let power = spectrum::<D>(response, size).norm_sqr();
    let bins = power.dims()[D - 1];
    let column = |k| {
        let sum = power.clone().narrow(D - 1, k, 1).sum().into_scalar::<f64>();
        sum * grid.multiplicity(k)
    };
    let sum: f64 = (0..bins).map(column).sum();
    sum / (outputs * grid.samples()) as f64 * 3.0
}

#[test]
fn fresh_stable_responses_have_the_power_of_a_fresh_convolution() {
    let (device, _alone) = seeded(4);
    let channels = [64, 32];
    let gaussian: Gaussian = ResponseConfig::<4>::init(&GaussianConfig::new(), channels, &device);
    for size in [[28, 28], [13, 11], [7, 7]] {
        let got = mean_power::<4>(&gaussian, &size);
        assert!((got - 1.0).abs() < 0.06, "Gaussian, {size:?}: {got}");
    }
    // The same at every frequency, not only in the mean.
    let power = spectrum::<4>(&gaussian, &[9, 12]).norm_sqr();
    for row in 0..9 {
        for column in 0..7 {
            let bin = power.clone().narrow(2, row, 1).narrow(3, column, 1);
            let got = bin.mean().into_scalar::<f64>() * 3.0 * 32.0;
            assert!(
                (got - 1.0).abs() < 0.2,
                "Gaussian, bin {row}, {column}: {got}"
            );
        }
    }
    let one: Gaussian = ResponseConfig::<3>::init(&GaussianConfig::new(), channels, &device);
    let got = mean_power::<3>(&one, &[64]);
    assert!((got - 1.0).abs() < 0.06, "Gaussian, one axis: {got}");
    for order in 1..=4 {
        let polynomial: Polynomial =
            ResponseConfig::<4>::init(&PolynomialConfig::new(order), channels, &device);
        // Odd lengths have no frequency ½, where the odd polynomials are zero.
        let got = mean_power::<4>(&polynomial, &[151, 151]);
        assert!((got - 1.0).abs() < 0.08, "order {order}: {got}");
        let got = mean_power::<4>(&polynomial, &[28, 28]);
        assert!((got - 1.0).abs() < 0.2, "order {order} at 28 × 28: {got}");
    }
}

#[test]
fn fresh_stable_layers_give_the_output_variance_of_a_fresh_convolution() {
    let (device, _alone) = seeded(5);
    for coupling in [Coupling::Dense, Coupling::Grouped(4), Coupling::Depthwise] {
        let channels = if coupling == Coupling::Depthwise {
            [256, 512]
        } else {
            [64, 64]
        };
        let layer: SpectralConv<4, _> = SpectralConvConfig::new(channels, GaussianConfig::new())
            .with_coupling(coupling)
            .init(&device);
        let noise = Distribution::Normal(0.0, 1.0);
        let y = layer.forward(Tensor::random([8, channels[0], 14, 11], noise, &device));
        let variance = (y.clone() * y).mean().into_scalar::<f64>();
        assert!(
            (variance * 3.0 - 1.0).abs() < 0.15,
            "{coupling:?}: {variance} for 1/3"
        );
    }
}
