//! From images to spectra.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::error::OrPanic;
use crate::{ComplexTensor, SpectralError};

use super::spectrum_grid::SpectrumGrid;

/// The transform in front of a network on spectra: [`SpectrumGrid::spectrum`] as a layer.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::frequency::{SpectrumGrid, ToSpectrum};
///
/// let layer = ToSpectrum::new(SpectrumGrid::full([28, 28]));
/// let images = Tensor::<4>::ones([4, 1, 28, 28], &Device::flex());
/// assert_eq!(layer.forward(images).dims(), [4, 1, 28, 28]);
/// ```
#[derive(Module, Debug)]
pub struct ToSpectrum {
    /// The spectra that come out.
    #[module(skip)]
    pub grid: SpectrumGrid,
}

impl ToSpectrum {
    /// A layer that returns the spectra of images.
    ///
    /// # Errors
    /// If the images are empty.
    pub fn try_new(grid: SpectrumGrid) -> Result<Self, SpectralError> {
        grid.check_size()?;
        Ok(Self { grid })
    }

    /// A layer that returns the spectra of images.
    ///
    /// # Panics
    /// If [`try_new`](Self::try_new) returns an error, with the same text.
    #[track_caller]
    pub fn new(grid: SpectrumGrid) -> Self {
        Self::try_new(grid).or_panic()
    }

    /// Checks that the layer accepts images of shape `dims`.
    ///
    /// # Errors
    /// If they have another size.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        self.grid.check_images(dims)
    }

    /// Transforms.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`; output: `[batch, channels, bins…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, images: Tensor<4>) -> ComplexTensor<4> {
        self.grid.spectrum(images)
    }
}
