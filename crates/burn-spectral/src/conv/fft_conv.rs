//! Ordinary convolution, evaluated through the spectrum.

use burn::tensor::{Slice, Tensor};
use fused_layers::geometry::{check_convolution, check_factors, extent};

use crate::SpectralError;
use crate::error::OrPanic;
use crate::ops::{self, Activation, DirectConvSpec, Empty, SavedSpectrum};

use super::algorithm::{ConvShape, FftConvAlgorithm};
use super::lengths::good_length;

/// The options of `Conv1d`, `Conv2d` and `Conv3d`, one entry per spatial axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FftConvOptions {
    /// Step between outputs.
    pub stride: Vec<usize>,
    /// Zeros before and after the signal.
    pub padding: Vec<(usize, usize)>,
    /// Step between taps.
    pub dilation: Vec<usize>,
    /// Number of independent groups of channels.
    pub groups: usize,
    /// How it is computed.
    pub algorithm: FftConvAlgorithm,
    /// What a computation through the spectrum keeps for its backward pass.
    pub saved: SavedSpectrum,
}

impl FftConvOptions {
    /// Stride and dilation 1, no padding, one group, the algorithm chosen, spectra kept.
    pub fn new(axes: usize) -> Self {
        Self {
            stride: vec![1; axes],
            padding: vec![(0, 0); axes],
            dilation: vec![1; axes],
            groups: 1,
            algorithm: FftConvAlgorithm::Auto,
            saved: SavedSpectrum::Keep,
        }
    }
}

/// Cross-correlation with zero padding, as Burn's and PyTorch's `conv1d`, `conv2d`, `conv3d`:
///
/// ```text
/// y[b,o,n] = b[o] + Σ_{i,t} w[o,i,t] · x_padded[b, i, stride·n + dilation·t]
/// ```
///
/// computed directly, or as `irfft(rfft(x)·conj(rfft(w)))` of the whole signal or of tiles, on grids where nothing wraps
/// around into the outputs that are kept; see [`FftConvAlgorithm`], also for how far a `NaN` reaches.
///
/// # Shapes
/// - `x`: `[batch, channels_in, spatial…]`
/// - `weight`: `[channels_out, channels_in / groups, taps…]`
/// - `bias`: `[channels_out]`
/// - output: `[batch, channels_out, (padded − dilation·(taps − 1) − 1) / stride + 1, …]`
///
/// # Errors
/// If the channels do not fit the weight and the groups, an option has another number of axes
/// than the signal, is zero or too large, the padded signal is shorter than the dilated kernel, or a
/// tile is; when the bias has another length than the output has channels, or weight or bias another
/// dtype than the signal.
pub fn try_fft_conv<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    options: &FftConvOptions,
) -> Result<Tensor<D>, SpectralError> {
    let shape = ConvShape::new(&x.dims(), &weight.dims(), options)?;
    shape.check_tile(options.algorithm)?;
    check_factors(&x, &weight, bias.as_ref())?;
    let options = &shape.options;
    let algorithm = match options.algorithm {
        FftConvAlgorithm::Auto => shape.choose(x.is_require_grad() || weight.is_require_grad()),
        named => named,
    };
    let Some(spec) = shape.spec(algorithm) else {
        let spec = DirectConvSpec {
            stride: options.stride.clone(),
            padding: options.padding.clone(),
            dilation: options.dilation.clone(),
            groups: options.groups,
            activation: Activation::Identity,
        };
        return Ok(ops::direct_conv(x, weight, bias, spec));
    };
    let weight = dilate(weight, &options.dilation);
    let y = every(ops::fft_conv(x, weight, spec), &options.stride);
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
/// If [`try_fft_conv`] returns an error, with the same text.
#[track_caller]
pub fn fft_conv<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    options: &FftConvOptions,
) -> Tensor<D> {
    try_fft_conv(x, weight, bias, options).or_panic()
}

/// Every `stride`-th output.
fn every<const D: usize>(y: Tensor<D>, stride: &[usize]) -> Tensor<D> {
    if stride.iter().all(|step| *step == 1) {
        return y;
    }
    let mut dims = y.dims();
    if dims.contains(&0) {
        for (size, step) in dims[2..].iter_mut().zip(stride) {
            *size = size.div_ceil(*step);
        }
        return Empty::of(y).tensor(dims);
    }
    y.slice(core::array::from_fn::<_, D, _>(|axis| match axis {
        0 | 1 => Slice::full(),
        _ => Slice::new(0, None, stride[axis - 2] as isize),
    }))
}

/// The sizes that a convolution works with, one entry per spatial axis.
pub(crate) struct ConvGeometry {
    /// Samples of one transform of the whole signal.
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
        let options = check(&x, &weight, options)?;
        let mut geometry = Self {
            grid: Vec::new(),
            outputs: Vec::new(),
        };
        for axis in 0..D - 2 {
            let extent = extent(weight[axis + 2], options.dilation[axis]);
            let whole = ops::FftConvAxis::whole(x[axis + 2], options.padding[axis], extent);
            geometry.grid.push(good_length(whole.grid));
            geometry.outputs.push(whole.outputs());
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
}

/// Checks that an input and a weight of these shapes can be convolved, and gives the options as they act: a step beyond
/// the last output is one to there, and a single tap has no step.
pub(crate) fn check(
    x: &[usize],
    weight: &[usize],
    options: &FftConvOptions,
) -> Result<FftConvOptions, SpectralError> {
    let axes = x.len().saturating_sub(2);
    if !(1..=3).contains(&axes) {
        return Err(SpectralError::SpatialAxes { got: axes });
    }
    if weight.len() != x.len() {
        return Err(SpectralError::Domain {
            expected: "a weight of as many axes as the input",
            got: format!("an input of shape {x:?} and a weight of shape {weight:?}"),
        });
    }
    let FftConvOptions {
        stride,
        padding,
        dilation,
        ..
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
    let mut options = options.clone();
    check_convolution(
        x,
        weight,
        &mut options.stride,
        &options.padding,
        &mut options.dilation,
        options.groups,
    )?;
    Ok(options)
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

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

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
    #[should_panic(expected = "spans 5 samples, is larger than the padded input, of 4")]
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
    #[should_panic(expected = "expected 4 channels, got an input of shape [1, 3, 4]")]
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
