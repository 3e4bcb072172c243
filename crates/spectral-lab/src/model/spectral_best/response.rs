//! A response of small support around each sample.

use std::f64::consts::TAU;

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use burn_spectral::response::{FrequencyResponse, Response, ResponseConfig};
use burn_spectral::{ComplexTensor, FrequencyGrid, SpectralError};

/// Configuration of a [`Trigonometric`] response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrigonometricConfig {
    /// The degree along both axes.
    pub degree: usize,
}

/// A trigonometric polynomial of the frequency along both axes,
///
/// ```text
/// R(f) = Σ_{|t₀|,|t₁| ≤ d} w[t₀, t₁]·exp(−2πi·(f₀·t₀ + f₁·t₁))
/// ```
///
/// It is smooth, so its impulse response reaches `d` samples to every side and no further; it is
/// defined on any grid, and it does not delay the signal, so a layer's output can be added to its
/// input. On a grid of fewer than `2d + 1` samples the taps wrap around.
#[derive(Module, Debug)]
pub struct Trigonometric {
    /// Coefficients, `[out, in / groups, 2d + 1, 2d + 1]`, the middle one at `t = 0`.
    pub weight: Param<Tensor<4>>,
}

impl ResponseConfig<4> for TrigonometricConfig {
    type Response = Trigonometric;

    /// Draws the coefficients as `Conv2d` draws its taps, uniform within
    /// `±1/((2d + 1)·√(in / groups))`.
    fn try_init(
        &self,
        channels: [usize; 2],
        device: &Device,
    ) -> Result<Trigonometric, SpectralError> {
        let [outputs, inputs] = channels;
        let taps = 2 * self.degree + 1;
        let bound = 1.0 / (taps as f64 * (inputs as f64).sqrt());
        let weight = Tensor::random(
            [outputs, inputs, taps, taps],
            Distribution::Uniform(-bound, bound),
            device,
        );
        Ok(Trigonometric {
            weight: Param::from_tensor(weight),
        })
    }
}

impl FrequencyResponse<4> for Trigonometric {
    fn channels(&self) -> [usize; 2] {
        let dims = self.weight.dims();
        [dims[0], dims[1]]
    }

    fn response(&self, grid: &FrequencyGrid) -> Response<4> {
        let weight = self.weight.val();
        let [outputs, inputs, taps, _] = weight.dims();
        let bins = grid.bins();
        let count = bins[0] * bins[1];
        let (cosines, sines) = harmonics(grid, taps);
        let weight = weight.reshape([outputs * inputs, taps * taps]);
        let part = |values: Vec<f64>| {
            let data = TensorData::new(values, [taps * taps, count]).convert_dtype(weight.dtype());
            let basis = Tensor::<2>::from_data(data, (&weight.device(), weight.dtype()));
            weight
                .clone()
                .matmul(basis)
                .reshape([outputs, inputs, bins[0], bins[1]])
        };
        Response::Spectrum(ComplexTensor::new(part(cosines), part(sines)))
    }
}

/// Real and imaginary part of `exp(−2πi·f·t)`, one row per tap and one column per bin.
fn harmonics(grid: &FrequencyGrid, taps: usize) -> (Vec<f64>, Vec<f64>) {
    let (sizes, bins) = (grid.sizes(), grid.bins());
    let degree = taps / 2;
    let axis = |axis: usize| -> Vec<(f64, f64)> {
        let samples = sizes[axis];
        let turns = (0..taps).flat_map(|tap| {
            (0..bins[axis]).map(move |bin| bin as f64 * (tap as f64 - degree as f64))
        });
        turns
            .map(|turns| (-TAU * turns / samples as f64).sin_cos())
            .collect()
    };
    let (rows, columns) = (axis(0), axis(1));
    let mut parts = (Vec::new(), Vec::new());
    for tap in 0..taps * taps {
        let row = &rows[tap / taps * bins[0]..][..bins[0]];
        let column = &columns[tap % taps * bins[1]..][..bins[1]];
        for (sin_0, cos_0) in row {
            for (sin_1, cos_1) in column {
                parts.0.push(cos_0 * cos_1 - sin_0 * sin_1);
                parts.1.push(sin_0 * cos_1 + cos_0 * sin_1);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use burn::nn::PaddingConfig2d;
    use burn::nn::conv::Conv2dConfig;
    use burn_spectral::conv::{ConjugateFactor, SpectralConv2dConfig};
    use burn_spectral::response::Coupling;

    use super::*;

    /// Images with a frame of zeros, so that nothing wraps around.
    fn framed(height: usize, width: usize, device: &Device) -> Tensor<4> {
        Tensor::<4>::random([2, 3, height - 4, width - 4], Distribution::Default, device)
            .pad((2, 2, 2, 2), 0.0)
    }

    #[test]
    fn the_response_correlates_as_a_padded_convolution() {
        let device = Device::flex();
        for (height, width) in [(14, 14), (13, 17), (33, 30)] {
            let layer = SpectralConv2dConfig::new([3, 3], TrigonometricConfig { degree: 2 })
                .with_coupling(Coupling::Depthwise)
                .with_conjugate(ConjugateFactor::Response)
                .init(&device);
            let mut conv = Conv2dConfig::new([3, 3], [5, 5])
                .with_groups(3)
                .with_padding(PaddingConfig2d::Explicit(2, 2, 2, 2))
                .with_bias(false)
                .init(&device);
            conv.weight = layer.response.weight.clone();
            let images = framed(height, width, &device);
            let difference = layer.forward(images.clone()) - conv.forward(images);
            let error = difference.abs().max().into_scalar::<f32>();
            assert!(error < 1e-5, "{height}x{width}: {error}");
        }
    }

    #[test]
    fn taps_wrap_around_on_a_grid_smaller_than_the_support() {
        let device = Device::flex();
        let layer =
            SpectralConv2dConfig::new([1, 1], TrigonometricConfig { degree: 3 }).init(&device);
        let ones = Tensor::<4>::ones([1, 1, 2, 3], &device);
        let sum = layer.response.weight.val().sum().into_scalar::<f32>();
        let error = (layer.forward(ones) - sum).abs().max();
        assert!(error.into_scalar::<f32>() < 1e-5);
    }
}
