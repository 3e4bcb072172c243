//! Short-time Fourier transform of images: spectra of windowed, overlapping patches, and the inverse.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{DType, Device, IndexingUpdateOp, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::error::OrPanic;
use crate::{ComplexTensor, FrequencyGrid, HalfSpectrum, Norm, SpectralError, fft, ops};

use super::window::PatchWindow;

/// Padding of an image at its border.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PatchEdges {
    /// The image again: patches wrap around.
    #[default]
    Periodic,
    /// Zeros; patches begin before the image, so that its first samples are seen as often as any.
    Zero,
}

/// Configuration of a [`PatchStft2d`].
#[derive(Config, Debug, PartialEq, Eq)]
pub struct PatchStft2dConfig {
    /// Height and width of a patch.
    pub patch: [usize; 2],
    /// Samples from one patch to the next along height and width; half a patch by default.
    #[config(default = "patch.map(|length| (length / 2).max(1))")]
    pub hop: [usize; 2],
    /// The window; Hann by default.
    #[config(default = "PatchWindow::Hann")]
    pub window: PatchWindow,
    /// Padding at the border; periodic by default.
    #[config(default = "PatchEdges::Periodic")]
    pub edges: PatchEdges,
}

impl PatchStft2dConfig {
    /// Creates the layer.
    ///
    /// # Errors
    /// If a size is zero or too large, or the windows give some sample less than a thousandth of
    /// weight, so that it could not be recovered.
    pub fn try_init(&self) -> Result<PatchStft2d, SpectralError> {
        check(self.patch, self.hop, self.window)?;
        Ok(PatchStft2d {
            patch: self.patch,
            hop: self.hop,
            window: self.window,
            edges: self.edges,
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self) -> PatchStft2d {
        self.try_init().or_panic()
    }
}

/// Checks patches of that size every `hop` samples.
fn check(patch: [usize; 2], hop: [usize; 2], window: PatchWindow) -> Result<(), SpectralError> {
    SpectralError::check_positive("every size of a patch", &patch)?;
    SpectralError::check_elements("a patch", &patch)?;
    SpectralError::check_positive("the hop", &hop)?;
    for (length, hop) in patch.into_iter().zip(hop) {
        if hop > length || window.least_weight(length, hop) < 1e-3 {
            return Err(SpectralError::Hop {
                window: window.name(),
                length,
                hop,
            });
        }
    }
    Ok(())
}

/// Short-time Fourier transform of images: the half-spectra of windowed, overlapping patches.
///
/// Where a transform of the whole image says what frequencies there are, this one says where. The
/// [`inverse`](Self::inverse) windows the patches again, adds them where they overlap and divides
/// by the sum of squared windows. That undoes the transform exactly, and gives of patches that no
/// image has the image whose patches are nearest to them in the least-squares sense (Griffin and
/// Lim, 1984). Images of any size, the patch's own multiples or not.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::spectrum::PatchStft2dConfig;
///
/// let images = Tensor::<4>::random([2, 3, 30, 41], Distribution::Default, &Device::flex());
/// let stft = PatchStft2dConfig::new([8, 8]).init();
/// let patches = stft.forward(images.clone());
/// assert_eq!(patches.dims(), [2, 3, 8, 11, 8, 5]);
/// let back = stft.inverse(patches, [30, 41]);
/// assert!((back - images).abs().max().into_scalar::<f32>() < 1e-5);
/// ```
#[derive(Module, Debug)]
pub struct PatchStft2d {
    /// Height and width of a patch.
    pub patch: [usize; 2],
    /// Samples from one patch to the next.
    pub hop: [usize; 2],
    /// The window.
    #[module(skip)]
    pub window: PatchWindow,
    /// What lies beyond the edges.
    #[module(skip)]
    pub edges: PatchEdges,
}

impl PatchStft2d {
    /// How many patches an image of the given height and width has along each axis.
    ///
    /// # Panics
    /// If the layer's hop was set to zero.
    #[track_caller]
    pub fn patches(&self, size: [usize; 2]) -> [usize; 2] {
        core::array::from_fn(|axis| self.line(axis, size[axis]).count)
    }

    /// Checks that the layer accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the height or the width is zero, when the patches have more samples than a layer can work
    /// with, or where [`PatchStft2dConfig::try_init`] refuses fields set by hand.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        self.check_size([dims[2], dims[3]])
    }

    fn check_size(&self, size: [usize; 2]) -> Result<(), SpectralError> {
        check(self.patch, self.hop, self.window)?;
        FrequencyGrid::new(&size)?;
        let [rows, columns] = self.patches(size);
        let dims = [rows, columns, self.patch[0], self.patch[1]];
        SpectralError::check_elements("the patches of a channel", &dims)
    }

    /// Transforms every patch, without a factor on this side.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, channels, rows, columns, patch[0], patch[1]/2 + 1]` with the
    ///   [`patches`](Self::patches) `[rows, columns]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, images: Tensor<4>) -> ComplexTensor<6> {
        let [batch, channels, height, width] = images.dims();
        self.check(images.dims()).or_panic();
        let (rows, columns) = (self.line(0, height), self.line(1, width));
        let device = images.device();
        let images = match self.edges {
            PatchEdges::Periodic => images,
            PatchEdges::Zero => {
                images.pad([(0, 0), (0, 0), rows.padding(), columns.padding()], 0.0)
            }
        };
        let samples = images
            .select(2, rows.indices(&device))
            .select(3, columns.indices(&device))
            .reshape([
                batch,
                channels,
                rows.count,
                self.patch[0],
                columns.count,
                self.patch[1],
            ])
            .permute([0, 1, 2, 4, 3, 5]);
        let window = self.window_image(&device, samples.dtype());
        fft::rfft2(samples * window, Norm::Backward).into_complex()
    }

    /// Checks that spectra of shape `dims` are those of patches of an image of `size`.
    ///
    /// # Errors
    /// If the size has an empty axis or is too large, or the number of patches or of bins is another.
    pub fn check_spectra(&self, dims: [usize; 6], size: [usize; 2]) -> Result<(), SpectralError> {
        self.check_size(size)?;
        let [rows, columns] = self.patches(size);
        let expected = [rows, columns, self.patch[0], self.patch[1] / 2 + 1];
        match dims[2..] == expected {
            true => Ok(()),
            false => Err(SpectralError::Bins {
                expected: expected.to_vec(),
                size: size.to_vec(),
                got: dims[2..].to_vec(),
            }),
        }
    }

    /// The image of `size` whose patches have these spectra, or the nearest to them.
    ///
    /// # Shapes
    /// - input: `[batch, channels, rows, columns, patch[0], patch[1]/2 + 1]`
    /// - output: `[batch, channels, size[0], size[1]]`
    ///
    /// # Panics
    /// If [`check_spectra`](Self::check_spectra) returns an error, with the same text.
    #[track_caller]
    pub fn inverse(&self, spectra: ComplexTensor<6>, size: [usize; 2]) -> Tensor<4> {
        let dims = spectra.dims();
        self.check_spectra(dims, size).or_panic();
        let [batch, channels, ..] = dims;
        let (rows, columns) = (self.line(0, size[0]), self.line(1, size[1]));
        let (device, dtype) = (spectra.device(), spectra.re.dtype());

        let samples = fft::irfft2(HalfSpectrum::new(spectra, self.patch[1]), Norm::Backward);
        let samples = (samples * self.window_image(&device, dtype))
            .permute([0, 1, 2, 4, 3, 5])
            .reshape([
                batch,
                channels,
                rows.count * self.patch[0],
                columns.count * self.patch[1],
            ]);
        let place = |samples: Tensor<4>, axis: usize, line: &Line| {
            let mut dims = samples.dims();
            dims[axis] = line.length();
            let line_of = Tensor::zeros(dims, (&device, dtype)).select_assign(
                axis,
                line.indices(&device),
                samples,
                IndexingUpdateOp::Add,
            );
            ops::narrow(line_of, axis, line.before, line.samples)
        };
        let sum = place(place(samples, 3, &columns), 2, &rows);
        let inverse_weight = |axis: usize, line: &Line| {
            let window = self.window.values(self.patch[axis]);
            let weights = line.weights(&window).into_iter().map(|weight| 1.0 / weight);
            vector(weights.collect(), (&device, dtype))
        };
        sum * inverse_weight(0, &rows).reshape([1, 1, size[0], 1])
            * inverse_weight(1, &columns).reshape([1, 1, 1, size[1]])
    }

    fn line(&self, axis: usize, samples: usize) -> Line {
        let (patch, hop) = (self.patch[axis], self.hop[axis]);
        let before = match self.edges {
            PatchEdges::Periodic => 0,
            PatchEdges::Zero => patch.saturating_sub(hop),
        };
        Line {
            samples,
            patch,
            hop,
            before,
            count: samples.saturating_add(before).div_ceil(hop),
            wraps: self.edges == PatchEdges::Periodic,
        }
    }

    /// The window as `[1, 1, 1, 1, patch[0], patch[1]]`.
    fn window_image(&self, device: &Device, dtype: DType) -> Tensor<6> {
        let [height, width] = self.patch;
        let along = |length| vector(self.window.values(length), (device, dtype));
        along(height).reshape([1, 1, 1, 1, height, 1])
            * along(width).reshape([1, 1, 1, 1, 1, width])
    }
}

fn vector(values: Vec<f64>, (device, dtype): (&Device, DType)) -> Tensor<1> {
    let length = values.len();
    let data = TensorData::new(values, [length]).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

/// Where patches lie along one axis.
struct Line {
    /// Samples of the image.
    samples: usize,
    patch: usize,
    hop: usize,
    /// Zeros before the image.
    before: usize,
    /// Patches.
    count: usize,
    wraps: bool,
}

impl Line {
    /// Samples of the image and its zeros.
    fn length(&self) -> usize {
        match self.wraps {
            true => self.samples,
            false => (self.count - 1) * self.hop + self.patch,
        }
    }

    fn padding(&self) -> (usize, usize) {
        (self.before, self.length() - self.before - self.samples)
    }

    /// For every sample of every patch, where it lies.
    fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let length = self.length();
        (0..self.count)
            .flat_map(move |patch| (0..self.patch).map(move |j| (patch * self.hop + j) % length))
    }

    fn indices(&self, device: &Device) -> Tensor<1, Int> {
        let indices: Vec<i64> = self.places().map(|place| place as i64).collect();
        let count = indices.len();
        Tensor::from_data(TensorData::new(indices, [count]), device)
    }

    /// `Σ w²` at every sample of the image.
    fn weights(&self, window: &[f64]) -> Vec<f64> {
        let mut weights = vec![0.0; self.length()];
        for (place, w) in self.places().zip(window.iter().cycle()) {
            weights[place] += w * w;
        }
        weights[self.before..self.before + self.samples].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_leave_samples_unseen_are_refused() {
        let config = PatchStft2dConfig::new([8, 4]);
        assert_eq!(config.init().hop, [4, 2]);
        assert_eq!(
            config
                .clone()
                .with_hop([4, 4])
                .try_init()
                .unwrap_err()
                .to_string(),
            "Hann windows of 4 samples with hop 4 give some samples (almost) no weight, so the transform has no inverse; use a smaller hop, at most half the window"
        );
        let side_by_side = config
            .with_hop([8, 4])
            .with_window(PatchWindow::Rectangular);
        assert!(side_by_side.try_init().is_ok());
        assert!(side_by_side.clone().with_hop([9, 4]).try_init().is_err());
        assert!(side_by_side.with_hop([0, 4]).try_init().is_err());
        assert!(PatchStft2dConfig::new([0, 4]).try_init().is_err());
    }

    #[test]
    fn spectra_of_another_number_of_patches_are_refused() {
        let stft = PatchStft2dConfig::new([4, 4]).init();
        assert_eq!(stft.patches([7, 8]), [4, 4]);
        assert_eq!(
            stft.check_spectra([1, 1, 4, 3, 4, 3], [7, 8])
                .unwrap_err()
                .to_string(),
            "expected spectra with [4, 4, 4, 3] bins, those of images of size [7, 8], got \
             [4, 3, 4, 3]"
        );
    }

    #[test]
    fn zero_edges_see_every_sample_with_the_same_weight() {
        let config = PatchStft2dConfig::new([6, 6]).with_window(PatchWindow::Sine);
        let stft = config.with_edges(PatchEdges::Zero).init();
        for samples in 1..20 {
            let weights = stft.line(0, samples).weights(&PatchWindow::Sine.values(6));
            assert_eq!(weights.len(), samples);
            assert!(weights.iter().all(|weight| (weight - 1.0).abs() < 1e-12));
        }
    }
}
