//! Causal convolution with kernels as long as the signal.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};

use crate::error::OrPanic;
use crate::{SpectralError, SpectralInitializer, ops};

/// Causal depthwise convolution through the spectrum,
/// `y[b,c,t] = Σ_{s ≤ t} k[c,s]·x[b,c,t−s] + d[c]·x[b,c,t]`, for kernels of any origin: learned
/// taps, or the output of a network as in CKConv (Romero et al., 2022) and Hyena (Poli et al.,
/// 2023), or of a state-space model as in S4 (Gu et al., 2022).
///
/// The signal is zero before its start, so that no output sees a later input. Differentiable with
/// respect to all three.
///
/// # Causality and rounding
/// A sample that is not finite (`NaN` or infinite) makes the outputs that see it not finite, from its
/// own place to that of the last tap, and leaves all others as they would be with a zero in its
/// place. A finite sample moves earlier outputs by rounding alone: samples are transformed together,
/// so that the error of any output of a signal is up to about `ε · log₂(length) · ‖x‖ · ‖k‖`, with the
/// machine epsilon `ε` of the dtype (1.2e-7 in float32) and the norms (root of the sum of squares) of
/// the whole signal and kernel. A sample of 1e10 among samples of about 1 so moves the outputs before
/// it by up to 1e5 in float32. As long as `‖x‖ · ‖k‖` is far below the largest number of the dtype;
/// beyond it, sums overflow and whole signals become `NaN`.
///
/// Gradients are the mirror image: that of a sample sees only later output gradients. On devices and
/// dtypes without kernels (see [`ops`](crate::ops)) this holds for finite ones; one that is not finite
/// spreads over its signal there.
///
/// # Shapes
/// - `x`: `[batch, channels, length]`
/// - `kernel`: `[channels, taps]`; taps from `length` on have no effect
/// - `skip`: `[channels]`
/// - output: `[batch, channels, length]`
///
/// # Errors
/// If kernel or skip have other channels or another dtype than the signal, or there is no tap or
/// no sample.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::conv::try_long_conv;
///
/// let device = Device::flex();
/// let x = Tensor::<3>::from_floats([[[1.0, 2.0, 3.0]]], &device);
/// let kernel = Tensor::<2>::from_floats([[1.0, 10.0, 100.0]], &device);
/// let y = try_long_conv(x, kernel, None).unwrap();
/// let expected = Tensor::<3>::from_floats([[[1.0, 12.0, 123.0]]], &device);
/// assert!((y - expected).abs().max().into_scalar::<f32>() < 1e-4);
/// ```
pub fn try_long_conv(
    x: Tensor<3>,
    kernel: Tensor<2>,
    skip: Option<Tensor<1>>,
) -> Result<Tensor<3>, SpectralError> {
    let skips = skip.as_ref().map(|skip| skip.dims()[0]);
    check(x.dims(), kernel.dims(), skips)?;
    let signal = ("signal", x.dtype());
    SpectralError::check_dtypes(signal, ("kernel", kernel.dtype()))?;
    if let Some(skip) = &skip {
        SpectralError::check_dtypes(signal, ("skip weight", skip.dtype()))?;
    }
    Ok(ops::long_conv(x, kernel, skip))
}

/// Causal depthwise convolution; see [`try_long_conv`].
///
/// # Panics
/// If [`try_long_conv`] returns an error, with the same text.
#[track_caller]
pub fn long_conv(x: Tensor<3>, kernel: Tensor<2>, skip: Option<Tensor<1>>) -> Tensor<3> {
    try_long_conv(x, kernel, skip).or_panic()
}

fn check(
    dims @ [_, channels, length]: [usize; 3],
    [kernels, taps]: [usize; 2],
    skips: Option<usize>,
) -> Result<(), SpectralError> {
    SpectralError::check_positive("the taps of a kernel", &[taps])?;
    if channels != kernels {
        return Err(SpectralError::Channels {
            expected: kernels,
            got: dims.to_vec(),
        });
    }
    SpectralError::check_positive("the length of a signal", &[length])?;
    match skips {
        Some(got) if got != channels => Err(SpectralError::Skips { channels, got }),
        _ => Ok(()),
    }
}

/// Configuration of a [`LongConv1d`].
#[derive(Config, Debug, PartialEq)]
pub struct LongConv1dConfig {
    /// Channels, each with a kernel of its own.
    pub channels: usize,
    /// Taps of a kernel: how far an output looks back.
    pub taps: usize,
    /// How the taps start. `Conv` draws them as Burn's (and PyTorch's) depthwise `Conv1d` with as many
    /// taps does: uniform with variance `1/(3·taps)`, so that the output has a third of the input's
    /// variance once all taps see samples. `Decay` draws them normal under an exponential that falls
    /// to 1 % within a span which grows geometrically from the first channel's (a tenth of the last
    /// one's) to the whole kernel, the window of Hyena (Poli et al., 2023), scaled to the same output
    /// variance.
    #[config(default = "SpectralInitializer::Conv")]
    pub initializer: SpectralInitializer,
    /// Whether the input times a weight for each channel is added, the `D` of S4; no by default.
    /// It starts standard normal, as published.
    #[config(default = false)]
    pub skip: bool,
}

impl LongConv1dConfig {
    /// Creates the layer.
    ///
    /// # Errors
    /// If there is no channel or no tap, there are too many, or a standard deviation is not a
    /// positive number.
    pub fn try_init(&self, device: &Device) -> Result<LongConv1d, SpectralError> {
        SpectralError::check_positive("the number of channels", &[self.channels])?;
        SpectralError::check_positive("the taps of a kernel", &[self.taps])?;
        SpectralError::check_elements("the kernels", &[self.channels, self.taps])?;
        let shape = [self.channels, self.taps];
        let normal = Distribution::Normal(0.0, 1.0);
        let kernel = match self.initializer {
            SpectralInitializer::Conv => {
                let limit = 1.0 / (self.taps as f64).sqrt();
                Tensor::random(shape, Distribution::Uniform(-limit, limit), device)
            }
            SpectralInitializer::Decay => {
                Tensor::random(shape, normal, device) * self.window(device)
            }
            SpectralInitializer::Normal(deviation) => {
                Tensor::random(shape, SpectralInitializer::normal(deviation)?, device)
            }
            other => return Err(other.unsupported("LongConv1d", "Conv, Normal or Decay")),
        };
        let skip = self
            .skip
            .then(|| Param::from_tensor(Tensor::random([self.channels], normal, device)));
        Ok(LongConv1d {
            kernel: Param::from_tensor(kernel),
            skip,
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> LongConv1d {
        self.try_init(device).or_panic()
    }

    /// Standard deviation of each tap under [`SpectralInitializer::Decay`], `[channels, taps]`.
    fn window(&self, device: &Device) -> Tensor<2> {
        let last = (self.channels - 1).max(1) as f64;
        let mut window = Vec::with_capacity(self.channels * self.taps);
        for channel in 0..self.channels {
            let span = self.taps as f64 * 0.1_f64.powf(1.0 - channel as f64 / last);
            let rate = 100.0_f64.ln() / span.max(1.0);
            let taps = (0..self.taps).map(|s| (-rate * s as f64).exp());
            let power: f64 = taps.clone().map(|w| w * w).sum();
            window.extend(taps.map(|w| (w / (3.0 * power).sqrt()) as f32));
        }
        Tensor::<1>::from_floats(window.as_slice(), device).reshape([self.channels, self.taps])
    }
}

/// Causal depthwise convolution of `[batch, channels, length]` with one long kernel per channel,
///
/// ```text
/// y[b,c,t] = Σ_{s ≤ t} k[c,s]·x[b,c,t−s] + d[c]·x[b,c,t]
/// ```
///
/// through the spectrum, at a cost of `O(length·log length)` however many taps there are: the core
/// of CKConv (Romero et al., 2022), S4 (Gu et al., 2022) and Hyena (Poli et al., 2023), with taps
/// learned freely. For a kernel that a network or a state-space model makes, see [`long_conv`].
///
/// Signals may have any length, shorter or longer than the kernel; where they are shorter, the
/// taps beyond have no effect and no gradient. A convolution in the sense of signal processing:
/// tap 0 multiplies the present, whereas Burn's `Conv1d` has the present last.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::conv::LongConv1dConfig;
///
/// let device = Device::flex();
/// let layer = LongConv1dConfig::new(4, 1000).with_skip(true).init(&device);
/// let signals = Tensor::random([2, 4, 1000], Distribution::Default, &device);
/// assert_eq!(layer.forward(signals).dims(), [2, 4, 1000]);
/// ```
#[derive(Module, Debug)]
pub struct LongConv1d {
    /// Taps of each channel, `[channels, taps]`, the present first.
    pub kernel: Param<Tensor<2>>,
    /// Multiple of the input that is added, `[channels]`.
    pub skip: Option<Param<Tensor<1>>>,
}

impl LongConv1d {
    /// Checks that the layer accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the layer's, or the signals are empty.
    pub fn check(&self, dims: [usize; 3]) -> Result<(), SpectralError> {
        check(dims, self.kernel.lazy_shape().dims(), None)
    }

    /// Convolves.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, length]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, input: Tensor<3>) -> Tensor<3> {
        let skip = self.skip.as_ref().map(|skip| skip.val());
        long_conv(input, self.kernel.val(), skip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(config: LongConv1dConfig) -> String {
        let result = config.try_init(&Device::flex());
        result.unwrap_err().to_string()
    }

    #[test]
    fn what_makes_no_layer_is_named() {
        let expected = "the number of channels must be at least 1, got 0";
        assert_eq!(error(LongConv1dConfig::new(0, 5)), expected);
        let expected = "the taps of a kernel must be at least 1, got 0";
        assert_eq!(error(LongConv1dConfig::new(5, 0)), expected);
        let config =
            LongConv1dConfig::new(5, 5).with_initializer(SpectralInitializer::Normal(-1.0));
        let expected = "the standard deviation of the initial weights must be a positive finite number, got -1";
        assert_eq!(error(config), expected);
    }

    #[test]
    fn what_does_not_fit_the_signal_is_named() {
        let device = Device::flex();
        let x = || Tensor::<3>::zeros([1, 3, 10], &device);
        let error = try_long_conv(x(), Tensor::zeros([2, 10], &device), None).unwrap_err();
        let expected = "expected 2 channels, got an input of shape [1, 3, 10]";
        assert_eq!(error.to_string(), expected);
        let skip = Some(Tensor::zeros([4], &device));
        let error = try_long_conv(x(), Tensor::zeros([3, 10], &device), skip).unwrap_err();
        let expected = "expected 3 skip weights, one per channel, got 4";
        assert_eq!(error.to_string(), expected);
        let layer = LongConv1dConfig::new(3, 7).init(&device);
        let error = layer.check([2, 3, 0]).unwrap_err().to_string();
        assert_eq!(error, "the length of a signal must be at least 1, got 0");
    }

    #[test]
    fn no_output_sees_a_later_input() {
        let device = Device::flex();
        let layer = LongConv1dConfig::new(2, 90).init(&device);
        let x = Tensor::<3>::random([1, 2, 90], Distribution::Default, &device);
        let later = x.clone().narrow(2, 60, 30).zeros_like();
        let cut = Tensor::cat(vec![x.clone().narrow(2, 0, 60), later], 2);
        let [whole, cut] = [x, cut].map(|x| layer.forward(x).narrow(2, 0, 60));
        assert!((whole - cut).abs().max().into_scalar::<f32>() < 1e-5);
    }
}
