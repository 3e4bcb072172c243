//! Which networks there are.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::train::Classifier;

use super::{Cnn, Filter, FilterKind, ModelError};

/// What a network takes and gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputSpec {
    /// Channels of the images.
    pub channels: usize,
    /// Rows of the images.
    pub height: usize,
    /// Columns of the images.
    pub width: usize,
    /// Classes to tell apart.
    pub classes: usize,
}

impl Default for InputSpec {
    /// Grey images of 28×28, ten classes.
    fn default() -> Self {
        Self {
            channels: 1,
            height: 28,
            width: 28,
            classes: 10,
        }
    }
}

impl InputSpec {
    fn check(&self) -> Result<(), ModelError> {
        for (what, count) in [
            ("the number of channels", self.channels),
            ("the number of classes", self.classes),
        ] {
            if count == 0 {
                return Err(ModelError::Zero { what });
            }
        }
        Ok(())
    }
}

/// A network of the registry.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// The name it goes by.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The network it is to be compared with; itself for a baseline.
    pub baseline: &'static str,
    kind: FilterKind,
    replaced: usize,
}

const MODELS: &[ModelInfo] = &[
    ModelInfo {
        name: "cnn",
        summary: "three 3x3 convolutions of 16, 32, 64 channels with batch norm (the baseline)",
        baseline: "cnn",
        kind: FilterKind::Conv,
        replaced: 0,
    },
    ModelInfo {
        name: "kk1",
        summary: "cnn with its first convolution replaced by KKLayer as published",
        baseline: "cnn",
        kind: FilterKind::Kk,
        replaced: 1,
    },
    ModelInfo {
        name: "kk2",
        summary: "cnn with its first two convolutions replaced by KKLayer as published",
        baseline: "cnn",
        kind: FilterKind::Kk,
        replaced: 2,
    },
    ModelInfo {
        name: "kk1-repaired",
        summary: "cnn with its first convolution replaced by a causal Kramers-Kronig response",
        baseline: "cnn",
        kind: FilterKind::KramersKronig,
        replaced: 1,
    },
    ModelInfo {
        name: "kk2-repaired",
        summary: "cnn with its first two convolutions replaced by causal Kramers-Kronig responses",
        baseline: "cnn",
        kind: FilterKind::KramersKronig,
        replaced: 2,
    },
    ModelInfo {
        name: "free1",
        summary: "cnn with its first convolution replaced by a free complex weight a frequency",
        baseline: "cnn",
        kind: FilterKind::Free,
        replaced: 1,
    },
    ModelInfo {
        name: "free2",
        summary: "cnn with its first two convolutions replaced by free complex weights a frequency",
        baseline: "cnn",
        kind: FilterKind::Free,
        replaced: 2,
    },
];

/// All networks, baselines first.
pub fn models() -> &'static [ModelInfo] {
    MODELS
}

/// The network of that name.
///
/// # Errors
/// [`ModelError::Unknown`] with the names there are.
pub fn find(name: &str) -> Result<&'static ModelInfo, ModelError> {
    let known = || MODELS.iter().map(|info| info.name).collect::<Vec<_>>();
    MODELS
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
    input.check()?;
    Ok(Network::Cnn(Cnn::new(
        info.name,
        info.kind,
        info.replaced,
        input,
        device,
    )?))
}

/// Any network of the registry.
#[derive(Module, Debug)]
pub enum Network {
    /// The small convolutional network and its spectral variants.
    Cnn(Cnn),
}

impl Network {
    /// The layer that meets images of the given rows and columns first, and the size in which it
    /// meets them.
    pub fn first_filter(&self, image: [usize; 2]) -> (&Filter, [usize; 2]) {
        match self {
            Self::Cnn(net) => (&net.stages[0].filter, image.map(|side| side / 2)),
        }
    }

    /// Number of parameters that cannot change the output.
    pub fn dead_parameters(&self) -> usize {
        match self {
            Self::Cnn(net) => net
                .stages
                .iter()
                .map(|stage| stage.filter.dead_parameters())
                .sum(),
        }
    }
}

impl Classifier for Network {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Cnn(net) => net.forward(images),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trainable;
    use super::*;

    #[test]
    fn parameters_come_out_as_counted_by_hand() {
        // Batch norm 2·(16 + 32 + 64), the third convolution 9·32·64 + 64, the head 64·10 + 10.
        let common = 224 + 18_496 + 650;
        let conv = [9 * 16 + 16, 9 * 16 * 32 + 32];
        let free = [2 * 16 * 14 * 8 + 16, 2 * 16 * 32 * 7 * 4 + 32];
        let kramers = [16 * 14 * 8 + 16, 16 * 32 * 7 * 4 + 32];
        let kk = [2 * 16, 2 * 16 * 32];
        for (name, expected) in [
            ("cnn", common + conv[0] + conv[1]),
            ("kk1", common + kk[0] + conv[1]),
            ("kk2", common + kk[0] + kk[1]),
            ("kk1-repaired", common + kramers[0] + conv[1]),
            ("kk2-repaired", common + kramers[0] + kramers[1]),
            ("free1", common + free[0] + conv[1]),
            ("free2", common + free[0] + free[1]),
        ] {
            let net = build(name, &InputSpec::default(), &Device::flex()).unwrap();
            assert_eq!(trainable(&net), expected, "{name}");
        }
    }

    #[test]
    fn half_of_a_published_kk_layer_is_dead() {
        let net = build("kk2", &InputSpec::default(), &Device::flex()).unwrap();
        assert_eq!(net.dead_parameters(), 16 + 16 * 32);
    }

    #[test]
    fn every_network_takes_colour_images_of_an_odd_size() {
        let device = Device::flex();
        let input = InputSpec {
            channels: 3,
            height: 33,
            width: 30,
            classes: 4,
        };
        for info in models() {
            let net = build(info.name, &input, &device).unwrap();
            let images = Tensor::ones([2, 3, 33, 30], &device);
            assert_eq!(net.forward(images).dims(), [2, 4], "{}", info.name);
        }
    }

    #[test]
    fn unknown_names_and_small_images_are_refused() {
        let error = find("resnet").unwrap_err().to_string();
        assert!(
            error.contains("'resnet'") && error.contains("kk2-repaired"),
            "{error}"
        );
        let small = InputSpec {
            height: 7,
            ..InputSpec::default()
        };
        let error = build("cnn", &small, &Device::flex()).unwrap_err();
        assert!(error.to_string().contains("7x28"), "{error}");
    }
}
