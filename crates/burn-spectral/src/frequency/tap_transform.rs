//! The transform of kernels of a few taps, as a product with the few rows of the DFT matrix that they meet.

use core::f64::consts::TAU;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::tensor::{DType, Tensor, TensorData};

use crate::ops::fallback::without_self_conjugate;
use crate::spatial::Activation;
use crate::{ComplexTensor, ops};

use super::support::SupportProjection;

/// Taps up to which the product takes less time than zero padding and a whole transform.
const MOST_TAPS: usize = 32;

/// Most bytes of matrices that are kept; the least recently used go first, and larger ones are not made: at every call that
/// would take far longer than zero padding and a whole transform.
const MOST_BYTES: usize = 128 << 20;

/// Rows of the DFT matrix, a row a tap: `cos θ` and `sin θ` with `θ = 2π·⟨k, n⟩` of tap `n` and bin `k`, and what turns
/// bins to taps again.
pub(super) struct TapTransform {
    support: SupportProjection,
    /// `cos θ` and `−sin θ`, `[taps, bins]`.
    forward: [Matrix; 2],
    /// `c_k/N·cos θ` and `−c_k/N·sin θ`, `[bins, taps]`.
    inverse: [Matrix; 2],
}

/// Those in use, so that a step of training does not make them again. The last was used last.
///
/// They are made and dropped outside the lock, since that takes long and runs code of Burn.
struct Kept(Mutex<VecDeque<Arc<TapTransform>>>);

static KEPT: Kept = Kept(Mutex::new(VecDeque::new()));

impl Kept {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<TapTransform>>> {
        // Whole transforms are moved in and out, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, support: &SupportProjection) -> Option<Arc<TapTransform>> {
        let mut kept = self.lock();
        let at = kept.iter().position(|kept| kept.support == *support)?;
        let found = kept.remove(at)?;
        kept.push_back(found.clone());
        Some(found)
    }

    fn keep(&self, made: &Arc<TapTransform>, most: usize) {
        let mut gone = Vec::new();
        {
            let mut kept = self.lock();
            let is_there = kept.iter().any(|kept| kept.support == made.support);
            if is_there || made.bytes() > most {
                return;
            }
            kept.push_back(made.clone());
            let mut bytes: usize = kept.iter().map(|kept| kept.bytes()).sum();
            while bytes > most
                && let Some(oldest) = kept.pop_front()
            {
                bytes -= oldest.bytes();
                gone.push(oldest);
            }
        }
        drop(gone);
    }
}

impl TapTransform {
    /// The transform of kernels of that support, unless they have too many taps or bins.
    pub(super) fn new(support: SupportProjection) -> Option<Arc<Self>> {
        let [taps, bins] = [support.taps, support.grid.bins()];
        let number = 4 * (size_of::<f32>() + size_of::<f64>());
        let sizes = [taps[0], taps[1], bins[0], bins[1]];
        let bytes = sizes.into_iter().fold(number, usize::saturating_mul);
        if taps[0].saturating_mul(taps[1]) > MOST_TAPS || bytes > MOST_BYTES {
            return None;
        }
        if let Some(found) = KEPT.find(&support) {
            return Some(found);
        }
        // Made without the lock: other supports need not wait. Two threads may make the same one.
        let made = Arc::new(Self::of(support));
        KEPT.keep(&made, MOST_BYTES);
        Some(made)
    }

    /// Bytes of the matrices.
    fn bytes(&self) -> usize {
        let matrices = self.forward.iter().chain(&self.inverse);
        matrices
            .map(|matrix| matrix.single.as_bytes().len() + matrix.double.as_bytes().len())
            .sum()
    }

    fn of(support: SupportProjection) -> Self {
        let [taps, size, bins] = [support.taps, support.grid.size, support.grid.bins()];
        let before = support.before();
        // By axis: sine and cosine of every tap and bin.
        let [rows, columns] = [0, 1].map(|axis| {
            let angle = |tap: usize, bin: usize| {
                // The phase goes round with whole periods, and small numbers keep it exact.
                let place = (tap + size[axis] - before[axis]) * bin % size[axis];
                TAU * place as f64 / size[axis] as f64
            };
            let of_tap = |tap| (0..bins[axis]).map(move |bin| angle(tap, bin).sin_cos());
            (0..taps[axis]).flat_map(of_tap).collect::<Vec<_>>()
        });
        let multiplicities = support.grid.multiplicities();
        let samples = support.grid.samples() as f64;
        let shape = [taps[0] * taps[1], bins[0] * bins[1]];
        let empty = || vec![0.0; shape[0] * shape[1]];
        let (mut forward, mut inverse) = ([empty(), empty()], [empty(), empty()]);
        for tap in 0..shape[0] {
            for bin in 0..shape[1] {
                let (row, column) = (bin / bins[1], bin % bins[1]);
                let (sin_row, cos_row) = rows[tap / taps[1] * bins[0] + row];
                let (sin_column, cos_column) = columns[tap % taps[1] * bins[1] + column];
                let cosine = cos_row * cos_column - sin_row * sin_column;
                let sine = sin_row * cos_column + cos_row * sin_column;
                let weight = multiplicities[column] / samples;
                for (part, value) in [cosine, -sine].into_iter().enumerate() {
                    forward[part][tap * shape[1] + bin] = value;
                    inverse[part][bin * shape[0] + tap] = weight * value;
                }
            }
        }
        Self {
            support,
            forward: forward.map(|values| Matrix::new(values, shape)),
            inverse: inverse.map(|values| Matrix::new(values, [shape[1], shape[0]])),
        }
    }

    /// `W_k = Σ_n w_n·e^{−iθ}`.
    ///
    /// # Shapes
    /// - input: `[out, in, taps…]`; output: `[out, in, bins…]`
    pub(super) fn spectrum_of(&self, taps: Tensor<4>) -> ComplexTensor<4> {
        let bins = self.support.grid.bins();
        let [re, im] = self
            .forward
            .each_ref()
            .map(|matrix| matrix.applied(taps.clone(), bins));
        ComplexTensor { re, im }
    }

    /// `w_n = 1/N · Σ_k c_k·(Re W_k·cos θ − Im W_k·sin θ)`, the samples at the taps of the real part of the image of `W`.
    ///
    /// # Shapes
    /// - input: `[out, in, bins…]`; output: `[out, in, taps…]`
    pub(super) fn taps_of(&self, spectrum: ComplexTensor<4>) -> Tensor<4> {
        // What no real image holds does not count, were it infinite.
        let [outputs, inputs, ..] = spectrum.dims();
        let [height, width] = self.support.grid.size;
        let dims = [outputs, inputs, height, width];
        let spectrum = ComplexTensor {
            im: without_self_conjugate(spectrum.im, &[2, 3], &dims),
            ..spectrum
        };
        let [re, im] = &self.inverse;
        re.applied(spectrum.re, self.support.taps) + im.applied(spectrum.im, self.support.taps)
    }
}

/// A constant matrix in either precision.
struct Matrix {
    single: TensorData,
    double: TensorData,
}

impl Matrix {
    fn new(values: Vec<f64>, shape: [usize; 2]) -> Self {
        let double = TensorData::new(values, shape);
        Self {
            single: double.clone().convert_dtype(DType::F32),
            double,
        }
    }

    /// The product of the last two axes of `x`, as one, with the matrix.
    ///
    /// # Shapes
    /// - input: `[out, in, …]`; output: `[out, in, last…]`
    fn applied(&self, x: Tensor<4>, last: [usize; 2]) -> Tensor<4> {
        let [outputs, inputs, height, width] = x.dims();
        let (device, dtype) = (x.device(), x.dtype());
        let matrix = match dtype {
            DType::F32 => self.single.clone(),
            DType::F64 => self.double.clone(),
            _ => self.double.clone().convert_dtype(dtype),
        };
        let matrix = Tensor::<2>::from_data(matrix, (&device, dtype));
        let rows = x.reshape([outputs * inputs, height * width]);
        ops::linear(rows, matrix, None, Activation::Identity)
            .reshape([outputs, inputs, last[0], last[1]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frequency::SpectrumGrid;

    #[test]
    fn matrices_are_kept_up_to_a_number_of_bytes_and_the_least_recently_used_go_first() {
        let of = |size| {
            let support = SupportProjection::new(SpectrumGrid::half([size, size]), [3, 3]);
            Arc::new(TapTransform::of(support))
        };
        let kept = Kept(Mutex::new(VecDeque::new()));
        let made: Vec<_> = (8..16).map(of).collect();
        let most = made[5].bytes() + made[6].bytes() + made[7].bytes();
        for made in &made {
            kept.keep(made, most);
            assert!(kept.lock().iter().map(|kept| kept.bytes()).sum::<usize>() <= most);
        }
        assert!(kept.find(&made[0].support).is_none());
        assert!(kept.find(&made[5].support).is_some());
        kept.keep(&of(14), most);
        kept.keep(&of(4), most);
        assert!(
            kept.find(&made[6].support).is_none(),
            "13 and 15 were used later"
        );
        kept.keep(&of(64), most);
        assert!(kept.find(&made[7].support).is_some(), "too large to keep");
    }

    #[test]
    fn matrices_too_large_to_be_kept_are_not_made() {
        let of = |size| {
            let grid = crate::frequency::SpectrumGrid::half(size);
            TapTransform::new(SupportProjection::new(grid, [5, 5]))
        };
        assert!(of([28, 28]).is_some_and(|made| made.bytes() == 48 * 25 * 28 * 15));
        assert!(of([1024, 1024]).is_none());
    }
}
