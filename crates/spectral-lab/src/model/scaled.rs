//! The plain convolutional network scaled to the parameters of another network.

use burn::tensor::Device;

use super::info::{Create, ModelInfo};
use super::input::Domain;
use super::{InputSpec, ModelError, Network, cnn, feature_net, trainable};

pub(super) const MODELS: &[ModelInfo] = &[
    model(
        "cnn-like-free2",
        "cnn with its channels scaled to the parameter count of free2 (a baseline)",
        |domain, device| scaled(domain, "free2", device),
    ),
    model(
        "cnn-like-kk2-repaired",
        "cnn with its channels scaled to the parameter count of kk2-repaired (a baseline)",
        |domain, device| scaled(domain, "kk2-repaired", device),
    ),
    model(
        "cnn-like-gaussian2",
        "cnn with its channels scaled to the parameter count of gaussian2 (a baseline)",
        |domain, device| scaled(domain, "gaussian2", device),
    ),
    model(
        "cnn-like-free-modes",
        "cnn with its channels scaled to the parameter count of free-modes (a baseline)",
        |domain, device| scaled(domain, "free-modes", device),
    ),
    model(
        "cnn-like-gaussian-modes",
        "cnn with its channels scaled to the parameter count of gaussian-modes (a baseline)",
        |domain, device| scaled(domain, "gaussian-modes", device),
    ),
    model(
        "cnn-like-fft-local",
        "cnn with its channels scaled to the parameter count of fft-local (a baseline)",
        |domain, device| scaled(domain, "fft-local", device),
    ),
];

/// An entry that is its own baseline.
const fn model(name: &'static str, summary: &'static str, create: Create) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline: name,
        input: InputSpec::new(1, [28, 28], 10),
        smallest: 8,
        recipe: "lab",
        create,
    }
}

/// `cnn` with as nearly as possible the parameter count that the network of that name has for these
/// images.
fn scaled(domain: Domain, name: &str, device: &Device) -> Result<Network, ModelError> {
    let mut known = cnn::MODELS.iter().chain(feature_net::MODELS);
    let info = known.find(|info| info.name == name);
    let info = info.ok_or_else(|| ModelError::Unknown {
        name: name.into(),
        known: "networks of the families of cnn and fft-local".into(),
    })?;
    let parameters = trainable(&(info.create)(domain.clone(), device)?);
    let widths = widths_for(parameters, domain.input.channels, domain.input.classes);
    cnn::plain(domain, widths, device)
}

/// Channels in about the ratio of [`cnn::WIDTHS`] that come nearest to that parameter count.
fn widths_for(parameters: usize, channels: usize, classes: usize) -> [usize; 3] {
    let off =
        |widths: &[usize; 3]| plain_parameters(*widths, channels, classes).abs_diff(parameters);
    let candidates = (1..=1024).map(|first: usize| [first, 2 * first, 4 * first]);
    let [first, second, third] = candidates.min_by_key(off).unwrap_or(cnn::WIDTHS);
    let around = |width: usize| (width - width / 4).max(1)..=width + width / 4 + 1;
    let near =
        around(second).flat_map(|second| around(third).map(move |third| [first, second, third]));
    // Of equally near ones, that which keeps the ratio best.
    let best = near.min_by_key(|widths| {
        (
            off(widths),
            widths[1].abs_diff(second) + widths[2].abs_diff(third),
        )
    });
    best.unwrap_or([first, second, third])
}

/// Parameters of the plain network: convolutions with biases, normalization, head.
fn plain_parameters([first, second, third]: [usize; 3], channels: usize, classes: usize) -> usize {
    let convolutions = 9 * (channels * first + first * second + second * third);
    convolutions + 3 * (first + second + third) + third * classes + classes
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::*;

    #[test]
    fn scaled_networks_have_as_many_parameters_as_those_they_are_named_after() {
        let device = Device::flex();
        for input in [InputSpec::default(), InputSpec::new(3, [65, 64], 2)] {
            for info in MODELS {
                let Some(name) = info.name.strip_prefix("cnn-like-") else {
                    continue;
                };
                let [scaled, model] =
                    [info.name, name].map(|name| trainable(&build(name, &input, &device).unwrap()));
                let off = scaled.abs_diff(model) as f64 / model as f64;
                assert!(off < 0.002, "{}: {scaled} and {model}", info.name);
            }
        }
        assert_eq!(widths_for(24_170, 1, 10), cnn::WIDTHS);
    }
}
