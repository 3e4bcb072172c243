//! Every layer of the crate as one table: what is made, of what input, and what comes out.
#![allow(dead_code)]

use burn::module::{Module, ModuleDisplay};
use burn::nn::activation::ActivationConfig;
use burn::nn::conv::{Conv1dConfig, Conv2dConfig, Conv3dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{BatchNormConfig, LinearConfig};
use burn::tensor::{Device, Tensor};
use burn_spectral::conv::{
    ConvolveMode, ConvolveOutput, FftConvAlgorithm, FixedFourierConv2dConfig, GlobalFilter2dConfig,
    InitFft, LongConv1dConfig, SpectralConv1dConfig, SpectralConv2dConfig, SpectralConv3dConfig,
    fft_convolve2d,
};
use burn_spectral::fft::{Irfft2, Rfft2, ToMagnitudePhase};
use burn_spectral::frequency::*;
use burn_spectral::pool::{AntiAliasedActivationConfig, SpectralPool2d, SpectralUpsample2d};
use burn_spectral::published::*;
use burn_spectral::response::*;
use burn_spectral::spectrum::{
    ElementGateConfig, FftLayerConfig, FrequencyGateConfig, GateConfig, PatchStft2dConfig,
    SpectrumExtent, SpectrumOutput,
};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, Spectrum, spatial};

use crate::common::{noise, tensor, values};

/// What a layer gave: its numbers, and a weighted sum of them to differentiate.
pub struct Outcome {
    pub loss: Tensor<1>,
    pub values: Vec<f64>,
}

/// Numbers of at most seven binary digits: the same in every precision.
pub fn coarse<const D: usize>(dims: [usize; D], seed: u64) -> Vec<f64> {
    let numbers = noise(dims.iter().product(), seed);
    numbers.iter().map(|v| (v * 64.0).round() / 64.0).collect()
}

/// The outcome of a real output.
pub fn real<const D: usize>(y: Tensor<D>) -> Outcome {
    let weight = tensor(&coarse(y.dims(), 7), y.dims(), y.dtype(), &y.device());
    Outcome {
        loss: (y.clone() * weight).sum(),
        values: values(y.without_autodiff()),
    }
}

/// The outcome of a complex output.
pub fn complex<const D: usize>(z: impl Spectrum<D>) -> Outcome {
    let z = z.into_complex();
    let (mut re, im) = (real(z.re), real(z.im));
    re.values.extend(im.values);
    Outcome {
        loss: re.loss + im.loss,
        ..re
    }
}

/// A complex tensor that depends on every element of a real one, both parts.
pub fn spectrum<const D: usize>(x: Tensor<D>) -> ComplexTensor<D> {
    let other = tensor(&coarse(x.dims(), 9), x.dims(), x.dtype(), &x.device());
    // Losses weigh both parts alike: were their factors opposite, what reaches `x` would cancel.
    ComplexTensor::new(x.clone() * 0.5, x * -0.25 + other)
}

/// [`spectrum`] as the half-spectrum of a signal of so many samples.
pub fn half_spectrum<const D: usize>(x: Tensor<D>, length: usize) -> HalfSpectrum<D> {
    HalfSpectrum::new(spectrum(x), length)
}

/// What is done to every layer.
pub trait Check {
    fn layer<M: Module, const D: usize>(
        &mut self,
        name: &str,
        layer: M,
        input: [usize; D],
        forward: impl Fn(&M, Tensor<D>) -> Outcome,
    );
}

/// Hands every layer to a check: images of `size` pixels, signals of as many samples as `length`.
pub fn every_layer(
    batch: usize,
    size: [usize; 2],
    length: usize,
    device: &Device,
    check: &mut impl Check,
) {
    let [height, width] = size;
    let bins = width / 2 + 1;
    let images = [batch, 2, height, width];
    let half = [batch, 2, height, bins];

    // Convolutions.
    let layer = Conv1dConfig::new(2, 3, 5).with_stride(2).init_fft(device);
    for algorithm in [FftConvAlgorithm::Direct, FftConvAlgorithm::Whole] {
        let layer = layer.clone().with_algorithm(algorithm);
        check.layer(
            &format!("FftConv1d, {algorithm:?}"),
            layer,
            [batch, 2, length],
            |m, x| real(m.forward(x)),
        );
        let layer = Conv2dConfig::new([2, 4], [3, 3])
            .with_groups(2)
            .init_fft(device);
        let layer = layer.with_algorithm(algorithm);
        check.layer(
            &format!("FftConv2d, {algorithm:?}"),
            layer,
            images,
            |m, x| real(m.forward(x)),
        );
        let layer = Conv3dConfig::new([2, 2], [2, 2, 2]).init_fft(device);
        let layer = layer.with_algorithm(algorithm);
        check.layer(
            &format!("FftConv3d, {algorithm:?}"),
            layer,
            [batch, 2, 6, 5, 8],
            |m, x| real(m.forward(x)),
        );
    }
    let layer = LongConv1dConfig::new(2, length)
        .with_skip(true)
        .init(device);
    check.layer("LongConv1d", layer, [batch, 2, length], |m, x| {
        real(m.forward(x))
    });
    let layer = KkLayerConfig::new([2, 3]).init(device);
    check.layer("KkLayer", layer, images, |m, x| real(m.forward(x)));
    let layer = GlobalFilter2dConfig::new(3, size).init(device);
    check.layer(
        "GlobalFilter2d",
        layer,
        [batch, height, width, 3],
        |m, x| real(m.forward(x)),
    );
    for output in [ConvolveOutput::Real, ConvolveOutput::Magnitude] {
        let low = |h: f64, w: f64| (1.0 / (1.0 + 8.0 * (h * h + w * w)), h);
        let layer = FixedFourierConv2dConfig::from_function(2, size, low);
        let layer = layer.with_output(output).init(device);
        check.layer(
            &format!("FixedFourierConv2d, {output:?}"),
            layer,
            images,
            |m, x| real(m.forward(x)),
        );
    }
    let layer = Conv2dConfig::new([2, 3], [3, 3]).init(device);
    check.layer("fft_convolve2d", layer.clone(), images, |m, x| {
        let filter = m.weight.val();
        real(fft_convolve2d(
            x,
            filter,
            ConvolveMode::Same,
            ConvolveOutput::Real,
        ))
    });
    check.layer("spatial::conv2d", layer, images, |m, x| {
        real(spatial::conv2d(m, x))
    });
    let layer = Conv1dConfig::new(2, 3, 3).init(device);
    check.layer("spatial::conv1d", layer, [batch, 2, length], |m, x| {
        real(spatial::conv1d(m, x))
    });
    let layer = SpectralConv1dConfig::new([2, 3], KernelConfig::new([5])).init(device);
    check.layer("SpectralConv1d", layer, [batch, 2, length], |m, x| {
        real(m.forward(x))
    });
    let layer = SpectralConv3dConfig::new([2, 2], FourierModesConfig::new([2, 2, 2])).init(device);
    check.layer("SpectralConv3d", layer, [batch, 2, 6, 5, 8], |m, x| {
        real(m.forward(x))
    });
    every_response(images, device, check);

    // Spectra.
    let layer = SpectralMix2dConfig::new([2, 3], KernelConfig::new([3, 3])).init(device);
    check.layer("SpectralMix2d", layer, half, |m, x| {
        complex(m.forward(half_spectrum(x, width)))
    });
    let layer = FourierDomainConv2dConfig::new([2, 3], size).init(device);
    check.layer("FourierDomainConv2d", layer, half, |m, x| {
        complex(m.forward(half_spectrum(x, width)))
    });
    let layer = SharedStack2dConfig::new(2, [3, 2], KernelConfig::new([3, 3])).init(device);
    check.layer("SharedStack2d", layer.clone(), half, |m, x| {
        complex(m.forward(half_spectrum(x, width)))
    });
    let head = LinearConfig::new(4 * height * bins, 3).init(device);
    check.layer(
        "SharedStack2d with a head",
        (layer, head),
        images,
        |m, x| real(m.0.forward_dense(x, &m.1)),
    );
    let layer = ElementwiseConv2dConfig::new([2, 3], [3, 3], size).init(device);
    check.layer("ElementwiseConv2d", layer, half, |m, x| {
        complex(m.forward(spectrum(x)))
    });
    let layer = ElementwiseConv2dConfig::published([2, 3], [3, 3], size).init(device);
    check.layer("ElementwiseConv2d, published", layer, images, |m, x| {
        complex(m.forward(spectrum(x)))
    });
    let layer = ElementGateConfig::new(2, size).init(device);
    check.layer("ElementGate", layer, half, |m, x| {
        complex(m.forward(half_spectrum(x, width)))
    });
    let layer = FrequencyGateConfig::new(2, [6, 5]).init(device);
    check.layer("FrequencyGate", layer, [batch, 2, 6, 5], |m, x| {
        complex(m.forward(spectrum(x)))
    });
    let layer = ModReluConfig::new(2).with_offset(-0.125).init(device);
    check.layer("ModRelu", layer, half, |m, x| {
        complex(m.forward(spectrum(x)))
    });
    check.layer("CRelu", CRelu, half, |m, x| complex(m.forward(spectrum(x))));
    check.layer("CLeakyRelu", CLeakyRelu::default(), half, |m, x| {
        complex(m.forward(spectrum(x)))
    });
    check.layer("ZRelu", ZRelu, half, |m, x| complex(m.forward(spectrum(x))));
    let layer = ComplexLinearConfig::new([12, 3]).init(device);
    check.layer("ComplexLinear", layer, [batch, 2, 12], |m, x| {
        complex(m.forward(spectrum(x)))
    });
    let layer = ComplexLinearConfig::new([12, 3]).init_branches(device);
    check.layer("TwoBranchLinear", layer, [batch, 2, 12], |m, x| {
        complex(m.forward(spectrum(x)))
    });
    check.layer("FlattenSpectrum", FlattenSpectrum, half, |m, x| {
        real(m.forward(spectrum(x)))
    });
    check.layer("FlattenParts", FlattenParts, half, |m, x| {
        complex(m.forward(spectrum(x)))
    });
    check.layer("ToMagnitudePhase", ToMagnitudePhase, half, |m, x| {
        real(m.forward(spectrum(x)))
    });
    let grid = SpectrumGrid::half(size);
    let full = SpectrumGrid::full(size);
    check.layer("ToSpectrum", ToSpectrum::new(full), images, |m, x| {
        complex(m.forward(x))
    });
    for form in [
        ComplexNormForm::PerPart,
        ComplexNormForm::Magnitude(grid),
        ComplexNormForm::CenteredMagnitude(grid),
        ComplexNormForm::Whitening,
        ComplexNormForm::Image(grid),
    ] {
        let layer = ComplexBatchNormConfig::new(2, form).init(device);
        check.layer(
            &format!("ComplexBatchNorm, {form:?}"),
            layer,
            half,
            |m, x| complex(m.forward(spectrum(x))),
        );
    }
    let layer = SpectralNoiseConfig::new(0.0).init();
    check.layer("SpectralNoise", layer, half, |m, x| {
        complex(m.forward(spectrum(x)))
    });
    for factor in [1, 2] {
        let config = ThroughImageConfig::new(grid, ActivationConfig::Tanh).with_factor(factor);
        check.layer(
            &format!("ThroughImage, factor {factor}"),
            config.init(device),
            half,
            |m, x| complex(m.forward(spectrum(x))),
        );
    }
    let config = ThroughImageConfig::new(grid, ActivationConfig::Relu).with_pool(Some([2, 2]));
    check.layer(
        "ThroughImage with a max-pool",
        config.init(device),
        half,
        |m, x| complex(m.forward(spectrum(x))),
    );
    let layer = SpatialMaxPoolConfig::new(full).init();
    check.layer("SpatialMaxPool, a max-pool", layer, images, |m, x| {
        complex(m.forward(spectrum(x)))
    });

    // Transforms, and layers of images.
    check.layer("Rfft2", Rfft2::default(), images, |m, x| {
        complex(m.forward(x))
    });
    for norm in [Norm::Backward, Norm::Ortho, Norm::Forward] {
        let layer = Irfft2::new(norm);
        check.layer(&format!("Irfft2, {norm:?}"), layer, half, |m, x| {
            real(m.forward(half_spectrum(x, width)))
        });
    }
    for output in [
        SpectrumOutput::RealImaginary,
        SpectrumOutput::Magnitude,
        SpectrumOutput::MagnitudeCosSin,
        SpectrumOutput::LogMagnitude,
    ] {
        for extent in [SpectrumExtent::Half, SpectrumExtent::Full] {
            let layer = FftLayerConfig::new(output).with_extent(extent).init();
            check.layer(
                &format!("FftLayer, {output:?}, {extent:?}"),
                layer,
                images,
                |m, x| real(m.forward(x)),
            );
        }
    }
    let layer = PatchStft2dConfig::new([4, 4]).init();
    check.layer("PatchStft2d", layer.clone(), images, |m, x| {
        complex(m.forward(x))
    });
    check.layer("PatchStft2d and back", layer, images, |m, x| {
        let size = [x.dims()[2], x.dims()[3]];
        real(m.inverse(m.forward(x), size))
    });
    let layer = SpectralPool2d::new([height / 2, width / 2]);
    check.layer("SpectralPool2d", layer, images, |m, x| real(m.forward(x)));
    let layer = SpectralUpsample2d::new([height + 3, width + 4]);
    check.layer("SpectralUpsample2d", layer, images, |m, x| {
        real(m.forward(x))
    });
    let layer = AntiAliasedActivationConfig::new(ActivationConfig::Tanh).init(device);
    check.layer("AntiAliasedActivation", layer, images, |m, x| {
        real(m.forward(x))
    });
    let layer = BatchNormConfig::new(2).init(device);
    check.layer("spatial::batch_norm", layer, images, |m, x| {
        real(spatial::batch_norm(m, x))
    });
    let layer = LinearConfig::new(12, 3).init(device);
    check.layer("spatial::linear", layer, [batch, 12], |m, x| {
        real(spatial::linear(m, x))
    });
    let layer = MaxPool2dConfig::new([2, 2]).init();
    check.layer("spatial::max_pool2d, a max-pool", layer, images, |m, x| {
        real(spatial::max_pool2d(m, x))
    });
}

/// A `SpectralConv2d` of every response and coupling.
fn every_response(images: [usize; 4], device: &Device, check: &mut impl Check) {
    fn of<C: ResponseConfig<4, Response: ModuleDisplay>>(
        name: &str,
        response: C,
        images: [usize; 4],
        device: &Device,
        check: &mut impl Check,
    ) {
        for coupling in [Coupling::Dense, Coupling::Depthwise, Coupling::Shared] {
            let config = SpectralConv2dConfig::new([2, 2], response.clone());
            let layer = config.with_coupling(coupling).init(device);
            check.layer(
                &format!("SpectralConv2d of {name}, {coupling:?}"),
                layer,
                images,
                |m, x| real(m.forward(x)),
            );
        }
    }
    let [_, _, height, width] = images;
    let size = [height, width];
    of("Constant", ConstantConfig::new(), images, device, check);
    of(
        "FullSpectrum",
        FullSpectrumConfig::new(size),
        images,
        device,
        check,
    );
    of(
        "FourierModes",
        FourierModesConfig::new([2, 2]),
        images,
        device,
        check,
    );
    of("Kernel", KernelConfig::new([3, 3]), images, device, check);
    of(
        "KramersKronig",
        KramersKronigConfig::new(size),
        images,
        device,
        check,
    );
    of(
        "Polynomial",
        PolynomialConfig::new(2),
        images,
        device,
        check,
    );
    of("Gaussian", GaussianConfig::new(), images, device, check);
    of(
        "BandLimited",
        BandLimitedConfig::new(FullSpectrumConfig::new([4, 4]), [4, 4]),
        images,
        device,
        check,
    );
    of("ElementGate", GateConfig::new(size), images, device, check);
}
