//! Layers that return spectra.

use crate::SpectralError;
use crate::spectrum::{ElementGate, FftLayer, FrequencyGate, PatchStft2d, SpectrumExtent};

use super::super::cost::{complex_transform, product, real_transform};
use super::super::{FeatureShape, Summarize, Trace};

impl Summarize for FftLayer {
    fn kind(&self) -> String {
        "FftLayer".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims @ [_, channels, height, width] = input.real()?;
        self.check(dims)?;
        let samples = height * width;
        let (bins, transform) = match self.extent {
            SpectrumExtent::Half => (width / 2 + 1, real_transform(samples)),
            SpectrumExtent::Full => (width, complex_transform(samples)),
        };
        Ok(Trace {
            output: FeatureShape::new([self.output.multiplier() * channels, height, bins]),
            multiply_adds: channels as u64 * transform,
        })
    }
}

impl Summarize for FrequencyGate {
    fn kind(&self) -> String {
        "FrequencyGate".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        self.check(input.spectrum()?)?;
        let weight: [usize; 2] = self.weight.lazy_shape().dims();
        Ok(Trace {
            output: input.clone(),
            multiply_adds: product(&weight) + 2 * product(input.dims()),
        })
    }
}

impl Summarize for ElementGate {
    fn kind(&self) -> String {
        "ElementGate".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        self.check_spectrum(input.spectrum()?)?;
        Ok(Trace {
            output: input.clone(),
            multiply_adds: 2 * product(input.dims()),
        })
    }
}

impl Summarize for PatchStft2d {
    fn kind(&self) -> String {
        "PatchStft2d".into()
    }

    /// The spectra of patches, `[channels, rows, columns, height, bins]`.
    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims @ [_, channels, height, width] = input.real()?;
        self.check(dims)?;
        let [rows, columns] = self.patches([height, width]);
        let [patch_height, patch_width] = self.patch;
        let samples = patch_height * patch_width;
        let output = [channels, rows, columns, patch_height, patch_width / 2 + 1];
        Ok(Trace {
            output: FeatureShape::half_spectrum(output, patch_width)?,
            multiply_adds: product(&output[..3]) * (samples as u64 + real_transform(samples)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::count_parameters;
    use super::*;
    use crate::spectrum::{
        ElementGateConfig, FftLayerConfig, FrequencyGateConfig, PatchStft2dConfig, SpectrumOutput,
    };
    use burn::tensor::{Device, Tensor};

    #[test]
    fn transforms_have_the_shape_of_their_results() {
        let device = Device::flex();
        let x = || Tensor::<4>::ones([1, 3, 30, 41], &device);
        let input = FeatureShape::new([3, 30, 41]);
        for extent in [SpectrumExtent::Half, SpectrumExtent::Full] {
            let layer = FftLayerConfig::new(SpectrumOutput::MagnitudeCosSin)
                .with_extent(extent)
                .init();
            let got = layer.trace(&input).unwrap();
            assert_eq!(got.output.dims(), &layer.forward(x()).dims()[1..]);
        }
        let stft = PatchStft2dConfig::new([8, 8]).init();
        let got = stft.trace(&input).unwrap();
        assert_eq!(got.output.dims(), &stft.forward(x()).dims()[1..]);
        // 88 patches of 64 samples: the window and six halvings.
        assert_eq!(got.multiply_adds, 3 * 88 * (64 + 480));
        assert!(stft.trace(&FeatureShape::new([3, 30, 0])).is_err());
    }

    #[test]
    fn a_gate_of_millions_of_weights_is_counted_without_drawing_them() {
        let device = Device::flex();
        let gate = FrequencyGateConfig::new(1, [64, 64]).init(&device);
        assert_eq!(count_parameters(&gate).trainable, 16_781_312);
        let full = FeatureShape::complex([1, 64, 64]);
        let got = gate.trace(&full).unwrap();
        assert_eq!(got.multiply_adds, 4096 * 4096 + 2 * 4096);
        assert!(!gate.weight.is_initialized());
        let error = gate.trace(&FeatureShape::complex([1, 64, 33])).unwrap_err();
        assert_eq!(error, gate.check([1, 1, 64, 33]).unwrap_err());

        let gate = ElementGateConfig::new(2, [6, 6]).init(&device);
        let half = FeatureShape::half_spectrum([2, 6, 4], 6).unwrap();
        assert_eq!(gate.trace(&half).unwrap().multiply_adds, 2 * 2 * 6 * 4);
        assert!(gate.trace(&FeatureShape::new([2, 6, 4])).is_err());
    }
}
