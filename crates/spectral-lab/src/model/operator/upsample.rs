//! Transposed convolutions that double the grid.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Int, Tensor};
use burn_spectral::ops::Activation;

use super::conv::{ConvSpec, convolve};
use super::width;
use crate::model::ModelError;

/// Configuration of an [`Upsample`].
#[derive(Config, Debug, PartialEq)]
pub struct UpsampleConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Taps along each axis, 3 or 4.
    #[config(default = 3)]
    pub taps: usize,
    /// Whether the signal is periodic; else it continues with zeros.
    #[config(default = true)]
    pub periodic: bool,
}

impl UpsampleConfig {
    /// Creates the layer with weights and bias from `U(−1/√n, 1/√n)`, where `n = in · taps^axes`.
    ///
    /// # Errors
    /// If a number of channels is zero, the taps are not 3 or 4, or the weights are too many.
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<Upsample<D>, ModelError> {
        let [inputs, outputs] = self.channels;
        let counts = [
            ("the number of input channels", inputs),
            ("the number of output channels", outputs),
        ];
        if !(3..=4).contains(&self.taps) {
            return Err(ModelError::Taps { got: self.taps });
        }
        width::check("upsample", &counts, || {
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
        Ok(Upsample {
            weight: Param::from_tensor(Tensor::random(shape, uniform, device)),
            bias: Param::from_tensor(Tensor::random([outputs], uniform, device)),
            periodic: self.periodic,
        })
    }
}

/// A transposed convolution of stride 2, the adjoint of a [`Conv`](super::Conv) of stride 2 (for 4 taps, of one whose
/// kernel begins one sample before):
///
/// ```text
/// y[b,o,m] = bias[o] + Σ_{i,n,t: 2n + t − 1 = m} w[o,i,t] · x[b,i,n]
/// ```
///
/// Even and odd outputs are each a short convolution of the input; all are computed by one, whose outputs are then
/// interleaved, so that no zeros are multiplied that upsampling would insert.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use spectral_lab::model::operator::{Upsample, UpsampleConfig};
///
/// let layer: Upsample<4> = UpsampleConfig::new([8, 4]).try_init(&Device::flex())?;
/// let y = layer.forward(Tensor::ones([2, 8, 5, 7], &Device::flex()));
/// assert_eq!(y.dims(), [2, 4, 10, 14]);
/// # Ok::<(), spectral_lab::model::ModelError>(())
/// ```
#[derive(Module, Debug)]
pub struct Upsample<const D: usize> {
    /// Weight, `[out, in, taps…]`.
    pub weight: Param<Tensor<D>>,
    /// Bias of each output channel, `[out]`.
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    periodic: bool,
}

impl<const D: usize> Upsample<D> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// - input: `[batch, in, spatial…]`
    /// - output: `[batch, out, 2·spatial…]`
    ///
    /// # Panics
    /// If the input has other channels or an axis without samples.
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let outputs = self.bias.dims()[0];
        let phases = 1 << (D - 2);
        let (weight, padding) = self.weight_of_phases();
        let bias = self.bias.val().reshape([outputs, 1]).repeat_dim(1, phases);
        let spec = ConvSpec {
            stride: 1,
            dilation: 1,
            padding,
            periodic: self.periodic,
            activation: Activation::Identity,
        };
        interleave(convolve(x, weight, Some(bias.reshape([-1])), spec), outputs)
    }

    /// Kernels of the outputs of each phase, `[out · phases, in, samples…]`, the phase of the last axis fastest; and the
    /// samples before and after the one at hand that they reach.
    fn weight_of_phases(&self) -> (Tensor<D>, (usize, usize)) {
        let weight = self.weight.val();
        let dims = weight.dims();
        let (inputs, taps) = (dims[1], dims[2]);
        // For each phase the taps of successive samples; tap number `taps` is zero.
        let (order, samples, padding): (&[i32], _, _) = match taps {
            3 => (&[1, 3, 2, 0], 2, (0, 1)),
            _ => (&[3, 1, 4, 4, 2, 0], 3, (1, 1)),
        };
        let order = Tensor::<1, Int>::from_ints(order, &weight.device());
        let mut shape = dims.to_vec();
        let mut weight = weight.reshape([dims.iter().product::<usize>()]);
        for axis in 2..D {
            let (outputs, before) = (shape[0], shape[1..axis].iter().product::<usize>());
            let after: usize = shape[axis + 1..].iter().product();
            let rows = weight.reshape([outputs, before, taps, after]);
            let zero = Tensor::zeros([outputs, before, 1, after], (&rows.device(), rows.dtype()));
            weight = Tensor::cat(vec![rows, zero], 2)
                .select(2, order.clone())
                .reshape([outputs, before, 2, samples * after])
                .swap_dims(1, 2)
                .reshape([-1]);
            shape[0] *= 2;
            shape[axis] = samples;
        }
        debug_assert_eq!(shape[1], inputs);
        let shape: [usize; D] = std::array::from_fn(|axis| shape[axis]);
        (weight.reshape(shape), padding)
    }
}

/// From `[batch, channels · phases, spatial…]` to `[batch, channels, 2·spatial…]`.
fn interleave<const D: usize>(x: Tensor<D>, channels: usize) -> Tensor<D> {
    let mut dims = x.dims();
    let mut leading = dims[0] * dims[1];
    let mut x = x.reshape([dims.iter().product::<usize>()]);
    // The phase of the last axis is the fastest.
    for axis in (2..D).rev() {
        leading /= 2;
        let before: usize = dims[2..axis].iter().product();
        let after: usize = dims[axis + 1..].iter().product();
        x = x
            .reshape([leading, 2, before * dims[axis], after])
            .swap_dims(1, 2)
            .reshape([-1]);
        dims[axis] *= 2;
    }
    dims[1] = channels;
    x.reshape(dims)
}
