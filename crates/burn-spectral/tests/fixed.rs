//! Fixed filters and the convolution with a given filter.

mod common;

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::conv::{
    ConvolveMode, ConvolveOutput, FilterUse, FixedFilter, FixedFourierConv2d,
    FixedFourierConv2dConfig, KernelOrigin, fft_convolve2d, sinc_planes, try_fft_convolve2d,
};
use common::golden::{Case, load};
use common::{DTYPES, assert_close, noise, noise_tensor, tensor, values};

fn output_of(case: &Case) -> ConvolveOutput {
    match case.text("output") {
        "real" => ConvolveOutput::Real,
        "magnitude" => ConvolveOutput::Magnitude,
        other => panic!("{}: unknown output {other}", case.name),
    }
}

fn check_convolution(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let mode = match case.text("mode") {
        "full" => ConvolveMode::Full,
        "same" => ConvolveMode::Same,
        "valid" => ConvolveMode::Valid,
        "circular" => ConvolveMode::Circular,
        other => panic!("{}: unknown mode {other}", case.name),
    };
    let x = case.leaf::<4>("input", dtype, &device);
    let loss = |y: Tensor<4>| {
        case.check("output", y.clone(), "");
        (y * case.tensor("cotangent", dtype, &device))
            .sum()
            .backward()
    };
    match case.shape("filter").len() {
        2 => {
            let filter = case.leaf::<2>("filter", dtype, &device);
            let gradients = loss(fft_convolve2d(
                x.clone(),
                filter.clone(),
                mode,
                output_of(case),
            ));
            case.check("grad.input", x.grad(&gradients).unwrap(), "");
            case.check("grad.filter", filter.grad(&gradients).unwrap(), "");
        }
        _ => {
            let filter = case.leaf::<4>("filter", dtype, &device);
            let gradients = loss(fft_convolve2d(
                x.clone(),
                filter.clone(),
                mode,
                output_of(case),
            ));
            case.check("grad.input", x.grad(&gradients).unwrap(), "");
            case.check("grad.filter", filter.grad(&gradients).unwrap(), "");
        }
    }
}

#[test]
fn convolutions_and_their_gradients_are_those_of_scipy_and_pytorch() {
    for case in &load("convolve2d") {
        for dtype in DTYPES {
            check_convolution(case, dtype);
        }
    }
}

/// The function of `fixed_response` in `golden/layers.py`.
fn golden_response(f_h: f64, f_w: f64) -> (f64, f64) {
    let envelope = (-6.0 * (f_h - 0.1).powi(2) - 9.0 * (f_w + 0.05).powi(2)).exp();
    (
        envelope * (1.0 + 2.0 * f_h),
        envelope * (0.5 - 3.0 * f_w + 4.0 * f_h * f_w),
    )
}

fn check_fixed(case: &Case, dtype: DType, layer: &FixedFourierConv2d, how: &str) {
    let device = Device::flex().autodiff();
    let x = case.leaf::<4>("input", dtype, &device);
    let y = layer.forward(x.clone());
    case.check("output", y.clone(), how);
    let gradients = (y * case.tensor("cotangent", dtype, &device))
        .sum()
        .backward();
    case.check("grad.input", x.grad(&gradients).unwrap(), how);
}

#[test]
fn fixed_functions_of_frequency_and_their_gradients_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    for case in &load("fixed") {
        let [_, channels, height, width] = case.shape("input")[..] else {
            panic!("{}: no image", case.name)
        };
        let layer = |size| {
            FixedFourierConv2dConfig::from_function(channels, size, golden_response)
                .with_output(output_of(case))
                .init(&device)
        };
        for dtype in DTYPES {
            check_fixed(case, dtype, &layer([height, width]), "at its own size");
            check_fixed(case, dtype, &layer([5, 8]), "at another size");
        }
    }
}

/// `numpy.sinc(t)`.
fn sinc(t: f64) -> f64 {
    match std::f64::consts::PI * t {
        0.0 => 1.0,
        x => x.sin() / x,
    }
}

/// The published example: `abs(ifft2(fft2(image)·fft2(filter)))` with the filter
/// `numpy.sinc(numpy.mgrid[-64:64, -64:64] / 64)`, two images. Each of its planes varies along one
/// axis alone, so each result is the circular convolution of the image's sums along the other.
#[test]
fn the_published_sinc_filter_gives_two_images_of_row_and_column_sums_shifted_by_half() {
    const N: usize = 128;
    let device = Device::flex();
    let image = noise(N * N, 1);
    let sums = |of: &dyn Fn(usize, usize) -> usize| -> Vec<f64> {
        (0..N)
            .map(|i| (0..N).map(|j| image[of(i, j)]).sum())
            .collect()
    };
    let lines = [sums(&|i, j| i * N + j), sums(&|i, j| j * N + i)];
    let smooth = |line: &[f64], origin: usize| -> Vec<f64> {
        let tap = |t: usize| sinc((t as f64 - 64.0) / 64.0);
        (0..N)
            .map(|n| {
                (0..N)
                    .map(|i| line[i] * tap((n + origin + N - i) % N))
                    .sum::<f64>()
                    .abs()
            })
            .collect()
    };
    let x = tensor(&image, [1, 1, N, N], DType::F32, &device);
    for (origin, shift) in [(KernelOrigin::First, 0), (KernelOrigin::Center, 64)] {
        let kernels = sinc_planes([N, N], &device);
        assert_eq!(kernels.dims(), [2, N, N]);
        let layer = FixedFourierConv2dConfig::from_kernels(1, kernels, origin)
            .with_output(ConvolveOutput::Magnitude)
            .init(&device);
        let y = values(layer.forward(x.clone()));
        let [rows, columns] = [0, 1].map(|axis| smooth(&lines[axis], shift));
        let mut want: Vec<f64> = rows.iter().flat_map(|value| [*value; N]).collect();
        want.extend((0..N).flat_map(|_| columns.clone()));
        assert_close(&format!("{origin:?}"), &y, &want, 2e-6);
    }
}

#[test]
fn the_published_filter_shifts_each_image_by_its_origin() {
    let device = Device::flex();
    let x = noise_tensor([2, 3, 128, 128], 3, DType::F64, &device);
    let [first, center] = [KernelOrigin::First, KernelOrigin::Center].map(|origin| {
        let kernels = sinc_planes([128, 128], &device).cast(DType::F64);
        let layer = FixedFourierConv2dConfig::from_kernels(3, kernels, origin).init(&device);
        assert_eq!(layer.channels(), [3, 6]);
        layer.forward(x.clone())
    });
    let shifted = center.roll_dim(64, 2).roll_dim(64, 3);
    assert_close("shift", &values(first), &values(shifted), 1e-12);
}

#[test]
fn a_filter_of_one_half_plane_gives_the_envelope_of_a_wave() {
    let device = Device::flex();
    let analytic = FixedFourierConv2dConfig::from_function(1, [6, 16], |_, f_w| {
        (if f_w > 0.0 { 2.0 } else { 0.0 }, 0.0)
    });
    let wave = |j: usize| 0.7 * (std::f64::consts::TAU * (3 * (j % 16)) as f64 / 16.0 + 0.4).cos();
    let x: Vec<f64> = (0..96).map(wave).collect();
    let x = tensor(&x, [1, 1, 6, 16], DType::F64, &device);
    let real = analytic.init(&device).forward(x.clone());
    assert_close("real part", &values(real), &values(x.clone()), 1e-12);
    let envelope = analytic
        .with_output(ConvolveOutput::Magnitude)
        .init(&device)
        .forward(x);
    assert_close("magnitude", &values(envelope), &[0.7; 96], 1e-12);
}

fn two_filters() -> Vec<FixedFilter> {
    vec![
        FixedFilter::function(golden_response),
        FixedFilter::function(|f_h, f_w| ((-8.0 * (f_h * f_h + f_w * f_w)).exp(), 0.0)),
    ]
}

#[test]
fn filters_meet_each_channel_or_one_or_the_sum() {
    let device = Device::flex();
    let x = noise_tensor::<4>([2, 2, 6, 7], 5, DType::F64, &device);
    let single = |filter: usize, channel: usize| {
        let config = FixedFourierConv2dConfig::new(1, [6, 7], vec![two_filters()[filter].clone()]);
        config
            .init(&device)
            .forward(x.clone().narrow(1, channel, 1))
    };
    for (filter_use, want) in [
        (
            FilterUse::EachChannel,
            Tensor::cat(
                vec![single(0, 0), single(1, 0), single(0, 1), single(1, 1)],
                1,
            ),
        ),
        (
            FilterUse::PerChannel,
            Tensor::cat(vec![single(0, 0), single(1, 1)], 1),
        ),
        (
            FilterUse::ChannelSum,
            Tensor::cat(
                vec![single(0, 0) + single(0, 1), single(1, 0) + single(1, 1)],
                1,
            ),
        ),
    ] {
        let config = FixedFourierConv2dConfig::new(2, [6, 7], two_filters());
        let layer = config.with_filter_use(filter_use).init(&device);
        let y = layer.forward(x.clone());
        assert_eq!(y.dims()[1], layer.channels()[1]);
        assert_close(
            &format!("{filter_use:?}"),
            &values(y),
            &values(want.clone()),
            1e-12,
        );

        let free = layer.trainable();
        let x = x.clone().cast(DType::F32);
        assert_eq!(
            free.num_params(),
            2 * free.response.re.shape().num_elements()
        );
        let released = values(free.forward(x));
        assert_close(
            &format!("{filter_use:?} released"),
            &released,
            &values(want),
            2e-6,
        );
    }
}

#[test]
fn a_fixed_layer_has_no_parameters_and_nothing_to_train_until_released() {
    let device = Device::flex().autodiff();
    let layer = FixedFourierConv2dConfig::new(3, [8, 8], two_filters())
        .init(&device)
        .train();
    assert_eq!(layer.num_params(), 0);
    assert_eq!(layer.clone().unfreeze().num_params(), 0);
    let x = noise_tensor::<4>([1, 3, 8, 8], 7, DType::F32, &device);
    let spectrum = layer.clone().unfreeze().spectra[0].re.val();
    assert!(!spectrum.is_require_grad());
    let x = x.require_grad();
    let gradients = layer.forward(x.clone()).sum().backward();
    assert!(x.grad(&gradients).is_some());
    assert!(spectrum.grad(&gradients).is_none());

    // One complex weight at each of 8·5 bins for six filters.
    let free = layer.trainable();
    assert_eq!(free.num_params(), 6 * 2 * 8 * 5);
    let gradients = free.forward(x).sum().backward();
    assert!(free.response.re.val().grad(&gradients).is_some());
}

#[test]
fn the_constants_travel_in_records() {
    let device = Device::flex();
    let kernels = |seed| noise_tensor::<3>([2, 5, 6], seed, DType::F32, &device);
    let layer = |seed| {
        FixedFourierConv2dConfig::from_kernels(1, kernels(seed), KernelOrigin::First).init(&device)
    };
    let x = noise_tensor::<4>([1, 1, 5, 6], 11, DType::F32, &device);
    let (saved, other) = (layer(1), layer(2));
    let want = values(saved.forward(x.clone()));
    assert_ne!(values(other.forward(x.clone())), want);
    let loaded = other.load_record(saved.into_record());
    assert_eq!(values(loaded.forward(x)), want);
    assert_eq!(loaded.num_params(), 0);
}

/// Infinite at a frequency that images of some heights have.
fn pole(f_h: f64, _: f64) -> (f64, f64) {
    (1.0 / (f_h + 0.2), 0.0)
}

#[test]
#[should_panic(
    expected = "a filter's value must be finite, got inf + 0i at the frequency (-0.2, 0)"
)]
fn a_function_that_is_not_finite_at_another_size_is_refused() {
    let device = Device::flex();
    let layer = FixedFourierConv2dConfig::from_function(1, [4, 4], pole).init(&device);
    layer.forward(Tensor::ones([1, 1, 5, 4], &device));
}

#[test]
fn bad_input_is_refused_with_its_numbers() {
    let device = Device::flex();
    let config = FixedFourierConv2dConfig::from_function(2, [4, 4], pole);
    let layer = config.init(&device);
    assert_eq!(
        layer.check([1, 3, 4, 4]).unwrap_err().to_string(),
        "expected 2 channels, got an input of shape [1, 3, 4, 4]"
    );
    assert!(layer.check([1, 2, 0, 4]).is_err());
    assert!(layer.check([1, 2, 9, 4]).is_ok());

    let mut config = config;
    config.size = [4, 0];
    assert!(matches!(
        config.try_init(&device),
        Err(SpectralError::Zero { .. })
    ));
    let kernel = FixedFilter::kernel(Tensor::ones([3, 4], &device), KernelOrigin::First);
    let config = FixedFourierConv2dConfig::new(1, [4, 4], vec![kernel]);
    assert_eq!(
        config.try_init(&device).unwrap_err().to_string(),
        "the kernel image was created for inputs of size [3, 4], got size [4, 4]; create it for that size or resize the input"
    );

    let image = Tensor::<4>::ones([1, 2, 4, 4], &device);
    let filter = Tensor::<4>::ones([1, 3, 2, 2], &device);
    let error = try_fft_convolve2d(image, filter, ConvolveMode::Full, ConvolveOutput::Real);
    assert_eq!(
        error.unwrap_err().to_string(),
        "expected 3 channels, got an input of shape [1, 2, 4, 4]"
    );
}

#[test]
fn a_filter_function_may_run_its_own_layer() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, mpsc};
    use std::time::Duration;

    // As a function that runs on several threads may meet the layer again on one that waits for it.
    let inner: Arc<Mutex<Option<FixedFourierConv2d>>> = Arc::default();
    let (seen, is_inside) = (inner.clone(), Arc::new(AtomicBool::new(false)));
    let config = FixedFourierConv2dConfig::from_function(1, [4, 4], move |f_h, f_w| {
        let layer = seen.lock().unwrap().clone();
        if let Some(layer) = layer
            && !is_inside.swap(true, Ordering::SeqCst)
        {
            layer.forward(Tensor::ones([1, 1, 3, 3], &Device::flex()));
            is_inside.store(false, Ordering::SeqCst);
        }
        (1.0 + f_h * f_w, 0.0)
    });
    let layer = config.init(&Device::flex());
    *inner.lock().unwrap() = Some(layer.clone());
    let (done, result) = mpsc::channel();
    std::thread::spawn(move || {
        let y = layer.forward(Tensor::ones([1, 1, 5, 6], &Device::flex()));
        done.send(y.into_data()).unwrap();
    });
    let y = result.recv_timeout(Duration::from_secs(120));
    let y = y.expect("the layer waits for itself");
    assert_eq!(y.shape().as_slice(), [1, 1, 5, 6]);
}
