//! The transforms as layers without parameters.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::{ComplexTensor, HalfSpectrum, Norm, Spectrum, ops};

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
/// assert_eq!(Irfft2::default().forward(spectrum).dims(), [1, 3, 150, 150]);
/// ```
#[derive(Module, Debug, Default)]
pub struct Rfft2 {
    /// Where the factor `1/N` goes.
    #[module(skip)]
    pub norm: Norm,
}

impl Rfft2 {
    /// A layer with the given normalization.
    pub fn new(norm: Norm) -> Self {
        Self { norm }
    }

    /// Transforms the images.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, channels, height, width/2 + 1]`
    ///
    /// # Panics
    /// When the height or the width is zero.
    #[track_caller]
    pub fn forward(&self, images: Tensor<4>) -> HalfSpectrum<4> {
        rfft2(images, self.norm)
    }
}

/// Real images of a half-spectrum: [`irfft2`](super::irfft2) as a layer, the `ifft_layer` of Wood
/// and Larson (2021).
#[derive(Module, Debug, Default)]
pub struct Irfft2 {
    /// Where the factor `1/N` goes; by default to this side.
    #[module(skip)]
    pub norm: Norm,
}

impl Irfft2 {
    /// A layer with the given normalization: that of the forward transform, whose inverse it is.
    pub fn new(norm: Norm) -> Self {
        Self { norm }
    }

    /// Transforms the spectrum back.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width/2 + 1]`
    /// - output: `[batch, channels, height, width]`
    ///
    /// # Panics
    /// When the height is zero, or the spectrum is not halved along the last dim.
    #[track_caller]
    pub fn forward(&self, spectrum: HalfSpectrum<4>) -> Tensor<4> {
        irfft2(spectrum, self.norm)
    }
}

/// Magnitude and phase of a spectrum as real channels: all magnitudes, then all phases.
///
/// The phase in radians jumps at ±π; its gradient at zero magnitude is taken as zero.
#[derive(Module, Debug, Default)]
pub struct ToMagnitudePhase;

impl ToMagnitudePhase {
    /// Converts the spectrum.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, bins]`
    /// - output: `[batch, 2·channels, height, bins]`
    pub fn forward(&self, spectrum: impl Spectrum<4>) -> Tensor<4> {
        let spectrum = spectrum.into_complex();
        ops::cat(vec![spectrum.clone().abs(), spectrum.arg()], 1)
    }
}

/// Real and imaginary part along a new last dim of size 2, as a layer.
#[derive(Module, Debug, Default)]
pub struct IntoStacked;

impl IntoStacked {
    /// Stacks the parts.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, bins]`
    /// - output: `[batch, channels, height, bins, 2]`
    pub fn forward(&self, spectrum: impl Spectrum<4>) -> Tensor<5> {
        from_complex(spectrum)
    }
}

/// A last dim of size 2 split into real and imaginary part, as a layer.
///
/// The result is a bare complex tensor; for an inverse transform,
/// [`HalfSpectrum::new`] gives it the width of the images.
#[derive(Module, Debug, Default)]
pub struct FromStacked;

impl FromStacked {
    /// Splits the parts.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, bins, 2]`
    /// - output: `[batch, channels, height, bins]`
    ///
    /// # Panics
    /// When the last dim is not of size 2.
    #[track_caller]
    pub fn forward(&self, stacked: Tensor<5>) -> ComplexTensor<4> {
        to_complex(stacked)
    }
}

/// Stacks the parts along a new last dim of size 2: Wood and Larson's name for
/// [`ComplexTensor::into_stacked`].
///
/// # Shapes
/// - input: `[…]` of rank `D`; output: `[…, 2]` of rank `D2 = D + 1`
///
/// # Panics
/// When `D2` is not `D + 1`.
#[track_caller]
pub fn from_complex<const D: usize, const D2: usize>(spectrum: impl Spectrum<D>) -> Tensor<D2> {
    spectrum.into_complex().into_stacked()
}

/// Splits a last dim of size 2: Wood and Larson's name for [`ComplexTensor::from_stacked`].
///
/// # Shapes
/// - input: `[…, 2]` of rank `D2 = D + 1`; output: `[…]` of rank `D`
///
/// # Panics
/// When `D2` is not `D + 1`, or the last dim is not of size 2.
#[track_caller]
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
        let spectrum = HalfSpectrum::new(FromStacked.forward(stacked), 7);
        let back = Irfft2::default().forward(spectrum);
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
        let back = ComplexTensor::from_polar(magnitude, phase) - spectrum.into_complex();
        assert!(back.abs().max().into_scalar::<f32>() < 1e-5);
    }
}
