//! Layers that are put together from the library's parts to be timed.

use burn::module::{Module, Param};
use burn::nn::{PaddingConfig1d, conv::Conv1dConfig};
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::conv::{FftConv1d, InitFft};
use burn_spectral::ops::{Conjugate, ConvSpec, MixSpec, spectral_conv};
use burn_spectral::{ComplexTensor, Norm, SpectralError, fft};

/// A real transform over the last axes and its inverse.
#[derive(Module, Debug)]
pub(super) struct RoundTrip {
    axes: usize,
}

impl RoundTrip {
    pub(super) fn new(axes: usize) -> Self {
        Self { axes }
    }

    pub(super) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let length = x.dims()[D - 1];
        let spectrum = fft::rfftn(x, self.axes, Norm::Backward);
        fft::irfftn(spectrum, length, self.axes, Norm::Backward)
    }
}

/// A causal convolution with one kernel a channel, as long as the signal: the zero-padded
/// convolution of Burn's arguments.
pub(super) fn long_conv(
    channels: usize,
    length: usize,
    device: &Device,
) -> Result<FftConv1d, SpectralError> {
    Conv1dConfig::new(channels, channels, length)
        .with_groups(channels)
        .with_padding(PaddingConfig1d::Explicit(length - 1, 0))
        .with_bias(false)
        .try_init_fft(device)
}

/// Free weights on the lowest modes, positive and negative rows apart, zero elsewhere: the layer of
/// the Fourier neural operator (Li et al., 2021), as a response that is zero-filled.
#[derive(Module, Debug)]
pub(super) struct LowModes {
    /// `[out, in, rows, columns]` of the rows of positive frequency, then of negative: real parts.
    re: [Param<Tensor<4>>; 2],
    im: [Param<Tensor<4>>; 2],
}

impl LowModes {
    pub(super) fn new([inputs, outputs]: [usize; 2], modes: [usize; 2], device: &Device) -> Self {
        let noise = Distribution::Normal(0.0, (6.0 * inputs as f64).sqrt().recip());
        let draw = || {
            Param::from_tensor(Tensor::random(
                [outputs, inputs, modes[0], modes[1]],
                noise,
                device,
            ))
        };
        Self {
            re: [draw(), draw()],
            im: [draw(), draw()],
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let fill = |[low, high]: &[Param<Tensor<4>>; 2]| {
            let [outputs, inputs, rows, columns] = low.dims();
            let between = [outputs, inputs, height - 2 * rows, columns];
            let between = Tensor::zeros(between, &low.device());
            let rows = Tensor::cat(vec![low.val(), between, high.val()], 2);
            rows.pad([(0, 0), (0, 0), (0, 0), (0, width / 2 + 1 - columns)], 0.0)
        };
        let spec = ConvSpec {
            spatial: 2,
            mix: MixSpec {
                groups: 1,
                conjugate: Conjugate::None,
            },
        };
        spectral_conv(x, ComplexTensor::new(fill(&self.re), fill(&self.im)), spec)
    }
}
