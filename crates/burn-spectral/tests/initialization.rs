//! Fresh layers start as a fresh `Conv2d` does: the same output variance on white input.

mod common;

use burn::nn::Initializer;
use burn::nn::conv::Conv2dConfig;
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::conv::{ConjugateFactor, SpectralConv, SpectralConvConfig};
use burn_spectral::response::{
    ConstantConfig, Coupling, FrequencyResponse, FullSpectrum2d, FullSpectrumConfig, KernelConfig,
    KramersKronig2d, KramersKronigConfig, ResponseConfig,
};
use burn_spectral::{Norm, fft};
use common::seeded;

const CHANNELS: [usize; 2] = [8, 32];
const SIZE: [usize; 2] = [9, 12];

/// Mean square of all elements.
fn power<const D: usize>(tensor: Tensor<D>) -> f64 {
    (tensor.clone() * tensor).mean().into_scalar::<f64>()
}

fn white<const D: usize>(dims: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(dims, Distribution::Normal(0.0, 1.0), device)
}

/// A fresh `Conv2d` has taps of variance `1/(3·C_in·k²)`, so an output of variance 1/3.
#[test]
fn burns_own_convolution_gives_a_third_of_the_input_variance() {
    let (device, _alone) = seeded(1);
    let config = Conv2dConfig::new(CHANNELS, [3, 3]).with_bias(false);
    assert!(matches!(
        config.initializer,
        Initializer::KaimingUniform { .. }
    ));
    let layer = config.init(&device);
    let variance = power(layer.forward(white([64, 8, 11, 14], &device)));
    assert!((variance * 3.0 - 1.0).abs() < 0.1, "{variance}");
}

fn check<const D: usize, C: ResponseConfig<D>>(
    channels: [usize; 2],
    response: C,
    coupling: Coupling,
    size: &[usize],
) {
    let (device, _alone) = seeded(2);
    for conjugate in [
        ConjugateFactor::None,
        ConjugateFactor::Response,
        ConjugateFactor::Input,
    ] {
        let layer: SpectralConv<D, _> = SpectralConvConfig::new(channels, response.clone())
            .with_coupling(coupling)
            .with_conjugate(conjugate)
            .init(&device);
        let mut dims = vec![64, channels[0]];
        dims.extend(size);
        let dims: [usize; D] = dims.try_into().unwrap();
        let variance = power(layer.forward(white(dims, &device)));
        // The bias starts at zero and adds nothing.
        assert!(
            (variance * 3.0 - 1.0).abs() < 0.1,
            "{response:?}, {coupling:?}, {conjugate:?}: variance {variance} for 1/3"
        );
    }
}

#[test]
fn fresh_spectral_layers_give_the_output_variance_of_a_fresh_convolution() {
    check::<4, _>(
        CHANNELS,
        FullSpectrumConfig::new(SIZE),
        Coupling::Dense,
        &SIZE,
    );
    check::<4, _>(CHANNELS, KernelConfig::new([3, 5]), Coupling::Dense, &SIZE);
    check::<4, _>([32, 64], ConstantConfig::new(), Coupling::Dense, &SIZE);
    for axis in [0, 1] {
        let response = KramersKronigConfig::new(SIZE).with_axis(axis);
        check::<4, _>(CHANNELS, response, Coupling::Dense, &SIZE);
    }
    check::<3, _>(
        [16, 32],
        FullSpectrumConfig::new([97]),
        Coupling::Dense,
        &[97],
    );
    check::<3, _>(
        [16, 32],
        KramersKronigConfig::new([64]),
        Coupling::Dense,
        &[64],
    );
    check::<5, _>(
        [4, 16],
        FullSpectrumConfig::new([4, 5, 6]),
        Coupling::Dense,
        &[4, 5, 6],
    );
}

#[test]
fn the_same_holds_for_every_coupling_of_separate_inputs() {
    check::<4, _>(
        [64, 128],
        FullSpectrumConfig::new(SIZE),
        Coupling::Depthwise,
        &SIZE,
    );
    check::<4, _>(
        [32, 64],
        FullSpectrumConfig::new(SIZE),
        Coupling::Grouped(4),
        &SIZE,
    );
    check::<4, _>(
        [32, 64],
        KernelConfig::new([3, 3]),
        Coupling::Grouped(4),
        &SIZE,
    );
}

/// `E|R_k|²` over channels, at the bins of one last-axis index, beside `1/(3·C_in)`.
fn spectral_power(re: Tensor<4>, im: Tensor<4>, index: usize) -> f64 {
    power(re.narrow(3, index, 1)) + power(im.narrow(3, index, 1))
}

#[test]
fn every_frequency_of_a_fresh_response_has_the_same_power() {
    let (device, _alone) = seeded(5);
    let channels = [64, 32];
    let want = 1.0 / (3.0 * 32.0);
    let free: FullSpectrum2d = FullSpectrumConfig::new(SIZE).init(channels, &device);
    let causal: KramersKronig2d = KramersKronigConfig::new(SIZE).init(channels, &device);
    let causal = fft::rfft2(causal.impulse_response(), Norm::Backward).into_complex();
    for index in 0..SIZE[1] / 2 + 1 {
        // 2,048 filters of nine bins: well below a deviation of two percent.
        let got = spectral_power(free.re.val(), free.im.val(), index);
        assert!(
            (got / want - 1.0).abs() < 0.1,
            "free, column {index}: {got} for {want}"
        );
        let got = spectral_power(causal.re.clone(), causal.im.clone(), index);
        assert!(
            (got / want - 1.0).abs() < 0.1,
            "causal, column {index}: {got} for {want}"
        );
    }
}

#[test]
fn a_fresh_causal_response_is_causal_white_noise() {
    let (device, _alone) = seeded(6);
    for (axis, taps) in [(0, 5 * 12), (1, 9 * 7)] {
        let config = KramersKronigConfig::new(SIZE).with_axis(axis);
        let response: KramersKronig2d = config.init([64, 32], &device);
        assert_eq!(FrequencyResponse::<4>::channels(&response), [64, 32]);
        let h = response.impulse_response();
        let causal = SIZE[axis] / 2 + 1;
        let want = 1.0 / (3.0 * 32.0 * taps as f64);
        for n in 0..causal {
            let got = power(h.clone().narrow(axis + 2, n, 1));
            assert!(
                (got / want - 1.0).abs() < 0.1,
                "axis {axis}, tap {n}: {got} for {want}"
            );
        }
    }
}
