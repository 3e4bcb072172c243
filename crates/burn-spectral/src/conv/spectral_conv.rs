//! Circular convolution with a parameterized response.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::error::OrPanic;
use crate::ops::{self, Conjugate, ConvSpec, FilterSpec, MixSpec, ModesSpec, SavedSpectrum};
use crate::pool::spectral_resize;
use crate::response::{
    Coupling, FrequencyResponse, Response, ResponseConfig, Value, check_axes, checked,
};
use crate::{FrequencyGrid, SpectralError};

/// Configuration of a [`SpectralConv1d`].
pub type SpectralConv1dConfig<C> = SpectralConvConfig<3, C>;
/// Configuration of a [`SpectralConv2d`].
pub type SpectralConv2dConfig<C> = SpectralConvConfig<4, C>;
/// Configuration of a [`SpectralConv3d`].
pub type SpectralConv3dConfig<C> = SpectralConvConfig<5, C>;

/// Spectral convolution of `[batch, channels, length]`.
pub type SpectralConv1d<R> = SpectralConv<3, R>;
/// Spectral convolution of `[batch, channels, height, width]`.
pub type SpectralConv2d<R> = SpectralConv<4, R>;
/// Spectral convolution of `[batch, channels, depth, height, width]`.
pub type SpectralConv3d<R> = SpectralConv<5, R>;

/// Configuration of a [`SpectralConv`] with a response created by `C`.
///
/// `D` is the rank of the input tensor. Write [`SpectralConv1dConfig`], [`SpectralConv2dConfig`] or
/// [`SpectralConv3dConfig`], which fix it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpectralConvConfig<const D: usize, C> {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// The response.
    pub response: C,
    /// How channels are coupled; dense by default.
    pub coupling: Coupling,
    /// What is conjugated in the product `R·X`; nothing by default.
    pub conjugate: ConjugateFactor,
    /// Whether to add a bias to every output channel, initially zero; true by default.
    pub bias: bool,
}

impl_config!([const D: usize, C: burn::config::Config] SpectralConvConfig<D, C>);

/// Which factor of `R·X` is conjugated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConjugateFactor {
    /// Neither: a convolution.
    #[default]
    None,
    /// The response: a cross-correlation with its impulse response, what `Conv2d` computes.
    Response,
    /// The input: that cross-correlation reversed circularly, as KKLayer and CEMNet were published.
    Input,
}

impl From<ConjugateFactor> for Conjugate {
    fn from(factor: ConjugateFactor) -> Self {
        match factor {
            ConjugateFactor::None => Conjugate::None,
            ConjugateFactor::Response => Conjugate::Response,
            ConjugateFactor::Input => Conjugate::Input,
        }
    }
}

impl<const D: usize, C: ResponseConfig<D>> SpectralConvConfig<D, C> {
    /// A dense layer from `channels[0]` to `channels[1]` channels.
    pub fn new(channels: [usize; 2], response: C) -> Self {
        Self {
            channels,
            response,
            coupling: Coupling::default(),
            conjugate: ConjugateFactor::default(),
            bias: true,
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
    /// If channels or sizes are zero, too large, or do not fit each other.
    pub fn try_init(&self, device: &Device) -> Result<SpectralConv<D, C::Response>, SpectralError> {
        let channels = self.coupling.response_channels(self.channels)?;
        let response = self.response.try_init(channels, device)?;
        let mut layer = SpectralConv::from_response(response, self.channels, self.coupling)?;
        layer.conjugate = self.conjugate;
        layer.bias = self
            .bias
            .then(|| Param::from_tensor(Tensor::zeros([self.channels[1]], device)));
        Ok(layer)
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> SpectralConv<D, C::Response> {
        self.try_init(device).or_panic()
    }
}

/// Circular convolution through the spectrum, `y = irfft(Σ_i R[o,i]·rfft(x_i)) + b`.
///
/// Created by [`SpectralConv1dConfig`], [`SpectralConv2dConfig`] or [`SpectralConv3dConfig`], or from a
/// response of your own by [`from_response`](Self::from_response). `D` is the rank of the input tensor,
/// two more than its spatial axes; [`SpectralConv1d`], [`SpectralConv2d`] and [`SpectralConv3d`] fix it.
///
/// # Records
/// A Burn record holds tensors by name and shape, but not settings: [`coupling`](Self::coupling),
/// [`conjugate`](Self::conjugate), and a response's
/// [`corners`](crate::response::FourierModes::corners), form or reference size come from the layer that
/// the record is loaded into. A layer with other settings whose tensors have the same shapes loads the
/// record without an error and computes something else. Save the configuration next to the record and
/// create the layer from it:
///
/// ```
/// use burn::prelude::*;
/// use burn_spectral::prelude::*;
///
/// let device = Device::flex();
/// let config = SpectralConv2dConfig::new([2, 3], FourierModesConfig::new([4, 4]))
///     .with_conjugate(ConjugateFactor::Response);
/// let file = std::env::temp_dir().join("burn-spectral-example.json");
/// config.save(&file)?;
/// let record = config.init(&device).into_record();
///
/// let config = SpectralConv2dConfig::<FourierModesConfig>::load(&file)?;
/// let layer = config.init(&device).load_record(record);
/// assert_eq!(layer.conjugate, ConjugateFactor::Response);
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Module, Debug)]
pub struct SpectralConv<const D: usize, R: Module> {
    /// The filter response.
    pub response: R,
    /// Bias of each output channel, `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Input channels.
    pub channels_in: usize,
    /// How channels are coupled; not part of the record.
    #[module(skip)]
    pub coupling: Coupling,
    /// Which factor is conjugated; not part of the record.
    #[module(skip)]
    pub conjugate: ConjugateFactor,
    /// Whether the backward pass finds the input's spectrum or computes it again; not part of the
    /// record.
    #[module(skip)]
    pub saved: SavedSpectrum,
}

impl<const D: usize, R: FrequencyResponse<D>> SpectralConv<D, R> {
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
            saved: SavedSpectrum::Keep,
        })
    }

    /// The same layer, keeping this for the backward pass.
    #[must_use]
    pub fn with_saved_spectrum(self, saved: SavedSpectrum) -> Self {
        Self { saved, ..self }
    }

    /// Parameters that cannot change the output, by name and number of values.
    pub fn dead_parameters(&self, grid: &FrequencyGrid) -> Vec<(&'static str, usize)> {
        self.response.dead_parameters(grid)
    }

    /// Checks that the layer accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the layer's, an axis is empty, the response cannot be evaluated at
    /// that size, or fields set by hand do not fit each other.
    pub fn check(&self, dims: [usize; D]) -> Result<FrequencyGrid, SpectralError> {
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
        let grid = FrequencyGrid::new(&dims[2..])?;
        self.response.check(&grid)?;
        Ok(grid)
    }

    /// Convolves.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, spatial…]`
    /// - output: `[batch, channels_out, spatial…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text; and when the value of the response
    /// does not have the shape that its channels and the grid ask for.
    #[track_caller]
    pub fn forward(&self, input: Tensor<D>) -> Tensor<D> {
        let grid = self.check(input.dims()).or_panic();
        let output = self.convolve(input, grid.sizes());
        self.with_bias(output)
    }

    /// Checks that the layer accepts inputs of shape `dims` for outputs of the given sizes.
    ///
    /// # Errors
    /// As [`check`](Self::check), also for the grid of the output if the response consists of modes.
    pub fn check_to(
        &self,
        dims: [usize; D],
        sizes: &[usize],
    ) -> Result<FrequencyGrid, SpectralError> {
        let grid = self.check(dims)?;
        if sizes.len() != D - 2 {
            return Err(SpectralError::Axes {
                axes: D - 2,
                got: sizes.to_vec(),
            });
        }
        let output = FrequencyGrid::new(sizes)?;
        let [outputs, _] = self.response.channels();
        SpectralError::check_result("the output", &[&[dims[0], outputs], sizes].concat())?;
        if self.response.has_modes() {
            self.response.check(&output)?;
        }
        Ok(grid)
    }

    /// Convolves, with the output on a grid of another size over the same domain.
    ///
    /// With a response of [modes](Response::Modes) the inverse transform writes them straight to that grid
    /// ([`ops::spectral_conv_modes`]). Any other response is applied on the grid of the input, and its output resampled
    /// by Fourier interpolation ([`spectral_resize`]).
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, spatial…]`
    /// - output: `[batch, channels_out, sizes…]`
    ///
    /// # Panics
    /// If [`check_to`](Self::check_to) returns an error, with the same text.
    ///
    /// # Example
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use burn_spectral::conv::SpectralConv2dConfig;
    /// use burn_spectral::response::FourierModesConfig;
    ///
    /// let device = Device::flex();
    /// let layer = SpectralConv2dConfig::new([1, 4], FourierModesConfig::new([3, 3])).init(&device);
    /// let y = layer.forward_to(Tensor::ones([2, 1, 16, 16], &device), &[24, 9]);
    /// assert_eq!(y.dims(), [2, 4, 24, 9]);
    /// ```
    #[track_caller]
    pub fn forward_to(&self, input: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
        self.check_to(input.dims(), sizes).or_panic();
        let output = self.convolve(input, sizes);
        self.with_bias(output)
    }

    /// The layer without its bias, for inputs and sizes that have been checked.
    #[track_caller]
    pub(crate) fn convolve(&self, input: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
        let grid = FrequencyGrid::new(&input.dims()[2..]).or_panic();
        let (shape, [outputs, _]) = (input.dims(), self.response.channels());
        let groups = self.coupling.groups([self.channels_in, outputs]);
        let summed = |input: Tensor<D>| match self.coupling {
            Coupling::Shared => input.sum_dim(1),
            _ => input,
        };
        let mix = MixSpec {
            groups,
            conjugate: self.conjugate.into(),
        };
        let output = match checked(&self.response, &grid) {
            Response::Modes(weights, modes) => {
                let spec = ModesSpec::new(modes, mix);
                let spec = match sizes == grid.sizes() {
                    true => spec,
                    false => spec.with_output(sizes),
                };
                return ops::spectral_conv_modes(summed(input), weights, spec);
            }
            other => match (other.value(&grid), self.filter(shape)) {
                (Value::Constant(weight), _) => {
                    let reversed = self.conjugate == ConjugateFactor::Input;
                    ops::mix_constant(summed(input), weight, groups, reversed)
                }
                (Value::Spectrum(response), Some(filter)) => {
                    let images = input.reshape(filter.images);
                    let mut dims = shape;
                    dims[1] = outputs;
                    ops::spectral_filter(images, response, filter.spec).reshape(dims)
                }
                (Value::Spectrum(response), None) => {
                    let spec = ConvSpec {
                        spatial: D - 2,
                        mix,
                        saved: self.saved,
                    };
                    ops::spectral_conv(summed(input), response, spec)
                }
            },
        };
        spectral_resize(output, sizes)
    }

    fn with_bias(&self, output: Tensor<D>) -> Tensor<D> {
        match &self.bias {
            Some(bias) => {
                let mut dims = [1; D];
                dims[1] = output.dims()[1];
                output + bias.val().reshape(dims)
            }
            None => output,
        }
    }

    /// The convolution as a filter of one spectrum an output, where it is one and its images pass
    /// through the cache.
    fn filter(&self, dims: [usize; D]) -> Option<Filter> {
        let [outputs, _] = self.response.channels();
        let groups = match self.coupling {
            Coupling::Shared => 1,
            coupling if coupling.groups([self.channels_in, outputs]) == self.channels_in => {
                self.channels_in
            }
            _ => return None,
        };
        let grid = match dims[2..] {
            [length] => [1, length],
            [height, width] => [height, width],
            _ => return None,
        };
        let spec = FilterSpec::circular(groups, grid).with_conjugate(self.conjugate.into());
        let images = [dims[0], dims[1], grid[0], grid[1]];
        let in_cache = spec.stays_in_cache(&images.into(), outputs);
        in_cache.then_some(Filter { images, spec })
    }
}

/// A convolution as a filter of images.
struct Filter {
    images: [usize; 4],
    spec: FilterSpec,
}
