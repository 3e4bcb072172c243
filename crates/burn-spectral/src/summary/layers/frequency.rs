//! Layers that stay on the spectrum.

use crate::SpectralError;
use crate::frequency::{CRelu, FlattenSpectrum, ModRelu, SpectralMix, ZRelu};
use crate::published::{FourierDomainConv2d, SharedStack};
use crate::response::FrequencyResponse;

use super::super::cost::product;
use super::super::{FeatureShape, Summarize, Trace};
use super::short_name;

/// The trace of a mix of spectra of signals of `length` samples on the last axis.
fn mix<const D: usize, R: FrequencyResponse<D>>(
    layer: &SpectralMix<D, R>,
    input: &FeatureShape,
    length: usize,
) -> Result<Trace, SpectralError> {
    let dims = input.spectrum::<D>()?;
    let grid = layer.check(dims, length)?;
    let channels @ [outputs, _] = layer.response.channels();
    let mut output = dims[1..].to_vec();
    output[0] = outputs;
    let each = match layer.response.is_constant() {
        true => 2,
        false => 4,
    };
    Ok(Trace {
        output: FeatureShape::half_spectrum(output, length)?,
        multiply_adds: each * product(&channels) * product(&grid.bins()),
    })
}

impl<const D: usize, R: FrequencyResponse<D>> Summarize for SpectralMix<D, R> {
    /// `SpectralMix2d(Gaussian)`.
    fn kind(&self) -> String {
        format!("SpectralMix{}d({})", D - 2, short_name::<R>())
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        input.require_complex()?;
        mix(self, input, input.length()?)
    }
}

impl Summarize for FourierDomainConv2d {
    fn kind(&self) -> String {
        "FourierDomainConv2d".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        mix(&self.mix, input, self.mix.response.length)
    }
}

impl<const D: usize, R: FrequencyResponse<D>> Summarize for SharedStack<D, R> {
    /// `SharedStack2d(Gaussian)`.
    fn kind(&self) -> String {
        format!("SharedStack{}d({})", D - 2, short_name::<R>())
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let (mut output, length) = (input.spectrum::<D>()?[1..].to_vec(), input.length()?);
        let grid = self.check(input.spectrum()?, length)?;
        let filters = self.layers.iter().map(|layer| layer.response.channels()[0]);
        let products: usize = filters.clone().sum();
        output[0] = filters.last().unwrap_or(output[0]);
        Ok(Trace {
            output: FeatureShape::half_spectrum(output, length)?,
            multiply_adds: 4 * products as u64 * product(&grid.bins()),
        })
    }
}

macro_rules! pointwise {
    ($($layer:ident),*) => {
        $(impl Summarize for $layer {
            fn kind(&self) -> String {
                stringify!($layer).into()
            }

            fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
                input.require_complex()?;
                Ok(Trace::free(input.clone()))
            }
        })*
    };
}

pointwise!(CRelu, ZRelu);

impl Summarize for ModRelu {
    fn kind(&self) -> String {
        "ModRelu".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        input.require_complex()?;
        let [channels] = self.offset.lazy_shape().dims();
        match input.dims().first() == Some(&channels) {
            true => Ok(Trace::free(input.clone())),
            false => Err(SpectralError::Channels {
                expected: channels,
                got: input.with_batch(),
            }),
        }
    }
}

impl Summarize for FlattenSpectrum {
    fn kind(&self) -> String {
        "FlattenSpectrum".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims: [usize; 4] = input.spectrum()?;
        let features = 2 * dims[1..].iter().product::<usize>();
        Ok(Trace::free(FeatureShape::new([features])))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Summary;
    use super::*;
    use crate::fft::Rfft2;
    use crate::frequency::{ModReluConfig, SpectralMix2dConfig};
    use crate::published::{FourierDomainConv2dConfig, SharedStack2dConfig};
    use crate::response::{ConstantConfig, Coupling, GaussianConfig, ParametricForm};
    use burn::nn::LinearConfig;
    use burn::tensor::Device;

    #[test]
    fn a_published_network_is_counted_as_published() {
        let device = Device::flex();
        let published = GaussianConfig::new().with_form(ParametricForm::Published);
        let block = |channels| {
            SpectralMix2dConfig::new(channels, published.clone())
                .with_coupling(Coupling::Shared)
                .init(&device)
        };
        let head = LinearConfig::new(2 * 6 * 30 * 16, 2).init(&device);
        let summary = Summary::new([3, 30, 30])
            .layer("fft", &Rfft2::default())
            .and_then(|summary| summary.layer("filter", &block([3, 6])))
            .and_then(|summary| summary.layer("relu", &CRelu))
            .and_then(|summary| summary.layer("flatten", &FlattenSpectrum))
            .and_then(|summary| summary.layer("head", &head))
            .unwrap();
        // Twelve parameters a filter, a filter an output.
        let rows = summary.layers();
        assert_eq!(rows[1].kind, "SpectralMix2d(Gaussian)");
        assert_eq!(rows[1].parameters.trainable, 72);
        assert_eq!(rows[1].multiply_adds, 4 * 6 * 30 * 16);
        assert_eq!(rows[2].output.to_string(), "6×30×16 complex");
        assert_eq!(rows[3].output.dims(), [5760]);
        assert_eq!(summary.output().dims(), [2]);
    }

    #[test]
    fn a_stack_counts_as_its_layers_one_after_the_other() {
        let device = Device::flex();
        let stack = SharedStack2dConfig::new(3, [6, 4], GaussianConfig::new()).init(&device);
        let spectrum = FeatureShape::half_spectrum([3, 8, 5], 9).unwrap();
        let whole = Summary::new(spectrum.clone())
            .layer("stack", &stack)
            .unwrap();
        let parts = Summary::new(spectrum)
            .layer("first", &stack.layers[0])
            .and_then(|summary| summary.layer("second", &stack.layers[1]))
            .unwrap();
        assert_eq!(whole.layers()[0].kind, "SharedStack2d(Gaussian)");
        assert_eq!(whole.output(), parts.output());
        assert_eq!(whole.parameters(), parts.parameters());
        assert_eq!(whole.multiply_adds(), parts.multiply_adds());
        assert!(stack.trace(&FeatureShape::new([3, 8, 5])).is_err());
        let other = FeatureShape::half_spectrum([2, 8, 5], 9).unwrap();
        assert!(stack.trace(&other).is_err());
    }

    #[test]
    fn layers_on_spectra_refuse_what_they_do_not_take() {
        let device = Device::flex();
        let spectrum = FeatureShape::half_spectrum([2, 6, 4], 6).unwrap();
        let images = FeatureShape::new([2, 6, 4]);
        let layer = FourierDomainConv2dConfig::new([2, 3], [6, 6]).init(&device);
        let got = layer.trace(&spectrum).unwrap();
        assert_eq!(got.output.to_string(), "3×6×4 complex");
        assert_eq!(got.multiply_adds, 4 * 2 * 3 * 6 * 4);
        let other = FourierDomainConv2dConfig::new([2, 3], [5, 6]).init(&device);
        assert_eq!(
            other.trace(&spectrum).unwrap_err(),
            other.mix.check([1, 2, 6, 4], 6).unwrap_err()
        );
        let constant = SpectralMix2dConfig::new([2, 3], ConstantConfig::new()).init(&device);
        assert_eq!(constant.trace(&spectrum).unwrap().multiply_adds, 2 * 6 * 24);
        let modulus = ModReluConfig::new(2).init(&device);
        assert_eq!(modulus.trace(&spectrum).unwrap().output, spectrum);
        for layer in [
            &layer as &dyn Summarize,
            &constant,
            &modulus,
            &CRelu,
            &ZRelu,
        ] {
            let error = layer.trace(&images).unwrap_err().to_string();
            assert_eq!(error, "expected a spectrum, got 2×6×4", "{}", layer.kind());
        }
        assert!(FlattenSpectrum.trace(&images).is_err());
        let modulus = ModReluConfig::new(3).init(&device);
        assert!(modulus.trace(&spectrum).is_err());
    }
}
