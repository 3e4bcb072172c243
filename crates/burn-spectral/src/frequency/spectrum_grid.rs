//! The spectra of images of one size: their bins, and the transforms to and from images.

use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::error::OrPanic;
use crate::spectrum::SpectrumExtent;
use crate::{ComplexTensor, FrequencyGrid, HalfSpectrum, Norm, SpectralError, fft, ops};

/// Which bins the spectra of images of one size have: all of them, or the half-spectrum.
///
/// A half-spectrum is that of a real image. A full spectrum may be anything; the published networks
/// of Pan et al. (2022) use full ones, because their noise and their weights make them spectra of
/// complex images.
///
/// # Example
/// ```
/// use burn_spectral::frequency::SpectrumGrid;
///
/// assert_eq!(SpectrumGrid::half([28, 27]).bins(), [28, 14]);
/// assert_eq!(SpectrumGrid::full([28, 27]).bins(), [28, 27]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SpectrumGrid {
    /// Height and width of the images.
    pub size: [usize; 2],
    /// Which bins there are.
    pub extent: SpectrumExtent,
}

impl SpectrumGrid {
    /// The half-spectra of real images of the given height and width.
    pub fn half(size: [usize; 2]) -> Self {
        Self {
            size,
            extent: SpectrumExtent::Half,
        }
    }

    /// The full spectra of images of the given height and width.
    pub fn full(size: [usize; 2]) -> Self {
        Self {
            size,
            extent: SpectrumExtent::Full,
        }
    }

    /// The same bins of images of another size.
    pub fn with_size(self, size: [usize; 2]) -> Self {
        Self { size, ..self }
    }

    /// Samples of an image.
    pub fn samples(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Bins along height and width.
    pub fn bins(&self) -> [usize; 2] {
        let [height, width] = self.size;
        match self.extent {
            SpectrumExtent::Half => [height, width / 2 + 1],
            SpectrumExtent::Full => [height, width],
        }
    }

    /// Checks that there are images of this size.
    ///
    /// # Errors
    /// If the height or the width is zero.
    pub fn check_size(&self) -> Result<(), SpectralError> {
        FrequencyGrid::new(&self.size).map(|_| ())
    }

    /// Checks that a spectrum of shape `dims` has these bins on its last two axes.
    ///
    /// # Errors
    /// If it has others.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        match dims[2..] == self.bins() {
            true => Ok(()),
            false => Err(SpectralError::Bins {
                expected: self.bins().to_vec(),
                size: self.size.to_vec(),
                got: dims[2..].to_vec(),
            }),
        }
    }

    /// Checks that images of shape `dims` have this size.
    ///
    /// # Errors
    /// If they have another.
    pub fn check_images(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        match dims[2..] == self.size {
            true => Ok(()),
            false => Err(SpectralError::Images {
                expected: self.size,
                got: dims.to_vec(),
            }),
        }
    }

    /// The spectra of images, unnormalized.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, channels, bins…]`
    ///
    /// # Panics
    /// If [`check_images`](Self::check_images) returns an error, with the same text.
    #[track_caller]
    pub fn spectrum(&self, images: Tensor<4>) -> ComplexTensor<4> {
        self.check_images(images.dims()).or_panic();
        match self.extent {
            SpectrumExtent::Half => fft::rfft2(images, Norm::Backward).into_complex(),
            SpectrumExtent::Full => ops::fft2_of_real(images, 1.0),
        }
    }

    /// The images of spectra. Of a full spectrum it is the real part, of a half-spectrum what
    /// `irfft2` keeps (see [`crate::fft`]): in either case the nearest real image.
    ///
    /// # Shapes
    /// - input: `[batch, channels, bins…]`
    /// - output: `[batch, channels, height, width]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn image(&self, spectrum: ComplexTensor<4>) -> Tensor<4> {
        self.check(spectrum.dims()).or_panic();
        match self.extent {
            SpectrumExtent::Half => {
                fft::irfft2(HalfSpectrum::new(spectrum, self.size[1]), Norm::Backward)
            }
            SpectrumExtent::Full => ops::real_of_ifft2(spectrum, (self.samples() as f64).recip()),
        }
    }

    /// How many bins of the full spectrum each bin stands for, by its index on the last axis:
    /// `c_k` of [`FrequencyGrid::multiplicity`], all ones for a full spectrum.
    pub fn multiplicities(&self) -> Vec<f64> {
        match self.extent {
            SpectrumExtent::Full => vec![1.0; self.size[1]],
            SpectrumExtent::Half => {
                let width = self.size[1];
                let count = |bin: usize| match bin == 0 || 2 * bin == width {
                    true => 1.0,
                    false => 2.0,
                };
                (0..=width / 2).map(count).collect()
            }
        }
    }

    /// [`multiplicities`](Self::multiplicities) as a tensor `[1, 1, 1, bins]`.
    pub(super) fn weights(&self, device: &Device, dtype: DType) -> Tensor<4> {
        let weights = self.multiplicities();
        let dims = [1, 1, 1, weights.len()];
        plane(weights, dims, device, dtype)
    }

    /// One at the bin of frequency zero and zero elsewhere, `[1, 1, bins…]`.
    pub(super) fn constant_bin(&self, device: &Device, dtype: DType) -> Tensor<4> {
        let [height, bins] = self.bins();
        let mut values = vec![0.0; height * bins];
        values[0] = 1.0;
        plane(values, [1, 1, height, bins], device, dtype)
    }
}

/// Numbers as a tensor of the given precision.
pub(super) fn plane(
    values: Vec<f64>,
    dims: [usize; 4],
    device: &Device,
    dtype: DType,
) -> Tensor<4> {
    let data = TensorData::new(values, dims).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn an_image_returns_from_either_spectrum() {
        let device = Device::flex();
        for size in [[5, 8], [7, 7], [1, 6], [4, 1]] {
            let images =
                Tensor::<4>::random([2, 3, size[0], size[1]], Distribution::Default, &device);
            for grid in [SpectrumGrid::half(size), SpectrumGrid::full(size)] {
                let spectrum = grid.spectrum(images.clone());
                assert_eq!(spectrum.dims()[2..], grid.bins());
                let error = (grid.image(spectrum) - images.clone()).abs().max();
                assert!(error.into_scalar::<f32>() < 1e-6, "{grid:?}");
            }
        }
    }

    #[test]
    fn multiplicities_count_every_bin() {
        for width in 1..9 {
            for grid in [
                SpectrumGrid::half([3, width]),
                SpectrumGrid::full([3, width]),
            ] {
                assert_eq!(grid.multiplicities().len(), grid.bins()[1]);
                assert_eq!(grid.multiplicities().iter().sum::<f64>(), width as f64);
            }
        }
    }

    #[test]
    fn other_bins_are_refused() {
        let error = SpectrumGrid::half([4, 6]).check([1, 2, 4, 6]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected spectra with [4, 4] bins, those of images of size [4, 6], got [4, 6]"
        );
        let error = SpectrumGrid::full([4, 6]).check_images([1, 2, 4, 4]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "expected images of size [4, 6], got an input of shape [1, 2, 4, 4]"
        );
        assert!(SpectrumGrid::full([0, 3]).check_size().is_err());
    }
}
