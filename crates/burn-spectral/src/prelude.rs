//! What most programs need, for `use burn_spectral::prelude::*`.
//!
//! Layers and their configurations, responses, complex tensors, and the transforms. It adds to
//! [`burn::prelude`](https://docs.rs/burn/latest/burn/prelude/index.html) and can be imported beside
//! it. The transforms come as the module [`fft`], so that `fft::rfft2` reads as in NumPy.
//!
//! # Example
//! ```
//! use burn::prelude::*;
//! use burn::tensor::Distribution;
//! use burn_spectral::prelude::*;
//!
//! let device = Device::flex();
//! let images = Tensor::<4>::random([4, 3, 28, 28], Distribution::Default, &device);
//!
//! // The layer of a Fourier neural operator, with 12 modes per axis.
//! let layer = SpectralConv2dConfig::new([3, 8], FourierModesConfig::new([12, 12])).init(&device);
//! assert_eq!(layer.forward(images.clone()).dims(), [4, 8, 28, 28]);
//!
//! let spectrum = fft::rfft2(images, Norm::Ortho);
//! assert_eq!(spectrum.dims(), [4, 3, 28, 15]);
//! ```

pub use crate::conv::{
    ConjugateFactor, ConvolveMode, ConvolveOutput, FftConv1d, FftConv2d, FftConv3d,
    FftConvAlgorithm, FixedFourierConv2d, FixedFourierConv2dConfig, GlobalFilter2d,
    GlobalFilter2dConfig, InitFft, LongConv1d, LongConv1dConfig, SpectralConv1d,
    SpectralConv1dConfig, SpectralConv2d, SpectralConv2dConfig, SpectralConv3d,
    SpectralConv3dConfig, fft_conv, fft_convolve2d, long_conv,
};
pub use crate::fft::{self, Irfft2, Rfft2};
pub use crate::frequency::{
    CRelu, ComplexBatchNorm, ComplexBatchNormConfig, ComplexLinear, ComplexLinearConfig,
    ComplexNormForm, FlattenSpectrum, ModRelu, ModReluConfig, SpectralMix1d, SpectralMix1dConfig,
    SpectralMix2d, SpectralMix2dConfig, SpectralMix3d, SpectralMix3dConfig, SpectrumGrid,
    ThroughImage, ThroughImageConfig, ToSpectrum,
};
pub use crate::operator::{
    BlockForm, BlockLocal, BlockMlp, Boundary, ChannelMlp, ChannelMlpConfig, DomainPadding, Fno1d,
    Fno2d, Fno3d, FnoBlock, FnoBlockConfig, FnoConfig, GridEmbedding, ModeCounting,
    OperatorNormKind, Pointwise, PointwiseConfig, SkipKind, Uno1d, Uno2d, Uno3d, UnoConfig,
    UnoLayer, rollout,
};
pub use crate::pool::{
    AntiAliasedActivation, AntiAliasedActivationConfig, SpectralPool2d, SpectralUpsample2d,
    spectral_resize, spectral_resize2d,
};
pub use crate::response::{
    BandLimited, BandLimitedConfig, Constant, ConstantConfig, Coupling, FourierModes1d,
    FourierModes2d, FourierModes3d, FourierModesConfig, FrequencyResponse, FullSpectrum1d,
    FullSpectrum2d, FullSpectrum3d, FullSpectrumConfig, GateConfig, Gaussian, GaussianConfig,
    Kernel1d, Kernel2d, Kernel3d, KernelConfig, KramersKronig1d, KramersKronig2d, KramersKronig3d,
    KramersKronigConfig, ParametricForm, Polynomial, PolynomialConfig, Response, ResponseConfig,
};
pub use crate::spectrum::{
    ElementGate, ElementGateConfig, FftLayer, FftLayerConfig, FrequencyGate, FrequencyGateConfig,
    PatchStft2d, PatchStft2dConfig, SpectrumExtent, SpectrumOutput,
};
pub use crate::{ComplexTensor, FrequencyGrid, Norm, SpectralError, SpectralInitializer};
