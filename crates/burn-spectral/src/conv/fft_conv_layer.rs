//! Drop-in replacements for Burn's convolution layers, evaluated by FFT.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, Conv3d, Conv3dConfig};
use burn::nn::{PaddingConfig1d, PaddingConfig2d, PaddingConfig3d};
use burn::tensor::{Device, Tensor};
use fused_layers::geometry::{Pairs, same};

use crate::SpectralError;
use crate::error::OrPanic;
use crate::ops::SavedSpectrum;
use crate::response::Coupling;

use super::algorithm::FftConvAlgorithm;
use super::fft_conv::{ConvGeometry, FftConvOptions, fft_conv};

/// Creates an FFT-evaluated layer from the configuration of Burn's own.
///
/// Arguments, defaults and initialization are Burn's, because the configuration is.
///
/// # Example
/// ```
/// use burn::nn::{PaddingConfig2d, conv::Conv2dConfig};
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::conv::{FftConv2d, InitFft};
///
/// let device = Device::flex();
/// let config = Conv2dConfig::new([3, 8], [15, 15]).with_padding(PaddingConfig2d::Same);
/// let layer = config.init_fft(&device);
/// let images = Tensor::random([2, 3, 33, 41], Distribution::Default, &device);
/// assert_eq!(layer.forward(images.clone()).dims(), [2, 8, 33, 41]);
///
/// // A trained layer becomes its FFT twin, with the same weights and the same results.
/// let conv = config.init(&device);
/// let twin = FftConv2d::from(conv.clone());
/// let difference = conv.forward(images.clone()) - twin.forward(images);
/// assert!(difference.abs().max().into_scalar::<f32>() < 1e-4);
/// ```
pub trait InitFft {
    /// The layer it creates.
    type Layer;

    /// Creates the layer.
    ///
    /// # Errors
    /// If a size is zero or too large, or the groups do not divide the channels.
    fn try_init_fft(&self, device: &Device) -> Result<Self::Layer, SpectralError>;

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init_fft`](Self::try_init_fft) returns an error, with the same text.
    #[track_caller]
    fn init_fft(&self, device: &Device) -> Self::Layer {
        self.try_init_fft(device).or_panic()
    }
}

/// Checks what Burn's configurations do not check themselves.
fn check(
    channels: [usize; 2],
    groups: usize,
    [kernel, stride, dilation]: [&[usize]; 3],
) -> Result<(), SpectralError> {
    SpectralError::check_positive("every size of a kernel", kernel)?;
    SpectralError::check_positive("the stride", stride)?;
    SpectralError::check_positive("the dilation", dilation)?;
    let weight = Coupling::Grouped(groups).response_channels(channels)?;
    SpectralError::check_elements("the weight", &[&weight, kernel].concat())
}

/// One number an axis, whether Burn keeps it bare or in an array.
trait PerAxis<const N: usize> {
    fn per_axis(&self) -> [usize; N];
}

impl PerAxis<1> for usize {
    fn per_axis(&self) -> [usize; 1] {
        [*self]
    }
}

impl<const N: usize> PerAxis<N> for [usize; N] {
    fn per_axis(&self) -> [usize; N] {
        *self
    }
}

macro_rules! fft_conv_layer {
    ($name:ident, $conv:ident, $config:ident, $padding:ty, $axes:literal, $rank:literal, $channels:expr) => {
        #[doc = concat!("Burn's [`", stringify!($conv), "`], evaluated through the spectrum.")]
        ///
        /// The same function of the same weights, computed tap by tap or through the spectrum, whichever is
        /// faster: see [`FftConvAlgorithm`], also for how far a `NaN` reaches. Created by [`InitFft`], or from Burn's layer.
        #[derive(Module, Debug)]
        pub struct $name {
            /// Taps, `[out, in / groups, taps…]`, as Burn's layer stores them.
            pub weight: Param<Tensor<$rank>>,
            /// Bias of each output channel, `[out]`.
            pub bias: Option<Param<Tensor<1>>>,
            /// Step between outputs.
            pub stride: [usize; $axes],
            /// Step between taps.
            pub dilation: [usize; $axes],
            /// Number of independent groups of channels.
            pub groups: usize,
            /// Zeros around the input.
            #[module(skip)]
            pub padding: $padding,
            /// How it is computed; not part of the record.
            #[module(skip)]
            pub algorithm: FftConvAlgorithm,
            /// What is kept for the backward pass; not part of the record.
            #[module(skip)]
            pub saved: SavedSpectrum,
        }

        impl From<$conv> for $name {
            fn from(conv: $conv) -> Self {
                Self {
                    stride: conv.stride.per_axis(),
                    dilation: conv.dilation.per_axis(),
                    weight: conv.weight,
                    bias: conv.bias,
                    groups: conv.groups,
                    padding: conv.padding,
                    algorithm: FftConvAlgorithm::Auto,
                    saved: SavedSpectrum::Keep,
                }
            }
        }

        impl InitFft for $config {
            type Layer = $name;

            fn try_init_fft(&self, device: &Device) -> Result<$name, SpectralError> {
                let kernel: [usize; $axes] = self.kernel_size.per_axis();
                let stride: [usize; $axes] = self.stride.per_axis();
                let dilation: [usize; $axes] = self.dilation.per_axis();
                check($channels(self), self.groups, [&kernel, &stride, &dilation])?;
                if let Some(padding) = self.padding.pairs() {
                    let zeros: Vec<usize> =
                        padding.iter().flat_map(|pair| [pair.0, pair.1]).collect();
                    SpectralError::check_sizes("the padding", &zeros)?;
                }
                Ok(self.init(device).into())
            }
        }

        impl $name {
            /// Checks that the layer accepts inputs of shape `dims`.
            ///
            /// # Errors
            /// If the channels are not the layer's, or the padded input is shorter than the
            /// kernel.
            pub fn check(&self, dims: [usize; $rank]) -> Result<(), SpectralError> {
                self.geometry(dims).map(|_| ())
            }

            /// The sizes that the layer works with for an input of shape `dims`.
            pub(crate) fn geometry(
                &self,
                dims: [usize; $rank],
            ) -> Result<ConvGeometry, SpectralError> {
                let weight = self.weight.lazy_shape().dims();
                ConvGeometry::new(dims, weight, &self.options(dims, weight))
            }

            fn options(&self, sizes: [usize; $rank], weight: [usize; $rank]) -> FftConvOptions {
                let padding = self.padding.pairs().unwrap_or_else(|| {
                    core::array::from_fn(|axis| {
                        same(sizes[axis + 2], weight[axis + 2], self.stride[axis])
                    })
                });
                FftConvOptions {
                    stride: self.stride.to_vec(),
                    padding: padding.to_vec(),
                    dilation: self.dilation.to_vec(),
                    groups: self.groups,
                    algorithm: self.algorithm,
                    saved: self.saved,
                }
            }

            /// The same layer, computed in this way.
            #[must_use]
            pub fn with_algorithm(self, algorithm: FftConvAlgorithm) -> Self {
                Self { algorithm, ..self }
            }

            /// The same layer, keeping this for the backward pass of a computation through the spectrum.
            #[must_use]
            pub fn with_saved_spectrum(self, saved: SavedSpectrum) -> Self {
                Self { saved, ..self }
            }

            /// Convolves; see [`fft_conv`] for the formula.
            ///
            /// # Shapes
            /// - input: `[batch, channels_in, spatial…]`
            /// - output: `[batch, channels_out, spatial out…]`
            ///
            /// # Panics
            /// If [`check`](Self::check) returns an error, with the same text.
            #[track_caller]
            pub fn forward(&self, input: Tensor<$rank>) -> Tensor<$rank> {
                let options = self.options(input.dims(), self.weight.dims());
                let bias = self.bias.as_ref().map(|bias| bias.val());
                fft_conv(input, self.weight.val(), bias, &options)
            }
        }
    };
}

fft_conv_layer!(
    FftConv1d,
    Conv1d,
    Conv1dConfig,
    PaddingConfig1d,
    1,
    3,
    |config: &Conv1dConfig| [config.channels_in, config.channels_out]
);
fft_conv_layer!(
    FftConv2d,
    Conv2d,
    Conv2dConfig,
    PaddingConfig2d,
    2,
    4,
    |config: &Conv2dConfig| config.channels
);
fft_conv_layer!(
    FftConv3d,
    Conv3d,
    Conv3dConfig,
    PaddingConfig3d,
    3,
    5,
    |config: &Conv3dConfig| config.channels
);

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    fn largest<const D: usize>(difference: Tensor<D>) -> f32 {
        difference.abs().max().into_scalar()
    }

    #[test]
    fn the_two_dimensional_twin_agrees_with_burn_for_every_padding() {
        let device = Device::flex();
        let x = Tensor::<4>::random([2, 4, 9, 12], Distribution::Default, &device);
        for padding in [
            PaddingConfig2d::Valid,
            PaddingConfig2d::Same,
            PaddingConfig2d::Explicit(2, 0, 1, 3),
        ] {
            for (kernel, stride, dilation, groups) in [
                ([3, 3], [1, 1], [1, 1], 1),
                ([4, 5], [2, 3], [1, 1], 2),
                ([2, 3], [1, 2], [2, 1], 4),
            ] {
                let config = Conv2dConfig::new([4, 8], kernel)
                    .with_padding(padding.clone())
                    .with_stride(stride)
                    .with_dilation(dilation)
                    .with_groups(groups);
                let conv = config.init(&device);
                let expected = conv.forward(x.clone());
                let got = FftConv2d::from(conv).forward(x.clone());
                assert_eq!(got.dims(), expected.dims(), "{config}");
                assert!(largest(got - expected) < 1e-5, "{config}");
            }
        }
    }

    #[test]
    fn the_one_and_three_dimensional_twins_agree_with_burn() {
        let device = Device::flex();
        let x = Tensor::<3>::random([2, 4, 17], Distribution::Default, &device);
        let conv = Conv1dConfig::new(4, 6, 5)
            .with_groups(2)
            .with_padding(PaddingConfig1d::Explicit(3, 1))
            .init(&device);
        let expected = conv.forward(x.clone());
        assert!(largest(FftConv1d::from(conv).forward(x) - expected) < 1e-5);

        let x = Tensor::<5>::random([1, 2, 5, 6, 7], Distribution::Default, &device);
        let conv = Conv3dConfig::new([2, 3], [3, 3, 3])
            .with_padding(PaddingConfig3d::Same)
            .init(&device);
        let expected = conv.forward(x.clone());
        assert!(largest(FftConv3d::from(conv).forward(x) - expected) < 1e-5);
    }

    #[test]
    fn a_zero_stride_and_odd_groups_are_refused() {
        let device = Device::flex();
        let config = Conv2dConfig::new([4, 6], [3, 3]);
        let error = config.clone().with_stride([1, 0]).try_init_fft(&device);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the stride must be at least 1, got 0"
        );
        let error = config.with_groups(4).try_init_fft(&device).unwrap_err();
        assert!(error.to_string().contains("multiples of 4"), "{error}");
    }
}
