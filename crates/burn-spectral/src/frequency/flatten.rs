//! From a spectrum to the features of a dense head.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::{ComplexTensor, Spectrum, ops};

/// A spectrum as one row of real features per example: all real parts, then all imaginary parts,
/// each in the order channel, height, bin.
///
/// Feature `((p·C + c)·H + i)·W' + j` is part `p` (0 real, 1 imaginary) of channel `c` at bin
/// `(i, j)`. Keras flattens the published networks channels-last, in the order height, bin,
/// channel, part; the weights of a dense head must be permuted accordingly.
#[derive(Module, Debug, Default)]
pub struct FlattenSpectrum;

impl FlattenSpectrum {
    /// Flattens.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, bins]`
    /// - output: `[batch, 2·channels·height·bins]`
    pub fn forward(&self, spectrum: impl Spectrum<4>) -> Tensor<2> {
        let spectrum = spectrum.into_complex();
        let [batch, channels, height, bins] = spectrum.dims();
        let rows = spectrum.map(|part| part.reshape([batch, channels * height * bins]));
        ops::cat(vec![rows.re, rows.im], 1)
    }
}

/// A spectrum as one row of complex features per example, in the order channel, height, bin: what a
/// dense layer on complex features takes.
#[derive(Module, Debug, Default)]
pub struct FlattenParts;

impl FlattenParts {
    /// Flattens.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, bins]`
    /// - output: `[batch, channels·height·bins]`
    pub fn forward(&self, spectrum: impl Spectrum<4>) -> ComplexTensor<2> {
        let spectrum = spectrum.into_complex();
        let [batch, channels, height, bins] = spectrum.dims();
        spectrum.map(|part| part.reshape([batch, channels * height * bins]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};

    #[test]
    fn features_come_in_the_documented_order() {
        let device = Device::flex();
        let (channels, height, bins) = (2, 3, 4);
        let count = (channels * height * bins) as i64;
        let ramp = |start: i64| {
            let values = Tensor::<1, Int>::arange(start..start + count, &device).float();
            values.reshape([1, channels, height, bins])
        };
        let out = FlattenSpectrum.forward(ComplexTensor::new(ramp(0), ramp(count)));
        let values: Vec<f64> = out.into_data().iter::<f64>().collect();
        let want: Vec<f64> = (0..2 * count).map(|value| value as f64).collect();
        assert_eq!(values, want);
    }
}
