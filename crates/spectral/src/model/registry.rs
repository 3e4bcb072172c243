//! Which networks there are.

use std::sync::LazyLock;

use burn::tensor::Device;

use super::input::Domain;
use super::{
    InputSpec, ModelError, ModelInfo, Network, autoencoder, cats, cemnet, cifar, cnn, conv_net,
    feature_net, fixed, scaled, spectral_best, spectrum_net,
};

static MODELS: LazyLock<Vec<ModelInfo>> = LazyLock::new(|| {
    [
        cnn::MODELS,
        scaled::MODELS,
        conv_net::MODELS,
        spectral_best::MODELS,
        cats::MODELS,
        cifar::MODELS,
        autoencoder::MODELS,
        fixed::MODELS,
        feature_net::MODELS,
        spectrum_net::MODELS,
        cemnet::MODELS,
    ]
    .concat()
});

/// All networks, those of one baseline together.
pub fn models() -> &'static [ModelInfo] {
    &MODELS
}

/// The network of that name.
///
/// # Errors
/// [`ModelError::Unknown`] with the names there are.
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
/// When there is none, or it cannot take such images.
pub fn build(name: &str, input: &InputSpec, device: &Device) -> Result<Network, ModelError> {
    let info = find(name)?;
    let domain = Domain {
        model: info.name,
        input: input.clone(),
        smallest: info.smallest,
    };
    domain.check()?;
    (info.create)(domain, device)
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
    fn unknown_names_are_refused_with_the_known_ones() {
        let error = find("resnet").unwrap_err().to_string();
        assert!(
            error.contains("'resnet'") && error.contains("kk2-repaired"),
            "{error}"
        );
    }
}
