//! Layers that take the place of a convolution.

use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, Tensor};
use burn_spectral::conv::{SpectralConv2d, SpectralConv2dConfig};
use burn_spectral::ops::circular_reverse;
use burn_spectral::published::{KkLayer, KkLayerConfig};
use burn_spectral::response::{
    BandLimited, BandLimitedConfig, FrequencyResponse, FullSpectrum2d, FullSpectrumConfig,
    Gaussian, GaussianConfig, KramersKronig2d, KramersKronigConfig, Polynomial, PolynomialConfig,
};
use burn_spectral::spatial::{self, Activation};
use burn_spectral::spectrum::{ElementGate, GateConfig};
use burn_spectral::summary::{FeatureShape, Summarize, Trace};
use burn_spectral::{FrequencyGrid, SpectralError};

/// The kind of layer in place of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterKind {
    /// An ordinary 3×3 convolution with `same` padding.
    Conv,
    /// KKLayer as published.
    Kk,
    /// The causal response that KKLayer was meant to be.
    KramersKronig,
    /// One free complex weight per frequency.
    FullSpectrum,
    /// The stable polynomial response of the given order.
    Polynomial(usize),
    /// The stable Gaussian response.
    Gaussian,
    /// One free complex weight per mode of the size it was built for.
    FourierModes,
    /// The stable Gaussian response on the modes of the size it was built for.
    GaussianModes,
    /// One learned gate per frequency.
    Gate,
}

/// A layer in place of a convolution.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum Filter {
    /// An ordinary convolution.
    Conv(Conv2d),
    /// KKLayer as published.
    Kk(KkLayer),
    /// The causal response that KKLayer was meant to be.
    KramersKronig(SpectralConv2d<KramersKronig2d>),
    /// One free complex weight per frequency.
    FullSpectrum(SpectralConv2d<FullSpectrum2d>),
    /// The stable polynomial response.
    Polynomial(SpectralConv2d<Polynomial>),
    /// The stable Gaussian response.
    Gaussian(SpectralConv2d<Gaussian>),
    /// One free complex weight per mode.
    FourierModes(SpectralConv2d<BandLimited<FullSpectrum2d>>),
    /// The stable Gaussian response on modes.
    GaussianModes(SpectralConv2d<BandLimited<Gaussian>>),
    /// One learned gate per frequency.
    Gate(SpectralConv2d<ElementGate>),
    /// An ordinary convolution of the circularly flipped image: the baked form of a layer that
    /// flips its images.
    Flipped(Conv2d),
}

/// Matches a filter: `own` arms for the kinds that differ, and `each` for every layer with a response, a
/// [`SpectralConv2d`].
macro_rules! match_filter {
    ($filter:expr, { $($own:pat => $value:expr,)* }, $layer:ident => $each:expr) => {{
        use $crate::model::Filter;
        match $filter {
            $($own => $value,)*
            Filter::KramersKronig($layer) => $each,
            Filter::FullSpectrum($layer) => $each,
            Filter::Polynomial($layer) => $each,
            Filter::Gaussian($layer) => $each,
            Filter::FourierModes($layer) => $each,
            Filter::GaussianModes($layer) => $each,
            Filter::Gate($layer) => $each,
        }
    }};
}
pub(crate) use match_filter;

impl Filter {
    /// A layer of that kind with dense coupling, from `channels[0]` to `channels[1]` channels, for
    /// images of the given height and width.
    pub(super) fn new(
        kind: FilterKind,
        channels: [usize; 2],
        size: [usize; 2],
        device: &Device,
    ) -> Result<Self, SpectralError> {
        Ok(match kind {
            FilterKind::Conv => Self::Conv(
                Conv2dConfig::new(channels, [3, 3])
                    .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                    .init(device),
            ),
            FilterKind::Kk => Self::Kk(KkLayerConfig::new(channels).try_init(device)?),
            FilterKind::KramersKronig => Self::KramersKronig(
                SpectralConv2dConfig::new(channels, KramersKronigConfig::new(size))
                    .try_init(device)?,
            ),
            FilterKind::FullSpectrum => Self::FullSpectrum(
                SpectralConv2dConfig::new(channels, FullSpectrumConfig::new(size))
                    .try_init(device)?,
            ),
            FilterKind::Polynomial(order) => Self::Polynomial(
                SpectralConv2dConfig::new(channels, PolynomialConfig::new(order))
                    .try_init(device)?,
            ),
            FilterKind::Gaussian => Self::Gaussian(
                SpectralConv2dConfig::new(channels, GaussianConfig::new()).try_init(device)?,
            ),
            FilterKind::FourierModes => {
                let response = BandLimitedConfig::new(FullSpectrumConfig::new(size), size);
                Self::FourierModes(SpectralConv2dConfig::new(channels, response).try_init(device)?)
            }
            FilterKind::GaussianModes => {
                let response = BandLimitedConfig::new(GaussianConfig::new(), size);
                Self::GaussianModes(SpectralConv2dConfig::new(channels, response).try_init(device)?)
            }
            FilterKind::Gate => Self::Gate(
                SpectralConv2dConfig::new(channels, GateConfig::new(size)).try_init(device)?,
            ),
        })
    }

    /// Applies the layer.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, height, width]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match_filter!(self, {
            Self::Conv(layer) => spatial::conv2d(layer, images),
            Self::Flipped(layer) => spatial::conv2d(layer, circular_reverse(images, 2)),
            Self::Kk(layer) => layer.forward(images),
        }, layer => layer.forward(images))
    }

    /// Applies the layer and an activation.
    ///
    /// # Shapes
    /// As [`forward`](Self::forward).
    pub fn forward_with(&self, activation: Activation, images: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Conv(layer) => spatial::conv2d_with(layer, activation, images),
            _ => spatial::activate_pool(activation, None, self.forward(images)),
        }
    }

    /// Whether it is an ordinary convolution.
    pub fn is_conv(&self) -> bool {
        matches!(self, Self::Conv(_))
    }

    /// Whether the layer accepts images of that height and width.
    pub(super) fn takes(&self, size: [usize; 2]) -> bool {
        fn fits<R: FrequencyResponse<4>>(layer: &SpectralConv2d<R>, size: [usize; 2]) -> bool {
            layer
                .check([1, layer.channels_in, size[0], size[1]])
                .is_ok()
        }
        match_filter!(self, {
            Self::Conv(_) | Self::Flipped(_) => true,
            Self::Kk(layer) => fits(&layer.conv, size),
        }, layer => fits(layer, size))
    }

    fn layer(&self) -> &dyn Summarize {
        match_filter!(self, {
            Self::Conv(layer) | Self::Flipped(layer) => layer,
            Self::Kk(layer) => layer,
        }, layer => layer)
    }

    /// Input channels.
    pub fn channels_in(&self) -> usize {
        match_filter!(self, {
            Self::Conv(layer) | Self::Flipped(layer) =>
                layer.weight.lazy_shape().dims::<4>()[1] * layer.groups,
            Self::Kk(layer) => layer.conv.channels_in,
        }, layer => layer.channels_in)
    }

    /// Number of parameters that cannot change the output on images of that height and width, or of
    /// the size it was built for if it only runs at that; equal to what an inspection of the layer
    /// measures.
    pub fn dead_parameters(&self, size: [usize; 2]) -> usize {
        fn dead<R: FrequencyResponse<4>>(layer: &SpectralConv2d<R>, size: [usize; 2]) -> usize {
            // Sizes without a grid are refused by the layer.
            FrequencyGrid::new(&size).map_or(0, |grid| {
                let dead = layer.response.dead_parameters(&grid);
                dead.iter().map(|(_, count)| count).sum()
            })
        }
        match_filter!(self, {
            Self::Conv(layer) | Self::Flipped(layer) => taps_outside(layer, size),
            Self::Kk(layer) => dead(&layer.conv, size),
        }, layer => dead(layer, size))
    }
}

/// Weights of a convolution whose taps only ever meet zero padding on images of that size.
fn taps_outside(layer: &Conv2d, size: [usize; 2]) -> usize {
    let [outputs, inputs, rows, columns] = layer.weight.lazy_shape().dims();
    let taps = [rows, columns];
    let live = [0, 1].map(|axis| {
        let reach = layer.dilation[axis] * (taps[axis] - 1);
        let [before, after] = match &layer.padding {
            PaddingConfig2d::Valid => [0, 0],
            PaddingConfig2d::Explicit(top, left, bottom, right) => {
                [[*top, *bottom], [*left, *right]][axis]
            }
            PaddingConfig2d::Same => {
                let steps = size[axis].div_ceil(layer.stride[axis]) - 1;
                let total = (steps * layer.stride[axis] + reach + 1).saturating_sub(size[axis]);
                [total / 2, total - total / 2]
            }
        };
        let last = (size[axis] + before + after).saturating_sub(reach + 1);
        let meets = |tap: &usize| {
            let starts = (0..=last).step_by(layer.stride[axis]);
            let mut sites = starts.map(|start| start + tap * layer.dilation[axis]);
            sites.any(|site| (before..before + size[axis]).contains(&site))
        };
        (0..taps[axis]).filter(meets).count()
    });
    outputs * inputs * (rows * columns - live[0] * live[1])
}

impl Summarize for Filter {
    fn kind(&self) -> String {
        match self {
            Self::Flipped(layer) => format!("flip, {}", layer.kind()),
            _ => self.layer().kind(),
        }
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        self.layer().trace(input)
    }
}
