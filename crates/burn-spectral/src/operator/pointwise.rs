//! A convolution with kernels of one sample, in any number of axes.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};

use crate::SpectralError;
use crate::error::OrPanic;
use crate::ops::{self, Activation, DirectConvSpec, Empty};

use super::with_channels;

/// Configuration of a [`Pointwise`].
#[derive(Config, Debug, PartialEq)]
pub struct PointwiseConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Whether to add a bias to every output channel; true by default.
    #[config(default = true)]
    pub bias: bool,
}

impl PointwiseConfig {
    /// Creates the layer with weights and bias from `U(−1/√in, 1/√in)`, as a fresh convolution has them.
    ///
    /// # Errors
    /// If a number of channels is zero or too large.
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<Pointwise<D>, SpectralError> {
        SpectralError::check_positive("the number of channels", &self.channels)?;
        SpectralError::check_elements("a pointwise weight", &self.channels)?;
        let [inputs, outputs] = self.channels;
        let bound = 1.0 / (inputs as f64).sqrt();
        let uniform = Distribution::Uniform(-bound, bound);
        let bias = || Param::from_tensor(Tensor::random([outputs], uniform, device));
        Ok(Pointwise {
            weight: Param::from_tensor(Tensor::random([outputs, inputs], uniform, device)),
            bias: self.bias.then(bias),
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init<const D: usize>(&self, device: &Device) -> Pointwise<D> {
        self.try_init(device).or_panic()
    }
}

/// A dense layer over the channels at every point, the 1×1 convolution of any rank:
/// `y[b,o,n] = bias[o] + Σ_i weight[o,i]·x[b,i,n]`.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::{Pointwise, PointwiseConfig};
///
/// let layer: Pointwise<5> = PointwiseConfig::new([3, 8]).init(&Device::flex());
/// let y = layer.forward(Tensor::ones([2, 3, 4, 5, 6], &Device::flex()));
/// assert_eq!(y.dims(), [2, 8, 4, 5, 6]);
/// ```
#[derive(Module, Debug)]
pub struct Pointwise<const D: usize> {
    /// Weight, `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// Bias of each output channel, `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl<const D: usize> Pointwise<D> {
    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        let [outputs, inputs] = self.weight.dims();
        [inputs, outputs]
    }

    /// Checks that the layer accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the layer's.
    pub fn check(&self, dims: [usize; D]) -> Result<(), SpectralError> {
        let [inputs, _] = self.channels();
        match dims[1] == inputs {
            true => Ok(()),
            false => Err(SpectralError::Channels {
                expected: inputs,
                got: dims.to_vec(),
            }),
        }
    }

    /// Applies the layer.
    ///
    /// # Shapes
    /// - input: `[batch, in, spatial…]`
    /// - output: `[batch, out, spatial…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        self.check(x.dims()).or_panic();
        let bias = self.bias.as_ref().map(|bias| bias.val());
        pointwise(x, self.weight.val(), bias)
    }

    /// [`forward`](Self::forward) with this bias in place of the layer's own.
    pub(super) fn forward_with_bias(&self, x: Tensor<D>, bias: Option<Tensor<1>>) -> Tensor<D> {
        pointwise(x, self.weight.val(), bias)
    }
}

/// A pointwise convolution by the direct kernels, which add the bias before a result leaves the cache.
///
/// # Shapes
/// - `x`: `[batch, in, spatial…]`; `weight`: `[out, in]`; `bias`: `[out]`
/// - output: `[batch, out, spatial…]`
fn pointwise<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    let dims = x.dims();
    let [outputs, inputs] = weight.dims();
    let result = with_channels(dims, outputs);
    let samples: usize = dims[2..].iter().product();
    if dims[0] * samples == 0 {
        let empty = Empty::of(x).and(weight);
        return match bias {
            Some(bias) => empty.and(bias),
            None => empty,
        }
        .tensor(result);
    }
    let spec = DirectConvSpec {
        stride: vec![1],
        padding: vec![(0, 0)],
        dilation: vec![1],
        groups: 1,
        activation: Activation::Identity,
    };
    let x: Tensor<3> = x.reshape([dims[0], inputs, samples]);
    ops::direct_conv(x, weight.reshape([outputs, inputs, 1]), bias, spec).reshape(result)
}
