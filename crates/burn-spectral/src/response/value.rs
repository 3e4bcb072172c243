//! Evaluation of a response for a layer: shape check, transform of taps.

use burn::tensor::Tensor;

use crate::ops::Modes;
use crate::{ComplexTensor, FrequencyGrid, Norm, SpectralError, fft, ops};

use super::{FrequencyResponse, Response, shape};

/// What a layer still has to tell apart.
// One lives at a time, and is taken apart where it is made.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Value<const D: usize> {
    /// As [`Response::Constant`].
    Constant(Tensor<2>),
    /// As [`Response::Spectrum`].
    Spectrum(ComplexTensor<D>),
}

/// Evaluates a response on a grid that it accepts.
///
/// # Panics
/// As [`checked`] does.
#[track_caller]
pub(crate) fn evaluate<const D: usize, R: FrequencyResponse<D>>(
    response: &R,
    grid: &FrequencyGrid,
) -> Value<D> {
    checked(response, grid).value(grid)
}

/// Evaluates a response on a grid that it accepts, and keeps its structure.
///
/// # Panics
/// If the value does not have the shape that the response's channels and the grid ask for.
#[track_caller]
pub(crate) fn checked<const D: usize, R: FrequencyResponse<D>>(
    response: &R,
    grid: &FrequencyGrid,
) -> Response<D> {
    let value = response.response(grid);
    if let Err(error) = check(&value, response.channels(), grid) {
        panic!("{error}");
    }
    value
}

impl<const D: usize> Response<D> {
    /// Taps transformed, modes spread over the whole spectrum.
    pub(crate) fn value(self, grid: &FrequencyGrid) -> Value<D> {
        match self {
            Response::Constant(weight) => Value::Constant(weight),
            Response::Modes(weights, modes) => {
                Value::Spectrum(ops::spread_modes(weights, &modes, grid.sizes()))
            }
            Response::Spectrum(spectrum) => Value::Spectrum(spectrum),
            Response::Taps(taps) => {
                let taps = ops::zero_pad(taps, grid.sizes());
                Value::Spectrum(
                    fft::rfftn(taps, &fft::spatial_dims::<D>(), Norm::Backward).into_complex(),
                )
            }
        }
    }
}

/// Whether the grid has these modes.
pub(super) fn modes_fit(modes: &[Modes], grid: &FrequencyGrid) -> bool {
    let bins = grid.bins();
    modes.len() == bins.len()
        && modes.last().is_some_and(|modes| modes.negative == 0)
        && modes
            .iter()
            .zip(bins)
            .all(|(modes, bins)| modes.positive > 0 && modes.kept() <= bins)
}

/// Checks the shape of the value of a response of `channels` = `[out, in / groups]`.
fn check<const D: usize>(
    value: &Response<D>,
    channels: [usize; 2],
    grid: &FrequencyGrid,
) -> Result<(), SpectralError> {
    let (got, expected) = match value {
        Response::Constant(weight) => (weight.dims().to_vec(), channels.to_vec()),
        Response::Taps(taps) => (
            taps.dims().to_vec(),
            shape::<D>(channels, grid.sizes()).to_vec(),
        ),
        Response::Modes(weights, modes) => {
            let kept: Vec<usize> = modes.iter().map(|modes| modes.kept()).collect();
            let got = weights.dims().to_vec();
            match modes_fit(modes, grid) {
                true => (got, shape::<D>(channels, &kept).to_vec()),
                false => (got, shape::<D>(channels, &grid.bins()).to_vec()),
            }
        }
        Response::Spectrum(spectrum) => (
            spectrum.dims().to_vec(),
            shape::<D>(channels, &grid.bins()).to_vec(),
        ),
    };
    let fits = match value {
        Response::Modes(_, modes) => modes_fit(modes, grid) && got == expected,
        Response::Taps(_) => {
            let mut pairs = got[2..].iter().zip(&expected[2..]);
            got[..2] == expected[..2] && pairs.all(|(taps, size)| taps <= size)
        }
        _ => got == expected,
    };
    match fits {
        true => Ok(()),
        false => Err(SpectralError::ResponseShape { expected, got }),
    }
}
