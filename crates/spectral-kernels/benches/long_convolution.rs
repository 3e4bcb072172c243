//! Causal long convolutions and their gradients.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p spectral-kernels --bench long_convolution`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spectral_kernels::{LongConvolution, LongGradients};

/// Batch, channels, length, taps.
const SHAPES: [[usize; 4]; 6] = [
    [4, 256, 8192, 8192],
    [4, 256, 8191, 8191],
    [16, 64, 1024, 1024],
    [4, 64, 8192, 64],
    [4, 64, 8192, 16],
    [1, 1, 65536, 65536],
];

fn noise(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0)
        .collect()
}

fn convolutions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("long convolution");
    group.sample_size(10);
    for [batch, channels, length, taps] in SHAPES {
        let shape = LongConvolution {
            batch,
            channels,
            length,
            taps,
        };
        let (x, kernel) = (noise(shape.signal_len()), noise(shape.kernel_len()));
        let mut y = vec![0.0; x.len()];
        let mut gk = vec![0.0; kernel.len()];
        let name = format!("{batch}x{channels}x{length}, {taps} taps");
        group.throughput(Throughput::Elements(x.len() as u64));
        group.bench_function(BenchmarkId::new("forward", &name), |bencher| {
            bencher.iter(|| shape.forward(black_box(&x), &kernel, None, &mut y));
        });
        group.bench_function(BenchmarkId::new("adjoint", &name), |bencher| {
            bencher.iter(|| {
                let both = LongGradients {
                    x: Some(&mut y),
                    kernel: Some(&mut gk),
                };
                shape.adjoint(&x, &kernel, None, black_box(&x), both);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, convolutions);
criterion_main!(benches);
