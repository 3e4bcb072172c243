//! A straightforward baseline for the transforms.

use std::sync::Arc;

use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

/// The straightforward implementation: rows with realfft, columns gathered for rustfft, images in parallel.
pub struct Plain {
    sizes: [usize; 2],
    rows: Arc<dyn RealToComplex<f32>>,
    rows_back: Arc<dyn ComplexToReal<f32>>,
    columns: Arc<dyn Fft<f32>>,
    columns_back: Arc<dyn Fft<f32>>,
}

impl Plain {
    /// Plans for images of the given height and width.
    pub fn new(sizes: [usize; 2]) -> Self {
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
        let bins = self.sizes[1] / 2 + 1;
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

    /// Computes the half-spectra of images.
    pub fn forward(&self, x: &[f32], spectrum: &mut [Complex<f32>]) {
        let [height, width] = self.sizes;
        let bins = width / 2 + 1;
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
    }

    /// Computes images from half-spectra, which are overwritten.
    pub fn inverse(&self, spectrum: &mut [Complex<f32>], out: &mut [f32]) {
        let [height, width] = self.sizes;
        let bins = width / 2 + 1;
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
