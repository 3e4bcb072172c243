//! The layer of fixed filters.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor};

use crate::error::OrPanic;
use crate::ops::{self, Conjugate, ConvSpec, MixSpec, SavedSpectrum};
use crate::response::{Coupling, FullSpectrum, FullSpectrum2d};
use crate::{ComplexTensor, FrequencyGrid, SpectralError};

use super::super::convolve::ConvolveOutput;
use super::super::spectral_conv::SpectralConv2d;
use super::buffer::Buffer;
use super::config::{FilterUse, FixedFourierConv2dConfig};

/// A spectrum that does not train.
#[derive(Module, Debug)]
pub struct FixedSpectrum {
    /// Real part, `[filters, 1, height, bins]`.
    pub re: Buffer<4>,
    /// Imaginary part, `[filters, 1, height, bins]`.
    pub im: Buffer<4>,
}

/// How the filters were made, to make them again at another size.
#[derive(Clone, Debug)]
struct Recipe {
    config: FixedFourierConv2dConfig,
    latest: Arc<Mutex<Option<Evaluated>>>,
}

/// Filters evaluated for one kind of input.
#[derive(Clone, Debug)]
struct Evaluated {
    size: [usize; 2],
    device: Device,
    dtype: DType,
    spectra: Vec<ComplexTensor<4>>,
}

impl Recipe {
    /// The filters for an input, evaluated unless they were for the one before.
    ///
    /// They are evaluated without the lock: a user's function may itself run this layer, or wait for threads of which
    /// one does. Two threads may then evaluate the same filters; the later ones are kept.
    fn spectra(
        &self,
        size: [usize; 2],
        device: &Device,
        dtype: DType,
    ) -> Result<Vec<ComplexTensor<4>>, SpectralError> {
        if let Some(entry) = self.lock().as_ref()
            && (entry.size, &entry.device, entry.dtype) == (size, device, dtype)
        {
            return Ok(entry.spectra.clone());
        }
        let spectra = self.config.spectra(size, device, dtype)?;
        let evaluated = Some(Evaluated {
            size,
            device: device.clone(),
            dtype,
            spectra: spectra.clone(),
        });
        let before = core::mem::replace(&mut *self.lock(), evaluated);
        // The lock is released when the tensors of the entry before are.
        drop(before);
        Ok(spectra)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Evaluated>> {
        // A panic elsewhere cannot leave a half-written entry behind.
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Circular convolution with fixed filters: `y = ifft2(R·fft2(x))`, its real part or magnitude.
///
/// It has no trainable parameters: `num_params` is 0, and so are the tensors it hands to an
/// optimizer. The filters are evaluated once for the configured size and kept as constants
/// ([`Buffer`]) that travel in records. Functions of frequency serve images of any other size too,
/// evaluated when one is met and kept until the next: they are code and not in a record, as an
/// activation is not. Kernel images are bound to their size.
///
/// The real part of the result sees of `R` what a real kernel can have, `(R(f) + conj R(−f))/2`;
/// the magnitude sees all of it, so that a filter of one half-plane of frequencies gives the
/// envelope of a band.
///
/// # Example
/// An example of a fixed filter in the literature is the sinc of both coordinates of a grid, two
/// kernel images. Their peaks lie at (64, 64), so the results are shifted by that:
/// ```
/// use burn::module::Module;
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::conv::{
///     ConvolveOutput, FixedFourierConv2dConfig, KernelOrigin, sinc_planes,
/// };
///
/// let device = Device::flex();
/// let kernels = sinc_planes([128, 128], &device);
/// let layer = FixedFourierConv2dConfig::from_kernels(1, kernels, KernelOrigin::First)
///     .with_output(ConvolveOutput::Magnitude)
///     .init(&device);
/// assert_eq!(layer.num_params(), 0);
/// let image = Tensor::ones([1, 1, 128, 128], &device);
/// assert_eq!(layer.forward(image).dims(), [1, 2, 128, 128]);
///
/// // A Gaussian blur by a function of frequency, at two sizes.
/// let blur = FixedFourierConv2dConfig::from_function(3, [28, 28], |f_h, f_w| {
///     ((-40.0 * (f_h * f_h + f_w * f_w)).exp(), 0.0)
/// });
/// let blur = blur.init(&device);
/// assert_eq!(blur.forward(Tensor::ones([1, 3, 28, 28], &device)).dims(), [1, 3, 28, 28]);
/// assert_eq!(blur.forward(Tensor::ones([1, 3, 41, 37], &device)).dims(), [1, 3, 41, 37]);
/// ```
#[derive(Module, Debug)]
pub struct FixedFourierConv2d {
    /// The filters at the configured size: those of the real part of the result and, for a
    /// magnitude of filters without a real kernel, those of its imaginary part.
    pub spectra: Vec<FixedSpectrum>,
    #[module(skip)]
    recipe: Recipe,
}

impl FixedFourierConv2d {
    /// A layer of the filters that `config` makes, evaluated at its size.
    pub(super) fn from_spectra(
        spectra: Vec<ComplexTensor<4>>,
        config: FixedFourierConv2dConfig,
    ) -> Self {
        let buffers = spectra.into_iter().map(|spectrum| FixedSpectrum {
            re: Buffer::new(spectrum.re),
            im: Buffer::new(spectrum.im),
        });
        Self {
            spectra: buffers.collect(),
            recipe: Recipe {
                config,
                latest: Arc::default(),
            },
        }
    }

    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        let FixedFourierConv2dConfig {
            channels, filters, ..
        } = &self.recipe.config;
        match self.recipe.config.filter_use {
            FilterUse::EachChannel => [*channels, channels * filters.len()],
            FilterUse::PerChannel | FilterUse::ChannelSum => [*channels, filters.len()],
        }
    }

    /// Planes of an input that are transformed.
    #[cfg(feature = "summary")]
    pub(crate) fn planes(&self) -> usize {
        match self.recipe.config.filter_use {
            FilterUse::EachChannel | FilterUse::PerChannel => self.recipe.config.channels,
            FilterUse::ChannelSum => 1,
        }
    }

    /// Checks that the layer accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the layer's, an axis is empty, or a kernel image meets another
    /// size than its own.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        let config = &self.recipe.config;
        if dims[1] != config.channels {
            return Err(SpectralError::Channels {
                expected: config.channels,
                got: dims.to_vec(),
            });
        }
        FrequencyGrid::new(&dims[2..])?;
        match dims[2..] == config.size || config.is_any_size() {
            true => Ok(()),
            false => Err(SpectralError::Size {
                response: "the kernel image",
                expected: config.size.to_vec(),
                got: dims[2..].to_vec(),
            }),
        }
    }

    /// Convolves.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, channels_out, height, width]`, see [`channels`](Self::channels)
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text; when a function of frequency
    /// gives a value that is not finite at the input's size.
    #[track_caller]
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let dims = images.dims();
        let spectra = self
            .check(dims)
            .and_then(|()| self.spectra_for(&images))
            .or_panic();
        let config = &self.recipe.config;
        let (images, groups) = match config.filter_use {
            FilterUse::EachChannel => (images.reshape([dims[0] * dims[1], 1, dims[2], dims[3]]), 1),
            FilterUse::PerChannel => (images, config.channels),
            FilterUse::ChannelSum => (images.sum_dim(1), 1),
        };
        let spec = ConvSpec {
            spatial: 2,
            mix: MixSpec {
                groups,
                conjugate: Conjugate::None,
            },
            saved: SavedSpectrum::Keep,
        };
        let mut results = spectra
            .into_iter()
            .map(|response| ops::spectral_conv(images.clone(), response, spec));
        let real = results.next().expect("a layer has filters");
        let output = match (config.output, results.next()) {
            (ConvolveOutput::Real, _) => real,
            (ConvolveOutput::Magnitude, None) => real.abs(),
            (ConvolveOutput::Magnitude, Some(imaginary)) => {
                ComplexTensor::new(real, imaginary).abs()
            }
        };
        output.reshape([dims[0], self.channels()[1], dims[2], dims[3]])
    }

    /// The filters for an input: the constants, or the functions where size or precision differ.
    fn spectra_for(&self, images: &Tensor<4>) -> Result<Vec<ComplexTensor<4>>, SpectralError> {
        let config = &self.recipe.config;
        let (dims, dtype) = (images.dims(), images.dtype());
        let constants = || {
            self.spectra
                .iter()
                .map(|spectrum| (spectrum.re.val(), spectrum.im.val()))
        };
        let is_as_kept = dims[2..] == config.size && constants().all(|(re, _)| re.dtype() == dtype);
        if config.is_any_size() && !is_as_kept {
            return self
                .recipe
                .spectra([dims[2], dims[3]], &images.device(), dtype);
        }
        let cast =
            |(re, im): (Tensor<4>, Tensor<4>)| ComplexTensor::new(re.cast(dtype), im.cast(dtype));
        Ok(constants().map(cast).collect())
    }

    /// Releases the filters for training: a layer with a free weight at every frequency of the
    /// configured size, which starts as this one.
    ///
    /// Each channel gets weights of its own. The result is the real part; for a layer of
    /// magnitudes take its absolute value. Filters without a real kernel leave behind what no real
    /// kernel can have.
    pub fn trainable(&self) -> SpectralConv2d<FullSpectrum2d> {
        let config = &self.recipe.config;
        let (coupling, copies) = match config.filter_use {
            FilterUse::EachChannel => (Coupling::Depthwise, config.channels),
            FilterUse::PerChannel => (Coupling::Depthwise, 1),
            FilterUse::ChannelSum => (Coupling::Shared, 1),
        };
        let weight = |buffer: &Buffer<4>| Param::from_tensor(buffer.val().repeat_dim(0, copies));
        let response = FullSpectrum {
            re: weight(&self.spectra[0].re),
            im: weight(&self.spectra[0].im),
            length: config.size[1],
        };
        SpectralConv2d::from_response(response, self.channels(), coupling)
            .expect("the layer's own channels fit its filters")
    }
}

#[cfg(test)]
mod tests {
    use super::super::filter::{KernelOrigin, sinc_planes};
    use super::*;

    #[test]
    fn filters_of_another_number_than_the_channels_are_refused() {
        let device = Device::flex();
        let config = FixedFourierConv2dConfig::from_function(3, [4, 4], |_, _| (1.0, 0.0));
        assert_eq!(config.init(&device).channels(), [3, 3]);
        let error = config
            .with_filter_use(FilterUse::PerChannel)
            .try_init(&device)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected 3 filters, one per channel, got 1"
        );
        let none = FixedFourierConv2dConfig::new(1, [4, 4], Vec::new());
        assert!(none.try_init(&device).is_err());
    }

    #[test]
    fn a_kernel_image_is_bound_to_its_size() {
        let device = Device::flex();
        let kernels = sinc_planes([8, 6], &device);
        let layer =
            FixedFourierConv2dConfig::from_kernels(1, kernels, KernelOrigin::First).init(&device);
        assert_eq!(
            layer.check([1, 1, 6, 8]).unwrap_err().to_string(),
            "the kernel image was created for inputs of size [8, 6], got size [6, 8]; create it for that size or resize the input"
        );
        assert!(layer.check([1, 2, 8, 6]).is_err());
    }
}
