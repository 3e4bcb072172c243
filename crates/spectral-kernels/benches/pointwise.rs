//! The pointwise convolution and its adjoints. Throughput counts 2 flops per multiply-add.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p spectral-kernels --bench pointwise`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spectral_kernels::Pointwise;

fn pointwise(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pointwise");
    for (batch, inputs, outputs, size, reversed) in [
        (64, 16, 32, 7, true),
        (64, 1, 16, 14, true),
        (64, 16, 32, 28, false),
        (32, 64, 64, 32, false),
        (8, 256, 512, 14, false),
    ] {
        let sizes = [size, size];
        let p = Pointwise {
            batch,
            groups: 1,
            in_per_group: inputs,
            out_per_group: outputs,
            sizes: &sizes,
            reversed,
        };
        let name = format!("{batch}x{inputs}->{outputs}, {size}x{size}, reversed {reversed}");
        let numbers = |len: usize| -> Vec<f32> {
            (0..len)
                .map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0)
                .collect()
        };
        let (x, w) = (numbers(p.input_len()), numbers(p.weight_len()));
        let mut y = numbers(p.output_len());
        let (mut gx, mut gw) = (x.clone(), w.clone());
        group.throughput(Throughput::Elements(2 * (p.output_len() * inputs) as u64));
        group.bench_function(BenchmarkId::new("forward", &name), |bencher| {
            bencher.iter(|| p.forward(black_box(&x), &w, &mut y));
        });
        group.bench_function(BenchmarkId::new("adjoint_input", &name), |bencher| {
            bencher.iter(|| p.adjoint_input(black_box(&y), &w, &mut gx));
        });
        group.bench_function(BenchmarkId::new("adjoint_weight", &name), |bencher| {
            bencher.iter(|| p.adjoint_weight(black_box(&x), &y, &mut gw));
        });
    }
    group.finish();
}

criterion_group!(benches, pointwise);
criterion_main!(benches);
