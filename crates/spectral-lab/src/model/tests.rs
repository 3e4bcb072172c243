//! What holds for every network.

use burn::tensor::{Device, Tensor};
use burn_spectral::summary::count_parameters;

use super::{InputSpec, build, find, models, trainable};
use crate::train::Classifier;

/// Builds the networks at their source's input, or at 28×28, and counts and runs them there.
fn assert_counts(input: Option<&InputSpec>, counts: &[(&str, usize)]) {
    let device = Device::flex();
    for &(name, count) in counts {
        let input = input.unwrap_or(&find(name).unwrap().input);
        let net = build(name, input, &device).unwrap();
        assert_eq!(trainable(&net), count, "{name}");
        assert_eq!(net.check(input), Ok(()), "{name}");
        assert!(net.dead_parameters() < count, "{name}");
        let [height, width] = input.size();
        let outputs = match name.starts_with("autoencoder") {
            true => input.channels * height * width,
            false => input.classes,
        };
        let summary = net.summary(input).unwrap();
        assert_eq!(summary.parameters(), count_parameters(&net), "{name}");
        assert_eq!(summary.parameters().trainable, count, "{name}");
        assert_eq!(summary.output().dims(), [outputs], "{name}");
        for batch in [1, 2] {
            let images = Tensor::ones([batch, input.channels, height, width], &device);
            assert_eq!(net.forward(images).dims(), [batch, outputs], "{name}");
        }
    }
}

#[test]
fn the_networks_of_the_cats_and_dogs_are_as_large_as_published() {
    let head = 150 * 150 * 6 * 2 + 2;
    // Pairs of channels: 3·6 + 3·6², and 3·6 + 6² + 6·12 + 12² + 12·24 + 24².
    let (pairs, deep) = (126, 1134);
    assert_counts(
        None,
        &[
            ("cats-spatial", 271_160),
            ("cats-fourier", 820_802),
            ("cats-linear", 273_794),
            ("cats-gaussian", 273_890),
            ("cats-fourier-repaired", pairs * 2 * 150 * 76 + 24 + head),
            ("cats-linear-repaired", pairs * 3 + 24 + head),
            ("cats-gaussian-repaired", pairs * 12 + 24 + head),
            ("cats-spatial-deep", deep * 9 + 84 + 4 * (head - 2) + 2),
            ("cats-gaussian-deep", 1_095_410),
            (
                "cats-gaussian-deep-repaired",
                deep * 12 + 84 + 4 * (head - 2) + 2,
            ),
        ],
    );
}

#[test]
fn the_networks_of_cifar_10_are_as_large_as_published() {
    // 3·32 + 32² + 32·64 + 64² + 64·128 + 128² pairs of channels.
    let (pairs, biases) = (31_840, 448);
    let head = 32 * 32 * 128 * 128 + 128 + 1290;
    let layers = 9 * (3 * 64 + 10 * 64 * 64) + 11 * 64;
    assert_counts(
        None,
        &[
            ("cifar-spatial", 17_065_642),
            ("cifar-linear", 17_830_794),
            ("cifar-linear-repaired", 3 * pairs + biases + head),
            ("cifar-residual-spatial", layers + 32 * 32 * 64 * 10 + 10),
            (
                "cifar-residual-linear",
                8 * 11 * 64 + 2 * 32 * 17 * 64 * 10 + 10,
            ),
        ],
    );
}

#[test]
fn autoencoders_and_fixed_filters_are_as_large_as_published() {
    let decoder = 18_785;
    assert_counts(
        None,
        &[
            ("autoencoder-spatial", 28_353),
            ("autoencoder-gaussian", 19_553),
            (
                "autoencoder-gaussian-repaired",
                12 * (32 + 32 * 32) + 64 + decoder,
            ),
            ("fixed-conv", 54_410),
            ("fixed-sinc", 32 * 14 * 14 * 10 + 10),
            ("fixed-sine", 32 * 14 * 14 * 10 + 10),
            ("fixed-sinc-planes", 2 * 64 * 64 * 10 + 10),
        ],
    );
}

#[test]
fn the_networks_of_one_transform_are_as_large_as_counted_by_hand() {
    assert_counts(
        None,
        &[
            ("fft-only", 4096 * 10 + 10),
            ("fft-magnitude", 4096 * 10 + 10),
            ("fft-gate", 16_781_312 + 4096 * 10 + 10),
            ("fft-only-repaired", 2 * 64 * 33 * 15 + 15 + 160),
            ("fft-magnitude-repaired", 3 * 64 * 33 * 10 + 10 + 110),
            ("fft-cnn-small", 120 + 2289 + 21 * 256 * 10 + 10),
            ("fft-gate-repaired", 14 * (64 * 33 + 1) + 14 * 256 * 10 + 10),
            ("fft-local", 22 * 81 + 22 * 256 * 10 + 10),
        ],
    );
    assert_counts(
        Some(&InputSpec::default()),
        &[
            ("fft-only", 7850),
            ("fft-magnitude", 7850),
            ("fft-gate", 784 * 784 + 784 + 7850),
            ("fft-only-repaired", 12_775),
            ("fft-magnitude-repaired", 12_720),
            ("fft-cnn-small", 12_709),
            ("fft-gate-repaired", 12_764),
            ("fft-local", 12_572),
        ],
    );
}

#[test]
fn every_network_runs_at_its_smallest_and_at_odd_sizes_and_knows_its_range() {
    let device = Device::flex();
    for info in models() {
        let smallest = info.smallest;
        // The same odd sizes for all that take them.
        let odd = [13.max(smallest + 3), 10.max(smallest)];
        for size in [[smallest, smallest + 1], odd] {
            let input = InputSpec::new(3, size, 4);
            let net = build(info.name, &input, &device).unwrap();
            for batch in [1, 2] {
                let images = Tensor::ones([batch, 3, size[0], size[1]], &device);
                let [rows, _] = net.forward(images).dims();
                assert_eq!(rows, batch, "{} {size:?}", info.name);
            }
            let summary = net.summary(&input).unwrap();
            assert_eq!(
                summary.parameters(),
                count_parameters(&net),
                "{}",
                info.name
            );
            let other = [24.max(smallest), 31.max(2 * smallest + 1)];
            let name = format!("{}x{}", other[0], other[1]);
            let [height, width] = other;
            let other = InputSpec::new(3, other, 4);
            assert_eq!(net.summary(&other).err(), net.check(&other).err());
            if let Err(error) = net.check(&other) {
                let error = error.to_string();
                let built = format!("{}x{}", size[0], size[1]);
                assert!(error.contains(&built) && error.contains(&name), "{error}");
            } else {
                let images = Tensor::ones([1, 3, height, width], &device);
                assert_eq!(net.forward(images).dims()[0], 1, "{}", info.name);
            }
        }
    }
}
