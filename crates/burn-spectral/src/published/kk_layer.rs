//! KKLayer as published, and what it computes.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::error::OrPanic;
use crate::response::{Constant, ConstantConfig};
use crate::{SpectralError, SpectralInitializer};

use crate::conv::{ConjugateFactor, SpectralConv2d, SpectralConv2dConfig};

/// Configuration of a [`KkLayer`].
#[derive(Config, Debug, PartialEq)]
pub struct KkLayerConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// How the weights start; standard normal by default, as published.
    #[config(default = "SpectralInitializer::Published")]
    pub initializer: SpectralInitializer,
}

impl KkLayerConfig {
    /// Creates the layer.
    ///
    /// # Errors
    /// If a number of channels is zero.
    pub fn try_init(&self, device: &Device) -> Result<KkLayer, SpectralError> {
        let response = ConstantConfig::new().with_initializer(self.initializer);
        let conv = SpectralConv2dConfig::new(self.channels, response)
            .with_conjugate(ConjugateFactor::Input)
            .with_bias(false)
            .try_init(device)?;
        Ok(KkLayer { conv })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> KkLayer {
        self.try_init(device).or_panic()
    }
}

/// KKLayer exactly as published, computed as the 1×1 convolution that it is.
///
/// The published layer takes `X = fft2(x)`, forms with learned `α, β` of `[out, in]`
///
/// ```text
/// Y_o = Σ_i (α_oi·Re X_i + β_oi·Im X_i) + i·(β_oi·Re X_i − α_oi·Im X_i)
///     = Σ_i (α_oi + iβ_oi)·conj(X_i)
/// ```
///
/// and keeps the real part of `ifft2(Y_o)`. For a real image, `conj(X)` is the spectrum of the
/// image reversed circularly, and `iβ` times it is the spectrum of an imaginary image, which the
/// real part discards. So the layer **is** a 1×1 convolution with `α` of the circularly flipped
/// image: it filters no frequency and sees no neighbor, and `β` has neither effect nor gradient.
/// It is computed as such here, with no transform at all; a test holds it to the published double
/// loop over channels.
///
/// [`KramersKronig`](crate::response::KramersKronig) is the layer its name promises.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::FrequencyGrid;
/// use burn_spectral::published::KkLayerConfig;
/// use burn_spectral::response::FrequencyResponse;
///
/// let device = Device::flex();
/// let layer = KkLayerConfig::new([1, 16]).init(&device);
/// let y = layer.forward(Tensor::ones([2, 1, 14, 14], &device));
/// assert_eq!(y.dims(), [2, 16, 14, 14]);
/// let grid = FrequencyGrid::new(&[14, 14])?;
/// let dead = FrequencyResponse::<4>::dead_parameters(&layer.conv.response, &grid);
/// assert_eq!(dead, vec![("beta", 16)]);
/// # Ok::<(), burn_spectral::SpectralError>(())
/// ```
#[derive(Module, Debug)]
pub struct KkLayer {
    /// The layer as a spectral convolution: a constant response times the conjugated input.
    pub conv: SpectralConv2d<Constant>,
}

impl KkLayer {
    /// Checks that the layer accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the layer's, or an axis is empty.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        self.conv.check(dims).map(|_| ())
    }

    /// Applies the layer.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, height, width]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.conv.forward(images)
    }
}
