//! The transform of kernels of a few taps, as a product with the few rows of the DFT matrix that they meet.

use core::f64::consts::TAU;

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::spatial::Activation;
use crate::{ComplexTensor, ops};

use super::support::SupportProjection;

/// Taps up to which the product takes less time than zero padding and a whole transform.
const MOST_TAPS: usize = 32;

/// Rows of the DFT matrix, a row a tap: `cos θ` and `sin θ` with `θ = 2π·⟨k, n⟩` of tap `n` and bin `k`.
pub(super) struct TapTransform {
    support: SupportProjection,
    /// `[taps, bins]`
    cosine: Vec<f64>,
    sine: Vec<f64>,
}

impl TapTransform {
    /// The transform of kernels of that support, unless they have too many taps.
    pub(super) fn new(support: SupportProjection) -> Option<Self> {
        let [taps, size, bins] = [support.taps, support.grid.size, support.grid.bins()];
        if taps[0] * taps[1] > MOST_TAPS {
            return None;
        }
        let before = support.before();
        // By axis: cosine and sine of every tap and bin.
        let [rows, columns] = [0, 1].map(|axis| {
            let angle = |tap: usize, bin: usize| {
                // The phase goes round with whole periods, and small numbers keep it exact.
                let place = (tap + size[axis] - before[axis]) * bin % size[axis];
                TAU * place as f64 / size[axis] as f64
            };
            let of_tap = |tap| (0..bins[axis]).map(move |bin| angle(tap, bin).sin_cos());
            (0..taps[axis]).flat_map(of_tap).collect::<Vec<_>>()
        });
        let count = taps[0] * taps[1] * bins[0] * bins[1];
        let (mut cosine, mut sine) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for row in rows.chunks_exact(bins[0]) {
            for column in columns.chunks_exact(bins[1]) {
                for (sin_row, cos_row) in row {
                    for (sin_column, cos_column) in column {
                        cosine.push(cos_row * cos_column - sin_row * sin_column);
                        sine.push(sin_row * cos_column + cos_row * sin_column);
                    }
                }
            }
        }
        Some(Self {
            support,
            cosine,
            sine,
        })
    }

    fn dims(&self) -> [usize; 2] {
        let ([height, width], [rows, bins]) = (self.support.taps, self.support.grid.bins());
        [height * width, rows * bins]
    }

    /// `W_k = Σ_n w_n·e^{−iθ}`.
    ///
    /// # Shapes
    /// - input: `[out, in, taps…]`; output: `[out, in, bins…]`
    pub(super) fn spectrum_of(&self, taps: Tensor<4>) -> ComplexTensor<4> {
        let [outputs, inputs, ..] = taps.dims();
        let [count, bins] = self.dims();
        let (device, dtype) = (taps.device(), taps.dtype());
        let matrix = |values: Vec<f64>| constant(values, [count, bins], &device, dtype);
        let taps = taps.reshape([outputs * inputs, count]);
        let [height, width] = self.support.grid.bins();
        let part = |values| {
            product(taps.clone(), matrix(values)).reshape([outputs, inputs, height, width])
        };
        ComplexTensor {
            re: part(self.cosine.clone()),
            im: part(self.sine.iter().map(|sine| -sine).collect()),
        }
    }

    /// `w_n = 1/N · Σ_k c_k·(Re W_k·cos θ − Im W_k·sin θ)`, the samples at the taps of the real part of the image of `W`.
    ///
    /// # Shapes
    /// - input: `[out, in, bins…]`; output: `[out, in, taps…]`
    pub(super) fn taps_of(&self, spectrum: ComplexTensor<4>) -> Tensor<4> {
        let [outputs, inputs, ..] = spectrum.dims();
        let [count, bins] = self.dims();
        let (device, dtype) = (spectrum.device(), spectrum.re.dtype());
        let multiplicities = self.support.grid.multiplicities();
        let samples = self.support.grid.samples() as f64;
        let weight = |bin: usize| multiplicities[bin % multiplicities.len()] / samples;
        let matrix = |values: &[f64], sign: f64| {
            let transposed = (0..bins * count).map(|at| {
                let (bin, tap) = (at / count, at % count);
                sign * weight(bin) * values[tap * bins + bin]
            });
            constant(transposed.collect(), [bins, count], &device, dtype)
        };
        let part =
            |part: Tensor<4>, matrix| product(part.reshape([outputs * inputs, bins]), matrix);
        let taps = part(spectrum.re, matrix(&self.cosine, 1.0))
            + part(spectrum.im, matrix(&self.sine, -1.0));
        let [height, width] = self.support.taps;
        taps.reshape([outputs, inputs, height, width])
    }
}

fn product(rows: Tensor<2>, matrix: Tensor<2>) -> Tensor<2> {
    ops::linear(rows, matrix, None, Activation::Identity)
}

fn constant(values: Vec<f64>, dims: [usize; 2], device: &Device, dtype: DType) -> Tensor<2> {
    let data = TensorData::new(values, dims).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}
