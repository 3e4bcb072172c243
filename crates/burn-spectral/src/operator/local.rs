//! A local branch that converges to a differential operator.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use crate::SpectralError;
use crate::error::OrPanic;
use crate::ops::{self, Activation, DirectConvSpec};
use crate::response::check_axes;

use super::with_channels;

/// Taps of the kernel along each axis.
const TAPS: usize = 3;

/// What lies beyond the ends of the domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// The other end.
    #[default]
    Periodic,
    /// Zeros.
    Zeros,
}

/// Configuration of a [`LocalConv`].
#[derive(Config, Debug, PartialEq)]
pub struct LocalConvConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Points along the last axis of the grid on which the kernel is applied as it is, normally those of the training
    /// data. On a grid of `n` points it is multiplied by `n/points`; 1 is the derivative on a domain of length 1.
    pub points: usize,
    /// What lies beyond the ends; the other end by default.
    #[config(default = "Boundary::Periodic")]
    pub boundary: Boundary,
}

impl LocalConvConfig {
    /// Creates the layer with weights from `U(−1/√(in·3^axes), 1/√(in·3^axes))`, as a fresh convolution has them.
    ///
    /// # Errors
    /// If a number is zero or too large, or `D` is not the rank of a tensor with one to three spatial axes.
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<LocalConv<D>, SpectralError> {
        check_axes(D.saturating_sub(2))?;
        SpectralError::check_positive("the number of channels", &self.channels)?;
        SpectralError::check_positive("the reference points of a local branch", &[self.points])?;
        let [inputs, outputs] = self.channels;
        let dims: [usize; D] = core::array::from_fn(|axis| match axis {
            0 => outputs,
            1 => inputs,
            _ => TAPS,
        });
        SpectralError::check_elements("the weight of a local branch", &dims)?;
        let taps = TAPS.pow(D as u32 - 2);
        let bound = 1.0 / ((inputs * taps) as f64).sqrt();
        let uniform = Distribution::Uniform(-bound, bound);
        Ok(LocalConv {
            weight: Param::from_tensor(Tensor::<D>::random(dims, uniform, device)),
            points: self.points,
            boundary: self.boundary,
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init<const D: usize>(&self, device: &Device) -> LocalConv<D> {
        self.try_init(device).or_panic()
    }
}

/// A convolution with three taps along each axis whose mean is removed and which is scaled by the grid spacing `h`
/// (Liu-Schiaffini et al., 2024): `y = x ∗ (w − mean(w))/h`.
///
/// A kernel of mean zero does not see a constant, and on a smooth function its sum shrinks with the spacing; divided by
/// it, it converges to a first derivative along a learned direction for each pair of channels. So the branch computes
/// the same at every resolution, which a plain 3×3 convolution does not. The spacing is taken from the last axis; the
/// others are refined alike.
///
/// # Example
/// The kernel (−1, 0, 1)/2 is the central difference:
/// ```
/// use burn::module::Param;
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::{LocalConv, LocalConvConfig};
///
/// let device = Device::flex();
/// let mut layer: LocalConv<3> = LocalConvConfig::new([1, 1], 1).init(&device);
/// layer.weight = Param::from_tensor(Tensor::from_floats([[[-0.5, 0.0, 0.5]]], &device));
/// for points in [100, 200] {
///     let wave: Vec<f32> = (0..points)
///         .map(|i| (std::f32::consts::TAU * i as f32 / points as f32).sin())
///         .collect();
///     let wave = Tensor::<1>::from_floats(wave.as_slice(), &device).reshape([1, 1, points]);
///     let slope: f32 = layer.forward(wave).max().into_scalar();
///     assert!((slope / std::f32::consts::TAU - 1.0).abs() < 1e-3);
/// }
/// ```
#[derive(Module, Debug)]
pub struct LocalConv<const D: usize> {
    /// The kernel, `[out, in, 3, …]`, of which only the difference from its mean counts.
    pub weight: Param<Tensor<D>>,
    /// As [`LocalConvConfig::points`]; not part of the record.
    pub points: usize,
    /// What lies beyond the ends; not part of the record.
    #[module(skip)]
    pub boundary: Boundary,
}

impl<const D: usize> LocalConv<D> {
    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        let dims = self.weight.dims();
        [dims[1], dims[0]]
    }

    /// Checks that the layer accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the layer's, or an axis is empty.
    pub fn check(&self, dims: [usize; D]) -> Result<(), SpectralError> {
        let [inputs, _] = self.channels();
        if dims[1] != inputs {
            return Err(SpectralError::Channels {
                expected: inputs,
                got: dims.to_vec(),
            });
        }
        SpectralError::check_positive("every size of a signal", &dims[2..])
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
        let dims = x.dims();
        self.check(dims).or_panic();
        let [inputs, outputs] = self.channels();
        if dims[0] == 0 {
            let empty = ops::Empty::of(x).and(self.weight.val());
            return empty.tensor(with_channels(dims, outputs));
        }
        let scale = dims[D - 1] as f64 / self.points as f64;
        let weight = self.weight.val();
        let taps: Tensor<3> = weight.reshape([outputs, inputs, TAPS.pow(D as u32 - 2)]);
        let taps = (taps.clone() - taps.mean_dim(2)).mul_scalar(scale);
        let (x, zeros) = match self.boundary {
            Boundary::Periodic => (wrap(x), 0),
            Boundary::Zeros => (x, TAPS / 2),
        };
        let spec = DirectConvSpec {
            stride: vec![1; D - 2],
            padding: vec![(zeros, zeros); D - 2],
            dilation: vec![1; D - 2],
            groups: 1,
            activation: Activation::Identity,
        };
        ops::direct_conv(x, taps.reshape(self.weight.dims()), None, spec)
    }
}

/// Each spatial axis with its last sample before and its first after it.
fn wrap<const D: usize>(mut x: Tensor<D>) -> Tensor<D> {
    for axis in 2..D {
        let last = x.dims()[axis] - 1;
        let before = x.clone().narrow(axis, last, 1);
        let after = x.clone().narrow(axis, 0, 1);
        x = Tensor::cat(vec![before, x, after], axis);
    }
    x
}
