//! KKLayer against the loops it was published as.

mod common;

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::SpectralInitializer;
use burn_spectral::conv::ConjugateFactor;
use burn_spectral::published::{KkLayer, KkLayerConfig};
use common::{DTYPES, assert_close, noise, noise_tensor, tensor, tolerance, values};
use spectral_kernels::oracle;

const BATCH: usize = 2;
const SHAPES: [([usize; 2], [usize; 2]); 5] = [
    ([1, 4], [7, 7]),
    ([3, 2], [5, 8]),
    ([4, 4], [6, 3]),
    ([2, 3], [1, 1]),
    ([2, 1], [4, 6]),
];

fn layer(channels: [usize; 2], dtype: DType, device: &Device) -> KkLayer {
    let [inputs, outputs] = channels;
    let mut layer = KkLayerConfig::new(channels).init(device);
    let weights = |seed| noise_tensor([outputs, inputs], seed, dtype, device);
    layer.conv.response.alpha = Param::from_tensor(weights(11));
    layer.conv.response.beta = Param::from_tensor(weights(12));
    layer
}

/// The published layer, in f64: a full complex transform of every channel, for each pair of
/// channels the products of α and β with real and imaginary part, the real part of the inverse.
fn as_published(
    x: &[f64],
    alpha: &[f64],
    beta: &[f64],
    [inputs, outputs]: [usize; 2],
    size: [usize; 2],
) -> Vec<f64> {
    let points = size[0] * size[1];
    let mut result = Vec::new();
    for image in x.chunks(inputs * points) {
        let (re, im) = oracle::dft_nd(inputs, &size, false, image, &vec![0.0; image.len()]);
        for output in 0..outputs {
            let mut sum = (vec![0.0; points], vec![0.0; points]);
            for input in 0..inputs {
                let (alpha, beta) = (
                    alpha[output * inputs + input],
                    beta[output * inputs + input],
                );
                for k in 0..points {
                    let (re, im) = (re[input * points + k], im[input * points + k]);
                    sum.0[k] += alpha * re + beta * im;
                    sum.1[k] += beta * re - alpha * im;
                }
            }
            let (real, _) = oracle::dft_nd(1, &size, true, &sum.0, &sum.1);
            result.extend(real.into_iter().map(|value| value / points as f64));
        }
    }
    result
}

#[test]
fn it_is_the_published_double_loop_over_channels() {
    let device = Device::flex();
    for dtype in DTYPES {
        for (channels, [height, width]) in SHAPES {
            let layer = layer(channels, dtype, &device);
            let dims = [BATCH, channels[0], height, width];
            let x = noise(dims.iter().product(), 1);
            let [alpha, beta] = [&layer.conv.response.alpha, &layer.conv.response.beta]
                .map(|weight| values(weight.val()));
            let want = as_published(&x, &alpha, &beta, channels, [height, width]);
            let got = values(layer.forward(tensor(&x, dims, dtype, &device)));
            let what = format!("{channels:?} channels, {height}×{width}, {dtype:?}");
            assert_close(&what, &got, &want, tolerance(dtype, 1e-5, 1e-12));
        }
    }
}

#[test]
fn it_mixes_the_circularly_flipped_image_by_alpha() {
    let device = Device::flex();
    for (channels, [height, width]) in SHAPES {
        let layer = layer(channels, DType::F64, &device);
        let [inputs, outputs] = channels;
        let x = noise_tensor([BATCH, inputs, height, width], 1, DType::F64, &device);
        // flip[h, w] = x[−h mod height, −w mod width]: reverse, then roll by one.
        let flipped = x.clone().flip([2, 3]).roll_dim(1, 2).roll_dim(1, 3);
        let alpha = layer.conv.response.alpha.val();
        let want = (0..outputs)
            .map(|output| {
                let row = alpha
                    .clone()
                    .narrow(0, output, 1)
                    .reshape([1, inputs, 1, 1]);
                (flipped.clone() * row).sum_dim(1)
            })
            .collect();
        let want = values(Tensor::cat(want, 1));
        let what = format!("{channels:?} channels, {height}×{width}");
        assert_close(&what, &values(layer.forward(x)), &want, 1e-14);
    }
}

#[test]
fn beta_changes_nothing_and_has_no_gradient() {
    let device = Device::flex().autodiff();
    let mut layer = layer([3, 2], DType::F32, &device);
    let x = noise_tensor([BATCH, 3, 5, 6], 1, DType::F32, &device);
    let before = layer.forward(x.clone());
    layer.conv.response.beta =
        Param::from_tensor(noise_tensor([2, 3], 99, DType::F32, &device) * 100.0);
    let after = layer.forward(x);
    assert_eq!(values(before), values(after.clone()));
    let gradients = after.sum().backward();
    assert!(layer.conv.response.beta.val().grad(&gradients).is_none());
    assert!(layer.conv.response.alpha.val().grad(&gradients).is_some());
}

#[test]
fn it_starts_standard_normal_as_published_or_as_a_convolution() {
    let (device, _alone) = common::seeded(3);
    let variance = |init| {
        let config = KkLayerConfig::new([64, 256]).with_initializer(init);
        let alpha = values(config.init(&device).conv.response.alpha.val());
        alpha.iter().map(|a| a * a).sum::<f64>() / alpha.len() as f64
    };
    // 16,384 squares of normal numbers: a deviation of √(2/16384), 1.1 %.
    assert_close(
        "published",
        &[variance(SpectralInitializer::Published)],
        &[1.0],
        0.05,
    );
    assert_close(
        "convolution",
        &[variance(SpectralInitializer::Conv)],
        &[1.0 / 192.0],
        0.05,
    );
}

#[test]
fn it_conjugates_its_input_and_has_no_bias() {
    let layer = KkLayerConfig::new([2, 3]).init(&Device::flex());
    assert_eq!(layer.conv.conjugate, ConjugateFactor::Input);
    assert!(layer.conv.bias.is_none());
    let error = KkLayerConfig::new([0, 3]).try_init(&Device::flex());
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("must be at least 1, got 0")
    );
}
