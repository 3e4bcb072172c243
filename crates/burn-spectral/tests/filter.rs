//! The filter of one spectrum an output: against PyTorch, finite differences and tensor ops, and the
//! global filter that is made of it.

mod common;

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::conv::{GlobalFilter2d, SpectralConv2d};
use burn_spectral::ops::{FilterSpec, Layout, Placement, fallback, spectral_filter};
use burn_spectral::response::{Coupling, FullSpectrum};
use common::golden::load;
use common::gradient::{assert_gradients, weigh};
use common::{
    CONJUGATES, DTYPES, Path, assert_close, noise_complex, noise_tensor, tolerance, values,
};

fn run<const R: usize>(
    path: Path,
    x: Tensor<4>,
    response: ComplexTensor<R>,
    spec: FilterSpec,
) -> Tensor<4> {
    match path {
        Path::Kernels => spectral_filter(x, response, spec),
        Path::Fallback => fallback::spectral_filter(x, response, &spec),
    }
}

fn layer(weight: ComplexTensor<3>, width: usize) -> GlobalFilter2d {
    GlobalFilter2d {
        re: Param::from_tensor(weight.re),
        im: Param::from_tensor(weight.im),
        width,
    }
}

#[test]
fn global_filters_and_their_gradients_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    for case in load("global_filter") {
        for dtype in DTYPES {
            let x = case.leaf::<4>("input", dtype, &device);
            let weight = case.complex_leaf::<3>("weight", dtype, &device);
            let layer = layer(weight, case.shape("input")[2]);
            let y = layer.forward(x.clone());
            case.check("output", y.clone(), "");
            let gradients = (y * case.tensor("cotangent", dtype, &device))
                .sum()
                .backward();
            case.check("grad.input", x.grad(&gradients).unwrap(), "");
            let parts = [&layer.re, &layer.im].map(|part| {
                let part = part.val();
                common::gradient(&part, &gradients)
            });
            let [re, im] = parts;
            case.check_complex("grad.weight", ComplexTensor::new(re, im), "");
        }
    }
}

/// Specs with the shapes of their inputs and responses.
fn planes() -> Vec<(FilterSpec, [usize; 4], [usize; 4])> {
    let frame = |start, size| Placement { start, size };
    let mut cases = vec![];
    for conjugate in CONJUGATES {
        let spec = |groups, grid| FilterSpec::circular(groups, grid).with_conjugate(conjugate);
        cases.push((spec(1, [4, 5]), [2, 3, 4, 5], [4, 1, 4, 3]));
        cases.push((spec(3, [5, 4]), [2, 3, 5, 4], [6, 1, 5, 3]));
        cases.push((spec(2, [1, 6]), [1, 2, 1, 6], [2, 1, 1, 4]));
        let framed = spec(2, [6, 8]).with_placements(frame([1, 2], [4, 5]), frame([0, 1], [5, 3]));
        cases.push((framed, [2, 2, 4, 5], [2, 1, 6, 5]));
    }
    cases
}

fn channels_last() -> Vec<(FilterSpec, [usize; 4], [usize; 3])> {
    let whole = |groups, grid| FilterSpec::circular(groups, grid).with_layout(Layout::ChannelsLast);
    let frame = |start, size| Placement { start, size };
    let framed = whole(3, [5, 6]).with_placements(frame([1, 0], [3, 5]), frame([2, 1], [3, 4]));
    vec![
        (whole(3, [4, 4]), [2, 4, 4, 3], [4, 3, 3]),
        (whole(5, [3, 7]), [1, 3, 7, 5], [3, 4, 5]),
        (framed, [2, 3, 5, 3], [5, 4, 3]),
    ]
}

fn check_gradients<const R: usize>(spec: FilterSpec, x: [usize; 4], response: [usize; R]) {
    let bins = response.iter().product();
    for path in common::PATHS {
        let what = format!("{spec:?}, {path:?}");
        assert_gradients(&what, &[x.iter().product(), bins, bins], |inputs| {
            let part = |i: usize| inputs[i].clone().reshape(response);
            let r = ComplexTensor::new(part(1), part(2));
            weigh(run(path, inputs[0].clone().reshape(x), r, spec), 1)
        });
    }
}

#[test]
fn gradients_are_finite_differences() {
    for (spec, x, response) in planes() {
        check_gradients(spec, x, response);
    }
    for (spec, x, response) in channels_last() {
        check_gradients(spec, x, response);
    }
}

fn check_paths<const R: usize>(spec: FilterSpec, x: [usize; 4], response: [usize; R]) {
    let device = Device::flex();
    for dtype in DTYPES {
        let y = |path| {
            let x = noise_tensor(x, 1, dtype, &device);
            values(run(
                path,
                x,
                noise_complex(response, 2, dtype, &device),
                spec,
            ))
        };
        let limit = tolerance(dtype, 2e-6, 1e-13);
        let what = format!("{spec:?} {dtype:?}");
        assert_close(&what, &y(Path::Kernels), &y(Path::Fallback), limit);
    }
}

#[test]
fn both_paths_agree_also_beyond_the_cache() {
    for (spec, x, response) in planes() {
        check_paths(spec, x, response);
    }
    for (spec, x, response) in channels_last() {
        check_paths(spec, x, response);
    }
    check_paths(
        FilterSpec::circular(3, [23, 36]),
        [5, 3, 23, 36],
        [6, 1, 23, 19],
    );
    let long = FilterSpec::circular(1, [2, 1026]).with_conjugate(CONJUGATES[2]);
    check_paths(long, [1, 2, 2, 1026], [2, 1, 2, 514]);
    let prime = FilterSpec::circular(2, [211, 4]);
    assert!(!prime.stays_in_cache(&[2, 2, 211, 4].into(), 2));
    check_paths(prime, [2, 2, 211, 4], [2, 1, 211, 3]);
}

#[test]
fn only_what_is_tracked_gets_a_gradient() {
    let device = Device::flex().autodiff();
    let spec = FilterSpec::circular(2, [4, 4]);
    let x = || noise_tensor::<4>([3, 2, 4, 4], 1, DType::F32, &device);
    let r = || noise_complex::<4>([2, 1, 4, 3], 2, DType::F32, &device);
    let tracked = x().require_grad();
    let gradients = spectral_filter(tracked.clone(), r(), spec).sum().backward();
    assert!(tracked.grad(&gradients).is_some());
    let (response, input) = (r(), x());
    let real = response.re.require_grad();
    let response = ComplexTensor::new(real.clone(), response.im);
    let gradients = spectral_filter(input, response, spec).sum().backward();
    assert!(real.grad(&gradients).is_some());
}

#[test]
fn a_global_filter_is_a_depthwise_convolution_with_channels_last() {
    let device = Device::flex();
    let (x, weight) = (
        noise_tensor::<4>([2, 6, 9, 5], 1, DType::F64, &device),
        noise_complex::<3>([6, 5, 5], 2, DType::F64, &device),
    );
    let first = weight
        .clone()
        .map(|part| part.permute([2, 0, 1]).unsqueeze_dim(1));
    let free = FullSpectrum::<4> {
        re: Param::from_tensor(first.re),
        im: Param::from_tensor(first.im),
        length: 9,
    };
    let conv = SpectralConv2d::from_response(free, [5, 5], Coupling::Depthwise).unwrap();
    let expected = conv.forward(x.clone().permute([0, 3, 1, 2]));
    let got = layer(weight, 9).forward(x).permute([0, 3, 1, 2]);
    assert_close("global filter", &values(got), &values(expected), 1e-13);
}

#[test]
fn a_view_is_filtered_as_its_copy() {
    let device = Device::flex();
    let x = noise_tensor::<4>([2, 3, 6, 4], 1, DType::F32, &device).swap_dims(2, 3);
    let r = noise_complex::<4>([3, 1, 4, 4], 2, DType::F32, &device);
    let spec = FilterSpec::circular(3, [4, 6]);
    let copy = Tensor::from_data(x.to_data(), &device);
    let (view, copy) = (
        spectral_filter(x, r.clone(), spec),
        spectral_filter(copy, r, spec),
    );
    assert_eq!(values(view), values(copy));
}

#[test]
fn an_empty_batch_gives_an_empty_result_and_no_gradient() {
    let device = Device::flex().autodiff();
    let r = noise_complex::<4>([3, 1, 4, 4], 2, DType::F32, &device).map(Tensor::require_grad);
    let x = Tensor::<4>::zeros([0, 3, 4, 6], &device);
    let y = spectral_filter(x, r.clone(), FilterSpec::circular(3, [4, 6]));
    assert_eq!(y.dims(), [0, 3, 4, 6]);
    let gradients = y.sum().backward();
    let gradient = common::gradient(&r.re, &gradients);
    assert!(values(gradient).iter().all(|g| *g == 0.0));
}

#[test]
#[should_panic(
    expected = "an input of shape [1, 3, 4, 5] and a response of shape [3, 1, 4, 4] do not fit"
)]
fn shapes_that_do_not_fit_are_named() {
    let device = Device::flex();
    let r = noise_complex::<4>([3, 1, 4, 4], 2, DType::F32, &device);
    let x = Tensor::<4>::zeros([1, 3, 4, 5], &device);
    spectral_filter(x, r, FilterSpec::circular(3, [4, 6]));
}
