//! A Fourier neural operator, forward, and forward and backward: with neuraloperator's settings for its small Darcy data
//! (modes 8×8, 24 channels, 16², batch 64), and in the plain form on a larger grid (modes 12×12, 32 channels, 64²,
//! batch 16).
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p burn-spectral --bench fno`

use std::hint::black_box;

use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::operator::{Fno2d, FnoConfig};
use criterion::{Criterion, criterion_group, criterion_main};

fn time(criterion: &mut Criterion, name: &str, config: &FnoConfig, batch: usize, size: usize) {
    let input = |device: &Device| {
        let shape = [batch, 1, size, size];
        Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), device)
    };
    let mut group = criterion.benchmark_group(name);
    let device = Device::flex();
    let (fno, x): (Fno2d, _) = (config.init(&device), input(&device));
    group.bench_function("forward", |bencher| {
        bencher.iter(|| fno.forward(black_box(x.clone())));
    });
    let device = device.autodiff();
    let (fno, x, target): (Fno2d, _, _) = (config.init(&device), input(&device), input(&device));
    group.bench_function("forward and backward", |bencher| {
        bencher.iter(|| {
            let error = fno.forward(black_box(x.clone())) - target.clone();
            (error.clone() * error).mean().backward()
        });
    });
    group.finish();
}

fn networks(criterion: &mut Criterion) {
    let darcy = FnoConfig::neuraloperator([1, 1], [8, 8], 24, 4);
    time(criterion, "fno-darcy", &darcy, 64, 16);
    let plain = FnoConfig::new([1, 1], [12, 12], 32, 4);
    time(criterion, "fno-64", &plain, 16, 64);
}

criterion_group!(benches, networks);
criterion_main!(benches);
