//! What a layer costs before it is warm: its construction, and its first call at a size that nothing was planned for.
//! Every kind of layer, from 2⁸ to 2²⁰ samples; the input is made beforehand.

use std::time::{Duration, Instant};

use burn::nn::PaddingConfig1d;
use burn::nn::activation::ActivationConfig;
use burn::nn::conv::{Conv1dConfig, Conv2dConfig, Conv3dConfig};
use burn::tensor::{Device, Tensor};
use burn_spectral::Norm;
use burn_spectral::conv::{
    ConvolveMode, ConvolveOutput, FixedFourierConv2dConfig, GlobalFilter2dConfig, InitFft,
    LongConv1dConfig, SpectralConv1dConfig, SpectralConv2dConfig, fft_convolve2d,
};
use burn_spectral::fft::rfft2;
use burn_spectral::frequency::{
    ComplexBatchNormConfig, ComplexNormForm, SpectralMix2dConfig, SpectrumGrid, ThroughImageConfig,
    ToSpectrum,
};
use burn_spectral::pool::{AntiAliasedActivationConfig, SpectralPool2d, SpectralUpsample2d};
use burn_spectral::published::KkLayerConfig;
use burn_spectral::published::{
    ElementwiseConv2dConfig, FourierDomainConv2dConfig, SharedStack2dConfig, SpatialMaxPoolConfig,
};
use burn_spectral::response::{
    FourierModesConfig, FullSpectrumConfig, GaussianConfig, KernelConfig, KramersKronigConfig,
    PolynomialConfig, ResponseConfig,
};
use burn_spectral::spectrum::{
    FftLayerConfig, FrequencyGateConfig, GateConfig, PatchStft2dConfig, SpectrumOutput,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

type Call = Box<dyn FnOnce()>;
/// Creates the layer, then calls it.
type Construct = Box<dyn FnOnce() -> Call>;

/// The device on which everything runs.
fn device() -> Device {
    Device::flex()
}

fn signal(length: usize) -> Tensor<3> {
    Tensor::ones([1, 1, length], &device())
}

/// Height and width of an image of about so many samples.
fn size(samples: usize) -> [usize; 2] {
    let height = samples.isqrt();
    [height, samples / height]
}

fn image(samples: usize) -> Tensor<4> {
    let [height, width] = size(samples);
    Tensor::ones([1, 1, height, width], &device())
}

/// A layer from an input, by its construction and its call.
fn layer<X: 'static, L: 'static, Y>(
    input: X,
    construct: impl FnOnce() -> L + 'static,
    call: impl FnOnce(L, X) -> Y + 'static,
) -> Construct {
    Box::new(move || {
        let layer = construct();
        Box::new(move || drop(call(layer, input)))
    })
}

fn conv1d<C: ResponseConfig<3> + 'static>(response: C, n: usize) -> Construct {
    let config = SpectralConv1dConfig::new([1, 1], response);
    layer(
        signal(n),
        move || config.init(&device()),
        |layer, x| layer.forward(x),
    )
}

fn conv2d<C: ResponseConfig<4> + 'static>(response: C, n: usize) -> Construct {
    let config = SpectralConv2dConfig::new([1, 1], response);
    layer(
        image(n),
        move || config.init(&device()),
        |layer, x| layer.forward(x),
    )
}

/// A kind of layer: its name, the largest number of samples, and its construction at a number of samples.
type Kind = (&'static str, usize, fn(usize) -> Construct);

/// All kinds of layers.
fn kinds() -> Vec<Kind> {
    const ALL: usize = 1 << 20;
    vec![
        ("FftConv1d", ALL, |n| {
            let config = Conv1dConfig::new(1, 2, 64).with_padding(PaddingConfig1d::Same);
            layer(
                signal(n),
                move || config.init_fft(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("FftConv2d", ALL, |n| {
            let config = Conv2dConfig::new([1, 2], [9, 9]);
            layer(
                image(n),
                move || config.init_fft(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("FftConv3d", ALL, |n| {
            let side = (n as f64).cbrt() as usize;
            let x = Tensor::ones([1, 1, side, side, n / side / side], &device());
            let config = Conv3dConfig::new([1, 2], [3, 3, 3]);
            layer(
                x,
                move || config.init_fft(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("LongConv1d", ALL, |n| {
            let config = LongConv1dConfig::new(1, n);
            layer(
                signal(n),
                move || config.init(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("GlobalFilter2d", ALL, |n| {
            let [height, width] = size(n);
            let x = image(n).reshape([1, height, width, 1]);
            let config = GlobalFilter2dConfig::new(1, [height, width]);
            layer(
                x,
                move || config.init(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("KkLayer", ALL, |n| {
            let construct = || KkLayerConfig::new([1, 1]).init(&device());
            layer(image(n), construct, |layer, x| layer.forward(x))
        }),
        ("FixedFourierConv2d", ALL, |n| {
            let config = FixedFourierConv2dConfig::from_function(1, size(n), |h, w| (h + w, 0.0));
            layer(
                image(n),
                move || config.init(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("fft_convolve2d", ALL, |n| {
            let filter = || Tensor::<2>::ones([9, 9], &device());
            layer(image(n), filter, |filter, x| {
                fft_convolve2d(x, filter, ConvolveMode::Same, ConvolveOutput::Real)
            })
        }),
        ("SpectralConv1d of Kernel", ALL, |n| {
            conv1d(KernelConfig::new([64]), n)
        }),
        ("SpectralConv1d of FullSpectrum", ALL, |n| {
            conv1d(FullSpectrumConfig::new([n]), n)
        }),
        ("SpectralConv1d of FourierModes", ALL, |n| {
            conv1d(FourierModesConfig::new([64]), n)
        }),
        ("SpectralConv1d of KramersKronig", ALL, |n| {
            conv1d(KramersKronigConfig::new([n]), n)
        }),
        ("SpectralConv2d of Kernel", ALL, |n| {
            conv2d(KernelConfig::new([9, 9]), n)
        }),
        ("SpectralConv2d of FullSpectrum", ALL, |n| {
            conv2d(FullSpectrumConfig::new(size(n)), n)
        }),
        ("SpectralConv2d of FourierModes", ALL, |n| {
            conv2d(FourierModesConfig::new([6, 6]), n)
        }),
        ("SpectralConv2d of Polynomial", ALL, |n| {
            conv2d(PolynomialConfig::new(3), n)
        }),
        ("SpectralConv2d of Gaussian", ALL, |n| {
            conv2d(GaussianConfig::new(), n)
        }),
        ("SpectralConv2d of ElementGate", ALL, |n| {
            conv2d(GateConfig::new(size(n)), n)
        }),
        ("SpectralPool2d", ALL, |n| {
            let [height, width] = size(n);
            let half = [height / 2, width / 2];
            layer(
                image(n),
                move || SpectralPool2d::new(half),
                |layer, x| layer.forward(x),
            )
        }),
        ("SpectralUpsample2d", 1 << 18, |n| {
            let double = size(n).map(|size| 2 * size);
            layer(
                image(n),
                move || SpectralUpsample2d::new(double),
                |layer, x| layer.forward(x),
            )
        }),
        ("AntiAliasedActivation", 1 << 18, |n| {
            let config = AntiAliasedActivationConfig::new(ActivationConfig::Relu);
            layer(
                image(n),
                move || config.init(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("FftLayer", ALL, |n| {
            let construct = || FftLayerConfig::new(SpectrumOutput::MagnitudeCosSin).init();
            layer(image(n), construct, |layer, x| layer.forward(x))
        }),
        ("PatchStft2d", ALL, |n| {
            let construct = || PatchStft2dConfig::new([16, 16]).init();
            layer(image(n), construct, |layer, x| layer.forward(x))
        }),
        // A weight a pair of frequencies.
        ("FrequencyGate", 1 << 12, |n| {
            let x = SpectrumGrid::full(size(n)).spectrum(image(n));
            let config = FrequencyGateConfig::new(1, size(n));
            layer(
                x,
                move || config.init(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("ToSpectrum", ALL, |n| {
            let grid = SpectrumGrid::half(size(n));
            layer(
                image(n),
                move || ToSpectrum::new(grid),
                |layer, x| layer.forward(x),
            )
        }),
        ("SpectralMix2d", ALL, |n| {
            let x = rfft2(image(n), Norm::Backward);
            let config = SpectralMix2dConfig::new([1, 1], KernelConfig::new([9, 9]));
            layer(
                x,
                move || config.init(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("SharedStack2d", ALL, |n| {
            let config = SharedStack2dConfig::new(1, [4, 4], PolynomialConfig::new(3));
            layer(
                image(n),
                move || config.init(&device()),
                |layer, x| layer.forward_signal(x),
            )
        }),
        ("FourierDomainConv2d", ALL, |n| {
            let x = rfft2(image(n), Norm::Backward);
            let config = FourierDomainConv2dConfig::new([1, 1], size(n));
            layer(
                x,
                move || config.init(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("ElementwiseConv2d", ALL, |n| {
            let x = SpectrumGrid::half(size(n)).spectrum(image(n));
            let config = ElementwiseConv2dConfig::new([1, 1], [5, 5], size(n));
            layer(
                x,
                move || config.init(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("ComplexBatchNorm", ALL, |n| {
            let grid = SpectrumGrid::half(size(n));
            let config = ComplexBatchNormConfig::new(1, ComplexNormForm::Image(grid));
            let x = grid.spectrum(image(n));
            layer(
                x,
                move || config.init(&device()),
                |layer, x| layer.forward(x),
            )
        }),
        ("SpatialMaxPool", ALL, |n| {
            let grid = SpectrumGrid::half(size(n));
            let construct = move || SpatialMaxPoolConfig::new(grid).init();
            layer(grid.spectrum(image(n)), construct, |layer, x| {
                layer.forward(x)
            })
        }),
        ("ThroughImage", 1 << 18, |n| {
            let grid = SpectrumGrid::half(size(n));
            let config = ThroughImageConfig::new(grid, ActivationConfig::Relu).with_factor(2);
            let x = grid.spectrum(image(n));
            layer(
                x,
                move || config.init(&device()),
                |layer, x| layer.forward(x),
            )
        }),
    ]
}

fn bench(criterion: &mut Criterion) {
    for (name, most, kind) in kinds() {
        for (part, is_call) in [("construct", false), ("first call", true)] {
            let mut group = criterion.benchmark_group(format!("{part}/{name}"));
            group
                .sample_size(10)
                .warm_up_time(Duration::from_millis(1))
                .measurement_time(Duration::from_millis(200));
            for length in [1 << 8, 1 << 12, 1 << 16, 1 << 20] {
                if length > most {
                    continue;
                }
                // A size of its own each time, so that nothing is planned for it.
                let mut next = length;
                group.bench_function(BenchmarkId::from_parameter(length), |bencher| {
                    bencher.iter_custom(|times| {
                        let mut total = Duration::ZERO;
                        for _ in 0..times.min(20) {
                            next = if next < length + length / 4 {
                                next + 4
                            } else {
                                length
                            };
                            let construct = kind(next);
                            let start = Instant::now();
                            let call = construct();
                            let constructed = start.elapsed();
                            call();
                            total += match is_call {
                                true => start.elapsed() - constructed,
                                false => constructed,
                            };
                        }
                        total * times as u32 / times.min(20) as u32
                    });
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
