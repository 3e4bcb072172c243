//! What Burn computes wrong and this library does not: the cases listed in
//! `docs/reference/upstream.md`.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::nn::conv::Conv1dConfig;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::FftConv1d;
use burn_spectral::spatial;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor.into_data().convert_dtype(DType::F64);
    data.try_into_vec().unwrap()
}

#[test]
fn the_weight_gradient_of_a_grouped_convolution_counts_no_sample_that_the_stride_leaves_over() {
    let device = Device::flex().autodiff();
    let (groups, each, taps, stride) = (2, 2, 3, 2);
    let channels = groups * each;
    for length in [6, 7] {
        let samples: Vec<f32> = (0..channels * length).map(|i| (1 + i) as f32).collect();
        let x = Tensor::<1>::from_floats(&samples[..], &device).reshape([1, channels, length]);
        let outputs = (length - taps) / stride + 1;
        let cotangent: Vec<f32> = (0..channels * outputs)
            .map(|i| (1 + i * i) as f32)
            .collect();
        let weights =
            Tensor::<1>::from_floats(&cotangent[..], &device).reshape([1, channels, outputs]);
        let layer = Conv1dConfig::new(channels, channels, taps)
            .with_groups(groups)
            .with_stride(stride)
            .with_bias(false)
            .init(&device);
        let mut want = vec![0.0; channels * each * taps];
        for (at, want) in want.iter_mut().enumerate() {
            let (output, input, tap) = (at / taps / each, at / taps % each, at % taps);
            let channel = output / each * each + input;
            for n in 0..outputs {
                *want += f64::from(cotangent[output * outputs + n])
                    * f64::from(samples[channel * length + stride * n + tap]);
            }
        }
        let error = |y: Tensor<3>| {
            let gradients = (y * weights.clone()).sum().backward();
            let got = values(layer.weight.val().grad(&gradients).unwrap());
            let differences = got.iter().zip(&want).map(|(a, b)| (a - b).abs());
            differences.fold(0.0, f64::max) / want.iter().fold(0.0, |a: f64, b| a.max(b.abs()))
        };
        assert!(error(spatial::conv1d(&layer, x.clone())) < 1e-5, "{length}");
        let twin = FftConv1d::from(layer.clone());
        assert!(error(twin.forward(x.clone())) < 1e-5, "{length}");
        // Once Burn has mended it, the entry of `docs/reference/upstream.md` may go.
        let burn = error(layer.forward(x));
        assert_eq!(burn > 0.1, length == 6, "{length} samples: {burn}");
    }
}

#[test]
fn a_slice_without_elements_leaves_the_graph() {
    let device = Device::flex().autodiff();
    let is_tracked = |x: Tensor<2>, range: [Range<usize>; 2]| {
        let part = x.clone().require_grad().slice(range);
        catch_unwind(AssertUnwindSafe(|| part.sum().backward())).is_ok()
    };
    let x = Tensor::<2>::ones([2, 3], &device);
    assert!(is_tracked(x.clone(), [0..2, 2..3]));
    // Once Burn has mended it, the entry of `docs/upstream.md` may go.
    assert!(!is_tracked(x.clone(), [0..2, 3..3]));
    assert!(!is_tracked(Tensor::zeros([0, 3], &device), [0..0, 0..2]));
    let narrowed = Tensor::<2>::zeros([0, 3], &device).require_grad();
    let narrowed = narrowed.narrow(1, 0, 2);
    assert!(catch_unwind(AssertUnwindSafe(|| narrowed.sum().backward())).is_err());
}

#[test]
fn arithmetic_on_an_empty_view_with_an_offset_panics() {
    let device = Device::flex();
    let empty = || Tensor::<4>::zeros([0, 2, 8, 4], &device);
    assert_eq!((empty() * 2.0).dims(), [0, 2, 8, 4]);
    // Once Burn has mended it, the entry of `docs/upstream.md` may go.
    let product = catch_unwind(AssertUnwindSafe(|| empty().flip([2]) * 2.0));
    assert!(product.is_err());
}
