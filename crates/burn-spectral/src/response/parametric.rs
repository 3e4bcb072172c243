//! Shared by parametric responses: their two forms, and functions along one axis.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::fft::{frequency_values, rfrequency_values};
use crate::{ComplexTensor, FrequencyGrid, SpectralError};

/// The form of a parametric response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ParametricForm {
    /// As Wood and Larson (2021) published it, for images: coordinates that count bins rather than
    /// frequencies, no symmetry, nothing bounded.
    Published,
    /// A function of the frequencies in cycles per sample, with the symmetry of a real impulse
    /// response and the output variance of a fresh `Conv2d`; any number of axes.
    #[default]
    Stable,
}

impl ParametricForm {
    /// Checks that a layer of so many spatial axes can have a response of this form.
    pub(super) fn check_axes(
        self,
        response: &'static str,
        axes: usize,
    ) -> Result<(), SpectralError> {
        super::check_axes(axes)?;
        match self {
            Self::Published if axes != 2 => Err(SpectralError::Form {
                response,
                form: "published",
                expected: 2,
                got: axes,
            }),
            _ => Ok(()),
        }
    }
}

/// The two parts of a response, which have parameters of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Real,
    Imaginary,
}

/// Checks that a grid has as many axes as a response was created for.
pub(super) fn check_grid(axes: usize, grid: &FrequencyGrid) -> Result<(), SpectralError> {
    match grid.sizes().len() == axes {
        true => Ok(()),
        false => Err(SpectralError::Axes {
            axes,
            got: grid.sizes().to_vec(),
        }),
    }
}

/// Whether reading a tensor of this device waits for nothing.
pub(super) fn is_read_at_once(device: &Device) -> bool {
    fused_layers::operation::is_cpu(device)
}

/// Checks that each part has the expected number of parameters per filter.
pub(super) fn check_terms(
    expected: [usize; 2],
    parameters: [&Tensor<3>; 2],
) -> Result<(), SpectralError> {
    for (terms, tensor) in expected.into_iter().zip(parameters) {
        let [outputs, inputs, got] = tensor.dims();
        if got != terms {
            return Err(SpectralError::ResponseShape {
                expected: vec![outputs, inputs, terms],
                got: tensor.dims().to_vec(),
            });
        }
    }
    Ok(())
}

/// Checks that the parameters of both parts are numbers, before they turn every frequency of the
/// output into NaN.
pub(super) fn check_finite(
    what: &'static str,
    parameters: [&Tensor<3>; 2],
) -> Result<(), SpectralError> {
    for (part, tensor) in ["real", "imaginary"].into_iter().zip(parameters) {
        let data = tensor.to_data();
        let found = data
            .iter::<f64>()
            .enumerate()
            .find(|(_, value)| !value.is_finite());
        if let Some((index, value)) = found {
            let [_, inputs, terms] = tensor.dims();
            let index = [
                index / (inputs * terms),
                index / terms % inputs,
                index % terms,
            ];
            return Err(SpectralError::NotFinite {
                what,
                value: value.to_string(),
                place: format!("{index:?} of the {part} part"),
            });
        }
    }
    Ok(())
}

/// The frequencies of a grid along one axis, in cycles per sample.
pub(super) fn frequencies(grid: &FrequencyGrid, axis: usize) -> Vec<f64> {
    let sizes = grid.sizes();
    match axis + 1 == sizes.len() {
        true => rfrequency_values(sizes[axis], 1.0),
        false => frequency_values(sizes[axis], 1.0),
    }
}

/// Whether a function along one axis, constant along the others, changes a real signal as the real or the imaginary
/// part of a response on a grid.
///
/// Where the index along the half-spectrum axis is 0 or half of an even size, the bin of a frequency and that of its
/// negative are both kept, and the inverse transform keeps the even part of a real part and the odd part of an
/// imaginary one.
pub(super) fn acts(values: &[f64], axis: usize, part: Part, grid: &FrequencyGrid) -> bool {
    let is_zero = |value: f64| value.abs() < 1e-12;
    let last = grid.sizes().len() - 1;
    let length = grid.sizes()[last];
    if axis == last {
        // Even over the other axes.
        let keeps = |bin: usize| part == Part::Real || !(bin == 0 || 2 * bin == length);
        return (values.iter().enumerate()).any(|(bin, value)| keeps(bin) && !is_zero(*value));
    }
    if length > 2 {
        return values.iter().any(|value| !is_zero(*value));
    }
    let negative = |bin: usize| values[(values.len() - bin) % values.len()];
    (values.iter().enumerate()).any(|(bin, value)| match part {
        Part::Real => !is_zero(value + negative(bin)),
        Part::Imaginary => !is_zero(value - negative(bin)),
    })
}

/// The published coordinate of each bin along one axis: its index over the number of bins.
pub(super) fn bin_coordinates(grid: &FrequencyGrid, axis: usize, origin: f64) -> Vec<f64> {
    let bins = grid.bins()[axis];
    let coordinate = |index| index as f64 / bins as f64 - origin;
    (0..bins).map(coordinate).collect()
}

/// Numbers in the precision and on the device of a parameter.
pub(super) fn constant<const D: usize>(
    values: Vec<f64>,
    dims: [usize; D],
    like: &Tensor<3>,
) -> Tensor<D> {
    let data = TensorData::new(values, dims).convert_dtype(like.dtype());
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

/// `[out, in, n]` as `[out, in, 1, …, n, …, 1]`, along one spatial axis.
pub(super) fn along<const D: usize>(values: Tensor<3>, axis: usize) -> Tensor<D> {
    let [outputs, inputs, n] = values.dims();
    let mut dims = [1; D];
    (dims[0], dims[1], dims[axis + 2]) = (outputs, inputs, n);
    values.reshape(dims)
}

/// Both parts at every bin of a grid.
pub(super) fn spectrum<const D: usize>(
    channels: [usize; 2],
    grid: &FrequencyGrid,
    part: impl Fn(Part) -> Tensor<D>,
) -> ComplexTensor<D> {
    let dims: [usize; D] = super::shape(channels, &grid.bins());
    let full = |part: Tensor<D>| match part.dims() == dims {
        true => part,
        false => part.expand(dims),
    };
    ComplexTensor::new(full(part(Part::Real)), full(part(Part::Imaginary)))
}
