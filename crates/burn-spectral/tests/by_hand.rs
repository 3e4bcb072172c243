//! Fields of layers set by hand to what no configuration makes: an error with its text, and no index that is out of range.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::nn::conv::{Conv1dConfig, Conv2dConfig};
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::{
    FftConvAlgorithm, FftConvOptions, GlobalFilter2dConfig, InitFft, SpectralConv2dConfig,
    try_fft_conv, try_fft_convolve2d, try_long_conv,
};
use burn_spectral::frequency::SpectralMix2dConfig;
use burn_spectral::response::{
    Coupling, FourierModesConfig, FrequencyResponse, FullSpectrumConfig, GaussianConfig,
    KernelConfig, KramersKronigConfig, PolynomialConfig, ResponseConfig,
};
use burn_spectral::spatial::{self, Activation};
use burn_spectral::spectrum::PatchStft2dConfig;
use burn_spectral::{FrequencyGrid, SpectralError};

fn panic_text<T>(f: impl FnOnce() -> T) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(f)) else {
        panic!("nothing panics");
    };
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn an_axis_set_by_hand_that_is_not_there_is_named() {
    let device = Device::flex();
    let config = KramersKronigConfig::new([4, 6]);
    let mut layer = SpectralConv2dConfig::new([1, 1], config).init(&device);
    layer.response.axis = 5;
    let expected = "spatial axis 5 is out of range: expected 0 to 1";
    let check = layer.check([1, 1, 4, 6]).unwrap_err();
    assert_eq!(check.to_string(), expected);
    assert_eq!(panic_text(|| layer.response.impulse_response()), expected);
    let forward = || layer.forward(Tensor::ones([1, 1, 4, 6], &device));
    assert_eq!(panic_text(forward), expected);

    let grid = FrequencyGrid::new(&[4, 6]).unwrap();
    let text = panic_text(|| grid.frequencies(2, &device));
    assert_eq!(
        text,
        "FrequencyGrid::frequencies: dim 2 is out of range for a tensor of rank 2 (accepted: -2 to 1)"
    );
}

#[test]
fn modes_set_by_hand_that_no_input_has_are_refused() {
    let device = Device::flex();
    let config = FourierModesConfig::new([2, 2]);
    let mut layer = SpectralConv2dConfig::new([1, 1], config).init(&device);
    // Their sum is 1 when it wraps around.
    for corner in [[2, usize::MAX], [usize::MAX, 2], [usize::MAX, usize::MAX]] {
        layer.response.corners[0] = corner;
        let error = layer.check([1, 1, 8, 8]).unwrap_err();
        assert!(matches!(error, SpectralError::Modes { .. }), "{error}");
        let forward = || layer.forward(Tensor::ones([1, 1, 8, 8], &device));
        assert_eq!(panic_text(forward), error.to_string());
    }
    layer.response.corners.clear();
    assert!(layer.check([1, 1, 8, 8]).is_err());
}

#[test]
fn channels_and_couplings_set_by_hand_that_do_not_fit_are_refused() {
    let device = Device::flex();
    let config = SpectralConv2dConfig::new([4, 4], KernelConfig::new([3, 3]));
    for coupling in [
        Coupling::Depthwise,
        Coupling::Grouped(3),
        Coupling::Grouped(0),
        Coupling::Grouped(usize::MAX),
        Coupling::Shared,
    ] {
        let mut layer = config.init(&device);
        layer.coupling = coupling;
        let error = layer.check([1, 4, 8, 8]).unwrap_err();
        let forward = || layer.forward(Tensor::ones([1, 4, 8, 8], &device));
        assert_eq!(panic_text(forward), error.to_string());
        let mix = SpectralMix2dConfig::new([4, 4], KernelConfig::new([3, 3]));
        let mut layer = mix.init(&device);
        layer.coupling = coupling;
        assert!(layer.check([1, 4, 8, 5], 8).is_err());
    }
    let mut layer = config.init(&device);
    layer.channels_in = 3;
    assert!(layer.check([1, 3, 8, 8]).is_err());
}

#[test]
fn options_of_a_convolution_set_by_hand_are_checked() {
    let device = Device::flex();
    let config = Conv2dConfig::new([2, 2], [3, 3]).with_padding(burn::nn::PaddingConfig2d::Same);
    let refused = |change: fn(&mut burn_spectral::conv::FftConv2d)| {
        let mut layer = config.init_fft(&device);
        change(&mut layer);
        let error = layer.check([1, 2, 8, 8]).unwrap_err().to_string();
        let forward = || layer.forward(Tensor::ones([1, 2, 8, 8], &device));
        assert_eq!(panic_text(forward), error);
        error
    };
    let expected = "the stride must be at least 1, got 0";
    assert_eq!(refused(|layer| layer.stride = [0, 1]), expected);
    refused(|layer| layer.stride = [1, usize::MAX]);
    refused(|layer| layer.dilation = [0, 1]);
    refused(|layer| layer.dilation = [usize::MAX, 1 << 62]);
    refused(|layer| layer.groups = 0);
    refused(|layer| layer.groups = usize::MAX);
    let mut layer = Conv2dConfig::new([2, 2], [3, 3]).init(&device);
    layer.padding = burn::nn::PaddingConfig2d::Same;
    layer.stride = [1, 0];
    let x = Tensor::ones([1, 2, 8, 8], &device);
    let error = spatial::try_conv2d_with(&layer, Activation::Identity, x);
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[test]
fn sizes_set_by_hand_that_do_not_fit_the_weights_are_refused() {
    let device = Device::flex();
    let mut filter = GlobalFilter2dConfig::new(2, [4, 6]).init(&device);
    filter.width = 9;
    let error = filter.check([1, 4, 9, 2]).unwrap_err().to_string();
    let forward = || filter.forward(Tensor::ones([1, 4, 9, 2], &device));
    assert_eq!(panic_text(forward), error);
    let mut free = SpectralConv2dConfig::new([1, 1], FullSpectrumConfig::new([4, 6])).init(&device);
    free.response.length = 9;
    let text = panic_text(|| free.forward(Tensor::ones([1, 1, 4, 9], &device)));
    assert!(
        text.contains("has shape [1, 1, 4, 4], expected [1, 1, 4, 5]"),
        "{text}"
    );
    for hop in [[0, 2], [2, 5], [usize::MAX, 2]] {
        let mut stft = PatchStft2dConfig::new([4, 4]).init();
        stft.hop = hop;
        assert!(stft.check([1, 1, 8, 8]).is_err());
        assert!(stft.check_spectra([1, 1, 4, 4, 4, 3], [8, 8]).is_err());
    }
    let grid = FrequencyGrid::new(&[4, 6]).unwrap();
    let polynomial = PolynomialConfig::new(2);
    let mut polynomial = ResponseConfig::<4>::init(&polynomial, [1, 1], &device);
    polynomial.order = usize::MAX;
    assert!(FrequencyResponse::<4>::check(&polynomial, &grid).is_err());
    polynomial.axes = usize::MAX;
    assert!(FrequencyResponse::<4>::check(&polynomial, &grid).is_err());
    let mut gaussian = ResponseConfig::<4>::init(&GaussianConfig::new(), [1, 1], &device);
    gaussian.axes = usize::MAX;
    assert!(FrequencyResponse::<4>::check(&gaussian, &grid).is_err());
}

const ALGORITHMS: [FftConvAlgorithm; 4] = [
    FftConvAlgorithm::Auto,
    FftConvAlgorithm::Direct,
    FftConvAlgorithm::Whole,
    FftConvAlgorithm::Tiled { tile: 6 },
];

#[test]
fn a_bias_of_another_length_is_refused_by_every_algorithm() {
    let device = Device::flex();
    for algorithm in ALGORITHMS {
        let mut options = FftConvOptions::new(2);
        options.algorithm = algorithm;
        for length in [0, 1, 3, 5] {
            let x = Tensor::<4>::ones([1, 1, 9, 9], &device);
            let weight = Tensor::ones([4, 1, 3, 3], &device);
            let bias = Some(Tensor::ones([length], &device));
            let error = try_fft_conv(x, weight, bias, &options).unwrap_err();
            let expected = format!("bias has {length} values, expected 4, one per output channel");
            assert_eq!(error.to_string(), expected, "{algorithm}");
        }
    }
    let mut layer = Conv1dConfig::new(1, 4, 3).init(&device);
    layer.bias = Some(burn::module::Param::from_tensor(Tensor::ones([1], &device)));
    let x = || Tensor::<3>::ones([1, 1, 9], &device);
    let error = spatial::try_conv1d_with(&layer, Activation::RELU, x()).unwrap_err();
    assert!(matches!(
        error,
        SpectralError::Bias {
            channels: 4,
            got: 1
        }
    ));
    let twin = burn_spectral::conv::FftConv1d::from(layer);
    assert_eq!(panic_text(|| twin.forward(x())), error.to_string());
}

#[test]
fn factors_of_another_dtype_are_refused_by_every_operation_that_can() {
    let device = Device::flex();
    let wide = (&device, DType::F64);
    for algorithm in ALGORITHMS {
        let mut options = FftConvOptions::new(1);
        options.algorithm = algorithm;
        let x = || Tensor::<3>::ones([1, 1, 9], &device);
        let weight = Tensor::<3>::ones([4, 1, 3], &device);
        let bias = Some(Tensor::<1>::ones([4], wide));
        let error = try_fft_conv(x(), weight, bias, &options).unwrap_err();
        assert_eq!(
            error.to_string(),
            "dtype mismatch: input is F32, bias is F64; cast one of them"
        );
        let weight = Tensor::<3>::ones([4, 1, 3], wide);
        let error = try_fft_conv(x(), weight, None, &options).unwrap_err();
        assert_eq!(
            error.to_string(),
            "dtype mismatch: input is F32, weight is F64; cast one of them"
        );
    }
    let x = || Tensor::<3>::ones([1, 2, 9], &device);
    let error = try_long_conv(x(), Tensor::ones([2, 3], wide), None).unwrap_err();
    assert!(matches!(error, SpectralError::Dtype { .. }), "{error}");
    let kernel = Tensor::ones([2, 3], &device);
    assert!(try_long_conv(x(), kernel, Some(Tensor::ones([2], wide))).is_err());
    let (mode, output) = Default::default();
    let filter = Tensor::<2>::ones([3, 3], wide);
    let image = Tensor::<4>::ones([1, 1, 9, 9], &device);
    assert!(try_fft_convolve2d(image, filter, mode, output).is_err());
    let layer = Conv1dConfig::new(2, 4, 3).init(&device);
    let x = Tensor::<3>::ones([1, 2, 9], wide);
    assert!(spatial::try_conv1d_with(&layer, Activation::Identity, x).is_err());
}
