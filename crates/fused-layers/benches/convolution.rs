//! Direct convolution: output, input gradient and weight gradient at typical sizes of networks.
//!
//! Throughput counts two flops per multiply-add of the definition, including those on padding.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p fused-layers --bench convolution`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fused_layers::kernels::Convolution;

fn numbers(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0)
        .collect()
}

fn case(
    batch: usize,
    [inputs, outputs]: [usize; 2],
    size: usize,
    kernel: usize,
    groups: usize,
) -> Convolution {
    Convolution {
        batch,
        groups,
        in_per_group: inputs / groups,
        out_per_group: outputs / groups,
        sizes: [size; 2],
        kernel: [kernel; 2],
        stride: [1; 2],
        dilation: [1; 2],
        padding: [(kernel / 2, kernel / 2); 2],
    }
}

/// A signal of `size` samples.
fn signal(channels: [usize; 2], size: usize, taps: usize, groups: usize) -> Convolution {
    Convolution {
        sizes: [1, size],
        kernel: [1, taps],
        padding: [(0, 0), (taps / 2, taps / 2)],
        ..case(1, channels, size, taps, groups)
    }
}

fn convolutions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("convolution");
    group.sample_size(10);
    for (name, c) in [
        ("3x3 64x16-32 28", case(64, [16, 32], 28, 3, 1)),
        ("3x3 64x16-32 7", case(64, [16, 32], 7, 3, 1)),
        ("3x3 64x1-16 14", case(64, [1, 16], 14, 3, 1)),
        ("3x3 32x64-64 32", case(32, [64, 64], 32, 3, 1)),
        ("3x3 64x3-64 32", case(64, [3, 64], 32, 3, 1)),
        ("3x3 64x64-128 16", case(64, [64, 128], 16, 3, 1)),
        ("3x3 64x128-256 8", case(64, [128, 256], 8, 3, 1)),
        ("3x3 64x256-512 4", case(64, [256, 512], 4, 3, 1)),
        ("3x3 64x512-512 2", case(64, [512, 512], 2, 3, 1)),
        ("5x5 64x1-6 28", case(64, [1, 6], 28, 5, 1)),
        ("5x5 64x6-16 14", case(64, [6, 16], 14, 5, 1)),
        ("3x3 32x3-6 150", case(32, [3, 6], 150, 3, 1)),
        ("3x3 4x32-32 128", case(4, [32, 32], 128, 3, 1)),
        ("1x1 32x64-64 32", case(32, [64, 64], 32, 1, 1)),
        ("3x3 32x64-64 32 8 groups", case(32, [64, 64], 32, 3, 8)),
        ("3x3 32x64 32 depthwise", case(32, [64, 64], 32, 3, 64)),
        ("7x7 8x64 64 depthwise", case(8, [64, 64], 64, 7, 64)),
        ("31x31 8x64 64 depthwise", case(8, [64, 64], 64, 31, 64)),
        ("9 1-1 2^15", signal([1, 1], 1 << 15, 9, 1)),
        ("9 4-4 2^17", signal([4, 4], 1 << 17, 9, 1)),
        ("9 1-2 2^20", signal([1, 2], 1 << 20, 9, 1)),
        ("9 16-16 2^20", signal([16, 16], 1 << 20, 9, 1)),
        ("31 8 2^20 depthwise", signal([8, 8], 1 << 20, 31, 8)),
    ] {
        let (x, w) = (numbers(c.input_len()), numbers(c.weight_len()));
        let gy = numbers(c.output_len());
        let (mut y, mut gx, mut gw) = (gy.clone(), x.clone(), w.clone());
        group.throughput(Throughput::Elements(2 * c.multiply_adds() as u64));
        group.bench_function(BenchmarkId::new("forward", name), |bencher| {
            bencher.iter(|| c.forward(black_box(&x), &w, &mut y));
        });
        group.bench_function(BenchmarkId::new("input gradient", name), |bencher| {
            bencher.iter(|| c.adjoint_input(black_box(&gy), &w, &mut gx));
        });
        group.bench_function(BenchmarkId::new("weight gradient", name), |bencher| {
            bencher.iter(|| c.adjoint_weight(black_box(&x), &gy, &mut gw));
        });
    }
    group.finish();
}

criterion_group!(benches, convolutions);
criterion_main!(benches);
