//! The stack of shared layers against its layers one after the other, PyTorch and finite differences.

mod common;
mod sampled;

use burn::module::{Module, ModuleDisplay, ModuleMapper, Param, ParamId};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::ConjugateFactor;
use burn_spectral::frequency::{CRelu, FlattenSpectrum, SpectralMix, SpectralMix2dConfig};
use burn_spectral::ops::{self, StackSpec, fallback};
use burn_spectral::published::{
    SharedStack, SharedStack2d, SharedStack2dConfig, SharedStackConfig,
};
use burn_spectral::response::{
    ConstantConfig, Coupling, FrequencyResponse, FullSpectrum, FullSpectrumConfig, GaussianConfig,
    KernelConfig, ParametricForm, PolynomialConfig, ResponseConfig,
};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, fft};
use common::golden::load;
use common::{
    DTYPES, assert_close, complex_values, noise_complex, noise_tensor, seeded, tensor, tolerance,
    values,
};

// Against the layers one after the other.

/// All parameters in another precision.
struct Cast(DType);

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value, mapper) = param.consume();
        Param::from_mapped_value(id, value.cast(self.0), mapper)
    }
}

/// The gradients of every parameter, in a row.
fn gradients_of(module: &impl Module, gradients: &burn::tensor::Gradients) -> Vec<f64> {
    struct Collect<'a>(&'a burn::tensor::Gradients, Vec<f64>);
    impl burn::module::ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = param.val().grad(self.0).expect("every parameter learns");
            self.1.extend(values(gradient));
        }
    }
    let mut collect = Collect(gradients, Vec::new());
    module.visit(&mut collect);
    collect.1
}

fn composed<const D: usize, R: FrequencyResponse<D>>(
    stack: &SharedStack<D, R>,
    spectrum: HalfSpectrum<D>,
) -> HalfSpectrum<D> {
    let layer = |z, layer: &SpectralMix<D, R>| CRelu.forward(layer.forward(z));
    stack.layers.iter().fold(spectrum, layer)
}

/// `Σ weight·y`, the weights noise.
fn weigh<const D: usize>(y: Tensor<D>, seed: u64) -> Tensor<1> {
    let weight = noise_tensor(y.dims(), seed, y.dtype(), &y.device());
    (y * weight).sum()
}

fn check_composition<const D: usize, C: ResponseConfig<D>>(
    config: C,
    sizes: &[usize],
    [batch, channels]: [usize; 2],
    filters: &[usize],
) where
    C::Response: ModuleDisplay,
{
    let (device, _alone) = seeded(3);
    let stack = SharedStackConfig::<D, C>::new(channels, filters, config.clone()).init(&device);
    let mut dims = [batch; D];
    dims[1] = channels;
    dims[2..].copy_from_slice(sizes);
    for dtype in DTYPES {
        let what = format!("{config:?} {sizes:?} {batch}x{channels} {filters:?} {dtype:?}");
        let limit = tolerance(dtype, 1e-6, 1e-13);
        let stack = stack.clone().map(&mut Cast(dtype)).train();
        let device = device.clone().autodiff();
        let x = noise_tensor::<D>(dims, 1, dtype, &device).require_grad();
        let spatial: Vec<usize> = (2..D).collect();
        let other = noise_tensor::<D>(dims, 2, dtype, &device);
        let half = fft::rfftn(other, &spatial, Norm::Backward)
            .map_complex(|z| z.map(Tensor::require_grad));
        let z = half.complex();

        // From spectra.
        let run = |y: HalfSpectrum<D>| {
            let y = y.into_complex();
            let result = complex_values(y.clone());
            let gradients = (weigh(y.re, 5) + weigh(y.im, 6)).backward();
            let input = [&z.re, &z.im].map(|part| values(part.grad(&gradients).unwrap()));
            [result, input.concat(), gradients_of(&stack, &gradients)]
        };
        let want = run(composed(&stack, half.clone()));
        let got = run(stack.forward(half.clone()));
        for (name, (got, want)) in ["value", "input", "parameters"]
            .into_iter()
            .zip(got.iter().zip(&want))
        {
            assert_close(&format!("{what} {name}"), got, want, limit);
        }

        // From signals to a head.
        let bins: usize = z.dims()[2..].iter().product();
        let head = LinearConfig::new(2 * filters[filters.len() - 1] * bins, 3);
        let head = head.init(&device.clone().without_autodiff());
        let head = head.map(&mut Cast(dtype)).train();
        let run = |y: Tensor<2>| {
            let result = values(y.clone());
            let gradients = weigh(y, 7).backward();
            let input = values(x.grad(&gradients).unwrap());
            let parameters = gradients_of(&stack, &gradients);
            [result, input, parameters, gradients_of(&head, &gradients)]
        };
        let spectrum = fft::rfftn(x.clone(), &spatial, Norm::Backward);
        let y = composed(&stack, spectrum);
        let rows = y.into_complex().map(|part| part.flatten::<2>(1, D - 1));
        let want = run(head.forward(Tensor::cat(vec![rows.re, rows.im], 1)));
        let got = run(stack.forward_dense(x.clone(), &head));
        for (name, (got, want)) in ["sums", "signal", "parameters", "head"]
            .into_iter()
            .zip(got.iter().zip(&want))
        {
            assert_close(&format!("{what} {name}"), got, want, limit);
        }
    }
}

#[test]
fn a_stack_is_its_layers_one_after_the_other() {
    for (size, [batch, channels], filters) in [
        ([6, 8], [2, 3], &[6, 6][..]),
        ([5, 7], [1, 1], &[4]),
        ([7, 13], [3, 2], &[2, 1, 3]),
        ([1, 1], [2, 3], &[2, 2]),
        ([30, 29], [5, 3], &[6, 6, 12, 12, 24, 24]),
    ] {
        let shape = [batch, channels];
        check_composition::<4, _>(FullSpectrumConfig::new(size), &size, shape, filters);
        for form in [ParametricForm::Published, ParametricForm::Stable] {
            let gaussian = GaussianConfig::new().with_form(form);
            check_composition::<4, _>(gaussian, &size, shape, filters);
            let polynomial = PolynomialConfig::new(2).with_form(form);
            check_composition::<4, _>(polynomial, &size, shape, filters);
        }
    }
}

#[test]
fn stacks_serve_one_and_three_axes_and_every_kind_of_value() {
    check_composition::<3, _>(FullSpectrumConfig::new([17]), &[17], [3, 2], &[3, 2]);
    check_composition::<5, _>(GaussianConfig::new(), &[3, 4, 5], [2, 2], &[2, 3]);
    check_composition::<4, _>(KernelConfig::new([3, 2]), &[5, 6], [2, 2], &[2, 3]);
    let (device, _alone) = seeded(4);
    let stack = SharedStack2dConfig::new(2, [3, 2], ConstantConfig::new()).init(&device);
    let z = noise_complex::<4>([2, 2, 5, 4], 1, DType::F32, &device);
    let z = HalfSpectrum::new(z, 6);
    let want = complex_values(composed(&stack, z.clone()));
    assert_close("constant", &complex_values(stack.forward(z)), &want, 1e-6);
}

#[test]
fn channels_may_be_added_up_before_the_stack() {
    let (device, _alone) = seeded(5);
    let stack = SharedStack2dConfig::new(3, [2, 4], PolynomialConfig::new(1)).init(&device);
    let x = noise_tensor::<4>([2, 3, 9, 10], 1, DType::F32, &device);
    let z = fft::rfft2(x.clone(), Norm::Backward);
    let want = complex_values(stack.forward(z.clone()));
    let sum = z.map_complex(|z| z.map(|part| part.sum_dim(1)));
    for got in [
        stack.forward(sum),
        stack.forward_signal(x.clone()),
        stack.forward_signal(x.clone().sum_dim(1)),
    ] {
        assert_close("sum", &complex_values(got), &want, 1e-6);
    }
    let spectrum = fft::rfft2(x, Norm::Backward);
    let features = stack.features(spectrum.clone());
    let flat = FlattenSpectrum.forward(stack.forward(spectrum));
    assert_eq!(values(features), values(flat));
}

// The operation itself.

#[test]
fn both_paths_of_the_operation_agree() {
    let device = Device::flex().autodiff();
    for (filters, batch, size) in [
        (vec![3], 1, [1, 1]),
        (vec![2, 3, 1], 4, [5, 3]),
        (vec![1, 4], 2, [7, 11]),
    ] {
        let spec = StackSpec {
            filters: filters.clone(),
        };
        let total: usize = filters.iter().sum();
        let features = 2 * filters[filters.len() - 1] * size[0] * size[1];
        for dtype in DTYPES {
            let s = noise_complex::<4>([batch, 1, size[0], size[1]], 1, dtype, &device)
                .map(Tensor::require_grad);
            let r = noise_complex::<4>([total, 1, size[0], size[1]], 2, dtype, &device)
                .map(Tensor::require_grad);
            let w = noise_tensor::<2>([features, 2], 3, dtype, &device).require_grad();
            let run = |y: Tensor<4>, sums: Tensor<2>| {
                let result = [values(y.clone()), values(sums.clone())].concat();
                let gradients = (weigh(y, 4) + weigh(sums, 5)).backward();
                let planes = [&s.re, &s.im, &r.re, &r.im];
                let planes = planes.map(|part| values(part.grad(&gradients).unwrap()));
                let weight = values(w.grad(&gradients).unwrap());
                [result, planes.concat(), weight]
            };
            let kernels = run(
                ops::rectified_stack(s.clone(), r.clone(), spec.clone()),
                ops::rectified_stack_dense(s.clone(), r.clone(), w.clone(), spec.clone()),
            );
            let fallback = run(
                fallback::rectified_stack(s.clone(), r.clone(), &spec),
                fallback::rectified_stack_dense(s.clone(), r.clone(), w.clone(), &spec),
            );
            for (got, want) in kernels.iter().zip(&fallback) {
                let what = format!("{filters:?} {size:?} {dtype:?}");
                assert_close(&what, got, want, tolerance(dtype, 1e-6, 1e-13));
            }
        }
    }
}

#[test]
fn gradients_are_finite_differences() {
    const STEP: f64 = 1e-6;
    let spec = StackSpec {
        filters: vec![2, 3],
    };
    let counts = [2 * 6, 2 * 6, 5 * 6, 5 * 6, 36 * 2];
    let points: Vec<Vec<f64>> = counts
        .iter()
        .zip(10..)
        .map(|(&count, seed)| common::noise(count, seed))
        .collect();
    let loss = |inputs: &[Tensor<1>]| {
        let part = |index: usize, dims: [usize; 4]| inputs[index].clone().reshape(dims);
        let s = ComplexTensor::new(part(0, [2, 1, 2, 3]), part(1, [2, 1, 2, 3]));
        let r = ComplexTensor::new(part(2, [5, 1, 2, 3]), part(3, [5, 1, 2, 3]));
        let w = inputs[4].clone().reshape([36, 2]);
        let y = ops::rectified_stack(s.clone(), r.clone(), spec.clone());
        let sums = ops::rectified_stack_dense(s, r, w, spec.clone());
        weigh(y, 20) + weigh(sums, 21)
    };
    let inputs = |points: &[Vec<f64>], device: &Device| -> Vec<Tensor<1>> {
        let input = |point: &Vec<f64>| tensor(point, [point.len()], DType::F64, device);
        points.iter().map(input).collect()
    };
    let device = Device::flex();
    let at = |index: usize, element: usize, step: f64| {
        let mut points = points.clone();
        points[index][element] += step;
        values(loss(&inputs(&points, &device)))[0]
    };
    let want: Vec<f64> = (0..points.len())
        .flat_map(|index| (0..counts[index]).map(move |element| (index, element)))
        .map(|(i, e)| (at(i, e, STEP) - at(i, e, -STEP)) / (2.0 * STEP))
        .collect();
    for device in [
        device.clone().autodiff(),
        device.clone().autodiff().gradient_checkpointing(),
    ] {
        let leaves: Vec<Tensor<1>> = inputs(&points, &device)
            .into_iter()
            .map(Tensor::require_grad)
            .collect();
        let gradients = loss(&leaves).backward();
        let got: Vec<f64> = leaves
            .iter()
            .flat_map(|leaf| values(leaf.grad(&gradients).unwrap()))
            .collect();
        assert_close("stack", &got, &want, 1e-8);
    }
}

#[test]
fn an_empty_batch_gives_an_empty_result_and_no_gradient() {
    let device = Device::flex().autodiff();
    let (stack, head) = {
        let (device, _alone) = seeded(6);
        let stack =
            SharedStack2dConfig::new(2, [2, 3], FullSpectrumConfig::new([4, 6])).init(&device);
        let head = LinearConfig::new(2 * 3 * 4 * 4, 2).with_bias(false);
        (stack.train(), head.init(&device).train())
    };
    let y = stack.forward_dense(Tensor::zeros([0, 2, 4, 6], &device), &head);
    assert_eq!(y.dims(), [0, 2]);
    let gradients = (y.sum() + head.weight.val().sum() * 0.0).backward();
    let gradient = head.weight.val().grad(&gradients).unwrap();
    assert!(values(gradient).iter().all(|g| *g == 0.0));
}

// Against PyTorch.

#[test]
fn stacks_and_their_gradients_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    for case in &load("stacks") {
        for dtype in DTYPES {
            let filters = case.numbers("filters");
            let total = filters.iter().sum();
            let weights = sampled::complex::<4>(case, "response", dtype, &device);
            let [height, width] = case.numbers("size").try_into().unwrap();
            let mut start = 0;
            let mut inputs = case.number("inputs");
            let layers = filters.iter().map(|&outputs| {
                let own = weights.clone().narrow(0, start, outputs);
                let part = |part: Tensor<4>| Param::initialized(ParamId::new(), part);
                let response = FullSpectrum {
                    re: part(own.re),
                    im: part(own.im),
                    length: width,
                };
                let layer =
                    SpectralMix::from_response(response, [inputs, outputs], Coupling::Shared);
                (start, inputs) = (start + outputs, outputs);
                layer.unwrap()
            });
            let stack = SharedStack2d::from_layers(layers.collect()).unwrap();
            let weights = weights.map(Tensor::require_grad);
            let x = sampled::real::<4>(case, "input", dtype, &device).require_grad();
            let head = sampled::real::<2>(case, "head", dtype, &device).require_grad();
            let s = fft::rfft2(x.clone().sum_dim(1), Norm::Backward).into_complex();
            let spec = StackSpec { filters };
            assert_eq!(weights.dims(), [total, 1, height, width / 2 + 1]);
            let y = ops::rectified_stack_dense(s, weights.clone(), head.clone(), spec);

            let linear = Linear {
                weight: Param::initialized(ParamId::new(), head.clone()),
                bias: None,
            };
            let layered = stack.forward_dense(x.clone(), &linear);
            assert_eq!(values(layered), values(y.clone()), "{}", case.name);
            sampled::check(case, "output", y.clone());
            let cotangent = sampled::real::<2>(case, "cotangent", dtype, &device);
            let gradients = (y * cotangent).sum().backward();
            sampled::check(case, "grad.input", x.grad(&gradients).unwrap());
            sampled::check(case, "grad.head", head.grad(&gradients).unwrap());
            let gradient = weights.map(|part| part.grad(&gradients).unwrap());
            sampled::check_complex(case, "grad.response", gradient);
        }
    }
}

// What is refused.

#[test]
fn what_a_stack_cannot_take_is_refused() {
    let device = Device::flex();
    let config = SharedStack2dConfig::new(2, [], GaussianConfig::new());
    let error = config.try_init(&device).unwrap_err().to_string();
    assert_eq!(
        error,
        "the number of layers of a stack must be at least 1, got 0"
    );
    let config = SharedStack2dConfig::new(2, [3, 0], GaussianConfig::new());
    assert!(config.try_init(&device).is_err());

    let layer = |channels| {
        SpectralMix2dConfig::new(channels, GaussianConfig::new()).with_coupling(Coupling::Shared)
    };
    let fault = |config: SpectralMix2dConfig<GaussianConfig>| {
        let layers = vec![layer([2, 3]).init(&device), config.init(&device)];
        SharedStack2d::from_layers(layers).unwrap_err().to_string()
    };
    for (config, what) in [
        (
            layer([3, 1]).with_coupling(Coupling::Dense),
            "layer 1 of the stack has Dense coupling",
        ),
        (
            layer([3, 1]).with_conjugate(ConjugateFactor::Input),
            "layer 1 of the stack has a conjugated factor (Input)",
        ),
        (
            layer([3, 1]).with_bias(true),
            "layer 1 of the stack has a bias",
        ),
        (
            layer([2, 1]),
            "layer 1 of the stack has 2 input channels after 3",
        ),
    ] {
        let error = fault(config);
        assert!(error.contains(what), "{error}");
    }

    let stack = SharedStack2dConfig::new(3, [2], FullSpectrumConfig::new([4, 6])).init(&device);
    let refuse = |dims, length| stack.check(dims, length).unwrap_err().to_string();
    assert!(refuse([1, 2, 4, 4], 6).contains("expected 3 channels"));
    assert!(refuse([1, 3, 4, 4], 7).contains("created for inputs of size [4, 6]"));
}

#[test]
#[should_panic(expected = "the head has 50 input features, expected the 48 of the spectrum")]
fn a_head_of_other_features_is_refused() {
    let device = Device::flex();
    let stack = SharedStack2dConfig::new(3, [2], FullSpectrumConfig::new([3, 6])).init(&device);
    let head = LinearConfig::new(50, 2).init(&device);
    stack.forward_dense(Tensor::zeros([1, 3, 3, 6], &device), &head);
}

#[test]
#[should_panic(expected = "expected 3 channels, got an input of shape [1, 2, 3, 6]")]
fn a_signal_of_other_channels_is_refused() {
    let device = Device::flex();
    let stack = SharedStack2dConfig::new(3, [2], FullSpectrumConfig::new([3, 6])).init(&device);
    stack.forward_signal(Tensor::zeros([1, 2, 3, 6], &device));
}
