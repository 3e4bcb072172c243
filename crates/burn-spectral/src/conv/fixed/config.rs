//! The configuration of fixed filters, and their evaluation.

use burn::tensor::{DType, Device, Tensor};

use crate::error::OrPanic;
use crate::{ComplexTensor, FrequencyGrid, SpectralError};

use super::super::convolve::ConvolveOutput;
use super::filter::{FixedFilter, KernelOrigin, check_finite, evaluate, kernel_spectrum};
use super::layer::FixedFourierConv2d;

/// Which channels the filters meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FilterUse {
    /// Every channel goes through every filter: `channels·F` outputs, those of the first channel
    /// first.
    #[default]
    EachChannel,
    /// Channel `c` goes through filter `c` alone: as many filters as channels.
    PerChannel,
    /// The sum of the channels goes through every filter: `F` outputs.
    ChannelSum,
}

/// Configuration of a [`FixedFourierConv2d`].
#[derive(Clone, Debug)]
pub struct FixedFourierConv2dConfig {
    /// Input channels.
    pub channels: usize,
    /// Height and width of the images for which the filters are evaluated at the start.
    pub size: [usize; 2],
    /// The filters.
    pub filters: Vec<FixedFilter>,
    /// Which channels they meet; each by default.
    pub filter_use: FilterUse,
    /// What is kept of the result; its real part by default.
    pub output: ConvolveOutput,
}

impl FixedFourierConv2dConfig {
    /// A layer of the given filters.
    pub fn new(channels: usize, size: [usize; 2], filters: Vec<FixedFilter>) -> Self {
        Self {
            channels,
            size,
            filters,
            filter_use: FilterUse::default(),
            output: ConvolveOutput::default(),
        }
    }

    /// A layer of one filter, `R(f_h, f_w)` as real and imaginary part with `f` in cycles per
    /// sample, in [−½, ½).
    pub fn from_function(
        channels: usize,
        size: [usize; 2],
        function: impl Fn(f64, f64) -> (f64, f64) + Send + Sync + 'static,
    ) -> Self {
        Self::new(channels, size, vec![FixedFilter::function(function)])
    }

    /// A layer of kernel images `[filters, height, width]`, for images of their size.
    pub fn from_kernels(channels: usize, kernels: Tensor<3>, origin: KernelOrigin) -> Self {
        let [count, height, width] = kernels.dims();
        let kernel = |index| kernels.clone().narrow(0, index, 1).squeeze_dim::<2>(0);
        let filters = (0..count).map(|index| FixedFilter::kernel(kernel(index), origin));
        Self::new(channels, [height, width], filters.collect())
    }

    /// Sets which channels the filters meet.
    pub fn with_filter_use(mut self, filter_use: FilterUse) -> Self {
        self.filter_use = filter_use;
        self
    }

    /// Sets what is kept of the result.
    pub fn with_output(mut self, output: ConvolveOutput) -> Self {
        self.output = output;
        self
    }

    /// Creates the layer.
    ///
    /// # Errors
    /// If there are no channels or filters, an axis is empty or too large, the filters are not as many as the
    /// channels in [`FilterUse::PerChannel`], a kernel has another size than the layer, or a kernel
    /// or a function has a value that is not finite.
    pub fn try_init(&self, device: &Device) -> Result<FixedFourierConv2d, SpectralError> {
        SpectralError::check_positive("the number of channels", &[self.channels])?;
        SpectralError::check_positive("the number of filters", &[self.filters.len()])?;
        let bins = FrequencyGrid::new(&self.size)?.bins();
        SpectralError::check_elements("the filters", &[self.filters.len(), bins[0], bins[1]])?;
        let outputs = [self.channels, self.filters.len()];
        SpectralError::checked_product("the number of output channels", outputs)?;
        if self.filter_use == FilterUse::PerChannel && self.filters.len() != self.channels {
            return Err(SpectralError::Filters {
                channels: self.channels,
                filters: self.filters.len(),
            });
        }
        let dtype = match self.filters.iter().find_map(|filter| match filter {
            FixedFilter::Kernel(kernel, _) => Some(kernel.dtype()),
            FixedFilter::Function(_) => None,
        }) {
            Some(dtype) => dtype,
            None => Tensor::<1>::zeros([1], device).dtype(),
        };
        let spectra = self.spectra(self.size, device, dtype)?;
        Ok(FixedFourierConv2d::from_spectra(spectra, self.clone()))
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> FixedFourierConv2d {
        self.try_init(device).or_panic()
    }

    /// Whether the filters can be evaluated at every size.
    pub(super) fn is_any_size(&self) -> bool {
        let is_function = |filter: &FixedFilter| matches!(filter, FixedFilter::Function(_));
        self.filters.iter().all(is_function)
    }

    /// The spectra `[filters, 1, height, bins]` that give the real and, where it is wanted and does
    /// not vanish, the imaginary part of the result.
    pub(super) fn spectra(
        &self,
        size: [usize; 2],
        device: &Device,
        dtype: DType,
    ) -> Result<Vec<ComplexTensor<4>>, SpectralError> {
        let (mut even, mut odd, mut is_real) = (Vec::new(), Vec::new(), true);
        for filter in &self.filters {
            match filter {
                FixedFilter::Function(function) => {
                    let parts = evaluate(function.as_ref(), size, (device, dtype))?;
                    is_real &= parts.has_real_kernel;
                    even.push(parts.even);
                    odd.push(parts.odd);
                }
                FixedFilter::Kernel(kernel, origin) => {
                    if kernel.dims() != size {
                        return Err(SpectralError::Size {
                            response: "the kernel image",
                            expected: kernel.dims().to_vec(),
                            got: size.to_vec(),
                        });
                    }
                    check_finite(kernel)?;
                    let kernel = Tensor::clone(kernel).detach().to_device(device).cast(dtype);
                    let spectrum = kernel_spectrum(kernel, *origin);
                    odd.push(spectrum.clone().map(|part| part.zeros_like().unsqueeze()));
                    even.push(spectrum.map(|part| part.unsqueeze()));
                }
            }
        }
        let mut parts = vec![even];
        if self.output == ConvolveOutput::Magnitude && !is_real {
            parts.push(odd);
        }
        let stack = |part| ComplexTensor::cat(part, 0).map(|part| part.unsqueeze_dim(1));
        Ok(parts.into_iter().map(stack).collect())
    }
}
