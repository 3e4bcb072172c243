//! `rfft2` and `irfft2` of Burn tensors on the CPU beside a plain realfft + rayon loop, in one process.
//! Both allocate their results.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p burn-spectral --bench transforms`

#[path = "../../spectral-kernels/benches/plain/mod.rs"]
mod plain;

use std::hint::black_box;

use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::{Norm, fft};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// Batch, channels, height, width.
const SHAPES: [[usize; 4]; 4] = [
    [64, 16, 28, 28],
    [64, 32, 32, 32],
    [16, 8, 150, 150],
    [16, 8, 256, 256],
];

fn transforms(criterion: &mut Criterion) {
    let device = Device::flex();
    for shape in SHAPES {
        let [batch, channels, height, width] = shape;
        let name = format!("{batch}x{channels}x{height}x{width}");
        let x = Tensor::<4>::random(shape, Distribution::Default, &device);
        let spectrum = fft::rfft2(x.clone(), Norm::Backward);

        let images = x.to_data().try_to_vec::<f32>().expect("an f32 tensor");
        let plain = plain::Plain::new([height, width]);
        let bins = batch * channels * height * (width / 2 + 1);
        let mut spectra = vec![Default::default(); bins];

        let mut group = criterion.benchmark_group("rfft2");
        group.bench_function(BenchmarkId::new("spectral", &name), |bencher| {
            bencher.iter(|| fft::rfft2(black_box(x.clone()), Norm::Backward));
        });
        group.bench_function(BenchmarkId::new("realfft", &name), |bencher| {
            bencher.iter(|| {
                let mut spectra = vec![Default::default(); bins];
                plain.forward(black_box(&images), &mut spectra);
                spectra
            });
        });
        group.finish();

        let mut group = criterion.benchmark_group("irfft2");
        group.bench_function(BenchmarkId::new("spectral", &name), |bencher| {
            bencher.iter(|| fft::irfft2(black_box(spectrum.clone()), Norm::Backward));
        });
        group.bench_function(BenchmarkId::new("realfft", &name), |bencher| {
            bencher.iter(|| {
                let mut out = vec![0.0; images.len()];
                plain.inverse(black_box(&mut spectra), &mut out);
                out
            });
        });
        group.finish();
    }
}

criterion_group!(benches, transforms);
criterion_main!(benches);
