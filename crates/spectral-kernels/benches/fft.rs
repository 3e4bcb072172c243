//! Two-dimensional real round trips (`rfftn`, then `irfftn`) compared with a plain realfft + rayon loop in the same
//! process.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p spectral-kernels --bench fft`

mod plain;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spectral_kernels::{BinWeight, Planar, PlanarMut, half_bins, irfftn, rfftn};

/// Number of images, and their height and width.
const SHAPES: [(usize, [usize; 2]); 4] = [
    (64 * 16, [28, 28]),
    (64 * 32, [32, 32]),
    (16 * 8, [150, 150]),
    (16 * 8, [256, 256]),
];

fn round_trips(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rfft2+irfft2");
    for (batch, sizes) in SHAPES {
        let points = sizes[0] * sizes[1];
        let halves = batch * sizes[0] * half_bins(sizes[1]);
        let name = format!("{batch}x{}x{}", sizes[0], sizes[1]);
        let x: Vec<f32> = (0..batch * points)
            .map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0)
            .collect();
        let mut out = vec![0.0_f32; x.len()];
        group.throughput(Throughput::Elements(x.len() as u64));
        let (mut re, mut im) = (vec![0.0_f32; halves], vec![0.0_f32; halves]);
        group.bench_function(BenchmarkId::new("spectral", &name), |bencher| {
            bencher.iter(|| {
                let spectrum = PlanarMut {
                    re: &mut re,
                    im: &mut im,
                };
                rfftn(batch, &sizes, 1.0, BinWeight::One, black_box(&x), spectrum);
                let scale = 1.0 / points as f32;
                irfftn(
                    batch,
                    &sizes,
                    scale,
                    BinWeight::One,
                    Planar { re: &re, im: &im },
                    &mut out,
                );
            });
        });
        let plain = plain::Plain::new(sizes);
        let mut spectrum = vec![Default::default(); halves];
        group.bench_function(BenchmarkId::new("realfft", &name), |bencher| {
            bencher.iter(|| {
                plain.forward(black_box(&x), &mut spectrum);
                plain.inverse(&mut spectrum, &mut out);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, round_trips);
criterion_main!(benches);
