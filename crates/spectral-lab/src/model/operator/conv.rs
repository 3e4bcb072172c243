//! Convolutions that keep the grid, in any number of axes.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::ops::{self, Activation, DirectConvSpec};

use super::width;
use crate::model::ModelError;

/// Configuration of a [`Conv`].
#[derive(Config, Debug, PartialEq)]
pub struct ConvConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Taps along each axis.
    pub taps: usize,
    /// Step between outputs along each axis.
    #[config(default = 1)]
    pub stride: usize,
    /// Step between taps along each axis.
    #[config(default = 1)]
    pub dilation: usize,
    /// Whether to add a bias to every output channel.
    #[config(default = true)]
    pub bias: bool,
    /// Whether the signal is periodic; else it is padded with zeros.
    #[config(default = true)]
    pub periodic: bool,
}

impl ConvConfig {
    /// Creates the layer with weights and bias from `U(−1/√n, 1/√n)`, where `n = in · taps^axes`, as a fresh convolution
    /// of Burn has them.
    ///
    /// # Errors
    /// If a number is zero, or the weights are too many.
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<Conv<D>, ModelError> {
        let [inputs, outputs] = self.channels;
        let counts = [
            ("the number of input channels", inputs),
            ("the number of output channels", outputs),
            ("the number of taps", self.taps),
            ("the stride", self.stride),
            ("the dilation", self.dilation),
        ];
        width::check("conv", &counts, || {
            width::conv(self.channels, self.taps, D - 2)
        })?;
        let shape: [usize; D] = std::array::from_fn(|axis| match axis {
            0 => outputs,
            1 => inputs,
            _ => self.taps,
        });
        let fan_in: usize = shape[1..].iter().product();
        let bound = 1.0 / (fan_in as f64).sqrt();
        let uniform = Distribution::Uniform(-bound, bound);
        Ok(Conv {
            weight: Param::from_tensor(Tensor::random(shape, uniform, device)),
            bias: (self.bias)
                .then(|| Param::from_tensor(Tensor::random([outputs], uniform, device))),
            stride: self.stride,
            dilation: self.dilation,
            periodic: self.periodic,
        })
    }
}

/// A convolution (cross-correlation) that gives `⌈size / stride⌉` outputs along each axis:
///
/// ```text
/// y[b,o,n] = bias[o] + Σ_{i,t} w[o,i,t] · x[b,i, stride·n + dilation·(t − ⌊(taps − 1)/2⌋)]
/// ```
///
/// where samples outside the grid are those of the periodic signal, or zeros. A periodic one commutes with shifts by
/// multiples of the stride.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use spectral_lab::model::operator::{Conv, ConvConfig};
///
/// let config = ConvConfig::new([3, 8], 3).with_stride(2);
/// let layer: Conv<4> = config.try_init(&Device::flex())?;
/// let y = layer.forward(Tensor::ones([2, 3, 16, 10], &Device::flex()));
/// assert_eq!(y.dims(), [2, 8, 8, 5]);
/// # Ok::<(), spectral_lab::model::ModelError>(())
/// ```
#[derive(Module, Debug)]
pub struct Conv<const D: usize> {
    /// Weight, `[out, in, taps…]`.
    pub weight: Param<Tensor<D>>,
    /// Bias of each output channel, `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    stride: usize,
    #[module(skip)]
    dilation: usize,
    #[module(skip)]
    periodic: bool,
}

impl<const D: usize> Conv<D> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// - input: `[batch, in, spatial…]`
    /// - output: `[batch, out, ⌈spatial / stride⌉…]`
    ///
    /// # Panics
    /// If the input has other channels or an axis without samples.
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        self.forward_with(Activation::Identity, x)
    }

    /// The output of the layer through an activation, in the same pass.
    ///
    /// # Shapes
    /// As [`forward`](Self::forward).
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn forward_with(&self, activation: Activation, x: Tensor<D>) -> Tensor<D> {
        let taps = self.weight.dims()[2];
        let before = (taps - 1) / 2 * self.dilation;
        let after = (taps - 1) * self.dilation - before;
        let bias = self.bias.as_ref().map(|bias| bias.val());
        let spec = ConvSpec {
            stride: self.stride,
            dilation: self.dilation,
            padding: (before, after),
            periodic: self.periodic,
            activation,
        };
        convolve(x, self.weight.val(), bias, spec)
    }
}

/// A convolution that is alike along every axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConvSpec {
    pub stride: usize,
    pub dilation: usize,
    pub padding: (usize, usize),
    pub periodic: bool,
    pub activation: Activation,
}

pub(super) fn convolve<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    spec: ConvSpec,
) -> Tensor<D> {
    let padding = vec![spec.padding; D - 2];
    let (x, padding) = match spec.periodic {
        true => (ops::periodic_pad(x, &padding), vec![(0, 0); D - 2]),
        false => (x, padding),
    };
    let direct = DirectConvSpec {
        stride: vec![spec.stride; D - 2],
        padding,
        dilation: vec![spec.dilation; D - 2],
        groups: 1,
        activation: spec.activation,
    };
    ops::direct_conv(x, weight, bias, direct)
}
