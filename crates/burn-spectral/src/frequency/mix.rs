//! A filter response applied to a spectrum.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::conv::ConjugateFactor;
use crate::error::OrPanic;
use crate::ops::{self, MixSpec};
use crate::response::{Coupling, FrequencyResponse, ResponseConfig, Value, check_axes, evaluate};
use crate::{ComplexTensor, FrequencyGrid, HalfSpectrum, SpectralError};

/// Configuration of a [`SpectralMix1d`].
pub type SpectralMix1dConfig<C> = SpectralMixConfig<3, C>;
/// Configuration of a [`SpectralMix2d`].
pub type SpectralMix2dConfig<C> = SpectralMixConfig<4, C>;
/// Configuration of a [`SpectralMix3d`].
pub type SpectralMix3dConfig<C> = SpectralMixConfig<5, C>;

/// Mix of spectra `[batch, channels, bins]`.
pub type SpectralMix1d<R> = SpectralMix<3, R>;
/// Mix of spectra `[batch, channels, height, bins]`.
pub type SpectralMix2d<R> = SpectralMix<4, R>;
/// Mix of spectra `[batch, channels, depth, height, bins]`.
pub type SpectralMix3d<R> = SpectralMix<5, R>;

/// Configuration of a [`SpectralMix`] with a response created by `C`.
///
/// `D` is the rank of the input tensor. Write [`SpectralMix1dConfig`], [`SpectralMix2dConfig`] or
/// [`SpectralMix3dConfig`], which fix it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpectralMixConfig<const D: usize, C> {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// The response.
    pub response: C,
    /// How channels are coupled; dense by default, shared in the published networks.
    pub coupling: Coupling,
    /// What is conjugated in the product `R·X`; nothing by default.
    pub conjugate: ConjugateFactor,
    /// Whether to add a complex bias to every output channel, initially zero; false by default.
    pub bias: bool,
}

impl_config!([const D: usize, C: burn::config::Config] SpectralMixConfig<D, C>);

impl<const D: usize, C: ResponseConfig<D>> SpectralMixConfig<D, C> {
    /// A dense layer without bias from `channels[0]` to `channels[1]` channels.
    pub fn new(channels: [usize; 2], response: C) -> Self {
        Self {
            channels,
            response,
            coupling: Coupling::default(),
            conjugate: ConjugateFactor::default(),
            bias: false,
        }
    }

    /// Sets how channels are coupled.
    pub fn with_coupling(mut self, coupling: Coupling) -> Self {
        self.coupling = coupling;
        self
    }

    /// Sets which factor is conjugated.
    pub fn with_conjugate(mut self, conjugate: ConjugateFactor) -> Self {
        self.conjugate = conjugate;
        self
    }

    /// Sets whether to add a bias.
    pub fn with_bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Creates the layer.
    ///
    /// # Errors
    /// If channels or sizes are zero or do not fit each other.
    pub fn try_init(&self, device: &Device) -> Result<SpectralMix<D, C::Response>, SpectralError> {
        let channels = self.coupling.response_channels(self.channels)?;
        let response = self.response.try_init(channels, device)?;
        let mut layer = SpectralMix::from_response(response, self.channels, self.coupling)?;
        layer.conjugate = self.conjugate;
        layer.bias = self
            .bias
            .then(|| Param::from_tensor(Tensor::zeros([2, self.channels[1]], device)));
        Ok(layer)
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> SpectralMix<D, C::Response> {
        self.try_init(device).or_panic()
    }
}

/// A filter that stays in the frequency domain, `Y_o[k] = Σ_i R[o,i,k]·X_i[k] + b_o`.
///
/// It is [`SpectralConv`](crate::conv::SpectralConv) without its transforms, and meets a spectrum
/// where that one meets a signal. See the [module](crate::frequency) on what it cannot do.
///
/// A [`Response::Constant`](crate::response::Response::Constant) counts by what a real signal keeps of it, its real part.
#[derive(Module, Debug)]
pub struct SpectralMix<const D: usize, R: Module> {
    /// The filter response.
    pub response: R,
    /// Offset of the real and of the imaginary part of each output channel, `[2, out]`.
    pub bias: Option<Param<Tensor<2>>>,
    /// Input channels.
    pub channels_in: usize,
    /// How channels are coupled; not part of the [record](crate::conv::SpectralConv#records).
    #[module(skip)]
    pub coupling: Coupling,
    /// Which factor is conjugated; not part of the record.
    #[module(skip)]
    pub conjugate: ConjugateFactor,
}

impl<const D: usize, R: FrequencyResponse<D>> SpectralMix<D, R> {
    /// A layer without bias around a response, from `channels[0]` to `channels[1]` channels.
    ///
    /// # Errors
    /// If the response does not have the channels that the coupling needs.
    pub fn from_response(
        response: R,
        channels: [usize; 2],
        coupling: Coupling,
    ) -> Result<Self, SpectralError> {
        coupling.check_response(channels, response.channels())?;
        Ok(Self {
            response,
            bias: None,
            channels_in: channels[0],
            coupling,
            conjugate: ConjugateFactor::None,
        })
    }

    /// Checks that the layer accepts spectra of shape `dims` of signals of `length` samples on the
    /// last axis.
    ///
    /// # Errors
    /// If the channels are not the layer's, an axis is empty, the last one does not have the bins
    /// of `length` samples, or the response cannot be evaluated at that size.
    pub fn check(&self, dims: [usize; D], length: usize) -> Result<FrequencyGrid, SpectralError> {
        if dims[1] != self.channels_in {
            return Err(SpectralError::Channels {
                expected: self.channels_in,
                got: dims.to_vec(),
            });
        }
        check_axes(D.saturating_sub(2))?;
        let response = self.response.channels();
        self.coupling
            .check_response([self.channels_in, response[0]], response)?;
        let mut sizes = dims[2..].to_vec();
        sizes[D - 3] = length;
        let grid = FrequencyGrid::new(&sizes)?;
        if dims[2..] != grid.bins() {
            return Err(SpectralError::Bins {
                expected: grid.bins(),
                size: sizes,
                got: dims[2..].to_vec(),
            });
        }
        self.response.check(&grid)?;
        Ok(grid)
    }

    /// Filters the spectrum of a signal.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, …, n/2 + 1]`
    /// - output: `[batch, channels_out, …, n/2 + 1]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text; when the spectrum is not halved
    /// along the last dim; and when the value of the response does not have the shape that its
    /// channels and the grid ask for.
    #[track_caller]
    pub fn forward(&self, spectrum: HalfSpectrum<D>) -> HalfSpectrum<D> {
        let (spectrum, length) = spectrum.into_last();
        let grid = self.check(spectrum.dims(), length).or_panic();
        let [outputs, _] = self.response.channels();
        let spectrum = match self.coupling {
            Coupling::Shared => spectrum.map(|part| part.sum_dim(1)),
            _ => spectrum,
        };
        let groups = self.coupling.groups([self.channels_in, outputs]);
        let output = match evaluate(&self.response, &grid) {
            Value::Constant(weight) => {
                let spectrum = match self.conjugate {
                    ConjugateFactor::Input => spectrum.conj(),
                    _ => spectrum,
                };
                spectrum.map(|part| ops::mix_constant(part, weight.clone(), groups, false))
            }
            Value::Spectrum(response) => {
                let spec = MixSpec {
                    groups,
                    conjugate: self.conjugate.into(),
                };
                ops::mix(spectrum, response, spec)
            }
        };
        let output = match &self.bias {
            Some(bias) => {
                let mut dims = [1; D];
                dims[1] = outputs;
                let part = |index| bias.val().narrow(0, index, 1).reshape(dims);
                output + ComplexTensor::new(part(0), part(1))
            }
            None => output,
        };
        HalfSpectrum::new(output, length)
    }
}
