//! Layers as their papers published them, next to their repaired forms.
//!
//! For comparisons with a paper. Each layer computes what the original computes, faults included, and
//! documents what that is; where a layer has a repaired form, its configuration names it. For a
//! network of your own, start from [`conv`](crate::conv), [`frequency`](crate::frequency) and
//! [`response`](crate::response).
//!
//! | layer | paper | what to use instead |
//! |---|---|---|
//! | [`KkLayer`] | KKLayer | [`KramersKronig`](crate::response::KramersKronig) response |
//! | [`FourierDomainConv2d`] | Pratt et al. (2017), Wood and Larson (2021) | [`SpectralConv2d`](crate::conv::SpectralConv2d) with a [`FullSpectrum`](crate::response::FullSpectrum) response |
//! | [`SharedStack`] | Wood and Larson (2021) | [`SpectralMix`](crate::frequency::SpectralMix) with dense coupling |
//! | [`ElementwiseConv2d`] | CEMNet, Pan et al. (2022) | its repaired form, [`ElementwiseConv2dConfig::new`] |
//! | [`SpatialMaxPool`] | CEMNet | [`ThroughImage`](crate::frequency::ThroughImage) |
//! | [`SpectralNoise`] | CEMNet | Burn's `Dropout`, by [`ThroughImage`](crate::frequency::ThroughImage) |
//!
//! Published forms of other layers are options of these: [`ParametricForm::Published`] of polynomial
//! and Gaussian responses, [`ComplexNormForm::PerPart`] of normalizations, and
//! [`SpectralInitializer::Published`] of initial weights.
//!
//! [`ParametricForm::Published`]: crate::response::ParametricForm::Published
//! [`ComplexNormForm::PerPart`]: crate::frequency::ComplexNormForm::PerPart
//! [`SpectralInitializer::Published`]: crate::SpectralInitializer::Published

mod elementwise;
mod elementwise_weight;
mod fourier_domain_conv;
mod kk_layer;
mod max_pool;
mod noise;
mod shared_stack;

pub use elementwise::{ElementwiseConv2d, ElementwiseConv2dConfig, ElementwiseForm};
pub use elementwise_weight::{ElementwiseWeight, ElementwiseWeights, FreeWeight, TapWeight};
pub use fourier_domain_conv::{FourierDomainConv2d, FourierDomainConv2dConfig};
pub use kk_layer::{KkLayer, KkLayerConfig};
pub use max_pool::{SpatialMaxPool, SpatialMaxPoolConfig};
pub use noise::{NoiseForm, NoiseTime, SpectralNoise, SpectralNoiseConfig};
pub use shared_stack::{
    SharedStack, SharedStack1d, SharedStack1dConfig, SharedStack2d, SharedStack2dConfig,
    SharedStack3d, SharedStack3dConfig, SharedStackConfig,
};
