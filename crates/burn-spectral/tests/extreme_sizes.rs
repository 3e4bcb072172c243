//! Sizes at the ends of their range: every constructor and every operation that can refuse gives a result or an error, in
//! little time and memory, and nothing wraps around.

use burn::nn::activation::ActivationConfig;
use burn::nn::conv::{Conv1dConfig, Conv2dConfig, Conv3dConfig};
use burn::nn::{PaddingConfig1d, PaddingConfig2d};
use burn::tensor::{Device, Tensor};
use burn_spectral::conv::{
    ConvShape, FftConvAlgorithm, FftConvOptions, FixedFourierConv2dConfig, GlobalFilter2dConfig,
    InitFft, LongConv1dConfig, SpectralConvConfig, try_fft_conv,
};
use burn_spectral::frequency::{
    ComplexBatchNormConfig, ComplexLinearConfig, ComplexNormForm, ModReluConfig, SpectralMixConfig,
    SpectrumGrid, SupportProjection, ThroughImageConfig, ToSpectrum,
};
use burn_spectral::inspect::Probe;
use burn_spectral::pool::{AntiAliasedActivationConfig, SpectralPool2d, SpectralUpsample2d};
use burn_spectral::published::KkLayerConfig;
use burn_spectral::published::{
    ElementwiseConv2dConfig, FourierDomainConv2dConfig, NoiseForm, SharedStackConfig,
    SpatialMaxPoolConfig, SpectralNoiseConfig,
};
use burn_spectral::response::{
    BandLimitedConfig, ConstantConfig, Coupling, FourierModesConfig, FullSpectrumConfig,
    GaussianConfig, KernelConfig, KramersKronigConfig, ParametricForm, PolynomialConfig,
    ResponseConfig,
};
use burn_spectral::spatial;
use burn_spectral::spectrum::{
    ElementGateConfig, FrequencyGateConfig, GateConfig, PatchEdges, PatchStft2dConfig,
};
use burn_spectral::{FrequencyGrid, SpectralError, SpectralInitializer};

const MAX: usize = usize::MAX;
/// The ends of the range, and a size that is none.
const SIZES: [usize; 6] = [3, 0, 1, 1 << 31, 1 << 62, MAX];

/// Every choice of `N` sizes of which at most two are not the usual one.
fn sweep<const N: usize>(mut attempt: impl FnMut([usize; N])) {
    for first in 0..N {
        for second in 0..=first {
            for a in SIZES {
                for b in SIZES {
                    let mut sizes = [SIZES[0]; N];
                    (sizes[first], sizes[second]) = (a, b);
                    attempt(sizes);
                }
            }
        }
    }
    for size in SIZES {
        attempt([size; N]);
    }
}

/// Asserts that what is beyond every layer is refused, and what is usual is not. What lies between may be either.
fn expect<T>(what: &str, sizes: &[usize], result: Result<T, SpectralError>) {
    if sizes.iter().all(|size| *size == SIZES[0]) {
        let error = result.err().map(|error| error.to_string());
        assert_eq!(error, None, "{what}{sizes:?}");
    } else if sizes.iter().any(|size| *size >= 1 << 31) {
        let error = result.err().map(|error| error.to_string());
        let error = error.unwrap_or_else(|| panic!("{what}{sizes:?} is accepted"));
        assert!(!error.is_empty(), "{what}{sizes:?}");
    }
}

#[test]
fn every_response_refuses_sizes_beyond_its_reach() {
    let device = Device::flex();
    sweep(|sizes @ [outputs, inputs, a, b]: [usize; 4]| {
        let channels = [outputs, inputs];
        fn init<C: ResponseConfig<4>>(
            config: C,
            channels: [usize; 2],
            device: &Device,
        ) -> Result<C::Response, SpectralError> {
            config.try_init(channels, device)
        }
        expect(
            "FullSpectrum",
            &sizes,
            init(FullSpectrumConfig::new([a, b]), channels, &device),
        );
        expect(
            "Kernel",
            &sizes,
            init(KernelConfig::new([a, b]), channels, &device),
        );
        let config = KramersKronigConfig::new([a, b]);
        expect("KramersKronig", &sizes, init(config, channels, &device));
        let config = GateConfig::new([a, b]);
        expect("ElementGate", &sizes, init(config, channels, &device));
        for draw in [SpectralInitializer::Conv, SpectralInitializer::Published] {
            for config in [
                FourierModesConfig::new([a, b]),
                FourierModesConfig::centered([a, b]),
            ] {
                let config = config.with_initializer(draw);
                expect("FourierModes", &sizes, init(config, channels, &device));
            }
        }
        let config = BandLimitedConfig::new(KernelConfig::new([3, 3]), [a, b]);
        expect("BandLimited", &sizes, init(config, channels, &device));
    });
    sweep(|sizes @ [outputs, inputs, order]: [usize; 3]| {
        let channels = [outputs, inputs];
        for form in [ParametricForm::Published, ParametricForm::Stable] {
            let config = PolynomialConfig::new(order).with_form(form);
            let result = ResponseConfig::<4>::try_init(&config, channels, &device);
            expect("Polynomial", &sizes, result);
            let config = GaussianConfig::new().with_form(form);
            let result = ResponseConfig::<4>::try_init(&config, channels, &device);
            expect("Gaussian", &[outputs, inputs], result);
        }
        let result = ResponseConfig::<4>::try_init(&ConstantConfig::new(), channels, &device);
        expect("Constant", &[outputs, inputs], result);
    });
    let mut config = FourierModesConfig::new([3, 3]);
    config.corners[0][1] = MAX;
    assert!(ResponseConfig::<4>::try_init(&config, [1, 1], &device).is_err());
    let config = KramersKronigConfig::new([3, 3]).with_axis(MAX);
    assert!(ResponseConfig::<4>::try_init(&config, [1, 1], &device).is_err());
}

#[test]
fn every_convolution_refuses_sizes_beyond_its_reach() {
    let device = Device::flex();
    sweep(|sizes @ [inputs, outputs, size, groups]: [usize; 4]| {
        let config = |coupling| {
            SpectralConvConfig::<3, _>::new([inputs, outputs], FullSpectrumConfig::new([size]))
                .with_coupling(coupling)
        };
        for coupling in [Coupling::Dense, Coupling::Depthwise, Coupling::Shared] {
            let result = config(coupling).try_init(&device);
            expect("SpectralConv", &[inputs, outputs, size], result);
        }
        let result = config(Coupling::Grouped(groups)).try_init(&device);
        expect("SpectralConv", &sizes, result);
        let response = KernelConfig::new([3, size, 3]);
        let mix = SpectralMixConfig::<5, _>::new([inputs, outputs], response.clone());
        expect(
            "SpectralMix",
            &[inputs, outputs, size],
            mix.try_init(&device),
        );
        let stack = SharedStackConfig::<5, _>::new(inputs, [outputs], response);
        expect(
            "SharedStack",
            &[inputs, outputs, size],
            stack.try_init(&device),
        );
        let result = KkLayerConfig::new([inputs, outputs]).try_init(&device);
        expect("KkLayer", &[inputs, outputs], result);
        let result = GlobalFilter2dConfig::new(inputs, [outputs, size]).try_init(&device);
        expect("GlobalFilter2d", &[inputs, outputs, size], result);
        let config =
            FixedFourierConv2dConfig::from_function(inputs, [outputs, size], |_, _| (1.0, 0.0));
        expect(
            "FixedFourierConv2d",
            &[inputs, outputs, size],
            config.try_init(&device),
        );
        for init in [
            SpectralInitializer::Conv,
            SpectralInitializer::Decay,
            SpectralInitializer::Normal(1.0),
        ] {
            let config = LongConv1dConfig::new(inputs, size).with_initializer(init);
            expect("LongConv1d", &[inputs, size], config.try_init(&device));
        }
    });
    sweep(
        |sizes @ [inputs, outputs, kernel, stride, dilation, groups]: [usize; 6]| {
            let config = Conv1dConfig::new(inputs, outputs, kernel)
                .with_stride(stride)
                .with_dilation(dilation)
                .with_groups(groups);
            expect("FftConv1d", &sizes, config.try_init_fft(&device));
            let config = Conv2dConfig::new([inputs, outputs], [3, kernel])
                .with_stride([1, stride])
                .with_dilation([dilation, 1])
                .with_groups(groups);
            expect("FftConv2d", &sizes, config.try_init_fft(&device));
            let config = Conv3dConfig::new([inputs, outputs], [kernel, 1, kernel])
                .with_stride([1, stride, 3])
                .with_dilation([dilation, 1, dilation])
                .with_groups(groups);
            expect("FftConv3d", &sizes, config.try_init_fft(&device));
        },
    );
}

#[test]
fn every_layer_on_spectra_and_every_pooling_refuses_sizes_beyond_its_reach() {
    let device = Device::flex();
    sweep(|sizes @ [inputs, outputs, a, b]: [usize; 4]| {
        let size = [a, b];
        for grid in [SpectrumGrid::half(size), SpectrumGrid::full(size)] {
            expect("ToSpectrum", &size, ToSpectrum::try_new(grid));
            expect(
                "SupportProjection",
                &size,
                SupportProjection::try_new(grid, [3, 3]),
            );
            expect(
                "SpatialMaxPool",
                &size,
                SpatialMaxPoolConfig::new(grid).try_init(),
            );
            let form = NoiseForm::Hermitian(grid);
            let noise = SpectralNoiseConfig::new(0.1).with_form(form);
            expect("SpectralNoise", &size, noise.try_init());
            let norm = |form| ComplexBatchNormConfig::new(inputs, form).try_init(&device);
            for form in [ComplexNormForm::PerPart, ComplexNormForm::Whitening] {
                expect("ComplexBatchNorm", &[inputs], norm(form));
            }
            for form in [
                ComplexNormForm::Image(grid),
                ComplexNormForm::Magnitude(grid),
                ComplexNormForm::CenteredMagnitude(grid),
            ] {
                expect("ComplexBatchNorm", &[inputs, a, b], norm(form));
            }
        }
        for config in [
            ElementwiseConv2dConfig::new([inputs, outputs], [3, 3], size),
            ElementwiseConv2dConfig::published([inputs, outputs], [3, 3], size),
        ] {
            expect("ElementwiseConv2d", &sizes, config.try_init(&device));
        }
        let support = SupportProjection::try_new(SpectrumGrid::half([3, 3]), size);
        expect("SupportProjection", &size, support);
        for config in [
            FourierDomainConv2dConfig::new([inputs, outputs], size),
            FourierDomainConv2dConfig::published([inputs, outputs], size),
        ] {
            expect("FourierDomainConv2d", &sizes, config.try_init(&device));
        }
        let linear = ComplexLinearConfig::new([inputs, outputs]);
        expect(
            "ComplexLinear",
            &[inputs, outputs],
            linear.try_init(&device),
        );
        expect(
            "TwoBranchLinear",
            &[inputs, outputs],
            linear.try_init_branches(&device),
        );
        expect(
            "ModRelu",
            &[inputs],
            ModReluConfig::new(inputs).try_init(&device),
        );
        let gate = FrequencyGateConfig::new(inputs, size).try_init(&device);
        expect("FrequencyGate", &[inputs, a, b], gate);
        let gate = ElementGateConfig::new(inputs, size).try_init(&device);
        expect("ElementGate", &[inputs, a, b], gate);
        expect("SpectralPool2d", &size, SpectralPool2d::try_new(size));
        expect(
            "SpectralUpsample2d",
            &size,
            SpectralUpsample2d::try_new(size),
        );
        expect("FrequencyGrid", &size, FrequencyGrid::new(&size));
        expect("Probe", &[inputs, a, b], Probe::new(inputs, size, &device));
        for edges in [PatchEdges::Periodic, PatchEdges::Zero] {
            let config = PatchStft2dConfig::new([a, b]).with_edges(edges);
            expect(
                "PatchStft2d",
                &size,
                config.clone().with_hop([1, 1]).try_init(),
            );
            let stft = PatchStft2dConfig::new([3, 3]).with_edges(edges);
            let layer = stft.clone().with_hop([1, 1]).init();
            expect("PatchStft2d::check", &size, layer.check(sizes));
            let spectra = layer.check_spectra([inputs, outputs, 3, 3, 3, 2], size);
            if size.iter().any(|size| *size >= 1 << 31) {
                assert!(spectra.is_err());
            }
            assert!(stft.with_hop([MAX, a]).try_init().is_err());
        }
    });
    sweep(|sizes @ [factor, a, b, margin, window]: [usize; 5]| {
        let grid = SpectrumGrid::half([a, b]);
        let config = ThroughImageConfig::new(grid, ActivationConfig::Relu).with_factor(factor);
        expect("ThroughImage", &[factor, a, b], config.try_init(&device));
        let config = ThroughImageConfig::new(SpectrumGrid::half([9, 9]), ActivationConfig::Relu)
            .with_pool(Some([window, 1]))
            .with_margin([margin, 0])
            .with_output_margin([1, margin]);
        expect("ThroughImage", &[margin, window], config.try_init(&device));
        let config = SpatialMaxPoolConfig::new(grid).with_window([window, window]);
        expect("SpatialMaxPool", &[a, b, window], config.try_init());
        let activation = AntiAliasedActivationConfig::new(ActivationConfig::Relu);
        let layer = activation.with_factor(factor).try_init(&device);
        if let Ok(layer) = &layer {
            expect(
                "AntiAliasedActivation",
                &[factor, a, b],
                layer.check([1, 1, a, b]),
            );
        }
        expect("AntiAliasedActivation", &[factor], layer);
        let pool = SpectralUpsample2d::new([3, 3]);
        expect("SpectralUpsample2d", &sizes[1..3], pool.check([1, 1, a, b]));
        let batch = SpectralUpsample2d::new([1 << 20, 1 << 12]).check([1 << 12, 1 << 12, 3, 3]);
        assert!(matches!(batch, Err(SpectralError::TooLarge { .. })));
    });
}

/// All outputs of a convolution of three samples with two taps under these options.
fn convolve(options: &FftConvOptions) -> Result<Vec<usize>, SpectralError> {
    let device = Device::flex();
    let x = Tensor::<3>::ones([1, 1, 3], &device);
    let weight = Tensor::<3>::ones([1, 1, 2], &device);
    let shape = try_fft_conv(x, weight, None, options)?.dims().to_vec();
    Ok(shape)
}

#[test]
fn options_of_a_convolution_beyond_its_reach_are_refused_by_every_algorithm() {
    for algorithm in [
        FftConvAlgorithm::Auto,
        FftConvAlgorithm::Direct,
        FftConvAlgorithm::Whole,
        FftConvAlgorithm::Tiled { tile: 4 },
        FftConvAlgorithm::Tiled { tile: MAX },
    ] {
        sweep(|sizes @ [stride, before, after, dilation]: [usize; 4]| {
            let mut options = FftConvOptions::new(1);
            options.algorithm = algorithm;
            options.stride = vec![stride];
            options.padding = vec![(before, after)];
            options.dilation = vec![dilation];
            // A tile of 4 holds two taps 3 apart.
            expect("try_fft_conv", &sizes, convolve(&options));
            let shape = ConvShape::new(&[1, 1, 3], &[1, 1, 2], &options);
            assert_eq!(shape.is_ok(), convolve(&options).is_ok());
        });
        let mut options = FftConvOptions::new(1);
        options.algorithm = algorithm;
        for groups in SIZES[1..].iter().filter(|groups| **groups != 1) {
            options.groups = *groups;
            assert!(convolve(&options).is_err(), "{groups} groups");
        }
    }
    sweep(|sizes: [usize; 6]| {
        let [x, weight] = [&sizes[..3], &sizes[3..]];
        // Only whether it returns counts: few of these fit each other.
        if let Ok(shape) = ConvShape::new(x, weight, &FftConvOptions::new(1)) {
            assert!(shape.estimates().iter().all(|e| e.both_ms.is_finite()));
        }
    });
}

#[test]
fn a_padding_at_the_end_of_the_range_does_not_wrap_around() {
    let mut options = FftConvOptions::new(1);
    options.padding = vec![(MAX, 2)];
    assert_eq!(
        convolve(&options).unwrap_err().to_string(),
        "the padded length of spatial axis 0 is too large: at most 2147483647, got \
         18446744073709551620"
    );
    let device = Device::flex();
    let config = Conv1dConfig::new(1, 1, 3).with_padding(PaddingConfig1d::Explicit(MAX, 2));
    assert_eq!(
        config.try_init_fft(&device).unwrap_err().to_string(),
        "the padding is too large: at most 2147483647, got 18446744073709551615"
    );
    let mut layer = Conv2dConfig::new([1, 1], [3, 3]).init_fft(&device);
    layer.padding = PaddingConfig2d::Explicit(1 << 62, 0, 1 << 62, 0);
    let error = layer.check([1, 1, 4, 4]).unwrap_err();
    assert!(matches!(error, SpectralError::TooLarge { .. }), "{error}");
    let mut layer = Conv2dConfig::new([1, 1], [3, 3]).init(&device);
    layer.padding = PaddingConfig2d::Explicit(MAX, 0, 2, 0);
    let x = Tensor::ones([1, 1, 4, 4], &device);
    let result = spatial::try_conv2d_with(&layer, spatial::Activation::Identity, x);
    assert!(matches!(
        result.unwrap_err(),
        SpectralError::TooLarge { .. }
    ));
}

#[test]
fn a_step_beyond_the_last_output_gives_the_first_one_alone() {
    let device = Device::flex().autodiff();
    for algorithm in [
        FftConvAlgorithm::Auto,
        FftConvAlgorithm::Direct,
        FftConvAlgorithm::Whole,
    ] {
        let mut options = FftConvOptions::new(1);
        options.algorithm = algorithm;
        options.stride = vec![(1 << 31) - 1];
        let x = Tensor::<3>::from_floats([[[1.0, 2.0, 3.0, 4.0]]], &device).require_grad();
        let weight = Tensor::<3>::from_floats([[[5.0, 7.0]]], &device).require_grad();
        let y = try_fft_conv(x.clone(), weight.clone(), None, &options).unwrap();
        assert_eq!(y.dims(), [1, 1, 1]);
        let gradients = y.clone().sum().backward();
        let values = |tensor: Tensor<3>| tensor.into_data().try_into_vec::<f32>().unwrap();
        let close = |got: Vec<f32>, want: &[f32]| {
            let error = got.iter().zip(want).map(|(a, b)| (a - b).abs());
            assert!(
                error.fold(0.0, f32::max) < 1e-5,
                "{algorithm}: {got:?} {want:?}"
            );
        };
        close(values(y.inner()), &[19.0]);
        close(values(x.grad(&gradients).unwrap()), &[5.0, 7.0, 0.0, 0.0]);
        close(values(weight.grad(&gradients).unwrap()), &[1.0, 2.0]);
    }
}

#[test]
fn a_factor_of_anti_aliasing_at_the_end_of_the_range_does_not_wrap_around() {
    let device = Device::flex();
    let config = AntiAliasedActivationConfig::new(ActivationConfig::Relu);
    let error = config.clone().with_factor(1 << 62).try_init(&device);
    assert_eq!(
        error.unwrap_err().to_string(),
        "the upsampling factor is too large: at most 2147483647, got 4611686018427387904"
    );
    let mut layer = config.init(&device);
    // Four samples times this are 2^64 + 4.
    layer.factor = (1 << 62) + 1;
    assert!(layer.check([1, 1, 4, 4]).is_err());
}
