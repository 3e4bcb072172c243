//! The transforms as layers without parameters.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::{ComplexTensor, Norm, ops};

use super::{irfft2, rfft2};

/// Half-spectrum of real images: [`rfft2`](super::rfft2) as a layer, the `fft_layer` of Wood and
/// Larson (2021) in channels-first layout.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::fft::{Irfft2, Rfft2};
///
/// let images = Tensor::<4>::ones([1, 3, 150, 150], &Device::flex());
/// let spectrum = Rfft2::default().forward(images);
/// assert_eq!(spectrum.dims(), [1, 3, 150, 76]);
/// assert_eq!(Irfft2::new(150).forward(spectrum).dims(), [1, 3, 150, 150]);
/// ```
#[derive(Module, Debug, Default)]
pub struct Rfft2 {
    /// Where the factor `1/N` goes.
    #[module(skip)]
    pub norm: Norm,
}

impl Rfft2 {
    /// A layer with the given norm.
    pub fn new(norm: Norm) -> Self {
        Self { norm }
    }

    /// Transforms.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, channels, height, width/2 + 1]`
    pub fn forward(&self, images: Tensor<4>) -> ComplexTensor<4> {
        rfft2(images, self.norm)
    }
}

/// Real images of a half-spectrum: [`irfft2`](super::irfft2) as a layer, the `ifft_layer` of Wood
/// and Larson (2021).
#[derive(Module, Debug)]
pub struct Irfft2 {
    /// Samples on the last axis of the result.
    pub width: usize,
    /// Where the factor `1/N` goes.
    #[module(skip)]
    pub norm: Norm,
}

impl Irfft2 {
    /// A layer for images of the given width, with the factor `1/N` on this side.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            norm: Norm::Backward,
        }
    }

    /// Sets the norm.
    pub fn with_norm(mut self, norm: Norm) -> Self {
        self.norm = norm;
        self
    }

    /// Transforms.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width/2 + 1]`
    /// - output: `[batch, channels, height, width]`
    ///
    /// # Panics
    /// When the spectrum does not have the bins of `width` samples.
    pub fn forward(&self, spectrum: ComplexTensor<4>) -> Tensor<4> {
        irfft2(spectrum, self.width, self.norm)
    }
}

/// Magnitude and phase of a spectrum as real channels: all magnitudes, then all phases.
///
/// The phase in radians jumps at ±π; its gradient at zero magnitude is taken as zero.
#[derive(Module, Debug, Default)]
pub struct ToMagnitudePhase;

impl ToMagnitudePhase {
    /// Converts.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, bins]`
    /// - output: `[batch, 2·channels, height, bins]`
    pub fn forward(&self, spectrum: ComplexTensor<4>) -> Tensor<4> {
        ops::cat(vec![spectrum.clone().abs(), spectrum.arg()], 1)
    }
}

/// Real and imaginary part along a new last axis of 2, as a layer.
#[derive(Module, Debug, Default)]
pub struct IntoStacked;

impl IntoStacked {
    /// Stacks.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, bins]`
    /// - output: `[batch, channels, height, bins, 2]`
    pub fn forward(&self, spectrum: ComplexTensor<4>) -> Tensor<5> {
        from_complex(spectrum)
    }
}

/// A last axis of 2 split into real and imaginary part, as a layer.
#[derive(Module, Debug, Default)]
pub struct FromStacked;

impl FromStacked {
    /// Splits.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, bins, 2]`
    /// - output: `[batch, channels, height, bins]`
    ///
    /// # Panics
    /// When the last axis is not of length 2.
    pub fn forward(&self, stacked: Tensor<5>) -> ComplexTensor<4> {
        to_complex(stacked)
    }
}

/// Stacks the parts along a new last axis of 2: Wood and Larson's name for
/// [`ComplexTensor::into_stacked`].
pub fn from_complex<const D: usize, const D2: usize>(spectrum: ComplexTensor<D>) -> Tensor<D2> {
    spectrum.into_stacked()
}

/// Splits a last axis of 2: Wood and Larson's name for [`ComplexTensor::from_stacked`].
///
/// # Panics
/// When the last axis is not of length 2.
pub fn to_complex<const D: usize, const D2: usize>(stacked: Tensor<D2>) -> ComplexTensor<D> {
    ComplexTensor::from_stacked(stacked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};

    #[test]
    fn the_layers_return_to_the_images_they_came_from() {
        let device = Device::flex();
        let images = Tensor::<4>::random([2, 3, 5, 7], Distribution::Default, &device);
        let stacked: Tensor<5> = IntoStacked.forward(Rfft2::default().forward(images.clone()));
        assert_eq!(stacked.dims(), [2, 3, 5, 4, 2]);
        let back = Irfft2::new(7).forward(FromStacked.forward(stacked));
        assert!((back - images).abs().max().into_scalar::<f32>() < 1e-6);
    }

    #[test]
    fn magnitude_and_phase_are_twice_the_channels() {
        let device = Device::flex();
        let images = Tensor::<4>::random([2, 3, 4, 6], Distribution::Default, &device);
        let spectrum = Rfft2::new(Norm::Ortho).forward(images);
        let out = ToMagnitudePhase.forward(spectrum.clone());
        assert_eq!(out.dims(), [2, 6, 4, 4]);
        let (magnitude, phase) = (out.clone().narrow(1, 0, 3), out.narrow(1, 3, 3));
        let back = ComplexTensor::from_polar(magnitude, phase) - spectrum;
        assert!(back.abs().max().into_scalar::<f32>() < 1e-5);
    }
}
