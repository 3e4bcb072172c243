//! Spectral filters, forward and backward, in cache and through memory.
//!
//! Throughput counts only the flops of the transforms, `2.5·N·log2 N` each on the grid, and the bytes of data read and
//! written: images, responses and their gradients, once each.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p spectral-kernels --bench filter`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spectral_kernels::{
    Conjugate, InputGradient, Layout, Placement, Planar, PlanarMut, ResponseGradient,
    SpectralFilter,
};

fn numbers(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0)
        .collect()
}

fn cases() -> Vec<(&'static str, SpectralFilter)> {
    let frame = |start: usize, size: usize| Placement {
        start: [start; 2],
        size: [size; 2],
    };
    vec![
        (
            "shared 32x3-6 150",
            SpectralFilter {
                multiplier: 6,
                terms: 3,
                ..SpectralFilter::depthwise(32, 1, [150, 150])
            },
        ),
        (
            "channels last 32x14x14x384",
            SpectralFilter {
                layout: Layout::ChannelsLast,
                ..SpectralFilter::depthwise(32, 384, [14, 14])
            },
        ),
        (
            "planes 32x384 14",
            SpectralFilter::depthwise(32, 384, [14, 14]),
        ),
        (
            "31x31 taps 8x64 64",
            SpectralFilter {
                input: frame(15, 64),
                output: frame(0, 64),
                conjugate: Conjugate::Response,
                ..SpectralFilter::depthwise(8, 64, [96, 96])
            },
        ),
        (
            "planes 4x16 256",
            SpectralFilter::depthwise(4, 16, [256, 256]),
        ),
        (
            "planes 4x4 512",
            SpectralFilter::depthwise(4, 4, [512, 512]),
        ),
        ("planes 64x32 7", SpectralFilter::depthwise(64, 32, [7, 7])),
        (
            "signals 16x64 1024",
            SpectralFilter::depthwise(16, 64, [1, 1024]),
        ),
    ]
}

fn gradients<'a>(
    x: &'a [f32],
    r: Planar<'a, f32>,
    gx: &'a mut [f32],
    [re, im]: [&'a mut [f32]; 2],
) -> (InputGradient<'a, f32>, ResponseGradient<'a, f32>) {
    let input = InputGradient {
        response: r,
        gradient: gx,
    };
    let response = ResponseGradient {
        input: x,
        gradient: PlanarMut { re, im },
    };
    (input, response)
}

fn filters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("filter");
    group.sample_size(20);
    for (name, filter) in cases() {
        let x = numbers(filter.input_len());
        let gy = numbers(filter.output_len());
        let r = numbers(filter.response_len());
        let r = Planar { re: &r, im: &r };
        let (mut y, mut gx) = (gy.clone(), x.clone());
        let (mut re, mut im) = (r.re.to_vec(), r.im.to_vec());
        let points = filter.grid[0] * filter.grid[1];
        let transform = 2.5 * points as f64 * (points as f64).log2();
        let images = filter.batch * filter.groups;
        let flops = |transforms: usize| (images * transforms) as f64 * transform;
        let forward = 4 * (x.len() + y.len() + 2 * filter.response_len());
        let backward = 4 * (2 * x.len() + y.len() + 4 * filter.response_len());

        group.throughput(Throughput::ElementsAndBytes {
            elements: flops(1 + filter.multiplier) as u64,
            bytes: forward as u64,
        });
        group.bench_function(BenchmarkId::new("forward", name), |bencher| {
            bencher.iter(|| filter.forward(black_box(&x), r, &mut y));
        });
        group.bench_function(BenchmarkId::new("forward, unfused", name), |bencher| {
            bencher.iter(|| filter.forward_unfused(black_box(&x), r, &mut y));
        });
        group.throughput(Throughput::ElementsAndBytes {
            elements: flops(2 + filter.multiplier) as u64,
            bytes: backward as u64,
        });
        group.bench_function(BenchmarkId::new("adjoint", name), |bencher| {
            bencher.iter(|| {
                let (input, response) = gradients(&x, r, &mut gx, [&mut re, &mut im]);
                filter.adjoint(black_box(&gy), Some(input), Some(response));
            });
        });
        group.bench_function(BenchmarkId::new("adjoint, unfused", name), |bencher| {
            bencher.iter(|| {
                let (input, response) = gradients(&x, r, &mut gx, [&mut re, &mut im]);
                filter.adjoint_unfused(black_box(&gy), Some(input), Some(response));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, filters);
criterion_main!(benches);
