//! Layers that stay on spectra: against PyTorch, against the convolution with its transforms, and
//! what a stack of them cannot see.

mod common;
mod sampled;

use burn::module::{Module, ModuleDisplay, Param};
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::{ConjugateFactor, SpectralConv2d};
use burn_spectral::frequency::{
    CRelu, FlattenSpectrum, ModRelu, SpectralMix1dConfig, SpectralMix2d, SpectralMix2dConfig,
    SpectralMix3dConfig, ZRelu,
};
use burn_spectral::published::{FourierDomainConv2d, FourierDomainConv2dConfig};
use burn_spectral::response::{
    ConstantConfig, Coupling, FrequencyResponse, FullSpectrum, FullSpectrumConfig, GaussianConfig,
    KernelConfig, KramersKronigConfig, ParametricForm, PolynomialConfig, ResponseConfig,
};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, fft};
use common::golden::{Case, load};
use common::{DTYPES, assert_close, complex_values, noise_complex, noise_tensor, values};

// Against PyTorch.

/// Runs `layer` on the input of a case, checks its output and the gradient of the input, and gives
/// the gradients of everything else.
fn check_golden(
    case: &Case,
    dtype: DType,
    layer: impl FnOnce(ComplexTensor<4>) -> ComplexTensor<4>,
) -> burn::tensor::Gradients {
    let device = Device::flex().autodiff();
    let x = sampled::complex::<4>(case, "input", dtype, &device).map(Tensor::require_grad);
    let y = layer(x.clone());
    sampled::check_complex(case, "output", y.clone());
    let cotangent = sampled::complex(case, "cotangent", dtype, &device);
    let loss = (y.re * cotangent.re).sum() + (y.im * cotangent.im).sum();
    let gradients = loss.backward();
    sampled::check_complex(
        case,
        "grad.input",
        x.map(|part| part.grad(&gradients).unwrap()),
    );
    gradients
}

#[test]
fn activations_and_free_mixes_and_their_gradients_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    for case in &load("spectra") {
        for dtype in DTYPES {
            match case.text("kind") {
                "crelu" => {
                    check_golden(case, dtype, |x| CRelu.forward(x));
                }
                "zrelu" => {
                    check_golden(case, dtype, |x| ZRelu.forward(x));
                }
                "modrelu" => {
                    let offset = sampled::real::<1>(case, "offset", dtype, &device);
                    let layer = ModRelu {
                        offset: Param::from_tensor(offset),
                    };
                    let gradients = check_golden(case, dtype, |x| layer.forward(x));
                    let gradient = layer.offset.val().grad(&gradients).unwrap();
                    sampled::check(case, "grad.offset", gradient);
                }
                "fourier_domain" => {
                    let weights = sampled::complex::<4>(case, "response", dtype, &device);
                    let response = FullSpectrum {
                        re: Param::from_tensor(weights.re),
                        im: Param::from_tensor(weights.im),
                        length: case.numbers("size")[1],
                    };
                    let mix =
                        SpectralMix2d::from_response(response, [2, 2], sampled::coupling(case));
                    let layer = FourierDomainConv2d { mix: mix.unwrap() };
                    let gradients = check_golden(case, dtype, |x| {
                        let width = layer.mix.response.length;
                        layer.forward(HalfSpectrum::new(x, width)).into_complex()
                    });
                    let FullSpectrum { re, im, .. } = &layer.mix.response;
                    let [re, im] = [re, im].map(|part| part.val().grad(&gradients).unwrap());
                    sampled::check_complex(case, "grad.response", ComplexTensor::new(re, im));
                }
                other => panic!("{}: unknown layer {other}", case.name),
            }
        }
    }
}

// Against the convolution with its transforms.

fn check_against_convolution<C: ResponseConfig<4>>(config: C, size: [usize; 2]) {
    let device = Device::flex();
    for (coupling, channels) in [
        (Coupling::Dense, [2, 3]),
        (Coupling::Shared, [2, 3]),
        (Coupling::Depthwise, [2, 4]),
        (Coupling::Grouped(2), [4, 2]),
    ] {
        for conjugate in [
            ConjugateFactor::None,
            ConjugateFactor::Response,
            ConjugateFactor::Input,
        ] {
            let mix = SpectralMix2dConfig::new(channels, config.clone())
                .with_coupling(coupling)
                .with_conjugate(conjugate)
                .init(&device);
            let mut conv =
                SpectralConv2d::from_response(mix.response.clone(), channels, coupling).unwrap();
            conv.conjugate = conjugate;
            let x = noise_tensor([2, channels[0], size[0], size[1]], 1, DType::F32, &device);
            let spectrum = fft::rfft2(x.clone(), Norm::Backward);
            let got = fft::irfft2(mix.forward(spectrum), Norm::Backward);
            let what = format!("{config:?}, {coupling:?}, {conjugate:?}, {size:?}");
            assert_close(&what, &values(got), &values(conv.forward(x)), 2e-6);
        }
    }
}

#[test]
fn a_mix_between_transforms_is_the_convolution_with_the_same_response() {
    for size in [[6, 8], [5, 7]] {
        check_against_convolution(FullSpectrumConfig::new(size), size);
        check_against_convolution(ConstantConfig::new(), size);
        check_against_convolution(KernelConfig::new([3, 2]), size);
        check_against_convolution(KramersKronigConfig::new(size), size);
        for form in [ParametricForm::Published, ParametricForm::Stable] {
            check_against_convolution(GaussianConfig::new().with_form(form), size);
            check_against_convolution(PolynomialConfig::new(3).with_form(form), size);
        }
    }
}

#[test]
fn the_offset_is_added_to_both_parts_of_every_frequency() {
    let device = Device::flex();
    let mut layer = SpectralMix2dConfig::new([2, 2], PolynomialConfig::new(1)).init(&device);
    assert!(layer.bias.is_none());
    let x = noise_complex([1, 2, 4, 3], 1, DType::F32, &device);
    let x = HalfSpectrum::new(x, 4);
    let plain = layer.forward(x.clone());
    let offsets = Tensor::<2>::from_floats([[1.0, 2.0], [30.0, 40.0]], &device);
    layer.bias = Some(Param::from_tensor(offsets));
    let moved = (layer.forward(x) - plain).into_complex();
    for (part, want) in [(moved.re, [1.0, 2.0]), (moved.im, [30.0, 40.0])] {
        for (channel, want) in want.into_iter().enumerate() {
            for got in values(part.clone().narrow(1, channel, 1)) {
                assert!(
                    (got - want).abs() < 1e-5,
                    "channel {channel}: {got} for {want}"
                );
            }
        }
    }
}

// What a stack cannot see.

/// Blocks of six filters with the published response, CReLU after each.
struct Stack(Vec<SpectralMix2d<burn_spectral::response::Gaussian>>);

impl Stack {
    fn new(coupling: Coupling) -> Self {
        let (device, _alone) = common::seeded(8);
        let response = GaussianConfig::new().with_form(ParametricForm::Published);
        let block = |channels| {
            SpectralMix2dConfig::new(channels, response.clone())
                .with_coupling(coupling)
                .init(&device)
        };
        Self(vec![block([3, 6]), block([6, 6]), block([6, 4])])
    }

    fn forward(&self, spectrum: ComplexTensor<4>, width: usize) -> ComplexTensor<4> {
        let block = |x, layer: &SpectralMix2d<_>| CRelu.forward(layer.forward(x));
        let spectrum = HalfSpectrum::new(spectrum, width);
        self.0.iter().fold(spectrum, block).into_complex()
    }
}

fn permuted(x: &ComplexTensor<4>, order: [usize; 3]) -> ComplexTensor<4> {
    let channels = order.map(|channel| x.clone().narrow(1, channel, 1));
    ComplexTensor::cat(channels.to_vec(), 1)
}

#[test]
fn one_frequency_of_the_input_reaches_that_frequency_of_the_output_alone() {
    let device = Device::flex();
    let (height, width) = (6, 8);
    for coupling in [Coupling::Shared, Coupling::Dense] {
        let stack = Stack::new(coupling);
        let x = noise_complex([1, 3, height, width / 2 + 1], 3, DType::F32, &device);
        let before = stack.forward(x.clone(), width);
        for (row, column) in [(0, 0), (2, 3), (5, 4)] {
            let bin = [0..1, 0..3, row..row + 1, column..column + 1];
            let push = |part: Tensor<4>| {
                let value = part.clone().slice(bin.clone()) + 5.0;
                part.slice_assign(bin.clone(), value)
            };
            let after = stack.forward(x.clone().map(push), width);
            let change = (after - before.clone()).abs();
            let here = [0..1, 0..4, row..row + 1, column..column + 1];
            assert!(
                change
                    .clone()
                    .slice(here.clone())
                    .sum()
                    .into_scalar::<f32>()
                    > 0.0,
                "{coupling:?}: bin ({row}, {column}) does not matter"
            );
            let nothing = Tensor::zeros([1, 4, 1, 1], &device);
            assert_eq!(
                change
                    .slice_assign(here, nothing)
                    .max()
                    .into_scalar::<f32>(),
                0.0,
                "{coupling:?}: bin ({row}, {column}) reaches others"
            );
        }
    }
}

#[test]
fn the_published_coupling_sees_the_sum_of_the_channels_and_no_more() {
    let device = Device::flex();
    let x = noise_complex::<4>([2, 3, 6, 5], 4, DType::F32, &device);
    let sum = x.clone().map(|part| part.sum_dim(1));
    let only = ComplexTensor::cat(
        vec![
            sum.clone(),
            sum.clone().mul_scalar(0.0),
            sum.mul_scalar(0.0),
        ],
        1,
    );
    let stack = Stack::new(Coupling::Shared);
    let want = complex_values(stack.forward(x.clone(), 8));
    for moved in [
        permuted(&x, [1, 2, 0]),
        permuted(&x, [2, 1, 0]),
        only.clone(),
    ] {
        assert_close(
            "shared",
            &complex_values(stack.forward(moved, 8)),
            &want,
            1e-6,
        );
    }
    let dense = Stack::new(Coupling::Dense);
    let want = complex_values(dense.forward(x.clone(), 8));
    let moved = complex_values(dense.forward(permuted(&x, [1, 2, 0]), 8));
    assert!(
        common::relative_error(&moved, &want) > 0.1,
        "dense coupling ignores the order"
    );
}

#[test]
fn without_offsets_a_stack_is_positively_homogeneous() {
    let device = Device::flex();
    let x = noise_complex::<4>([2, 3, 6, 5], 5, DType::F32, &device);
    for coupling in [Coupling::Shared, Coupling::Dense] {
        let stack = Stack::new(coupling);
        let want = complex_values(stack.forward(x.clone(), 8).mul_scalar(4.0));
        let got = complex_values(stack.forward(x.clone().mul_scalar(4.0), 8));
        // Four is a power of two: not even the rounding differs.
        assert_eq!(got, want, "{coupling:?}");
    }
}

// Parameters of the published networks.

fn parameters<R: FrequencyResponse<4> + ModuleDisplay>(
    filters: &[usize],
    response: impl ResponseConfig<4, Response = R>,
) -> usize {
    let device = Device::flex();
    let inputs = [&[3], filters].concat();
    let layer = |(&inputs, &outputs)| {
        SpectralMix2dConfig::new([inputs, outputs], response.clone())
            .with_coupling(Coupling::Shared)
            .init(&device)
            .num_params()
    };
    inputs.iter().zip(filters).map(layer).sum()
}

/// Parameters of a dense head of two units on the flattened spectrum of 150 × 150 images.
fn head(channels: usize) -> usize {
    let device = Device::flex();
    let spectrum = ComplexTensor::from_real(Tensor::zeros([1, channels, 150, 76], &device));
    2 * FlattenSpectrum.forward(spectrum).dims()[1] + 2
}

#[test]
fn published_networks_have_the_published_numbers_of_parameters() {
    let device = Device::flex();
    let linear = PolynomialConfig::new(1).with_form(ParametricForm::Published);
    let gaussian = GaussianConfig::new().with_form(ParametricForm::Published);
    assert_eq!(parameters(&[6; 4], linear.clone()) + head(6), 273_794);
    assert_eq!(parameters(&[6; 4], gaussian.clone()) + head(6), 273_890);
    let wide = [6, 6, 12, 12, 24, 24];
    assert_eq!(parameters(&wide, gaussian.clone()), 1_008);
    assert_eq!(parameters(&wide, gaussian) + head(24), 1_095_410);
    assert_eq!(parameters(&[32, 32, 64, 64, 128, 128], linear), 3_584);
    let fourier: usize = [3, 6, 6, 6]
        .map(|inputs| {
            let config = FourierDomainConv2dConfig::published([inputs, 6], [150, 150]);
            config.init(&device).num_params()
        })
        .iter()
        .sum();
    assert_eq!(fourier, 547_200);
    assert_eq!(fourier + head(6), 820_802);
}

// Any rank, any size, and what is refused.

#[test]
fn mixes_serve_one_and_three_axes_too() {
    let device = Device::flex();
    let one = SpectralMix1dConfig::new([2, 3], GaussianConfig::new()).init(&device);
    let x = noise_complex([1, 2, 9], 1, DType::F32, &device);
    assert_eq!(one.forward(HalfSpectrum::new(x, 17)).dims(), [1, 3, 9]);
    let three = SpectralMix3dConfig::new([2, 3], PolynomialConfig::new(2)).init(&device);
    let x = noise_complex([1, 2, 3, 4, 4], 1, DType::F32, &device);
    let x = HalfSpectrum::new(x, 6);
    assert_eq!(three.forward(x).dims(), [1, 3, 3, 4, 4]);
}

#[test]
fn a_parametric_mix_follows_the_size_of_its_input() {
    let device = Device::flex();
    let layer = SpectralMix2dConfig::new([1, 2], GaussianConfig::new()).init(&device);
    for (height, width) in [(28, 28), (56, 56), (41, 37)] {
        let x = noise_complex([1, 1, height, width / 2 + 1], 1, DType::F32, &device);
        assert_eq!(
            layer.forward(HalfSpectrum::new(x, width)).dims(),
            [1, 2, height, width / 2 + 1]
        );
    }
    // Six and seven samples both have four bins, at other frequencies.
    let x = noise_complex([1, 1, 4, 4], 1, DType::F32, &device);
    let [even, odd] = [6, 7].map(|width| layer.forward(HalfSpectrum::new(x.clone(), width)));
    assert!(common::relative_error(&complex_values(odd), &complex_values(even)) > 1e-3);
}

#[test]
fn what_a_mix_cannot_take_is_refused() {
    let device = Device::flex();
    let layer = SpectralMix2dConfig::new([2, 2], FullSpectrumConfig::new([4, 6])).init(&device);
    let refuse = |dims, width| layer.check(dims, width).unwrap_err().to_string();
    assert_eq!(
        refuse([1, 3, 4, 4], 6),
        "expected 2 channels, got an input of shape [1, 3, 4, 4]"
    );
    assert_eq!(
        refuse([1, 2, 4, 4], 7),
        "FullSpectrum was created for inputs of size [4, 6], got size [4, 7]; create it for that size or resize the input"
    );
    assert!(refuse([1, 2, 0, 4], 6).contains("[0, 6]"));
    let config = SpectralMix2dConfig::new([3, 4], GaussianConfig::new());
    let error = config
        .with_coupling(Coupling::Depthwise)
        .try_init(&device)
        .unwrap_err();
    assert!(error.to_string().contains("multiples of 3"), "{error}");
    let error = FourierDomainConv2dConfig::new([1, 1], [0, 4])
        .try_init(&device)
        .unwrap_err();
    assert!(error.to_string().contains("at least 1, got 0"), "{error}");
}

#[test]
#[should_panic(
    expected = "with 4 bins along dim 3 (shape [1, 1, 4, 4]) belongs to 6 or 7 real samples, got a \
                length of 9"
)]
fn a_length_that_does_not_match_the_bins_is_refused() {
    let device = Device::flex();
    let layer = SpectralMix2dConfig::new([1, 1], GaussianConfig::new()).init(&device);
    assert_eq!(
        layer.check([1, 1, 4, 4], 9).unwrap_err().to_string(),
        "expected spectra with [4, 5] bins, those of images of size [4, 9], got [4, 4]"
    );
    let spectrum = noise_complex([1, 1, 4, 4], 1, DType::F32, &device);
    layer.forward(HalfSpectrum::new(spectrum, 9));
}

#[test]
#[should_panic(
    expected = "expected a spectrum halved along the last dim (3), got one halved along dim 2"
)]
fn a_spectrum_halved_along_another_dim_is_refused() {
    let device = Device::flex();
    let layer = SpectralMix2dConfig::new([1, 1], GaussianConfig::new()).init(&device);
    let spectrum = noise_complex([1, 1, 4, 4], 1, DType::F32, &device);
    layer.forward(HalfSpectrum::new_along(spectrum, 6, 2));
}
