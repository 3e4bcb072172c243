//! Binwise matrix products and their adjoints. Throughput counts 8 flops per complex multiply-add.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p spectral-kernels --bench binwise_matmul`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spectral_kernels::{BinwiseMatmul, Conjugate, Planar, PlanarMut};

fn matmuls(criterion: &mut Criterion) {
    let dense = |batch, in_per_group, out_per_group, bins| BinwiseMatmul {
        batch,
        groups: 1,
        in_per_group,
        out_per_group,
        bins,
        conjugate: Conjugate::None,
    };
    let depthwise = BinwiseMatmul {
        batch: 32,
        groups: 384,
        in_per_group: 1,
        out_per_group: 1,
        bins: 14 * 8,
        ..dense(1, 1, 1, 1)
    };
    let mut group = criterion.benchmark_group("binwise_matmul");
    let mut shapes = vec![
        (
            "64x16->32, 28x15 bins".to_string(),
            dense(64, 16, 32, 28 * 15),
        ),
        (
            "32x64->64, 32x17 bins".to_string(),
            dense(32, 64, 64, 32 * 17),
        ),
        ("32 depthwise 384, 14x8 bins".to_string(), depthwise),
    ];
    // Shapes of convolutional networks with full and half-spectra: fewer bins with more channels, and a small one.
    for (batch, inputs, outputs, bins) in [
        (64, 3, 64, 1024),
        (64, 3, 64, 544),
        (64, 64, 128, 256),
        (64, 64, 128, 144),
        (64, 128, 256, 64),
        (64, 128, 256, 40),
        (64, 256, 512, 16),
        (64, 256, 512, 12),
        (64, 512, 512, 4),
        (100, 1, 6, 784),
        (100, 6, 16, 196),
    ] {
        let name = format!("{batch}x{inputs}->{outputs}, {bins} bins");
        shapes.push((name, dense(batch, inputs, outputs, bins)));
    }
    for (name, c) in &shapes {
        let numbers = |len: usize| -> Vec<f32> {
            (0..len)
                .map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0)
                .collect()
        };
        let (x, r, gy) = (
            numbers(c.input_len()),
            numbers(c.response_len()),
            numbers(c.output_len()),
        );
        let [x, r, gy] = [&x, &r, &gy].map(|v| Planar { re: v, im: v });
        let plane = |len: usize| (vec![0.0_f32; len], vec![0.0_f32; len]);
        group.throughput(Throughput::ElementsAndBytes {
            elements: 8 * (c.output_len() * c.in_per_group) as u64,
            bytes: 8 * (c.input_len() + c.response_len() + c.output_len()) as u64,
        });
        let (mut re, mut im) = plane(c.output_len());
        group.bench_function(BenchmarkId::new("forward", name), |bencher| {
            bencher.iter(|| {
                c.forward(
                    black_box(x),
                    r,
                    PlanarMut {
                        re: &mut re,
                        im: &mut im,
                    },
                )
            });
        });
        let (mut re, mut im) = plane(c.input_len());
        group.bench_function(BenchmarkId::new("adjoint_input", name), |bencher| {
            bencher.iter(|| {
                c.adjoint_input(
                    black_box(gy),
                    r,
                    PlanarMut {
                        re: &mut re,
                        im: &mut im,
                    },
                )
            });
        });
        let (mut re, mut im) = plane(c.response_len());
        group.bench_function(BenchmarkId::new("adjoint_response", name), |bencher| {
            bencher.iter(|| {
                c.adjoint_response(
                    black_box(x),
                    gy,
                    PlanarMut {
                        re: &mut re,
                        im: &mut im,
                    },
                )
            });
        });
    }
    group.finish();
}

criterion_group!(benches, matmuls);
criterion_main!(benches);
