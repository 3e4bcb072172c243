//! The registry of networks.

use std::sync::LazyLock;

use burn::tensor::Device;
use burn_spectral::summary::count_parameters;

use super::input::Domain;
use super::{InputSpec, ModelError, ModelInfo, Network};
use crate::limits;

static MODELS: LazyLock<Vec<ModelInfo>> = LazyLock::new(|| {
    [
        super::cnn::MODELS,
        super::scaled::MODELS,
        super::conv_net::MODELS,
        super::spectral_best::MODELS,
        super::cats::MODELS,
        super::cifar::MODELS,
        super::autoencoder::MODELS,
        super::fixed::MODELS,
        super::feature_net::MODELS,
        super::spectrum_net::MODELS,
        super::cemnet::MODELS,
    ]
    .concat()
});

/// All networks, grouped by baseline.
pub fn models() -> &'static [ModelInfo] {
    &MODELS
}

/// The network of that name.
///
/// # Errors
/// [`ModelError::Unknown`] with the available names.
pub fn find(name: &str) -> Result<&'static ModelInfo, ModelError> {
    let known = || models().iter().map(|info| info.name).collect::<Vec<_>>();
    models()
        .iter()
        .find(|info| info.name == name)
        .ok_or_else(|| ModelError::Unknown {
            name: name.into(),
            known: known().join(", "),
        })
}

/// Creates the network of that name with fresh weights, drawn from the device's seed.
///
/// # Errors
/// If the name is unknown, the network does not accept such images, or it would be too large.
pub fn build(name: &str, input: &InputSpec, device: &Device) -> Result<Network, ModelError> {
    let info = find(name)?;
    let domain = domain(info, input);
    domain.check()?;
    check_memory(info, input, device)?;
    (info.create)(domain, device)
}

fn domain(info: &ModelInfo, input: &InputSpec) -> Domain {
    Domain {
        model: info.name,
        input: input.clone(),
        smallest: info.smallest,
    }
}

/// Below this many input values and classes, no network is near the limit.
const SMALL: [u64; 2] = [1 << 17, 1 << 12];

/// Rejects a network whose weights would need too much memory, before allocating them.
fn check_memory(info: &ModelInfo, input: &InputSpec, device: &Device) -> Result<(), ModelError> {
    let values = limits::product(input.shape());
    let outputs = input.classes as u64;
    // A network that reconstructs its images has as many outputs as values.
    if values <= SMALL[0] && (outputs <= SMALL[1] || outputs == values) {
        return Ok(());
    }
    let weights = estimated_weights(info, input, device)?;
    match weights > limits::WEIGHTS as f64 {
        false => Ok(()),
        true => Err(ModelError::TooLarge {
            what: format!(
                "the weights of {} for images of {}x{}x{} and {} outputs",
                info.name, input.channels, input.height, input.width, input.classes
            ),
            memory: format!("about {}", limits::floats(weights as u64)),
            most: limits::floats(limits::WEIGHTS),
        }),
    }
}

/// The number of weights for an input, extrapolated from small networks: it is linear in the channels, in
/// the outputs and, up to rounding, in the area.
///
/// The small images are at least twice the smallest that the network accepts. On smaller ones the deepest layers have
/// fewer taps than elsewhere: at 32x32 the last 3x3 kernels of `cemnet-cifar` are cropped to 2x2, which would count as
/// growth with the area.
fn estimated_weights(
    info: &ModelInfo,
    input: &InputSpec,
    device: &Device,
) -> Result<f64, ModelError> {
    // An integer after five halvings.
    let side = (2 * info.smallest).next_multiple_of(32);
    // The width doubles, since a half-spectrum of a few columns has one more than half of them.
    let sizes = [[side, side], [side, 2 * side]];
    let areas = sizes.map(|[height, width]| (height * width) as f64);
    let mut at_size = [0.0; 2];
    for (weights, size) in at_size.iter_mut().zip(sizes) {
        let mut counts = [[0.0; 2]; 2];
        for (channels, counts) in (1..).zip(&mut counts) {
            for (classes, count) in (1..).zip(counts) {
                let small = InputSpec::new(channels, size, classes);
                let network = (info.create)(domain(info, &small), device)?;
                let parameters = count_parameters(&network);
                *count = (parameters.trainable + parameters.fixed) as f64;
            }
        }
        let [[both, more_classes], [more_channels, all]] = counts;
        let [channels, classes] = [input.channels - 1, input.classes - 1].map(|more| more as f64);
        *weights = both
            + channels * (more_channels - both)
            + classes * (more_classes - both)
            + channels * classes * (all - more_channels - more_classes + both);
    }
    // Weights grow with the area, or, in layers from every frequency to every other, with a power
    // of it.
    let [small, large] = at_size;
    let area = input.height as f64 * input.width as f64;
    let slope = (large - small) / (areas[1] - areas[0]);
    let linear = small + slope * (area - areas[0]);
    let power = (large / small).ln() / (areas[1] / areas[0]).ln();
    let curved = match area > areas[1] && power > 1.5 && power.is_finite() {
        true => large * (area / areas[1]).powf(power),
        false => 0.0,
    };
    Ok(linear.max(curved).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Recipe;

    #[test]
    fn names_are_unique_and_every_baseline_is_one() {
        for (index, info) in models().iter().enumerate() {
            assert!(
                models()[..index]
                    .iter()
                    .all(|other| other.name != info.name),
                "{}",
                info.name
            );
            let baseline = find(info.baseline).unwrap();
            assert_eq!(baseline.baseline, baseline.name, "{}", info.name);
            assert_eq!(baseline.recipe, info.recipe, "{}", info.name);
            assert!(Recipe::find(info.recipe).is_ok(), "{}", info.recipe);
        }
    }

    #[test]
    fn every_network_refuses_images_below_its_smallest_and_no_channels() {
        let device = Device::flex();
        for info in models() {
            let build = |input: &InputSpec| build(info.name, input, &device).map(|_| ());
            for size in [[info.smallest - 1, 28], [28, info.smallest - 1]] {
                let error = build(&InputSpec::new(1, size, 2)).unwrap_err().to_string();
                let [height, width] = size;
                assert!(error.contains(&format!("got {height}x{width}")), "{error}");
                assert!(error.contains(info.name), "{error}");
            }
            for (input, what) in [
                (InputSpec::new(0, [28, 28], 2), "channels"),
                (InputSpec::new(1, [28, 28], 0), "classes"),
            ] {
                let error = build(&input).unwrap_err().to_string();
                assert_eq!(
                    error,
                    format!("the number of {what} must be at least 1, got 0")
                );
            }
        }
    }

    #[test]
    fn weights_are_estimated_before_they_are_made() {
        let device = Device::flex();
        for info in models() {
            let side = info.smallest.next_multiple_of(32) + 64;
            let input = InputSpec::new(3, [side, side + 32], 7);
            let network = build(info.name, &input, &device).unwrap();
            let parameters = count_parameters(&network);
            let counted = (parameters.trainable + parameters.fixed) as f64;
            let estimated = estimated_weights(info, &input, &device).unwrap();
            let ratio = estimated / counted;
            assert!(
                (0.8..1.25).contains(&ratio),
                "{}: {estimated} of {counted}",
                info.name
            );
        }
    }

    #[test]
    fn sizes_that_no_memory_holds_are_refused_with_the_memory_they_would_take() {
        let device = Device::flex();
        let most = usize::MAX;
        let large = 9_000_000;
        for info in models() {
            for (channels, size, classes) in [
                (4_000_000_000_000_000_000, [32, 32], 10),
                (most, [most, most], most),
                (1, [most, 32], 10),
                (1, [32, most], 10),
                (1, [32, 32], most),
                (large, [64, 64], 10),
                (3, [1 << 13, 1 << 13], 10),
            ] {
                let input = InputSpec::new(channels, size, classes);
                let error = build(info.name, &input, &device).map(|_| ()).unwrap_err();
                let text = error.to_string();
                assert!(matches!(error, ModelError::TooLarge { .. }), "{text}");
                assert!(text.contains("B; at most"), "{text}");
            }
        }
        let input = InputSpec::new(1, [4096, 4096], 1000);
        let error = build("free2", &input, &device).map(|_| ()).unwrap_err();
        assert!(
            error.to_string().contains("the weights of free2"),
            "{error}"
        );
        assert!(build("cnn", &input, &device).is_ok());
    }

    #[test]
    fn unknown_names_are_refused_with_the_known_ones() {
        let error = find("resnet").unwrap_err().to_string();
        assert!(
            error.contains("'resnet'") && error.contains("kk2-repaired"),
            "{error}"
        );
    }
}
