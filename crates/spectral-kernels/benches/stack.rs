//! A rectified stack with a dense head on the spectra of 64 images of 150×150, and the limits of the machine:
//! multiply-adds in registers and memory copies.
//!
//! Throughput counts the necessary flops and bytes: 6 flops per complex product, 2 per rectification, 2 per sum, and 4
//! per unit of the head and filter; in the backward pass, the products and rectifications again, and 8 for each of the
//! gradients. Bytes are those of the input, the responses, the weights and their gradients, once each.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p spectral-kernels --bench stack`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use spectral_kernels::{DenseGradients, DenseHead, Planar, PlanarMut, RectifiedStack};

const BINS: usize = 150 * 76;
const UNITS: usize = 2;

fn numbers(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0)
        .collect()
}

fn stacks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stack");
    for (name, filters) in [
        ("6-6-6-6", &[6; 4][..]),
        ("6-6-12-12-24-24", &[6, 6, 12, 12, 24, 24]),
    ] {
        let stack = RectifiedStack {
            batch: 64,
            filters,
            bins: BINS,
        };
        let all: usize = filters.iter().sum();
        let (first, last) = (filters[0], filters[filters.len() - 1]);
        let (s, r) = (numbers(stack.input_len()), numbers(stack.response_len()));
        let (s, r) = (Planar { re: &s, im: &s }, Planar { re: &r, im: &r });
        let weight = numbers(stack.features() * UNITS);
        let head = DenseHead {
            units: UNITS,
            weight: &weight,
        };
        let mut sums = vec![0.0; stack.batch * UNITS];
        let read = 8 * (stack.input_len() + stack.response_len()) + 4 * weight.len();

        let forward = 10 * (all - last) + (8 + 4 * UNITS) * last;
        group.throughput(Throughput::ElementsAndBytes {
            elements: (stack.input_len() * forward) as u64,
            bytes: read as u64,
        });
        group.bench_function(BenchmarkId::new("forward", name), |bencher| {
            bencher.iter(|| stack.forward_dense(black_box(s), r, &head, &mut sums));
        });

        let (mut re, mut im) = (
            vec![0.0; stack.response_len()],
            vec![0.0; stack.response_len()],
        );
        let mut gweight = vec![0.0; weight.len()];
        // No gradient with respect to the input, which consists of images.
        let backward = 10 * (all - last) + (8 + 16) * all - 8 * first + (2 + 8 * UNITS) * last;
        group.throughput(Throughput::ElementsAndBytes {
            elements: (stack.input_len() * backward) as u64,
            bytes: (read + 8 * stack.response_len() + 4 * weight.len()) as u64,
        });
        let gsums = numbers(sums.len());
        group.bench_function(BenchmarkId::new("adjoint", name), |bencher| {
            bencher.iter(|| {
                let gr = PlanarMut {
                    re: &mut re,
                    im: &mut im,
                };
                let gradients = DenseGradients {
                    sums: &gsums,
                    weight: &mut gweight,
                };
                stack.adjoint_dense(black_box(s), r, &head, gradients, None, gr);
            });
        });
    }
    group.finish();
}

/// The machine's best throughput on all threads: reads of arrays larger than the cache.
fn bounds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bounds");
    let data = numbers(1 << 26);
    group.throughput(Throughput::Bytes(size_of_val(&data[..]) as u64));
    group.bench_function("read", |bencher| {
        bencher.iter(|| -> f32 {
            let sum = |part: &[f32]| {
                let mut sums = [0.0_f32; 64];
                for part in part.chunks_exact(64) {
                    sums.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
                }
                sums.iter().sum::<f32>()
            };
            black_box(&data[..]).par_chunks(1 << 18).map(sum).sum()
        });
    });
    group.finish();
}

criterion_group!(benches, stacks, bounds);
criterion_main!(benches);
