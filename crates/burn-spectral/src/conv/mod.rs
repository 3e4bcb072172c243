//! Convolution layers that are evaluated through the spectrum.

mod algorithm;
mod convolve;
mod cost;
mod fft_conv;
mod fft_conv_layer;
mod fixed;
mod global_filter;
mod lengths;
mod long_conv;
mod plan;
mod spectral_conv;

pub use algorithm::{ConvEstimate, ConvShape, FftConvAlgorithm};
pub use convolve::{
    ConvolveFilter, ConvolveMode, ConvolveOutput, fft_convolve2d, try_fft_convolve2d,
};
pub(crate) use fft_conv::ConvGeometry;
pub use fft_conv::{FftConvOptions, fft_conv, try_fft_conv};
pub use fft_conv_layer::{FftConv1d, FftConv2d, FftConv3d, InitFft};
pub use fixed::{
    Buffer, FilterUse, FixedFilter, FixedFourierConv2d, FixedFourierConv2dConfig, FixedSpectrum,
    KernelOrigin, sinc_planes,
};
pub use global_filter::{GlobalFilter2d, GlobalFilter2dConfig};
pub(crate) use lengths::next_smooth;
pub use long_conv::{LongConv1d, LongConv1dConfig, long_conv, try_long_conv};
pub use spectral_conv::{
    ConjugateFactor, SpectralConv, SpectralConv1d, SpectralConv1dConfig, SpectralConv2d,
    SpectralConv2dConfig, SpectralConv3d, SpectralConv3dConfig, SpectralConvConfig,
};
