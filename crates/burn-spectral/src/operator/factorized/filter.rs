//! A spectral convolution along one axis at a time.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::error::OrPanic;
use crate::ops::{cat, narrow};
use crate::response::{FourierModes, FourierModesConfig, ResponseConfig};
use crate::{ComplexTensor, HalfSpectrum, Norm, SpectralError, SpectralInitializer, fft};

/// The sum over the spatial axes of spectral convolutions along one axis each, on its lowest modes (Tran et al., 2023):
/// `y = Σ_a irfft_a( R_a·rfft_a(x) )`.
///
/// Its weights grow with the sum of the numbers of modes, where those of a convolution over all axes grow with the
/// product.
///
/// Channels come last here, `[batch, spatial…, channels]`: each transform then runs over an axis within which channels
/// are contiguous, and the products with the weights over rows of channels, so that no axis is brought to the end.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::SpectralInitializer;
/// use burn_spectral::operator::AxisModes;
///
/// let device = Device::flex();
/// let filter = AxisModes::<4>::try_init([3, 5], &[4, 6], SpectralInitializer::Conv, &device)?;
/// let y = filter.forward(Tensor::ones([2, 16, 13, 3], &device));
/// assert_eq!(y.dims(), [2, 16, 13, 5]);
/// # Ok::<(), burn_spectral::SpectralError>(())
/// ```
#[derive(Module, Debug)]
pub struct AxisModes<const D: usize> {
    /// The weights of each spatial axis, `[out, in, modes]`.
    pub axes: Vec<FourierModes<3>>,
}

impl<const D: usize> AxisModes<D> {
    /// Creates the filter from `channels[0]` to `channels[1]` channels, with the bins `0 … modes[a]` of axis `a`.
    ///
    /// # Errors
    /// If a number is zero or too large, or there is not one number of modes for every spatial axis.
    pub fn try_init(
        channels: [usize; 2],
        modes: &[usize],
        initializer: SpectralInitializer,
        device: &Device,
    ) -> Result<Self, SpectralError> {
        if modes.len() + 2 != D {
            return Err(SpectralError::Axes {
                axes: D.saturating_sub(2),
                got: modes.to_vec(),
            });
        }
        let [inputs, outputs] = channels;
        let axis = |modes: &usize| {
            FourierModesConfig::new([*modes])
                .with_initializer(initializer)
                .try_init([outputs, inputs], device)
        };
        Ok(Self {
            axes: modes.iter().map(axis).collect::<Result<_, _>>()?,
        })
    }

    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        let first = self.axes.first().map_or([0; 3], |axis| axis.re.dims());
        [first[1], first[0]]
    }

    /// Checks that the filter accepts grids of these sizes.
    ///
    /// # Errors
    /// If there is not one size for every spatial axis, or an axis has fewer frequencies than its modes.
    pub fn check(&self, sizes: &[usize]) -> Result<(), SpectralError> {
        if sizes.len() != self.axes.len() {
            return Err(SpectralError::Axes {
                axes: self.axes.len(),
                got: sizes.to_vec(),
            });
        }
        SpectralError::check_positive("every spatial size", sizes)?;
        SpectralError::check_elements("one channel of a signal", sizes)?;
        let kept = self.axes.iter().map(|axis| axis.re.dims()[2]);
        match sizes.iter().zip(kept).all(|(n, kept)| kept <= n / 2 + 1) {
            true => Ok(()),
            false => Err(SpectralError::Modes {
                modes: self.axes.iter().map(|axis| axis.corners[0]).collect(),
                got: sizes.to_vec(),
            }),
        }
    }

    /// Convolves along each axis and adds the results.
    ///
    /// # Shapes
    /// - input: `[batch, spatial…, channels_in]`
    /// - output: `[batch, spatial…, channels_out]`
    ///
    /// # Panics
    /// If the input has other channels than the filter, or [`check`](Self::check) returns an error for its sizes.
    #[track_caller]
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let dims = x.dims();
        self.check(&dims[1..D - 1]).or_panic();
        let [inputs, _] = self.channels();
        if dims[D - 1] != inputs {
            let error = SpectralError::Channels {
                expected: inputs,
                got: dims.to_vec(),
            };
            panic!("{error}, channels last");
        }
        let filtered = self.axes.iter().enumerate();
        filtered
            .map(|(a, weights)| filter_axis(x.clone(), a + 1, weights))
            .reduce(|sum, filtered| sum + filtered)
            .expect("at least one axis")
    }
}

/// `irfft(R·rfft(x))` along one axis.
fn filter_axis<const D: usize>(x: Tensor<D>, axis: usize, weights: &FourierModes<3>) -> Tensor<D> {
    let (dims, [outputs, inputs, modes]) = (x.dims(), weights.re.dims());
    let rows: usize = dims.iter().product::<usize>() / (dims[axis] * inputs);
    // The transformed axis first, so that there is one matrix product for each mode.
    let order = core::array::from_fn::<usize, D, _>(|place| match place {
        0 => axis,
        place if place <= axis => place - 1,
        place => place,
    });
    let inverse = core::array::from_fn::<usize, D, _>(|place| match place {
        place if place < axis => place + 1,
        place if place == axis => 0,
        place => place,
    });
    let spectrum = fft::rfft(x, axis, Norm::Forward).into_complex();
    let parts = spectrum.map(|part| {
        let kept: Tensor<3> = narrow(part, axis, 0, modes)
            .permute(order)
            .reshape([modes, rows, inputs]);
        kept
    });
    let mixed = cat(vec![parts.re, parts.im], 2).matmul(real_form(weights));
    let mut ordered = order.map(|axis| dims[axis]);
    (ordered[0], ordered[D - 1]) = (modes, outputs);
    let part = |start: usize| {
        narrow(mixed.clone(), 2, start, outputs)
            .reshape(ordered)
            .permute(inverse)
    };
    let kept = ComplexTensor::new(part(0), part(outputs));
    let mut rest = kept.dims();
    rest[axis] = dims[axis] / 2 + 1 - modes;
    let whole = match rest[axis] {
        0 => kept,
        _ => {
            let zeros = Tensor::zeros(rest, (&kept.device(), kept.re.dtype()));
            kept.map(|part| cat(vec![part, zeros.clone()], axis))
        }
    };
    fft::irfft(
        HalfSpectrum::new_along(whole, dims[axis], axis),
        Norm::Forward,
    )
}

/// The complex matrices `[out, in, modes]` as real ones from `[re, im]` to `[re, im]`.
///
/// # Shapes
/// - output: `[modes, 2·in, 2·out]`
fn real_form(weights: &FourierModes<3>) -> Tensor<3> {
    let [re, im] = [&weights.re, &weights.im].map(|part| part.val().permute([2, 1, 0]));
    let from_re = cat(vec![re.clone(), im.clone()], 2);
    let from_im = cat(vec![im.neg(), re], 2);
    cat(vec![from_re, from_im], 1)
}
