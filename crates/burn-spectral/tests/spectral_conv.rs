//! What a spectral convolution does: couplings, its relation to Burn's `Conv2d`, what it refuses.

mod common;

use burn::module::{Module, Param};
use burn::nn::conv::Conv2dConfig;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::{
    ConjugateFactor, SpectralConv1d, SpectralConv2d, SpectralConv2dConfig, SpectralConv3dConfig,
};
use burn_spectral::ops::{Conjugate, MixSpec, SavedSpectrum};
use burn_spectral::response::{
    ConstantConfig, Coupling, FrequencyResponse, FullSpectrum, FullSpectrum2d, FullSpectrumConfig,
    Kernel, KernelConfig, KramersKronigConfig, Response,
};
use burn_spectral::{ComplexTensor, FrequencyGrid};
use common::{PATHS, assert_close, noise_complex, noise_tensor, values};

const SIZE: [usize; 2] = [6, 5];
const FACTORS: [ConjugateFactor; 3] = [
    ConjugateFactor::None,
    ConjugateFactor::Response,
    ConjugateFactor::Input,
];

fn free(channels: [usize; 2], seed: u64, device: &Device) -> FullSpectrum2d {
    let dims = [channels[0], channels[1], SIZE[0], SIZE[1] / 2 + 1];
    let z = noise_complex(dims, seed, DType::F64, device);
    FullSpectrum {
        re: Param::from_tensor(z.re),
        im: Param::from_tensor(z.im),
        length: SIZE[1],
    }
}

fn part(response: &FullSpectrum2d, axis: usize, start: usize, length: usize) -> FullSpectrum2d {
    let cut = |part: &Param<Tensor<4>>| Param::from_tensor(part.val().narrow(axis, start, length));
    FullSpectrum {
        re: cut(&response.re),
        im: cut(&response.im),
        length: response.length,
    }
}

fn layer(
    response: FullSpectrum2d,
    channels: [usize; 2],
    coupling: Coupling,
    conjugate: ConjugateFactor,
) -> SpectralConv2d<FullSpectrum2d> {
    let mut layer = SpectralConv2d::from_response(response, channels, coupling).unwrap();
    layer.conjugate = conjugate;
    layer
}

fn images(channels: usize, device: &Device) -> Tensor<4> {
    noise_tensor([2, channels, SIZE[0], SIZE[1]], 1, DType::F64, device)
}

#[test]
fn shared_coupling_filters_the_sum_of_the_channels() {
    let device = Device::flex();
    for conjugate in FACTORS {
        let (x, response) = (images(3, &device), free([4, 1], 5, &device));
        let shared = layer(response.clone(), [3, 4], Coupling::Shared, conjugate);
        let dense = layer(response, [1, 4], Coupling::Dense, conjugate);
        let want = values(dense.forward(x.clone().sum_dim(1)));
        assert_close("shared", &values(shared.forward(x)), &want, 1e-14);
    }
}

#[test]
fn groups_are_dense_layers_side_by_side() {
    let device = Device::flex();
    for (coupling, groups) in [(Coupling::Grouped(2), 2), (Coupling::Depthwise, 4)] {
        for conjugate in FACTORS {
            let (inputs, outputs) = (4 / groups, 8 / groups);
            let (x, response) = (images(4, &device), free([8, inputs], 5, &device));
            let blocks = (0..groups).map(|group| {
                let response = part(&response, 0, group * outputs, outputs);
                let dense = layer(response, [inputs, outputs], Coupling::Dense, conjugate);
                dense.forward(x.clone().narrow(1, group * inputs, inputs))
            });
            let want = values(Tensor::cat(blocks.collect(), 1));
            let grouped = layer(response.clone(), [4, 8], coupling, conjugate);
            let what = format!("{coupling:?}, {conjugate:?}");
            assert_close(&what, &values(grouped.forward(x.clone())), &want, 1e-13);
        }
    }
}

#[test]
fn a_dense_layer_adds_up_what_its_inputs_give_alone() {
    let device = Device::flex();
    let (x, response) = (images(3, &device), free([2, 3], 5, &device));
    let want = (0..3)
        .map(|input| {
            let one = part(&response, 1, input, 1);
            let one = layer(one, [1, 2], Coupling::Dense, ConjugateFactor::None);
            one.forward(x.clone().narrow(1, input, 1))
        })
        .reduce(|a, b| a + b)
        .unwrap();
    let dense = layer(response, [3, 2], Coupling::Dense, ConjugateFactor::None);
    assert_close("dense", &values(dense.forward(x)), &values(want), 1e-13);
}

#[test]
fn an_offset_is_added_to_every_output_channel() {
    let device = Device::flex();
    let mut layer = layer(
        free([2, 3], 5, &device),
        [3, 2],
        Coupling::Dense,
        ConjugateFactor::None,
    );
    let x = images(3, &device);
    let before = layer.forward(x.clone());
    let bias = common::tensor(&[10.0, -20.0], [2], DType::F64, &device);
    layer.bias = Some(Param::from_tensor(bias.clone()));
    let want = values(before + bias.reshape([1, 2, 1, 1]));
    assert_close("bias", &values(layer.forward(x)), &want, 1e-15);
}

/// Repeats an axis around itself: `before` samples of the end in front, `after` of the start behind.
fn wrap(x: Tensor<4>, axis: usize, after: usize) -> Tensor<4> {
    Tensor::cat(vec![x.clone(), x.narrow(axis, 0, after)], axis)
}

#[test]
fn a_kernel_with_the_response_conjugated_is_burns_convolution_of_the_periodic_image() {
    let device = Device::flex();
    for (coupling, groups) in [
        (Coupling::Dense, 1),
        (Coupling::Grouped(2), 2),
        (Coupling::Depthwise, 4),
    ] {
        let conv = Conv2dConfig::new([4, 8], [3, 2])
            .with_groups(groups)
            .init(&device);
        let response = Kernel {
            weight: conv.weight.clone(),
        };
        let mut spectral = SpectralConv2d::from_response(response, [4, 8], coupling).unwrap();
        spectral.conjugate = ConjugateFactor::Response;
        spectral.bias = conv.bias.clone();
        let x = noise_tensor([2, 4, 6, 7], 1, DType::F32, &device);
        let want = conv.forward(wrap(wrap(x.clone(), 2, 2), 3, 1));
        let what = format!("{coupling:?}");
        assert_close(&what, &values(spectral.forward(x)), &values(want), 1e-6);
    }
}

#[test]
fn a_kernel_as_large_as_the_input_is_taken_and_a_larger_one_refused() {
    let device = Device::flex();
    let config = SpectralConv2dConfig::new([2, 3], KernelConfig::new([4, 5]));
    let layer = config.init(&device);
    assert_eq!(
        layer.forward(Tensor::ones([1, 2, 4, 5], &device)).dims(),
        [1, 3, 4, 5]
    );
    assert_eq!(
        layer.check([1, 2, 4, 4]).unwrap_err().to_string(),
        "the kernel, of size [4, 5], is larger than the input, of size [4, 4]"
    );
}

#[test]
#[should_panic(expected = "is larger than the input, of size [3, 9]")]
fn forward_panics_with_the_text_of_the_check() {
    let device = Device::flex();
    let layer = SpectralConv2dConfig::new([2, 3], KernelConfig::new([4, 5])).init(&device);
    layer.forward(Tensor::ones([1, 2, 3, 9], &device));
}

#[test]
fn inputs_that_do_not_fit_are_refused_by_name_and_value() {
    let device = Device::flex();
    let free = SpectralConv2dConfig::new([2, 3], FullSpectrumConfig::new([8, 6])).init(&device);
    let text = |dims| free.check(dims).unwrap_err().to_string();
    assert!(free.check([7, 2, 8, 6]).is_ok());
    assert_eq!(
        text([7, 4, 8, 6]),
        "expected 2 channels, got an input of shape [7, 4, 8, 6]"
    );
    assert!(text([7, 2, 0, 6]).contains("every size of a signal of [0, 6] samples"));
    assert_eq!(
        text([7, 2, 6, 8]),
        "FullSpectrum was created for inputs of size [8, 6], got size [6, 8]; create it for that size or resize the input"
    );
    // Eight and nine samples have five bins each: the length is carried, not guessed.
    assert!(text([7, 2, 8, 7]).contains("got size [8, 7]"));

    let response = KramersKronigConfig::new([8, 6]).with_axis(0);
    let causal = SpectralConv2dConfig::new([2, 3], response).init(&device);
    let error = causal.check([1, 2, 8, 7]).unwrap_err().to_string();
    assert!(error.starts_with("KramersKronig was created for inputs of size [8, 6]"));
}

#[test]
fn configurations_that_cannot_be_are_refused() {
    let device = Device::flex();
    let text = |channels, sizes: Vec<usize>, coupling| {
        SpectralConv2dConfig::new(channels, FullSpectrumConfig::new(sizes))
            .with_coupling(coupling)
            .try_init(&device)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        text([0, 3], vec![4, 4], Coupling::Dense),
        "the number of channels must be at least 1, got 0"
    );
    assert_eq!(
        text([4, 6], vec![4, 4], Coupling::Grouped(3)),
        "grouped coupling needs input and output channels that are multiples of 3, got 4 and 6"
    );
    assert!(text([4, 4], vec![4, 4], Coupling::Grouped(0)).contains("number of groups"));
    assert_eq!(
        text([2, 3], vec![4], Coupling::Dense),
        "expected 2 sizes, one per spatial axis, got [4]"
    );
    assert!(
        text([2, 3], vec![4, 0], Coupling::Dense).contains("every size of a FullSpectrum response")
    );
    let kernel = SpectralConv3dConfig::new([2, 3], KernelConfig::new([3, 3]));
    assert!(
        kernel
            .try_init(&device)
            .unwrap_err()
            .to_string()
            .contains("expected 3 sizes")
    );

    let error = SpectralConv2d::from_response(free([3, 2], 1, &device), [3, 3], Coupling::Dense);
    assert_eq!(
        error.unwrap_err().to_string(),
        "the response has [out, in / groups] = [3, 2] channels, expected [3, 3]"
    );
}

/// A response of a user's own, on any grid: a delay of a learned number of samples.
#[derive(Module, Debug)]
struct Delay {
    samples: Param<Tensor<3>>,
}

impl FrequencyResponse<3> for Delay {
    fn channels(&self) -> [usize; 2] {
        let [outputs, inputs, _] = self.samples.dims();
        [outputs, inputs]
    }

    fn response(&self, grid: &FrequencyGrid) -> Response<3> {
        let samples = self.samples.val();
        let frequencies = grid.frequencies(0, &samples.device()).cast(samples.dtype());
        let phase = frequencies.reshape([1, 1, -1]) * samples * -core::f64::consts::TAU;
        Response::Spectrum(ComplexTensor::from_polar(phase.ones_like(), phase))
    }
}

#[test]
fn a_parametric_response_of_ones_own_runs_at_any_size_and_learns() {
    let device = Device::flex().autodiff();
    let response = Delay {
        samples: Param::from_tensor(Tensor::full([1, 1, 1], 3.0, &device)),
    };
    let layer = SpectralConv1d::from_response(response, [1, 1], Coupling::Dense).unwrap();
    for n in [9, 150] {
        let x = noise_tensor([2, 1, n], 1, DType::F32, &device);
        let y = layer.forward(x.clone());
        let want = values(x.clone().roll_dim(3, 2));
        assert_close(&format!("{n} samples"), &values(y.clone()), &want, 1e-5);
        let gradients = (y * x).sum().backward();
        let slope = values(layer.response.samples.val().grad(&gradients).unwrap())[0];
        assert!(slope.is_finite() && slope != 0.0);
    }
}

/// A response that does not keep what its channels promise.
#[derive(Module, Debug)]
struct Careless {
    value: Param<Tensor<3>>,
    taps: bool,
}

impl FrequencyResponse<3> for Careless {
    fn channels(&self) -> [usize; 2] {
        [2, 3]
    }

    fn response(&self, _grid: &FrequencyGrid) -> Response<3> {
        match self.taps {
            true => Response::Taps(self.value.val()),
            false => Response::Spectrum(ComplexTensor::from_real(self.value.val())),
        }
    }
}

#[test]
fn a_response_of_the_wrong_shape_is_named() {
    let device = Device::flex();
    for (taps, expected, wrong) in [
        (false, [2, 3, 5], [2, 3, 8]),
        (false, [2, 3, 5], [4, 3, 5]),
        (true, [2, 3, 8], [2, 3, 9]),
        (true, [2, 3, 8], [2, 1, 4]),
    ] {
        let response = Careless {
            value: Param::from_tensor(Tensor::ones(wrong, &device)),
            taps,
        };
        let layer = SpectralConv1d::from_response(response, [3, 2], Coupling::Dense).unwrap();
        let x = Tensor::ones([1, 3, 8], &device);
        let forward = std::panic::AssertUnwindSafe(|| layer.forward(x));
        let panic = std::panic::catch_unwind(forward).unwrap_err();
        let want = format!(
            "the value of the response has shape {wrong:?}, expected {expected:?} for this input size"
        );
        assert_eq!(panic.downcast_ref::<String>(), Some(&want));
    }
}

#[test]
#[should_panic(expected = "input is F64, response is F32; cast one of them")]
fn an_input_of_another_precision_is_named() {
    let device = Device::flex();
    let layer = SpectralConv2dConfig::new([2, 3], FullSpectrumConfig::new(SIZE)).init(&device);
    layer.forward(images(2, &device));
}

#[test]
fn every_response_meets_an_empty_batch() {
    let device = Device::flex();
    let empty = || Tensor::<4>::zeros([0, 4, 6, 5], &device);
    for conjugate in FACTORS {
        macro_rules! check {
            ($response:expr, $coupling:expr) => {
                let layer = SpectralConv2dConfig::new([4, 8], $response)
                    .with_coupling($coupling)
                    .with_conjugate(conjugate)
                    .init(&device);
                assert_eq!(layer.forward(empty()).dims(), [0, 8, 6, 5]);
            };
        }
        check!(FullSpectrumConfig::new(SIZE), Coupling::Dense);
        check!(FullSpectrumConfig::new(SIZE), Coupling::Depthwise);
        check!(FullSpectrumConfig::new(SIZE), Coupling::Shared);
        check!(KernelConfig::new([3, 3]), Coupling::Grouped(2));
        check!(KramersKronigConfig::new(SIZE), Coupling::Dense);
        check!(ConstantConfig::new(), Coupling::Dense);
    }
    let response = ComplexTensor::new(
        Tensor::ones([8, 4, 6, 3], &device),
        Tensor::ones([8, 4, 6, 3], &device),
    );
    let mix = MixSpec {
        groups: 1,
        conjugate: Conjugate::None,
    };
    for path in PATHS {
        let y = path.spectral_conv(empty(), response.clone(), mix);
        assert_eq!(y.dims(), [0, 8, 6, 5], "{path:?}");
    }
}

#[test]
fn a_layer_returns_from_its_record() {
    let device = Device::flex();
    let config = SpectralConv2dConfig::new([2, 3], FullSpectrumConfig::new(SIZE));
    let (saved, other) = (config.init(&device), config.init(&device));
    let x = noise_tensor([2, 2, 6, 5], 1, DType::F32, &device);
    let want = values(saved.forward(x.clone()));
    assert_ne!(values(other.forward(x.clone())), want);
    let bytes = saved.into_record().into_bytes().unwrap();
    let record = burn::store::ModuleRecord::from_bytes(bytes).unwrap();
    assert_eq!(values(other.load_record(record).forward(x)), want);
}

#[test]
fn a_spectrum_computed_again_gives_the_same_gradients() {
    let device = Device::flex().autodiff();
    let x = images(4, &device).require_grad();
    let response = free([6, 4], 3, &device);
    let [keep, recompute] = [SavedSpectrum::Keep, SavedSpectrum::Recompute].map(|saved| {
        let layer =
            layer(response.clone(), [4, 6], Coupling::Dense, FACTORS[0]).with_saved_spectrum(saved);
        let y = layer.forward(x.clone());
        let seed = noise_tensor(y.dims(), 9, DType::F64, &device);
        let gradients = (y * seed).sum().backward();
        let of = |part: &Param<Tensor<4>>| values(part.val().grad(&gradients).unwrap());
        [
            values(x.grad(&gradients).unwrap()),
            of(&layer.response.re),
            of(&layer.response.im),
        ]
    });
    assert_eq!(keep, recompute);
}
