//! Batch normalization, leaky ReLU and max-pooling at typical sizes of networks: both passes, with and without
//! statistics.
//!
//! Throughput counts the bytes that must be transferred: input and output in the forward pass; input, output gradient
//! and input gradient in the backward pass.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p fused-layers --bench batch_norm`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fused_layers::kernels::{
    Activation, BatchNormalization, ChannelCoefficients, FusedBatchNorm, MaxPool,
};

fn numbers(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0)
        .collect()
}

fn channel_maps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch_norm");
    group.sample_size(10);
    for (batch, channels, size) in [
        (64, 16, 14),
        (64, 32, 7),
        (64, 64, 3),
        (64, 64, 32),
        (64, 128, 16),
        (64, 256, 8),
        (64, 512, 4),
        (100, 6, 28),
        (64, 1, 28),
    ] {
        for pool in [None, Some(MaxPool::new([2, 2]))] {
            let map = FusedBatchNorm {
                batch,
                channels,
                sizes: [size; 2],
                activation: Activation::LeakyRelu { slope: 0.01 },
                pool,
            };
            let pooled = if pool.is_some() { " pooled" } else { "" };
            let name = format!("{batch}x{channels} {size}{pooled}");
            let (x, gy) = (numbers(map.input_len()), numbers(map.output_len()));
            let (mut y, mut gx) = (gy.clone(), x.clone());
            let (ones, zeros) = (vec![1.0; channels], vec![0.0; channels]);
            let norm = BatchNormalization {
                gamma: &ones,
                beta: &zeros,
                epsilon: 1e-5,
            };
            let given = ChannelCoefficients {
                center: &zeros,
                scale: &ones,
                shift: &zeros,
            };
            let statistics = map.normalize(&x, &norm, &mut y);
            let kept = [&statistics.mean[..], &statistics.variance[..]];
            let bytes = |count: usize| Throughput::Bytes(4 * count as u64);
            group.throughput(bytes(x.len() + y.len()));
            group.bench_function(BenchmarkId::new("normalize", &name), |bencher| {
                bencher.iter(|| map.normalize(black_box(&x), &norm, &mut y));
            });
            group.bench_function(BenchmarkId::new("given", &name), |bencher| {
                bencher.iter(|| map.forward(black_box(&x), &given, &mut y));
            });
            group.throughput(bytes(2 * x.len() + gy.len()));
            group.bench_function(BenchmarkId::new("normalize adjoint", &name), |bencher| {
                bencher
                    .iter(|| map.normalize_adjoint(black_box(&x), &norm, kept, &gy, Some(&mut gx)));
            });
            group.bench_function(BenchmarkId::new("given adjoint", &name), |bencher| {
                bencher.iter(|| map.adjoint(black_box(&x), &given, &gy, Some(&mut gx), false));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, channel_maps);
criterion_main!(benches);
