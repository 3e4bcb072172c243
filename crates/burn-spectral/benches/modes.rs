//! The spectral convolution of the Fourier neural operator, forward, and forward and backward: modes 12, 32 → 32
//! channels, 64², batch 16, as `modes12_16x32-32_64` of `peers`; and the same on the whole spectrum.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p burn-spectral --bench modes`

use std::hint::black_box;

use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::conv::{SpectralConv2d, SpectralConv2dConfig};
use burn_spectral::response::{
    FourierModesConfig, FrequencyResponse, FullSpectrumConfig, ResponseConfig,
};
use criterion::{Criterion, criterion_group, criterion_main};

fn layer<C: ResponseConfig<4>>(response: C, device: &Device) -> SpectralConv2d<C::Response> {
    SpectralConv2dConfig::new([32, 32], response)
        .with_bias(false)
        .init(device)
}

fn time<R: FrequencyResponse<4>>(
    criterion: &mut Criterion,
    name: &str,
    make: impl Fn(&Device) -> SpectralConv2d<R>,
) {
    let images = |device: &Device| {
        Tensor::<4>::random([16, 32, 64, 64], Distribution::Normal(0.0, 1.0), device)
    };
    let mut group = criterion.benchmark_group(name);
    let device = Device::flex();
    let (plain, x) = (make(&device), images(&device));
    group.bench_function("forward", |bencher| {
        bencher.iter(|| plain.forward(black_box(x.clone())));
    });
    let device = device.autodiff();
    let (learned, x) = (make(&device), images(&device));
    let cotangent = images(&device);
    group.bench_function("forward and backward", |bencher| {
        bencher.iter(|| {
            let x = x.clone().require_grad();
            let loss = (learned.forward(black_box(x)) * cotangent.clone()).sum();
            loss.backward()
        });
    });
    group.finish();
}

fn operators(criterion: &mut Criterion) {
    time(criterion, "modes 12, 32 to 32, 64x64, batch 16", |device| {
        layer(FourierModesConfig::new([12, 12]), device)
    });
    time(
        criterion,
        "all modes, 32 to 32, 64x64, batch 16",
        |device| layer(FullSpectrumConfig::new([64, 64]), device),
    );
}

criterion_group!(benches, operators);
criterion_main!(benches);
