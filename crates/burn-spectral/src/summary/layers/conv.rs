//! Layers from signal to signal.

use crate::SpectralError;
use crate::conv::{
    FftConv1d, FftConv2d, FftConv3d, FixedFourierConv2d, GlobalFilter2d, LongConv1d, SpectralConv,
};
use crate::published::KkLayer;
use crate::response::{Coupling, FrequencyResponse};

use super::super::cost::{complex_transform, product, pruned_transform, real_transform};
use super::super::{FeatureShape, Summarize, Trace};
use super::short_name;

impl<const D: usize, R: FrequencyResponse<D>> Summarize for SpectralConv<D, R> {
    /// `SpectralConv2d(FullSpectrum)`.
    fn kind(&self) -> String {
        format!("SpectralConv{}d({})", D - 2, short_name::<R>())
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims = input.real::<D>()?;
        let grid = self.check(dims)?;
        let channels @ [outputs, _] = self.response.channels();
        let mut output = dims[1..].to_vec();
        output[0] = outputs;
        let multiply_adds = match self.response.is_constant() {
            true => product(&channels) * grid.samples() as u64,
            false => {
                let inputs = match self.coupling {
                    Coupling::Shared => 1,
                    _ => self.channels_in,
                };
                let kept = self.response.kept_bins(&grid);
                (inputs + outputs) as u64 * pruned_transform(&grid, &kept)
                    + 4 * product(&channels) * product(&kept)
            }
        };
        Ok(Trace {
            output: FeatureShape::new(output),
            multiply_adds,
        })
    }
}

impl Summarize for KkLayer {
    fn kind(&self) -> String {
        "KkLayer".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        self.conv.trace(input)
    }
}

impl Summarize for GlobalFilter2d {
    fn kind(&self) -> String {
        "GlobalFilter2d".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims @ [_, height, width, channels] = input.real()?;
        self.check(dims)?;
        Ok(Trace {
            output: FeatureShape::new([height, width, channels]),
            multiply_adds: channels as u64 * 2 * real_transform(height * width)
                + 4 * product(&[channels, height, width / 2 + 1]),
        })
    }
}

macro_rules! fft_conv {
    ($layer:ident, $rank:literal) => {
        impl Summarize for $layer {
            fn kind(&self) -> String {
                stringify!($layer).into()
            }

            fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
                let dims = input.real::<$rank>()?;
                let geometry = self.geometry(dims)?;
                let [outputs, inputs, ..] = self.weight.lazy_shape().dims::<$rank>();
                let samples: usize = geometry.grid.iter().product();
                let last = geometry.grid[$rank - 3];
                let bins = samples / last * (last / 2 + 1);
                let mut output = vec![outputs];
                output.extend(geometry.output_sizes(&self.stride));
                Ok(Trace {
                    output: FeatureShape::new(output),
                    multiply_adds: (dims[1] + outputs) as u64 * real_transform(samples)
                        + 4 * product(&[outputs, inputs, bins]),
                })
            }
        }
    };
}

fft_conv!(FftConv1d, 3);
fft_conv!(FftConv2d, 4);
fft_conv!(FftConv3d, 5);

impl Summarize for FixedFourierConv2d {
    fn kind(&self) -> String {
        "FixedFourierConv2d".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims @ [_, _, height, width] = input.real()?;
        self.check(dims)?;
        let [_, outputs] = self.channels();
        let transforms = (self.planes() + outputs) as u64 * real_transform(height * width);
        let products = 4 * product(&[outputs, height, width / 2 + 1]);
        Ok(Trace {
            output: FeatureShape::new([outputs, height, width]),
            multiply_adds: self.spectra.len() as u64 * (transforms + products),
        })
    }
}

impl Summarize for LongConv1d {
    fn kind(&self) -> String {
        "LongConv1d".into()
    }

    /// One complex transform of the signal's length for each kernel, signal and output, counted as
    /// if it were not cut into blocks.
    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims @ [_, channels, length] = input.real()?;
        self.check(dims)?;
        Ok(Trace {
            output: FeatureShape::new([channels, length]),
            multiply_adds: channels as u64
                * (3 * complex_transform(length) + product(&[4, length])),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Parameters, Summary, count_parameters};
    use super::*;
    use crate::conv::{
        ConvolveOutput, FixedFourierConv2dConfig, GlobalFilter2dConfig, InitFft, LongConv1dConfig,
        SpectralConv1dConfig, SpectralConv2dConfig, SpectralConv3dConfig,
    };
    use crate::published::KkLayerConfig;
    use crate::response::{
        ConstantConfig, FullSpectrumConfig, GaussianConfig, KernelConfig, KramersKronigConfig,
        PolynomialConfig,
    };
    use burn::nn::conv::{Conv1dConfig, Conv2dConfig, Conv3dConfig};
    use burn::nn::{PaddingConfig1d, PaddingConfig2d};
    use burn::tensor::{Device, Tensor};

    fn trace(layer: &impl Summarize, dims: &[usize]) -> Trace {
        layer.trace(&FeatureShape::from(dims)).unwrap()
    }

    #[test]
    fn a_global_filter_counts_two_transforms_and_a_product_a_channel() {
        let layer = GlobalFilter2dConfig::new(5, [8, 8]).init(&Device::flex());
        let traced = trace(&layer, &[8, 8, 5]);
        assert_eq!(layer.kind(), "GlobalFilter2d");
        assert_eq!(traced.output, FeatureShape::new([8, 8, 5]));
        // 1.25·64·log2 64 = 480 a transform, 4 a product of bins.
        assert_eq!(traced.multiply_adds, 5 * (2 * 480 + 4 * 8 * 5));
        assert!(layer.trace(&FeatureShape::from(&[5, 8, 8][..])).is_err());
    }

    #[test]
    fn every_response_is_named_and_keeps_the_size() {
        let device = Device::flex();
        let device = &device;
        fn of<C: crate::response::ResponseConfig<4>>(
            response: C,
            device: &Device,
        ) -> (String, u64) {
            let layer = SpectralConv2dConfig::new([2, 6], response).init(device);
            let trace = trace(&layer, &[2, 8, 8]);
            let x = Tensor::ones([1, 2, 8, 8], device);
            assert_eq!(trace.output.dims(), &layer.forward(x).dims()[1..]);
            (layer.kind(), trace.multiply_adds)
        }
        // 8 transforms of 64 samples of six halvings each; 12 products at 8·5 bins.
        let full = 8 * 480 + 4 * 12 * 40;
        let size = [8, 8];
        let got = [
            of(FullSpectrumConfig::new(size), device),
            of(KernelConfig::new([3, 3]), device),
            of(KramersKronigConfig::new(size), device),
            of(PolynomialConfig::new(2), device),
            of(GaussianConfig::new(), device),
            of(ConstantConfig::new(), device),
        ];
        let names = [
            "FullSpectrum",
            "Kernel",
            "KramersKronig",
            "Polynomial",
            "Gaussian",
            "Constant",
        ];
        for ((kind, cost), name) in got.into_iter().zip(names) {
            assert_eq!(kind, format!("SpectralConv2d({name})"));
            let want = match name {
                "Constant" => 12 * 64,
                _ => full,
            };
            assert_eq!(cost, want, "{name}");
        }
    }

    #[test]
    fn shared_inputs_are_transformed_once() {
        let device = Device::flex();
        let layer = SpectralConv2dConfig::new([3, 2], FullSpectrumConfig::new([8, 8]))
            .with_coupling(Coupling::Shared)
            .init(&device);
        assert_eq!(
            trace(&layer, &[3, 8, 8]).multiply_adds,
            3 * 480 + 4 * 2 * 40
        );
        let layer = SpectralConv1dConfig::new([1, 1], FullSpectrumConfig::new([16])).init(&device);
        assert_eq!(layer.kind(), "SpectralConv1d(FullSpectrum)");
        assert_eq!(trace(&layer, &[1, 16]).multiply_adds, 2 * 80 + 4 * 9);
        let layer =
            SpectralConv3dConfig::new([1, 1], FullSpectrumConfig::new([2, 4, 8])).init(&device);
        assert_eq!(trace(&layer, &[1, 2, 4, 8]).multiply_adds, 2 * 480 + 4 * 40);
    }

    #[test]
    fn a_published_kk_layer_counts_as_the_mixing_that_it_is() {
        let layer = KkLayerConfig::new([1, 16]).init(&Device::flex());
        let summary = Summary::new([1, 14, 14]).layer("kk", &layer).unwrap();
        assert_eq!(summary.layers()[0].kind, "KkLayer");
        assert_eq!(summary.multiply_adds(), 16 * 14 * 14);
        assert_eq!(summary.parameters().trainable, 32);
    }

    #[test]
    fn long_convolutions_keep_the_shape_of_the_signal() {
        let layer = LongConv1dConfig::new(3, 64).with_skip(true);
        let layer = layer.init(&Device::flex());
        assert_eq!(layer.kind(), "LongConv1d");
        assert_eq!(count_parameters(&layer).trainable, 3 * 64 + 3);
        let got = trace(&layer, &[3, 64]);
        assert_eq!(got.output.dims(), [3, 64]);
        assert_eq!(got.multiply_adds, 3 * (3 * 960 + 4 * 64));
        assert!(layer.trace(&FeatureShape::new([2, 64])).is_err());
    }

    #[test]
    fn convolutions_by_the_spectrum_have_the_shape_of_their_results() {
        let device = Device::flex();
        let layer = Conv2dConfig::new([2, 4], [5, 3])
            .with_stride([2, 3])
            .with_dilation([1, 2])
            .with_padding(PaddingConfig2d::Explicit(1, 0, 2, 3))
            .with_groups(2)
            .init_fft(&device);
        let got = trace(&layer, &[2, 13, 9]);
        let y = layer.forward(Tensor::ones([1, 2, 13, 9], &device));
        assert_eq!(got.output.dims(), &y.dims()[1..]);
        // On a grid of 16 × 12 samples, 7 bins a row.
        let transform = real_transform(16 * 12);
        assert_eq!(got.multiply_adds, 6 * transform + 4 * 4 * 16 * 7);

        let layer = Conv1dConfig::new(2, 3, 5)
            .with_padding(PaddingConfig1d::Same)
            .init_fft(&device);
        assert_eq!(trace(&layer, &[2, 31]).output.dims(), [3, 31]);
        let layer = Conv3dConfig::new([1, 2], [2, 2, 2]).init_fft(&device);
        assert_eq!(trace(&layer, &[1, 4, 5, 6]).output.dims(), [2, 3, 4, 5]);
    }

    #[test]
    fn fixed_filters_train_nothing_until_they_are_released() {
        let device = Device::flex();
        let config =
            FixedFourierConv2dConfig::from_function(3, [8, 6], |f, _| ((-f * f).exp(), 0.0));
        let layer = config.init(&device);
        let expected = |trainable, fixed| Parameters { trainable, fixed };
        assert_eq!(count_parameters(&layer), expected(0, 2 * 8 * 4));
        assert_eq!(trace(&layer, &[3, 8, 6]).output.dims(), [3, 8, 6]);
        // Released, every channel has weights of its own.
        let free = layer.trainable();
        assert_eq!(count_parameters(&free), expected(3 * 2 * 8 * 4, 0));
        let cost = trace(&layer, &[3, 8, 6]).multiply_adds;
        assert_eq!(trace(&free, &[3, 8, 6]).multiply_adds, cost);

        // One half-plane of frequencies: the magnitude needs both parts of the result.
        let half = FixedFourierConv2dConfig::from_function(3, [8, 6], |_, f| {
            (if f > 0.0 { 1.0 } else { 0.0 }, 0.0)
        });
        let envelope = half.with_output(ConvolveOutput::Magnitude).init(&device);
        assert_eq!(trace(&envelope, &[3, 8, 6]).multiply_adds, 2 * cost);
    }

    #[test]
    fn a_shape_that_a_layer_does_not_take_is_its_own_error() {
        let device = Device::flex();
        let layer =
            SpectralConv2dConfig::new([2, 2], FullSpectrumConfig::new([8, 8])).init(&device);
        for dims in [[2, 8, 9], [3, 8, 8], [2, 0, 8]] {
            let got = layer.trace(&FeatureShape::new(dims)).unwrap_err();
            let door = layer.check([1, dims[0], dims[1], dims[2]]).unwrap_err();
            assert_eq!(got, door);
        }
        assert!(layer.trace(&FeatureShape::new([2, 8])).is_err());
        let layer = Conv2dConfig::new([2, 4], [5, 3]).init_fft(&device);
        assert_eq!(
            layer.trace(&FeatureShape::new([2, 4, 4])).unwrap_err(),
            layer.check([1, 2, 4, 4]).unwrap_err()
        );
    }
}
