//! Spectral convolution on the lowest modes with a low-rank weight.

mod factors;
mod rank;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::impl_config;
use crate::error::OrPanic;
use crate::ops::{self, Modes};
use crate::response::FourierModesConfig;
use crate::{SpectralError, SpectralInitializer};

pub use factors::{ComplexParam, CpFactors, TuckerFactors};
pub use rank::LowRank;

/// Configuration of a [`LowRankModes`] layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LowRankModesConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// For each spatial axis the number of bins kept from 0 up, and of negative frequencies, as in
    /// [`FourierModesConfig::corners`].
    pub corners: Vec<[usize; 2]>,
    /// The form of the weight and its rank.
    pub form: LowRank,
    /// Whether to add a bias to every output channel, initially zero; true by default.
    pub bias: bool,
    /// How the factors start: with the mean square of the weight that a dense layer has. `Conv`: `E|W|² = 1/(3·C_in)`, as
    /// [`FourierModes`](crate::response::FourierModes). `Glorot`: `2/(C_in + C_out)`, as in the neuraloperator
    /// library. `Normal(s)`: `2·s²`. Factors are complex normal, all with the same variance.
    pub initializer: SpectralInitializer,
}

impl_config!([] LowRankModesConfig);

impl LowRankModesConfig {
    /// A layer from `channels[0]` to `channels[1]` channels, with `modes` counted as in Li et al. (2021); see
    /// [`FourierModesConfig::new`].
    pub fn new(channels: [usize; 2], modes: impl AsRef<[usize]>, form: LowRank) -> Self {
        Self::of(channels, FourierModesConfig::new(modes), form)
    }

    /// The same with `modes` counted as in the neuraloperator library; see [`FourierModesConfig::centered`].
    pub fn centered(channels: [usize; 2], modes: impl AsRef<[usize]>, form: LowRank) -> Self {
        Self::of(channels, FourierModesConfig::centered(modes), form)
    }

    fn of(channels: [usize; 2], modes: FourierModesConfig, form: LowRank) -> Self {
        Self {
            channels,
            corners: modes.corners,
            form,
            bias: true,
            initializer: SpectralInitializer::default(),
        }
    }

    /// Sets whether to add a bias.
    pub fn with_bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Sets how the factors are drawn.
    pub fn with_initializer(mut self, initializer: SpectralInitializer) -> Self {
        self.initializer = initializer;
        self
    }

    /// Creates the layer.
    ///
    /// # Errors
    /// If channels or modes are zero, too large, or not one for every spatial axis; if the last axis keeps negative
    /// frequencies; or if the rank is not a positive number.
    pub fn try_init<const D: usize>(
        &self,
        device: &Device,
    ) -> Result<LowRankModes<D>, SpectralError> {
        SpectralError::check_positive("the number of channels", &self.channels)?;
        SpectralError::check_sizes("the number of channels", &self.channels)?;
        check_corners::<D>(&self.corners)?;
        let [inputs, outputs] = self.channels;
        let kept = self.corners.iter().map(|[p, n]| p + n);
        let dense: Vec<usize> = [outputs, inputs].into_iter().chain(kept).collect();
        SpectralError::check_elements("the dense form of a low-rank weight", &dense)?;
        let mean_square = match self.initializer {
            SpectralInitializer::Conv => 1.0 / (3.0 * inputs as f64),
            SpectralInitializer::Glorot => 2.0 / (inputs + outputs) as f64,
            SpectralInitializer::Normal(deviation) => {
                SpectralInitializer::normal(deviation)?;
                2.0 * deviation * deviation
            }
            other => return Err(other.unsupported("LowRankModes", "Conv, Glorot or Normal")),
        };
        let ranks = self.form.ranks(&dense)?;
        let largest = dense.iter().chain(&ranks).copied().max().unwrap_or(1);
        SpectralError::check_elements("a factor of a low-rank weight", &[largest, largest])?;
        SpectralError::check_elements("the core of a low-rank weight", &ranks)?;
        let weight = match self.form {
            LowRank::Cp { .. } => {
                LowRankFactors::Cp(CpFactors::new(&dense, ranks[0], mean_square, device))
            }
            LowRank::Tucker { .. } => {
                LowRankFactors::Tucker(TuckerFactors::new(&dense, &ranks, mean_square, device))
            }
        };
        let zeros = || Param::from_tensor(Tensor::zeros([outputs], device));
        Ok(LowRankModes {
            weight,
            bias: self.bias.then(zeros),
            corners: self.corners.clone(),
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init<const D: usize>(&self, device: &Device) -> LowRankModes<D> {
        self.try_init(device).or_panic()
    }
}

/// Checks the modes of a layer of `D − 2` spatial axes.
fn check_corners<const D: usize>(corners: &[[usize; 2]]) -> Result<(), SpectralError> {
    let side = |side: usize| {
        corners
            .iter()
            .map(|corner| corner[side])
            .collect::<Vec<_>>()
    };
    let (positive, negative) = (side(0), side(1));
    if !(3..=5).contains(&D) {
        return Err(SpectralError::SpatialAxes {
            got: D.saturating_sub(2),
        });
    }
    if corners.len() != D - 2 {
        return Err(SpectralError::Axes {
            axes: D - 2,
            got: positive,
        });
    }
    SpectralError::check_positive("every number of kept modes", &positive)?;
    SpectralError::check_sizes("every number of kept modes", &positive)?;
    SpectralError::check_sizes("every number of kept negative modes", &negative)?;
    match negative[D - 3] {
        0 => Ok(()),
        got => Err(SpectralError::HalfModes { got }),
    }
}

/// The spectral convolution of the Fourier neural operator, `y = irfft(W·rfft(x)) + b` on the lowest modes, with a weight
/// in low-rank form: the tensorized FNO (TFNO; Kossaifi et al., 2024).
///
/// The input is contracted with the factors one after the other, so the dense weight never exists: with CP, channels are
/// mixed down to the rank, multiplied by the modes, and mixed up; with Tucker, the core is expanded along the modes alone.
///
/// The layer runs at every size that has the modes, and can return its result at another size
/// ([`forward_to`](Self::forward_to)).
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::{LowRank, LowRankModes, LowRankModesConfig};
///
/// let device = Device::flex();
/// let form = LowRank::Tucker { rank: 0.1 };
/// let layer: LowRankModes<4> = LowRankModesConfig::new([8, 4], [6, 6], form).init(&device);
/// let x = Tensor::ones([2, 8, 16, 16], &device);
/// assert_eq!(layer.forward(x.clone()).dims(), [2, 4, 16, 16]);
/// assert_eq!(layer.forward_to(x, &[32, 21]).dims(), [2, 4, 32, 21]);
/// ```
#[derive(Module, Debug)]
pub struct LowRankModes<const D: usize> {
    /// The factors of the weight.
    pub weight: LowRankFactors<D>,
    /// Bias of each output channel, `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// As [`LowRankModesConfig::corners`]; not part of the record.
    #[module(skip)]
    pub corners: Vec<[usize; 2]>,
}

/// [`LowRankModes`] of signals, `[batch, channels, length]`.
pub type LowRankModes1d = LowRankModes<3>;
/// [`LowRankModes`] of images, `[batch, channels, height, width]`.
pub type LowRankModes2d = LowRankModes<4>;
/// [`LowRankModes`] of volumes, `[batch, channels, depth, height, width]`.
pub type LowRankModes3d = LowRankModes<5>;

/// The factors of a low-rank weight.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one per layer")]
pub enum LowRankFactors<const D: usize> {
    /// [`LowRank::Cp`].
    Cp(CpFactors),
    /// [`LowRank::Tucker`].
    Tucker(TuckerFactors<D>),
}

impl<const D: usize> LowRankModes<D> {
    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        let (inputs, outputs) = match &self.weight {
            LowRankFactors::Cp(cp) => (&cp.inputs, &cp.outputs),
            LowRankFactors::Tucker(tucker) => (&tucker.inputs, &tucker.outputs),
        };
        [inputs, outputs].map(|factor| factor.re.dims()[0])
    }

    /// Checks that the layer accepts inputs of shape `dims` and can return its result at `sizes`.
    ///
    /// # Errors
    /// If the channels are not the layer's, there is not one size for every spatial axis, or the input or the output has
    /// fewer frequencies than the modes.
    pub fn check(&self, dims: [usize; D], sizes: &[usize]) -> Result<(), SpectralError> {
        let [inputs, outputs] = self.channels();
        if dims[1] != inputs {
            return Err(SpectralError::Channels {
                expected: inputs,
                got: dims.to_vec(),
            });
        }
        if sizes.len() != D - 2 {
            return Err(SpectralError::Axes {
                axes: D - 2,
                got: sizes.to_vec(),
            });
        }
        for sizes in [&dims[2..], sizes] {
            SpectralError::check_positive("every spatial size", sizes)?;
            SpectralError::check_elements("one channel of a signal", sizes)?;
            let fits = |(a, (&size, [positive, negative])): (usize, (&usize, &[usize; 2]))| {
                let bins = if a + 3 == D { size / 2 + 1 } else { size };
                positive + negative <= bins
            };
            if !sizes.iter().zip(&self.corners).enumerate().all(fits) {
                return Err(SpectralError::Modes {
                    modes: self.corners.clone(),
                    got: sizes.to_vec(),
                });
            }
        }
        SpectralError::check_result("the output", &[&[dims[0], outputs], sizes].concat())
    }

    /// Convolves.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, spatial…]`
    /// - output: `[batch, channels_out, spatial…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let sizes = x.dims()[2..].to_vec();
        self.forward_to(x, &sizes)
    }

    /// Convolves and returns the result on a grid of other sizes, by its Fourier series.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, spatial…]`
    /// - output: `[batch, channels_out, sizes…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward_to(&self, x: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
        self.check(x.dims(), sizes).or_panic();
        let y = self.convolve(x, sizes);
        match &self.bias {
            Some(bias) => {
                let mut dims = [1; D];
                dims[1] = y.dims()[1];
                y + bias.val().reshape(dims)
            }
            None => y,
        }
    }

    /// The convolution without the bias.
    pub(super) fn convolve(&self, x: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
        let modes: Vec<Modes> = self
            .corners
            .iter()
            .map(|&[p, n]| Modes::new(p, n))
            .collect();
        let kept = ops::rfft_modes(x, &modes);
        let mixed = match &self.weight {
            LowRankFactors::Cp(cp) => cp.mix(kept),
            LowRankFactors::Tucker(tucker) => tucker.mix(kept),
        };
        ops::irfft_modes(mixed, &modes, sizes)
    }
}
