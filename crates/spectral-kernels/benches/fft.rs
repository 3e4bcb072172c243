//! Two-dimensional real round trips (`rfftn`, then `irfftn`) beside a plain realfft + rayon loop, in one process.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p spectral-kernels --bench fft`

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};
use spectral_kernels::{BinWeight, Planar, PlanarMut, half_bins, irfftn, rfftn};

/// Images and their height and width.
const SHAPES: [(usize, [usize; 2]); 4] = [
    (64 * 16, [28, 28]),
    (64 * 32, [32, 32]),
    (16 * 8, [150, 150]),
    (16 * 8, [256, 256]),
];

/// What one writes first: rows by realfft, columns gathered for rustfft, images in parallel.
struct Plain {
    sizes: [usize; 2],
    rows: Arc<dyn RealToComplex<f32>>,
    rows_back: Arc<dyn ComplexToReal<f32>>,
    columns: Arc<dyn Fft<f32>>,
    columns_back: Arc<dyn Fft<f32>>,
}

impl Plain {
    fn new(sizes: [usize; 2]) -> Self {
        let mut real = RealFftPlanner::new();
        let mut complex = FftPlanner::new();
        Plain {
            sizes,
            rows: real.plan_fft_forward(sizes[1]),
            rows_back: real.plan_fft_inverse(sizes[1]),
            columns: complex.plan_fft_forward(sizes[0]),
            columns_back: complex.plan_fft_inverse(sizes[0]),
        }
    }

    fn along_columns(&self, fft: &dyn Fft<f32>, spectrum: &mut [Complex<f32>]) {
        let bins = half_bins(self.sizes[1]);
        let mut column = vec![Complex::default(); self.sizes[0]];
        let mut scratch = vec![Complex::default(); fft.get_inplace_scratch_len()];
        for k in 0..bins {
            for (x, row) in column.iter_mut().zip(spectrum.chunks_exact(bins)) {
                *x = row[k];
            }
            fft.process_with_scratch(&mut column, &mut scratch);
            for (x, row) in column.iter().zip(spectrum.chunks_exact_mut(bins)) {
                row[k] = *x;
            }
        }
    }

    fn round_trip(&self, x: &[f32], spectrum: &mut [Complex<f32>], out: &mut [f32]) {
        let [height, width] = self.sizes;
        let bins = half_bins(width);
        let images = x
            .par_chunks_exact(height * width)
            .zip(spectrum.par_chunks_exact_mut(height * bins));
        images.for_each(|(x, spectrum)| {
            let (mut row, mut scratch) = (self.rows.make_input_vec(), self.rows.make_scratch_vec());
            for (x, bins) in x.chunks_exact(width).zip(spectrum.chunks_exact_mut(bins)) {
                row.copy_from_slice(x);
                self.rows
                    .process_with_scratch(&mut row, bins, &mut scratch)
                    .expect("lengths match");
            }
            self.along_columns(&*self.columns, spectrum);
        });
        let images = spectrum
            .par_chunks_exact_mut(height * bins)
            .zip(out.par_chunks_exact_mut(height * width));
        images.for_each(|(spectrum, out)| {
            self.along_columns(&*self.columns_back, spectrum);
            let mut scratch = self.rows_back.make_scratch_vec();
            for (row, out) in spectrum
                .chunks_exact_mut(bins)
                .zip(out.chunks_exact_mut(width))
            {
                row[0].im = 0.0;
                row[bins - 1].im = 0.0;
                self.rows_back
                    .process_with_scratch(row, out, &mut scratch)
                    .expect("lengths match");
                for x in out {
                    *x /= (height * width) as f32;
                }
            }
        });
    }
}

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
        let plain = Plain::new(sizes);
        let mut spectrum = vec![Complex::default(); halves];
        group.bench_function(BenchmarkId::new("realfft", &name), |bencher| {
            bencher.iter(|| plain.round_trip(black_box(&x), &mut spectrum, &mut out));
        });
    }
    group.finish();
}

criterion_group!(benches, round_trips);
criterion_main!(benches);
