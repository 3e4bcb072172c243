//! Ordinary convolution, evaluated through the spectrum.

use burn::tensor::{Slice, Tensor};

use crate::ops::{self, Conjugate, ConvSpec, MixSpec};
use crate::response::Coupling;
use crate::{Norm, SpectralError, fft};

/// What `Conv2d` and its siblings let one choose, one entry a spatial axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FftConvOptions {
    /// Step between outputs.
    pub stride: Vec<usize>,
    /// Zeros before and after the signal.
    pub padding: Vec<(usize, usize)>,
    /// Step between taps.
    pub dilation: Vec<usize>,
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl FftConvOptions {
    /// Stride and dilation 1, no padding, one group.
    pub fn new(axes: usize) -> Self {
        Self {
            stride: vec![1; axes],
            padding: vec![(0, 0); axes],
            dilation: vec![1; axes],
            groups: 1,
        }
    }
}

/// Cross-correlation with zero padding, as Burn's and PyTorch's `conv1d`, `conv2d`, `conv3d`:
///
/// ```text
/// y[b,o,n] = b[o] + Σ_{i,t} w[o,i,t] · x_padded[b, i, stride·n + dilation·t]
/// ```
///
/// computed as `irfft(rfft(x)·conj(rfft(w)))` on a grid that holds the padded signal, so that
/// nothing wraps around into the outputs that are kept. The grid's sizes have no prime factor
/// above 7.
///
/// # Shapes
/// - `x`: `[batch, channels_in, spatial…]`
/// - `weight`: `[channels_out, channels_in / groups, taps…]`
/// - `bias`: `[channels_out]`
/// - output: `[batch, channels_out, (padded − dilation·(taps − 1) − 1) / stride + 1, …]`
///
/// # Errors
/// When the channels do not fit the weight and the groups, an option has another number of axes
/// than the signal or is zero, or the padded signal is shorter than the dilated kernel.
pub fn try_fft_conv<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    options: &FftConvOptions,
) -> Result<Tensor<D>, SpectralError> {
    let geometry = ConvGeometry::new(x.dims(), weight.dims(), options)?;
    let x = x.pad(geometry.padding::<D>(), 0.0);
    let weight = dilate(weight, &options.dilation);
    let weight = fft::rfftn(ops::zero_pad(weight, &geometry.grid), D - 2, Norm::Backward);
    let spec = ConvSpec {
        spatial: D - 2,
        mix: MixSpec {
            groups: options.groups,
            conjugate: Conjugate::Response,
        },
    };
    let y = ops::spectral_conv(x, weight, spec);
    let y = y.slice(geometry.kept::<D>(&options.stride));
    Ok(match bias {
        Some(bias) => {
            let mut dims = [1; D];
            dims[1] = bias.dims()[0];
            y + bias.reshape(dims)
        }
        None => y,
    })
}

/// Cross-correlation through the spectrum; see [`try_fft_conv`].
///
/// # Panics
/// Where [`try_fft_conv`] gives an error, with its text.
pub fn fft_conv<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    options: &FftConvOptions,
) -> Tensor<D> {
    try_fft_conv(x, weight, bias, options).unwrap_or_else(|error| panic!("{error}"))
}

/// The sizes that a convolution works with, one entry a spatial axis.
pub(crate) struct ConvGeometry {
    signal: Vec<usize>,
    padding: Vec<(usize, usize)>,
    /// Samples of the transform.
    pub(crate) grid: Vec<usize>,
    /// Outputs at stride 1.
    outputs: Vec<usize>,
}

impl ConvGeometry {
    /// The sizes for an input and a weight `[out, in / groups, taps…]` of the given shapes.
    ///
    /// # Errors
    /// As [`try_fft_conv`].
    pub(crate) fn new<const D: usize>(
        x: [usize; D],
        weight: [usize; D],
        options: &FftConvOptions,
    ) -> Result<Self, SpectralError> {
        check(x, weight, options)?;
        let mut geometry = Self {
            signal: x[2..].to_vec(),
            padding: options.padding.clone(),
            grid: Vec::new(),
            outputs: Vec::new(),
        };
        for axis in 0..D - 2 {
            let (before, after) = options.padding[axis];
            let padded = before + x[axis + 2] + after;
            let extent = options.dilation[axis] * (weight[axis + 2] - 1) + 1;
            if padded < extent {
                return Err(SpectralError::Extent {
                    extent,
                    padded,
                    axis,
                    got: x.to_vec(),
                });
            }
            geometry.grid.push(next_smooth(padded));
            geometry.outputs.push(padded - extent + 1);
        }
        Ok(geometry)
    }

    /// Outputs along each axis.
    pub(crate) fn output_sizes(&self, stride: &[usize]) -> Vec<usize> {
        let pairs = self.outputs.iter().zip(stride);
        pairs
            .map(|(outputs, step)| outputs.div_ceil(*step))
            .collect()
    }

    /// The signal's own padding, and what fills the grid after it.
    fn padding<const D: usize>(&self) -> [(usize, usize); D] {
        core::array::from_fn(|axis| match axis {
            0 | 1 => (0, 0),
            _ => {
                let before = self.padding[axis - 2].0;
                let after = self.grid[axis - 2] - self.signal[axis - 2] - before;
                (before, after)
            }
        })
    }

    fn kept<const D: usize>(&self, stride: &[usize]) -> [Slice; D] {
        core::array::from_fn(|axis| match axis {
            0 | 1 => Slice::full(),
            _ => Slice::new(
                0,
                Some(self.outputs[axis - 2] as isize),
                stride[axis - 2] as isize,
            ),
        })
    }
}

fn check<const D: usize>(
    x: [usize; D],
    weight: [usize; D],
    options: &FftConvOptions,
) -> Result<(), SpectralError> {
    let axes = D - 2;
    let FftConvOptions {
        stride,
        padding,
        dilation,
        groups,
    } = options;
    let before: Vec<usize> = padding.iter().map(|(before, _)| *before).collect();
    for sizes in [stride, dilation, &before] {
        if sizes.len() != axes {
            return Err(SpectralError::Axes {
                axes,
                got: sizes.clone(),
            });
        }
    }
    SpectralError::check_positive("the stride", stride)?;
    SpectralError::check_positive("the dilation", dilation)?;
    SpectralError::check_positive("every size of a kernel", &weight[2..])?;
    SpectralError::check_positive("the number of groups", &[*groups])?;
    let channels = [weight[1] * groups, weight[0]];
    Coupling::Grouped(*groups).response_channels(channels)?;
    match x[1] == channels[0] {
        true => Ok(()),
        false => Err(SpectralError::Channels {
            expected: channels[0],
            got: x.to_vec(),
        }),
    }
}

/// Puts `dilation − 1` zeros between taps.
fn dilate<const D: usize>(weight: Tensor<D>, dilation: &[usize]) -> Tensor<D> {
    let mut dims = weight.dims();
    let mut weight = weight;
    for (axis, &step) in dilation.iter().enumerate().map(|(i, step)| (i + 2, step)) {
        if step == 1 || dims[axis] == 1 {
            continue;
        }
        // Every tap becomes a block of `step` samples that starts with it; the last block ends
        // with its tap.
        let outer: usize = dims[..=axis].iter().product();
        let inner: usize = dims[axis + 1..].iter().product();
        let blocks = weight
            .reshape([outer, 1, inner])
            .pad([(0, 0), (0, step - 1), (0, 0)], 0.0);
        let taps = dims[axis];
        dims[axis] = taps * step;
        weight = blocks.reshape(dims);
        dims[axis] = step * (taps - 1) + 1;
        weight = weight.narrow(axis, 0, dims[axis]);
    }
    weight
}

/// The smallest length from `n` on without a prime factor above 7.
pub(super) fn next_smooth(n: usize) -> usize {
    let is_smooth = |length: &usize| {
        let mut rest = *length;
        for factor in [2, 3, 5, 7] {
            while rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        rest == 1
    };
    (n.max(1)..)
        .find(is_smooth)
        .expect("powers of two are smooth")
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn grid_lengths_have_small_factors() {
        assert_eq!(
            [1, 11, 13, 17, 97, 211].map(next_smooth),
            [1, 12, 14, 18, 98, 216]
        );
    }

    #[test]
    fn dilation_puts_zeros_between_taps() {
        let weight = Tensor::<3>::from_floats([[[1.0, 2.0, 3.0]]], &Device::flex());
        let dilated = dilate(weight, &[3])
            .into_data()
            .try_to_vec::<f32>()
            .unwrap();
        assert_eq!(dilated, vec![1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 3.0]);
    }

    #[test]
    #[should_panic(expected = "spans 5 samples does not fit a padded signal of 4")]
    fn a_kernel_larger_than_the_padded_signal_is_refused() {
        let device = Device::flex();
        fft_conv(
            Tensor::<3>::zeros([1, 1, 4], &device),
            Tensor::zeros([1, 1, 5], &device),
            None,
            &FftConvOptions::new(1),
        );
    }

    #[test]
    #[should_panic(expected = "takes 4 channels, got an input of shape [1, 3, 4]")]
    fn channels_that_do_not_fit_are_refused() {
        let device = Device::flex();
        let mut options = FftConvOptions::new(1);
        options.groups = 2;
        fft_conv(
            Tensor::<3>::zeros([1, 3, 4], &device),
            Tensor::zeros([2, 2, 3], &device),
            None,
            &options,
        );
    }
}
