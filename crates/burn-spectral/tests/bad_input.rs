//! What layers refuse, and what they say then.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::module::Param;
use burn::nn::conv::{Conv2dConfig, Conv3dConfig};
use burn::tensor::{Device, Tensor};
use burn_spectral::conv::{
    FftConvOptions, FixedFourierConv2dConfig, InitFft, KernelOrigin, SpectralConv2d,
    SpectralConv2dConfig, SpectralConvConfig, try_fft_conv,
};
use burn_spectral::frequency::SpectralMix1dConfig;
use burn_spectral::published::KkLayerConfig;
use burn_spectral::response::{
    Coupling, FrequencyResponse, FullSpectrumConfig, Gaussian, GaussianConfig, KernelConfig,
    KramersKronigConfig, ParametricForm, Polynomial, PolynomialConfig, ResponseConfig,
};
use burn_spectral::spectrum::GateConfig;
use burn_spectral::{FrequencyGrid, SpectralError};

/// Asserts that `forward` panics on such an input with the text of the error of `check`.
fn same_at_the_door<const D: usize>(
    dims: [usize; D],
    check: Result<(), SpectralError>,
    forward: impl Fn(Tensor<D>) -> Tensor<D>,
) -> String {
    let expected = check.unwrap_err().to_string();
    let input = Tensor::zeros(dims, &Device::flex());
    let panic = catch_unwind(AssertUnwindSafe(|| forward(input))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>(), Some(&expected), "{dims:?}");
    expected
}

/// Channels, empty axes, and for a bound response the size.
fn check_layer<C: ResponseConfig<4>>(response: C, is_bound: bool) {
    let layer = SpectralConv2dConfig::new([2, 3], response).init(&Device::flex());
    let refused = |dims: [usize; 4]| {
        same_at_the_door(dims, layer.check(dims).map(|_| ()), |x| layer.forward(x))
    };
    let text = refused([1, 3, 8, 6]);
    assert_eq!(
        text,
        "expected 2 channels, got an input of shape [1, 3, 8, 6]"
    );
    for dims in [[1, 2, 0, 6], [1, 2, 8, 0]] {
        let text = refused(dims);
        assert!(text.ends_with("must be at least 1, got 0"), "{text}");
    }
    if is_bound {
        let text = refused([1, 2, 8, 7]);
        assert!(
            text.contains("created for inputs of size [8, 6], got size [8, 7]"),
            "{text}"
        );
        refused([1, 2, 9, 6]);
    }
}

#[test]
fn every_response_refuses_other_channels_empty_axes_and_other_sizes() {
    let size = [8, 6];
    check_layer(FullSpectrumConfig::new(size), true);
    check_layer(KramersKronigConfig::new(size), true);
    check_layer(GateConfig::new(size), true);
    check_layer(KernelConfig::new([3, 3]), false);
    for form in [ParametricForm::Published, ParametricForm::Stable] {
        check_layer(PolynomialConfig::new(2).with_form(form), false);
        check_layer(GaussianConfig::new().with_form(form), false);
    }
    let layer = KkLayerConfig::new([2, 3]).init(&Device::flex());
    let dims = [1, 3, 8, 6];
    let check = layer.conv.check(dims).map(|_| ());
    same_at_the_door(dims, check, |x| layer.forward(x));
}

#[test]
fn the_drop_in_convolutions_have_a_check_with_the_text_of_their_panic() {
    let config = Conv2dConfig::new([4, 6], [5, 3]).with_groups(2);
    let layer = config.init_fft(&Device::flex());
    let refused = |dims| same_at_the_door(dims, layer.check(dims), |x| layer.forward(x));
    assert_eq!(
        refused([1, 3, 8, 8]),
        "expected 4 channels, got an input of shape [1, 3, 8, 8]"
    );
    assert_eq!(
        refused([1, 4, 4, 8]),
        "the dilated kernel, which spans 5 samples, is larger than the padded input, of 4 samples, on spatial axis 0 (input shape [1, 4, 4, 8])"
    );
    refused([1, 4, 8, 0]);
    let layer = Conv3dConfig::new([1, 1], [2, 2, 2]).init_fft(&Device::flex());
    same_at_the_door([1, 1, 2, 2, 1], layer.check([1, 1, 2, 2, 1]), |x| {
        layer.forward(x)
    });
}

#[test]
fn options_of_a_convolution_that_do_not_fit_are_refused() {
    let device = Device::flex();
    let text = |change: fn(&mut FftConvOptions), weight: [usize; 3]| {
        let mut options = FftConvOptions::new(1);
        change(&mut options);
        let x = Tensor::<3>::zeros([1, 4, 9], &device);
        let weight = Tensor::zeros(weight, &device);
        let error = try_fft_conv(x, weight, None, &options).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        text(|options| options.stride = vec![0], [2, 4, 3]),
        "the stride must be at least 1, got 0"
    );
    assert_eq!(
        text(|options| options.dilation = vec![1, 1], [2, 4, 3]),
        "expected 1 sizes, one per spatial axis, got [1, 1]"
    );
    assert_eq!(
        text(|options| options.padding = Vec::new(), [2, 4, 3]),
        "expected 1 sizes, one per spatial axis, got []"
    );
    assert_eq!(
        text(|options| options.groups = 2, [3, 2, 3]),
        "grouped coupling needs input and output channels that are multiples of 2, got 4 and 3"
    );
    assert_eq!(
        text(|options| options.groups = 0, [2, 4, 3]),
        "the number of groups must be at least 1, got 0"
    );
    assert_eq!(
        text(|_| (), [2, 4, 0]),
        "every size of a kernel must be at least 1, got 0"
    );
}

#[test]
fn a_published_form_on_other_axes_than_two_says_so() {
    let device = Device::flex();
    let published = ParametricForm::Published;
    let error = SpectralMix1dConfig::new([1, 1], GaussianConfig::new().with_form(published))
        .try_init(&device)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the published form of a Gaussian response has 2 spatial axes, got 1; use ParametricForm::Stable"
    );
    let polynomial = PolynomialConfig::new(1).with_form(published);
    let error = ResponseConfig::<5>::try_init(&polynomial, [1, 1], &device).unwrap_err();
    assert_eq!(
        error,
        SpectralError::Form {
            response: "polynomial",
            form: "published",
            expected: 2,
            got: 3
        }
    );
}

#[test]
fn more_axes_than_the_transforms_serve_are_refused() {
    let device = Device::flex();
    let error = SpectralConvConfig::<6, _>::new([1, 1], FullSpectrumConfig::new([2; 4]))
        .try_init(&device)
        .unwrap_err();
    assert_eq!(error.to_string(), "expected 1 to 3 spatial axes, got 4");
    let none = SpectralConvConfig::<2, _>::new([1, 1], KernelConfig::new([]));
    assert_eq!(
        none.try_init(&device).unwrap_err(),
        SpectralError::SpatialAxes { got: 0 }
    );
    let four = SpectralConvConfig::<6, _>::new([1, 1], GaussianConfig::new());
    assert!(four.try_init(&device).is_err());
}

/// Parameters `[1, 1, terms]` of which one is `value`.
fn parameters(terms: usize, place: usize, value: f32) -> Param<Tensor<3>> {
    let mut numbers = vec![0.5; terms];
    numbers[place] = value;
    let numbers = Tensor::<1>::from_floats(numbers.as_slice(), &Device::flex());
    Param::from_tensor(numbers.reshape([1, 1, terms]))
}

#[test]
fn parameters_that_are_not_numbers_are_named_before_they_spread() {
    let form = ParametricForm::Stable;
    for value in [f32::NAN, f32::INFINITY] {
        let gaussian = Gaussian {
            re: parameters(6, 0, 0.5),
            im: parameters(6, 4, value),
            axes: 2,
            form,
        };
        let error = gaussian.check_parameters().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "every parameter of a Gaussian response must be finite, got {value} at [0, 0, 4] \
                 of the imaginary part"
            )
        );
        let layer = SpectralConv2d::from_response(gaussian, [1, 1], Coupling::Dense).unwrap();
        let dims = [1, 1, 5, 6];
        same_at_the_door(dims, layer.check(dims).map(|_| ()), |x| layer.forward(x));

        let polynomial = Polynomial {
            re: parameters(1, 0, value),
            im: parameters(2, 0, 0.5),
            order: 1,
            axes: 2,
            form,
        };
        let text = polynomial.check_parameters().unwrap_err().to_string();
        assert!(text.contains("[0, 0, 0] of the real part"), "{text}");
        let grid = FrequencyGrid::new(&[5, 6]).unwrap();
        assert!(FrequencyResponse::<4>::check(&polynomial, &grid).is_err());
    }
}

#[test]
fn a_wrong_number_of_parameters_is_refused() {
    let grid = FrequencyGrid::new(&[5, 6]).unwrap();
    let gaussian = |terms, form| Gaussian {
        re: parameters(6, 0, 0.5),
        im: parameters(terms, 0, 0.5),
        axes: 2,
        form,
    };
    for form in [ParametricForm::Published, ParametricForm::Stable] {
        assert!(FrequencyResponse::<4>::check(&gaussian(6, form), &grid).is_ok());
        assert_eq!(
            FrequencyResponse::<4>::check(&gaussian(5, form), &grid).unwrap_err(),
            SpectralError::ResponseShape {
                expected: vec![1, 1, 6],
                got: vec![1, 1, 5]
            }
        );
    }
    let polynomial = Polynomial {
        re: parameters(4, 0, 0.5),
        im: parameters(3, 0, 0.5),
        order: 1,
        axes: 2,
        form: ParametricForm::Published,
    };
    assert!(FrequencyResponse::<4>::check(&polynomial, &grid).is_err());
}

#[test]
fn a_kernel_image_with_a_hole_is_refused_with_its_place() {
    let device = Device::flex();
    let mut samples = vec![1.0; 12];
    samples[7] = f32::NAN;
    let kernel = Tensor::<1>::from_floats(samples.as_slice(), &device).reshape([1, 3, 4]);
    let error = FixedFourierConv2dConfig::from_kernels(1, kernel, KernelOrigin::First)
        .try_init(&device)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "every sample of a kernel image must be finite, got NaN at [1, 3]"
    );
}
