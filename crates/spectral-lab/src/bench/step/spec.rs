//! The network and batch of a step.

use crate::bench::error::BenchError;
use crate::limits;
use crate::model::{self, ModelInfo};
use crate::train::{Recipe, TrainConfig};

/// The default selection of steps: the spatial baselines, and the published networks.
pub const STEPS: [&str; 12] = [
    "cnn",
    "lenet",
    "vgg",
    "kk2",
    "free2",
    "cats-spatial",
    "cats-fourier",
    "cats-linear",
    "cats-gaussian",
    "cats-gaussian-deep",
    "cifar-spatial",
    "cifar-residual-spatial",
];

/// A network with its recipe, on images of its source's size.
#[derive(Clone, Debug)]
pub struct StepSpec {
    /// The network.
    pub model: &'static ModelInfo,
    /// Its recipe, with the batch size to time.
    pub config: TrainConfig,
}

impl StepSpec {
    /// The step of a network by name, with its recipe's batch size or another one.
    ///
    /// # Errors
    /// If the name is unknown, with the available names, or the batch size is zero.
    pub fn new(name: &str, batch: Option<usize>) -> Result<Self, BenchError> {
        let model = model::find(name)?;
        let mut config = Recipe::find(model.recipe)?.config();
        config.batch_size = batch.unwrap_or(config.batch_size);
        config.validate()?;
        let image = limits::product(model.input.shape());
        let most = limits::BATCH / image;
        if config.batch_size as u64 > most {
            return Err(BenchError::Sizes {
                layer: model.name,
                needs: format!("accepts batches of at most {most} images"),
                got: config.batch_size.to_string(),
            });
        }
        Ok(Self { model, config })
    }

    /// Batch, channels, height and width.
    pub fn shape(&self) -> [usize; 4] {
        let [channels, height, width] = self.model.input.shape();
        [self.config.batch_size, channels, height, width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_the_recipe() {
        let cats = StepSpec::new("cats-linear", None).unwrap();
        assert_eq!(cats.shape(), [64, 3, 150, 150]);
        assert_eq!(cats.config.loss, crate::train::Loss::MeanSquaredError);
        let cnn = StepSpec::new("cnn", Some(3)).unwrap();
        assert_eq!(cnn.shape(), [3, 1, 28, 28]);
        for name in STEPS {
            assert!(StepSpec::new(name, None).is_ok(), "{name}");
        }
    }

    #[test]
    fn an_unknown_network_and_an_empty_batch_are_refused() {
        let refused = |name, batch| StepSpec::new(name, batch).unwrap_err().to_string();
        assert!(refused("resnet", None).contains("vgg"));
        assert!(refused("cnn", Some(0)).contains("train.batch_size is 0"));
        for batch in [1_000_000, usize::MAX] {
            assert!(refused("cnn", Some(batch)).contains("at most 21399 images"));
        }
    }
}
