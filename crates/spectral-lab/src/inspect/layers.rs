//! The layers that can be inspected by name.

use burn::module::ModuleDisplay;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2dConfig;
use burn::tensor::{Device, Tensor};
use burn_spectral::conv::{
    ConvolveOutput, FixedFilter, FixedFourierConv2dConfig, GlobalFilter2d, GlobalFilter2dConfig,
    InitFft, LongConv1dConfig, SpectralConv2d, SpectralConv2dConfig,
};
use burn_spectral::frequency::{ModReluConfig, SpectrumGrid, ToSpectrum};
use burn_spectral::inspect::{before_real_part, complex_irfft2, kk_before_real_part};
use burn_spectral::published::KkLayerConfig;
use burn_spectral::published::{
    ElementwiseConv2d, ElementwiseConv2dConfig, FourierDomainConv2dConfig,
};
use burn_spectral::response::{
    BandLimitedConfig, Coupling, FourierModesConfig, FrequencyResponse, FullSpectrumConfig,
    GaussianConfig, KernelConfig, KramersKronigConfig, ParametricForm, PolynomialConfig,
    ResponseConfig,
};
use burn_spectral::spatial;
use burn_spectral::spectrum::{FrequencyGateConfig, GateConfig, GateFeatures};
use burn_spectral::summary::{FeatureShape, Summarize};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, SpectralError, fft};

use super::subject::{Ready, Subject, Taken};

/// Channels and size of the images, and output channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) channels: [usize; 2],
    pub(super) size: [usize; 2],
}

impl Sizes {
    fn shape(&self, channels: usize) -> FeatureShape {
        FeatureShape::new([channels, self.size[0], self.size[1]])
    }
}

type Made = Result<Box<dyn Subject>, SpectralError>;

/// A layer that can be inspected by name.
pub struct LayerInfo {
    /// Its name.
    pub name: &'static str,
    /// A one-line description.
    pub summary: &'static str,
    /// Default channels, height and width of the images.
    pub shape: [usize; 3],
    /// Default output channels per input channel.
    pub widening: usize,
    /// Whether the number of output channels always equals the number of input channels.
    pub keeps_channels: bool,
    pub(super) create: fn(Sizes, &Device) -> Made,
}

const fn layer(
    name: &'static str,
    summary: &'static str,
    create: fn(Sizes, &Device) -> Made,
) -> LayerInfo {
    LayerInfo {
        name,
        summary,
        shape: [2, 28, 28],
        widening: 1,
        keeps_channels: false,
        create,
    }
}

const fn keeping(info: LayerInfo, shape: [usize; 3]) -> LayerInfo {
    LayerInfo {
        shape,
        keeps_channels: true,
        ..info
    }
}

const fn bank(info: LayerInfo) -> LayerInfo {
    LayerInfo {
        widening: 2,
        ..info
    }
}

/// The layers, in the order in which they are listed.
pub const LAYERS: &[LayerInfo] = &[
    layer(
        "conv",
        "an ordinary 3x3 convolution with zero padding",
        |sizes, device| {
            let conv = Conv2dConfig::new(sizes.channels, [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device);
            let work = conv.trace(&sizes.shape(sizes.channels[0]))?.multiply_adds;
            Ok(Ready::new(conv, spatial::conv2d, work).boxed())
        },
    ),
    layer(
        "fft-conv",
        "a 15x15 convolution evaluated by FFT, with zero padding",
        |sizes, device| {
            let layer = Conv2dConfig::new(sizes.channels, [15, 15])
                .with_padding(PaddingConfig2d::Same)
                .try_init_fft(device)?;
            let work = layer.trace(&sizes.shape(sizes.channels[0]))?.multiply_adds;
            Ok(Ready::new(layer, |layer, x| layer.forward(x), work).boxed())
        },
    ),
    layer("kk", "KKLayer as published", |sizes, device| {
        let layer = KkLayerConfig::new(sizes.channels).try_init(device)?;
        let work = layer.trace(&sizes.shape(sizes.channels[0]))?.multiply_adds;
        Ok(Ready::new(layer, |layer, x| layer.forward(x), work)
            .taking(Taken::RealPart, kk_before_real_part)
            .boxed())
    }),
    layer(
        "kk-repaired",
        "a causal Kramers-Kronig response along the width",
        |sizes, device| {
            let response = KramersKronigConfig::new(sizes.size);
            filter(sizes, response, Coupling::Dense, device)
        },
    ),
    layer(
        "free",
        "one free complex weight per frequency, dense (Pratt et al. 2017)",
        |sizes, device| {
            filter(
                sizes,
                FullSpectrumConfig::new(sizes.size),
                Coupling::Dense,
                device,
            )
        },
    ),
    layer(
        "depthwise",
        "one free complex weight per frequency and channel, depthwise",
        |sizes, device| {
            filter(
                sizes,
                FullSpectrumConfig::new(sizes.size),
                Coupling::Depthwise,
                device,
            )
        },
    ),
    layer(
        "modes",
        "free weights on the lowest modes, 6 per axis (Fourier neural operator)",
        |sizes, device| {
            let modes = FourierModesConfig::new([
                6.min(sizes.size[0] / 2).max(1),
                6.min(sizes.size[1] / 2 + 1),
            ]);
            filter(sizes, modes, Coupling::Dense, device)
        },
    ),
    layer(
        "free-modes",
        "one free weight per mode of a quarter of the image, for any size",
        |sizes, device| {
            let size = sizes.size.map(|side| side.div_ceil(4));
            let response = BandLimitedConfig::new(FullSpectrumConfig::new(size), size);
            filter(sizes, response, Coupling::Dense, device)
        },
    ),
    layer(
        "polynomial",
        "a polynomial of order 4 in the frequencies, stable form",
        |sizes, device| filter(sizes, PolynomialConfig::new(4), Coupling::Dense, device),
    ),
    layer(
        "polynomial-published",
        "a line in row plus a line in column, inputs summed (Wood, Larson 2021)",
        |sizes, device| {
            let response = PolynomialConfig::new(1).with_form(ParametricForm::Published);
            filter(sizes, response, Coupling::Shared, device)
        },
    ),
    layer(
        "gaussian",
        "a rotated Gaussian in the frequencies, stable form",
        |sizes, device| filter(sizes, GaussianConfig::new(), Coupling::Dense, device),
    ),
    layer(
        "gaussian-published",
        "a rotated Gaussian, inputs summed (Wood, Larson 2021)",
        |sizes, device| {
            let response = GaussianConfig::new().with_form(ParametricForm::Published);
            filter(sizes, response, Coupling::Shared, device)
        },
    ),
    layer(
        "kernel",
        "a circular 3x3 convolution evaluated by FFT",
        |sizes, device| filter(sizes, KernelConfig::new([3, 3]), Coupling::Dense, device),
    ),
    layer(
        "gate",
        "one learned gate per frequency and pair of channels",
        |sizes, device| filter(sizes, GateConfig::new(sizes.size), Coupling::Dense, device),
    ),
    keeping(
        layer(
            "globalfilter",
            "one free weight per frequency and channel, channels last (GFNet)",
            |sizes, device| {
                let layer =
                    GlobalFilter2dConfig::new(sizes.channels[0], sizes.size).try_init(device)?;
                let shape = FeatureShape::new([sizes.size[0], sizes.size[1], sizes.channels[0]]);
                let work = layer.trace(&shape)?.multiply_adds;
                let forward = |layer: &GlobalFilter2d, x: Tensor<4>| {
                    layer.forward(x.permute([0, 2, 3, 1])).permute([0, 3, 1, 2])
                };
                Ok(Ready::new(layer, forward, work).boxed())
            },
        ),
        [2, 28, 28],
    ),
    layer(
        "pratt",
        "a product of half-spectra, inputs summed, the baseline of Wood and Larson",
        |sizes, device| {
            let layer = FourierDomainConv2dConfig::published(sizes.channels, sizes.size)
                .try_init(device)?;
            let work = on_spectra(sizes, SpectrumGrid::half(sizes.size), &layer)?;
            let forward = |layer: &burn_spectral::published::FourierDomainConv2d, x: Tensor<4>| {
                let product = layer.forward(fft::rfft2(x, Norm::Backward));
                fft::irfft2(product, Norm::Backward)
            };
            Ok(Ready::new(layer, forward, work)
                .taking(Taken::RealPart, |layer, x| {
                    complex_irfft2(layer.forward(fft::rfft2(x, Norm::Backward)))
                })
                .boxed())
        },
    ),
    layer(
        "cemnet",
        "a product of full spectra as published (Pan et al. 2022)",
        |sizes, device| {
            let config =
                ElementwiseConv2dConfig::published(sizes.channels, taps(sizes, 5), sizes.size);
            elementwise(sizes, config, device)
        },
    ),
    layer(
        "cemnet-repaired",
        "a product of half-spectra with 5x5 taps",
        |sizes, device| {
            let config = ElementwiseConv2dConfig::new(sizes.channels, taps(sizes, 5), sizes.size);
            elementwise(sizes, config, device)
        },
    ),
    bank(layer(
        "fixed",
        "a fixed Gaussian blur and a fixed edge filter, nothing learned",
        |sizes, device| fixed(sizes, ConvolveOutput::Real, device),
    )),
    bank(layer(
        "fixed-magnitude",
        "the magnitude of a fixed blur and a fixed edge filter",
        |sizes, device| fixed(sizes, ConvolveOutput::Magnitude, device),
    )),
    keeping(
        layer(
            "modrelu",
            "ReLU on the magnitudes of a spectrum, with a learned bias",
            |sizes, device| {
                let layer = ModReluConfig::new(sizes.channels[0])
                    .with_offset(-0.5)
                    .try_init(device)?;
                let work = 2 * on_spectra_alone(sizes)?;
                let forward = |layer: &burn_spectral::frequency::ModRelu, x: Tensor<4>| {
                    let spectrum = layer.forward(fft::rfft2(x, Norm::Ortho));
                    fft::irfft2(spectrum, Norm::Ortho)
                };
                Ok(Ready::new(layer, forward, work).boxed())
            },
        ),
        [2, 28, 28],
    ),
    keeping(
        layer(
            "frequency-gate",
            "sigmoid gates computed from the whole spectrum of the image",
            |sizes, device| {
                let layer = FrequencyGateConfig::new(sizes.channels[0], sizes.size)
                    .with_features(GateFeatures::Magnitude)
                    .try_init(device)?;
                let spectrum =
                    FeatureShape::complex([sizes.channels[0], sizes.size[0], sizes.size[1]]);
                let work = layer.trace(&spectrum)?.multiply_adds + 4 * on_spectra_alone(sizes)?;
                let forward = |layer: &burn_spectral::spectrum::FrequencyGate, x: Tensor<4>| {
                    let spectrum = fft::fft2(ComplexTensor::from_real(x), Norm::Backward);
                    fft::ifft2(layer.forward(spectrum), Norm::Backward).re
                };
                Ok(Ready::new(layer, forward, work)
                    .taking(Taken::RealPart, |layer, x| {
                        let spectrum = fft::fft2(ComplexTensor::from_real(x), Norm::Backward);
                        fft::ifft2(layer.forward(spectrum), Norm::Backward)
                    })
                    .boxed())
            },
        ),
        [1, 6, 6],
    ),
    keeping(
        layer(
            "longconv",
            "a causal convolution as long as the signal, along the width",
            |sizes, device| {
                let [height, width] = sizes.size;
                if height != 1 {
                    return Err(SpectralError::Images {
                        expected: [1, width],
                        got: vec![sizes.channels[0], height, width],
                    });
                }
                let layer = LongConv1dConfig::new(sizes.channels[0], width).try_init(device)?;
                let work = layer
                    .trace(&FeatureShape::new([sizes.channels[0], width]))?
                    .multiply_adds;
                let forward = |layer: &burn_spectral::conv::LongConv1d, x: Tensor<4>| {
                    layer.forward(x.squeeze_dim::<3>(2)).unsqueeze_dim(2)
                };
                Ok(Ready::new(layer, forward, work).boxed())
            },
        ),
        [2, 1, 64],
    ),
];

/// The layer of that name; `dense` is another name of `free`, as `spectral bench` has it.
pub(super) fn find(name: &str) -> Option<&'static LayerInfo> {
    let name = match name {
        "dense" => "free",
        name => name,
    };
    LAYERS.iter().find(|layer| layer.name == name)
}

/// Kernel size that fits the image.
fn taps(sizes: Sizes, most: usize) -> [usize; 2] {
    sizes.size.map(|side| side.min(most))
}

/// A spectral convolution without bias.
fn filter<C: ResponseConfig<4>>(
    sizes: Sizes,
    response: C,
    coupling: Coupling,
    device: &Device,
) -> Made
where
    C::Response: FrequencyResponse<4> + ModuleDisplay + 'static,
{
    let layer = SpectralConv2dConfig::new(sizes.channels, response)
        .with_coupling(coupling)
        .with_bias(false)
        .try_init(device)?;
    layer.check([1, sizes.channels[0], sizes.size[0], sizes.size[1]])?;
    let work = layer.trace(&sizes.shape(sizes.channels[0]))?.multiply_adds;
    Ok(Ready::new(layer, SpectralConv2d::forward, work)
        .taking(Taken::RealPart, before_real_part)
        .boxed())
}

/// Multiply-adds of a layer on spectra between two transforms.
fn on_spectra(
    sizes: Sizes,
    grid: SpectrumGrid,
    layer: &dyn Summarize,
) -> Result<u64, SpectralError> {
    let transform = ToSpectrum::try_new(grid)?;
    let there = transform.trace(&sizes.shape(sizes.channels[0]))?;
    let back = transform.trace(&sizes.shape(sizes.channels[1]))?;
    let layer = layer.trace(&there.output)?;
    Ok(there.multiply_adds + layer.multiply_adds + back.multiply_adds)
}

/// Multiply-adds of a real transform of the images.
fn on_spectra_alone(sizes: Sizes) -> Result<u64, SpectralError> {
    let transform = ToSpectrum::try_new(SpectrumGrid::half(sizes.size))?;
    Ok(transform
        .trace(&sizes.shape(sizes.channels[0]))?
        .multiply_adds)
}

fn elementwise(sizes: Sizes, config: ElementwiseConv2dConfig, device: &Device) -> Made {
    let layer = config.try_init(device)?;
    let work = on_spectra(sizes, layer.grid(), &layer)?;
    let forward = |layer: &ElementwiseConv2d, x: Tensor<4>| {
        let grid = layer.grid();
        grid.image(layer.forward(grid.spectrum(x)))
    };
    let complex = |layer: &ElementwiseConv2d, x: Tensor<4>| {
        let width = x.dims()[3];
        let product = layer.forward(layer.grid().spectrum(x));
        match product.dims()[3] == width && width > 2 {
            true => fft::ifft2(product, Norm::Backward),
            false => complex_irfft2(HalfSpectrum::new(product, width)),
        }
    };
    Ok(Ready::new(layer, forward, work)
        .taking(Taken::RealPart, complex)
        .boxed())
}

/// Two fixed filters, or as many as there are outputs per channel.
fn fixed(sizes: Sizes, output: ConvolveOutput, device: &Device) -> Made {
    let [channels, outputs] = sizes.channels;
    let count = outputs / channels;
    let filters = (0..count).map(|filter| {
        FixedFilter::function(move |f_h: f64, f_w: f64| match filter % 2 {
            0 => ((-20.0 * (f_h * f_h + f_w * f_w)).exp(), 0.0),
            // The difference of the right and the left neighbor.
            _ => (0.0, (core::f64::consts::TAU * f_w).sin()),
        })
    });
    let layer = FixedFourierConv2dConfig::new(channels, sizes.size, filters.collect())
        .with_output(output)
        .try_init(device)?;
    if layer.channels() != sizes.channels {
        return Err(SpectralError::Coupling {
            coupling: "depthwise",
            groups: channels,
            channels_in: channels,
            channels_out: outputs,
        });
    }
    let work = layer.trace(&sizes.shape(channels))?.multiply_adds;
    let ready = Ready::new(layer, |layer, x| layer.forward(x), work);
    Ok(match output {
        ConvolveOutput::Real => ready.boxed(),
        ConvolveOutput::Magnitude => ready
            .taking(Taken::Magnitude, |layer, x| {
                ComplexTensor::from_real(layer.trainable().forward(x))
            })
            .boxed(),
    })
}
