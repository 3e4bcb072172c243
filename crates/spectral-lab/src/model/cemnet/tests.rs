use burn::tensor::{Device, Distribution, Tensor};

use super::super::{build, find, trainable};
use super::*;
use crate::train::{Classifier, Trainable};

#[test]
fn the_published_network_of_digits_has_the_published_number_of_parameters() {
    let net = build("cemnet-mnist", &InputSpec::default(), &Device::flex()).unwrap();
    assert_eq!(trainable(&net), 822_842);
}

#[test]
fn images_pass_alone_and_in_pairs_at_odd_sizes_too() {
    let device = Device::flex();
    for info in MODELS {
        let sizes = match info.smallest {
            10 => [[28, 28], [13, 11]],
            _ => [[32, 32], [35, 33]],
        };
        for size in sizes {
            let input = InputSpec::new(2, size, 3);
            let net = build(info.name, &input, &device).unwrap();
            for batch in [1, 2] {
                let images = Tensor::ones([batch, 2, size[0], size[1]], &device);
                assert_eq!(net.forward(images).dims(), [batch, 3], "{}", info.name);
            }
            let summary = net.summary(&input).unwrap();
            assert_eq!(summary.output().dims(), [3], "{}", info.name);
            assert_eq!(
                summary.parameters().trainable,
                trainable(&net),
                "{}",
                info.name
            );
        }
    }
}

#[test]
fn the_repaired_network_sees_a_shifted_image_as_shifted_before_its_head() {
    let device = Device::flex();
    let input = find("cemnet-mnist-repaired").unwrap().input.clone();
    let net = build("cemnet-mnist-repaired", &input, &device).unwrap();
    let Network::Cem(net) = net else {
        panic!("another family")
    };
    let images = Tensor::<4>::random([2, 1, 28, 28], Distribution::Default, &device);
    let block = &net.blocks[0];
    let grid = block.conv.grid();
    let features = |images| {
        let spectrum = block.forward(grid.spectrum(images));
        block.output_grid().image(spectrum)
    };
    // By a whole window of the pooling, circularly.
    let shifted = features(images.clone().roll_dim(4, 2));
    let expected = features(images).roll_dim(2, 2);
    let error = (shifted - expected).abs().max().into_scalar::<f32>();
    assert!(error < 1e-4, "{error}");
}

#[test]
fn a_step_leaves_projected_weights_in_small_kernels_and_free_ones_where_they_are() {
    let device = Device::flex();
    let energy = |net: &Network| {
        let Network::Cem(net) = net else {
            panic!("another family")
        };
        let outside = net.blocks[1].conv.energy_outside();
        outside.into_scalar::<f32>()
    };
    for (name, is_projected) in [("cemnet-mnist", true), ("cemnet-mnist-unfixed", false)] {
        let net = build(name, &InputSpec::default(), &device).unwrap();
        let before = energy(&net);
        let after = energy(&net.after_step());
        assert!(before > 0.1, "{name}: {before}");
        match is_projected {
            true => assert!(after < 1e-6 * before, "{name}: {after}"),
            false => assert_eq!(after, before, "{name}"),
        }
    }
}

#[test]
fn the_penalty_is_that_of_the_network_that_has_one() {
    let device = Device::flex();
    for info in MODELS {
        let net = build(info.name, &info.input, &device).unwrap();
        assert_eq!(
            net.penalty().is_some(),
            info.name.contains("-penalty"),
            "{}",
            info.name
        );
    }
}
