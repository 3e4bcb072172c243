//! The factorized Fourier neural operator.

mod filter;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::error::OrPanic;
use crate::ops::Empty;
use crate::response::check_axes;
use crate::spatial::{self, Activation};
use crate::{SpectralError, SpectralInitializer};

use super::fno::mlp;
use super::{ChannelMlp, DomainPadding, GridEmbedding, with_channels};

pub use filter::AxisModes;

/// Configuration of an [`Ffno`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FfnoConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Bins kept along each spatial axis, from 0 up.
    pub modes: Vec<usize>,
    /// Channels of the layers.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// Hidden channels of the feed-forward networks as a multiple of `hidden`; 4 by default.
    pub factor: usize,
    /// Whether all layers share the weights of their spectral convolutions; false by default.
    pub shared: bool,
    /// Coordinates appended to the input channels; [`GridEmbedding::HalfOpen`] by default.
    pub grid: Option<GridEmbedding>,
    /// Hidden channels of the lifting; none, the default, for a single pointwise layer.
    pub lifting: Option<usize>,
    /// Hidden channels of the projection; `2·hidden` by default, none for a single pointwise layer.
    pub projection: Option<usize>,
    /// Zeros around the domain, between lifting and projection; none by default.
    pub padding: Option<DomainPadding>,
    /// How the spectral weights start, as for [`FourierModes`](crate::response::FourierModes).
    pub initializer: SpectralInitializer,
}

impl_config!([] FfnoConfig);

impl FfnoConfig {
    /// A network of `layers` layers of `hidden` channels from `channels[0]` to `channels[1]` channels.
    pub fn new(
        channels: [usize; 2],
        modes: impl AsRef<[usize]>,
        hidden: usize,
        layers: usize,
    ) -> Self {
        Self {
            channels,
            modes: modes.as_ref().to_vec(),
            hidden,
            layers,
            factor: 4,
            shared: false,
            grid: Some(GridEmbedding::HalfOpen),
            lifting: None,
            projection: Some(hidden.saturating_mul(2)),
            padding: None,
            initializer: SpectralInitializer::default(),
        }
    }

    /// Sets the hidden channels of the feed-forward networks, as a multiple of `hidden`.
    pub fn with_factor(mut self, factor: usize) -> Self {
        self.factor = factor;
        self
    }

    /// Sets whether all layers share their spectral weights.
    pub fn with_shared(mut self, shared: bool) -> Self {
        self.shared = shared;
        self
    }

    /// Sets the coordinates appended to the input channels.
    pub fn with_grid(mut self, grid: Option<GridEmbedding>) -> Self {
        self.grid = grid;
        self
    }

    /// Sets the hidden channels of the lifting.
    pub fn with_lifting(mut self, lifting: Option<usize>) -> Self {
        self.lifting = lifting;
        self
    }

    /// Sets the hidden channels of the projection.
    pub fn with_projection(mut self, projection: Option<usize>) -> Self {
        self.projection = projection;
        self
    }

    /// Sets the zeros around the domain.
    pub fn with_padding(mut self, padding: Option<DomainPadding>) -> Self {
        self.padding = padding;
        self
    }

    /// Sets how the spectral weights start.
    pub fn with_initializer(mut self, initializer: SpectralInitializer) -> Self {
        self.initializer = initializer;
        self
    }

    /// Creates the network for tensors of rank `D`.
    ///
    /// # Errors
    /// If a number is zero or too large, or there is not one number of modes and one fraction of padding per spatial axis.
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<Ffno<D>, SpectralError> {
        check_axes(D.saturating_sub(2))?;
        SpectralError::check_positive("the number of channels", &self.channels)?;
        SpectralError::check_positive("the number of hidden channels", &[self.hidden])?;
        SpectralError::check_positive("the number of layers", &[self.layers])?;
        SpectralError::check_positive("the factor of the feed-forward networks", &[self.factor])?;
        if let Some(padding) = &self.padding {
            padding.check(D - 2)?;
        }
        let ([inputs, outputs], hidden) = (self.channels, self.hidden);
        let coordinates = self.grid.map_or(0, |_| D - 2);
        let wide = SpectralError::checked_product(
            "the hidden channels of a feed-forward network",
            [hidden, self.factor],
        )?;
        SpectralError::check_elements("the weight of a feed-forward network", &[hidden, wide])?;
        let filters = if self.shared { 1 } else { self.layers };
        let filter = |_| AxisModes::try_init([hidden; 2], &self.modes, self.initializer, device);
        let feed = |_| FeedForward {
            first: LinearConfig::new(hidden, wide).init(device),
            second: LinearConfig::new(wide, hidden).init(device),
        };
        Ok(Ffno {
            lifting: mlp(inputs + coordinates, self.lifting, hidden, device)?,
            filters: (0..filters).map(filter).collect::<Result<_, _>>()?,
            feeds: (0..self.layers).map(feed).collect(),
            projection: mlp(hidden, self.projection, outputs, device)?,
            grid: self.grid,
            padding: self.padding.clone(),
        })
    }

    /// Creates the network for tensors of rank `D`.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init<const D: usize>(&self, device: &Device) -> Ffno<D> {
        self.try_init(device).or_panic()
    }
}

/// The factorized Fourier neural operator, F-FNO (Tran et al., 2023): lifting, layers, projection, where a layer is
///
/// ```text
/// x ← x + W₂·ReLU(W₁·K(x) + b₁) + b₂
/// ```
///
/// with a spectral convolution `K` along one axis at a time ([`AxisModes`]).
///
/// The feed-forward network comes after the spectral convolution and the skip connection around both, so that many layers
/// can be stacked. The projection has GELU between its two layers, as that of [`Fno`](super::Fno); the authors' code has
/// no activation there, which makes it one linear layer.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::{Ffno2d, FfnoConfig};
///
/// let device = Device::flex();
/// let network: Ffno2d = FfnoConfig::new([1, 1], [8, 8], 16, 3).with_shared(true).init(&device);
/// for size in [16, 21] {
///     let y = network.forward(Tensor::ones([2, 1, size, size], &device));
///     assert_eq!(y.dims(), [2, 1, size, size]);
/// }
/// ```
#[derive(Module, Debug)]
pub struct Ffno<const D: usize> {
    /// From the input channels and the coordinates to the hidden channels.
    pub lifting: ChannelMlp<D>,
    /// The spectral convolution of each layer, or one for all of them.
    pub filters: Vec<AxisModes<D>>,
    /// The feed-forward network of each layer.
    pub feeds: Vec<FeedForward>,
    /// From the hidden channels to the output channels.
    pub projection: ChannelMlp<D>,
    /// Coordinates appended to the input channels; not part of the record.
    #[module(skip)]
    pub grid: Option<GridEmbedding>,
    /// Zeros around the domain; not part of the record.
    #[module(skip)]
    pub padding: Option<DomainPadding>,
}

/// [`Ffno`] of signals, `[batch, channels, length]`.
pub type Ffno1d = Ffno<3>;
/// [`Ffno`] of fields in the plane, `[batch, channels, height, width]`.
pub type Ffno2d = Ffno<4>;
/// [`Ffno`] of fields in space, `[batch, channels, depth, height, width]`.
pub type Ffno3d = Ffno<5>;

/// The network at every point that follows a spectral convolution, `W₂·ReLU(W₁·x + b₁) + b₂`.
#[derive(Module, Debug)]
pub struct FeedForward {
    /// To the hidden channels.
    pub first: Linear,
    /// Back to the channels of the layer.
    pub second: Linear,
}

impl FeedForward {
    /// Applies the network.
    ///
    /// # Shapes
    /// - input and output: `[…, channels]`
    #[track_caller]
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let inner = spatial::linear_with(&self.first, Activation::RELU, x);
        spatial::linear(&self.second, inner)
    }
}

impl<const D: usize> Ffno<D> {
    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        let coordinates = self.grid.map_or(0, |_| D - 2);
        let inputs = self.lifting.channels()[0].saturating_sub(coordinates);
        [inputs, self.projection.channels()[1]]
    }

    /// Checks that the network accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the network's, an axis is empty, or the padded grid has fewer frequencies than the modes.
    pub fn check(&self, dims: [usize; D]) -> Result<(), SpectralError> {
        let [inputs, _] = self.channels();
        if dims[1] != inputs {
            return Err(SpectralError::Channels {
                expected: inputs,
                got: dims.to_vec(),
            });
        }
        let sizes = match &self.padding {
            Some(padding) => {
                padding.check(D - 2)?;
                padding.padded(&dims[2..])
            }
            None => dims[2..].to_vec(),
        };
        self.filters
            .iter()
            .try_for_each(|filter| filter.check(&sizes))
    }

    /// Applies the network.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, spatial…]`
    /// - output: `[batch, channels_out, spatial…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        self.check(x.dims()).or_panic();
        let dims = x.dims();
        if dims[0] == 0 {
            let weights = self.lifting.layers.iter().map(|layer| layer.weight.val());
            let empty = weights.fold(Empty::of(x), Empty::and);
            return empty.tensor(with_channels(dims, self.channels()[1]));
        }
        let x = match self.grid {
            Some(grid) => grid.append(x),
            None => x,
        };
        let mut x = self.lifting.forward(x);
        if let Some(padding) = &self.padding {
            x = padding.pad(x);
        }
        // Channels last in between.
        let mut x = x.movedim(1, D - 1);
        for (layer, feed) in self.feeds.iter().enumerate() {
            let filter = &self.filters[layer.min(self.filters.len() - 1)];
            x = x.clone() + feed.forward(filter.forward(x));
        }
        let mut x = x.movedim(D - 1, 1);
        if let Some(padding) = &self.padding {
            x = padding.crop(x, &dims[2..]);
        }
        self.projection.forward(x)
    }
}
