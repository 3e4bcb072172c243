//! Batch normalization, activations and max-pools on the kernels against Burn's own modules and finite differences.

mod tensors;

use burn::module::Module;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig2d};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{DType, Device, Shape, Tensor};
use fused_layers::ops::{
    self, ChannelSpec, MaxPool, batch_norm::fallback, batch_norm_train, channel_affine,
};
use fused_layers::spatial::{self, Activation};
use tensors::gradient::assert_gradients;
use tensors::{DTYPES, assert_close, noise_tensor, tensor, values};

const LEAKY: Activation = Activation::LeakyRelu { slope: 0.01 };
const SHAPES: [[usize; 4]; 9] = [
    [64, 16, 14, 14],
    [5, 32, 7, 7],
    [6, 64, 3, 3],
    [7, 3, 28, 28],
    [3, 17, 4, 4],
    [2, 1, 31, 9],
    [1, 5, 5, 6],
    [9, 1, 2, 2],
    [2, 3, 37, 64],
];

fn pools() -> Vec<MaxPool2d> {
    vec![
        MaxPool2dConfig::new([2, 2]).init(),
        MaxPool2dConfig::new([3, 2])
            .with_strides([2, 1])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
            .init(),
        MaxPool2dConfig::new([2, 2])
            .with_strides([1, 2])
            .with_padding(PaddingConfig2d::Explicit(0, 1, 1, 0))
            .init(),
        MaxPool2dConfig::new([2, 2]).with_ceil_mode(true).init(),
        MaxPool2dConfig::new([2, 2])
            .with_dilation([1, 1])
            .with_strides([1, 1])
            .with_padding(PaddingConfig2d::Same)
            .init(),
    ]
}

/// A layer with coefficients of its own.
fn norm(channels: usize, dtype: DType, device: &Device) -> BatchNorm {
    let mut layer = BatchNormConfig::new(channels).init(device);
    let draw = |seed| noise_tensor::<1>([channels], seed, dtype, device);
    let leaf = |seed| match device.is_autodiff() {
        true => draw(seed).require_grad(),
        false => draw(seed),
    };
    layer.gamma = layer.gamma.map(|_| leaf(11));
    layer.beta = layer.beta.map(|_| leaf(12));
    layer.running_mean = burn::module::RunningState::new(draw(13));
    layer.running_var = burn::module::RunningState::new(draw(14) + 1.5);
    layer
}

/// A limit for the error in single and in double precision.
fn limit(dtype: DType) -> f64 {
    tensors::tolerance(dtype, 4e-6, 1e-12)
}

#[test]
fn training_steps_are_those_of_burn() {
    let device = Device::flex().autodiff();
    for dtype in DTYPES {
        for shape in SHAPES {
            for pool in [None].into_iter().chain(pools().into_iter().map(Some)) {
                let (ours, theirs) = (
                    norm(shape[1], dtype, &device),
                    norm(shape[1], dtype, &device),
                );
                for step in 0..3 {
                    let what = format!("{dtype:?} {shape:?} {pool:?} step {step}");
                    let draw = || noise_tensor(shape, 20 + step, dtype, &device).require_grad();
                    let (x, y) = (draw(), draw());
                    let got = spatial::batch_norm_with(&ours, LEAKY, pool.as_ref(), x.clone());
                    let want = leaky_relu(theirs.forward(y.clone()), 0.01);
                    let want = match &pool {
                        Some(pool) => pool.forward(want),
                        None => want,
                    };
                    assert_eq!(got.dims(), want.dims(), "{what}");
                    let check = |part: &str, got: Vec<f64>, want: Vec<f64>, limit: f64| {
                        assert_close(&format!("{what} {part}"), &got, &want, limit);
                    };
                    let limit = limit(dtype);
                    check("output", values(got.clone()), values(want.clone()), limit);
                    let weight = noise_tensor(got.dims(), 40, dtype, &device);
                    let got = (got * weight.clone()).sum().backward();
                    let want = (want * weight).sum().backward();
                    let gx = [(&x, &got), (&y, &want)].map(|(x, of)| values(x.grad(of).unwrap()));
                    let [ggot, gwant] = gx;
                    check("input gradient", ggot, gwant, 8.0 * limit);
                    for (name, ours, theirs) in [
                        ("gamma", &ours.gamma, &theirs.gamma),
                        ("beta", &ours.beta, &theirs.beta),
                    ] {
                        let ours = values(ours.grad(&got).unwrap());
                        let theirs = values(theirs.grad(&want).unwrap());
                        check(name, ours, theirs, 8.0 * limit);
                    }
                }
                let states = |layer: &BatchNorm| {
                    let of = [&layer.running_mean, &layer.running_var];
                    of.map(|state| values(state.value_sync()))
                };
                for (got, want) in states(&ours).iter().zip(states(&theirs)) {
                    let what = format!("running statistics {dtype:?} {shape:?}");
                    assert_close(&what, got, &want, limit(dtype));
                }
                let (ours, theirs) = (ours.valid(), theirs.valid());
                let x = noise_tensor(shape, 50, dtype, &Device::flex());
                let got = spatial::batch_norm(&ours, x.clone());
                let what = format!("validation {dtype:?} {shape:?}");
                assert_close(
                    &what,
                    &values(got),
                    &values(theirs.forward(x)),
                    limit(dtype),
                );
            }
        }
    }
}

#[test]
fn a_frozen_layer_uses_its_running_statistics_and_passes_gradients_on() {
    let device = Device::flex().autodiff();
    let layer = norm(3, DType::F32, &device).freeze();
    let draw = || noise_tensor([4, 3, 6, 6], 1, DType::F32, &device).require_grad();
    let (x, y) = (draw(), draw());
    let weight = noise_tensor([4, 3, 6, 6], 2, DType::F32, &device);
    let got = spatial::batch_norm(&layer, x.clone());
    let want = layer.forward(y.clone());
    assert_close("output", &values(got.clone()), &values(want.clone()), 1e-6);
    let got = (got * weight.clone()).sum().backward();
    let want = (want * weight).sum().backward();
    let (got, want) = (x.grad(&got).unwrap(), y.grad(&want).unwrap());
    assert_close("gradient", &values(got), &values(want), 1e-6);
}

#[test]
fn pools_are_those_of_burn() {
    for dtype in DTYPES {
        let device = Device::flex().autodiff();
        for shape in SHAPES {
            for pool in pools() {
                let what = format!("{dtype:?} {shape:?} {pool:?}");
                // Few different values, so that there are ties.
                let draw = || (noise_tensor::<4>(shape, 3, dtype, &device) * 4.0).round();
                let (x, y) = (draw().require_grad(), draw().require_grad());
                let got = spatial::max_pool2d(&pool, x.clone());
                let want = pool.forward(y.clone());
                assert_eq!(got.to_data(), want.to_data(), "{what}");
                let weight = noise_tensor(got.dims(), 4, dtype, &device);
                let got = (got * weight.clone()).sum().backward();
                let want = (want * weight).sum().backward();
                let [got, want] = [(x, got), (y, want)].map(|(x, of)| values(x.grad(&of).unwrap()));
                assert_close(&what, &got, &want, limit(dtype));

                let x: Tensor<4> = noise_tensor(shape, 5, dtype, &device);
                let got = spatial::activate_pool(LEAKY, Some(&pool), x.clone());
                let want = pool.forward(leaky_relu(x, 0.01));
                assert_eq!(got.to_data(), want.to_data(), "{what}");
            }
        }
    }
}

fn specs() -> Vec<(ChannelSpec, [usize; 4])> {
    let spec = |activation, pool| ChannelSpec { activation, pool };
    let overlapping = MaxPool {
        window: [3, 2],
        stride: [1, 2],
        padding: [1, 1],
    };
    vec![
        (spec(Activation::Identity, None), [3, 2, 3, 4]),
        (spec(LEAKY, None), [4, 3, 1, 1]),
        (
            spec(Activation::RELU, Some(MaxPool::new([2, 2]))),
            [2, 3, 5, 6],
        ),
        (spec(LEAKY, Some(overlapping)), [2, 2, 4, 5]),
    ]
}

#[test]
fn the_kernels_agree_with_the_fallback() {
    let device = Device::flex().autodiff();
    for dtype in DTYPES {
        for (spec, _) in specs() {
            for shape in SHAPES {
                let leaf = |dims: &[usize], seed| {
                    let numbers = tensors::noise(dims.iter().product(), seed);
                    tensor(&numbers, [numbers.len()], dtype, &device).require_grad()
                };
                let channels = [shape[1]];
                let leaves = || {
                    [
                        leaf(&shape, 1),
                        leaf(&channels, 2),
                        leaf(&channels, 3),
                        leaf(&channels, 4),
                    ]
                };
                let run = |fallback: bool, which: usize| {
                    let [x, center, scale, shift] = leaves();
                    let image = x.clone().reshape(shape);
                    let (gamma, beta) = (scale.clone(), shift.clone());
                    let affine = [center.detach(), scale.clone(), shift.clone()];
                    let mut results = Vec::new();
                    let output = match (which, fallback) {
                        (0, false) => channel_affine(image, affine, spec),
                        (0, true) => fallback::channel_affine(image, affine, &spec),
                        (1, false) => ops::activate_pool(image, spec),
                        (1, true) => fallback::activate_pool(image, &spec),
                        _ => {
                            let of = (image, gamma, beta, 1e-5);
                            let batch = match fallback {
                                false => batch_norm_train(of.0, of.1, of.2, of.3, spec),
                                true => fallback::batch_norm_train(of.0, of.1, of.2, of.3, &spec),
                            };
                            results.push(values(batch.mean));
                            results.push(values(batch.variance));
                            batch.output
                        }
                    };
                    results.push(values(output.clone()));
                    let weight = noise_tensor(output.dims(), 60, dtype, &device);
                    let gradients = (output * weight).sum().backward();
                    for leaf in [&x, &scale, &shift] {
                        results.push(leaf.grad(&gradients).map(values).unwrap_or_default());
                    }
                    results
                };
                for which in 0..3 {
                    let (got, want) = (run(false, which), run(true, which));
                    for (part, (got, want)) in got.iter().zip(&want).enumerate() {
                        let what = format!("{which} {part} of {dtype:?} {shape:?} {spec:?}");
                        assert_close(&what, got, want, 16.0 * limit(dtype));
                    }
                }
            }
        }
    }
}

#[test]
fn gradients_of_the_affine_map_are_central_differences() {
    // Linear in each input while no branch changes, so inputs keep away from the places where one does.
    for (spec, shape) in specs() {
        let [batch, channels, height, width] = shape;
        let count = batch * channels * height * width;
        assert_gradients(
            &format!("{spec:?}"),
            &[count, channels, channels],
            |inputs| {
                let device = inputs[0].device();
                let steps: Vec<f64> = (0..count).map(|i| (i * 7 % count) as f64 * 4.0).collect();
                let apart = tensor(&steps, shape, DType::F64, &device);
                let x = inputs[0].clone().reshape(shape) + apart - 2.0 * count as f64 - 2.0;
                let center = tensor(&vec![0.0; channels], [channels], DType::F64, &device);
                let scale = inputs[1].clone() * 0.001 + 1.0;
                let shift = inputs[2].clone() * 0.01;
                let y = channel_affine(x, [center, scale, shift], spec);
                let seed = noise_tensor(y.dims(), 7, DType::F64, &device);
                (y * seed).sum()
            },
        );
    }
}

#[test]
fn gradients_through_the_statistics_are_central_differences() {
    let device = Device::flex().autodiff();
    let shape = [3, 2, 3, 4];
    for pool in [None, Some(MaxPool::new([2, 2]))] {
        let spec = ChannelSpec {
            activation: LEAKY,
            pool,
        };
        let numbers = tensors::noise(72, 5);
        let loss = |numbers: &[f64], device: &Device| {
            let x = tensor::<4>(numbers, shape, DType::F64, device).require_grad();
            let gamma = tensor(&[0.7, -1.3], [2], DType::F64, device);
            let beta = tensor(&[0.2, 0.1], [2], DType::F64, device);
            let y = batch_norm_train(x.clone(), gamma, beta, 1e-5, spec).output;
            let weight = noise_tensor(y.dims(), 8, DType::F64, device);
            (x, (y * weight).sum())
        };
        let (x, total) = loss(&numbers, &device);
        let got = values(x.grad(&total.backward()).unwrap());
        let step = 1e-5;
        let want: Vec<f64> = (0..72)
            .map(|i| {
                let at = |by: f64| {
                    let mut moved = numbers.clone();
                    moved[i] += by;
                    values(loss(&moved, &device).1)[0]
                };
                (at(step) - at(-step)) / (2.0 * step)
            })
            .collect();
        assert_close(&format!("{pool:?}"), &got, &want, 1e-7);
    }
}

#[test]
fn what_does_not_learn_gets_no_gradient() {
    let device = Device::flex().autodiff();
    let spec = ChannelSpec {
        activation: LEAKY,
        pool: Some(MaxPool::new([2, 2])),
    };
    for learns in 0..8 {
        let leaf = |place: usize, tensor: Tensor<1>| match learns >> place & 1 {
            1 => tensor.require_grad(),
            _ => tensor,
        };
        for which in 0..2 {
            let leaves = [(0, 96), (1, 2), (2, 2)].map(|(place, len)| {
                leaf(
                    place,
                    noise_tensor([len], place as u64, DType::F32, &device),
                )
            });
            let [x, gamma, beta] = leaves.clone();
            let x = x.reshape([3, 2, 4, 4]);
            let output = match which {
                0 => batch_norm_train(x, gamma, beta, 1e-5, spec).output,
                _ => channel_affine(x, [gamma.clone().detach(), gamma, beta], spec),
            };
            if learns > 0 {
                let gradients = output.sum().backward();
                for (place, leaf) in leaves.iter().enumerate() {
                    let has = leaf.grad(&gradients).is_some();
                    assert_eq!(has, learns >> place & 1 == 1, "{which} {learns} {place}");
                }
            }
        }
    }
}

#[test]
fn signals_and_lists_of_features_are_normalized_too() {
    let device = Device::flex().autodiff();
    let (ours, theirs) = (norm(4, DType::F32, &device), norm(4, DType::F32, &device));
    let x: Tensor<3> = noise_tensor([5, 4, 11], 1, DType::F32, &device);
    let got = spatial::batch_norm(&ours, x.clone());
    assert_close(
        "signal",
        &values(got),
        &values(theirs.forward(x.clone())),
        1e-6,
    );
    let spec = ChannelSpec {
        activation: Activation::Identity,
        pool: Some(MaxPool::new([1, 3])),
    };
    let got = ops::activate_pool(x.clone(), spec);
    let options = burn::tensor::ops::MaxPoolOptions::new([3]).with_stride([3]);
    let want = burn::tensor::module::max_pool1d(x, options);
    assert_eq!(got.to_data(), want.to_data());
    let x: Tensor<2> = noise_tensor([9, 4], 2, DType::F32, &device);
    let got = spatial::batch_norm(&ours, x.clone());
    assert_close("features", &values(got), &values(theirs.forward(x)), 1e-6);
}

#[test]
fn an_empty_batch_stays_empty() {
    let device = Device::flex();
    let layer = norm(3, DType::F32, &device);
    let x: Tensor<4> = Tensor::zeros(Shape::new([0, 3, 6, 6]), &device);
    let pool = MaxPool2dConfig::new([2, 2]).init();
    let y = spatial::batch_norm_with(&layer, LEAKY, Some(&pool), x);
    assert_eq!(y.dims(), [0, 3, 3, 3]);

    let device = device.autodiff();
    let layer = norm(3, DType::F32, &device);
    let x: Tensor<4> = Tensor::zeros(Shape::new([0, 3, 6, 6]), &device);
    let y = spatial::batch_norm_with(&layer, LEAKY, Some(&pool), x);
    assert_eq!(y.dims(), [0, 3, 3, 3]);
    let mean = values(layer.running_mean.value_sync());
    assert_eq!(mean, tensors::noise(3, 13), "the running mean stays");
}

#[test]
#[should_panic(
    expected = "got an input of shape [2, 4, 5, 5] and coefficients of shapes [[3], [3], [3]]"
)]
fn a_wrong_number_of_channels_is_named() {
    let device = Device::flex();
    let layer = norm(3, DType::F32, &device);
    spatial::batch_norm::<4>(&layer, Tensor::zeros([2, 4, 5, 5], &device));
}
