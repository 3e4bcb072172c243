//! Layers that stay in the frequency domain: from half-spectrum to half-spectrum, no transform.
//!
//! A network in the manner of Wood and Larson (2021) transforms once, filters, activates, and hands
//! the flattened spectrum to a dense head:
//! ```
//! use burn::nn::LinearConfig;
//! use burn::tensor::{Device, Tensor};
//! use burn_spectral::fft::Rfft2;
//! use burn_spectral::frequency::{CRelu, FlattenSpectrum, SpectralMix2dConfig};
//! use burn_spectral::response::{Coupling, GaussianConfig, ParametricForm};
//!
//! let device = Device::flex();
//! let published = GaussianConfig::new().with_form(ParametricForm::Published);
//! let block = |channels| {
//!     SpectralMix2dConfig::new(channels, published.clone())
//!         .with_coupling(Coupling::Shared)
//!         .init(&device)
//! };
//! let blocks = [block([3, 6]), block([6, 6])];
//! let head = LinearConfig::new(2 * 6 * 30 * 16, 2).init(&device);
//!
//! let images = Tensor::<4>::ones([1, 3, 30, 30], &device);
//! let mut spectrum = Rfft2::default().forward(images);
//! for block in &blocks {
//!     spectrum = CRelu.forward(block.forward(spectrum));
//! }
//! assert_eq!(head.forward(FlattenSpectrum.forward(spectrum)).dims(), [1, 2]);
//! ```
//!
//! # What such a network can see
//! A filter multiplies each frequency by a number, and these activations act on each frequency
//! alone. So before the dense head **nothing mixes frequencies**: an output bin depends on the same
//! bin of the input and no other. As published the coupling is
//! [`Shared`](crate::response::Coupling::Shared), every layer adds up its input channels before it
//! filters, so **nothing mixes channels** either: the network sees the sum of the colors, and one
//! complex number per frequency is all that passes from layer to layer. Without offsets it is
//! positively homogeneous as well: twice the contrast gives twice the spectrum. Tests hold each of
//! these. Dense coupling lets channels meet; frequencies meet where the signal is formed again, as
//! in [`SpectralConv2d`](crate::conv::SpectralConv2d) with an activation between two of them.
//!
//! That is what [`SharedStack`](crate::published::SharedStack) exploits: layers of that coupling, [`CRelu`] after each, as one pass
//! over the frequencies, with the dense head if it is given one.
//!
//! A rectified spectrum is no longer Hermitian: its imaginary part is not odd. Transforming back
//! after an activation drops a part of it (see [`crate::fft`]).
//!
//! # Networks that live on spectra
//! Pan et al. (2022) train whole image networks there. Each of their layers is here as published
//! and repaired, so that what it stands for can be computed exactly:
//!
//! | in an image network | as published, on full spectra | repaired, on half-spectra |
//! |---|---|---|
//! | convolution | [`ElementwiseConv2dConfig::published`](crate::published::ElementwiseConv2dConfig::published) | [`ElementwiseConv2dConfig::new`](crate::published::ElementwiseConv2dConfig::new) |
//! | small kernels | [`ElementwiseConv2d::project`](crate::published::ElementwiseConv2d::project), [`SupportProjection`] | [`ElementwiseWeights::Taps`](crate::published::ElementwiseWeights::Taps) |
//! | batch normalization | [`PerPartNorm`] | [`ImageNorm`], exact; [`WhiteningNorm`], [`MagnitudeNorm`] |
//! | leaky ReLU | [`CLeakyRelu`], later [`SpectralNoiseConfig::activation`](crate::published::SpectralNoiseConfig::activation) | [`ThroughImage`], exact |
//! | dropout | [`SpectralNoiseConfig::dropout`](crate::published::SpectralNoiseConfig::dropout) | [`ThroughImage`], exact; [`NoiseForm::Hermitian`](crate::published::NoiseForm::Hermitian) |
//! | max-pooling | [`SpatialMaxPool`](crate::published::SpatialMaxPool) | [`SpatialMaxPool`](crate::published::SpatialMaxPool), [`ThroughImage`] |
//! | dense layer | [`TwoBranchLinear`] after [`FlattenParts`] | [`TwoBranchLinear`], [`ComplexLinear`] |
//!
//! Spectra are unnormalized, as [`fft2`](crate::fft::fft2) and [`rfft2`](crate::fft::rfft2) give
//! them; a [`SpectrumGrid`] says which bins there are.

mod activation;
mod flatten;
mod heads;
mod mix;
mod norm;
mod spectrum_grid;
mod support;
mod tap_transform;
mod through_image;
mod to_spectrum;

pub use activation::{CLeakyRelu, CRelu, ModRelu, ModReluConfig, ZRelu};
pub use flatten::{FlattenParts, FlattenSpectrum};
pub use heads::{ComplexLinear, ComplexLinearConfig, TwoBranchLinear};
pub use mix::{
    SpectralMix, SpectralMix1d, SpectralMix1dConfig, SpectralMix2d, SpectralMix2dConfig,
    SpectralMix3d, SpectralMix3dConfig, SpectralMixConfig,
};
pub use norm::{
    ComplexBatchNorm, ComplexBatchNormConfig, ComplexNormForm, ImageNorm, MagnitudeNorm,
    PerPartNorm, WhiteningNorm,
};
pub use spectrum_grid::SpectrumGrid;
pub use support::{Projection, SupportProjection};
pub use through_image::{ThroughImage, ThroughImageConfig};
pub(crate) use through_image::{max_pool, pooled};
pub use to_spectrum::ToSpectrum;
