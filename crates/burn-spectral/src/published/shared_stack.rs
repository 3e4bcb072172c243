//! A stack of layers with the published coupling and activation, as one operation.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::conv::ConjugateFactor;
use crate::error::OrPanic;
use crate::ops::{self, StackSpec};
use crate::response::{Coupling, FrequencyResponse, ResponseConfig, Value, evaluate};
use crate::{ComplexTensor, FrequencyGrid, HalfSpectrum, Norm, SpectralError, fft};

use crate::frequency::{SpectralMix, SpectralMixConfig};

/// Configuration of a [`SharedStack1d`].
pub type SharedStack1dConfig<C> = SharedStackConfig<3, C>;
/// Configuration of a [`SharedStack2d`].
pub type SharedStack2dConfig<C> = SharedStackConfig<4, C>;
/// Configuration of a [`SharedStack3d`].
pub type SharedStack3dConfig<C> = SharedStackConfig<5, C>;

/// Stack on spectra `[batch, channels, bins]`.
pub type SharedStack1d<R> = SharedStack<3, R>;
/// Stack on spectra `[batch, channels, height, bins]`.
pub type SharedStack2d<R> = SharedStack<4, R>;
/// Stack on spectra `[batch, channels, depth, height, bins]`.
pub type SharedStack3d<R> = SharedStack<5, R>;

/// Configuration of a [`SharedStack`] with responses created by `C`.
///
/// `D` is the rank of the input tensor. Write [`SharedStack1dConfig`], [`SharedStack2dConfig`] or
/// [`SharedStack3dConfig`], which fix it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedStackConfig<const D: usize, C> {
    /// Input channels.
    pub channels: usize,
    /// Filters of each layer.
    pub filters: Vec<usize>,
    /// The response of every layer.
    pub response: C,
}

impl_config!([const D: usize, C: burn::config::Config] SharedStackConfig<D, C>);

impl<const D: usize, C: ResponseConfig<D>> SharedStackConfig<D, C> {
    /// Layers with the given numbers of filters; the first has `channels` input channels.
    pub fn new(channels: usize, filters: impl Into<Vec<usize>>, response: C) -> Self {
        Self {
            channels,
            filters: filters.into(),
            response,
        }
    }

    /// Creates the stack.
    ///
    /// # Errors
    /// If there is no layer, when channels, filters or sizes are zero, or when the response does
    /// not fit the number of axes.
    pub fn try_init(&self, device: &Device) -> Result<SharedStack<D, C::Response>, SpectralError> {
        let inputs = core::iter::once(&self.channels).chain(&self.filters);
        let layer = |(&inputs, &outputs)| {
            SpectralMixConfig::new([inputs, outputs], self.response.clone())
                .with_coupling(Coupling::Shared)
                .try_init(device)
        };
        let layers: Result<Vec<_>, _> = inputs.zip(&self.filters).map(layer).collect();
        SharedStack::from_layers(layers?)
    }

    /// Creates the stack.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> SharedStack<D, C::Response> {
        self.try_init(device).or_panic()
    }
}

/// Layers of [`Coupling::Shared`], a [`CRelu`](crate::frequency::CRelu) after each: the networks of Wood and
/// Larson (2021) between transform and head.
///
/// It computes what the layers give one after the other, `Z = CRelu(layer(Z))`. As each layer
/// filters the **sum** of its inputs, a single complex number per frequency is passed on; and as
/// no frequency meets another, each runs through all layers in one go. What lies between the layers
/// is neither stored nor read again ([`ops::rectified_stack`]).
///
/// # Example
/// A published network, from images to the sums of its head:
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::published::SharedStack2dConfig;
/// use burn_spectral::response::{GaussianConfig, ParametricForm};
///
/// let device = Device::flex();
/// let published = GaussianConfig::new().with_form(ParametricForm::Published);
/// let stack = SharedStack2dConfig::new(3, [6, 6, 6, 6], published).init(&device);
/// let head = LinearConfig::new(2 * 6 * 30 * 16, 2).init(&device);
///
/// let images = Tensor::<4>::random([4, 3, 30, 30], Distribution::Default, &device);
/// assert_eq!(stack.forward_dense(images, &head).dims(), [4, 2]);
/// ```
#[derive(Module, Debug)]
pub struct SharedStack<const D: usize, R: Module> {
    /// The layers: shared coupling, nothing conjugated, no bias.
    pub layers: Vec<SpectralMix<D, R>>,
}

impl<const D: usize, R: FrequencyResponse<D>> SharedStack<D, R> {
    /// The stack of given layers.
    ///
    /// # Errors
    /// If there is no layer, or one that has a bias, a conjugated factor, another coupling than
    /// [`Coupling::Shared`], or other input channels than the layer before has filters.
    pub fn from_layers(layers: Vec<SpectralMix<D, R>>) -> Result<Self, SpectralError> {
        SpectralError::check_positive("the number of layers of a stack", &[layers.len()])?;
        let mut filters = layers[0].channels_in;
        for (index, layer) in layers.iter().enumerate() {
            let fault = if layer.coupling != Coupling::Shared {
                Some(format!("{:?} coupling", layer.coupling))
            } else if layer.conjugate != ConjugateFactor::None {
                Some(format!("a conjugated factor ({:?})", layer.conjugate))
            } else if layer.bias.is_some() {
                Some("a bias".into())
            } else if layer.channels_in != filters {
                Some(format!(
                    "{} input channels after {filters}",
                    layer.channels_in
                ))
            } else {
                None
            };
            if let Some(fault) = fault {
                return Err(SpectralError::StackLayer { index, fault });
            }
            [filters, _] = layer.response.channels();
        }
        Ok(Self { layers })
    }

    /// Checks that the stack accepts spectra of shape `dims` of signals of `length` samples on the
    /// last axis. A single channel counts as the sum of the first layer's.
    ///
    /// # Errors
    /// As [`SpectralMix::check`] for any layer.
    pub fn check(&self, dims: [usize; D], length: usize) -> Result<FrequencyGrid, SpectralError> {
        let mut dims = dims;
        if dims[1] == 1 {
            dims[1] = self.layers[0].channels_in;
        }
        let grid = self.layers[0].check(dims, length)?;
        for layer in &self.layers[1..] {
            layer.response.check(&grid)?;
        }
        Ok(grid)
    }

    /// The rectified spectrum of the last layer.
    ///
    /// Before a dense head [`features`](Self::features) saves the copies that joining its parts
    /// costs, and [`forward_dense`](Self::forward_dense) the spectrum itself.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, …, n/2 + 1]`, or `[batch, 1, …]`, the channels' sum
    /// - output: `[batch, filters, …, n/2 + 1]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text; and when the spectrum is not halved
    /// along the last dim.
    #[track_caller]
    pub fn forward(&self, spectrum: HalfSpectrum<D>) -> HalfSpectrum<D> {
        let length = spectrum.length();
        let y = self.features(spectrum);
        let filters = y.dims()[1] / 2;
        let z = ComplexTensor::new(
            ops::narrow(y.clone(), 1, 0, filters),
            ops::narrow(y, 1, filters, filters),
        );
        HalfSpectrum::new(z, length)
    }

    /// As [`forward`](Self::forward), the real parts of all channels before the imaginary parts:
    /// flattened, what [`FlattenSpectrum`](crate::frequency::FlattenSpectrum) gives.
    ///
    /// # Shapes
    /// - input: as [`forward`](Self::forward)
    /// - output: `[batch, 2·filters, …, n/2 + 1]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text; and when the spectrum is not halved
    /// along the last dim.
    #[track_caller]
    pub fn features(&self, spectrum: HalfSpectrum<D>) -> Tensor<D> {
        let (spectrum, length) = spectrum.into_last();
        let grid = self.grid(spectrum.dims(), length);
        let (responses, spec) = self.responses(&grid);
        ops::rectified_stack(channel_sum(spectrum), responses, spec)
    }

    /// [`forward`](Self::forward) of the spectrum of a signal. The channels are added up before the
    /// transform, which is linear, so that there is one transform per batch entry.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, spatial…]`, or `[batch, 1, spatial…]`, the channels' sum
    /// - output: `[batch, filters, …, n/2 + 1]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward_signal(&self, signal: Tensor<D>) -> HalfSpectrum<D> {
        self.forward(self.transform(signal))
    }

    /// A dense head on the flattened spectrum of a signal, `head(flatten(forward_signal(x)))`.
    /// On the CPU backend no feature is stored, forward or backward.
    ///
    /// # Shapes
    /// - input: as [`forward_signal`](Self::forward_signal)
    /// - `head`: from `2·filters·bins` features in the order of
    ///   [`FlattenSpectrum`](crate::frequency::FlattenSpectrum)
    /// - output: `[batch, units]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text; and when the head takes another
    /// number of features.
    #[track_caller]
    pub fn forward_dense(&self, signal: Tensor<D>, head: &Linear) -> Tensor<2> {
        let (spectrum, length) = self.transform(signal).into_last();
        let grid = self.grid(spectrum.dims(), length);
        let (responses, spec) = self.responses(&grid);
        let weight = head.weight.val();
        let bins: usize = grid.bins().iter().product();
        let features = 2 * spec.outputs() * bins;
        if weight.dims()[0] != features {
            let got = weight.dims()[0];
            let expected = features;
            panic!("{}", SpectralError::HeadFeatures { expected, got });
        }
        let sums = ops::rectified_stack_dense(spectrum, responses, weight, spec);
        match &head.bias {
            Some(bias) => sums + bias.val().unsqueeze(),
            None => sums,
        }
    }

    #[track_caller]
    fn grid(&self, dims: [usize; D], length: usize) -> FrequencyGrid {
        self.check(dims, length).or_panic()
    }

    /// The spectrum of the sum of a signal's channels.
    #[track_caller]
    fn transform(&self, signal: Tensor<D>) -> HalfSpectrum<D> {
        let dims = signal.dims();
        let channels = dims[1];
        let expected = self.layers[0].channels_in;
        if channels != 1 && channels != expected {
            let got = dims.to_vec();
            panic!("{}", SpectralError::Channels { expected, got });
        }
        let sum = match channels {
            1 => signal,
            _ => signal.sum_dim(1),
        };
        fft::rfftn(sum, &fft::spatial_dims::<D>(), Norm::Backward)
    }

    /// The responses of all layers, one after the other.
    fn responses(&self, grid: &FrequencyGrid) -> (ComplexTensor<D>, StackSpec) {
        let values = self.layers.iter().map(|layer| &layer.response);
        let spectra: Vec<_> = values.map(|response| spectrum(response, grid)).collect();
        let filters = spectra.iter().map(|response| response.dims()[0]).collect();
        (ComplexTensor::cat(spectra, 0), StackSpec { filters })
    }
}

/// The channels of a spectrum added up.
fn channel_sum<const D: usize>(spectrum: ComplexTensor<D>) -> ComplexTensor<D> {
    match spectrum.dims()[1] {
        1 => spectrum,
        _ => spectrum.map(|part| part.sum_dim(1)),
    }
}

/// The value of a response at every bin.
fn spectrum<const D: usize, R: FrequencyResponse<D>>(
    response: &R,
    grid: &FrequencyGrid,
) -> ComplexTensor<D> {
    match evaluate(response, grid) {
        Value::Spectrum(spectrum) => spectrum,
        Value::Constant(weight) => {
            let mut dims = [1; D];
            (dims[0], dims[1]) = (weight.dims()[0], weight.dims()[1]);
            let weight = weight.reshape(dims);
            let bins = grid.bins();
            dims[2..].copy_from_slice(&bins);
            ComplexTensor::from_real(weight.expand(dims))
        }
    }
}
